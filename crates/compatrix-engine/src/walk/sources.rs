//! The sources while a plan is walked: what earlier builds read of them, and whether they change meanwhile.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::time::SystemTime;

use anyhow::Result;
use compatrix_model::evidence::Record;
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::Project;
use compatrix_model::outcome::Outcome;

use crate::build::{Built, NotBuilt};
use crate::event::Event;
use crate::find::input::{self, Looked};
use crate::find::written::{self, Compared, Snapshot, Span};
use crate::ledger::Ledger;
use crate::sys::error::Error;
use crate::sys::host::Host;

/// By build: the hash of what it read besides what its key holds, as that is now; `None` if it is not known what it read.
pub(super) fn reads(host: &Host, ledger: &Ledger, builds: &[Sha256]) -> Result<Vec<Option<Sha256>>, Error> {
    let env = host.ambient.for_builds();
    let mut looked = Looked::default();
    let one = |key: &Sha256| -> Result<Option<Sha256>, Error> {
        let inputs = ledger.reads(*key)?;
        Ok(inputs.and_then(|inputs| input::hash(&looked.states(host, &env, &inputs))))
    };
    builds.iter().map(one).collect()
}

/// The sources as they were when the walk began.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    host: &'a Host,
    project: &'a Project,
    dirs: &'a BTreeSet<PathBuf>,
    before: Snapshot,
}

impl<'a> Watch<'a> {
    pub(super) fn begin(host: &'a Host, project: &'a Project, dirs: &'a BTreeSet<PathBuf>) -> Result<Self> {
        Ok(Self { host, project, dirs, before: written::snapshot(host, project, dirs)? })
    }

    /// The build, or trouble of ours if a source that it read was changed since the walk began, or replaced during it.
    pub(super) fn checked(&self, built: Built, since: SystemTime) -> Built {
        let read = built.result.as_ref().map_or_else(|failure| &failure.read, |product| &product.read);
        let changed = self.before.changed(self.host, &read.inputs, since);
        if changed.is_empty() {
            return built;
        }
        let output = built.result.as_ref().err().map(|failure| failure.output.clone()).unwrap_or_default();
        let failure =
            NotBuilt { outcome: Outcome::Infrastructure, cause: cause(&changed), output, read: Default::default() };
        Built { result: Err(failure), ..built }
    }

    /// Says what changed since. The result is why nothing that ran meanwhile counts, if the sources are no longer the same.
    pub(super) fn end(&self, spans: &[Span], tell: &Sender<Event>) -> Option<String> {
        let compared = match written::snapshot(self.host, self.project, self.dirs) {
            Ok(after) => written::compare(self.host, &self.before, &after, spans),
            // The results are there already.
            Err(error) => Compared {
                told: vec![format!("whether the sources changed is unknown: {error:#}")],
                changed: Vec::new(),
            },
        };
        compared.told.into_iter().for_each(|text| drop(tell.send(Event::Warning(text))));
        (!compared.changed.is_empty()).then(|| cause(&compared.changed))
    }
}

fn cause(changed: &[String]) -> String {
    let quoted: Vec<String> = changed.iter().map(|path| format!("`{path}`")).collect();
    format!("sources changed while it ran: {}", written::named(&quoted))
}

/// The record of a run whose sources are of no one state.
pub(super) fn of_no_state(record: &Record, cause: &str) -> Record {
    let blank =
        Record::blank(&record.suite, record.cell.clone(), record.key, Outcome::Infrastructure, cause.to_owned());
    Record { started: record.started, duration_ms: record.duration_ms, ..blank }
}
