//! Batches: the same changes through C and through the store leave the same database.

#![allow(clippy::undocumented_unsafe_blocks)] // Each call gets strings and places that live until it returns.

use crate::c::{self, made, string, Handle};
use crate::support::{date, healthy, now, plant, today, Case, Plant};
use std::ffi::CString;
use std::ptr::null;
use things_ffi::*;
use things_store::{AreaId, Batch, Change, Destination, Store, TaskId, When};

fn batch() -> Handle<ThingsBatch> {
    let today = c::date(today());
    made(things_batch_free, |out| unsafe { things_batch_new(now().unix_seconds(), &today, out) }).unwrap()
}

/// The function of C for a change.
fn add(batch: &Handle<ThingsBatch>, id: &str, change: &Change) -> ThingsStatus {
    let id = string(id);
    let (batch, id) = (batch.0, id.as_ptr());
    let to = |destination: ThingsDestination, target: Option<CString>| unsafe {
        let target = target.as_ref();
        things_batch_move(batch, id, destination as i32, target.map_or(null(), |target| target.as_ptr()))
    };
    let schedule = |when: ThingsWhen, day: Option<ThingsDate>| unsafe {
        things_batch_schedule(batch, id, when as i32, day.as_ref().map_or(null(), |day| day))
    };
    unsafe {
        match change {
            Change::Complete => things_batch_complete(batch, id),
            Change::Cancel => things_batch_cancel(batch, id),
            Change::Reopen => things_batch_reopen(batch, id),
            Change::Trash => things_batch_trash(batch, id),
            Change::Restore => things_batch_restore(batch, id),
            Change::Delete => things_batch_delete(batch, id),
            Change::Deadline(day) => {
                let day = day.map(c::date);
                things_batch_deadline(batch, id, day.as_ref().map_or(null(), |day| day))
            }
            Change::Move(Destination::Inbox) => to(ThingsDestination::Inbox, None),
            Change::Move(Destination::Loose) => to(ThingsDestination::Loose, None),
            Change::Move(Destination::Area(area)) => to(ThingsDestination::Area, Some(string(area.as_str()))),
            Change::Move(Destination::Project(task)) => to(ThingsDestination::Project, Some(string(task.as_str()))),
            Change::Move(Destination::Heading(task)) => to(ThingsDestination::Heading, Some(string(task.as_str()))),
            Change::Schedule(When::Anytime) => schedule(ThingsWhen::Anytime, None),
            Change::Schedule(When::Someday) => schedule(ThingsWhen::Someday, None),
            Change::Schedule(When::On(day)) => schedule(ThingsWhen::On, Some(c::date(*day))),
            Change::Schedule(When::ThisEvening) => schedule(ThingsWhen::ThisEvening, None),
        }
    }
}

fn planted(case: &Case) {
    let raw = case.raw();
    plant(
        &raw,
        case.vintage(),
        &[
            Plant { id: "project", kind: 1, area: Some("area"), ..Plant::default() },
            Plant { id: "heading", kind: 2, project: Some("project"), ..Plant::default() },
            Plant { id: "under", heading: Some("heading"), ..Plant::default() },
            Plant { id: "loose", start: 0, ..Plant::default() },
        ],
    );
    raw.execute_batch("INSERT INTO TMArea (\"uuid\", \"title\", \"index\") VALUES ('area', 'Area', 0);").unwrap();
}

/// Every row of the tables that a batch changes; each tombstone has a new identifier every time.
fn rows(case: &Case) -> Vec<String> {
    let raw = case.raw();
    let mut found = Vec::new();
    for sql in ["SELECT * FROM TMTask ORDER BY uuid", "SELECT deletedObjectUUID FROM TMTombstone ORDER BY 1"] {
        let mut statement = raw.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let row: Vec<String> = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
            found.push(row.join(" "));
        }
    }
    found
}

#[test]
fn each_change_does_what_it_does_in_the_store() {
    let changes = [
        Change::Complete,
        Change::Cancel,
        Change::Reopen,
        Change::Trash,
        Change::Restore,
        Change::Delete,
        Change::Deadline(None),
        Change::Deadline(Some(date("2024-07-01"))),
        Change::Move(Destination::Inbox),
        Change::Move(Destination::Loose),
        Change::Move(Destination::Area(AreaId::from("area"))),
        Change::Move(Destination::Project(TaskId::from("project"))),
        Change::Move(Destination::Heading(TaskId::from("heading"))),
        Change::Schedule(When::Anytime),
        Change::Schedule(When::Someday),
        Change::Schedule(When::On(date("2024-06-20"))),
        Change::Schedule(When::ThisEvening),
    ];
    for change in changes {
        let after: std::cell::RefCell<Vec<Vec<String>>> = std::cell::RefCell::default();
        // Two rounds over the same databases: through C, and through the store.
        healthy(|case| {
            planted(case);
            let store = c::open(case.path(), ThingsAccess::ReadWrite).unwrap();
            let batch = batch();
            assert_eq!(add(&batch, "loose", &change), ThingsStatus::Ok, "{change:?}: {}", c::last_error());
            let mut changed = 0;
            let status = unsafe { things_store_apply(store.0, batch.0, &mut changed) };
            assert_eq!(status, ThingsStatus::Ok, "{change:?}: {}", c::last_error());
            assert_eq!(changed, 1, "{change:?}");
            drop(store);
            after.borrow_mut().push(rows(case));
        });
        let expected = std::cell::RefCell::new(after.into_inner().into_iter());
        healthy(|case| {
            planted(case);
            let mut store = Store::open_read_write(case.path()).unwrap();
            store.apply(&Batch::new(now(), today()).change(&TaskId::from("loose"), change.clone())).unwrap();
            drop(store);
            assert_eq!(Some(rows(case)), expected.borrow_mut().next(), "{}: {change:?}", case.name);
        });
    }
}

#[test]
fn a_refused_batch_changes_nothing_and_says_why() {
    healthy(|case| {
        planted(case);
        let before = rows(case);
        let store = c::open(case.path(), ThingsAccess::ReadWrite).unwrap();
        let batch = batch();
        add(&batch, "loose", &Change::Complete);
        add(&batch, "nothing", &Change::Complete);
        let apply = |store: &Handle<ThingsStore>| unsafe { things_store_apply(store.0, batch.0, std::ptr::null_mut()) };
        assert_eq!(apply(&store), ThingsStatus::NoSuch);
        assert_eq!(c::last_error(), "there is no task `nothing`: read the list again and retry");
        drop(store);
        let reader = c::open(case.path(), ThingsAccess::ReadOnly).unwrap();
        assert_eq!(apply(&reader), ThingsStatus::ReadOnly);
        assert_eq!(rows(case), before, "{}", case.name);
    });
}

#[test]
fn a_locked_database_is_reported_as_locked() {
    healthy(|case| {
        planted(case);
        let store = c::open(case.path(), ThingsAccess::ReadWrite).unwrap();
        let batch = batch();
        add(&batch, "loose", &Change::Complete);
        let raw = case.raw();
        raw.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(
            unsafe { things_store_apply(store.0, batch.0, std::ptr::null_mut()) },
            ThingsStatus::Locked,
            "{}",
            c::last_error()
        );
        raw.execute_batch("ROLLBACK").unwrap();
        assert_eq!(unsafe { things_store_apply(store.0, batch.0, std::ptr::null_mut()) }, ThingsStatus::Ok);
    });
}
