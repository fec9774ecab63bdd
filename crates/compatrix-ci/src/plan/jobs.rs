//! Assigns builds to jobs: which may share one, how many jobs there are, their names, and their groups.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_bench::Harness;
use compatrix_leak::Tool;

use super::contents::{Group, Job, Needs, JOB_MS, MATRIX_JOBS, WORTH_MS};
use super::names::{slug, Names};
use crate::committed::{image, Committed};
use crate::targets;
use compatrix_model::axis::{AxisKind, Setting, System, ValueName};
use compatrix_model::cell::CellIndex;
use compatrix_model::matrix_spec::{CiEvent, EventSettings};
use compatrix_model::matrix_spec::{Spec, SuiteKind};
use compatrix_model::plan::predict::{costs, Cost};
use compatrix_model::plan::shard::pack;
use compatrix_model::plan::{Build, Plan};

/// A job without a group, with the image that its toolchains need.
pub(super) struct Placed {
    image: Option<String>,
    job: Job,
}

/// Builds that may share a job: same platform, same container, same `may-fail`.
struct JobKind {
    platform: usize,
    image: Option<String>,
    may_fail: bool,
    builds: Vec<usize>,
    ms: u64,
}

pub(super) fn jobs(
    spec: &Spec,
    committed: &Committed,
    settings: &EventSettings,
    platforms: &[OfPlatform<'_>],
) -> Vec<Vec<Placed>> {
    let costs: Vec<Vec<Cost>> = platforms.iter().map(|of| costs(spec, &of.plan, &committed.durations)).collect();
    let cells: Vec<Vec<Vec<(usize, CellIndex)>>> = platforms.iter().map(cells_of_builds).collect();
    let kinds: Vec<JobKind> =
        (0..platforms.len()).flat_map(|n| kinds(spec, committed, (n, &platforms[n]), &costs[n], &cells[n])).collect();
    let shares = shares(&kinds, settings.max_jobs);
    let mut names = Names::default();
    let several = platforms.len() > 1;
    let mut jobs: Vec<Vec<Placed>> = platforms.iter().map(|_| Vec::new()).collect();
    for (kind, share) in kinds.into_iter().zip(shares) {
        let OfPlatform { platform, plan, .. } = &platforms[kind.platform];
        for (builds, load) in pack(&costs[kind.platform], &kind.builds, share) {
            let of_job: Vec<&Build> = builds.iter().map(|&build| &plan.builds[build]).collect();
            let toolchains: BTreeSet<&ValueName> = of_job.iter().map(|build| &build.toolchain).collect();
            let of_builds = builds.iter().flat_map(|&build| &cells[kind.platform][build]).copied();
            let mut cells: Vec<(usize, CellIndex)> = of_builds.collect();
            cells.sort_by_key(|&(suite, cell)| (cell, suite));
            let job = Job {
                id: names.id(platform, &of_job),
                name: names.shown(spec, several.then_some(*platform), &cells),
                builds: of_job.iter().map(|build| build.id()).collect(),
                toolchains: toolchains.into_iter().cloned().collect(),
                cells,
                may_fail: kind.may_fail,
                predicted_ms: load + JOB_MS,
            };
            jobs[kind.platform].push(Placed { image: kind.image.clone(), job });
        }
    }
    jobs
}

fn cells_of_builds(of: &OfPlatform<'_>) -> Vec<Vec<(usize, CellIndex)>> {
    let mut cells = vec![Vec::new(); of.plan.builds.len()];
    for run in &of.plan.runs {
        cells[run.build].push((run.suite, run.cell));
    }
    cells
}

fn kinds(
    spec: &Spec,
    committed: &Committed,
    (platform, of): (usize, &OfPlatform<'_>),
    costs: &[Cost],
    cells: &[Vec<(usize, CellIndex)>],
) -> Vec<JobKind> {
    let has_excuses = spec.only_tries(of.platform) || spec.ci.as_ref().is_some_and(|ci| !ci.may_fail.is_empty());
    let may_fail = may_fail(spec, committed, of.platform);
    let excused =
        |build: usize| has_excuses && cells[build].iter().all(|(_, cell)| may_fail(&spec.space.coords(*cell)));
    let rust = spec.space.axis_of(&AxisKind::Rust).map(|(_, axis)| axis);
    let image_of = |toolchain: &ValueName| {
        let value = rust.and_then(|axis| axis.values.iter().find(|value| value.name == *toolchain));
        value.and_then(|value| image(&value.setting))
    };
    let mut kinds: BTreeMap<(Option<String>, bool), Vec<usize>> = BTreeMap::new();
    for (n, build) in of.plan.builds.iter().enumerate() {
        kinds.entry((image_of(&build.toolchain), excused(n))).or_default().push(n);
    }
    let kind = |((image, may_fail), builds): ((Option<String>, bool), Vec<usize>)| {
        let ms = pack(costs, &builds, 1).iter().map(|(_, ms)| ms).sum();
        JobKind { platform, image, may_fail, builds, ms }
    };
    kinds.into_iter().map(kind).collect()
}

impl JobKind {
    /// How many jobs are worth their start-up: one per build, but fewer if they would do little.
    fn worthwhile(&self) -> usize {
        let worth = usize::try_from(self.ms.div_ceil(WORTH_MS)).unwrap_or(usize::MAX);
        worth.clamp(1, self.builds.len())
    }
}

/// Distributes the allowed jobs over the kinds: at least one each, then always one more to the kind with the longest
/// jobs. Without a limit, as many as are worth their start-up.
fn shares(kinds: &[JobKind], most: Option<u32>) -> Vec<usize> {
    let Some(most) = most else { return kinds.iter().map(JobKind::worthwhile).collect() };
    let mut shares = vec![1; kinds.len()];
    for _ in kinds.len()..most as usize {
        let open = (0..kinds.len()).filter(|&n| shares[n] < kinds[n].builds.len());
        let Some(longest) = open.max_by_key(|&n| (kinds[n].ms / shares[n] as u64, std::cmp::Reverse(n))) else { break };
        shares[longest] += 1;
    }
    shares
}

/// Groups a platform's jobs by container, with at most [`MATRIX_JOBS`] each.
pub(super) fn grouped(spec: &Spec, event: CiEvent, of: &OfPlatform<'_>, placed: Vec<Placed>) -> Vec<Group> {
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
                id: format!("{}-{}{place}{part}", event.slug(), of.platform),
                platform: of.platform.to_owned(),
                runner: of.runner.to_owned(),
                container: container.clone(),
                needs: needs(spec, jobs.iter().flat_map(|job| &job.cells)),
                jobs: jobs.to_vec(),
            });
        }
    }
    groups
}

/// What must be installed for these suites and cells.
pub(crate) fn needs<'a>(spec: &Spec, cells: impl IntoIterator<Item = &'a (usize, CellIndex)>) -> Needs {
    let mut needs = Needs::default();
    for (suite, cell) in cells {
        match &spec.suites[*suite].kind {
            SuiteKind::Leak(leak) => {
                needs.valgrind |= leak.tool == Tool::Valgrind;
                needs.miri |= leak.tool == Tool::Miri;
            }
            SuiteKind::Bench(bench) => needs.valgrind |= bench.instructions || bench.harness == Harness::Gungraun,
            SuiteKind::Test | SuiteKind::Build | SuiteKind::Command => {}
        }
        let coords = spec.space.coords(*cell);
        for (axis, at) in spec.space.axes().iter().zip(&coords) {
            match &axis.values[*at].setting {
                Setting::SqliteHost => needs.sqlite = true,
                Setting::Os(System::Target { triple, runner }) => {
                    needs.mingw |= targets::needs_mingw(triple);
                    needs.wine |= targets::needs_wine(runner);
                }
                Setting::DistroToolchain(request) => {
                    needs.archives = true;
                    needs.roots |= request.root;
                }
                Setting::DistroSqlite(_) => needs.archives = true,
                _ => {}
            }
        }
    }
    needs
}

/// The work for a platform's runners.
pub(super) struct OfPlatform<'a> {
    pub(super) platform: &'a str,
    pub(super) runner: &'a str,
    pub(super) plan: Plan,
}

/// A predicate on a cell's coordinates: whether CI's verdict ignores its failure on this platform.
pub fn may_fail<'a>(spec: &'a Spec, committed: &'a Committed, platform: &str) -> impl Fn(&[usize]) -> bool + 'a {
    let only_tries = spec.only_tries(platform);
    let conditions = spec.ci.iter().flat_map(|ci| &ci.may_fail);
    let matchers: Vec<_> = conditions.map(|when| when.matcher(&spec.space, &committed.versions)).collect();
    move |coords| only_tries || matchers.iter().any(|matcher| matcher.holds(coords))
}
