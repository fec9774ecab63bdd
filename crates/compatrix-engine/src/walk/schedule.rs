//! The schedule: builds and runs side by side, as many as there are job tokens, longest first.
//!
//! Workers take what is ready; the caller's thread hears of each end through a channel and is the only one that writes
//! to the ledger. Builds of one lane share a target directory and go one after another; runs of a build start as soon as
//! it is done, while other builds go on. One pool of tokens serves all cargos and all runs.
//!
//! At the end, when nothing else is left, come the runs that must be alone: those of suites that say so, and those that
//! are red beside others, which are tried once more before they are believed.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use compatrix_model::evidence::Record;
use compatrix_model::linkage::Linkage;
use compatrix_model::plan::predict::{FIRST_BUILD_MS, LATER_BUILD_MS, RUN_MS};
use compatrix_model::plan::Build;
use compatrix_model::results::doubt::{Company, Doubt};

use crate::build::{Built, Product};
use crate::sys::host::Host;

/// A build to do and the runs that wait for it.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub build: &'a Build,
    /// The build's name, for people.
    pub name: String,
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
    /// Whether the run's suite asks that nothing else runs meanwhile.
    fn is_alone(&self, run: usize) -> bool;
    /// Whether a result is to be confirmed: it is red, and perhaps only because of what ran at the same time.
    fn is_in_doubt(&self, run: usize, record: &Record, company: Company) -> bool;
    /// Does a run again while nothing else runs, and says what of both results is to be told.
    fn confirm(&self, job: usize, run: usize, product: &Product, doubt: Doubt, jobs: &jobserver::Client) -> Record;
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
    /// Runs for the end, when nothing else is left.
    alone_runs: VecDeque<ReadyRun>,
    /// Whether one of these is under way.
    one_alone: bool,
    running: usize,
    /// How many builds and runs have begun.
    begun: usize,
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
    /// The result beside others, of one that is to be confirmed.
    doubt: Option<Box<Doubt>>,
}

enum Task {
    Build(usize),
    /// A run, and how many tasks had begun when it did, itself included; none if it is alone.
    Run(ReadyRun, Option<Begun>),
}

#[derive(Clone, Copy)]
struct Begun {
    running: usize,
    begun: usize,
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

    /// The next run that must be alone, once nothing else is under way or left to do.
    fn next_alone(&mut self) -> Option<ReadyRun> {
        let nothing_else = self.running == 0 && self.waiting_builds.is_empty() && self.ready_runs.is_empty();
        let ready = if nothing_else { self.alone_runs.pop_front() } else { None };
        self.one_alone |= ready.is_some();
        ready
    }

    fn begin(&mut self) -> Begun {
        self.running += 1;
        self.begun += 1;
        Begun { running: self.running, begun: self.begun }
    }

    /// Whether something else ran since this began.
    fn company_since(&self, since: Begun) -> Company {
        match since.running == 1 && self.begun == since.begun {
            true => Company::None,
            false => Company::Others,
        }
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
    // After an interrupt: what was red is told as it was.
    for ready in std::mem::take(&mut shared.lock().alone_runs) {
        if let Some(doubt) = ready.doubt {
            let _ = tell.send(Told::RunFinished(ready.run, Box::new(doubt.record)));
        }
    }
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
                            doubt: None,
                        });
                        let (alone, ready): (Vec<_>, Vec<_>) = ready.partition(|ready| work.is_alone(ready.run));
                        state.alone_runs.extend(alone);
                        state.ready_runs.extend(ready);
                        // Taken from the end: the longest first, equals in the order of the cells.
                        state.ready_runs.sort_by_key(|run| (run.predicted_ms, std::cmp::Reverse(run.run)));
                    }
                }
                Task::Run(ready, None) => {
                    let record = match ready.doubt {
                        Some(doubt) => work.confirm(ready.job, ready.run, &ready.product, *doubt, tokens),
                        None => work.run(ready.job, ready.run, &ready.product, tokens),
                    };
                    let _ = tell.send(Told::RunFinished(ready.run, Box::new(record)));
                    let mut state = self.lock();
                    state.running -= 1;
                    state.one_alone = false;
                }
                Task::Run(ready, Some(begun)) => {
                    let record = work.run(ready.job, ready.run, &ready.product, tokens);
                    let company = self.lock().company_since(begun);
                    let in_doubt = work.is_in_doubt(ready.run, &record, company);
                    let mut told = None;
                    let mut state = self.lock();
                    state.running -= 1;
                    state.sharing.remove(&ready.job);
                    if in_doubt {
                        let doubt = Some(Box::new(Doubt { record, company }));
                        state.alone_runs.push_back(ReadyRun { doubt, ..ready });
                    } else {
                        told = Some(Told::RunFinished(ready.run, Box::new(record)));
                    }
                    drop(state);
                    told.into_iter().for_each(|told| drop(tell.send(told)));
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
            if state.one_alone {
                state = self.wait(state);
                continue;
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
                    let begun = state.begin();
                    return Some(Task::Run(ready, Some(begun)));
                }
            }
            if let Some(job) = build_now.or(build_else) {
                state.waiting_builds.remove(&job);
                state.running_builds.insert(job);
                state.begin();
                return Some(Task::Build(job));
            }
            if let Some(ready) = state.next_alone() {
                state.begin();
                return Some(Task::Run(ready, None));
            }
            if state.running == 0 && state.waiting_builds.is_empty() && state.ready_runs.is_empty() {
                return None;
            }
            state = self.wait(state);
        }
    }

    fn wait<'s>(&self, state: MutexGuard<'s, Progress>) -> MutexGuard<'s, Progress> {
        // The time limit only bounds how late an interrupt is seen.
        let wait = self.changed.wait_timeout(state, std::time::Duration::from_millis(100));
        wait.unwrap_or_else(PoisonError::into_inner).0
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
