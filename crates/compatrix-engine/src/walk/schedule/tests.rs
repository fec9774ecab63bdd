//! Which build or run comes next, and which runs are alone.

use std::time::Duration;

use super::*;
use crate::sys::host::Limits;
use crate::sys::supervisor::Supervisor;
use compatrix_model::axis::ValueName;
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
        sanitizer: None,
        debug: Default::default(),
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
        builds.iter().map(|build| Job { build, name: build.id(), predicted_ms: Some(10), runs: Vec::new() }).collect();
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
        doubt: None,
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
    let jobs: Vec<Job<'_>> = builds
        .iter()
        .map(|build| Job { build, name: build.id(), predicted_ms: Some(1000), runs: vec![(0, Some(100))] })
        .collect();
    assert_eq!(estimate_ms(&jobs, 1), 3300);
    assert_eq!(estimate_ms(&jobs, 8), 2000);
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
    fn build(&self, job: usize, _: &jobserver::Client) -> anyhow::Result<Built> {
        self.during(1000 + job, Outcome::Passed);
        Ok(Built { result: Ok(Product::default()), wall: Duration::ZERO, cpu: Duration::ZERO })
    }

    fn run(&self, _: usize, run: usize, _: &Product, _: &jobserver::Client) -> Record {
        self.during(run, if self.red.contains(&run) { Outcome::Failed } else { Outcome::Passed })
    }

    fn is_alone(&self, run: usize) -> bool {
        self.alone.contains(&run)
    }

    fn is_in_doubt(&self, _: usize, record: &Record, company: Company) -> bool {
        record.outcome == Outcome::Failed && company == Company::Others
    }

    fn confirm(&self, _: usize, run: usize, _: &Product, doubt: Doubt, _: &jobserver::Client) -> Record {
        let again = self.during(run, Outcome::Passed);
        Record { attempts: doubt.record.attempts + 1, ..again }
    }
}

fn host(jobs: usize) -> Host {
    let limits = Limits { jobs, offline: true, no_install: true, fresh: true, hermetic: false, committed: false };
    let (root, dir, cache) = Default::default();
    let (ambient, memo) = Default::default();
    Host { root, dir, cache, ambient, memo, supervisor: Supervisor::new("schedule"), limits, now: 0 }
}

#[track_caller]
fn walked(at_once: usize, work: &Watched) -> BTreeMap<usize, Record> {
    let builds = [build("a", Linkage::Dynamic), build("b", Linkage::Dynamic)];
    let runs = |from: usize| (from..from + 3).map(|run| (run, None)).collect();
    let jobs: Vec<Job<'_>> = builds
        .iter()
        .zip([0, 3])
        .map(|(build, at)| Job { build, name: build.id(), predicted_ms: None, runs: runs(at) })
        .collect();
    let (sender, receiver) = std::sync::mpsc::channel();
    let host = host(at_once);
    run_all(&host, &jobs, work, sender).unwrap();
    let told = receiver.into_iter().filter_map(|told| match told {
        Told::RunFinished(run, record) => Some((run, *record)),
        Told::BuildStarted(_) | Told::BuildFinished(..) => None,
    });
    let told: Vec<(usize, Record)> = told.collect();
    assert_eq!(told.len(), 6, "each run is told once");
    told.into_iter().collect()
}

#[test]
fn what_must_be_alone_is_alone() {
    let work = Watched { alone: vec![1, 4], red: vec![0, 5], ..Watched::default() };
    let records = walked(4, &work);
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
    let records = walked(1, &work);
    assert!(records.values().all(|record| record.attempts == 1));
    assert_eq!(records[&0].outcome, Outcome::Failed, "believed as it is");
}
