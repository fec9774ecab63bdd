//! `--event` and `--job`: the part of CI's plan that a command runs here.

use compatrix_ci::artifact::{Artifact, Header};
use compatrix_ci::{events, CiPlan, Committed};
use compatrix_engine::committed::ci;
use compatrix_engine::deps::locked;
use compatrix_engine::session::Session;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::Host;
use compatrix_engine::walk::Walked;
use compatrix_model::cell::CellId;
use compatrix_model::matrix_spec::{CiEvent, JobCommand};
use compatrix_model::plan::Part;

use crate::cli::EventOptions;
use crate::workspace::{command_of_pages, Opened, SPEC};

/// What a command runs of an event.
#[derive(Debug)]
pub(crate) struct EventPart {
    /// All that the command does on the event, on every platform.
    pub(crate) plan: CiPlan,
    /// What of it is run here.
    pub(crate) part: Part,
    /// The job, if one is named.
    pub(crate) job: Option<String>,
    /// What the plan was made from.
    pub(crate) committed: Committed,
}

/// What the plan of CI is made from.
///
/// # Errors
/// The workspace cannot be read; evidence or durations are not in our format.
pub(crate) fn committed(opened: &Opened, session: &Session) -> Result<Committed, Error> {
    ci::read(&session.host, &opened.parsed, &opened.root.join(SPEC), command_of_pages(&opened.root))
}

/// What `--event` and `--job` select; none without them.
///
/// # Errors
/// There is no such event or job, or none of this platform.
pub(crate) fn part(
    opened: &Opened,
    session: &Session,
    options: &EventOptions,
    work: JobCommand,
) -> Result<Option<EventPart>, Error> {
    let Some(event) = options.event else { return Ok(None) };
    let committed = committed(opened, session)?;
    let plan = events::plan(&opened.parsed.spec, &committed, event, work).map_err(Error::Usage)?;
    let part = events::part(&plan, &Host::platform(), options.job.as_deref()).map_err(Error::Usage)?;
    Ok(Some(EventPart { plan, part, job: options.job.clone(), committed }))
}

/// The records of a walk as an artifact.
pub(crate) fn artifact(opened: &Opened, session: &Session, event: &EventPart, walked: &Walked) -> Artifact {
    let job = event.job.as_deref().unwrap_or_default();
    let header = ci::header(&session.host, env!("CARGO_PKG_VERSION"), &event.plan, job, &walked.source);
    let records = walked.matrix.records().cloned().collect();
    Artifact::of_plan(header, &opened.parsed.spec, &walked.plan, records)
}

/// The header of a job's artifact, and the suites in cells that the artifact must cover.
pub type PlannedArtifact = (Header, Vec<(String, CellId)>);

/// The artifact of each job of an event.
pub(crate) fn planned_artifacts(
    opened: &Opened,
    session: &Session,
    event: CiEvent,
    work: JobCommand,
) -> Result<Vec<PlannedArtifact>, Error> {
    let spec = &opened.parsed.spec;
    let source = locked::read(&session.host, &opened.parsed)?.source;
    let plan = events::plan(spec, &committed(opened, session)?, event, work).map_err(Error::Usage)?;
    let common = ci::header(&session.host, env!("CARGO_PKG_VERSION"), &plan, "", &source);
    let of = plan.jobs().map(|(group, job)| {
        let header = Header { platform: group.platform.clone(), job: job.id.clone(), ..common.clone() };
        let name = |&(suite, cell): &(usize, _)| (spec.suites[suite].name.clone(), spec.space.id(cell));
        (header, job.cells.iter().map(name).collect())
    });
    Ok(of.collect())
}
