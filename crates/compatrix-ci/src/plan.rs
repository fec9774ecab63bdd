//! The jobs of an event: each is one build with all its runs, or several such where fewer jobs are wanted.
//!
//! A build is never in two jobs. What a job runs is named by suites and cells, decided here, from committed versions: what
//! a runner turns out to have changes outcomes, never which job runs what.

mod jobs;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::committed::Committed;
use compatrix_model::axis::ValueName;
use compatrix_model::cell::CellIndex;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::matrix_spec::{Event, Work};
use compatrix_model::plan::Part;
use compatrix_model::plan::{Choice, Plan, SkipReason};

/// The most jobs that GitHub makes of one matrix.
/// Source: docs.github.com, "Workflow syntax", `jobs.<job_id>.strategy.matrix`.
pub const MATRIX_JOBS: usize = 256;
/// The most jobs that are planned for one event; GitHub starts no more than a few hundred at once.
pub const MOST_JOBS: usize = 2_000;
/// Predicted milliseconds of a job beside its builds and runs: checkout, artifacts, toolchain.
pub const JOB_MS: u64 = 45_000;
/// Predicted milliseconds of the job that compiles the orchestrator.
pub const ORCHESTRATOR_MS: u64 = 180_000;
/// Predicted milliseconds of the job that gives the verdict.
pub const VERDICT_MS: u64 = 40_000;

/// All that one command does on one event.
#[derive(Debug, Clone, PartialEq)]
pub struct CiPlan {
    /// The event.
    pub event: Event,
    /// The command.
    pub work: Work,
    /// The profile, by name.
    pub profile: String,
    /// Jobs that share a runner and a container, at most [`MATRIX_JOBS`] each. Never empty.
    pub groups: Vec<Group>,
    /// Chosen cells that are in no job, since no runner of the platform can try them.
    pub untried: Vec<Untried>,
    /// Hash of all of this: which job of which platform runs which suites in which cells.
    pub id: String,
}

/// Jobs that share a runner and a container: one job of the workflow, with a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name, also that of the workflow's job: `pull-request-linux-x86_64`.
    pub id: String,
    /// The platform.
    pub platform: String,
    /// The label of its runner.
    pub runner: String,
    /// The image of the container that they run in, `debian:bookworm`; none: on the runner itself.
    pub container: Option<String>,
    /// What must be installed first.
    pub needs: Needs,
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// What jobs need that the orchestrator does not get by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The host's SQLite, with headers.
    pub sqlite: bool,
    /// valgrind.
    pub valgrind: bool,
    /// Miri and the sources of std, for the toolchain `nightly`.
    pub miri: bool,
    /// apt-get's archives of other distributions: their keys.
    pub archives: bool,
}

/// One job: whole builds, with all their runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its name, unique among all jobs of an event and command: `linux-x86_64-stable-bundled-json`. Of letters, digits, `.`,
    /// `_`, `+` and `-` only.
    pub id: String,
    /// Its builds, by id.
    pub builds: Vec<String>,
    /// The toolchains of these.
    pub toolchains: Vec<ValueName>,
    /// Suites, by position, in cells.
    pub cells: Vec<(usize, CellIndex)>,
    /// Whether all its cells may fail.
    pub may_fail: bool,
    /// What it is predicted to take, in milliseconds, [`JOB_MS`] among it.
    pub predicted_ms: u64,
}

/// A chosen cell that no job tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untried {
    /// The platform.
    pub platform: String,
    /// Position in the spec's suites.
    pub suite: usize,
    /// The cell.
    pub cell: CellIndex,
    /// Why.
    pub reason: String,
}

/// What a plan is predicted to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Jobs, those that prepare and that give the verdict among them.
    pub jobs: usize,
    /// Minutes of all jobs together, each rounded up, as they are billed.
    pub minutes: u64,
    /// Milliseconds from the start to the verdict, if no job waits for a runner.
    pub longest_ms: u64,
}

impl CiPlan {
    /// All jobs, with their group.
    pub fn jobs(&self) -> impl Iterator<Item = (&Group, &Job)> {
        self.groups.iter().flat_map(|group| group.jobs.iter().map(move |job| (group, job)))
    }

    /// The job of this name; the error says what names there are.
    pub fn job(&self, id: &str) -> Result<(&Group, &Job), String> {
        let found = self.jobs().find(|(_, job)| job.id == id);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.jobs().map(|(_, job)| job.id.as_str()).collect();
            let meant = shaped_toml::nearest(id, known.iter().copied());
            let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            format!("no job `{id}` on {} for {}{meant} (there are {})", self.event, self.work.as_str(), known.len())
        })
    }

    /// The platforms, each once, in the spec's order.
    pub fn platforms(&self) -> Vec<&str> {
        let mut platforms: Vec<&str> = Vec::new();
        for group in &self.groups {
            if !platforms.contains(&group.platform.as_str()) {
                platforms.push(&group.platform);
            }
        }
        platforms
    }

    /// The plan without the jobs of other platforms; its id stays that of the whole, which the jobs know.
    pub fn only(mut self, platform: &str) -> CiPlan {
        self.groups.retain(|group| group.platform == platform);
        self.untried.retain(|untried| untried.platform == platform);
        self
    }

    /// What a platform's jobs run, as a part of the profile's plan; with a job, what that runs.
    pub fn part(&self, platform: &str, job: Option<&Job>) -> Part {
        let of_platform = self.jobs().filter(|(group, _)| group.platform == platform).map(|(_, job)| job);
        match job {
            Some(job) => job.cells.iter().copied().collect(),
            None => of_platform.flat_map(|job| job.cells.iter().copied()).collect(),
        }
    }

    /// What it is predicted to cost.
    pub fn cost(&self) -> Cost {
        let minutes = |ms: u64| ms.div_ceil(60_000);
        let platforms = self.platforms().len();
        let jobs: Vec<u64> = self.jobs().map(|(_, job)| job.predicted_ms).collect();
        Cost {
            jobs: jobs.len() + platforms + 1,
            minutes: jobs.iter().map(|ms| minutes(*ms)).sum::<u64>()
                + minutes(ORCHESTRATOR_MS) * platforms as u64
                + minutes(VERDICT_MS),
            longest_ms: ORCHESTRATOR_MS + jobs.iter().copied().max().unwrap_or_default() + VERDICT_MS,
        }
    }
}

/// The plan of an event; none where the command does not run on it.
///
/// # Errors
/// The plan has no cells, too many jobs, or takes longer than the spec allows; texts for people, with the figures.
pub fn ci_plan(spec: &Spec, committed: &Committed, event: Event, work: Work) -> Result<Option<CiPlan>, String> {
    let Some(ci) = &spec.ci else { return Ok(None) };
    let Some(settings) = ci.events.get(&event) else { return Ok(None) };
    let Some(name) = settings.profile(work) else { return Ok(None) };
    let whole = spec.profile(name)?;
    let is_leak = |leak: bool| move |suite: &compatrix_model::matrix_spec::Suite| suite.leak().is_some() == leak;
    let Some(profile) = spec.narrowed(whole, is_leak(work == Work::LeakCheck)) else {
        let kind =
            if work == Work::LeakCheck { "has no suite of kind `leak`" } else { "has only suites of kind `leak`" };
        return Err(format!(
            "[ci.{event}]: the profile `{name}` {kind}, so that `{}` has nothing to do",
            work.as_str()
        ));
    };
    let mut untried = Vec::new();
    let mut platforms = Vec::new();
    for (platform, runner) in ci.runners.iter().filter(|(platform, _)| settings.platforms.contains(platform)) {
        let facts = committed.runner(spec, platform);
        let plan = compatrix_model::plan::plan(spec, &Choice { profile: &profile, cells: &[] }, &facts);
        for skip in &plan.skips {
            if let SkipReason::Unavailable { reason, .. } = &plan.reasons[skip.reason] {
                untried.push(Untried {
                    platform: platform.clone(),
                    suite: skip.suite,
                    cell: skip.cell,
                    reason: reason.clone(),
                });
            }
        }
        platforms.push(OfPlatform { platform, runner, plan });
    }
    let jobs = jobs::jobs(spec, committed, settings, &platforms);
    let groups: Vec<Group> =
        platforms.iter().zip(jobs).flat_map(|(of, jobs)| jobs::grouped(spec, event, of, jobs)).collect();
    let jobs = groups.iter().map(|group: &Group| group.jobs.len()).sum::<usize>();
    if jobs == 0 {
        return Err(format!(
            "[ci.{event}]: `{} --profile {name}` has no cell that a runner of {} can try; widen the profile's `when`, or take \
             the key away",
            work.as_str(),
            settings.platforms.join(", ")
        ));
    }
    if jobs > MOST_JOBS {
        return Err(format!(
            "[ci.{event}]: {jobs} jobs, one a build, are more than {MOST_JOBS}; set `max-jobs`, or choose fewer cells"
        ));
    }
    let id = id(spec, event, work, &groups);
    let plan = CiPlan { event, work, profile: name.to_owned(), groups, untried, id };
    let cost = plan.cost();
    match settings.max_minutes {
        Some(most) if cost.minutes > u64::from(most) => Err(format!(
            "[ci.{event}]: `{} --profile {name}` is predicted to take {} minutes in {} jobs, more than `max-minutes = {most}`; \
             choose fewer cells, or allow more",
            work.as_str(),
            cost.minutes,
            cost.jobs
        )),
        _ => Ok(Some(plan)),
    }
}

/// What a platform's runners are to do.
struct OfPlatform<'a> {
    platform: &'a str,
    runner: &'a str,
    plan: Plan,
}

/// Whether a cell that is broken does not fail the verdict of CI, by the cell's coordinates.
pub fn may_fail<'a>(spec: &'a Spec, committed: &'a Committed) -> impl Fn(&[usize]) -> bool + 'a {
    let conditions = spec.ci.iter().flat_map(|ci| &ci.may_fail);
    let matchers: Vec<_> = conditions.map(|when| when.matcher(&spec.space, &committed.versions)).collect();
    move |coords| matchers.iter().any(|matcher| matcher.holds(coords))
}

/// One text for all that the jobs agree on, hashed.
fn id(spec: &Spec, event: Event, work: Work, groups: &[Group]) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("compatrix ci plan 1\n{event} {}\n", work.as_str()));
    for group in groups {
        for job in &group.jobs {
            hash.update(format!("job {} {}\n", group.platform, job.id));
            for (suite, cell) in &job.cells {
                hash.update(format!("{} {}\n", spec.suites[*suite].name, spec.space.id(*cell)));
            }
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
