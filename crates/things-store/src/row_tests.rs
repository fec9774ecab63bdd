//! Rows as SQLite may give them, sound and odd, without SQLite.

use super::*;
use crate::error::ErrorKind;
use rusqlite::types::Value;

struct Row(Vec<Value>);

impl Fields for Row {
    fn field(&self, number: usize) -> Result<ValueRef<'_>> {
        Ok(ValueRef::from(&self.0[number]))
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A to-do with every field set, as v24 stores it.
fn full() -> Vec<Value> {
    vec![
        text("id"),
        Value::Integer(0),
        Value::Integer(3),
        Value::Integer(0),
        text("Title"),
        text("Notes"),
        Value::Integer(1),
        Value::Integer(132_670_976),
        Value::Integer(1),
        Value::Integer(635_437_056),
        Value::Integer(132_464_128),
        Value::Real(1_718_184_600.75),
        Value::Real(0.0),
        Value::Integer(86_400),
        text("area"),
        text("project"),
        text("heading"),
        text("template"),
        Value::Integer(-700),
        Value::Integer(12),
        Value::Integer(4),
        Value::Integer(3),
    ]
}

fn with(number: usize, value: Value) -> Result<Task> {
    let mut row = full();
    row[number] = value;
    task(&Row(row), Vintage::V24)
}

#[test]
fn every_field_has_its_place() {
    let task = task(&Row(full()), Vintage::V24).unwrap();
    assert_eq!(task.id.as_str(), "id");
    assert_eq!((task.kind, task.status, task.start), (Kind::ToDo, Status::Completed, Start::Anytime));
    assert_eq!((task.title.as_str(), task.notes.as_str()), ("Title", "Notes"));
    assert!(!task.trashed && task.evening);
    assert_eq!(task.start_date.unwrap().to_string(), "2024-06-12");
    assert_eq!(task.reminder.unwrap().to_string(), "09:30");
    assert_eq!(task.deadline.unwrap().to_string(), "2021-03-28");
    assert_eq!(task.stopped.unwrap().unix_seconds(), 1_718_184_600.75);
    assert_eq!(task.created.unwrap().to_string(), "1970-01-01T00:00:00Z");
    assert_eq!(task.modified.unwrap().to_string(), "1970-01-02T00:00:00Z");
    assert_eq!(task.area.unwrap().as_str(), "area");
    assert_eq!(task.project.unwrap().as_str(), "project");
    assert_eq!(task.heading.unwrap().as_str(), "heading");
    assert_eq!(task.repeats_from.unwrap().as_str(), "template");
    assert_eq!((task.index, task.today_index), (-700, 12));
    assert_eq!((task.checklist_items, task.open_checklist_items), (4, 3));
}

#[test]
fn the_older_vintage_decodes_seconds() {
    let mut row = full();
    row[7] = Value::Real(1_718_150_400.0);
    row[9] = Value::Real(34_200.0);
    row[10] = Value::Real(1_616_889_600.0);
    let task = task(&Row(row), Vintage::V18).unwrap();
    assert_eq!(task.start_date.unwrap().to_string(), "2024-06-12");
    assert_eq!(task.reminder.unwrap().to_string(), "09:30");
    assert_eq!(task.deadline.unwrap().to_string(), "2021-03-28");
}

#[test]
fn a_row_of_nulls_is_an_empty_open_to_do() {
    let task = task(&Row(vec![Value::Null; full().len()]), Vintage::V24).unwrap();
    assert_eq!((task.kind, task.status, task.start), (Kind::ToDo, Status::Incomplete, Start::Inbox));
    assert!(task.title.is_empty() && task.start_date.is_none() && task.area.is_none());
}

#[test]
fn what_a_column_cannot_mean_names_the_column() {
    for (number, value, column) in [
        (0, Value::Integer(7), "TMTask.uuid"),
        (1, Value::Integer(9), "TMTask.type"),
        (2, Value::Integer(1), "TMTask.status"),
        (3, text("yes"), "TMTask.trashed"),
        (4, Value::Blob(vec![1, 2]), "TMTask.title"),
        (6, Value::Real(0.5), "TMTask.start"),
        (7, Value::Integer(0), "TMTask.startDate"),
        (9, Value::Integer(-1), "TMTask.reminder"),
        (10, text("tomorrow"), "TMTask.deadline"),
        (11, Value::Real(f64::INFINITY), "TMTask.stopDate"),
        (18, Value::Blob(vec![]), "TMTask.index"),
    ] {
        match with(number, value.clone()) {
            Err(Error::BadValue { column: named, .. }) => assert_eq!(named, column),
            other => panic!("{column} = {value:?} gave {other:?}"),
        }
    }
}

#[test]
fn text_that_is_no_utf8_is_a_bad_value() {
    struct Bytes;
    impl Fields for Bytes {
        fn field(&self, _: usize) -> Result<ValueRef<'_>> {
            Ok(ValueRef::Text(&[0x66, 0xff, 0xfe]))
        }
    }
    let error = tag(&Bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadValue);
    assert!(error.to_string().contains("3 bytes that are no text"), "{error}");
}

#[test]
fn long_values_are_shortened_in_messages() {
    let error = with(10, text(&"é".repeat(1_000))).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("ééé…'"), "{message}");
    assert!(message.chars().count() < 150, "{message}");
}

#[test]
fn empty_references_are_none() {
    let task = with(14, text("")).unwrap();
    assert_eq!(task.area, None);
}

#[test]
fn areas_tags_and_checklist_items() {
    let row = |values: &[Value]| Row(values.to_vec());
    let shown = area(&row(&[text("a"), text("Home"), Value::Null, Value::Integer(3)])).unwrap();
    assert!(shown.visible, "NULL is visible");
    let hidden = area(&row(&[text("a"), text("Old"), Value::Integer(0), Value::Null])).unwrap();
    assert!(!hidden.visible);

    let fields = [text("t"), text("Quick"), text("q"), text("p"), Value::Integer(1)];
    let quick = tag(&row(&fields)).unwrap();
    assert_eq!(quick.parent.unwrap().as_str(), "p");
    assert_eq!(quick.shortcut.as_deref(), Some("q"));

    let fields = [text("c"), text("t"), text("Milk"), Value::Integer(2), Value::Real(60.0), Value::Integer(5)];
    let item = checklist_item(&row(&fields)).unwrap();
    assert_eq!(item.status, Status::Cancelled);
    assert_eq!(item.stopped.unwrap().to_string(), "1970-01-01T00:01:00Z");
}

#[test]
fn counts_are_whole_and_never_negative() {
    let one = |value| count(&Row(vec![value])).unwrap();
    assert_eq!(one(Value::Integer(7)), 7);
    assert_eq!(one(Value::Integer(0)), 0);
    assert_eq!(one(Value::Null), 0);
}

#[test]
fn whole_reals_are_taken_for_the_integers_they_are() {
    let task = with(19, Value::Real(12.0)).unwrap();
    assert_eq!(task.today_index, 12);
    assert!(matches!(with(19, Value::Real(12.5)), Err(Error::BadValue { .. })));
    let exact = with(7, Value::Real(132_670_976.0)).unwrap();
    assert_eq!(exact.start_date.unwrap().to_string(), "2024-06-12");
}

#[test]
fn an_error_of_the_row_itself_comes_through() {
    struct Broken(usize);
    impl Fields for Broken {
        fn field(&self, number: usize) -> Result<ValueRef<'_>> {
            match number < self.0 {
                true => Ok(ValueRef::Null),
                false => Err(Error::UnknownVintage { found: number as i64 }),
            }
        }
    }
    for number in 0..full().len() {
        // Fields are read in their order, each once.
        let error = task(&Broken(number), Vintage::V18).unwrap_err();
        assert!(matches!(error, Error::UnknownVintage { found } if found == number as i64), "{number}: {error}");
    }
    task(&Broken(full().len()), Vintage::V18).unwrap();
    assert!(count(&Broken(0)).is_err());
}
