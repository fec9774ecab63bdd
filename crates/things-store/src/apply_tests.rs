//! Batches over tables that are a map: refusals, order of statements, recounting.

use super::*;
use crate::batch::When;
use crate::error::ErrorKind;
use crate::timestamp::Timestamp;
use rusqlite::types::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Tasks by identifier, one area called `home`, and the statements that were run.
#[derive(Default)]
struct Map {
    tasks: BTreeMap<&'static str, Found>,
    ran: RefCell<Vec<Sql>>,
    /// The statement, counted from one, that fails.
    failing: Option<usize>,
}

impl Tables for Map {
    fn find(&self, task: &TaskId) -> Result<Option<Found>> {
        // Moved where the last statement on it has put it.
        let moved = self.ran.borrow().iter().rev().find_map(|sql| match sql.params.as_slice() {
            [Value::Text(id), _, Value::Text(to)] if id == task.as_str() => Some(to.clone()),
            _ => None,
        });
        let found = self.tasks.get(task.as_str()).cloned();
        Ok(found.map(|found| Found { project: moved.or(found.project.clone()), ..found }))
    }

    fn has_area(&self, area: &AreaId) -> Result<bool> {
        Ok(area.as_str() == "home")
    }

    fn run(&self, sql: &Sql) -> Result<usize> {
        self.ran.borrow_mut().push(sql.clone());
        match Some(self.ran.borrow().len()) == self.failing {
            true => Err(Error::Locked { attempts: 1, waited: std::time::Duration::ZERO, source: None }),
            // A count that distinguishes the statement on `TMTask` from the others.
            false => Ok(if sql.text.contains("\"TMTask\"") { 10 } else { 1 }),
        }
    }
}

fn found(kind: Kind, project: Option<&str>) -> Found {
    Found { kind, template: false, project: project.map(str::to_owned) }
}

fn map() -> Map {
    let tasks = [
        ("todo", found(Kind::ToDo, None)),
        ("inside", found(Kind::ToDo, Some("project"))),
        ("project", found(Kind::Project, None)),
        ("other", found(Kind::Project, None)),
        ("heading", found(Kind::Heading, Some("project"))),
        ("template", Found { template: true, ..found(Kind::Project, None) }),
    ];
    Map { tasks: tasks.into_iter().collect(), ..Map::default() }
}

fn batch(changes: &[(&str, Change)]) -> Batch {
    let now = Timestamp::from_unix_seconds(1_718_184_600.0).unwrap();
    let mut batch = Batch::new(now, now.date_utc());
    batch.extend(changes.iter().map(|(task, change)| (TaskId::from(*task), change.clone())));
    batch
}

fn apply_to(map: &Map, changes: &[(&str, Change)]) -> Result<usize> {
    change_all(map, Vintage::V24, &batch(changes))
}

fn to_project(id: &str) -> Change {
    Change::Move(Destination::Project(TaskId::from(id)))
}

/// The recounted projects, in order.
fn recounted(map: &Map) -> Vec<String> {
    let recount = change_sql::recount(Vintage::V24);
    let ran = map.ran.borrow();
    let of = |sql: &Sql| match sql.params.as_slice() {
        [Value::Text(id)] if sql.text == recount => Some(id.clone()),
        _ => None,
    };
    ran.iter().filter_map(of).collect()
}

#[test]
fn an_empty_batch_runs_nothing() {
    let map = map();
    assert_eq!(apply_to(&map, &[]).unwrap(), 0);
    assert!(map.ran.borrow().is_empty());
}

#[test]
fn changes_are_made_in_their_order_and_counted_after_all_of_them() {
    let map = map();
    let tasks = apply_to(&map, &[("todo", Change::Trash), ("inside", Change::Complete)]).unwrap();
    assert_eq!(tasks, 20);
    let first: Vec<_> = map.ran.borrow().iter().map(|sql| sql.params[0].clone()).collect();
    let text = |id: &str| Value::Text(id.to_owned());
    assert_eq!(first, [text("todo"), text("inside"), text("inside"), text("project"), text("todo")]);
}

#[test]
fn deletion_counts_the_rows_of_its_last_statement_only() {
    let map = map();
    assert_eq!(apply_to(&map, &[("inside", Change::Delete)]).unwrap(), 10);
    assert_eq!(recounted(&map), ["inside", "project"]);
}

#[test]
fn both_the_project_left_and_the_one_entered_are_counted_anew() {
    let map = map();
    apply_to(&map, &[("inside", to_project("other"))]).unwrap();
    assert_eq!(recounted(&map), ["inside", "other", "project"]);
}

#[test]
fn a_project_is_counted_anew_once_however_many_changes_it_has() {
    let map = map();
    apply_to(&map, &[("inside", Change::Complete), ("inside", Change::Reopen), ("heading", Change::Trash)]).unwrap();
    assert_eq!(recounted(&map), ["heading", "inside", "project"]);
}

#[test]
fn what_does_not_exist_is_named() {
    for (task, change, what, id) in [
        ("nobody", Change::Trash, "task", "nobody"),
        ("todo", to_project("nowhere"), "project", "nowhere"),
        ("todo", to_project("heading"), "project", "heading"),
        ("todo", Change::Move(Destination::Heading(TaskId::from("project"))), "heading", "project"),
        ("todo", Change::Move(Destination::Area(AreaId::from("work"))), "area", "work"),
    ] {
        let map = map();
        match apply_to(&map, &[(task, change.clone())]) {
            Err(Error::NoSuch { what: named, id: found }) => assert_eq!((named, found.as_str()), (what, id)),
            other => panic!("{change:?} gave {other:?}"),
        }
        assert!(map.ran.borrow().is_empty(), "{change:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_run() {
    for (task, change) in [
        ("template", Change::Complete),
        ("todo", to_project("template")),
        ("project", to_project("other")),
        ("project", Change::Move(Destination::Inbox)),
        ("heading", Change::Schedule(When::Someday)),
        ("heading", Change::Move(Destination::Loose)),
    ] {
        let map = map();
        match apply_to(&map, &[(task, change.clone())]) {
            Err(Error::NotAllowed { id, why }) => {
                assert_eq!(id, task);
                assert!(why.contains(": "), "says what to do: {why}");
            }
            other => panic!("{change:?} gave {other:?}"),
        }
        assert!(map.ran.borrow().is_empty(), "{change:?}");
    }
}

#[test]
fn places_that_fit_are_accepted() {
    for (task, to) in [
        ("todo", Destination::Inbox),
        ("todo", Destination::Loose),
        ("todo", Destination::Area(AreaId::from("home"))),
        ("todo", Destination::Heading(TaskId::from("heading"))),
        ("project", Destination::Area(AreaId::from("home"))),
        ("heading", Destination::Project(TaskId::from("other"))),
    ] {
        let map = map();
        assert_eq!(apply_to(&map, &[(task, Change::Move(to.clone()))]).unwrap(), 10, "{task} to {to:?}");
    }
}

#[test]
fn the_first_error_ends_the_batch() {
    let failing = Map { failing: Some(2), ..map() };
    let changes = [("todo", Change::Trash), ("inside", Change::Trash), ("project", Change::Trash)];
    assert_eq!(apply_to(&failing, &changes).unwrap_err().kind(), ErrorKind::Locked);
    assert_eq!(failing.ran.borrow().len(), 2);

    let refused = map();
    let changes = [("todo", Change::Trash), ("nobody", Change::Trash), ("project", Change::Trash)];
    assert_eq!(apply_to(&refused, &changes).unwrap_err().kind(), ErrorKind::NoSuch);
    assert_eq!(refused.ran.borrow().len(), 1);
}
