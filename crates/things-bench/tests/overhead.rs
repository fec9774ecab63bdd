//! What keeping answers costs besides the answers: counted by the allocator, so the same on every machine.
#![cfg(feature = "cache")]

use std::sync::Arc;

use peak_alloc::PeakAlloc;
use things_bench::workload::{Step, Workload};
use things_bench::Kept;
use things_store::{Access, Cache, CacheOptions, Kind, OpenOptions, Query, Store, Task};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// One test, for everything that this process allocates is counted.
#[test]
fn a_cache_costs_less_than_a_tenth_of_its_answers_and_counts_it() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = Kept::below(dir.path()).with(10_000);
    let plain = Store::open(&path).unwrap();
    let queries: Vec<Query> = Workload::new(5_000)
        .filter_map(|step| match step {
            Step::Ask(query) => Some(query),
            Step::Open(_) | Step::Write(_) => None,
        })
        .collect();

    // Each answer once, by itself.
    let mut seen: Vec<&Query> = Vec::with_capacity(100);
    let mut answers: Vec<Arc<[Task]>> = Vec::with_capacity(100);
    plain.tasks(&Query::all()).unwrap();
    let before = ALLOCATOR.current_usage();
    for query in &queries {
        if !seen.contains(&query) {
            answers.push(plain.tasks(query).unwrap().into());
            seen.push(query);
        }
    }
    let data = ALLOCATOR.current_usage() - before;
    drop(answers);

    let options = || CacheOptions { capacity: 64 << 20, ..CacheOptions::default() };
    let read = |cache: &Cache| {
        let store = OpenOptions::new().cache(cache).open(&path, Access::ReadOnly).unwrap();
        queries.iter().for_each(|query| drop(store.cached(query).unwrap()));
        cache.stats()
    };
    // What is allocated once for the process must not count.
    read(&Cache::new(options()).unwrap());
    let before = ALLOCATOR.current_usage();
    let cache = Cache::new(options()).unwrap();
    let stats = read(&cache);
    let kept = ALLOCATOR.current_usage() - before;
    let overhead = kept as f64 / data as f64 - 1.0;
    println!("{} answers, {data} B, {kept} B kept: {:.2} % more", seen.len(), overhead * 100.0);
    assert_eq!(stats.entries, seen.len() as u64, "{stats:?}");
    assert!(overhead < 0.10, "{overhead}");

    // The smallest answers, where nodes and keys weigh most: what more of them take is what the cache says it is.
    let store = OpenOptions::new().cache(&cache).open(&path, Access::ReadOnly).unwrap();
    let all = plain.ids(&Query::all().kind(Kind::ToDo)).unwrap();
    let (some, rest) = all.split_at(2_000);
    some.iter().for_each(|id| drop(store.cached_task(id).unwrap()));
    let (before, said) = (ALLOCATOR.current_usage(), cache.stats());
    rest.iter().for_each(|id| drop(store.cached_task(id).unwrap()));
    let (kept, stats) = (ALLOCATOR.current_usage() - before, cache.stats());
    let (answers, said) = (stats.entries - said.entries, (stats.bytes - said.bytes) as usize);
    println!("{answers} answers of one task: {kept} B, said to be {said} B");
    assert!(answers > 5_000 && stats.evictions == 0, "{stats:?}");
    assert!(kept <= said && said < kept * 3 / 2, "{answers}: {kept} B, said to be {said} B");
}
