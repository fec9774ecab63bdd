//! The schedule: builds, doctests and runs side by side.
//!
//! One thread decides, one thread for each task carries it out; the caller hears of each end through a channel and is the
//! only one that writes to the ledger. Builds take job tokens, of which all cargos share one pool, and go one after another
//! in a lane. Doctests and runs of a build start when it is done, while other builds go on; runs hold no token but are
//! admitted by measured load ([`admission`]).
//!
//! At the end, when nothing else is left, come the runs that must be alone: those of suites that say so, and those that
//! are red beside others, which are tried once more before they are believed.

mod admission;
mod order;
mod tasks;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compatrix_model::evidence::Record;
use compatrix_model::linkage::Linkage;
use compatrix_model::plan::forecast::Room;
use compatrix_model::plan::predict::{LATER_BUILD_MS, RUN_MS};
use compatrix_model::plan::Build;
use compatrix_model::results::doubt::{Company, Doubt};

use crate::build::{Built, Doctests, NotBuilt, Product};
use crate::ledger::Spent;
use crate::run::parts::{Part, Parts};
use crate::sys::account::Account;
use crate::sys::clock::instant;
use crate::sys::host::Host;
use crate::sys::machine::Machine;
use admission::Admission;
use order::Link;
pub(super) use tasks::PlannedRun;
use tasks::{Begun, Held, Now, ReadyRun, Task, TaskId, Tasks, Work};

/// How often what is held back looks at the load again, and the longest until an interrupt is seen.
const LOOK: Duration = Duration::from_millis(50);

/// The most runs at once for each job, however little they want, and the bounds of their product: each run has files and
/// folders of its own.
const RUNS_PER_JOB: usize = 16;
const LEAST_CAP: usize = 32;
const MOST_CAP: usize = 256;

/// A build to do and the runs that wait for it.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub build: &'a Build,
    /// The build's name, for people.
    pub name: String,
    /// Predicted wall time in milliseconds, if seen before.
    pub predicted_ms: Option<u64>,
    /// The same of its doctests.
    pub doctests_ms: Option<u64>,
    /// They become ready when it is done.
    pub runs: Vec<PlannedRun>,
}

/// Messages from tasks.
#[derive(Debug)]
pub(super) enum Told {
    /// A build of this position begins.
    BuildStarted(usize),
    /// A build of this position ended. If it made nothing, its runs will not be started.
    BuildFinished(usize, anyhow::Result<Arc<BuiltSummary>>),
    /// The doctests of the build of this position ended.
    DoctestsFinished(usize, Spent),
    /// The run of this position ended.
    RunFinished(usize, Box<Record>, Spent),
}

/// The scheduler's view of a build.
#[derive(Debug)]
pub(super) struct BuiltSummary {
    /// The product, or why there is none.
    pub result: Result<Arc<Product>, NotBuilt>,
    /// What it took.
    pub spent: Spent,
}

/// A run as its executor gets it.
pub(super) struct RunTask<'t> {
    /// The position of its build.
    pub job: usize,
    /// Its own position.
    pub run: usize,
    /// What the build made.
    pub product: &'t Product,
    /// Its processes are put on this.
    pub account: &'t Account,
    /// Where it asks whether it may start further processes beside its first.
    pub parts: &'t dyn Parts,
}

/// The work of a task, provided by the caller.
pub(super) trait Executor: Sync {
    /// The account of a build that began before.
    fn begun(&self, job: usize) -> Option<Account>;
    /// Does a build, or waits for it if it began before.
    fn build(&self, job: usize, jobs: &jobserver::Client, account: &Account) -> anyhow::Result<Built>;
    /// Runs the doctests of a build.
    fn doctests(&self, job: usize, jobs: &jobserver::Client, account: &Account) -> Doctests;
    /// Does a run with what its build made.
    fn run(&self, task: &RunTask<'_>) -> Record;
    /// The result of a run with that of its build's doctests.
    fn with_doctests(&self, run: usize, record: Record, doctests: &Doctests) -> Record;
    /// Whether a result is to be confirmed: it is red, and perhaps only because of what ran at the same time.
    fn is_in_doubt(&self, run: usize, record: &Record, company: Company) -> bool;
    /// The result of a run that was alone, or what it is after another look.
    fn believed(&self, task: &RunTask<'_>, record: Record, jobs: &jobserver::Client) -> Record;
    /// Does a run again while nothing else runs, and says what of both results is to be told.
    fn confirm(
        &self,
        task: &RunTask<'_>,
        doctests: Option<&Doctests>,
        doubt: Doubt,
        jobs: &jobserver::Client,
    ) -> Record;
}

struct Schedule<'a> {
    host: &'a Host,
    work: &'a dyn Executor,
    tokens: &'a jobserver::Client,
    admission: Admission,
    machine: Machine,
    tasks: Mutex<Tasks>,
    /// Of tasks under way.
    accounts: Mutex<BTreeMap<TaskId, Account>>,
    changed: Condvar,
}

/// Does all jobs. Returns when all is done, or as soon as possible after an interrupt.
pub(super) fn run_all(
    host: &Host,
    jobs: &[Job<'_>],
    tokens: &jobserver::Client,
    work: &dyn Executor,
    tell: Sender<Told>,
) {
    let machine = Machine::look();
    let (at_once, admission) = (host.limits.jobs.max(1), admission(host, &machine));
    let begun_before: BTreeMap<usize, Account> =
        (0..jobs.len()).filter_map(|job| work.begun(job).map(|account| (job, account))).collect();
    let schedule = Schedule {
        host,
        work,
        tokens,
        admission,
        machine,
        tasks: Mutex::new(Tasks::new(works(jobs), begun_before.keys().copied().collect())),
        accounts: Mutex::default(),
        changed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        let mut tasks = schedule.lock();
        while !host.supervisor.is_interrupted() && !tasks.is_done() {
            while let Some((id, task, begun)) = schedule.next(&mut tasks, at_once) {
                let before = if let Task::Build(job) = task { begun_before.get(&job).cloned() } else { None };
                let account = schedule.open(id, before.unwrap_or_default());
                let (schedule, tell) = (&schedule, tell.clone());
                scope.spawn(move || schedule.carry_out(Started { id, account, begun }, task, &tell));
            }
            if !tasks.is_done() {
                tasks = schedule.wait(tasks);
            }
        }
    });
    for (run, record) in schedule.lock().unconfirmed() {
        let _ = tell.send(Told::RunFinished(run, Box::new(record), Spent::default()));
    }
}

fn admission(host: &Host, machine: &Machine) -> Admission {
    let at_once = host.limits.jobs.max(1);
    Admission {
        // Who asks for fewer jobs than there are cores wants to keep some.
        cores: machine.cores.min(at_once as f64),
        memory: machine.memory,
        most_runs: if host.limits.serial { 1 } else { (at_once * RUNS_PER_JOB).clamp(LEAST_CAP, MOST_CAP) },
    }
}

/// What may be under way at once, for a forecast.
pub(super) fn room(host: &Host) -> Room {
    let Admission { cores, most_runs, .. } = admission(host, &Machine::look());
    let builds = host.limits.jobs.max(1);
    Room { cores, builds, tasks: if host.limits.serial { 1 } else { builds + most_runs } }
}

/// A task that began.
struct Started {
    id: TaskId,
    account: Account,
    begun: Begun,
}

impl Schedule<'_> {
    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the machine gives now, to who decides.
    fn now<T>(&self, decide: impl FnOnce(&Now<'_>) -> T) -> T {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = |id| accounts.get(&id).map(Account::usage).unwrap_or_default();
        decide(&Now { memory: self.machine.memory_in_use(), usage: &usage })
    }

    fn next(&self, tasks: &mut Tasks, at_once: usize) -> Option<(TaskId, Task, Begun)> {
        self.now(|now| tasks.next(&self.admission, at_once, now))
    }

    fn open(&self, id: TaskId, account: Account) -> Account {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).insert(id, account.clone());
        account
    }

    fn wait<'s>(&self, tasks: MutexGuard<'s, Tasks>) -> MutexGuard<'s, Tasks> {
        self.changed.wait_timeout(tasks, LOOK).unwrap_or_else(PoisonError::into_inner).0
    }

    fn carry_out(&self, started: Started, task: Task, tell: &Sender<Told>) {
        match task {
            Task::Build(job) => self.build(&started, job, tell),
            Task::Doctests(job) => self.doctests(&started, job, tell),
            Task::Run(ready) => self.run(&started, ready, tell),
            Task::Alone(ready) => self.alone(&started, ready, tell),
        }
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(&started.id);
        self.changed.notify_all();
    }

    fn build(&self, started: &Started, job: usize, tell: &Sender<Told>) {
        // The token that a cargo finds in its environment is the one taken here, or when it began before.
        let token = self.work.begun(job).is_none().then(|| self.tokens.acquire());
        let _ = tell.send(Told::BuildStarted(job));
        let built = self.work.build(job, self.tokens, &started.account);
        let summary = built.map(|built| Arc::new(summarise(built, &started.account)));
        drop(token);
        let product = summary.as_ref().ok().and_then(|summary| summary.result.as_ref().ok()).map(Arc::clone);
        // Reported before its runs can start, so that events are in causal order.
        let _ = tell.send(Told::BuildFinished(job, summary));
        self.lock().build_ended(started.id, job, product);
    }

    fn doctests(&self, started: &Started, job: usize, tell: &Sender<Told>) {
        let clock = instant();
        let token = self.tokens.acquire();
        let doctests = Arc::new(self.work.doctests(job, self.tokens, &started.account));
        drop(token);
        let _ = tell.send(Told::DoctestsFinished(job, spent(clock.elapsed(), &started.account)));
        let held = self.lock().doctests_ended(started.id, job, Arc::clone(&doctests));
        held.into_iter().for_each(|held| self.settle(held, Some(&doctests), tell));
    }

    fn run(&self, started: &Started, ready: ReadyRun, tell: &Sender<Told>) {
        let clock = instant();
        let record = self.work.run(&self.task(started, &ready));
        let spent = spent(clock.elapsed(), &started.account);
        let mut tasks = self.lock();
        let company = tasks.run_ended(started.id, &ready, started.begun, &spent);
        let held = Held { ready, record, company, spent };
        match tasks.doctests_of(held.ready.job) {
            None => tasks.hold(held),
            Some(doctests) => {
                drop(tasks);
                self.settle(held, doctests.as_deref(), tell);
            }
        }
    }

    /// Tells the result of a run, or lets it be confirmed at the end.
    fn settle(&self, held: Held, doctests: Option<&Doctests>, tell: &Sender<Told>) {
        let Held { ready, record, company, spent } = held;
        let run = ready.planned.run;
        let record = match doctests {
            Some(doctests) => self.work.with_doctests(run, record, doctests),
            None => record,
        };
        if self.work.is_in_doubt(run, &record, company) {
            self.lock().again_alone(ready, record, company);
        } else {
            let _ = tell.send(Told::RunFinished(run, Box::new(record), spent));
        }
    }

    fn alone(&self, started: &Started, mut ready: ReadyRun, tell: &Sender<Told>) {
        let clock = instant();
        let doctests = self.lock().doctests_of(ready.job).flatten();
        let doubt = ready.doubt.take();
        let task = self.task(started, &ready);
        let record = match doubt {
            Some(doubt) => self.work.confirm(&task, doctests.as_deref(), *doubt, self.tokens),
            None => {
                let record = self.work.run(&task);
                let with = |record, doctests: &Arc<Doctests>| self.work.with_doctests(task.run, record, doctests);
                self.work.believed(&task, doctests.iter().fold(record, with), self.tokens)
            }
        };
        let spent = spent(clock.elapsed(), &started.account);
        let _ = tell.send(Told::RunFinished(ready.planned.run, Box::new(record), spent));
        self.lock().run_ended(started.id, &ready, started.begun, &spent);
    }

    fn task<'t>(&'t self, started: &'t Started, ready: &'t ReadyRun) -> RunTask<'t> {
        let (job, run) = (ready.job, ready.planned.run);
        RunTask { job, run, product: &ready.product, account: &started.account, parts: self }
    }
}

impl Parts for Schedule<'_> {
    fn begin(&self, is_needed: &dyn Fn() -> bool) -> Option<Part<'_>> {
        let mut tasks = self.lock();
        while is_needed() && !self.host.supervisor.is_interrupted() {
            if self.now(|now| tasks.begin_part(&self.admission, now)) {
                return Some(Part::of(self));
            }
            tasks = self.wait(tasks);
        }
        None
    }

    fn end(&self) {
        self.lock().end_part();
        self.changed.notify_all();
    }
}

/// The jobs as their order sees them.
fn works(jobs: &[Job<'_>]) -> Vec<Work> {
    let mut lanes: BTreeMap<String, usize> = BTreeMap::new();
    let mut work = |job: &Job<'_>| {
        let next = lanes.len();
        let lane = *lanes.entry(job.build.lane()).or_insert(next);
        let runs = job.runs.iter().map(|run| run.predicted_ms.unwrap_or(RUN_MS));
        let link = Link {
            lane,
            build_ms: job.predicted_ms.unwrap_or(LATER_BUILD_MS),
            after_ms: runs.chain(job.doctests_ms).max().unwrap_or_default(),
            compiles_c: job.build.linkage == Some(Linkage::Static),
        };
        Work { link, doctests: job.build.targets.doctests(), runs: job.runs.clone() }
    };
    jobs.iter().map(&mut work).collect()
}

fn summarise(built: Built, account: &Account) -> BuiltSummary {
    let spent = Spent { cpu_ms: ms(built.cpu), ..spent(built.wall, account) };
    BuiltSummary { spent, result: built.result.map(Arc::new) }
}

fn spent(wall: Duration, account: &Account) -> Spent {
    let usage = account.usage();
    let (cpu_ms, wanted_ms) = (ms(usage.cpu), ms(usage.wanted_time));
    Spent { wall_ms: ms(wall), cpu_ms, wanted_ms, peak_memory: usage.peak_memory }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
