//! Cached answers: the same as read ones, and never older than the last commit of anybody.

use crate::support::process::Writer;
use crate::support::{has, healthy, now, plant, today, Case, Plant};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::Duration;
use things_store::{
    Access, Batch, Cache, CacheOptions, Change, Error, ErrorKind, List, OpenOptions, Query, Sleep, Store, Task, TaskId,
};

/// How often another process commits in a test that watches it.
const COMMITS: u32 = 2_000;

fn planted() -> TaskId {
    TaskId::from("planted/x")
}

fn cache() -> Cache {
    Cache::new(CacheOptions::default()).unwrap()
}

#[track_caller]
fn open(case: &Case, cache: &Cache, access: Access) -> Store {
    OpenOptions::new().cache(cache).open(case.path(), access).unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

fn queries() -> Vec<Query> {
    let lists = [
        List::Inbox,
        List::Today(today()),
        List::Upcoming(today()),
        List::Anytime,
        List::Someday,
        List::Logbook,
        List::Trash,
    ];
    let mut queries: Vec<Query> = lists.into_iter().map(Query::list).collect();
    queries.extend([Query::all(), Query::all().text("planted"), Query::all().limit(1), Query::all().text("no such")]);
    queries
}

#[test]
fn a_hit_is_what_was_read_and_is_not_copied() {
    healthy(|case| {
        let (cache, queries) = (cache(), queries());
        let store = open(case, &cache, Access::ReadOnly);
        for query in &queries {
            let (first, again) = (store.cached(query).unwrap(), store.cached(query).unwrap());
            assert!(Arc::ptr_eq(&first, &again), "{}: {query:?}", case.name);
            assert_eq!(first[..], store.tasks(query).unwrap(), "{}: {query:?}", case.name);
        }
        let stats = cache.stats();
        let all = queries.len() as u64;
        assert_eq!((stats.hits, stats.misses, stats.entries), (all, all, all), "{}", case.name);
        assert_eq!((stats.invalidations, stats.evictions, stats.oversized), (0, 0, 0), "{}", case.name);
    });
}

#[test]
fn without_a_cache_each_answer_is_read() {
    healthy(|case| {
        let store = case.open();
        let (first, again) = (store.cached(&Query::all()).unwrap(), store.cached(&Query::all()).unwrap());
        assert_eq!(first, again, "{}", case.name);
        assert!(!Arc::ptr_eq(&first, &again));
    });
}

/// The number in the title of the planted task.
fn number(tasks: &[Task]) -> u32 {
    tasks[0].title.parse().expect("a number as the title")
}

/// Two threads read while another process commits, each counting up a title. Whatever had been committed when a
/// read began has to be in it.
fn watch_another_process(case: &Case, mode: &str) {
    plant(&case.raw(), case.vintage(), &[Plant { title: "0", ..Plant::default() }]);
    case.raw().query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).unwrap();
    let cache = cache();
    let committed = AtomicU32::new(0);
    let sql = "UPDATE \"TMTask\" SET \"title\" = ?1 WHERE \"uuid\" = 'planted/x'";
    let mut writer = Writer::start(case.path(), sql, COMMITS);
    let read = || {
        let store = open(case, &cache, Access::ReadOnly);
        let search = Query::all().text("Planted").limit(1);
        let mut last = 0;
        while last < COMMITS {
            let floor = committed.load(Ordering::SeqCst);
            let found = number(&store.cached_task(&planted()).unwrap());
            assert!(found >= floor.max(last), "{}: {found} after {floor} and {last}", case.name);
            last = found;
            // Another answer of the same store must be no older.
            store.cached(&search).unwrap();
            let again = number(&store.cached_task(&planted()).unwrap());
            assert!(again >= last, "{}: {again} after {last}", case.name);
        }
        // Nobody commits any more.
        let before = cache.stats().hits;
        assert_eq!(number(&store.cached_task(&planted()).unwrap()), COMMITS);
        assert_eq!(number(&store.cached_task(&planted()).unwrap()), COMMITS);
        assert!(cache.stats().hits > before, "{}", case.name);
    };
    std::thread::scope(|scope| {
        let readers = [scope.spawn(read), scope.spawn(read)];
        while let Some(number) = writer.committed() {
            committed.store(number, Ordering::SeqCst);
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
    writer.join();
    let stats = cache.stats();
    assert!(stats.invalidations > 0 && stats.hits > 0, "{}: {stats:?}", case.name);
}

#[test]
fn commits_of_another_process_are_never_missed_with_a_rollback_journal() {
    healthy(|case| watch_another_process(case, "DELETE"));
}

#[test]
fn commits_of_another_process_are_never_missed_with_a_write_ahead_log() {
    healthy(|case| watch_another_process(case, "WAL"));
}

#[test]
fn own_changes_show_at_once_in_all_stores() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let cache = cache();
        let mut writer = open(case, &cache, Access::ReadWrite);
        let reader = open(case, &cache, Access::ReadOnly);
        let (anytime, logbook) = (Query::list(List::Anytime), Query::list(List::Logbook));
        for change in [Change::Complete, Change::Reopen, Change::Cancel, Change::Reopen] {
            let open = change == Change::Reopen;
            for store in [&writer, &reader] {
                assert_eq!(has(&store.cached(&anytime).unwrap(), "planted/x"), !open, "{}", case.name);
                store.cached(&logbook).unwrap();
            }
            writer.apply(&Batch::new(now(), today()).change(&planted(), change)).unwrap();
            for store in [&writer, &reader] {
                assert_eq!(has(&store.cached(&anytime).unwrap(), "planted/x"), open, "{}", case.name);
                assert_eq!(has(&store.cached(&logbook).unwrap(), "planted/x"), !open, "{}", case.name);
            }
        }
    });
}

#[test]
fn a_snapshot_neither_asks_nor_fills_the_cache() {
    healthy(|case| {
        case.settle();
        case.raw().query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
        let cache = cache();
        let (held, other) = (open(case, &cache, Access::ReadOnly), open(case, &cache, Access::ReadOnly));
        let query = Query::list(List::Anytime);
        held.cached(&query).unwrap();
        let snapshot = held.snapshot().unwrap();
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        assert!(has(&other.cached(&query).unwrap(), "planted/x"), "{}", case.name);
        let before = cache.stats();
        assert!(!has(&snapshot.cached(&query).unwrap(), "planted/x"), "{}: newer than the snapshot", case.name);
        assert_eq!(cache.stats(), before, "{}", case.name);
        assert!(has(&other.cached(&query).unwrap(), "planted/x"), "{}: older than the commit", case.name);
        drop(snapshot);
        assert!(has(&held.cached(&query).unwrap(), "planted/x"), "{}", case.name);
    });
}

/// Four stores share a cache while connections past the crate commit, roll back, move the log and rebuild the file. Each
/// answer is compared with what is in the database.
fn any_order_of_events(case: &Case, mode: &str) {
    plant(&case.raw(), case.vintage(), &[Plant { title: "0", ..Plant::default() }]);
    case.raw().query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).unwrap();
    let cache = Cache::new(CacheOptions { capacity: 8 << 10, ..CacheOptions::default() }).unwrap();
    let mut stores: Vec<Store> = (0..4).map(|_| open(case, &cache, Access::ReadWrite)).collect();
    let raw = case.raw();
    let mut title = 0_u32;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for step in 0..600 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let which = (random >> 32) as usize % stores.len();
        let set = "UPDATE \"TMTask\" SET \"title\" = ?1 WHERE \"uuid\" = 'planted/x'";
        match random % 100 {
            0..=9 => {
                title += 1;
                raw.execute(set, [title]).unwrap();
            }
            10..=14 => {
                let transaction = raw.unchecked_transaction().unwrap();
                transaction.execute(set, [1_000_000]).unwrap();
                transaction.rollback().unwrap();
            }
            15..=18 => {
                let change = if random & 256 == 0 { Change::Complete } else { Change::Reopen };
                stores[which].apply(&Batch::new(now(), today()).change(&planted(), change)).unwrap();
            }
            19 => raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap(),
            20 => raw.execute_batch("VACUUM").unwrap(),
            21 => stores[which] = open(case, &cache, Access::ReadWrite),
            22 => cache.clear(),
            _ => {
                let found = stores[which].cached_task(&planted()).unwrap();
                assert_eq!(number(&found), title, "{}: step {step}", case.name);
                let lists = [Query::list(List::Logbook), Query::list(List::Anytime), Query::all().text("planted")];
                let query = &lists[(random >> 40) as usize % 3];
                let (found, read) = (stores[which].cached(query).unwrap(), stores[which].tasks(query).unwrap());
                assert_eq!(found[..], read, "{}: step {step}: {query:?}", case.name);
            }
        }
    }
    assert!(cache.stats().hits > 100, "{}: {:?}", case.name, cache.stats());
}

#[test]
fn no_order_of_events_makes_an_answer_stale_with_a_rollback_journal() {
    healthy(|case| any_order_of_events(case, "DELETE"));
}

#[test]
fn no_order_of_events_makes_an_answer_stale_with_a_write_ahead_log() {
    healthy(|case| any_order_of_events(case, "WAL"));
}

/// A copy of the database beside it, with one more task.
#[cfg(unix)]
fn successor(case: &Case) -> std::path::PathBuf {
    let other = case.temp.join("other.sqlite");
    std::fs::copy(case.path(), &other).unwrap();
    plant(&rusqlite::Connection::open(&other).unwrap(), case.vintage(), &[Plant::default()]);
    other
}

// Elsewhere an open file can be neither replaced nor removed.
#[cfg(unix)]
#[test]
fn a_replaced_database_answers_only_for_itself() {
    healthy(|case| {
        case.settle();
        let cache = cache();
        let old = open(case, &cache, Access::ReadOnly);
        let anytime = Query::list(List::Anytime);
        assert!(!has(&old.cached(&anytime).unwrap(), "planted/x"));
        std::fs::rename(successor(case), case.path()).unwrap();
        let new = open(case, &cache, Access::ReadOnly);
        for _ in 0..3 {
            assert!(has(&new.cached(&anytime).unwrap(), "planted/x"), "{}: of the old file", case.name);
            let error = old.cached(&anytime).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Replaced, "{}: {error}", case.name);
        }
    });
}

#[cfg(unix)]
#[test]
fn a_removed_database_gives_nothing_to_the_next_one_at_its_path() {
    healthy(|case| {
        case.settle();
        let cache = cache();
        let (anytime, other) = (Query::list(List::Anytime), successor(case));
        let old = open(case, &cache, Access::ReadOnly);
        old.cached(&anytime).unwrap();
        std::fs::remove_file(case.path()).unwrap();
        assert!(matches!(
            OpenOptions::new().cache(&cache).open(case.path(), Access::ReadOnly),
            Err(Error::NotFound { .. })
        ));
        // The number of the old file may be used again only when nobody holds it any more.
        drop(old);
        std::fs::copy(&other, case.path()).unwrap();
        let new = open(case, &cache, Access::ReadOnly);
        assert!(has(&new.cached(&anytime).unwrap(), "planted/x"), "{}", case.name);
    });
}

#[test]
fn databases_share_a_cache_and_no_answer() {
    healthy(|case| {
        case.settle();
        let other = case.temp.join("other.sqlite");
        std::fs::copy(case.path(), &other).unwrap();
        plant(&rusqlite::Connection::open(&other).unwrap(), case.vintage(), &[Plant::default()]);
        let cache = cache();
        let (here, there) = (
            open(case, &cache, Access::ReadOnly),
            OpenOptions::new().cache(&cache).open(&other, Access::ReadOnly).unwrap(),
        );
        for query in queries().iter().chain(&queries()) {
            assert_eq!(here.cached(query).unwrap()[..], here.tasks(query).unwrap(), "{}: {query:?}", case.name);
            assert_eq!(there.cached(query).unwrap()[..], there.tasks(query).unwrap(), "{}: {query:?}", case.name);
        }
        assert_eq!(cache.stats().hits, 2 * queries().len() as u64, "{}", case.name);
    });
}

#[test]
fn a_migration_leaves_no_answer_from_before_it() {
    healthy(|case| {
        let cache = cache();
        let store = open(case, &cache, Access::ReadOnly);
        let before = store.cached(&Query::all()).unwrap();
        let raw = case.raw();
        raw.execute_batch("ALTER TABLE \"TMTask\" RENAME COLUMN \"title\" TO \"name\"").unwrap();
        assert!(store.cached(&Query::all()).is_err(), "{}: from before the migration", case.name);
        assert!(OpenOptions::new().cache(&cache).open(case.path(), Access::ReadOnly).is_err());
        raw.execute_batch("ALTER TABLE \"TMTask\" RENAME COLUMN \"name\" TO \"title\"").unwrap();
        assert_eq!(store.cached(&Query::all()).unwrap(), before, "{}", case.name);
    });
}

#[test]
fn stores_from_before_and_after_a_migration_share_no_answer() {
    healthy(|case| {
        let cache = cache();
        let before = open(case, &cache, Access::ReadOnly);
        before.cached(&Query::all()).unwrap();
        // A version that nobody knows, with all columns that are known.
        case.execute(
            "UPDATE \"Meta\" SET \"value\" = '<plist><integer>99</integer></plist>' WHERE \"key\" = 'databaseVersion'",
        );
        assert_eq!(before.cached(&Query::all()).unwrap_err().kind(), ErrorKind::Migrated, "{}", case.name);
        let options = OpenOptions::new().cache(&cache).best_effort(true);
        if let Ok(after) = options.open(case.path(), Access::ReadOnly) {
            after.cached(&Query::all()).unwrap();
            assert_eq!(before.cached(&Query::all()).unwrap_err().kind(), ErrorKind::Migrated, "{}", case.name);
        }
    });
}

#[test]
fn an_error_is_not_kept() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant { kind: 9, ..Plant::default() }]);
        let cache = cache();
        let store = open(case, &cache, Access::ReadOnly);
        for _ in 0..2 {
            let error = store.cached_task(&planted()).unwrap_err();
            assert!(matches!(error, Error::BadValue { .. }), "{}: {error}", case.name);
        }
        assert_eq!((cache.stats().misses, cache.stats().entries), (2, 0));
        case.execute("UPDATE \"TMTask\" SET \"type\" = 0 WHERE \"uuid\" = 'planted/x'");
        assert_eq!(store.cached_task(&planted()).unwrap().len(), 1, "{}", case.name);
    });
}

struct Panicking;

impl Sleep for Panicking {
    fn sleep(&self, _: Duration) {
        panic!("woken");
    }
}

#[test]
fn a_panic_while_reading_leaves_the_cache_as_it_was() {
    healthy(|case| {
        case.settle();
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let cache = cache();
        let options = OpenOptions::new().cache(&cache).sleep(Arc::new(Panicking));
        let store = options.open(case.path(), Access::ReadOnly).unwrap();
        store.cached(&Query::all()).unwrap();
        let holder = case.raw();
        holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| store.cached(&Query::all()))).is_err(), "{}", case.name);
        holder.execute_batch("DELETE FROM \"TMTask\" WHERE \"uuid\" = 'planted/x'; COMMIT").unwrap();
        assert!(!has(&store.cached(&Query::all()).unwrap(), "planted/x"), "{}", case.name);
        assert!(!has(&open(case, &cache, Access::ReadOnly).cached(&Query::all()).unwrap(), "planted/x"));
    });
}

#[test]
fn a_cache_smaller_than_the_answer_reads_each_time() {
    healthy(|case| {
        let notes = "long ".repeat(1_000);
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        case.raw().execute("UPDATE \"TMTask\" SET \"notes\" = ?1 WHERE \"uuid\" = 'planted/x'", [&notes]).unwrap();
        let cache = Cache::new(CacheOptions { capacity: 2_000, ..CacheOptions::default() }).unwrap();
        let store = open(case, &cache, Access::ReadOnly);
        for _ in 0..3 {
            assert_eq!(store.cached_task(&planted()).unwrap()[0].notes, notes, "{}", case.name);
        }
        let stats = cache.stats();
        assert_eq!((stats.oversized, stats.hits, stats.entries, stats.bytes), (3, 0, 0, 0), "{}", case.name);
    });
}

#[cfg(feature = "pool")]
#[test]
fn the_stores_of_a_pool_share_a_cache() {
    use things_store::{Pool, PoolOptions};
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant { title: "0", ..Plant::default() }]);
        let cache = cache();
        let open = OpenOptions::new().cache(&cache);
        let pool = Pool::with(case.path(), PoolOptions { size: 3, open, ..PoolOptions::default() }).unwrap();
        let raw = case.raw();
        raw.busy_timeout(Duration::from_secs(10)).unwrap();
        let committed = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| loop {
                    let floor = committed.load(Ordering::SeqCst);
                    let found = number(&pool.get().unwrap().cached_task(&planted()).unwrap());
                    assert!(found >= floor, "{}: {found} after {floor}", case.name);
                    if floor == 200 {
                        break;
                    }
                });
            }
            for title in 1..=200 {
                raw.execute("UPDATE \"TMTask\" SET \"title\" = ?1 WHERE \"uuid\" = 'planted/x'", [title]).unwrap();
                committed.store(title, Ordering::SeqCst);
            }
        });
        let (one, two) = (pool.get().unwrap(), pool.get().unwrap());
        one.cached_task(&planted()).unwrap();
        let answer = two.cached_task(&planted()).unwrap();
        assert!(Arc::ptr_eq(&answer, &one.cached_task(&planted()).unwrap()), "{}: both have looked", case.name);
    });
}

#[test]
fn a_cache_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Cache>();
    both::<CacheOptions>();
}
