//! Tasks: what waits, what is ready and what is under way; which task begins next, and what follows from one's end. It
//! starts nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use compatrix_model::evidence::Record;
use compatrix_model::facts::Habit;
use compatrix_model::plan::predict::RUN_MS;
use compatrix_model::results::doubt::{Company, Doubt};

use super::admission::{wanted, Admission, Demand, Load};
use super::order::{choose, Chosen, Link};
use crate::build::{Doctests, Product};
use crate::ledger::Spent;
use crate::sys::account::{Usage, WINDOW};

/// A build to do and the runs that wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) link: Link,
    /// Whether it has doctests, which are a task of their own.
    pub(super) doctests: bool,
    pub(super) runs: Vec<PlannedRun>,
}

/// A run of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::walk) struct PlannedRun {
    /// Its position for the caller.
    pub(in crate::walk) run: usize,
    /// The position of its suite.
    pub(in crate::walk) suite: usize,
    /// Predicted wall time in milliseconds, if it is known.
    pub(in crate::walk) predicted_ms: Option<u64>,
    /// What it wanted of the machine the last time.
    pub(in crate::walk) usual: Option<Habit>,
    /// Whether nothing else may run meanwhile.
    pub(in crate::walk) alone: bool,
}

/// A run whose build is done.
#[derive(Debug)]
pub(super) struct ReadyRun {
    pub(super) job: usize,
    pub(super) planned: PlannedRun,
    pub(super) product: Arc<Product>,
    /// The result beside others, of one that is to be confirmed.
    pub(super) doubt: Option<Box<Doubt>>,
}

/// A result that waits for the doctests of its build.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) ready: ReadyRun,
    pub(super) record: Record,
    pub(super) company: Company,
    pub(super) spent: Spent,
}

/// A task to begin.
#[derive(Debug)]
pub(super) enum Task {
    Build(usize),
    Doctests(usize),
    Run(ReadyRun),
    /// A run while nothing else is under way.
    Alone(ReadyRun),
}

/// How many tasks were under way and had begun when one did, itself included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    running: usize,
    begun: usize,
}

/// The number of a task.
pub(super) type TaskId = usize;

/// What the machine gives this moment.
pub(super) struct Now<'a> {
    /// Bytes of memory in use.
    pub(super) memory: u64,
    /// What the processes of a task use.
    pub(super) usage: &'a dyn Fn(TaskId) -> Usage,
}

/// The runs of a suite that are under way.
#[derive(Debug, Clone, Copy, Default)]
struct OfSuite {
    runs: usize,
    /// Those too young to be measured.
    young: usize,
    /// The most memory that one of them took.
    peak_memory: u64,
    /// The most that one took that ended.
    usual_memory: u64,
}

impl OfSuite {
    /// How many may be under way before they are measured: fewer if one takes much more memory than those that ended.
    fn most_young(&self, cores: usize) -> usize {
        /// What is no matter.
        const LITTLE: u64 = 64 << 20;
        match self.peak_memory > 2 * self.usual_memory + LITTLE {
            true => cores,
            false => 2 * cores,
        }
    }
}

type Living = BTreeMap<usize, OfSuite>;

/// The state of a schedule.
#[derive(Debug)]
pub(super) struct Tasks {
    links: Vec<Link>,
    work: Vec<Work>,
    /// By suite: what its runs wanted in this walk.
    habits: BTreeMap<usize, Habit>,
    waiting_builds: BTreeSet<usize>,
    /// Builds that began before and are not yet under way here.
    begun_before: BTreeSet<usize>,
    running_builds: BTreeSet<usize>,
    waiting_doctests: BTreeSet<usize>,
    running_doctests: usize,
    /// Of these builds the doctests are done.
    doctests: BTreeMap<usize, Arc<Doctests>>,
    held: BTreeMap<usize, Vec<Held>>,
    /// The longest last.
    ready: Vec<ReadyRun>,
    /// Runs for the end, when nothing else is left.
    alone: VecDeque<ReadyRun>,
    one_alone: bool,
    /// Tasks under way; which run each is, if it is one.
    active: BTreeMap<TaskId, Option<PlannedRun>>,
    /// Further processes of runs: parts of a leak run that go side by side.
    parts: usize,
    begun: usize,
    /// The builds of which a run is under way that shares a folder with the others of its build.
    sharing: BTreeSet<usize>,
    c_is_compiled: bool,
}

impl Tasks {
    /// For this work, some builds of which began before.
    pub(super) fn new(work: Vec<Work>, begun_before: BTreeSet<usize>) -> Self {
        Self {
            links: work.iter().map(|work| work.link.clone()).collect(),
            waiting_builds: (0..work.len()).collect(),
            begun_before,
            work,
            habits: BTreeMap::new(),
            running_builds: BTreeSet::new(),
            waiting_doctests: BTreeSet::new(),
            running_doctests: 0,
            doctests: BTreeMap::new(),
            held: BTreeMap::new(),
            ready: Vec::new(),
            alone: VecDeque::new(),
            one_alone: false,
            active: BTreeMap::new(),
            parts: 0,
            begun: 0,
            sharing: BTreeSet::new(),
            c_is_compiled: false,
        }
    }

    /// Whether nothing is left to do or under way.
    pub(super) fn is_done(&self) -> bool {
        self.active.is_empty() && self.nothing_waits() && self.alone.is_empty()
    }

    fn nothing_waits(&self) -> bool {
        self.waiting_builds.is_empty() && self.waiting_doctests.is_empty() && self.ready.is_empty()
    }

    /// The next task, if one may begin; `jobs` bounds builds and doctests.
    pub(super) fn next(&mut self, admission: &Admission, jobs: usize, now: &Now<'_>) -> Option<(TaskId, Task, Begun)> {
        if self.one_alone {
            return None;
        }
        let living = self.living(now);
        let load = self.load(&living, now);
        let task = self.next_task(admission, jobs, &living, &load)?;
        let run = match &task {
            Task::Build(_) | Task::Doctests(_) => None,
            Task::Run(ready) | Task::Alone(ready) => Some(ready.planned),
        };
        let id = self.begun;
        self.active.insert(id, run);
        self.begun += 1;
        Some((id, task, Begun { running: self.active.len(), begun: self.begun }))
    }

    fn next_task(&mut self, admission: &Admission, jobs: usize, living: &Living, load: &Load) -> Option<Task> {
        if let Some(job) = self.begun_before.pop_first() {
            return Some(self.begin_build(job));
        }
        let cargos = self.running_builds.len() + self.running_doctests;
        let may_build = cargos < jobs && admission.admits_a_build(load);
        // First, because no cell of their build has its result before.
        if let Some(job) = if may_build { self.waiting_doctests.pop_first() } else { None } {
            self.running_doctests += 1;
            return Some(Task::Doctests(job));
        }
        let chosen = match may_build {
            true => choose(&self.links, &self.waiting_builds, &self.running_builds, self.c_is_compiled),
            false => None,
        };
        // A build that would wait for another's C is worse than a run that is ready.
        let (now, later) = match chosen {
            Some(Chosen { job, waits_for_c: false }) => (Some(job), None),
            Some(Chosen { job, waits_for_c: true }) => (None, Some(job)),
            None => (None, None),
        };
        if let Some(job) = now {
            return Some(self.begin_build(job));
        }
        if let Some(run) = self.next_run(admission, living, load) {
            return Some(Task::Run(run));
        }
        if let Some(job) = later {
            return Some(self.begin_build(job));
        }
        let nothing_else = self.active.is_empty() && self.nothing_waits();
        let alone = if nothing_else { self.alone.pop_front() } else { None }?;
        self.one_alone = true;
        Some(Task::Alone(alone))
    }

    fn begin_build(&mut self, job: usize) -> Task {
        self.waiting_builds.remove(&job);
        self.running_builds.insert(job);
        Task::Build(job)
    }

    /// The longest run that is admitted, but none of a build whose runs go one by one while another of it is under way.
    fn next_run(&mut self, admission: &Admission, living: &Living, load: &Load) -> Option<ReadyRun> {
        let cores = admission.cores.ceil() as usize;
        let is_admitted = |run: &ReadyRun| {
            let habit = self.habit(&run.planned, living);
            let of_suite = living.get(&run.planned.suite).copied().unwrap_or_default();
            // Of a suite that is new here, a few show first what its runs want and take.
            let has_pioneers = habit.ended == 0 && of_suite.runs >= cores;
            // What the first did may say little of the others: few begin before these are measured.
            let is_to_be_seen = run.planned.usual.is_none() && habit.is_measured_in(WINDOW);
            let has_young = is_to_be_seen && of_suite.young >= of_suite.most_young(cores);
            let is_free = !has_pioneers && !has_young && !self.sharing.contains(&run.job);
            is_free && admission.admits(load, &Demand::of(&habit))
        };
        let at = self.ready.iter().rposition(is_admitted)?;
        let ready = self.ready.remove(at);
        if ready.product.tmpdir.is_some() {
            self.sharing.insert(ready.job);
        }
        Some(ready)
    }

    /// What a run wanted the last time, or those of its suite in this walk, which may take what one under way takes;
    /// nothing ended if neither is known.
    fn habit(&self, run: &PlannedRun, living: &Living) -> Habit {
        run.usual.unwrap_or_else(|| {
            let habit = self.habits.get(&run.suite).copied().unwrap_or_default();
            let seen = living.get(&run.suite).map_or(0, |of_suite| of_suite.peak_memory);
            Habit { peak_memory: habit.peak_memory.max(seen), ..habit }
        })
    }

    /// The runs under way, by suite.
    fn living(&self, now: &Now<'_>) -> Living {
        let mut living = Living::new();
        for (id, run) in &self.active {
            let Some(run) = run else { continue };
            let usage = (now.usage)(*id);
            let of_suite = living.entry(run.suite).or_default();
            of_suite.runs += 1;
            of_suite.young += usize::from(!usage.sampled);
            of_suite.peak_memory = of_suite.peak_memory.max(usage.peak_memory);
            of_suite.usual_memory = self.habits.get(&run.suite).map_or(0, |habit| habit.peak_memory);
        }
        living
    }

    /// What the tasks under way want.
    fn load(&self, living: &Living, now: &Now<'_>) -> Load {
        let (tasks, runs) = (self.active.len() + self.parts, self.parts);
        let mut load = Load { tasks, runs, memory: now.memory, ..Load::default() };
        for (id, run) in &self.active {
            let Usage { sampled, wanted: measured, memory, .. } = (now.usage)(*id);
            let habit = run.as_ref().map(|run| self.habit(run, living));
            load.runs += usize::from(habit.is_some());
            load.wanted += wanted(sampled.then_some(measured), habit.and_then(|habit| habit.cores()));
            load.memory += habit.map_or(0, |habit| habit.peak_memory.saturating_sub(memory));
        }
        load
    }

    /// Whether a run may start one more process beside those that it has.
    pub(super) fn begin_part(&mut self, admission: &Admission, now: &Now<'_>) -> bool {
        let load = self.load(&self.living(now), now);
        let may = admission.admits(&load, &Demand { cores: 1.0, memory: 0 });
        self.parts += usize::from(may);
        may
    }

    pub(super) fn end_part(&mut self) {
        self.parts -= 1;
    }

    /// A build ended; with a product its runs and doctests are ready.
    pub(super) fn build_ended(&mut self, id: TaskId, job: usize, product: Option<Arc<Product>>) {
        self.active.remove(&id);
        self.running_builds.remove(&job);
        self.c_is_compiled |= self.links[job].compiles_c;
        let Some(product) = product else { return };
        let Work { doctests, runs, .. } = &self.work[job];
        if *doctests {
            self.waiting_doctests.insert(job);
        }
        let ready =
            |planned: &PlannedRun| ReadyRun { job, planned: *planned, product: Arc::clone(&product), doubt: None };
        let (alone, ready): (Vec<_>, Vec<_>) = runs.iter().map(ready).partition(|ready| ready.planned.alone);
        self.alone.extend(alone);
        self.ready.extend(ready);
        // Equals in the order of the cells.
        self.ready.sort_by_key(|run| (run.planned.predicted_ms.unwrap_or(RUN_MS), std::cmp::Reverse(run.planned.run)));
    }

    /// The doctests of a build ended; the results that waited for them.
    pub(super) fn doctests_ended(&mut self, id: TaskId, job: usize, doctests: Arc<Doctests>) -> Vec<Held> {
        self.active.remove(&id);
        self.running_doctests -= 1;
        self.doctests.insert(job, doctests);
        self.held.remove(&job).unwrap_or_default()
    }

    /// A run ended, whether alone or beside others; what ran beside it.
    pub(super) fn run_ended(&mut self, id: TaskId, ready: &ReadyRun, begun: Begun, spent: &Spent) -> Company {
        let company = match begun.running == 1 && self.begun == begun.begun {
            true => Company::None,
            false => Company::Others,
        };
        self.active.remove(&id);
        self.habits.entry(ready.planned.suite).or_default().add(spent.wall_ms, spent.wanted_ms, spent.peak_memory);
        self.one_alone = false;
        self.sharing.remove(&ready.job);
        company
    }

    /// The doctests of a build, if they are done; none where it has none.
    pub(super) fn doctests_of(&self, job: usize) -> Option<Option<Arc<Doctests>>> {
        match (self.work[job].doctests, self.doctests.get(&job)) {
            (false, _) => Some(None),
            (true, done) => done.map(|done| Some(Arc::clone(done))),
        }
    }

    /// Keeps a result until the doctests of its build are done.
    pub(super) fn hold(&mut self, held: Held) {
        self.held.entry(held.ready.job).or_default().push(held);
    }

    /// Lets a run be done again at the end, alone.
    pub(super) fn again_alone(&mut self, ready: ReadyRun, record: Record, company: Company) {
        let doubt = Some(Box::new(Doubt { record, company }));
        self.alone.push_back(ReadyRun { doubt, ..ready });
    }

    /// After an interrupt: the results that were to be confirmed, as they were.
    pub(super) fn unconfirmed(&mut self) -> Vec<(usize, Record)> {
        let of = |ready: ReadyRun| Some((ready.planned.run, ready.doubt?.record));
        std::mem::take(&mut self.alone).into_iter().filter_map(of).collect()
    }
}
