//! Plans the benchmarks of an event: one job per platform, because both builds of a comparison must run on one machine.

use std::collections::BTreeSet;

use compatrix_model::cell::CellIndex;
use compatrix_model::condition::Versions;
use compatrix_model::matrix_spec::{CiEvent, EventBench, RunBy, Spec};
use compatrix_model::plan::{plan, Choice};

use crate::committed::{image, Committed};
use crate::plan::{needs, Needs};

/// The benchmarks of an event on a platform.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchJob {
    /// The event that triggers it.
    pub event: CiEvent,
    /// The platform of its runner: `linux-x86_64`.
    pub platform: String,
    /// The runner's label: `ubuntu-24.04`.
    pub runner: String,
    /// The container's image: `debian:bookworm`. `None` runs on the runner itself.
    pub container: Option<String>,
    /// What the spec says of the event's benchmarks.
    pub settings: EventBench,
    /// Packages to install first.
    pub needs: Needs,
    /// Index of the suite, and cell. Never empty.
    pub cells: Vec<(usize, CellIndex)>,
}

/// The jobs of all events.
///
/// # Errors
/// All problems of all events: no cell that a runner can run, two containers in one job, a folder of evidence that a
/// workflow cannot name.
pub fn bench_jobs(spec: &Spec, committed: &Committed) -> Result<Vec<BenchJob>, String> {
    // As for cells: what evidence says of versions decides no job.
    let committed = &Committed { versions: Versions::new(), ..committed.clone() };
    let (mut jobs, mut problems) = (Vec::new(), Vec::new());
    let events = spec.ci.iter().flat_map(|ci| &ci.events);
    for (event, settings) in events.filter_map(|(event, of)| Some((*event, of.bench.as_ref()?))) {
        match of_event(spec, committed, event, settings) {
            Ok(of_event) => jobs.extend(of_event),
            Err(problem) => problems.push(format!("[ci.{event}]: {problem}")),
        }
    }
    let evidence = &spec.project.evidence;
    let plain = evidence.split('/').all(|part| !part.is_empty() && !part.starts_with('-'))
        && evidence.chars().all(|c| c.is_ascii_alphanumeric() || "._+-/".contains(c));
    if jobs.iter().any(|job| job.event == CiEvent::Push) && !plain {
        problems.push(format!(
            "[ci.push]: a workflow cannot name {evidence:?}, where benchmarks are recorded; use letters, digits, `.`, `_`, `+` \
             and `-` in `evidence` of [project]"
        ));
    }
    if problems.is_empty() {
        Ok(jobs)
    } else {
        Err(problems.join("\n"))
    }
}

fn of_event(
    spec: &Spec,
    committed: &Committed,
    event: CiEvent,
    settings: &EventBench,
) -> Result<Vec<BenchJob>, String> {
    let Some(ci) = &spec.ci else { return Ok(Vec::new()) };
    let name = &settings.profile;
    let whole = spec.profile(name).map_err(|unknown| unknown.to_string())?;
    let profile = spec.narrowed(whole, |suite| suite.run_by() == RunBy::Bench);
    let profile = profile.ok_or_else(|| {
        format!("the profile `{name}` has no suite of kind `bench`, so `bench` has nothing to compare")
    })?;
    let platforms = &ci.events[&event].platforms;
    let mut jobs = Vec::new();
    for (platform, runner) in ci.runners.iter().filter(|(platform, _)| platforms.contains(platform)) {
        let facts = committed.runner(spec, platform);
        let plan = plan(spec, &Choice { profile: &profile, cells: &[], packages: &[] }, &facts);
        let cells: Vec<(usize, CellIndex)> = plan.runs.iter().map(|run| (run.suite, run.cell)).collect();
        if !cells.is_empty() {
            let container = container(spec, name, &cells)?;
            let (platform, runner, settings) = (platform.clone(), runner.clone(), settings.clone());
            jobs.push(BenchJob { event, platform, runner, container, settings, needs: needs(spec, &cells), cells });
        }
    }
    if jobs.is_empty() {
        return Err(format!(
            "`bench --profile {name}` has no cell that a runner of {} can run; widen the profile's `when`, or remove the key",
            platforms.join(", ")
        ));
    }
    Ok(jobs)
}

/// The container that the toolchains of these cells need.
fn container(spec: &Spec, profile: &str, cells: &[(usize, CellIndex)]) -> Result<Option<String>, String> {
    let of_cell = |cell: &CellIndex| {
        let coords = spec.space.coords(*cell);
        let settings = spec.space.axes().iter().zip(coords).map(|(axis, at)| &axis.values[at].setting);
        settings.filter_map(image).next()
    };
    let images: BTreeSet<String> = cells.iter().filter_map(|(_, cell)| of_cell(cell)).collect();
    if images.len() > 1 {
        let images: Vec<String> = images.into_iter().collect();
        return Err(format!(
            "the benchmarks of the profile `{profile}` need {}, and one job runs in one container; choose the toolchains \
             of one distribution in its `when`",
            images.join(" and ")
        ));
    }
    Ok(images.into_iter().next())
}
