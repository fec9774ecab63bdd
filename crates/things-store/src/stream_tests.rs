//! Streams over rows that are made up, and how snapshots nest.

use super::*;
use crate::depth::Depth;
use crate::error::ErrorKind;
use rusqlite::types::ValueRef;
use std::cell::Cell;
use std::collections::VecDeque;

/// A row of which every field is NULL but the status.
struct Row(i64);

impl Fields for Row {
    fn field(&self, number: usize) -> Result<ValueRef<'_>> {
        Ok(if number == 2 { ValueRef::Integer(self.0) } else { ValueRef::Null })
    }
}

/// What each step gives: a row with this status, the end, or an error.
struct Made {
    left: VecDeque<Result<Option<i64>>>,
    row: Row,
}

impl Steps for Made {
    fn step(&mut self) -> Result<Option<&dyn Fields>> {
        match self.left.pop_front().expect("asked again after the end")? {
            Some(status) => {
                self.row = Row(status);
                Ok(Some(&self.row))
            }
            None => Ok(None),
        }
    }
}

fn next(rows: &mut Option<Made>, vintage: Vintage) -> Option<Result<Task>> {
    next_task(rows, vintage, |rows| rows.step())
}

fn made(steps: Vec<Result<Option<i64>>>) -> Option<Made> {
    Some(Made { left: steps.into(), row: Row(0) })
}

#[test]
fn after_the_last_task_there_is_none_and_nothing_is_asked_again() {
    let mut rows = made(vec![Ok(Some(0)), Ok(Some(3)), Ok(None)]);
    let mut statuses = Vec::new();
    while let Some(task) = next(&mut rows, Vintage::V24) {
        statuses.push(task.unwrap().status.code());
    }
    assert_eq!(statuses, [0, 3]);
    assert!(rows.is_none());
    assert!(next(&mut rows, Vintage::V24).is_none());
}

#[test]
fn a_bad_row_does_not_end_a_stream() {
    let mut rows = made(vec![Ok(Some(1)), Ok(Some(2)), Ok(None)]);
    let bad = next(&mut rows, Vintage::V18).unwrap().unwrap_err();
    assert_eq!(bad.kind(), ErrorKind::BadValue);
    assert_eq!(next(&mut rows, Vintage::V18).unwrap().unwrap().status.code(), 2);
    assert!(next(&mut rows, Vintage::V18).is_none());
}

#[test]
fn an_error_of_the_database_ends_a_stream() {
    let mut rows = made(vec![Ok(Some(0)), Err(Error::ReadOnly), Ok(Some(0))]);
    assert!(next(&mut rows, Vintage::V24).unwrap().is_ok());
    assert_eq!(next(&mut rows, Vintage::V24).unwrap().unwrap_err().kind(), ErrorKind::ReadOnly);
    assert!(rows.is_none() && next(&mut rows, Vintage::V24).is_none());
}

#[test]
fn only_the_first_snapshot_begins_and_only_the_last_one_ends() {
    let depth = Depth::default();
    let begun = Cell::new(0);
    let enter = || {
        depth.enter(|| {
            begun.set(begun.get() + 1);
            Ok(())
        })
    };
    for round in 1..=2 {
        for _ in 0..3 {
            enter().unwrap();
        }
        assert_eq!(begun.get(), round);
        assert_eq!([depth.leave(), depth.leave(), depth.leave()], [false, false, true]);
    }
}

#[test]
fn a_snapshot_that_could_not_begin_is_not_open() {
    let depth = Depth::default();
    assert_eq!(depth.enter(|| Err(Error::ReadOnly)).unwrap_err().kind(), ErrorKind::ReadOnly);
    depth.enter(|| Ok(())).unwrap();
    assert!(depth.leave(), "the failed one does not count");
}

/// A store over an empty database in a file of its own, which nothing but these tests looks at.
#[cfg(not(miri))]
mod closing {
    use super::*;
    use crate::open::Access;
    use crate::options::OpenOptions;
    use std::path::PathBuf;

    struct Removed(PathBuf);

    impl Drop for Removed {
        fn drop(&mut self) {
            #[allow(clippy::disallowed_methods)] // What the test made.
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn store(name: &str) -> (Store, Removed) {
        let path = std::env::temp_dir().join(format!("things-store-{}-{name}.sqlite", std::process::id()));
        // Of a process that had the same number. Windows does not remove a file that is open.
        drop(Removed(path.clone()));
        let file = Removed(path.clone());
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE \"Meta\" (\"key\", \"value\")").unwrap();
        for (table, columns) in crate::schema::required(Vintage::V24) {
            let columns: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
            connection.execute_batch(&format!("CREATE TABLE \"{table}\" ({})", columns.join(", "))).unwrap();
        }
        let version = "<plist><integer>24</integer></plist>";
        connection
            .execute("INSERT INTO \"Meta\" (\"key\", \"value\") VALUES ('databaseVersion', ?1)", [version])
            .unwrap();
        (OpenOptions::new().open(&path, Access::ReadOnly).unwrap(), file)
    }

    #[test]
    fn a_snapshot_that_cannot_be_ended_says_so_and_the_store_recovers() {
        let (store, _file) = store("snapshot");
        let snapshot = store.snapshot().unwrap();
        {
            // A statement at work that was interrupted: until it ends, SQLite refuses every other one.
            let mut statement = store.connection().prepare("SELECT 1 UNION ALL SELECT 2").unwrap();
            let mut rows = statement.query([]).unwrap();
            rows.next().unwrap();
            store.connection().get_interrupt_handle().interrupt();
            assert_eq!(snapshot.close().unwrap_err().kind(), ErrorKind::Interrupted);
        }
        assert!(!store.connection().is_autocommit(), "the transaction is still open");
        assert!(store.snapshot().is_err(), "and the next snapshot reports it");
        assert!(store.connection().is_autocommit());
        store.snapshot().unwrap().close().unwrap();
        store.inbox().unwrap();
    }

    #[test]
    fn closing_ends_the_outermost_snapshot_only() {
        let (store, _file) = store("nested");
        let (outer, inner) = (store.snapshot().unwrap(), store.snapshot().unwrap());
        inner.close().unwrap();
        assert!(!store.connection().is_autocommit());
        outer.close().unwrap();
        assert!(store.connection().is_autocommit());
    }
}
