//! A walk with its progress shown: what `compat` and `leak-check` have in common.

use std::path::Path;

use compatrix_ci::artifact::Artifact;
use compatrix_ci::may_fail;
use compatrix_engine::sys::clock;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Host;
use compatrix_engine::walk::Walked;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::results::exit::Shortfall;
use compatrix_model::results::row::Row;

use crate::cli::{command_name, Missing};
use crate::event::{self, EventPart};
use crate::progress;
use crate::request::Request;
use crate::terminal::Terminal;
use crate::timings::TimingsFile;

/// What a walk came to.
pub(crate) struct Done {
    pub(crate) walked: Walked,
    event: Option<EventPart>,
    /// The records, where `--evidence` asks for them.
    artifact: Option<Artifact>,
}

/// Walks the plan of this request.
///
/// With a file for timings, their page is written whatever came of it; second is whether that went well, because the
/// results are shown first.
pub(crate) fn walk(
    request: &Request<'_>,
    timings: Option<&TimingsFile<'_>>,
    terminal: &Terminal,
) -> Result<(Done, Result<(), Error>), Error> {
    let started = clock::instant();
    let Request { opened, .. } = request;
    let session = opened.session(request.limits(), true, terminal)?;
    let event = event::part(opened, &session, request.event, request.work)?;
    let narrow_by = request.narrow_by(event.as_ref().map(|event| event.part.clone()));
    let sampling = timings.map(|_| session.host.recording.sampling());
    let walked = progress::during(terminal, |events| {
        session.walk(&opened.parsed, &request.choice(), &narrow_by, &opened.today, events)
    });
    drop(sampling);
    let timings = timings.map_or(Ok(()), |timings| timings.write(request, &session, walked.as_ref(), terminal));
    let mut walked = walked?;
    request.refuse_empty(&walked.plan)?;
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    walked.matrix.totals.elapsed_ms = Some(elapsed);
    let packages = request.packages.iter().map(|name| format!(" -p {name}")).collect::<String>();
    walked.matrix.repro = format!("{} repro{packages}", command_name());
    let written = event.as_ref().filter(|_| request.event.evidence.is_some());
    let artifact = written.map(|event| event::artifact(opened, &session, event, &walked));
    Ok((Done { walked, event, artifact }, timings))
}

impl Done {
    /// Of a part of CI, only cells that may not fail count; the spec says what unproven ones mean.
    pub(crate) fn exit_code(&self, spec: &Spec, missing: Missing) -> u8 {
        let denied = missing == Missing::Fail;
        let rows = self.walked.matrix.rows.iter();
        let Some(event) = &self.event else { return Shortfall::of(rows, denied).exit_code().number() };
        let denied = denied || spec.ci.as_ref().is_some_and(|ci| ci.missing_fails);
        let may_fail = may_fail(spec, &event.committed, &Host::platform());
        let excused = |row: &Row| spec.space.find(&row.cell).is_some_and(|cell| may_fail(&spec.space.coords(cell)));
        Shortfall::of(rows.filter(|row| !excused(row)), denied).exit_code().number()
    }

    /// Writes the artifact to the file of `--evidence`.
    pub(crate) fn write_artifact(&self, path: Option<&Path>, terminal: &Terminal) -> Result<(), Error> {
        if let (Some(artifact), Some(path)) = (&self.artifact, path) {
            files::write_output(path, artifact.to_text().as_bytes())?;
            terminal.say("Wrote", &format!("{}: {} records", path.display(), artifact.records.len()));
        }
        Ok(())
    }
}
