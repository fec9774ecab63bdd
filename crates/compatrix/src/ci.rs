//! The plan of CI for this workspace: what it is made from, and the part of it that a command is asked for.

use std::path::Path;

use compatrix_ci::artifact::{Artifact, Header};
use compatrix_ci::durations;
use compatrix_ci::{ci_plan, may_fail, CiPlan, Committed};
use compatrix_engine::find::workspace;
use compatrix_engine::session::survey;
use compatrix_engine::session::Session;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Host;
use compatrix_engine::walk::Walked;
use compatrix_model::cell::CellId;
use compatrix_model::condition::Versions;
use compatrix_model::evidence::{Record, SourceProof};
use compatrix_model::facts::Durations;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::matrix_spec::{Event, Work};
use compatrix_model::plan::Part;
use compatrix_model::plan::SkipReason;

use compatrix_render::matrix::Row;

use crate::cli::{CiPart, Missing, Selection};
use crate::commands::evidence::read_all;
use crate::matrix;
use crate::terminal::Terminal;
use crate::walk::Done;
use crate::workspace::{command_of_pages, Opened, SPEC};

/// What a command that is given `--event` does.
#[derive(Debug)]
pub(crate) struct Asked {
    /// All that the command does on the event, on every platform.
    pub(crate) plan: CiPlan,
    /// What of it is run here.
    pub(crate) part: Part,
    /// The job, if one is named.
    pub(crate) job: Option<String>,
    /// What the plan was made from.
    pub(crate) committed: Committed,
}

/// What is selected: with `--event`, the profile that the spec runs on it.
///
/// # Errors
/// The spec does not run this command on the event.
pub(crate) fn selection(opened: &Opened, selection: &Selection, ci: &CiPart, work: Work) -> Result<Selection, Error> {
    let mut selection = selection.clone();
    if let Some(event) = ci.event {
        selection.profile = profile(&opened.parsed.spec, event, work)?.to_owned();
    }
    Ok(selection)
}

/// What committed files of this workspace tell.
///
/// # Errors
/// The workspace cannot be read; evidence or durations are not as we write them.
pub(crate) fn committed(opened: &Opened, session: &Session) -> Result<Committed, Error> {
    let spec = &opened.parsed.spec;
    let packages = workspace::packages(&session.host, &opened.parsed, &opened.root.join(SPEC))?;
    let packages = survey::with_bundled_feature(packages, spec);
    let versions = versions(opened, session)?;
    let path = opened.root.join(durations::FILE);
    let durations = if files::exists(&path) {
        let command = command_of_pages(&opened.root);
        durations::parse(&files::read_text(&path)?, command).map_err(Error::Usage)?
    } else {
        Durations::default()
    };
    Ok(Committed { packages, versions, durations })
}

/// The versions of committed evidence; found once for files of these texts.
fn versions(opened: &Opened, session: &Session) -> Result<Versions, Error> {
    let spec = &opened.parsed.spec;
    let mut stamp = Vec::new();
    for path in files::list(&opened.root.join(&spec.project.evidence))? {
        if path.extension().is_some_and(|extension| extension == "toml") {
            stamp.push(files::sha256(&path, &session.host.memo)?);
        }
    }
    let axes = spec.space.axes().iter();
    stamp.extend(axes.flat_map(|axis| axis.values.iter().map(move |value| format!("{}={}", axis.name, value.name))));
    let found: Result<Vec<_>, Error> = session.host.memo.fact("versions of evidence", &stamp.join(" "), || {
        let evidence = read_all(&opened.root, spec)?;
        let found = Committed::new(spec, Vec::new(), &evidence, Durations::default());
        Ok(found.versions.into_iter().collect())
    });
    Ok(found?.into_iter().collect())
}

/// The plan of an event.
///
/// # Errors
/// The spec says nothing of it, or what it says cannot be.
pub(crate) fn plan(spec: &Spec, committed: &Committed, event: Event, work: Work) -> Result<CiPlan, Error> {
    profile(spec, event, work)?;
    let plan = ci_plan(spec, committed, event, work).map_err(Error::Usage)?;
    plan.ok_or_else(|| Error::usage(format!("{event} runs no `{}`", work.as_str())))
}

/// The profile that a command runs on an event.
fn profile(spec: &Spec, event: Event, work: Work) -> Result<&str, Error> {
    let key = work.as_str();
    let settings = spec.ci.as_ref().map(|ci| ci.events.get(&event));
    if let Some(name) = settings.flatten().and_then(|settings| settings.profile(work)) {
        return Ok(name);
    }
    Err(Error::usage(match settings {
        None => format!("the spec has no [ci]; add one to {SPEC}, with `{key} = \"local\"` under [ci.{event}]"),
        Some(None) => format!("the spec has no [ci.{event}]; add one to {SPEC}, with `{key} = \"local\"`"),
        Some(Some(_)) => format!("[ci.{event}] in {SPEC} does not run `{key}`; `{key} = \"local\"` would"),
    }))
}

/// What `--event` and `--job` ask for; none without them.
///
/// # Errors
/// There is no such event or job, or none of this platform.
pub(crate) fn asked(opened: &Opened, session: &Session, ci: &CiPart, work: Work) -> Result<Option<Asked>, Error> {
    let Some(event) = ci.event else { return Ok(None) };
    let committed = committed(opened, session)?;
    let plan = plan(&opened.parsed.spec, &committed, event, work)?;
    let platform = Host::platform();
    let job = ci.job.as_ref().map(|name| plan.job(name).map_err(Error::Usage)).transpose()?;
    if let Some((group, job)) = job.filter(|(group, _)| group.platform != platform) {
        return Err(Error::usage(format!("the job `{}` runs on {}; this is {platform}", job.id, group.platform)));
    }
    let part = plan.part(&platform, job.map(|(_, job)| job));
    if part.is_empty() {
        return Err(Error::usage(format!(
            "no job of {event} runs on {platform}; they run on {}",
            plan.platforms().join(", ")
        )));
    }
    let job = job.map(|(_, job)| job.id.clone());
    Ok(Some(Asked { plan, part, job, committed }))
}

/// The exit code of a matrix. Of a part of CI, that of the cells that may not fail; the spec says what unproven ones mean.
pub(crate) fn exit_code(opened: &Opened, done: &Done, missing: Missing) -> u8 {
    let spec = &opened.parsed.spec;
    let denied = missing == Missing::Fail;
    let rows = done.matrix.rows.iter();
    let Some(asked) = &done.ci else { return matrix::exit_code(rows, denied) };
    let denied = denied || spec.ci.as_ref().is_some_and(|ci| ci.missing_fails);
    let may_fail = may_fail(spec, &asked.committed);
    let excused = |row: &Row| spec.space.find(&row.cell).is_some_and(|cell| may_fail(&spec.space.coords(cell)));
    matrix::exit_code(rows.filter(|row| !excused(row)), denied)
}

/// Writes the artifact, where one is asked for.
pub(crate) fn write_artifact(done: &Done, path: Option<&Path>, terminal: &Terminal) -> Result<(), Error> {
    if let (Some(artifact), Some(path)) = (&done.artifact, path) {
        files::write(path, artifact.to_text().as_bytes())?;
        terminal.say("Wrote", &format!("{}: {} records", path.display(), artifact.records.len()));
    }
    Ok(())
}

/// The records of a walk as an artifact; cells that could not be tried are in it, with the reason.
pub(crate) fn artifact(opened: &Opened, session: &Session, asked: &Asked, walked: &Walked) -> Artifact {
    let spec = &opened.parsed.spec;
    let mut records: Vec<Record> = walked.records.iter().flatten().cloned().collect();
    for skip in &walked.plan.skips {
        if let SkipReason::Unavailable { reason, .. } = &walked.plan.reasons[skip.reason] {
            records.push(Record::untried(&spec.suites[skip.suite].name, spec.space.id(skip.cell), reason));
        }
    }
    records.sort_by(|a, b| (&a.suite, &a.cell).cmp(&(&b.suite, &b.cell)));
    let header = header(opened, session, &asked.plan, asked.job.as_deref(), &walked.source);
    Artifact { header, records }
}

/// What tells whether artifacts belong to this workspace as it is.
pub(crate) fn header(
    opened: &Opened,
    session: &Session,
    plan: &CiPlan,
    job: Option<&str>,
    source: &SourceProof,
) -> Header {
    Header {
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        repository: workspace::repository(&session.host),
        commit: source.commit.clone().unwrap_or_default(),
        dirty: source.dirty,
        sources: source.sources.clone(),
        plan: plan.id.clone(),
        event: plan.event,
        work: plan.work,
        platform: Host::platform(),
        job: job.unwrap_or_default().to_owned(),
        attempt: opened.ambient.get("GITHUB_RUN_ATTEMPT").and_then(|text| text.parse().ok()).unwrap_or(1),
    }
}

/// What the artifact of a job begins with, and the suites in cells that it must tell of.
pub type Planned = (Header, Vec<(String, CellId)>);

/// The header of each job's artifact, with the suites in cells that are its.
pub(crate) fn artifacts_of(
    opened: &Opened,
    session: &Session,
    event: Event,
    work: Work,
) -> Result<Vec<Planned>, Error> {
    let spec = &opened.parsed.spec;
    let source = workspace::read(&session.host, &opened.parsed)?.source;
    let plan = plan(spec, &committed(opened, session)?, event, work)?;
    let common = header(opened, session, &plan, None, &source);
    let of = plan.jobs().map(|(group, job)| {
        let header = Header { platform: group.platform.clone(), job: job.id.clone(), ..common.clone() };
        let name = |&(suite, cell): &(usize, _)| (spec.suites[suite].name.clone(), spec.space.id(cell));
        (header, job.cells.iter().map(name).collect())
    });
    Ok(of.collect())
}
