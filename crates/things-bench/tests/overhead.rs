//! What keeping answers costs besides the answers: counted by the allocator, so the same on every machine.
#![cfg(feature = "cache")]

use std::alloc::System;
use std::sync::Arc;

use cap::Cap;
use things_bench::workload::{workload, Step};
use things_bench::{Scene, Size};
use things_store::{Access, Cache, CacheOptions, Kind, OpenOptions, Query, Task, TaskId};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// One test, for everything that this process allocates is counted.
#[test]
fn a_cache_costs_less_than_a_tenth_of_its_answers_and_counts_it() {
    let scene = Scene::built(Size::Large);
    let plain = scene.store();
    let tasks = plain.tasks(&Query::all().kind(Kind::ToDo).limit(100)).unwrap();
    let tasks: Vec<TaskId> = tasks.into_iter().map(|task| task.id).collect();
    let today = "2024-06-12".parse().unwrap();
    let steps: Vec<Step> = workload(today, &tasks).take(5_000).filter(|step| *step != Step::Commit).collect();

    // Each answer once, by itself.
    let mut seen = Vec::new();
    let mut answers: Vec<Arc<[Task]>> = Vec::with_capacity(1_000);
    let before = ALLOCATOR.allocated();
    for step in &steps {
        if !seen.contains(&step) {
            let answer = match step {
                Step::Tasks(query) => plain.tasks(query).unwrap(),
                Step::Task(id) => plain.task(id).unwrap().into_iter().collect(),
                Step::Commit => unreachable!("filtered"),
            };
            answers.push(answer.into());
            seen.push(step);
        }
    }
    let list = seen.capacity() * std::mem::size_of::<&Step>();
    let data = ALLOCATOR.allocated() - before - list;
    drop(answers);

    let options = || CacheOptions { capacity: 64 << 20, ..CacheOptions::default() };
    let read = |cache: &Cache| {
        let store = OpenOptions::new().cache(cache).open(scene.path(), Access::ReadOnly).unwrap();
        for step in &steps {
            match step {
                Step::Tasks(query) => drop(store.cached(query).unwrap()),
                Step::Task(id) => drop(store.cached_task(id).unwrap()),
                Step::Commit => {}
            }
        }
        cache.stats()
    };
    // What is allocated once for the process must not count.
    read(&Cache::new(options()).unwrap());
    let before = ALLOCATOR.allocated();
    let cache = Cache::new(options()).unwrap();
    let stats = read(&cache);
    let kept = ALLOCATOR.allocated() - before;
    let overhead = kept as f64 / data as f64 - 1.0;
    println!("{} answers, {data} B, {kept} B kept: {:.2} % more", seen.len(), overhead * 100.0);
    assert_eq!(stats.entries, seen.len() as u64, "{stats:?}");
    assert!(overhead < 0.10, "{overhead}");

    // The smallest answers, where nodes and keys weigh most: what more of them take is what the cache says it is.
    let store = OpenOptions::new().cache(&cache).open(scene.path(), Access::ReadOnly).unwrap();
    let all = plain.ids(&Query::all().kind(Kind::ToDo)).unwrap();
    let (some, rest) = all.split_at(2_000);
    some.iter().for_each(|id| drop(store.cached_task(id).unwrap()));
    let (before, said) = (ALLOCATOR.allocated(), cache.stats());
    rest.iter().for_each(|id| drop(store.cached_task(id).unwrap()));
    let (kept, stats) = (ALLOCATOR.allocated() - before, cache.stats());
    let (answers, said) = (stats.entries - said.entries, (stats.bytes - said.bytes) as usize);
    println!("{answers} answers of one task: {kept} B, said to be {said} B");
    assert!(answers > 5_000 && stats.evictions == 0, "{stats:?}");
    assert!(kept <= said && said < kept * 3 / 2, "{answers}: {kept} B, said to be {said} B");
}
