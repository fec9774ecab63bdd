//! Somebody else holds the database: how long it is waited, and what is said when that was too short.

use crate::support::sleepers::{short, Sleeper};
use crate::support::{has, healthy, now, plant, today, Case, Plant};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use things_store::{Access, Backoff, Batch, Change, Error, OpenOptions, Query, Store, TaskId};

/// A settled copy with one planted row, and who holds its exclusive lock.
fn locked(case: &Case, sleeper: impl FnOnce(rusqlite::Connection) -> Sleeper) -> Arc<Sleeper> {
    case.settle();
    let holder = case.raw();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    Arc::new(sleeper(holder))
}

fn options(sleeper: &Arc<Sleeper>) -> OpenOptions {
    OpenOptions::new().backoff(short()).sleep(sleeper.clone())
}

#[track_caller]
fn assert_gave_up<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert!(error.source().is_some(), "SQLite's own error");
    match error {
        Error::Locked { attempts, waited, .. } => {
            assert_eq!((attempts, waited), (4, Duration::from_millis(1 + 2 + 3)));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn opening_waits_and_then_says_locked() {
    healthy(|case| {
        let sleeper = locked(case, Sleeper::never);
        let before = case.bytes();
        for access in [Access::ReadOnly, Access::ReadWrite] {
            assert_gave_up(options(&sleeper).open(case.path(), access));
        }
        assert_eq!(sleeper.count(), 6, "{}", case.name);
        assert!(case.bytes() == before);
    });
}

#[test]
fn opening_succeeds_when_the_lock_is_given_up_in_time() {
    healthy(|case| {
        let sleeper = locked(case, |holder| Sleeper::after(2, holder));
        let store = options(&sleeper).open(case.path(), Access::ReadOnly).unwrap();
        assert_eq!(sleeper.count(), 2, "{}", case.name);
        assert_eq!(*sleeper.waits.lock().unwrap(), [Duration::from_millis(1), Duration::from_millis(2)]);
        store.inbox().unwrap();
    });
}

/// A store opened before the lock was taken, and the lock's holder.
fn open_then_locked(case: &Case, access: Access, release_at: usize) -> (Store, Arc<Sleeper>) {
    case.settle();
    plant(&case.raw(), case.vintage(), &[Plant::default()]);
    let holder = case.raw();
    let sleeper = Arc::new(Sleeper::after(release_at, case.raw()));
    let store = options(&sleeper).open(case.path(), access).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    sleeper.hold(holder);
    (store, sleeper)
}

#[test]
fn reading_waits_and_then_says_locked() {
    healthy(|case| {
        let (store, sleeper) = open_then_locked(case, Access::ReadOnly, usize::MAX);
        assert_gave_up(store.inbox());
        assert_gave_up(store.count(&Query::all()));
        assert_gave_up(store.stream(&Query::all()));
        assert_gave_up(store.snapshot());
        assert_gave_up(store.verify());
        assert_eq!(sleeper.count(), 15, "{}", case.name);
        sleeper.release();
        assert!(has(&store.anytime().unwrap(), "planted/x"), "the store goes on working");
        let mut stream = store.stream(&Query::all()).unwrap();
        assert!(stream.tasks().unwrap().all(|task| task.is_ok()));
    });
}

#[test]
fn reading_succeeds_when_the_lock_is_given_up_in_time() {
    healthy(|case| {
        let (store, sleeper) = open_then_locked(case, Access::ReadOnly, 3);
        assert!(has(&store.anytime().unwrap(), "planted/x"), "{}", case.name);
        assert_eq!(sleeper.count(), 3);
    });
}

#[test]
fn a_stream_waits_before_its_first_task() {
    healthy(|case| {
        let (store, sleeper) = open_then_locked(case, Access::ReadOnly, 1);
        let mut stream = store.stream(&Query::all()).unwrap();
        assert_eq!(sleeper.count(), 1, "{}", case.name);
        assert!(stream.tasks().unwrap().all(|task| task.is_ok()));
    });
}

#[test]
fn changing_waits_and_changes_nothing_when_it_gives_up() {
    healthy(|case| {
        let (mut store, sleeper) = open_then_locked(case, Access::ReadWrite, usize::MAX);
        let before = case.bytes();
        let batch = Batch::new(now(), today()).change(&TaskId::from("planted/x"), Change::Complete);
        assert_gave_up(store.apply(&batch));
        assert!(case.bytes() == before, "{}", case.name);
        sleeper.release();
        assert_eq!(store.apply(&batch).unwrap().tasks, 1, "the same batch, later");
    });
}

#[test]
fn changing_tries_the_whole_batch_again() {
    healthy(|case| {
        let (mut store, sleeper) = open_then_locked(case, Access::ReadWrite, 2);
        let batch = Batch::new(now(), today()).change(&TaskId::from("planted/x"), Change::Complete);
        assert_eq!(store.apply(&batch).unwrap().tasks, 1, "{}", case.name);
        assert_eq!(sleeper.count(), 2);
        assert!(has(&store.logbook().unwrap(), "planted/x"));
    });
}

#[test]
fn a_reader_that_stays_holds_a_commit_back_but_not_for_ever() {
    healthy(|case| {
        case.settle();
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let sleeper = Arc::new(Sleeper::never(case.raw()));
        let mut store = options(&sleeper).open(case.path(), Access::ReadWrite).unwrap();
        let other = case.open();
        let snapshot = other.snapshot().unwrap();
        let batch = Batch::new(now(), today()).change(&TaskId::from("planted/x"), Change::Complete);
        assert_gave_up(store.apply(&batch));
        drop(snapshot);
        assert!(has(&store.anytime().unwrap(), "planted/x"), "{}: undone", case.name);
        assert_eq!(store.apply(&batch).unwrap().tasks, 1);
    });
}

#[test]
fn readers_do_not_wait_for_a_writer_that_has_not_begun_to_commit() {
    healthy(|case| {
        case.settle();
        let writer = case.raw();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let sleeper = Arc::new(Sleeper::never(case.raw()));
        let store = options(&sleeper).open(case.path(), Access::ReadOnly).unwrap();
        store.inbox().unwrap();
        assert_eq!(sleeper.count(), 0, "{}", case.name);
    });
}

#[test]
fn without_a_back_off_there_is_one_attempt() {
    healthy(|case| {
        let sleeper = locked(case, Sleeper::never);
        let result = options(&sleeper).backoff(Backoff::none()).open(case.path(), Access::ReadOnly);
        assert!(matches!(result, Err(Error::Locked { attempts: 1, waited: Duration::ZERO, .. })), "{result:?}");
        assert_eq!(sleeper.count(), 0, "{}", case.name);
    });
}
