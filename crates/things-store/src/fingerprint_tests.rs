//! Differences between rows that were made up and what was known before.

use super::*;
use rusqlite::types::Value;

/// A row of a task, with its identifier, title and notes.
struct Fake(Vec<Value>);

impl Fields for Fake {
    fn field(&self, number: usize) -> Result<ValueRef<'_>> {
        Ok((&self.0[number]).into())
    }
}

const COLUMNS: usize = 22;

fn row(id: &str, title: &str, notes: &str) -> Fake {
    let mut values = vec![Value::Integer(0); COLUMNS];
    values[0] = Value::Text(id.to_owned());
    values[4] = Value::Text(title.to_owned());
    values[5] = Value::Text(notes.to_owned());
    // Dates and references.
    (7..10).chain(10..18).for_each(|at| values[at] = Value::Null);
    Fake(values)
}

/// Compares as `of_all` does, and learns.
fn compare(known: &mut Known, rows: &[Fake]) -> Vec<String> {
    known.scan += 1;
    let mut difference = Difference::default();
    for row in rows {
        difference.add(known, row, COLUMNS, Vintage::V24).unwrap();
    }
    difference.find_removed(known);
    let events = difference.learn(known);
    events.iter().map(|event| format!("{:?} {}", event.kind, event.id)).collect()
}

#[test]
fn differences_are_between_what_was_known_and_what_is_read() {
    let mut known = Known::default();
    for (rows, expected) in [
        (vec![row("b", "B", "")], vec![]),
        (vec![row("a", "A", ""), row("b", "B", "")], vec!["Inserted a"]),
        (vec![row("a", "A", ""), row("b", "B", "")], vec![]),
        (vec![row("b", "B", ""), row("a", "A!", "")], vec!["Updated a"]),
        (vec![row("c", "C", ""), row("b", "", "B")], vec!["Inserted c", "Updated b", "Deleted a"]),
        (vec![row("a", "A", "")], vec!["Inserted a", "Deleted b", "Deleted c"]),
        (vec![], vec!["Deleted a"]),
        (vec![], vec![]),
    ] {
        assert_eq!(compare(&mut known, &rows), expected);
    }
}

#[test]
fn a_comparison_that_was_given_up_changes_nothing() {
    let mut known = Known::default();
    compare(&mut known, &[row("a", "A", ""), row("b", "B", "")]);
    known.scan += 1;
    let mut difference = Difference::default();
    difference.add(&mut known, &row("a", "other", ""), COLUMNS, Vintage::V24).unwrap();
    difference.add(&mut known, &row("c", "new", ""), COLUMNS, Vintage::V24).unwrap();
    drop(difference);
    assert!(compare(&mut known, &[row("a", "A", ""), row("b", "B", "")]).is_empty());
}

#[test]
fn the_first_comparison_may_be_given_up_too() {
    let mut known = Known { scan: 1, ..Known::default() };
    let mut difference = Difference::default();
    difference.add(&mut known, &row("gone since", "A", ""), COLUMNS, Vintage::V24).unwrap();
    drop(difference);
    assert!(compare(&mut known, &[row("a", "A", "")]).is_empty());
    assert_eq!(compare(&mut known, &[]), ["Deleted a"]);
}

#[test]
fn nothing_is_complete_too() {
    let mut known = Known::default();
    assert!(compare(&mut known, &[]).is_empty());
    assert_eq!(compare(&mut known, &[row("a", "A", "")]), ["Inserted a"]);
}

#[test]
fn every_stored_value_is_in_the_fingerprint() {
    let base = || row("a", "title", "notes");
    let reference = print(&base(), COLUMNS).unwrap();
    assert_eq!(print(&base(), COLUMNS).unwrap(), reference);
    for column in 0..COLUMNS {
        for value in [
            Value::Integer(1),
            Value::Real(0.0),
            Value::Real(-0.0),
            Value::Text("0".to_owned()),
            Value::Blob(b"0".to_vec()),
            Value::Blob(b"title".to_vec()),
        ] {
            let mut changed = base();
            changed.0[column] = value.clone();
            assert_ne!(print(&changed, COLUMNS).unwrap(), reference, "column {column}: {value:?}");
        }
    }
}

#[test]
fn text_does_not_flow_from_one_column_into_the_next() {
    let prints = [row("a", "ab", "c"), row("a", "a", "bc"), row("a", "abc", ""), row("a", "", "abc")];
    let prints: HashSet<Print> = prints.iter().map(|row| print(row, COLUMNS).unwrap()).collect();
    assert_eq!(prints.len(), 4);
}

#[test]
fn a_row_that_no_task_can_be_is_an_event_without_one() {
    let mut odd = row("a", "A", "");
    odd.0[1] = Value::Integer(9);
    let mut known = Known { is_complete: true, ..Known::default() };
    let mut difference = Difference::default();
    difference.add(&mut known, &odd, COLUMNS, Vintage::V24).unwrap();
    difference.add(&mut known, &row("b", "B", ""), COLUMNS, Vintage::V24).unwrap();
    let events = difference.learn(&mut known);
    assert_eq!(events.iter().map(|event| event.task.is_some()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn what_has_no_identifier_is_no_task() {
    let mut known = Known { is_complete: true, ..Known::default() };
    let mut difference = Difference::default();
    for id in [Value::Null, Value::Integer(1), Value::Blob(b"a".to_vec())] {
        let mut odd = row("", "A", "");
        odd.0[0] = id;
        difference.add(&mut known, &odd, COLUMNS, Vintage::V24).unwrap();
    }
    assert!(difference.learn(&mut known).is_empty());
}
