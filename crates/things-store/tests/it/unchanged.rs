//! Read-only means that no byte changes, and so does refusing.

use crate::support::{for_each, healthy, now, small, today, Case};
use things_store::{Batch, Change, Error, Kind, List, Query, Store, TaskId};

/// Every read there is.
fn read_all(store: &Store) {
    let today = today();
    let mut tasks = Vec::new();
    for list in [
        List::Inbox,
        List::Today(today),
        List::Upcoming(today),
        List::Anytime,
        List::Someday,
        List::Logbook,
        List::Trash,
    ] {
        tasks.extend(store.tasks(&Query::list(list)).unwrap());
    }
    for project in store.projects().unwrap().iter().take(3) {
        store.headings(&project.id).unwrap();
        store.tasks(&Query::all().project(&project.id)).unwrap();
    }
    for task in tasks.iter().take(5) {
        store.checklist(&task.id).unwrap();
        store.tags_of(&task.id).unwrap();
    }
    store.search("the").unwrap();
    store.deadlines(Some(today)).unwrap();
    store.count(&Query::all().kind(Kind::Heading)).unwrap();
    for tag in store.tags().unwrap().iter().take(3) {
        store.by_tag(&tag.id).unwrap();
    }
    for area in store.areas().unwrap().iter().take(3) {
        store.by_area(&area.id).unwrap();
        store.tags_of_area(&area.id).unwrap();
    }
    let mut stream = store.stream(&Query::all()).unwrap();
    assert!(stream.tasks().unwrap().all(|task| task.is_ok()));
}

fn unchanged_by(case: &Case, action: impl Fn(&Case)) {
    let before = case.bytes();
    action(case);
    let after = case.bytes();
    assert!(before.0 == after.0, "{}: the database changed", case.name);
    assert!(before.1 == after.1, "{}: the log changed", case.name);
}

#[test]
fn reading_everything_changes_no_byte() {
    for_each(|case| {
        if !case.is_healthy() {
            return case.assert_refused();
        }
        unchanged_by(case, |case| {
            let store = case.open();
            read_all(&store);
            store.verify().unwrap();
        });
    });
}

#[test]
fn opening_read_write_and_changing_nothing_changes_no_content() {
    healthy(|case| {
        let count = |store: Store| store.count(&Query::all()).unwrap();
        let before = count(case.open());
        assert_eq!(count(case.open_read_write()), before, "{}", case.name);
        assert_eq!(count(case.open()), before, "{}", case.name);
    });
}

#[test]
fn a_refused_file_keeps_even_its_log() {
    // Closing the last read-write connection would move a log into the database; a refused one must not.
    small(|case| {
        if !case.is_healthy() {
            return case.assert_refused();
        }
        case.execute("UPDATE \"Meta\" SET \"value\" = '<plist><integer>99</integer></plist>'");
        let mut live = case.raw();
        let _: String = live.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
        live.execute_batch("PRAGMA wal_autocheckpoint = 0").unwrap();
        let write = live.transaction().unwrap();
        write.execute("DELETE FROM \"TMTaskTag\"", []).unwrap();
        write.execute("INSERT INTO \"TMTaskTag\" VALUES ('a', 'b')", []).unwrap();
        write.commit().unwrap();
        assert!(!case.bytes().1.is_empty(), "a live log");
        unchanged_by(case, |case| {
            for result in [Store::open(case.path()), Store::open_read_write(case.path())] {
                assert!(matches!(result, Err(Error::UnknownVintage { found: 99 })));
            }
        });
    });
}

#[test]
fn a_read_only_store_refuses_changes() {
    healthy(|case| {
        unchanged_by(case, |case| {
            let mut store = case.open();
            let batch = Batch::new(now(), today()).change(&TaskId::from("any"), Change::Trash);
            assert!(matches!(store.apply(&batch), Err(Error::ReadOnly)));
        });
    });
}
