//! The jobs of an event: each is one build with all its runs, or several such where fewer jobs are wanted.
//!
//! A build is never in two jobs. What a job runs is named by suites and cells, decided here, from committed versions: what
//! a runner turns out to have changes outcomes, never which job runs what.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::committed::{image, Committed};
use super::settings::{Event, EventSettings, Work};
use crate::axis::{AxisKind, Setting, ValueName};
use crate::cell::CellIndex;
use crate::choose::narrow::Part;
use crate::choose::shard::pack;
use crate::leak::Tool;
use crate::plan::{plan_part, Choice, Plan, Sanitizer, SkipReason};
use crate::spec::{Profile, Spec, SuiteKind};

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
            let meant = crate::spec::problem::nearest(id, known.iter().copied());
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
    let is_leak = |leak: bool| move |suite: &crate::spec::Suite| suite.leak().is_some() == leak;
    let Some(profile) = spec.narrowed(whole, is_leak(work == Work::LeakCheck)) else {
        let kind =
            if work == Work::LeakCheck { "has no suite of kind `leak`" } else { "has only suites of kind `leak`" };
        return Err(format!(
            "[ci.{event}]: the profile `{name}` {kind}, so that `{}` has nothing to do",
            work.as_str()
        ));
    };
    let mut groups = Vec::new();
    let mut untried = Vec::new();
    for (platform, runner) in ci.runners.iter().filter(|(platform, _)| settings.platforms.contains(platform)) {
        let facts = committed.runner(spec, platform);
        let plan = crate::plan::plan(spec, &Choice { profile: &profile, cells: &[] }, &facts);
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
        let jobs = platform_jobs(spec, committed, settings, &profile, platform, &plan);
        groups.extend(grouped(spec, event, platform, runner, jobs));
    }
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
            "[ci.{event}]: {} {} are predicted to take {} minutes in {} jobs, more than `max-minutes = {most}`; choose fewer \
             cells, or allow more",
            work.as_str(),
            name,
            cost.minutes,
            cost.jobs
        )),
        _ => Ok(Some(plan)),
    }
}

/// A job that has no group yet, with the image that its toolchains want.
struct Placed {
    image: Option<String>,
    job: Job,
}

/// The jobs of one platform. Builds of different containers, and those that may fail with others, are in no job together.
fn platform_jobs(
    spec: &Spec,
    committed: &Committed,
    settings: &EventSettings,
    profile: &Profile,
    platform: &str,
    plan: &Plan,
) -> Vec<Placed> {
    let may_fail = may_fail(spec, committed);
    let mut excused = vec![true; plan.builds.len()];
    for run in &plan.runs {
        excused[run.build] &= may_fail(&spec.space.coords(run.cell));
    }
    let rust = spec.space.axis_of(&AxisKind::Rust).map(|(_, axis)| axis);
    let image_of = |toolchain: &ValueName| {
        let value = rust.and_then(|axis| axis.values.iter().find(|value| value.name == *toolchain));
        value.and_then(|value| image(&value.setting))
    };
    let mut kinds: BTreeMap<(Option<String>, bool), Vec<usize>> = BTreeMap::new();
    for (n, build) in plan.builds.iter().enumerate() {
        kinds.entry((image_of(&build.toolchain), excused[n])).or_default().push(n);
    }
    let facts = committed.runner(spec, platform);
    let platforms = settings.platforms.len().max(1);
    // Each kind has its share of the jobs that are allowed, and one at least.
    let allowed = settings.max_jobs.map(|most| (most as usize / platforms).max(kinds.len()));
    let mut names = BTreeSet::new();
    let mut placed = Vec::new();
    for ((image, may_fail), builds) in kinds {
        let share = allowed.map(|most| (most * builds.len() / plan.builds.len()).clamp(1, builds.len()));
        let choice = Choice { profile, cells: &[] };
        let of_kind: Part =
            plan.runs.iter().filter(|run| builds.contains(&run.build)).map(|run| (run.suite, run.cell)).collect();
        let plan = plan_part(spec, &choice, &facts, &of_kind);
        for (builds, load) in pack(spec, &plan, &facts, share.unwrap_or(plan.builds.len())) {
            let runs = plan.runs.iter().filter(|run| builds.contains(&run.build));
            let job = Job {
                id: job_name(platform, &builds.iter().map(|n| &plan.builds[*n]).collect::<Vec<_>>(), &mut names),
                toolchains: builds
                    .iter()
                    .map(|n| plan.builds[*n].toolchain.clone())
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect(),
                cells: runs.map(|run| (run.suite, run.cell)).collect(),
                builds: builds.iter().map(|n| plan.builds[*n].id()).collect(),
                may_fail,
                predicted_ms: load + JOB_MS,
            };
            placed.push(Placed { image: image.clone(), job });
        }
    }
    placed
}

/// Whether a cell that is broken does not fail the verdict of CI, by the cell's coordinates.
pub fn may_fail<'a>(spec: &'a Spec, committed: &'a Committed) -> impl Fn(&[usize]) -> bool + 'a {
    let conditions = spec.ci.iter().flat_map(|ci| &ci.may_fail);
    let matchers: Vec<_> = conditions.map(|when| when.matcher(&spec.space, &committed.versions)).collect();
    move |coords| matchers.iter().any(|matcher| matcher.holds(coords))
}

/// Jobs of one platform as groups of one container and at most [`MATRIX_JOBS`] each.
fn grouped(spec: &Spec, event: Event, platform: &str, runner: &str, placed: Vec<Placed>) -> Vec<Group> {
    let mut by_image: BTreeMap<Option<String>, Vec<Job>> = BTreeMap::new();
    for Placed { image, job } in placed {
        by_image.entry(image).or_default().push(job);
    }
    let mut groups = Vec::new();
    for (container, jobs) in by_image {
        let place = container.as_deref().map(|image| format!("-{}", slug(image))).unwrap_or_default();
        let parts = jobs.len().div_ceil(MATRIX_JOBS);
        let each = jobs.len().div_ceil(parts);
        for (n, jobs) in jobs.chunks(each).enumerate() {
            let part = if parts > 1 { format!("-{}", n + 1) } else { String::new() };
            groups.push(Group {
                id: format!("{}-{platform}{place}{part}", event.slug()),
                platform: platform.to_owned(),
                runner: runner.to_owned(),
                container: container.clone(),
                needs: needs(spec, jobs),
                jobs: jobs.to_vec(),
            });
        }
    }
    groups
}

fn needs(spec: &Spec, jobs: &[Job]) -> Needs {
    let mut needs = Needs::default();
    for (suite, cell) in jobs.iter().flat_map(|job| &job.cells) {
        match &spec.suites[*suite].kind {
            SuiteKind::Leak(leak) => {
                needs.valgrind |= leak.tool == Tool::Valgrind;
                needs.miri |= leak.tool == Tool::Miri;
            }
            SuiteKind::Test | SuiteKind::Build => {}
        }
        let coords = spec.space.coords(*cell);
        for (axis, at) in spec.space.axes().iter().zip(&coords) {
            match &axis.values[*at].setting {
                Setting::SqliteHost => needs.sqlite = true,
                Setting::DistroToolchain(_) | Setting::DistroSqlite(_) => needs.archives = true,
                _ => {}
            }
        }
    }
    needs
}

/// A name for a job of these builds: what they have in common.
fn job_name(platform: &str, builds: &[&crate::plan::Build], names: &mut BTreeSet<String>) -> String {
    let mut words = vec![platform.to_owned()];
    let toolchains: BTreeSet<&str> = builds.iter().map(|build| build.toolchain.as_str()).collect();
    if toolchains.len() <= 3 {
        words.extend(toolchains.into_iter().map(slug));
    }
    if let [build] = builds {
        // `rust=stable sqlite=bundled features=a,b lockset=x sanitizer=leak`: the values, without the toolchain's.
        words.extend(build.id().split(' ').skip(1).filter_map(|part| Some(slug(part.split_once('=')?.1))));
    } else if let Some(sanitizer) = builds[0].sanitizer.filter(|of| builds.iter().all(|b| b.sanitizer == Some(*of))) {
        words.push(Sanitizer::as_str(sanitizer).to_owned());
    }
    let mut name: String = words.join("-").chars().take(90).collect();
    let first = name.clone();
    let mut n = 1;
    while !names.insert(name.clone()) {
        n += 1;
        name = format!("{first}-{n}");
    }
    name
}

/// The text with nothing but what names of jobs, artifacts and files may have.
fn slug(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+');
    text.chars().map(|c| if plain(c) { c } else { '-' }).collect()
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
