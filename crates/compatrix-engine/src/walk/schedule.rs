//! The schedule: builds and runs side by side, as many as there are job tokens, longest first.
//!
//! Workers take what is ready; the caller's thread hears of each end through a channel and is the only one that writes
//! to the ledger. Builds of one lane share a target directory and go one after another; runs of a build start as soon as
//! it is done, while other builds go on. One pool of tokens serves all cargos and all runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use compatrix_model::evidence::Record;
use compatrix_model::linkage::Linkage;
use compatrix_model::plan::predict::{FIRST_BUILD_MS, LATER_BUILD_MS, RUN_MS};
use compatrix_model::plan::Build;

use crate::build::{Built, Product};
use crate::sys::host::Host;

/// A build to do and the runs that wait for it.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub build: &'a Build,
    /// Predicted wall time in milliseconds, if seen before.
    pub predicted_ms: Option<u64>,
    /// Its runs: position for the caller and predicted wall time.
    pub runs: Vec<(usize, Option<u64>)>,
}

/// Messages from workers.
#[derive(Debug)]
pub(super) enum Told {
    /// A build of this position begins.
    BuildStarted(usize),
    /// A build of this position ended. If it made nothing, its runs will not be started.
    BuildFinished(usize, anyhow::Result<Arc<BuiltSummary>>),
    /// The run of this position ended.
    RunFinished(usize, Box<Record>),
}

/// The scheduler's view of a build.
#[derive(Debug)]
pub(super) struct BuiltSummary {
    /// The product, or why there is none.
    pub result: Result<Arc<Product>, crate::build::NotBuilt>,
    /// Wall time in milliseconds.
    pub wall_ms: u64,
    /// Processor time in milliseconds.
    pub cpu_ms: u64,
}

/// The work of a worker, provided by the caller.
pub(super) trait Executor: Sync {
    /// Does a build.
    fn build(&self, job: usize, jobs: &jobserver::Client) -> anyhow::Result<Built>;
    /// Does a run with what its build made; it may take further tokens as long as there are some.
    fn run(&self, job: usize, run: usize, product: &Product, jobs: &jobserver::Client) -> Record;
}

struct Schedule<'a> {
    jobs: &'a [Job<'a>],
    state: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    waiting_builds: BTreeSet<usize>,
    running_builds: BTreeSet<usize>,
    ready_runs: Vec<ReadyRun>,
    running: usize,
    /// The builds of which a run is under way that shares a folder with the others of its build.
    sharing: BTreeSet<usize>,
    /// Whether a build that compiles SQLite in has ended, so that later ones find its objects.
    c_is_compiled: bool,
}

struct ReadyRun {
    job: usize,
    run: usize,
    predicted_ms: u64,
    product: Arc<Product>,
}

enum Task {
    Build(usize),
    Run(ReadyRun),
}

impl Progress {
    /// The next run, the longest first, but none of a build whose runs go one by one while another of it is under way.
    fn next_run(&mut self) -> Option<ReadyRun> {
        let at = self.ready_runs.iter().rposition(|run| !self.sharing.contains(&run.job))?;
        let ready = self.ready_runs.remove(at);
        if ready.product.tmpdir.is_some() {
            self.sharing.insert(ready.job);
        }
        Some(ready)
    }
}

/// Does all jobs. Returns when all is done, or as soon as possible after an interrupt.
///
/// # Errors
/// The pool of job tokens cannot be made.
pub(super) fn run_all(host: &Host, jobs: &[Job<'_>], work: &dyn Executor, tell: Sender<Told>) -> std::io::Result<()> {
    let tokens = jobserver::Client::new(host.limits.jobs.max(1))?;
    let shared = Schedule {
        jobs,
        state: Mutex::new(Progress { waiting_builds: (0..jobs.len()).collect(), ..Progress::default() }),
        changed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _ in 0..host.limits.jobs.max(1) {
            let tell = tell.clone();
            scope.spawn(|| shared.work(host, work, &tokens, tell));
        }
    });
    Ok(())
}

impl Schedule<'_> {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, host: &Host, work: &dyn Executor, tokens: &jobserver::Client, tell: Sender<Told>) {
        while let Some(task) = self.next(host) {
            // The token that a cargo finds in its environment is the one taken here.
            let token = tokens.acquire();
            match task {
                Task::Build(job) => {
                    let _ = tell.send(Told::BuildStarted(job));
                    let summary = work.build(job, tokens).map(|built| Arc::new(summarise(built)));
                    let product = summary.as_ref().ok().and_then(|s| s.result.as_ref().ok()).map(Arc::clone);
                    // Reported before its runs can start, so that events are in causal order.
                    let _ = tell.send(Told::BuildFinished(job, summary));
                    let mut state = self.lock();
                    state.running_builds.remove(&job);
                    state.running -= 1;
                    state.c_is_compiled |= self.jobs[job].build.linkage == Some(Linkage::Static);
                    if let Some(product) = product {
                        let ready = self.jobs[job].runs.iter().map(|&(run, predicted)| ReadyRun {
                            job,
                            run,
                            predicted_ms: predicted.unwrap_or(RUN_MS),
                            product: Arc::clone(&product),
                        });
                        state.ready_runs.extend(ready);
                        // Taken from the end: the longest first, equals in the order of the cells.
                        state.ready_runs.sort_by_key(|run| (run.predicted_ms, std::cmp::Reverse(run.run)));
                    }
                }
                Task::Run(ready) => {
                    let record = work.run(ready.job, ready.run, &ready.product, tokens);
                    let _ = tell.send(Told::RunFinished(ready.run, Box::new(record)));
                    let mut state = self.lock();
                    state.running -= 1;
                    state.sharing.remove(&ready.job);
                }
            }
            drop(token);
            self.changed.notify_all();
        }
        self.changed.notify_all();
    }

    /// The next task; none when all is done or an interrupt came.
    fn next(&self, host: &Host) -> Option<Task> {
        let mut state = self.lock();
        loop {
            if host.supervisor.is_interrupted() {
                return None;
            }
            let chosen = choose(self.jobs, &state.waiting_builds, &state.running_builds, state.c_is_compiled);
            // A build that would wait for another's C is worse than a run that is ready.
            let (build_now, build_else) = match chosen {
                Some(Chosen { job, waits_for_c: false }) => (Some(job), None),
                Some(Chosen { job, waits_for_c: true }) => (None, Some(job)),
                None => (None, None),
            };
            if build_now.is_none() {
                if let Some(ready) = state.next_run() {
                    state.running += 1;
                    return Some(Task::Run(ready));
                }
            }
            if let Some(job) = build_now.or(build_else) {
                state.waiting_builds.remove(&job);
                state.running_builds.insert(job);
                state.running += 1;
                return Some(Task::Build(job));
            }
            if state.running == 0 && state.waiting_builds.is_empty() && state.ready_runs.is_empty() {
                return None;
            }
            // The time limit only bounds how late an interrupt is seen.
            let wait = self.changed.wait_timeout(state, std::time::Duration::from_millis(100));
            state = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A build that may begin.
#[derive(Debug, PartialEq, Eq)]
struct Chosen {
    job: usize,
    /// Whether it needs the C that another build is compiling this moment.
    waits_for_c: bool,
}

/// The build to begin: of a lane that is free, the lane with most left to do first. While another build compiles SQLite in
/// for the first time, one that does not need that comes first.
fn choose(
    jobs: &[Job<'_>],
    waiting: &BTreeSet<usize>,
    running: &BTreeSet<usize>,
    c_is_compiled: bool,
) -> Option<Chosen> {
    let lane = |job: usize| jobs[job].build.lane();
    let busy: BTreeSet<_> = running.iter().map(|&job| lane(job)).collect();
    let bundled = |job: usize| jobs[job].build.linkage == Some(Linkage::Static);
    let compiles_c = !c_is_compiled && running.iter().any(|&job| bundled(job));
    let mut left: BTreeMap<_, u64> = BTreeMap::new();
    for &job in waiting {
        *left.entry(lane(job)).or_default() += jobs[job].predicted_ms.unwrap_or(LATER_BUILD_MS);
    }
    let free = waiting.iter().copied().filter(|&job| !busy.contains(&lane(job)));
    let job = free.min_by_key(|&job| {
        let predicted = jobs[job].predicted_ms.unwrap_or(LATER_BUILD_MS);
        (compiles_c && bundled(job), std::cmp::Reverse(left[&lane(job)]), std::cmp::Reverse(predicted), job)
    })?;
    Some(Chosen { job, waits_for_c: compiles_c && bundled(job) })
}

/// Predicted wall time of all jobs in milliseconds: the work over the jobs at once, but no less than the longest lane.
pub(super) fn estimate_ms(jobs: &[Job<'_>], at_once: usize) -> u64 {
    let mut lanes: BTreeMap<_, u64> = BTreeMap::new();
    let mut all = 0;
    for job in jobs {
        let lane = lanes.entry(job.build.lane()).or_default();
        let unseen = if *lane == 0 { FIRST_BUILD_MS } else { LATER_BUILD_MS };
        let build = job.predicted_ms.unwrap_or(unseen);
        *lane += build;
        all += build + job.runs.iter().map(|(_, ms)| ms.unwrap_or(RUN_MS)).sum::<u64>();
    }
    (all / at_once.max(1) as u64).max(lanes.values().copied().max().unwrap_or(0))
}

fn summarise(built: Built) -> BuiltSummary {
    let ms = |d: std::time::Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    BuiltSummary { wall_ms: ms(built.wall), cpu_ms: ms(built.cpu), result: built.result.map(Arc::new) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compatrix_model::axis::ValueName;
    use compatrix_model::lockset::Lockset;
    use compatrix_model::plan::Targets;

    fn build(toolchain: &str, linkage: Linkage) -> Build {
        let dynamic = linkage == Linkage::Dynamic;
        Build {
            toolchain: ValueName::new(toolchain).unwrap(),
            linkage: Some(linkage),
            against: dynamic.then(|| ValueName::new("host").unwrap()),
            features: BTreeMap::new(),
            lockset: Lockset::LOCKED,
            staged: false,
            targets: Targets::Tests { doctests: false },
            sanitizer: None,
        }
    }

    #[test]
    fn lanes_do_not_overlap_and_no_two_builds_wait_for_the_same_c() {
        let builds = [
            build("stable", Linkage::Static),
            build("stable", Linkage::Dynamic),
            build("nightly", Linkage::Static),
            build("nightly", Linkage::Dynamic),
        ];
        let jobs: Vec<Job<'_>> =
            builds.iter().map(|build| Job { build, predicted_ms: Some(10), runs: Vec::new() }).collect();
        let set = |list: &[usize]| list.iter().copied().collect::<BTreeSet<_>>();
        let chosen = |waiting: &[usize], running: &[usize], c_is_compiled| {
            let chosen = choose(&jobs, &set(waiting), &set(running), c_is_compiled);
            chosen.map(|chosen| (chosen.job, chosen.waits_for_c))
        };
        assert_eq!(chosen(&[0, 1, 2, 3], &[], false), Some((0, false)));
        assert_eq!(chosen(&[1, 2, 3], &[0], false), Some((3, false)), "another lane, without C");
        assert_eq!(chosen(&[1, 2], &[0], false), Some((2, true)), "only if there is nothing else to do");
        assert_eq!(chosen(&[1, 2], &[0], true), Some((2, false)), "the object is there already");
        assert_eq!(chosen(&[1, 2], &[0, 3], false), None, "both lanes are busy");
    }

    #[test]
    fn runs_that_share_a_folder_go_one_by_one() {
        let ready = |job, run, tmpdir: Option<&str>| ReadyRun {
            job,
            run,
            predicted_ms: 1,
            product: Arc::new(Product { tmpdir: tmpdir.map(Into::into), ..Product::default() }),
        };
        let mut state = Progress {
            ready_runs: vec![ready(1, 0, None), ready(1, 1, None), ready(0, 2, Some("t")), ready(0, 3, Some("t"))],
            ..Progress::default()
        };
        let mut next = || state.next_run().map(|run| run.run);
        assert_eq!([next(), next(), next(), next()], [Some(3), Some(1), Some(0), None]);
        state.sharing.remove(&0);
        assert_eq!(state.next_run().map(|run| run.run), Some(2));
    }

    #[test]
    fn an_estimate_is_no_less_than_the_longest_lane() {
        let builds = [build("a", Linkage::Dynamic), build("a", Linkage::Static), build("b", Linkage::Dynamic)];
        let jobs: Vec<Job<'_>> =
            builds.iter().map(|build| Job { build, predicted_ms: Some(1000), runs: vec![(0, Some(100))] }).collect();
        assert_eq!(estimate_ms(&jobs, 1), 3300);
        assert_eq!(estimate_ms(&jobs, 8), 2000);
    }
}
