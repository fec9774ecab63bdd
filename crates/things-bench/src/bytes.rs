//! What things cost in bytes of the heap. SQLite's own memory is not in it.

#[cfg(feature = "cache")]
use things_store::{Access, Cache, CacheOptions, OpenOptions, Query, Task};
#[cfg(feature = "changes")]
use things_store::{ChangeFeed, FeedOptions};

use crate::report::Report;

/// The heap in use, in bytes, as the allocator of the program counts it.
pub type InUse = fn() -> usize;

/// Runs all of them.
pub fn all(report: &mut Report, in_use: InUse) {
    #[cfg(feature = "cache")]
    cache(report, in_use);
    #[cfg(feature = "changes")]
    subscriptions(report, in_use);
    let _ = (report, in_use);
}

/// What a full cache takes beyond its data: the same answers held in a list.
#[cfg(feature = "cache")]
fn cache(report: &mut Report, in_use: InUse) {
    const BENCH: &str = "cache-bytes";
    if !report.wants(BENCH) {
        return;
    }
    let path = report.kept.with(10_000);
    let queries: Vec<Query> = (10..110).map(|n| Query::all().limit(n * 5)).collect();
    let bytes = |act: &mut dyn FnMut() -> Box<dyn std::any::Any>| {
        let before = in_use();
        let held = act();
        let after = in_use();
        drop(held);
        after.saturating_sub(before) as f64
    };
    let cache = Cache::new(CacheOptions { capacity: 64 << 20, ..CacheOptions::default() }).expect("a cache");
    let store = OpenOptions::new().cache(&cache).open(&path, Access::ReadOnly).expect("a database that was made");
    // Statements and other one-time costs are not the cache's.
    queries.iter().for_each(|query| drop(store.tasks(query).expect("tasks")));
    let data = bytes(&mut || {
        let answers: Vec<std::sync::Arc<[Task]>> =
            queries.iter().map(|query| store.tasks(query).expect("tasks").into()).collect();
        Box::new(answers)
    });
    let kept = bytes(&mut || {
        queries.iter().for_each(|query| drop(store.cached(query).expect("an answer")));
        assert_eq!(cache.stats().entries as usize, queries.len());
        Box::new(())
    });
    report.value(BENCH, "overhead", "%", "less", (kept - data) / data * 100.0);
}

/// What each of a thousand subscriptions takes.
#[cfg(feature = "changes")]
fn subscriptions(report: &mut Report, in_use: InUse) {
    const BENCH: &str = "subscription-bytes";
    const MANY: usize = 1_000;
    if !report.wants(BENCH) {
        return;
    }
    let feed = ChangeFeed::open(report.kept.with(1_000), FeedOptions::default()).expect("a feed");
    let before = in_use();
    let subscriptions: Vec<_> = (0..MANY).map(|_| feed.subscribe()).collect();
    let bytes = in_use().saturating_sub(before) as f64;
    // The queue is the feed's, and full it is shared by all.
    let queue = FeedOptions::default().queue_bytes as f64;
    drop(subscriptions);
    report.value(BENCH, "memory", "B", "less", (bytes + queue) / MANY as f64);
}
