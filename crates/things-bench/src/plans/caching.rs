//! Answers that are kept.

use std::sync::Arc;

use things_store::{Access, Cache, CacheOptions, List, OpenOptions, Query, Store, Task, TaskId};

use super::given::USUAL;
use crate::report::Report;
use crate::workload::{Step, Workload};

const TASKS: u32 = 10_000;
/// In the workload.
const STEPS: usize = 4_000;

/// Hits, misses, evictions, and the rate of hits on the workload.
pub(super) fn caching(report: &mut Report) {
    let path = report.kept.with(TASKS);
    let opened = |cache: &Cache| {
        OpenOptions::new().cache(cache).open(&path, Access::ReadOnly).expect("a database that was made")
    };
    let inbox = Query::list(List::Inbox);
    let cache = of(16 << 20);
    let store = opened(&cache);
    report.time(&format!("cache-hit/{TASKS}"), USUAL, None, || asked(&store, &inbox));
    report.time_with(&format!("cache-miss/{TASKS}"), USUAL, None, || cache.clear(), |()| asked(&store, &inbox));
    evictions(report, opened);
    if report.wants("cache-workload") {
        let rate = hits(report);
        report.value("cache-workload", "hits", "%", "more", rate * 100.0);
    }
}

fn of(capacity: u64) -> Cache {
    Cache::new(CacheOptions { capacity, ..CacheOptions::default() }).expect("a cache")
}

fn asked(store: &Store, query: &Query) -> Arc<[Task]> {
    store.cached(query).expect("an answer")
}

/// A cache with room for a tenth of what is asked for: each question is a new one, and most replace another.
fn evictions(report: &mut Report, opened: impl Fn(&Cache) -> Store) {
    let cache = of(64 << 10);
    let store = opened(&cache);
    let mut n = 0;
    let bench = format!("cache-evict/{TASKS}");
    report.time(&bench, USUAL, None, || {
        n += 1;
        store.cached_task(&TaskId::from(format!("Task{:018}", 901 + (n * 7919) % 9_000).as_str())).expect("an answer")
    });
    assert!(!report.wants(&bench) || report.is_brief() || cache.stats().evictions > 0, "{:?}", cache.stats());
}

/// The share of answers that were there.
fn hits(report: &Report) -> f64 {
    let copied = report.kept.copy(TASKS);
    let cache = of(16 << 20);
    let mut store = OpenOptions::new().cache(&cache).open(copied.path(), Access::ReadWrite).expect("a copy");
    for step in Workload::new(report.times(STEPS)) {
        match step {
            Step::Ask(query) => drop(asked(&store, &query)),
            Step::Open(task) => drop(store.cached_task(&task).expect("an answer")),
            Step::Write(batch) => drop(store.apply(&batch).expect("a change")),
        }
    }
    cache.stats().hit_ratio()
}
