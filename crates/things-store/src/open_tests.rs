//! What opening decides, without a file and without SQLite.

use super::*;
use crate::error::ErrorKind;
use rusqlite::ffi;
use std::cell::RefCell;

fn path() -> &'static Path {
    Path::new("main.sqlite")
}

fn needs_recovery() -> Error {
    Error::NeedsRecovery { source: "a journal".into() }
}

/// Opens with `access`; the checks give `results` one after the other. Returns the outcome, what was checked and
/// what was connected without a check.
fn steps(access: Access, results: Vec<Result<()>>) -> (Result<(Access, Vintage)>, Vec<Access>, Option<Access>) {
    let (results, checks, mut connected) = (RefCell::new(results), RefCell::new(Vec::new()), None);
    let checked = |access| {
        checks.borrow_mut().push(access);
        results.borrow_mut().remove(0).map(|()| (access, Vintage::V24))
    };
    let result = checked_first(access, checked, |access| {
        connected = Some(access);
        Ok(access)
    });
    (result, checks.into_inner(), connected)
}

#[test]
fn reading_checks_once_and_keeps_that_connection() {
    let (result, checks, connected) = steps(Access::ReadOnly, vec![Ok(())]);
    assert_eq!(result.unwrap(), (Access::ReadOnly, Vintage::V24));
    assert_eq!((checks, connected), (vec![Access::ReadOnly], None));
}

#[test]
fn writing_is_connected_only_after_a_check_that_cannot_write() {
    let (result, checks, connected) = steps(Access::ReadWrite, vec![Ok(())]);
    assert_eq!(result.unwrap(), (Access::ReadWrite, Vintage::V24));
    assert_eq!((checks, connected), (vec![Access::ReadOnly], Some(Access::ReadWrite)));
}

#[test]
fn a_refused_file_is_never_connected_for_writing() {
    let (result, checks, connected) = steps(Access::ReadWrite, vec![Err(Error::UnknownVintage { found: 99 })]);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::UnknownVintage);
    assert_eq!((checks, connected), (vec![Access::ReadOnly], None));
}

#[test]
fn a_journal_is_applied_only_where_writing_was_asked_for() {
    let (result, checks, _) = steps(Access::ReadOnly, vec![Err(needs_recovery())]);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::NeedsRecovery);
    assert_eq!(checks, [Access::ReadOnly]);
    let (result, checks, connected) = steps(Access::ReadWrite, vec![Err(needs_recovery()), Ok(())]);
    assert_eq!(result.unwrap(), (Access::ReadWrite, Vintage::V24));
    assert_eq!((checks, connected), (vec![Access::ReadOnly, Access::ReadWrite], None));
}

#[test]
fn a_file_with_a_log_beside_it_may_be_short() {
    whole(path(), 8_192, 8_192, 0).unwrap();
    whole(path(), 8_192, 12_288, 0).unwrap();
    whole(path(), 8_192, 4_096, 1).unwrap();
    match whole(path(), 8_192, 8_191, 0) {
        Err(Error::Truncated { expected: 8_192, found: 8_191, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_log_keeps_the_whole_name_before_its_suffix() {
    assert_eq!(beside(path(), "-wal"), Path::new("main.sqlite-wal"));
    assert_eq!(beside(Path::new("a.b/c"), "-shm"), Path::new("a.b/c-shm"));
}

#[test]
fn what_a_table_lacks_is_told_in_the_order_of_the_schema() {
    let found = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<HashSet<_>>();
    let columns = ["uuid", "title", "index"];
    assert!(lacking("TMArea", &found(&["index", "title", "uuid", "more"]), &columns).is_none());
    match lacking("TMArea", &found(&["uuid"]), &columns) {
        Some(Error::MissingColumn { table: "TMArea", column: "title" }) => {}
        other => panic!("{other:?}"),
    }
    match lacking("TMArea", &found(&[]), &columns) {
        Some(Error::MissingTable { table: "TMArea" }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_version_is_read_only_with_best_effort_and_as_the_nearest_that_is_complete() {
    use Vintage::{V18, V24, V26};
    let missing = |vintage: Vintage| Error::MissingColumn {
        table: "TMTask",
        column: match vintage {
            V18 => "dueDate",
            _ => "deadline",
        },
    };
    let read_as = |number, best_effort, present: &[Vintage]| {
        vintage_for(number, best_effort, |vintage| match present.contains(&vintage) {
            true => Ok(()),
            false => Err(missing(vintage)),
        })
    };
    for number in [-1, 0, 17, 19, 23, 25, 27, 99] {
        let refused = read_as(number, false, &Vintage::ALL);
        assert!(matches!(refused, Err(Error::UnknownVintage { found }) if found == number), "{refused:?}");
    }
    assert_eq!(read_as(99, true, &Vintage::ALL).unwrap(), V26);
    assert_eq!(read_as(25, true, &[V18, V24, V26]).unwrap(), V26);
    assert_eq!(read_as(99, true, &[V18]).unwrap(), V18, "what is there counts, not the number alone");
    assert!(matches!(read_as(99, true, &[]), Err(Error::MissingColumn { column: "deadline", .. })));
    assert!(matches!(read_as(17, true, &[]), Err(Error::MissingColumn { column: "dueDate", .. })));
    // A known version is never taken for another.
    for best_effort in [false, true] {
        assert!(matches!(read_as(18, best_effort, &[V24, V26]), Err(Error::MissingColumn { column: "dueDate", .. })));
    }
    // Damage is no lack of columns.
    let damaged = vintage_for(99, true, |_| Err(Error::Corrupt { detail: String::new(), source: None }));
    assert_eq!(damaged.unwrap_err().kind(), ErrorKind::Corrupt);
}

#[test]
fn a_uri_says_every_byte_that_means_something_in_one() {
    let uri = frozen_uri(Path::new("/no/such/a b?immutable=0#%41&é.sqlite"));
    assert_eq!(uri, "file:/no/such/a%20b%3Fimmutable%3D0%23%2541%26%C3%A9.sqlite?immutable=1");
}

#[test]
fn the_header_makes_damage_more_precise() {
    let corrupt =
        || rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_NOTADB), Some("no database".to_owned()));
    let kind = |start| diagnosed(path(), corrupt(), start).kind();
    assert_eq!(kind(Ok(Diagnosis::NotADatabase)), ErrorKind::NotADatabase);
    assert_eq!(kind(Ok(Diagnosis::Truncated { expected: 2, found: 1 })), ErrorKind::Truncated);
    assert_eq!(kind(Ok(Diagnosis::Damaged)), ErrorKind::Corrupt);
    let gone = || std::io::Error::from(std::io::ErrorKind::NotFound);
    assert_eq!(kind(Err(gone())), ErrorKind::Corrupt);
    let error = diagnosed(path(), corrupt(), Err(gone()));
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("no database"));
}

#[test]
fn what_is_no_damage_is_told_by_its_code() {
    for (code, kind) in [
        (ffi::SQLITE_CANTOPEN, ErrorKind::CannotOpen),
        (ffi::SQLITE_BUSY, ErrorKind::Locked),
        (ffi::SQLITE_READONLY_ROLLBACK, ErrorKind::NeedsRecovery),
        (ffi::SQLITE_PERM, ErrorKind::Sqlite),
    ] {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        assert_eq!(refused(path(), error).kind(), kind, "{code}");
    }
}
