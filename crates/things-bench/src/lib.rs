//! What is measured of things-store, and on which databases. The benches `store` and `gate` measure all of [`BENCHES`],
//! the bench `plans` what its targets are about.

#![allow(clippy::disallowed_methods, reason = "benches read the environment and the clock, and write scratch files")]

pub mod bytes;
mod database;
pub mod plans;
mod report;
pub mod workload;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use things_store::{AreaId, Date, Kind, List, Query, Store, TagId, TaskId};

pub use database::{Copied, Kept};
pub use report::{high_water_mark, nanoseconds, Effort, Handled, Report};

/// The variable with the path of the database to measure on, as the tests of things-store have it.
pub const GIVEN: &str = "THINGS_STORE_FIXTURE";

/// A database that is built from the fixtures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A household of 51 tasks.
    Small,
    /// 2,000 tasks, the first of [`Size::Large`]: a bench takes a few milliseconds at most.
    Medium,
    /// 10,000 tasks.
    Large,
    /// As many tasks, from the same generator.
    Tasks(u32),
}

impl Size {
    fn rows(self) -> String {
        match self {
            Size::Small => database::household(),
            Size::Medium => database::generated(2_000),
            Size::Large => database::generated(10_000),
            Size::Tasks(tasks) => database::generated(tasks),
        }
    }
}

/// An open database, and some of what is in it.
#[derive(Debug)]
pub struct Scene {
    store: Store,
    path: PathBuf,
    today: Date,
    areas: Vec<AreaId>,
    tags: Vec<TagId>,
    projects: Vec<TaskId>,
    to_dos: Vec<TaskId>,
    /// Removed with it.
    _dir: Option<TempDir>,
}

impl Scene {
    /// The database of [`GIVEN`], or else one that is built.
    pub fn given_or(size: Size) -> Self {
        match std::env::var_os(GIVEN) {
            Some(given) => Self::of(given.into(), None),
            None => Self::built(size),
        }
    }

    /// A new database of this size.
    pub fn built(size: Size) -> Self {
        let dir = TempDir::new().expect("a folder for the database");
        let path = dir.path().join("things.sqlite");
        database::write(&path, &size.rows());
        Self::of(path, Some(dir))
    }

    /// The open database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The file that it reads.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn of(path: PathBuf, dir: Option<TempDir>) -> Self {
        let store = Store::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let ids = |kind, most| -> Vec<TaskId> {
            let tasks = store.tasks(&Query::all().kind(kind).limit(most)).expect("tasks");
            tasks.into_iter().map(|task| task.id).collect()
        };
        Self {
            today: "2024-06-12".parse().expect("a date"),
            areas: store.areas().expect("areas").into_iter().map(|area| area.id).collect(),
            tags: store.tags().expect("tags").into_iter().map(|tag| tag.id).collect(),
            projects: ids(Kind::Project, 5),
            to_dos: ids(Kind::ToDo, 50),
            store,
            path,
            _dir: dir,
        }
    }
}

/// One thing that is measured.
#[derive(Debug, Clone, Copy)]
pub struct Bench {
    /// Its name in reports.
    pub name: &'static str,
    run: fn(&Scene) -> things_store::Result<usize>,
}

impl Bench {
    /// Does it once, and gives how many rows it was about.
    pub fn run(&self, scene: &Scene) -> usize {
        (self.run)(scene).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Does it once to warm up and then until `time` is over, five times at least: nanoseconds of each.
    pub fn samples(&self, scene: &Scene, time: Duration) -> Vec<u64> {
        std::hint::black_box(self.run(scene));
        let (began, mut samples) = (Instant::now(), Vec::new());
        while samples.len() < 5 || began.elapsed() < time {
            let before = Instant::now();
            std::hint::black_box(self.run(scene));
            samples.push(u64::try_from(before.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        samples
    }
}

/// Everything that is measured.
pub const BENCHES: &[Bench] = &[
    Bench { name: "open", run: |scene| Store::open(&scene.path).map(|_| 1) },
    Bench { name: "inbox", run: |scene| scene.store.inbox().map(|tasks| tasks.len()) },
    Bench { name: "today", run: |scene| scene.store.today(scene.today).map(|tasks| tasks.len()) },
    Bench { name: "upcoming", run: |scene| scene.store.upcoming(scene.today).map(|tasks| tasks.len()) },
    Bench { name: "anytime", run: |scene| scene.store.anytime().map(|tasks| tasks.len()) },
    Bench { name: "someday", run: |scene| scene.store.someday().map(|tasks| tasks.len()) },
    Bench { name: "logbook", run: |scene| scene.store.logbook().map(|tasks| tasks.len()) },
    Bench { name: "trash", run: |scene| scene.store.trash().map(|tasks| tasks.len()) },
    Bench { name: "projects", run: |scene| scene.store.projects().map(|tasks| tasks.len()) },
    Bench { name: "headings", run: |scene| each(&scene.projects, |id| scene.store.headings(id).map(|all| all.len())) },
    Bench { name: "deadlines", run: |scene| scene.store.deadlines(Some(scene.today)).map(|tasks| tasks.len()) },
    Bench { name: "search", run: |scene| scene.store.search("review").map(|tasks| tasks.len()) },
    Bench { name: "by-tag", run: |scene| each(&scene.tags[..1], |id| scene.store.by_tag(id).map(|all| all.len())) },
    Bench { name: "by-area", run: |scene| each(&scene.areas[..1], |id| scene.store.by_area(id).map(|all| all.len())) },
    Bench { name: "tags-of", run: |scene| each(&scene.to_dos, |id| scene.store.tags_of(id).map(|all| all.len())) },
    Bench { name: "checklists", run: |scene| each(&scene.to_dos, |id| scene.store.checklist(id).map(|all| all.len())) },
    Bench { name: "tasks-by-id", run: |scene| each(&scene.to_dos, |id| scene.store.task(id).map(|_| 1)) },
    Bench { name: "count", run: |scene| scene.store.count(&Query::list(List::Logbook)).map(|_| 1) },
    Bench { name: "stream", run: stream },
];

fn each<T>(all: &[T], one: impl Fn(&T) -> things_store::Result<usize>) -> things_store::Result<usize> {
    all.iter().map(one).sum()
}

fn stream(scene: &Scene) -> things_store::Result<usize> {
    let mut stream = scene.store.stream(&Query::all())?;
    let mut rows = 0;
    for task in stream.tasks()? {
        task?;
        rows += 1;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{plans, Kept, Report, Scene, Size, BENCHES};

    #[test]
    fn each_bench_finds_rows_in_each_database() {
        for (size, tasks) in
            [(Size::Small, 51), (Size::Medium, 2_000), (Size::Large, 10_000), (Size::Tasks(3_000), 3_000)]
        {
            let scene = Scene::built(size);
            let connection = Connection::open(&scene.path).unwrap();
            let found: u32 = connection.query_row("SELECT count(*) FROM TMTask", [], |row| row.get(0)).unwrap();
            assert_eq!(found, tasks);
            for bench in BENCHES {
                assert!(bench.run(&scene) > 0, "{} on {size:?}", bench.name);
            }
        }
    }

    #[test]
    fn each_bench_of_the_plans_runs_once_and_reports() {
        let dir = tempfile::TempDir::new().unwrap();
        let mut report = Report::brief(Kept::below(dir.path()));
        plans::all(&mut report);
        let benches: Vec<&str> = report.text().lines().filter_map(|line| line.split('"').nth(3)).collect();
        assert!(benches.len() >= 30, "{benches:?}");
        let different: std::collections::BTreeSet<&&str> = benches.iter().collect();
        assert_eq!(different.len(), benches.len(), "{benches:?}");
    }
}
