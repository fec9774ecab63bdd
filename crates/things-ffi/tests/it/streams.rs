//! Streams: errors between tasks, one state of the database, and ends in any order.

#![allow(clippy::undocumented_unsafe_blocks)] // Each call gets strings and places that live until it returns.

use crate::c::{self, made, Handle};
use crate::support::{healthy, plant, Plant};
use things_ffi::*;

fn stream(store: &Handle<ThingsStore>) -> Handle<ThingsStream> {
    let query = c::everything();
    made(things_stream_free, |out| unsafe { things_stream_open(store.0, query.0, out) }).unwrap()
}

fn next(stream: &Handle<ThingsStream>, most: usize) -> Result<Vec<String>, ThingsStatus> {
    let tasks = made(things_tasks_free, |out| unsafe { things_stream_next(stream.0, most, out) })?;
    Ok((0..c::length(&tasks)).map(|at| c::id(&tasks, at)).collect())
}

/// All of it: identifiers, and how often each status came that is no end.
fn drain(stream: &Handle<ThingsStream>, most: usize) -> (Vec<String>, Vec<ThingsStatus>) {
    let (mut ids, mut errors) = (Vec::new(), Vec::new());
    loop {
        match next(stream, most) {
            Ok(more) => ids.extend(more),
            Err(ThingsStatus::Absent) => return (ids, errors),
            Err(status) => errors.push(status),
        }
    }
}

#[test]
fn pieces_of_any_size_are_the_whole_list() {
    healthy(|case| {
        let store = c::open(case.path(), ThingsAccess::ReadOnly).unwrap();
        let (all, _) = drain(&stream(&store), usize::MAX);
        for most in [1, 2, 3, 7, 1000] {
            assert_eq!(drain(&stream(&store), most), (all.clone(), Vec::new()), "{}: {most}", case.name);
        }
        let ended = stream(&store);
        drain(&ended, 10);
        assert_eq!(next(&ended, 1), Err(ThingsStatus::Absent), "the end stays the end");
    });
}

#[test]
fn an_error_between_tasks_is_reported_once_and_loses_none_of_them() {
    healthy(|case| {
        let ids = ["one", "two", "three"];
        let plants = ids.map(|id| Plant { id, start: 1, ..Plant::default() });
        plant(&case.raw(), case.vintage(), &plants);
        let sound = {
            let store = c::open(case.path(), ThingsAccess::ReadOnly).unwrap();
            drain(&stream(&store), 1000).0
        };
        case.execute("UPDATE TMTask SET status = 77 WHERE uuid = 'two'");
        let store = c::open(case.path(), ThingsAccess::ReadOnly).unwrap();
        let expected: Vec<String> = sound.into_iter().filter(|id| id != "two").collect();
        for most in [1, 2, 5, 1000] {
            let (found, errors) = drain(&stream(&store), most);
            assert_eq!(found, expected, "{}: {most}", case.name);
            assert_eq!(errors, [ThingsStatus::BadValue], "{}: {most}", case.name);
            assert!(c::last_error().contains("status"), "{}", c::last_error());
        }
    });
}

/// What another program does to the file while the store is open comes up as an error of its own.
#[test]
fn a_file_that_is_replaced_or_migrated_is_reported() {
    healthy(|case| {
        let store = c::open(case.path(), ThingsAccess::ReadOnly).unwrap();
        let query = c::everything();
        let tasks = || made(things_tasks_free, |out| unsafe { things_store_tasks(store.0, query.0, out) }).err();
        assert_eq!(tasks(), None);
        case.execute("UPDATE Meta SET value = replace(value, '<integer>', '<integer>9') WHERE key = 'databaseVersion'");
        assert_eq!(tasks(), Some(ThingsStatus::Migrated), "{}: {}", case.name, c::last_error());
        std::fs::rename(case.path(), case.temp.join("elsewhere")).unwrap();
        assert_eq!(tasks(), Some(ThingsStatus::Replaced), "{}: {}", case.name, c::last_error());
    });
}

#[test]
fn a_cancelled_stream_says_so_and_its_store_goes_on() {
    healthy(|case| {
        let store = c::open(case.path(), ThingsAccess::ReadOnly).unwrap();
        plant(&case.raw(), case.vintage(), &[Plant { id: "one", start: 1, ..Plant::default() }]);
        let (all, _) = drain(&stream(&store), 1000);
        let running = stream(&store);
        assert_eq!(things_store_cancel(store.0), ThingsStatus::Ok);
        assert_eq!(next(&running, 1000), Err(ThingsStatus::Interrupted), "{}: {}", case.name, c::last_error());
        assert_eq!(next(&running, 1000), Err(ThingsStatus::Absent), "after an error there are no more");
        drop(running);
        assert_eq!(drain(&stream(&store), 1000), (all, Vec::new()));
    });
}

#[test]
fn stores_and_streams_end_in_any_order() {
    healthy(|case| {
        let store = c::open(case.path(), ThingsAccess::ReadWrite).unwrap();
        let (first, second) = (stream(&store), stream(&store));
        drop(store);
        let (left, right) = (drain(&first, 2), drain(&second, 3));
        assert_eq!(left, right);
        drop(first);
        drop(second);
        // Nobody holds the database any more.
        case.settle();
    });
}

#[test]
fn a_stream_sees_one_state_and_its_store_waits_with_changes() {
    healthy(|case| {
        case.execute("PRAGMA journal_mode = WAL");
        plant(&case.raw(), case.vintage(), &[Plant { id: "early", start: 1, ..Plant::default() }]);
        let store = c::open(case.path(), ThingsAccess::ReadWrite).unwrap();
        let running = stream(&store);
        let mut seen = next(&running, 1).unwrap();
        plant(&case.raw(), case.vintage(), &[Plant { id: "late", start: 1, ..Plant::default() }]);
        let today = ThingsDate { year: 2024, month: 6, day: 12 };
        let batch = made(things_batch_free, |out| unsafe { things_batch_new(1.0e9, &today, out) }).unwrap();
        assert_eq!(unsafe { things_batch_trash(batch.0, b"early\0".as_ptr().cast()) }, ThingsStatus::Ok);
        let apply = || unsafe { things_store_apply(store.0, batch.0, std::ptr::null_mut()) };
        assert_eq!(apply(), ThingsStatus::Busy);
        seen.extend(drain(&running, 10).0);
        assert!(seen.iter().any(|id| id == "early") && !seen.iter().any(|id| id == "late"), "{seen:?}");
        drop(running);
        assert_eq!(apply(), ThingsStatus::Ok, "{}", c::last_error());
        let (now, _) = drain(&stream(&store), 10);
        assert!(now.iter().any(|id| id == "late") && !now.iter().any(|id| id == "early"), "{now:?}");
    });
}
