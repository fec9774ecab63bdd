//! The plan of an event, and the part that one machine runs. Errors name the missing key of the spec.

use compatrix_model::matrix_spec::{CiEvent, JobCommand, Spec};
use compatrix_model::plan::Part;

use crate::benchmarks::{bench_jobs, BenchJob};
use crate::merge::File;
use crate::plan::{ci_plan, CiPlan};
use crate::Committed;

/// The profile that a command runs on an event.
///
/// # Errors
/// The spec does not run the command on the event.
pub fn profile(spec: &Spec, event: CiEvent, work: JobCommand) -> Result<&str, String> {
    let key = work.as_str();
    let settings = spec.ci.as_ref().map(|ci| ci.events.get(&event));
    if let Some(name) = settings.flatten().and_then(|settings| settings.profile(work)) {
        return Ok(name);
    }
    Err(lacks(settings.map(|settings| settings.is_some()), event, key, "local"))
}

/// What a spec lacks to run `key` on an event. `has_event` is whether its `[ci]`, if it has one, has the event.
fn lacks(has_event: Option<bool>, event: CiEvent, key: &str, profile: &str) -> String {
    let file = "compat/matrix.toml";
    match has_event {
        None => format!("the spec has no [ci]; add one to {file}, with `{key} = \"{profile}\"` under [ci.{event}]"),
        Some(false) => format!("the spec has no [ci.{event}]; add one to {file}, with `{key} = \"{profile}\"`"),
        Some(true) => format!("[ci.{event}] in {file} does not run `{key}`; `{key} = \"{profile}\"` would"),
    }
}

/// The plan of a command on an event.
///
/// # Errors
/// As [`profile`] and [`ci_plan`].
pub fn plan(spec: &Spec, committed: &Committed, event: CiEvent, work: JobCommand) -> Result<CiPlan, String> {
    profile(spec, event, work)?;
    ci_plan(spec, committed, event, work)?.ok_or_else(|| format!("{event} runs no `{}`", work.as_str()))
}

/// The plans of all events and commands.
///
/// # Errors
/// All problems of all plans.
pub fn plans(spec: &Spec, committed: &Committed) -> Result<Vec<CiPlan>, String> {
    let events = spec.ci.iter().flat_map(|ci| ci.events.keys());
    let (mut plans, mut problems) = (Vec::new(), Vec::new());
    for (event, work) in events.flat_map(|event| JobCommand::ALL.map(|work| (*event, work))) {
        match ci_plan(spec, committed, event, work) {
            Ok(plan) => plans.extend(plan),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(plans)
    } else {
        Err(problems.join("\n"))
    }
}

/// The benchmarks of an event.
///
/// # Errors
/// The spec runs none on the event.
pub fn benches(spec: &Spec, committed: &Committed, event: CiEvent) -> Result<Vec<BenchJob>, String> {
    let settings = spec.ci.as_ref().map(|ci| ci.events.get(&event));
    if settings.flatten().is_none_or(|settings| settings.bench.is_none()) {
        return Err(lacks(settings.map(|settings| settings.is_some()), event, "bench", "PROFILE"));
    }
    let jobs = bench_jobs(spec, committed)?;
    Ok(jobs.into_iter().filter(|job| job.event == event).collect())
}

/// The part of a plan that runs on this platform, or in one of its jobs.
///
/// # Errors
/// There is no such job, it runs on another platform, or none runs on this one.
pub fn part(plan: &CiPlan, platform: &str, job: Option<&str>) -> Result<Part, String> {
    let job = job.map(|name| plan.job(name)).transpose()?;
    if let Some((group, job)) = job.filter(|(group, _)| group.platform != platform) {
        return Err(format!("the job `{}` runs on {}; this is {platform}", job.id, group.platform));
    }
    let part = plan.part(platform, job.map(|(_, job)| job));
    if part.is_empty() {
        return Err(nothing_on(plan.event, platform, &plan.platforms()));
    }
    Ok(part)
}

/// The plan without other platforms, and a note that names them.
///
/// # Errors
/// No job runs on this platform.
pub fn on_platform(plan: CiPlan, platform: &str) -> Result<(CiPlan, Option<String>), String> {
    let others: Vec<String> = plan.platforms().into_iter().filter(|of| *of != platform).map(str::to_owned).collect();
    let plan = plan.only(platform);
    if plan.groups.is_empty() {
        return Err(nothing_on(plan.event, platform, &others));
    }
    let note = format!("this verdict covers only {platform}, not {}", others.join(", "));
    Ok((plan, (!others.is_empty()).then_some(note)))
}

fn nothing_on(event: CiEvent, platform: &str, others: &[impl AsRef<str>]) -> String {
    let others: Vec<&str> = others.iter().map(AsRef::as_ref).collect();
    format!("no job of {event} runs on {platform}; they run on {}", others.join(", "))
}

/// Event and command of the first readable artifact.
pub fn of_artifacts(files: &[File]) -> Option<(CiEvent, JobCommand)> {
    let headers = files.iter().filter_map(|(_, bundle)| bundle.as_ref().ok()?.headers.first());
    headers.map(|header| (header.event, header.work)).min()
}
