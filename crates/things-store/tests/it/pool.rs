//! The pool: one database for many threads.

use crate::support::{has, healthy, now, plant, small, today, Plant};
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
        let held = pool.get().unwrap();
        match pool.get() {
            Err(Error::PoolExhausted { waited, source: None }) => assert_eq!(waited, Duration::from_millis(2)),
            other => panic!("{}: {other:?}", case.name),
        }
        drop(held);
        pool.get().unwrap();
        let found = pool.statistics().unwrap();
        assert_eq!((found.lent, found.timeouts, found.in_use, found.waiting), (2, 1, 0, 0), "{}", case.name);
    });
}

/// Many more threads than connections: each gets its turn, and afterwards all connections are idle.
#[test]
fn a_saturated_pool_recovers() {
    healthy(|case| {
        let pool = Pool::with(case.path(), options(2, 60_000)).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        pool.get().unwrap().inbox().unwrap();
                    }
                });
            }
        });
        let found = pool.statistics().unwrap();
        assert_eq!((found.lent, found.timeouts), (40, 0), "{}", case.name);
        assert_eq!((found.idle, found.in_use, found.waiting), (found.open, 0, 0), "{}", case.name);
        assert!(found.reuse_rate() >= Some(0.95) && found.opened <= 2, "{}: {found:?}", case.name);
        assert_eq!(pool.store_statistics().queries["inbox"].count(), 40, "{}", case.name);
    });
}

/// Windows deletes no file that is open.
#[cfg(unix)]
#[test]
fn a_deleted_database_is_noticed_and_each_borrower_gets_the_reason() {
    healthy(|case| {
        let pool = Pool::with(case.path(), PoolOptions { minimum: 2, ..options(2, 5_000) }).unwrap();
        fs::remove_file(case.path()).unwrap();
        for _ in 0..3 {
            assert_eq!(pool.get().unwrap_err().kind(), ErrorKind::NotFound, "{}", case.name);
        }
        let found = pool.statistics().unwrap();
        assert_eq!((found.open, found.invalid, found.failed), (0, 2, 3), "{}", case.name);
    });
}

/// Or connections that are opened later would be of whatever is there then.
#[cfg(unix)]
#[test]
fn a_path_is_relative_to_the_working_directory_of_the_beginning() {
    healthy(|case| {
        let here = std::env::current_dir().unwrap();
        let up: std::path::PathBuf = here.components().skip(1).map(|_| "..").collect();
        let relative = up.join(case.path().strip_prefix("/").unwrap());
        assert!(relative.is_relative());
        let pool = Pool::with(&relative, options(1, 5_000)).unwrap();
        fs::remove_file(case.path()).unwrap();
        match pool.get() {
            Err(Error::NotFound { path }) => assert_eq!(path, here.join(&relative), "{}", case.name),
            other => panic!("{}: {other:?}", case.name),
        }
    });
}

/// Windows puts no file in the place of one that is open.
#[cfg(unix)]
#[test]
fn a_database_put_in_its_place_is_opened_instead_unless_checking_is_off() {
    healthy(|case| {
        case.settle();
        let other = case.temp.join("other.sqlite");
        fs::copy(case.path(), &other).unwrap();
        let checking = Pool::with(case.path(), options(1, 5_000)).unwrap();
        let trusting = Pool::with(case.path(), PoolOptions { check: false, ..options(1, 5_000) }).unwrap();
        let added = rusqlite::Connection::open(&other).unwrap();
        plant(&added, case.vintage(), &[Plant::default()]);
        drop(added);
        fs::rename(&other, case.path()).unwrap();
        assert!(has(&checking.get().unwrap().anytime().unwrap(), "planted/x"), "{}", case.name);
        assert_eq!(checking.statistics().unwrap().invalid, 1, "{}", case.name);
        // The store itself still notices, when it reads.
        assert_eq!(trusting.get().unwrap().anytime().unwrap_err().kind(), ErrorKind::Replaced, "{}", case.name);
        assert_eq!(trusting.statistics().unwrap().invalid, 0, "{}", case.name);
    });
}

#[test]
fn a_database_that_was_migrated_is_opened_again_as_what_it_is_now() {
    healthy(|case| {
        case.settle();
        let pool = Pool::with(case.path(), options(1, 5_000)).unwrap();
        pool.get().unwrap().inbox().unwrap();
        case.execute("UPDATE Meta SET value = replace(value, '<integer>', '<integer>9') WHERE key = 'databaseVersion'");
        assert_eq!(pool.get().unwrap_err().kind(), ErrorKind::UnknownVintage, "{}", case.name);
        case.execute("UPDATE Meta SET value = replace(value, '<integer>9', '<integer>') WHERE key = 'databaseVersion'");
        assert_eq!(pool.get().unwrap().vintage(), case.vintage(), "{}", case.name);
    });
}

#[test]
fn a_borrower_that_panics_gives_its_connection_back() {
    healthy(|case| {
        let pool = Pool::with(case.path(), options(1, 5_000)).unwrap();
        let panicked = std::thread::scope(|scope| {
            let panicking = scope.spawn(|| {
                let store = pool.get().unwrap();
                let _snapshot = store.snapshot().unwrap();
                panic!("on purpose");
            });
            panicking.join().is_err()
        });
        assert!(panicked);
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        assert!(has(&pool.get().unwrap().anytime().unwrap(), "planted/x"), "{}", case.name);
        assert_eq!(pool.statistics().unwrap().opened, 1, "{}", case.name);
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
fn a_forgotten_stream_does_not_outlive_its_loan() {
    healthy(|case| {
        case.settle();
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let pool = Pool::with(case.path(), options(1, 5_000)).unwrap();
        let store = pool.get().unwrap();
        let mut stream = store.stream(&Query::all()).unwrap();
        let mut tasks = stream.tasks().unwrap();
        tasks.next().unwrap().unwrap();
        std::mem::forget(tasks);
        // Its snapshot ends, but the statement is still at its first row, and holds a lock.
        drop(stream);
        drop(store);
        assert_eq!(pool.statistics().unwrap().closed, 1, "{}", case.name);
        plant(&case.raw(), case.vintage(), &[Plant { id: "planted/late", ..Plant::default() }]);
        assert!(has(&pool.get().unwrap().anytime().unwrap(), "planted/late"), "{}", case.name);
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
