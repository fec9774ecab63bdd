//! Operations that take too long or are no longer wanted: what is said, and that nothing is left behind.

use crate::clocks::Looked;
use crate::support::sleepers::Sleeper;
use crate::support::{has, healthy, now, plant, today, Case, Plant};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;
use things_store::{Access, Backoff, Batch, Change, Error, ErrorKind, OpenOptions, Query, Store, TaskId};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// A settled copy with so many rows that SQLite looks at the clock often while it sorts them.
fn crowded(case: &Case) {
    case.settle();
    case.execute(
        "WITH RECURSIVE crowd (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM crowd WHERE n < 400) \
         INSERT INTO \"TMTask\" (\"uuid\", \"type\", \"status\", \"trashed\", \"start\", \"startBucket\", \"title\", \
         \"notes\", \"creationDate\", \"userModificationDate\", \"index\", \"todayIndex\", \"leavesTombstone\") \
         SELECT 'crowd/' || n, 0, 0, 0, 1, 0, 'Crowd', '', 1718000000.0, 1718000000.0, n, 0, 1 FROM crowd",
    );
}

fn opened(case: &Case, access: Access, timeout: Option<Duration>) -> (Store, Arc<Looked>) {
    let clock = Arc::new(Looked::default());
    let options = OpenOptions::new().clock(clock.clone());
    let options = timeout.into_iter().fold(options, OpenOptions::query_timeout);
    (options.open(case.path(), access).unwrap(), clock)
}

/// Nothing of what was stopped is left: the store reads and a stranger writes.
#[track_caller]
fn assert_usable(case: &Case, store: &Store) {
    plant(&case.raw(), case.vintage(), &[Plant::default()]);
    let found = store.task(&TaskId::from("planted/x")).unwrap();
    assert!(found.is_some(), "{}", case.name);
}

#[test]
fn a_query_that_takes_too_long_ends_as_timed_out() {
    healthy(|case| {
        crowded(case);
        // Each look at the clock takes a millisecond, and there are dozens of them in a sort of this size.
        let (store, clock) = opened(case, Access::ReadOnly, Some(MS(10)));
        let before = clock.looks();
        match store.tasks(&Query::all()) {
            Err(Error::TimedOut { limit }) => assert_eq!(limit, MS(10)),
            other => panic!("{}: {:?}", case.name, other.map(|tasks| tasks.len())),
        }
        assert!(clock.looks() - before < 20, "{}: {} looks", case.name, clock.looks() - before);
        assert_usable(case, &store);
        let statistics = store.statistics();
        assert_eq!((statistics.queries["tasks"].failed, statistics.queries["tasks"].count()), (1, 1));
    });
}

#[test]
fn a_query_that_is_fast_enough_does_not() {
    healthy(|case| {
        crowded(case);
        let (store, _) = opened(case, Access::ReadOnly, Some(Duration::from_secs(60)));
        for _ in 0..3 {
            assert!(store.tasks(&Query::all()).unwrap().len() >= 400, "{}", case.name);
        }
    });
}

#[test]
fn waiting_for_a_lock_counts_as_time_of_the_query() {
    // Found by its key: in a large database, too, the query itself takes no time.
    let none = TaskId::from("none");
    healthy(|case| {
        case.settle();
        let (store, _) = opened(case, Access::ReadOnly, Some(MS(4)));
        let holder = case.raw();
        holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert_eq!(store.task(&none).unwrap_err().kind(), ErrorKind::TimedOut, "{}", case.name);
        drop(holder);
        store.task(&none).unwrap();
    });
}

#[test]
fn a_wait_for_a_lock_never_outlasts_the_timeout() {
    healthy(|case| {
        case.settle();
        let sleeper = Arc::new(Sleeper::never(case.raw()));
        let hour = Duration::from_secs(3_600);
        let options = OpenOptions::new()
            .backoff(Backoff { first: hour, longest: hour, retries: 20 })
            .sleep(sleeper.clone())
            .clock(Arc::new(Looked::default()))
            .query_timeout(MS(10));
        let store = options.open(case.path(), Access::ReadOnly).unwrap();
        let holder = case.raw();
        holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::TimedOut, "{}", case.name);
        for access in [Access::ReadOnly, Access::ReadWrite] {
            let error = options.open(case.path(), access).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{}: {error}", case.name);
        }
        let waits = sleeper.waits.lock().unwrap();
        assert!(waits.len() > 3 && waits.iter().all(|wait| *wait < MS(10)), "{}: {waits:?}", case.name);
    });
}

#[test]
fn a_cancelled_query_ends_as_interrupted_and_the_next_one_runs() {
    healthy(|case| {
        crowded(case);
        let (store, clock) = opened(case, Access::ReadOnly, Some(Duration::from_secs(3_600)));
        clock.cancel_after(8, store.canceller());
        match store.tasks(&Query::all()) {
            Err(Error::Interrupted) => {}
            other => panic!("{}: {:?}", case.name, other.map(|tasks| tasks.len())),
        }
        assert!(store.tasks(&Query::all()).unwrap().len() >= 400, "{}", case.name);
        assert_usable(case, &store);
    });
}

#[test]
fn another_thread_cancels_what_runs_or_runs_next() {
    healthy(|case| {
        crowded(case);
        let store = case.open();
        let canceller = store.canceller();
        let cancelled = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                cancelled.store(true, Ordering::SeqCst);
                canceller.cancel();
            });
            // Sooner or later one of them is hit, and exactly one.
            let error = loop {
                if let Err(error) = store.tasks(&Query::all()) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{}", case.name);
            assert!(cancelled.load(Ordering::SeqCst));
        });
        for _ in 0..3 {
            store.tasks(&Query::all()).unwrap();
        }
    });
}

#[test]
fn a_cancelled_batch_leaves_the_database_as_it_was() {
    healthy(|case| {
        crowded(case);
        let (mut store, clock) = opened(case, Access::ReadWrite, Some(Duration::from_secs(3_600)));
        let before = case.bytes();
        let mut batch = Batch::new(now(), today());
        batch.extend((1..=400).map(|n| (TaskId::from(format!("crowd/{n}").as_str()), Change::Trash)));
        store.canceller().cancel();
        assert_eq!(store.apply(&batch).unwrap_err().kind(), ErrorKind::Interrupted, "{}", case.name);
        assert!(case.bytes() == before, "{}: before its first statement", case.name);
        // While statements run: each has its own count of steps, so only a long one is interrupted.
        clock.cancel_after(3, store.canceller());
        let (result, after) = (store.apply(&batch), case.bytes());
        match result {
            Ok(applied) => assert_eq!(applied.tasks, 400),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Interrupted, "{}", case.name);
                assert!(after == before, "{}: changed by a cancelled batch", case.name);
            }
        }
    });
}

#[test]
fn a_stream_ends_with_its_error_and_its_snapshot_is_closed() {
    healthy(|case| {
        crowded(case);
        let (store, _) = opened(case, Access::ReadOnly, None);
        let mut stream = store.stream(&Query::all()).unwrap();
        let mut tasks = stream.tasks().unwrap();
        let seen = tasks.by_ref().take(5).map(Result::unwrap).count();
        assert_eq!(seen, 5, "{}", case.name);
        store.canceller().cancel();
        assert_eq!(tasks.next().unwrap().unwrap_err().kind(), ErrorKind::Interrupted, "{}", case.name);
        assert!(tasks.next().is_none() && tasks.next().is_none(), "{}", case.name);
        drop(tasks);
        // Within the same snapshot it can be read from the start.
        assert!(stream.tasks().unwrap().count() >= 400, "{}", case.name);
        stream.close().unwrap();
        assert_usable(case, &store);
        let streams = &store.statistics().queries["stream"];
        assert_eq!((streams.count(), streams.failed), (2, 1), "{}", case.name);
    });
}

#[test]
fn a_stream_that_takes_too_long_to_start_says_so() {
    healthy(|case| {
        crowded(case);
        let (store, _) = opened(case, Access::ReadOnly, Some(MS(10)));
        let mut stream = store.stream(&Query::all()).unwrap();
        let mut tasks = stream.tasks().unwrap();
        // The first step sorts everything.
        assert_eq!(tasks.next().unwrap().unwrap_err().kind(), ErrorKind::TimedOut, "{}", case.name);
        assert!(tasks.next().is_none());
        drop(tasks);
        drop(stream);
        assert_usable(case, &store);
    });
}

#[test]
fn damage_in_the_middle_of_a_stream_is_an_error_and_not_its_end() {
    healthy(|case| {
        crowded(case);
        let store = case.open();
        let whole = store.stream(&Query::all()).unwrap().tasks().unwrap().count();
        drop(store);
        // The last page with a title on it: a leaf of the table, which opening does not read.
        let page_size = usize::try_from(case.integer("PRAGMA page_size")).unwrap();
        let mut bytes = case.bytes().0;
        let title = bytes.windows(5).rposition(|five| five == b"Crowd").unwrap();
        let page = title / page_size * page_size;
        bytes[page..page + page_size].fill(0xff);
        std::fs::write(case.path(), bytes).unwrap();
        let store = case.open();
        let mut stream = store.stream(&Query::all()).unwrap();
        let results: Vec<_> = match stream.tasks() {
            Ok(tasks) => tasks.collect(),
            Err(error) => vec![Err(error)],
        };
        let last = results.last().expect("an error at least").as_ref().unwrap_err();
        assert_eq!(last.kind(), ErrorKind::Corrupt, "{}: {last}", case.name);
        assert!(results.len() <= whole, "{}", case.name);
    });
}

#[cfg(feature = "pool")]
#[test]
fn a_canceller_has_no_effect_on_the_next_borrower() {
    use things_store::{Pool, PoolOptions};
    healthy(|case| {
        let pool = Pool::with(case.path(), PoolOptions { size: 1, ..PoolOptions::default() }).unwrap();
        let store = pool.get().unwrap();
        let canceller = store.canceller();
        canceller.cancel();
        drop(store);
        pool.get().unwrap().inbox().unwrap();
        canceller.cancel();
        let store = pool.get().unwrap();
        store.inbox().unwrap();
        store.canceller().cancel();
        assert_eq!(store.inbox().unwrap_err().kind(), ErrorKind::Interrupted, "{}", case.name);
        assert_eq!(pool.statistics().unwrap().opened, 1, "an interrupted connection is as good as new");
    });
}

#[test]
fn options_are_refused_before_the_file_is_looked_at() {
    let options = OpenOptions::new().query_timeout(Duration::ZERO);
    let error = options.open("no/such/main.sqlite", Access::ReadOnly).unwrap_err();
    assert!(matches!(error, Error::InvalidOption { option: "query_timeout", .. }), "{error}");
    healthy(|case| {
        let before = case.bytes();
        assert_eq!(options.open(case.path(), Access::ReadWrite).unwrap_err().kind(), ErrorKind::InvalidOption);
        assert!(case.bytes() == before, "{}", case.name);
        assert!(!has(&case.open().anytime().unwrap(), "planted/x"));
    });
}
