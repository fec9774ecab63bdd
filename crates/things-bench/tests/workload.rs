//! The cache on the workload that it is judged by.
#![cfg(feature = "cache")]

use things_bench::workload::{Step, Workload};
use things_bench::Kept;
use things_store::{Access, Cache, CacheOptions, OpenOptions, Store};

#[test]
fn the_cache_answers_85_in_100_reads_of_the_workload_and_none_wrongly() {
    let dir = tempfile::TempDir::new().unwrap();
    let copied = Kept::below(dir.path()).copy(2_000);
    let cache = Cache::new(CacheOptions::default()).unwrap();
    let store = OpenOptions::new().cache(&cache).open(copied.path(), Access::ReadOnly).unwrap();
    let mut other = Store::open_read_write(copied.path()).unwrap();
    for (number, step) in Workload::new(10_000).enumerate() {
        // Compared now and then: reading is slow.
        let compare = number % 37 == 0;
        match step {
            Step::Ask(query) => {
                let answer = store.cached(&query).unwrap();
                assert!(!compare || answer[..] == store.tasks(&query).unwrap(), "{query:?}");
            }
            Step::Open(id) => {
                let answer = store.cached_task(&id).unwrap();
                assert!(!compare || answer.first() == store.task(&id).unwrap().as_ref(), "{id}");
            }
            Step::Write(batch) => drop(other.apply(&batch).unwrap()),
        }
    }
    let stats = cache.stats();
    println!("{:.1} % hits: {stats:?}", stats.hit_ratio() * 100.0);
    assert!(stats.hit_ratio() >= 0.85 && stats.invalidations > 20, "{stats:?}");
}
