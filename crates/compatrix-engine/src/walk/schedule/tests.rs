//! Which build or run comes next, and which runs are alone.

mod admitted;
mod simulated;

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::sys::host::Limits;
use crate::sys::supervisor::Supervisor;
use compatrix_model::axis::ValueName;
use compatrix_model::evidence::Counts;
use compatrix_model::facts::Habit;
use compatrix_model::lockset::Lockset;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::Targets;

fn build(toolchain: &str, linkage: Linkage) -> Build {
    let dynamic = linkage == Linkage::Dynamic;
    Build {
        toolchain: ValueName::new(toolchain).unwrap(),
        linkage: Some(linkage),
        against: dynamic.then(|| ValueName::new("host").unwrap()),
        features: BTreeMap::new(),
        left_out: Default::default(),
        lockset: Lockset::LOCKED,
        staged: false,
        targets: Targets::Tests { doctests: false },
        target: None,
        sanitizer: None,
        debug: Default::default(),
    }
}

fn planned(run: usize, predicted_ms: Option<u64>) -> PlannedRun {
    PlannedRun { run, suite: 0, predicted_ms, usual: None, alone: false }
}

#[test]
fn runs_that_share_a_folder_go_one_by_one_and_the_longest_first() {
    let mut habit = Habit::default();
    habit.add(1_000, 100, 0);
    let link = |lane| Link { lane, build_ms: 1, after_ms: 1, compiles_c: false };
    let work = |lane, runs: &[(usize, u64)]| Work {
        link: link(lane),
        doctests: false,
        runs: runs.iter().map(|&(run, ms)| PlannedRun { usual: Some(habit), ..planned(run, Some(ms)) }).collect(),
    };
    let admission = Admission { cores: 8.0, memory: 1 << 40, most_runs: 32 };
    let mut tasks = Tasks::new(vec![work(0, &[(0, 1), (1, 9)]), work(1, &[(2, 5), (3, 5)])], BTreeSet::new());
    let next = |tasks: &mut Tasks| tasks.next(&admission, 8, &Now { memory: 0, usage: &|_| Default::default() });
    for (job, tmpdir) in [(0, None), (1, Some("t"))] {
        let (id, task, _) = next(&mut tasks).expect("a build");
        assert!(matches!(task, Task::Build(begun) if begun == job));
        let product = Product { tmpdir: tmpdir.map(Into::into), ..Product::default() };
        tasks.build_ended(id, job, Some(Arc::new(product)));
    }
    let mut started = Vec::new();
    let mut shared = None;
    while let Some((id, Task::Run(ready), begun)) = next(&mut tasks) {
        started.push(ready.planned.run);
        if ready.job == 1 {
            shared = Some((id, ready, begun));
        }
    }
    assert_eq!(started, [1, 2, 0]);
    let (id, ready, begun) = shared.expect("one of them");
    assert_eq!(tasks.run_ended(id, &ready, begun, &Spent::default()), Company::Others);
    assert!(matches!(next(&mut tasks), Some((_, Task::Run(ready), _)) if ready.planned.run == 3));
}

/// Runs that note what else is under way.
#[derive(Default)]
struct Watched {
    under_way: Mutex<BTreeSet<usize>>,
    /// Each start, with what was under way then.
    starts: Mutex<Vec<(usize, Vec<usize>)>>,
    alone: Vec<usize>,
    red: Vec<usize>,
}

impl Watched {
    fn during(&self, run: usize, outcome: Outcome) -> Record {
        let lock = || self.under_way.lock().unwrap();
        let others: Vec<usize> = lock().iter().copied().collect();
        self.starts.lock().unwrap().push((run, others));
        lock().insert(run);
        std::thread::sleep(std::time::Duration::from_millis(20));
        lock().remove(&run);
        Record::blank("tests", "rust=stable".parse().unwrap(), None, outcome, String::new())
    }
}

impl Executor for Watched {
    fn begun(&self, _: usize) -> Option<Account> {
        None
    }

    fn build(&self, job: usize, _: &jobserver::Client, _: &Account) -> anyhow::Result<Built> {
        self.during(1000 + job, Outcome::Passed);
        Ok(Built { result: Ok(Product::default()), wall: Duration::ZERO, cpu: Duration::ZERO })
    }

    fn doctests(&self, job: usize, _: &jobserver::Client, _: &Account) -> Doctests {
        self.during(2000 + job, Outcome::Passed);
        let counts = Counts { passed: 7, ..Counts::default() };
        Doctests { counts, failures: Vec::new(), trouble: None }
    }

    fn run(&self, task: &RunTask<'_>) -> Record {
        self.during(task.run, if self.red.contains(&task.run) { Outcome::Failed } else { Outcome::Passed })
    }

    fn with_doctests(&self, _: usize, record: Record, doctests: &Doctests) -> Record {
        Record { doctests: Some(doctests.counts), ..record }
    }

    fn is_in_doubt(&self, _: usize, record: &Record, company: Company) -> bool {
        record.outcome == Outcome::Failed && company == Company::Others
    }

    fn believed(&self, _: &RunTask<'_>, record: Record, _: &jobserver::Client) -> Record {
        record
    }

    fn confirm(&self, task: &RunTask<'_>, doctests: Option<&Doctests>, doubt: Doubt, _: &jobserver::Client) -> Record {
        let again = self.during(task.run, Outcome::Passed);
        let doctests = doctests.map(|doctests| doctests.counts);
        Record { attempts: doubt.record.attempts + 1, doctests, ..again }
    }
}

fn host(jobs: usize) -> Host {
    let limits = Limits {
        jobs,
        serial: jobs == 1,
        offline: true,
        no_install: true,
        fresh: true,
        hermetic: false,
        committed: false,
    };
    let (root, dir, cache) = Default::default();
    let (ambient, memo) = Default::default();
    Host {
        root,
        dir,
        cache,
        ambient,
        memo,
        supervisor: Supervisor::new("schedule"),
        limits,
        now: 0,
        recording: Default::default(),
    }
}

#[track_caller]
fn walked(at_once: usize, doctests: bool, work: &Watched) -> BTreeMap<usize, Record> {
    let targets = Targets::Tests { doctests };
    let builds = ["a", "b"].map(|toolchain| Build { targets, ..build(toolchain, Linkage::Dynamic) });
    let one = |run| PlannedRun { alone: work.alone.contains(&run), ..planned(run, None) };
    let runs = |from: usize| (from..from + 3).map(one).collect();
    let jobs: Vec<Job<'_>> = builds
        .iter()
        .zip([0, 3])
        .map(|(build, at)| Job { build, name: build.id(), predicted_ms: None, doctests_ms: None, runs: runs(at) })
        .collect();
    let (sender, receiver) = std::sync::mpsc::channel();
    let host = host(at_once);
    let tokens = jobserver::Client::new(at_once).unwrap();
    run_all(&host, &jobs, &tokens, work, sender);
    let told = receiver.into_iter().filter_map(|told| match told {
        Told::RunFinished(run, record, _) => Some((run, *record)),
        Told::BuildStarted(_) | Told::BuildFinished(..) | Told::DoctestsFinished(..) => None,
    });
    let told: Vec<(usize, Record)> = told.collect();
    assert_eq!(told.len(), 6, "each run is told once");
    told.into_iter().collect()
}

#[test]
fn what_must_be_alone_is_alone() {
    let work = Watched { alone: vec![1, 4], red: vec![0, 5], ..Watched::default() };
    let records = walked(4, false, &work);
    assert_eq!(records[&0].attempts, 2, "tried again, alone");
    assert_eq!((records[&0].outcome, records[&2].attempts), (Outcome::Passed, 1));
    let starts = work.starts.into_inner().unwrap();
    assert!(starts.iter().any(|(_, others)| !others.is_empty()), "others run side by side: {starts:?}");
    let last: Vec<_> = starts.iter().skip(starts.len() - 4).collect();
    assert!(last.iter().all(|(_, others)| others.is_empty()), "{starts:?}");
    let mut names: Vec<usize> = last.iter().map(|(run, _)| *run).collect();
    names.sort_unstable();
    assert_eq!(names, [0, 1, 4, 5]);
}

#[test]
fn with_one_job_nothing_has_company() {
    let work = Watched { red: vec![0, 5], ..Watched::default() };
    let records = walked(1, true, &work);
    assert!(records.values().all(|record| record.attempts == 1));
    let starts = work.starts.into_inner().unwrap();
    assert!(starts.iter().all(|(_, others)| others.is_empty()), "{starts:?}");
    assert_eq!(records[&0].outcome, Outcome::Failed, "believed as it is");
}

#[test]
fn each_result_has_the_doctests_of_its_build() {
    let work = Watched { alone: vec![1], red: vec![0, 5], ..Watched::default() };
    let records = walked(4, true, &work);
    let passed = |record: &Record| record.doctests.map(|counts| counts.passed);
    assert!(records.values().all(|record| passed(record) == Some(7)), "{records:?}");
    let starts = work.starts.into_inner().unwrap();
    let doctests = starts.iter().filter(|(run, _)| *run >= 2000).count();
    assert_eq!(doctests, 2, "once a build: {starts:?}");
}
