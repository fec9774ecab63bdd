//! Another program deletes, replaces or migrates the database while it is open: an error or the old state, never a mixture.

use crate::support::{has, healthy, now, plant, today, Case, Plant};
use std::fs;
use things_store::{Access, Batch, Change, Error, Kind, List, OpenOptions, Query, Store, Vintage};

const PLANTED: &str = "planted/x";

/// Each way to read.
fn read_in_every_way(store: &Store) -> Vec<Result<(), Error>> {
    let id = PLANTED.into();
    vec![
        store.tasks(&Query::all()).map(drop),
        store.summaries(&Query::list(List::Anytime)).map(drop),
        store.ids(&Query::all().kind(Kind::Project)).map(drop),
        store.count(&Query::all()).map(drop),
        store.task(&id).map(drop),
        store.areas().map(drop),
        store.tags().map(drop),
        store.checklist(&id).map(drop),
        store.tags_of_all([&id]).map(drop),
        store.stream(&Query::all()).map(drop),
        store.snapshot().map(drop),
    ]
}

#[track_caller]
fn assert_all(case: &Case, results: Vec<Result<(), Error>>, is_right: impl Fn(&Error) -> bool) {
    for (way, result) in results.into_iter().enumerate() {
        match result {
            Err(error) if is_right(&error) => {}
            other => panic!("{}: way {way}: {other:?}", case.name),
        }
    }
}

fn is_replaced(error: &Error) -> bool {
    matches!(error, Error::Replaced { .. }) && error.to_string().contains("things.sqlite")
}

/// A store that has read and goes on, and one that has not read yet.
fn both(case: &Case) -> [Store; 2] {
    let stores = [case.open(), case.open()];
    stores[0].tasks(&Query::all()).unwrap();
    stores
}

#[cfg(unix)]
#[test]
fn a_deleted_database_is_an_error_of_every_read() {
    healthy(|case| {
        case.settle();
        let stores = both(case);
        fs::remove_file(case.path()).unwrap();
        for store in &stores {
            assert_all(case, read_in_every_way(store), is_replaced);
        }
    });
}

#[cfg(unix)]
#[test]
fn a_database_put_in_its_place_is_an_error_until_it_is_opened_again() {
    healthy(|case| {
        case.settle();
        let other = case.temp.join("other.sqlite");
        fs::copy(case.path(), &other).unwrap();
        let planted = rusqlite::Connection::open(&other).unwrap();
        plant(&planted, case.vintage(), &[Plant::default()]);
        drop(planted);
        let stores = both(case);
        fs::rename(&other, case.path()).unwrap();
        for store in &stores {
            assert_all(case, read_in_every_way(store), is_replaced);
        }
        assert!(has(&case.open().anytime().unwrap(), PLANTED), "{}", case.name);
    });
}

#[cfg(unix)]
#[test]
fn a_snapshot_keeps_the_state_of_a_database_that_is_replaced() {
    healthy(|case| {
        case.settle();
        let store = case.open();
        let before = store.tasks(&Query::all()).unwrap();
        let snapshot = store.snapshot().unwrap();
        let mut stream = store.stream(&Query::all()).unwrap();
        fs::remove_file(case.path()).unwrap();
        fs::write(case.path(), "something else").unwrap();
        assert_eq!(snapshot.tasks(&Query::all()).unwrap(), before, "{}", case.name);
        let streamed: Result<Vec<_>, _> = stream.tasks().unwrap().collect();
        assert_eq!(streamed.unwrap(), before, "{}", case.name);
        drop((snapshot, stream));
        assert!(is_replaced(&store.inbox().unwrap_err()), "{}", case.name);
    });
}

#[cfg(unix)]
#[test]
fn nothing_is_written_to_or_beside_a_database_that_took_its_place() {
    healthy(|case| {
        let (log, other) = (case.temp.join("things.sqlite-wal"), case.temp.join("other.sqlite"));
        case.settle();
        fs::copy(case.path(), &other).unwrap();
        case.execute("PRAGMA journal_mode = WAL");
        let mut store = case.open_read_write();
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        store.inbox().unwrap();
        fs::rename(&other, case.path()).unwrap();
        // The log of the program that uses the new one, as far as anybody can see.
        fs::remove_file(&log).unwrap();
        fs::write(&log, "the log of another").unwrap();
        let before = case.bytes();
        let batch = Batch::new(now(), today()).change(&PLANTED.into(), Change::Complete);
        assert!(is_replaced(&store.apply(&batch).unwrap_err()), "{}", case.name);
        drop(store);
        assert!(case.bytes() == before, "{}: closing touched the new files", case.name);
    });
}

/// The other vintage's version, written as a migration would: in one transaction, with what goes with it.
fn migrate(case: &Case, version: i64, more: &str) {
    case.execute(&format!(
        "BEGIN; {more} UPDATE \"Meta\" SET \"value\" = '<plist><integer>{version}</integer></plist>' \
         WHERE \"key\" = 'databaseVersion'; COMMIT;"
    ));
}

#[test]
fn a_migrated_database_is_an_error_of_every_read() {
    healthy(|case| {
        let known = case.manifest.vintage;
        let is_migrated =
            |error: &Error| matches!(error, Error::Migrated { opened, found: Some(98) } if *opened == known);
        let stores = both(case);
        migrate(case, 98, "");
        for store in &stores {
            assert_all(case, read_in_every_way(store), is_migrated);
        }
        // The way back is a migration too: what is there is of the version that was opened.
        migrate(case, known, "");
        for store in &stores {
            store.tasks(&Query::all()).unwrap();
        }
    });
}

#[test]
fn columns_that_a_migration_renamed_are_no_puzzle() {
    healthy(|case| {
        let deadline = if case.vintage() == Vintage::V18 { "dueDate" } else { "deadline" };
        let stores = both(case);
        migrate(case, 98, &format!("ALTER TABLE \"TMTask\" RENAME COLUMN \"{deadline}\" TO \"due\";"));
        for store in &stores {
            let error = store.tasks(&Query::all()).unwrap_err();
            assert!(matches!(error, Error::Migrated { found: Some(98), .. }), "{}: {error}", case.name);
        }
    });
}

#[test]
fn a_version_that_is_gone_is_a_migration_too() {
    healthy(|case| {
        let store = case.open();
        case.execute("DELETE FROM \"Meta\"");
        let error = store.inbox().unwrap_err();
        assert!(matches!(error, Error::Migrated { found: None, .. }), "{}: {error}", case.name);
    });
}

#[test]
fn no_batch_is_applied_to_a_migrated_database() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let mut store = case.open_read_write();
        store.inbox().unwrap();
        migrate(case, 98, "");
        let batch = Batch::new(now(), today()).change(&PLANTED.into(), Change::Complete);
        let error = store.apply(&batch).unwrap_err();
        assert!(matches!(error, Error::Migrated { .. }), "{}: {error}", case.name);
        assert_eq!(case.integer("SELECT status FROM TMTask WHERE uuid = 'planted/x'"), 0, "{}", case.name);
    });
}

#[test]
fn what_others_write_without_migrating_is_simply_read() {
    healthy(|case| {
        let stores = [case.open(), OpenOptions::new().open(case.path(), Access::ReadWrite).unwrap()];
        for round in 0..3 {
            let id = ["planted/a", "planted/b", "planted/c"][round];
            plant(&case.raw(), case.vintage(), &[Plant { id, ..Plant::default() }]);
            for store in &stores {
                assert!(has(&store.anytime().unwrap(), id), "{}", case.name);
            }
        }
    });
}
