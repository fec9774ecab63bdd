//! Write-ahead logs and journals beside the database: read where possible, refused where not.

use crate::support::{has, healthy, plant, Plant};
use rusqlite::Connection;
use std::fs;
use things_store::{ErrorKind, Query, Store};

const PLANTED: &str = "planted/x";

/// A connection in WAL mode that moves nothing into the database until it is closed.
fn live(case: &crate::support::Case) -> Connection {
    let live = case.raw();
    let mode: String = live.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    live.execute_batch("PRAGMA wal_autocheckpoint = 0").unwrap();
    live
}

#[test]
fn what_is_only_in_the_log_is_read() {
    healthy(|case| {
        let writer = live(case);
        plant(&writer, case.vintage(), &[Plant::default()]);
        let before = case.bytes();
        let store = case.open();
        assert!(has(&store.anytime().unwrap(), PLANTED), "{}", case.name);
        drop(store);
        assert!(case.bytes() == before, "{}: changed while the app runs", case.name);
    });
}

/// A link to a database whose pages are still in the log for the most part.
#[cfg(unix)]
#[test]
fn a_log_is_read_through_a_link_to_its_database() {
    healthy(|case| {
        case.settle();
        let writer = live(case);
        writer
            .execute_batch(
                "CREATE TABLE filler (x); INSERT INTO filler \
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) \
                 SELECT randomblob(2000) FROM n",
            )
            .unwrap();
        plant(&writer, case.vintage(), &[Plant::default()]);
        let folder = case.temp.join("links");
        fs::create_dir(&folder).unwrap();
        let link = folder.join("link.sqlite");
        std::os::unix::fs::symlink(case.path(), &link).unwrap();
        let store = Store::open(&link).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert!(has(&store.anytime().unwrap(), PLANTED), "{}", case.name);
    });
}

#[test]
fn a_log_that_nobody_has_open_is_read_and_left() {
    healthy(|case| {
        // A copy taken while the app runs: database and log, no -shm, no other connection.
        let writer = live(case);
        plant(&writer, case.vintage(), &[Plant::default()]);
        let copy = case.temp.join("copy.sqlite");
        let log = case.temp.join("copy.sqlite-wal");
        fs::copy(case.path(), &copy).unwrap();
        fs::copy(case.temp.join("things.sqlite-wal"), &log).unwrap();
        let before = (fs::read(&copy).unwrap(), fs::read(&log).unwrap());
        let store = Store::open(&copy).unwrap();
        assert!(has(&store.anytime().unwrap(), PLANTED), "{}", case.name);
        store.verify().unwrap();
        drop(store);
        assert!((fs::read(&copy).unwrap(), fs::read(&log).unwrap()) == before, "{}", case.name);
    });
}

#[test]
fn commits_of_a_running_app_show_on_the_next_read() {
    healthy(|case| {
        let writer = live(case);
        let store = case.open();
        let before = store.count(&Query::all()).unwrap();
        plant(&writer, case.vintage(), &[Plant::default()]);
        assert_eq!(store.count(&Query::all()).unwrap(), before + 1, "{}", case.name);
    });
}

#[cfg(unix)]
#[test]
fn a_log_that_cannot_be_shared_cannot_be_opened() {
    healthy(|case| {
        let writer = live(case);
        plant(&writer, case.vintage(), &[Plant::default()]);
        let copy = case.temp.join("copy.sqlite");
        fs::copy(case.path(), &copy).unwrap();
        fs::copy(case.temp.join("things.sqlite-wal"), case.temp.join("copy.sqlite-wal")).unwrap();
        // As in a folder that SQLite may not write to: no -shm can be made where this link leads.
        std::os::unix::fs::symlink(case.temp.join("no/such/folder"), case.temp.join("copy.sqlite-shm")).unwrap();
        let error = Store::open(&copy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CannotOpen, "{error}");
    });
}

#[test]
fn a_journal_of_an_interrupted_writer_needs_recovery() {
    healthy(|case| {
        case.settle();
        let rows = case.integer("SELECT count(*) FROM \"TMTask\"");
        // A copy taken in the middle of a transaction that has begun to overwrite the file.
        let mut writer = case.raw();
        writer.execute_batch("PRAGMA cache_size = 2; PRAGMA synchronous = FULL;").unwrap();
        let transaction = writer.transaction().unwrap();
        for number in 0..60 {
            let sql = "INSERT INTO \"TMTask\" (\"uuid\", \"notes\") VALUES (?1, ?2)";
            transaction.execute(sql, [format!("row {number}"), "long ".repeat(300)]).unwrap();
        }
        let copy = case.temp.join("copy.sqlite");
        let journal = case.temp.join("copy.sqlite-journal");
        fs::copy(case.path(), &copy).unwrap();
        fs::copy(case.temp.join("things.sqlite-journal"), &journal).unwrap();
        drop(transaction);
        let before = (fs::read(&copy).unwrap(), fs::read(&journal).unwrap());

        let error = Store::open(&copy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NeedsRecovery, "{}: {error}", case.name);
        assert!((fs::read(&copy).unwrap(), fs::read(&journal).unwrap()) == before, "{}", case.name);

        // Read-write was asked for: the journal is applied and the old state is back.
        let store = Store::open_read_write(&copy).unwrap();
        store.verify().unwrap();
        drop(store);
        let raw = Connection::open(&copy).unwrap();
        let found: i64 = raw.query_row("SELECT count(*) FROM \"TMTask\"", [], |row| row.get(0)).unwrap();
        assert_eq!(found, rows, "{}", case.name);
        Store::open(&copy).unwrap();
    });
}
