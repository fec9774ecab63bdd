//! Streams over rows that are made up, and how snapshots nest.

use super::*;
use crate::error::ErrorKind;
use crate::store::Depth;
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
