//! The pool: one database for many threads.

use crate::support::{has, healthy, now, plant, small, today, Plant};
use std::error::Error as _;
use std::fs;
use std::time::Duration;
use things_store::{Access, Batch, Change, Error, ErrorKind, OpenOptions, Pool, PoolOptions, Query, TaskId};

fn options(size: u32, wait_ms: u64) -> PoolOptions {
    PoolOptions { size, wait: Duration::from_millis(wait_ms), ..PoolOptions::default() }
}

#[test]
fn threads_share_a_pool() {
    healthy(|case| {
        let pool = Pool::with(case.path(), options(2, 5_000)).unwrap();
        let expected = case.open().count(&Query::all()).unwrap();
        std::thread::scope(|scope| {
            let count = || pool.get().unwrap().count(&Query::all()).unwrap();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), expected, "{}", case.name);
            }
        });
        assert!(pool.connections() <= 2, "{}: {}", case.name, pool.connections());
    });
}

#[test]
fn a_pool_over_a_bad_file_says_what_a_store_says() {
    small(|case| {
        if case.is_healthy() {
            assert_eq!(Pool::open(case.path()).unwrap().get().unwrap().vintage(), case.vintage());
        } else {
            let error = Pool::open(case.path()).unwrap_err();
            assert_eq!(error.kind().as_str(), case.manifest.expect, "{}: {error}", case.name);
        }
    });
}

#[test]
fn a_connection_given_back_is_used_again() {
    healthy(|case| {
        let pool = Pool::with(case.path(), options(4, 5_000)).unwrap();
        for _ in 0..3 {
            pool.get().unwrap().inbox().unwrap();
        }
        assert_eq!(pool.connections(), 1, "{}", case.name);
    });
}

#[test]
fn an_exhausted_pool_says_so_in_time() {
    healthy(|case| {
        let pool = Pool::with(case.path(), options(1, 2)).unwrap();
        // The first one is connected on another thread, for which 2 ms may be short.
        let held = loop {
            if let Ok(store) = pool.get() {
                break store;
            }
        };
        match pool.get() {
            Err(Error::PoolExhausted { waited, source: None }) => assert_eq!(waited, Duration::from_millis(2)),
            other => panic!("{}: {other:?}", case.name),
        }
        drop(held);
        pool.get().unwrap();
    });
}

#[test]
fn why_connecting_failed_is_the_source() {
    healthy(|case| {
        let pool = Pool::with(case.path(), options(1, 10)).unwrap();
        fs::remove_file(case.path()).unwrap();
        // Connecting is tried on another thread, which a busy machine may not run in time for the first ones.
        let mut sources = (0..200).map(|_| {
            let error = pool.get().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PoolExhausted, "{}", case.name);
            error.source().map(ToString::to_string)
        });
        let source = sources.find_map(|source| source).expect("a reason");
        assert!(source.contains("no file at"), "{source}");
    });
}

#[test]
fn a_forgotten_snapshot_does_not_outlive_its_loan() {
    healthy(|case| {
        let pool = Pool::with(case.path(), options(1, 5_000)).unwrap();
        let store = pool.get().unwrap();
        std::mem::forget(store.snapshot().unwrap());
        drop(store);
        // That connection was thrown away with its transaction: the next one sees what is written now.
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        assert!(has(&pool.get().unwrap().anytime().unwrap(), "planted/x"), "{}", case.name);
    });
}

#[test]
fn a_pool_can_be_opened_for_changes() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let batch = Batch::new(now(), today()).change(&TaskId::from("planted/x"), Change::Complete);
        let reading = Pool::with(case.path(), options(1, 5_000)).unwrap();
        assert!(matches!(reading.get().unwrap().apply(&batch), Err(Error::ReadOnly)));
        let writing = PoolOptions { access: Access::ReadWrite, open: OpenOptions::new(), ..options(1, 5_000) };
        let pool = Pool::with(case.path(), writing).unwrap();
        assert_eq!(pool.get().unwrap().apply(&batch).unwrap().tasks, 1, "{}", case.name);
        assert!(has(&reading.get().unwrap().logbook().unwrap(), "planted/x"));
    });
}
