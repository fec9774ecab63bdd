//! What is kept and what is not: stamps and floors, ages, bounds and bad options, most of it without a database.

use super::*;
use crate::model::{Kind, Start, Status};
use crate::query::List;
use std::sync::Mutex;

#[derive(Default)]
struct HandClock(Mutex<Duration>);

impl HandClock {
    fn set(&self, seconds: u64) {
        *self.0.lock().unwrap() = Duration::from_secs(seconds);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

fn task(id: &str, notes: usize) -> Task {
    Task {
        id: id.into(),
        kind: Kind::ToDo,
        status: Status::Incomplete,
        trashed: false,
        title: id.to_owned(),
        notes: "n".repeat(notes),
        start: Start::Inbox,
        start_date: None,
        evening: false,
        reminder: None,
        deadline: None,
        stopped: None,
        created: None,
        modified: None,
        area: None,
        project: None,
        heading: None,
        repeats_from: None,
        index: 0,
        today_index: 0,
        checklist_items: 0,
        open_checklist_items: 0,
    }
}

fn origin(path: &str) -> Origin {
    let path = std::path::Path::new(path);
    Origin::new(path, &std::fs::metadata(path).unwrap(), false, 24)
}

fn here() -> Origin {
    origin(concat!(env!("CARGO_MANIFEST_DIR"), "/src/cache_tests.rs"))
}

fn key(text: &str) -> Key {
    Key { file: here().id(), version: 24, query: Query::all().text(text) }
}

fn cache(capacity: u64) -> Cache {
    Cache::new(CacheOptions { capacity, ..CacheOptions::default() }).unwrap()
}

/// Keeps a task of `notes` bytes under `text`, read now.
fn keep(cache: &Cache, text: &str, notes: usize) {
    let stamp = cache.tick();
    cache.keep(key(text), &vec![task(text, notes)].into(), stamp, cache.inner.clock.now());
}

#[test]
fn an_answer_is_there_for_those_whose_floor_is_below_its_stamp() {
    let cache = cache(1 << 20);
    let before = cache.tick();
    keep(&cache, "a", 1);
    let after = cache.tick();
    let found = cache.find(&key("a"), before).unwrap();
    assert_eq!(found[0].title, "a");
    assert!(Arc::ptr_eq(&found, &cache.find(&key("a"), before).unwrap()), "nothing is copied");
    assert!(cache.find(&key("a"), after).is_none());
    assert!(cache.find(&key("b"), before).is_none());
}

#[test]
fn an_answer_read_before_a_commit_and_kept_after_it_is_not_given() {
    let cache = cache(1 << 20);
    let view = View::new(&cache, &here());
    assert!(!view.look(7));
    // Stamped, read, and then somebody commits; another store looks, and only now the answer is kept.
    let stamp = cache.tick();
    assert!(view.look(8));
    cache.keep(key("a"), &vec![task("old", 1)].into(), stamp, Duration::ZERO);
    assert!(!view.look(8));
    assert!(cache.find(&key("a"), view.floor.get()).is_none());
    keep(&cache, "a", 1);
    assert!(cache.find(&key("a"), view.floor.get()).is_some());
    assert_eq!(cache.stats().invalidations, 1);
}

#[test]
fn what_was_kept_before_a_store_has_looked_is_not_for_it() {
    let cache = cache(1 << 20);
    keep(&cache, "before it was opened", 1);
    let view = View::new(&cache, &here());
    keep(&cache, "before it has looked", 1);
    assert!(!view.look(1));
    assert!(cache.find(&key("before it was opened"), view.floor.get()).is_none());
    assert!(cache.find(&key("before it has looked"), view.floor.get()).is_none());
    keep(&cache, "after", 1);
    assert!(cache.find(&key("after"), view.floor.get()).is_some());
}

#[test]
fn own_writes_raise_the_floor_even_when_they_panic() {
    let cache = cache(1 << 20);
    let view = View::new(&cache, &here());
    view.look(1);
    keep(&cache, "a", 1);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _raise = view.raise_at_end();
        panic!("the caller's clock");
    }));
    assert!(result.is_err());
    assert!(cache.find(&key("a"), view.floor.get()).is_none());
}

#[test]
fn other_files_and_versions_have_other_answers() {
    let cache = cache(1 << 20);
    keep(&cache, "a", 1);
    let other = origin(concat!(env!("CARGO_MANIFEST_DIR"), "/src/cache.rs")).id();
    assert!(cache.find(&Key { file: other, ..key("a") }, 0).is_none());
    assert!(cache.find(&Key { version: 18, ..key("a") }, 0).is_none());
    assert!(cache.find(&key("a"), 0).is_some());
}

#[test]
fn time_to_live_is_by_the_clock_of_the_options() {
    let clock = Arc::new(HandClock::default());
    let options =
        CacheOptions { time_to_live: Some(Duration::from_secs(60)), clock: clock.clone(), ..CacheOptions::default() };
    let cache = Cache::new(options).unwrap();
    clock.set(1_000);
    keep(&cache, "a", 1);
    for (seconds, there) in [(1_000, true), (1_059, true), (1_060, false), (u64::MAX, false), (0, true), (999, true)] {
        clock.set(seconds);
        assert_eq!(cache.find(&key("a"), 0).is_some(), there, "{seconds}");
    }
}

#[test]
fn capacity_is_never_exceeded() {
    let cache = cache(64 << 10);
    for number in 0..500 {
        keep(&cache, &number.to_string(), number * 20);
        let stats = cache.stats();
        assert!(stats.bytes <= 64 << 10, "{stats:?}");
    }
    let stats = cache.stats();
    assert!(stats.entries > 3 && stats.evictions > 400, "{stats:?}");
    assert_eq!(stats.entries + stats.evictions, 500, "{stats:?}");
}

#[test]
fn an_answer_larger_than_the_cache_is_not_kept() {
    let cache = cache(4 << 10);
    keep(&cache, "small", 10);
    keep(&cache, "large", 5 << 10);
    assert!(cache.find(&key("large"), 0).is_none());
    assert!(cache.find(&key("small"), 0).is_some(), "nothing was removed for it");
    let stats = cache.stats();
    assert_eq!((stats.oversized, stats.evictions, stats.entries), (1, 0, 1));
}

#[test]
fn what_is_asked_for_often_stays() {
    let cache = cache(8 << 10);
    keep(&cache, "often", 500);
    for number in 0..200 {
        for _ in 0..5 {
            assert!(cache.find(&key("often"), 0).is_some(), "{number}");
        }
        cache.find(&key(&number.to_string()), 0);
        keep(&cache, &number.to_string(), 500);
    }
}

#[test]
fn clearing_removes_all() {
    let cache = cache(1 << 20);
    for number in 0..100 {
        keep(&cache, &number.to_string(), 10);
    }
    cache.clear();
    assert!((0..100).all(|number| cache.find(&key(&number.to_string()), 0).is_none()));
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.bytes, stats.evictions), (0, 0, 0));
}

#[test]
fn options_without_sense_are_refused() {
    let hour = Some(Duration::from_secs(3_600));
    for (capacity, time_to_live, option) in [
        (0, None, Some("cache.capacity")),
        (100, hour, Some("cache.capacity")),
        (1 << 20, Some(Duration::ZERO), Some("cache.time_to_live")),
        (1 << 20, Some(Duration::MAX), Some("cache.time_to_live")),
        (1 << 20, hour, None),
        (u64::MAX, None, Some("cache.capacity")),
        (isize::MAX as u64 + 1, hour, Some("cache.capacity")),
    ] {
        let options = CacheOptions { capacity, time_to_live, ..CacheOptions::default() };
        match (Cache::new(options), option) {
            (Err(Error::InvalidOption { option: found, .. }), Some(expected)) => assert_eq!(found, expected),
            (Ok(_), None) => {}
            (other, _) => panic!("{capacity} {time_to_live:?}: {other:?}"),
        }
    }
}

#[test]
fn the_memory_of_the_machine_is_what_linux_says() {
    for (text, total) in [
        ("MemTotal:       24689764 kB\nMemFree:         2 kB\n", Some(24_689_764 * 1024)),
        ("MemFree: 2 kB\nMemTotal: 1 kB\n", Some(1024)),
        ("MemTotal: 1 MB\n", None),
        ("MemTotal: 99999999999999999999 kB\n", None),
        ("MemTotal: 18446744073709551615 kB\n", None),
        ("", None),
    ] {
        assert_eq!(total_of(text), total, "{text}");
    }
    assert!(memory() <= isize::MAX as u64);
    #[cfg(all(target_os = "linux", not(miri)))]
    assert!(memory() < 1 << 50, "a petabyte");
}

#[test]
fn the_hit_ratio_of_nothing_is_zero() {
    assert_eq!(CacheStats::default().hit_ratio(), 0.0);
    assert_eq!(CacheStats { hits: 3, misses: 1, ..CacheStats::default() }.hit_ratio(), 0.75);
}

#[test]
fn every_list_and_text_is_a_query_of_its_own() {
    let queries = [Query::list(List::Inbox), Query::list(List::Anytime), Query::all(), Query::all().text("inbox")];
    let keys = queries.map(|query| Key { query, ..key("") });
    let cache = cache(1 << 20);
    for (number, key) in keys.iter().enumerate() {
        let stamp = cache.tick();
        cache.keep(key.clone(), &vec![task(&number.to_string(), 1)].into(), stamp, Duration::ZERO);
    }
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(cache.find(key, 0).unwrap()[0].title, number.to_string());
    }
}
