//! SQLite's codes to variants, and what every message has in common.

use super::*;
use std::error::Error as _;

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("message".to_owned()))
}

fn one_of_each() -> Vec<Error> {
    let path = || PathBuf::from("main.sqlite");
    let source = || Cause::from("cause");
    vec![
        Error::NotFound { path: path() },
        Error::CannotOpen { path: path(), source: source() },
        Error::NotADatabase { path: path() },
        Error::Truncated { path: path(), expected: 2, found: 1 },
        Error::Corrupt { detail: "page 2".to_owned(), source: Some(source()) },
        Error::NeedsRecovery { source: source() },
        Error::UnknownVintage { found: 99 },
        Error::Replaced { path: path() },
        Error::Migrated { opened: 24, found: Some(26) },
        Error::Migrated { opened: 24, found: None },
        Error::UnreadableVintage { found: Some("x".to_owned()) },
        Error::UnreadableVintage { found: None },
        Error::MissingTable { table: "TMTask" },
        Error::MissingColumn { table: "TMTask", column: "start" },
        Error::BadValue { column: "TMTask.start".to_owned(), found: "'x'".to_owned() },
        Error::Locked { attempts: 3, waited: Duration::from_millis(7), source: Some(source()) },
        Error::ReadOnly,
        Error::NoSuch { what: "task", id: "x".to_owned() },
        Error::NotAllowed { id: "x".to_owned(), why: "because" },
        Error::SqliteTooOld { needed: "3.38", found: "3.35.4".to_owned(), source: None },
        Error::PoolExhausted { waited: Duration::from_secs(1), source: None },
        Error::InvalidOption { option: "backoff.first", value: "0ns".to_owned(), needs: "give more".to_owned() },
        Error::BreakerOpen { retry_after: Duration::from_secs(1) },
        Error::Interrupted,
        Error::TimedOut { limit: Duration::from_secs(1) },
        Error::DiskFull { source: source() },
        Error::Io { code: ffi::SQLITE_IOERR_WRITE, source: source() },
        Error::Poisoned { what: "the pool" },
        Error::Sqlite { code: Some(1), source: source() },
        Error::Sqlite { code: None, source: source() },
    ]
}

#[test]
fn codes_become_variants() {
    for (code, kind) in [
        (ffi::SQLITE_BUSY, ErrorKind::Locked),
        (ffi::SQLITE_BUSY_SNAPSHOT, ErrorKind::Locked),
        (ffi::SQLITE_LOCKED, ErrorKind::Locked),
        (ffi::SQLITE_CORRUPT, ErrorKind::Corrupt),
        (ffi::SQLITE_NOTADB, ErrorKind::Corrupt),
        (ffi::SQLITE_IOERR_SHORT_READ, ErrorKind::Corrupt),
        (ffi::SQLITE_READONLY, ErrorKind::ReadOnly),
        (ffi::SQLITE_READONLY_ROLLBACK, ErrorKind::NeedsRecovery),
        (ffi::SQLITE_READONLY_RECOVERY, ErrorKind::NeedsRecovery),
        (ffi::SQLITE_IOERR, ErrorKind::Io),
        (ffi::SQLITE_IOERR_WRITE, ErrorKind::Io),
        (ffi::SQLITE_FULL, ErrorKind::DiskFull),
        (ffi::SQLITE_INTERRUPT, ErrorKind::Interrupted),
        (ffi::SQLITE_ERROR, ErrorKind::Sqlite),
    ] {
        assert_eq!(Error::sqlite(failure(code)).kind(), kind, "code {code}");
    }
    let other = Error::sqlite(rusqlite::Error::QueryReturnedNoRows);
    assert_eq!(other.kind(), ErrorKind::Sqlite);
}

#[test]
fn a_failure_of_sqlite_carries_its_extended_code() {
    for code in [ffi::SQLITE_ERROR, ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_TOOBIG] {
        let error = Error::sqlite(failure(code));
        assert!(matches!(&error, Error::Sqlite { code: Some(found), .. } if *found == code), "{error:?}");
        assert!(error.to_string().contains(&format!("code {code}")), "{error}");
    }
    assert!(matches!(Error::sqlite(failure(ffi::SQLITE_IOERR_READ)), Error::Io { code: ffi::SQLITE_IOERR_READ, .. }));
    assert!(matches!(Error::sqlite(rusqlite::Error::QueryReturnedNoRows), Error::Sqlite { code: None, .. }));
}

#[test]
fn sqlite_stays_the_source() {
    for code in [ffi::SQLITE_BUSY, ffi::SQLITE_CORRUPT, ffi::SQLITE_FULL] {
        let error = Error::sqlite(failure(code));
        let source = error.source().expect("SQLite's own error");
        assert!(source.to_string().contains("message"), "{source}");
    }
}

#[test]
fn messages_are_fragments_that_help() {
    for error in one_of_each() {
        let text = error.to_string();
        let first = text.chars().next().expect("a message");
        assert!(!first.is_uppercase(), "{text}");
        assert!(!text.ends_with('.'), "{text}");
        // What happened, then what to do about it.
        assert!(text.contains(": "), "{text}");
    }
}

#[test]
fn names_are_distinct_and_kebab() {
    let mut names: Vec<_> = one_of_each().iter().map(|e| e.kind().as_str()).collect();
    names.dedup();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for name in names {
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
    }
}

#[test]
fn errors_can_cross_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Error>();
}
