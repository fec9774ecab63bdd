//! A machine on paper: its cores are shared by what wants to run, its clock steps by ten milliseconds, and it decides with
//! the same [`Tasks`] as the real one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::admission::Admission;
use super::super::order::Link;
use super::super::tasks::{Begun, Now, PlannedRun, Task, TaskId, Tasks, Work};
use crate::build::{Doctests, Product};
use crate::ledger::Spent;
use crate::sys::account::Usage;
use compatrix_model::evidence::{Counts, Record};
use compatrix_model::facts::Habit;
use compatrix_model::outcome::Outcome;

const STEP_MS: u64 = 10;
/// What is measured is the average over so long.
const WINDOW_MS: u64 = 200;
pub(super) const GIB: u64 = 1 << 30;

/// What a process does for a while.
#[derive(Debug, Clone, Copy)]
pub(super) enum Does {
    Sleeps(u64),
    /// One thread, this many milliseconds of processor time.
    Spins(u64),
    /// Takes this much memory, at once.
    Takes(u64),
}
use Does::{Sleeps, Spins, Takes};

/// A build, what its doctests do if it has any, and what each of its runs does.
pub(super) struct Made {
    pub(super) lane: usize,
    pub(super) build: Vec<Does>,
    pub(super) doctests: Option<Vec<Does>>,
    pub(super) runs: Vec<(usize, Vec<Does>)>,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) makespan_ms: u64,
    pub(super) most_runs: usize,
    /// Most threads that wanted a core at once.
    pub(super) most_wanted: usize,
    pub(super) most_memory: u64,
    /// When each run ended, in milliseconds, by its position.
    pub(super) ended: BTreeMap<usize, u64>,
}

struct Process {
    does: VecDeque<Does>,
    task: Option<(Task, Begun)>,
    began_ms: u64,
    cpu_ms: f64,
    wanted_ms: u64,
    memory: u64,
    /// Whether it wanted a core, for each step of the window.
    wanted: VecDeque<bool>,
}

impl Process {
    fn settle(&mut self) {
        while let Some(Takes(bytes)) = self.does.front().copied() {
            self.memory = bytes;
            self.does.pop_front();
        }
    }

    fn wants(&self) -> bool {
        matches!(self.does.front(), Some(Spins(_)))
    }

    /// One step, with this share of a core if it wants one.
    fn step(&mut self, share: f64, left: &mut f64) {
        let wants = self.wants();
        self.wanted.push_back(wants);
        self.wanted_ms += if wants { STEP_MS } else { 0 };
        if self.wanted.len() as u64 > WINDOW_MS / STEP_MS {
            self.wanted.pop_front();
        }
        let done = match wants {
            true => STEP_MS as f64 * share + *left,
            false => STEP_MS as f64,
        };
        let Some(Sleeps(ms) | Spins(ms)) = self.does.front_mut() else { return };
        let whole = (done.floor() as u64).min(*ms);
        *ms -= whole;
        if wants {
            *left = done - done.floor();
            self.cpu_ms += whole as f64;
        }
        if *ms == 0 {
            self.does.pop_front();
        }
        self.settle();
    }

    fn usage(&self, now_ms: u64) -> Usage {
        let steps = self.wanted.len().max(1) as f64;
        Usage {
            cpu: Duration::from_millis(self.cpu_ms as u64),
            wanted_time: Duration::from_millis(self.wanted_ms),
            wanted: self.wanted.iter().filter(|wanted| **wanted).count() as f64 / steps,
            memory: self.memory,
            peak_memory: self.memory,
            sampled: now_ms - self.began_ms >= WINDOW_MS,
        }
    }
}

/// Does all of it on a machine like this. `usual`: what the ledger knows of each run.
pub(super) fn simulate(made: &[Made], admission: Admission, jobs: usize, usual: Option<Habit>) -> Seen {
    let mut numbers = 0..;
    let mut does_of_run = BTreeMap::new();
    let length = |does: &[Does]| -> u64 {
        does.iter().map(|does| if let Sleeps(ms) | Spins(ms) = does { *ms } else { 0 }).sum()
    };
    let works = made.iter().map(|made| {
        let runs: Vec<PlannedRun> = made
            .runs
            .iter()
            .map(|(suite, does)| {
                let run = numbers.next().expect("numbers do not end");
                does_of_run.insert(run, does.clone());
                PlannedRun { run, suite: *suite, predicted_ms: Some(length(does)), usual, alone: false }
            })
            .collect();
        let after_ms = runs.iter().filter_map(|run| run.predicted_ms).max().unwrap_or_default();
        let link = Link { lane: made.lane, build_ms: length(&made.build), after_ms, compiles_c: false };
        Work { link, doctests: made.doctests.is_some(), runs }
    });
    let mut tasks = Tasks::new(works.collect(), Default::default());
    let (mut seen, mut now_ms, mut processes) = (Seen::default(), 0, BTreeMap::<TaskId, Process>::new());
    let mut left: BTreeMap<TaskId, f64> = BTreeMap::new();
    while !tasks.is_done() {
        loop {
            let memory = processes.values().map(|process| process.memory).sum();
            let usage = |id| processes.get(&id).map(|process: &Process| process.usage(now_ms)).unwrap_or_default();
            let Some((id, task, begun)) = tasks.next(&admission, jobs, &Now { memory, usage: &usage }) else { break };
            let does = match &task {
                Task::Build(job) => made[*job].build.clone(),
                Task::Doctests(job) => made[*job].doctests.clone().unwrap_or_default(),
                Task::Run(ready) | Task::Alone(ready) => does_of_run[&ready.planned.run].clone(),
            };
            let mut process = Process {
                does: does.into(),
                task: Some((task, begun)),
                began_ms: now_ms,
                cpu_ms: 0.0,
                wanted_ms: 0,
                memory: 0,
                wanted: VecDeque::new(),
            };
            process.settle();
            processes.insert(id, process);
        }
        assert!(!processes.is_empty(), "nothing is under way, and not all is done: {tasks:?}");
        let runs = processes.values().filter(|p| matches!(&p.task, Some((Task::Run(_) | Task::Alone(_), _)))).count();
        let wanting = processes.values().filter(|process| process.wants()).count();
        seen.most_runs = seen.most_runs.max(runs);
        seen.most_wanted = seen.most_wanted.max(wanting);
        seen.most_memory = seen.most_memory.max(processes.values().map(|process| process.memory).sum());
        let share = (admission.cores / wanting.max(1) as f64).min(1.0);
        processes.iter_mut().for_each(|(id, process)| process.step(share, left.entry(*id).or_default()));
        now_ms += STEP_MS;
        assert!(now_ms < 10_000_000, "it does not end: {tasks:?}");
        let ended: Vec<TaskId> =
            processes.iter().filter(|(_, process)| process.does.is_empty()).map(|(id, _)| *id).collect();
        for id in ended {
            let mut process = processes.remove(&id).expect("it is there");
            let (task, begun) = process.task.take().expect("it began");
            let spent = Spent {
                wall_ms: now_ms - process.began_ms,
                cpu_ms: process.cpu_ms as u64,
                wanted_ms: process.wanted_ms,
                peak_memory: process.memory,
            };
            end(&mut tasks, id, task, begun, &spent, |run| {
                seen.ended.insert(run, now_ms);
            });
        }
    }
    seen.makespan_ms = now_ms;
    seen
}

fn end(tasks: &mut Tasks, id: TaskId, task: Task, begun: Begun, spent: &Spent, mut tell: impl FnMut(usize)) {
    match task {
        Task::Build(job) => tasks.build_ended(id, job, Some(Product::default().into())),
        Task::Doctests(job) => {
            let doctests = Doctests { counts: Counts::default(), failures: Vec::new(), trouble: None };
            let held = tasks.doctests_ended(id, job, doctests.into());
            held.into_iter().for_each(|held| tell(held.ready.planned.run));
        }
        Task::Run(ready) | Task::Alone(ready) => {
            let company = tasks.run_ended(id, &ready, begun, spent);
            match tasks.doctests_of(ready.job) {
                Some(_) => tell(ready.planned.run),
                None => {
                    let cell = "rust=stable".parse().expect("a cell");
                    let record = Record::blank("tests", cell, None, Outcome::Passed, String::new());
                    tasks.hold(super::super::tasks::Held { ready, record, company, spent: *spent });
                }
            }
        }
    }
}
