//! Plans the jobs of an event: one build with all its runs per job, or several builds if there must be fewer jobs, or if
//! one alone is not worth a job's start-up.
//!
//! A build is never split over jobs. The suites and cells of each job are decided here, from the names of values: what a
//! runner turns out to have changes outcomes, never the assignment.

mod contents;
mod jobs;
mod names;

pub use contents::{Cost, Group, Job, Needs, Untried, JOB_MS, MATRIX_JOBS, WORTH_MS};
pub use jobs::may_fail;
pub(crate) use jobs::needs;

use jobs::OfPlatform;

use sha2::{Digest, Sha256};

use super::committed::Committed;
use compatrix_model::condition::Versions;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::matrix_spec::{CiEvent, JobCommand};
use compatrix_model::plan::Part;
use compatrix_model::plan::{Choice, SkipReason};

/// The most jobs planned for one event; GitHub starts only a few hundred at once.
pub const MOST_JOBS: usize = 2_000;
/// Predicted duration in milliseconds of compiling the orchestrator.
pub const ORCHESTRATOR_MS: u64 = 180_000;
/// Predicted duration in milliseconds of the verdict job.
pub const VERDICT_MS: u64 = 40_000;

/// The jobs of one command on one event.
#[derive(Debug, Clone, PartialEq)]
pub struct CiPlan {
    /// The event that triggers the jobs.
    pub event: CiEvent,
    /// The command that the jobs run.
    pub work: JobCommand,
    /// The profile's name.
    pub profile: String,
    /// Jobs that share a runner and a container, at most [`MATRIX_JOBS`] each. Never empty.
    pub groups: Vec<Group>,
    /// Chosen cells without a job, because no runner of the platform can run them.
    pub untried: Vec<Untried>,
    /// SHA-256 of the assignment: which job on which platform runs which suites in which cells.
    pub id: String,
}

impl CiPlan {
    /// All jobs with their groups.
    pub fn jobs(&self) -> impl Iterator<Item = (&Group, &Job)> {
        self.groups.iter().flat_map(|group| group.jobs.iter().map(move |job| (group, job)))
    }

    /// The job with this id; the error suggests the nearest one.
    pub fn job(&self, id: &str) -> Result<(&Group, &Job), String> {
        let found = self.jobs().find(|(_, job)| job.id == id);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.jobs().map(|(_, job)| job.id.as_str()).collect();
            let meant = shaped_toml::nearest(id, known.iter().copied());
            let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            format!("no job `{id}` on {} for {}{meant} (there are {})", self.event, self.work.as_str(), known.len())
        })
    }

    /// The distinct platforms, in the spec's order.
    pub fn platforms(&self) -> Vec<&str> {
        let mut platforms: Vec<&str> = Vec::new();
        for group in &self.groups {
            if !platforms.contains(&group.platform.as_str()) {
                platforms.push(&group.platform);
            }
        }
        platforms
    }

    /// The plan without the jobs of other platforms. Its id does not change, because jobs refer to the full plan.
    pub fn only(mut self, platform: &str) -> CiPlan {
        self.groups.retain(|group| group.platform == platform);
        self.untried.retain(|untried| untried.platform == platform);
        self
    }

    /// The part of the profile's plan that a platform's jobs run, or that one job runs.
    pub fn part(&self, platform: &str, job: Option<&Job>) -> Part {
        let of_platform = self.jobs().filter(|(group, _)| group.platform == platform).map(|(_, job)| job);
        match job {
            Some(job) => job.cells.iter().copied().collect(),
            None => of_platform.flat_map(|job| job.cells.iter().copied()).collect(),
        }
    }

    /// Sums predicted durations over jobs.
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

/// The plan of an event; `None` if the command does not run on it.
///
/// # Errors
/// The plan has no cells, too many jobs, or takes longer than the spec allows; the message has the figures.
pub fn ci_plan(spec: &Spec, committed: &Committed, event: CiEvent, work: JobCommand) -> Result<Option<CiPlan>, String> {
    // What evidence says of versions may decide how a cell counts, but never which jobs there are: those are the same
    // before and after evidence is recorded.
    let committed = &Committed { versions: Versions::new(), ..committed.clone() };
    let Some(ci) = &spec.ci else { return Ok(None) };
    let Some(settings) = ci.events.get(&event) else { return Ok(None) };
    let Some(name) = settings.profile(work) else { return Ok(None) };
    let whole = spec.profile(name).map_err(|unknown| unknown.to_string())?;
    let Some(profile) = spec.narrowed(whole, |suite| work.runs(suite)) else {
        let kind = match work {
            JobCommand::Compat => "has only suites of the kinds `leak` and `bench`",
            JobCommand::LeakCheck => "has no suite of kind `leak`",
        };
        return Err(format!("[ci.{event}]: the profile `{name}` {kind}, so `{}` has nothing to do", work.as_str()));
    };
    let mut untried = Vec::new();
    let mut platforms = Vec::new();
    for (platform, runner) in ci.runners.iter().filter(|(platform, _)| settings.platforms.contains(platform)) {
        let facts = committed.runner(spec, platform);
        let plan = compatrix_model::plan::plan(spec, &Choice { profile: &profile, cells: &[], packages: &[] }, &facts);
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
            "[ci.{event}]: `{} --profile {name}` has no cell that a runner of {} can run; widen the profile's `when`, or remove \
             the key",
            work.as_str(),
            settings.platforms.join(", ")
        ));
    }
    if jobs > MOST_JOBS {
        return Err(format!(
            "[ci.{event}]: {jobs} jobs, one per build, are more than {MOST_JOBS}; set `max-jobs`, or choose fewer cells"
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

/// Hashes everything that the jobs must agree on.
fn id(spec: &Spec, event: CiEvent, work: JobCommand, groups: &[Group]) -> String {
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
    base16ct::lower::encode_string(&hash.finalize())
}
