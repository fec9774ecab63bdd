//! The sources while a plan is walked: what earlier builds read of them, and whether they change meanwhile.

use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{bail, Result};
use compatrix_model::evidence::{Record, SourceProof};
use compatrix_model::matrix_spec::Project;
use compatrix_model::outcome::Outcome;

use crate::build::{Built, NotBuilt};
use crate::event::Event;
use crate::find;
use crate::find::places::Places;
use crate::find::written::{self, Compared, Snapshot, Span};
use crate::sys::clock::system;
use crate::sys::host::Host;

/// The least time between two looks at all sources.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// The sources as they were when the walk began.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    host: &'a Host,
    project: &'a Project,
    places: &'a Places,
    before: Snapshot,
    /// When a look began that found nothing changed, the last time.
    untouched: Mutex<SystemTime>,
}

impl<'a> Watch<'a> {
    /// Begins, if the sources are still those of the keys.
    ///
    /// # Errors
    /// They changed since; they cannot be read.
    pub(super) fn begin(
        host: &'a Host,
        project: &'a Project,
        places: &'a Places,
        of_keys: &SourceProof,
    ) -> Result<Self> {
        let untouched = system();
        let before = written::snapshot(host, project, places)?;
        let (now, _) = find::sources::read(host, project, places, of_keys.lockset.unwrap_or(of_keys.sources))?;
        if now.sources != of_keys.sources {
            bail!("the sources changed after this command had begun; run it again");
        }
        Ok(Self { host, project, places, before, untouched: Mutex::new(untouched) })
    }

    /// Looks now and then whether the sources are as they were.
    pub(super) fn look(&self) {
        let now = system();
        let mut untouched = self.untouched.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(*untouched).is_ok_and(|since| since > BETWEEN_LOOKS) && self.before.is_untouched() {
            *untouched = now;
        }
    }

    /// The build, or trouble of ours if a source that it read was changed since the walk began, or replaced during it.
    pub(super) fn checked(&self, built: Built, since: SystemTime) -> Built {
        let read = built.result.as_ref().map_or_else(|failure| &failure.read, |product| &product.read);
        let changed = self.before.changed(self.host, &read.inputs, since);
        if changed.is_empty() {
            return built;
        }
        let output = built.result.as_ref().err().map(|failure| failure.output.clone()).unwrap_or_default();
        let failure = NotBuilt::because(Outcome::Infrastructure, cause(&changed), output);
        Built { result: Err(failure), ..built }
    }

    /// Says what changed since. The result, if the sources are no longer the same, says what does not count.
    pub(super) fn end(&self, spans: &[Span], tell: &Sender<Event>) -> Option<Lost> {
        let compared = match written::snapshot(self.host, self.project, self.places) {
            Ok(after) => written::compare(self.host, &self.before, &after, spans),
            // The results are there already.
            Err(error) => Compared {
                told: vec![format!("whether the sources changed is unknown: {error:#}")],
                ..Compared::default()
            },
        };
        compared.told.into_iter().for_each(|text| drop(tell.send(Event::Warning(text))));
        let untouched = *self.untouched.lock().unwrap_or_else(PoisonError::into_inner);
        let until = if compared.added { SystemTime::UNIX_EPOCH } else { untouched };
        (!compared.changed.is_empty()).then(|| Lost { until, cause: cause(&compared.changed) })
    }
}

/// What does not count because the sources changed.
#[derive(Debug)]
pub(super) struct Lost {
    /// Until then they were as the keys say.
    until: SystemTime,
    cause: String,
}

impl Lost {
    /// The record in the place of one that ended too late to be of the sources that its key names.
    pub(super) fn instead_of(&self, record: &Record) -> Option<Record> {
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(record.started).unwrap_or_default());
        // Its start is known to the second, and that of a build that failed not at all.
        let end = started + Duration::from_secs(1) + Duration::from_millis(record.duration_ms);
        if record.duration_ms > 0 && end < self.until {
            return None;
        }
        let (suite, cell, mut cause) = (&record.suite, record.cell.clone(), self.cause.clone());
        if !matches!(record.outcome, Outcome::Passed | Outcome::Infrastructure) {
            cause = format!("{cause}; it was {} meanwhile: {}", record.outcome, record.cause);
        }
        let blank = Record::blank(suite, cell, record.key, Outcome::Infrastructure, cause);
        Some(Record { started: record.started, duration_ms: record.duration_ms, ..blank })
    }
}

fn cause(changed: &[String]) -> String {
    let quoted: Vec<String> = changed.iter().map(|path| format!("`{path}`")).collect();
    format!("sources changed while it ran: {}", written::named(&quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_before_the_change_counts() {
        let second = Duration::from_secs(1);
        let lost = Lost { until: SystemTime::UNIX_EPOCH + 100 * second, cause: "sources changed".into() };
        let record = |outcome, started, duration_ms| {
            let cell = "rust=stable".parse().expect("a cell");
            Record { started, duration_ms, ..Record::blank("tests", cell, None, outcome, String::new()) }
        };
        assert!(lost.instead_of(&record(Outcome::Passed, 90, 8_000)).is_none());
        let failed = Record { cause: "E0001".into(), ..record(Outcome::BuildFailed, 90, 0) };
        for (late, cause) in [
            (record(Outcome::Passed, 90, 9_500), "sources changed"),
            (failed, "sources changed; it was build-failed meanwhile: E0001"),
        ] {
            let instead = lost.instead_of(&late).expect("it is lost");
            assert_eq!((instead.outcome, instead.cause.as_str()), (Outcome::Infrastructure, cause));
        }
    }
}
