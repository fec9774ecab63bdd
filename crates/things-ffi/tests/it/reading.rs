//! Lists and their fields, compared with the store's own.

#![allow(clippy::undocumented_unsafe_blocks)] // Each call gets strings and places that live until it returns.

use crate::c::{self, got, made, string, text, Handle};
use crate::support::{healthy, plant, small, today, Plant};
use std::ffi::CStr;
use things_ffi::*;
use things_store::{Kind, List, Query, Start, Status, Task, TaskId};

const LISTS: [ThingsList; 7] = [
    ThingsList::Inbox,
    ThingsList::Today,
    ThingsList::Upcoming,
    ThingsList::Anytime,
    ThingsList::Someday,
    ThingsList::Logbook,
    ThingsList::Trash,
];

fn list(store: &Handle<ThingsStore>, list: ThingsList) -> Handle<ThingsTasks> {
    let today = c::date(today());
    made(things_tasks_free, |out| unsafe { things_store_list(store.0, list as i32, &today, out) }).unwrap()
}

/// Each field of the task at `at` is that of `task`.
fn compare(tasks: &Handle<ThingsTasks>, at: usize, task: &Task) {
    let list = tasks.0;
    let no_date = ThingsDate { year: 0, month: 0, day: 0 };
    let no_time = ThingsTime { hour: 0, minute: 0 };
    assert_eq!(c::id(tasks, at), task.id.as_str());
    assert_eq!(c::title(tasks, at), task.title);
    assert_eq!(text(|out| unsafe { things_tasks_notes(list, at, out) }).unwrap(), task.notes);
    let area = text(|out| unsafe { things_tasks_area(list, at, out) });
    assert_eq!(area.as_deref(), task.area.as_ref().map(|id| id.as_str()));
    let project = text(|out| unsafe { things_tasks_project(list, at, out) });
    assert_eq!(project.as_deref(), task.project.as_ref().map(|id| id.as_str()));
    let heading = text(|out| unsafe { things_tasks_heading(list, at, out) });
    assert_eq!(heading.as_deref(), task.heading.as_ref().map(|id| id.as_str()));
    let template = text(|out| unsafe { things_tasks_repeats_from(list, at, out) });
    assert_eq!(template.as_deref(), task.repeats_from.as_ref().map(|id| id.as_str()));

    let kind = match task.kind {
        Kind::ToDo => ThingsKind::ToDo,
        Kind::Project => ThingsKind::Project,
        Kind::Heading => ThingsKind::Heading,
    };
    assert_eq!(got(ThingsKind::ToDo, |out| unsafe { things_tasks_kind(list, at, out) }), Some(kind));
    let status = match task.status {
        Status::Incomplete => ThingsProgress::Incomplete,
        Status::Cancelled => ThingsProgress::Cancelled,
        Status::Completed => ThingsProgress::Completed,
    };
    assert_eq!(got(ThingsProgress::Incomplete, |out| unsafe { things_tasks_status(list, at, out) }), Some(status));
    let start = match task.start {
        Start::Inbox => ThingsStart::Inbox,
        Start::Anytime => ThingsStart::Anytime,
        Start::Someday => ThingsStart::Someday,
    };
    assert_eq!(got(ThingsStart::Inbox, |out| unsafe { things_tasks_start(list, at, out) }), Some(start));
    assert_eq!(got(false, |out| unsafe { things_tasks_trashed(list, at, out) }), Some(task.trashed));
    assert_eq!(got(false, |out| unsafe { things_tasks_evening(list, at, out) }), Some(task.evening));

    let date = got(no_date, |out| unsafe { things_tasks_start_date(list, at, out) });
    assert_eq!(date, task.start_date.map(c::date));
    assert_eq!(got(no_date, |out| unsafe { things_tasks_deadline(list, at, out) }), task.deadline.map(c::date));
    let reminder = task.reminder.map(|time| ThingsTime { hour: time.hour(), minute: time.minute() });
    assert_eq!(got(no_time, |out| unsafe { things_tasks_reminder(list, at, out) }), reminder);
    let seconds = |time: Option<things_store::Timestamp>| time.map(|time| time.unix_seconds());
    assert_eq!(got(0.0, |out| unsafe { things_tasks_stopped(list, at, out) }), seconds(task.stopped));
    assert_eq!(got(0.0, |out| unsafe { things_tasks_created(list, at, out) }), seconds(task.created));
    assert_eq!(got(0.0, |out| unsafe { things_tasks_modified(list, at, out) }), seconds(task.modified));

    assert_eq!(got(0, |out| unsafe { things_tasks_index(list, at, out) }), Some(task.index));
    assert_eq!(got(0, |out| unsafe { things_tasks_today_index(list, at, out) }), Some(task.today_index));
    assert_eq!(got(0, |out| unsafe { things_tasks_checklist_items(list, at, out) }), Some(task.checklist_items));
    let open = got(0, |out| unsafe { things_tasks_open_checklist_items(list, at, out) });
    assert_eq!(open, Some(task.open_checklist_items));
}

#[track_caller]
fn same(tasks: &Handle<ThingsTasks>, expected: &[Task]) {
    assert_eq!(c::length(tasks), expected.len());
    for (at, task) in expected.iter().enumerate() {
        compare(tasks, at, task);
    }
}

#[test]
fn each_list_has_the_tasks_of_the_store_field_by_field() {
    healthy(|case| {
        let (surface, store) = (c::open(case.path(), ThingsAccess::ReadOnly).unwrap(), case.open());
        let day = today();
        let expected = [
            List::Inbox,
            List::Today(day),
            List::Upcoming(day),
            List::Anytime,
            List::Someday,
            List::Logbook,
            List::Trash,
        ];
        for (shown, kept) in LISTS.into_iter().zip(expected) {
            same(&list(&surface, shown), &store.tasks(&Query::list(kept)).unwrap());
        }
        same(
            &made(things_tasks_free, |out| unsafe { things_store_projects(surface.0, out) }).unwrap(),
            &store.projects().unwrap(),
        );
        for task in store.tasks(&Query::all()).unwrap() {
            let id = string(task.id.as_str());
            let one = made(things_tasks_free, |out| unsafe { things_store_task(surface.0, id.as_ptr(), out) }).unwrap();
            same(&one, &[task]);
        }
        let version = got(0, |out| unsafe { things_store_vintage(surface.0, out) });
        assert_eq!(version, Some(store.database_version()), "{}", case.name);
        assert_eq!(things_store_verify(surface.0), ThingsStatus::Ok);
    });
}

#[test]
fn tags_areas_and_checklists_are_those_of_the_store() {
    healthy(|case| {
        let (surface, store) = (c::open(case.path(), ThingsAccess::ReadOnly).unwrap(), case.open());
        let areas = made(things_areas_free, |out| unsafe { things_store_areas(surface.0, out) }).unwrap();
        let expected = store.areas().unwrap();
        assert_eq!(got(0, |out| unsafe { things_areas_length(areas.0, out) }), Some(expected.len()));
        for (at, area) in expected.iter().enumerate() {
            assert_eq!(text(|out| unsafe { things_areas_id(areas.0, at, out) }).unwrap(), area.id.as_str());
            assert_eq!(text(|out| unsafe { things_areas_title(areas.0, at, out) }).unwrap(), area.title);
            assert_eq!(got(false, |out| unsafe { things_areas_visible(areas.0, at, out) }), Some(area.visible));
        }
        let tags = made(things_tags_free, |out| unsafe { things_store_tags(surface.0, out) }).unwrap();
        let expected = store.tags().unwrap();
        assert_eq!(got(0, |out| unsafe { things_tags_length(tags.0, out) }), Some(expected.len()));
        for (at, tag) in expected.iter().enumerate() {
            assert_eq!(text(|out| unsafe { things_tags_id(tags.0, at, out) }).unwrap(), tag.id.as_str());
            assert_eq!(text(|out| unsafe { things_tags_title(tags.0, at, out) }).unwrap(), tag.title);
            assert_eq!(text(|out| unsafe { things_tags_shortcut(tags.0, at, out) }), tag.shortcut);
            let parent = text(|out| unsafe { things_tags_parent(tags.0, at, out) });
            assert_eq!(parent.as_deref(), tag.parent.as_ref().map(|id| id.as_str()));
        }
        for task in store.tasks(&Query::all()).unwrap() {
            let id = string(task.id.as_str());
            let carried =
                made(things_tags_free, |out| unsafe { things_store_tags_of(surface.0, id.as_ptr(), out) }).unwrap();
            let length = got(0, |out| unsafe { things_tags_length(carried.0, out) });
            assert_eq!(length, Some(store.tags_of(&task.id).unwrap().len()));
            let lines =
                made(things_checklist_free, |out| unsafe { things_store_checklist(surface.0, id.as_ptr(), out) })
                    .unwrap();
            let expected = store.checklist(&task.id).unwrap();
            assert_eq!(got(0, |out| unsafe { things_checklist_length(lines.0, out) }), Some(expected.len()));
            for (at, line) in expected.iter().enumerate() {
                assert_eq!(text(|out| unsafe { things_checklist_id(lines.0, at, out) }).unwrap(), line.id.as_str());
                assert_eq!(text(|out| unsafe { things_checklist_title(lines.0, at, out) }).unwrap(), line.title);
                let stopped = got(0.0, |out| unsafe { things_checklist_stopped(lines.0, at, out) });
                assert_eq!(stopped, line.stopped.map(|time| time.unix_seconds()));
                let nothing = ThingsProgress::Incomplete;
                let status = got(nothing, |out| unsafe { things_checklist_status(lines.0, at, out) });
                assert_eq!(status == Some(ThingsProgress::Completed), line.status == Status::Completed);
            }
        }
    });
}

/// Each fixture that is to be refused is refused with its own error, by name, and no handle.
#[test]
fn a_database_that_the_store_refuses_is_refused_with_the_same_error() {
    small(|case| {
        if case.is_healthy() {
            return;
        }
        let before = case.bytes();
        for access in [ThingsAccess::ReadOnly, ThingsAccess::ReadWrite] {
            let status = c::open(case.path(), access).err().expect("it is refused");
            let name = unsafe { CStr::from_ptr(things_status_name(status as i32)) };
            assert_eq!(name.to_str().unwrap(), case.manifest.expect, "{}", case.name);
            assert_eq!(c::last_error(), case.open_error().to_string());
        }
        assert!(case.bytes() == before, "{}: changed by being refused", case.name);
    });
}

#[test]
fn an_unknown_version_is_read_on_request_alone_and_never_changed() {
    healthy(|case| {
        case.execute("UPDATE Meta SET value = replace(value, '<integer>', '<integer>9') WHERE key = 'databaseVersion'");
        for access in [ThingsAccess::ReadOnly, ThingsAccess::ReadWrite] {
            assert_eq!(c::open(case.path(), access).err(), Some(ThingsStatus::UnknownVintage), "{}", case.name);
        }
        let surface = c::open(case.path(), ThingsAccess::BestEffort).unwrap();
        assert_eq!(got(false, |out| unsafe { things_store_is_best_effort(surface.0, out) }), Some(true));
        let version = got(0, |out| unsafe { things_store_vintage(surface.0, out) });
        assert_eq!(version, Some(900 + case.manifest.vintage));
        list(&surface, ThingsList::Anytime);
        let today = c::date(today());
        let batch = made(things_batch_free, |out| unsafe { things_batch_new(0.0, &today, out) }).unwrap();
        let applied = unsafe { things_store_apply(surface.0, batch.0, std::ptr::null_mut()) };
        assert_eq!(applied, ThingsStatus::ReadOnly);
    });
}

#[test]
fn titles_with_nuls_and_all_of_unicode_come_out_whole() {
    healthy(|case| {
        let title = "a\0b \u{1f3f3}\u{fe0f}\u{200d}\u{1f308} \u{10ffff} ´";
        plant(&case.raw(), case.vintage(), &[Plant { id: "odd", start: 0, ..Plant::default() }]);
        case.raw().execute("UPDATE TMTask SET title = ?1, notes = '' WHERE uuid = 'odd'", [title]).unwrap();
        let surface = c::open(case.path(), ThingsAccess::ReadOnly).unwrap();
        let one = made(things_tasks_free, |out| unsafe { things_store_task(surface.0, b"odd\0".as_ptr().cast(), out) })
            .unwrap();
        assert_eq!(c::title(&one, 0), title);
        assert_eq!(case.open().task(&TaskId::from("odd")).unwrap().unwrap().title, title);
        assert_eq!(text(|out| unsafe { things_tasks_notes(one.0, 0, out) }).as_deref(), Some(""));
        // What is searched for may have NULs, too; the store decides what it finds.
        let asked = "a\0b";
        let found = made(things_tasks_free, |out| unsafe {
            things_store_search(surface.0, asked.as_ptr().cast(), asked.len(), out)
        });
        match (found, case.open().search(asked)) {
            (Ok(found), Ok(expected)) => same(&found, &expected),
            (Err(_), Err(error)) => assert_eq!(c::last_error(), error.to_string()),
            (_, other) => panic!("the store says {other:?}"),
        }
    });
}

/// Strings of a list stay where they are while other lists come and go, and while the store is closed.
#[test]
fn a_list_outlives_its_store_and_its_strings_do_not_move() {
    healthy(|case| {
        let surface = c::open(case.path(), ThingsAccess::ReadOnly).unwrap();
        let query = c::everything();
        let tasks = made(things_tasks_free, |out| unsafe { things_store_tasks(surface.0, query.0, out) }).unwrap();
        let length = c::length(&tasks);
        let read = |at| got(c::NO_TEXT, |out| unsafe { things_tasks_title(tasks.0, at, out) }).unwrap();
        let before: Vec<_> = (0..length).map(|at| (read(at).data, c::title(&tasks, at))).collect();
        drop((0..10).map(|_| list(&surface, ThingsList::Anytime)).collect::<Vec<_>>());
        drop(surface);
        for (at, (data, title)) in before.iter().enumerate() {
            assert_eq!(read(at).data, *data);
            assert_eq!(c::title(&tasks, at), *title);
        }
    });
}
