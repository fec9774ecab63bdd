//! Batches: what each change does, and that a batch is made whole or not at all.

use crate::support::{date, for_each, has, healthy, now, plant, today, Case, Plant};
use things_store::{
    Applied, Batch, Change, Destination, Error, ErrorKind, Query, Start, Status, Store, Task, TaskId, TimeOfDay, When,
};

/// An area, a project in it with a heading, and to-dos in each place.
fn planted(case: &Case) -> Store {
    let raw = case.raw();
    plant(
        &raw,
        case.vintage(),
        &[
            Plant { id: "project", kind: 1, area: Some("area"), ..Plant::default() },
            Plant { id: "heading", kind: 2, project: Some("project"), ..Plant::default() },
            Plant { id: "direct", project: Some("project"), ..Plant::default() },
            Plant { id: "under", heading: Some("heading"), ..Plant::default() },
            Plant { id: "done", status: 3, stopped: Some(1.5), heading: Some("heading"), ..Plant::default() },
            Plant { id: "loose", start: 0, ..Plant::default() },
            Plant { id: "template", template: true, ..Plant::default() },
        ],
    );
    raw.execute_batch(
        "INSERT INTO TMChecklistItem (\"uuid\", \"title\", \"status\", \"index\", \"task\", \"leavesTombstone\") \
         VALUES ('item 1', 'A', 0, 0, 'under', 1), ('item 2', 'B', 3, 1, 'under', 0); \
         INSERT INTO TMTaskTag (\"tasks\", \"tags\") VALUES ('under', 'some tag'); \
         INSERT INTO TMArea (\"uuid\", \"title\", \"index\") VALUES ('area', 'Area', 0);",
    )
    .unwrap();
    drop(raw);
    case.open_read_write()
}

fn batch() -> Batch {
    Batch::new(now(), today())
}

fn one(store: &mut Store, task: &str, change: Change) -> Result<Applied, Error> {
    store.apply(&batch().change(&TaskId::from(task), change))
}

#[track_caller]
fn get(store: &Store, task: &str) -> Task {
    store.task(&TaskId::from(task)).unwrap().unwrap_or_else(|| panic!("no {task}"))
}

/// To-dos of the project that are not in the trash, and the open ones among them, as kept beside it.
fn counters(case: &Case) -> (i64, i64) {
    let sql = "SELECT untrashedLeafActionsCount, openUntrashedLeafActionsCount FROM TMTask WHERE uuid = 'project'";
    case.raw().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[test]
fn completing_and_reopening_a_to_do() {
    healthy(|case| {
        let mut store = planted(case);
        assert_eq!(one(&mut store, "direct", Change::Complete).unwrap().tasks, 1, "{}", case.name);
        let task = get(&store, "direct");
        assert_eq!((task.status, task.stopped, task.modified), (Status::Completed, Some(now()), Some(now())));
        assert!(has(&store.logbook().unwrap(), "direct"));
        assert_eq!(counters(case), (3, 1));
        one(&mut store, "direct", Change::Reopen).unwrap();
        let task = get(&store, "direct");
        assert_eq!((task.status, task.stopped), (Status::Incomplete, None));
        assert_eq!(counters(case), (3, 2));
    });
}

#[test]
fn stopping_a_project_stops_what_is_open_in_it() {
    healthy(|case| {
        let mut store = planted(case);
        let thrown = Plant { id: "thrown", trashed: true, project: Some("project"), ..Plant::default() };
        plant(&case.raw(), case.vintage(), &[thrown]);
        assert_eq!(one(&mut store, "project", Change::Cancel).unwrap().tasks, 3, "{}", case.name);
        for id in ["project", "direct", "under"] {
            assert_eq!(get(&store, id).status, Status::Cancelled, "{id}");
        }
        let done = get(&store, "done");
        assert_eq!((done.status, done.stopped.unwrap().unix_seconds()), (Status::Completed, 1.5));
        for id in ["loose", "thrown"] {
            assert_eq!(get(&store, id).status, Status::Incomplete, "{id}");
        }
        assert_eq!(counters(case), (3, 0));
    });
}

#[test]
fn moving_leaves_one_place_and_enters_another() {
    healthy(|case| {
        let mut store = planted(case);
        let to_area = Change::Move(Destination::Area("area".into()));
        one(&mut store, "loose", to_area).unwrap();
        let task = get(&store, "loose");
        assert_eq!((task.area, task.project, task.start), (Some("area".into()), None, Start::Anytime));

        one(&mut store, "loose", Change::Move(Destination::Heading("heading".into()))).unwrap();
        let task = get(&store, "loose");
        assert_eq!((task.area, task.heading), (None, Some("heading".into())), "{}", case.name);
        assert_eq!(task.project, Some("project".into()), "by way of the heading");
        assert_eq!(counters(case), (4, 3));

        one(&mut store, "loose", Change::Move(Destination::Project("project".into()))).unwrap();
        let task = get(&store, "loose");
        assert_eq!((task.heading, task.project), (None, Some("project".into())));

        one(&mut store, "loose", Change::Move(Destination::Loose)).unwrap();
        let task = get(&store, "loose");
        assert_eq!((task.area, task.project, task.start), (None, None, Start::Anytime));
        assert_eq!(counters(case), (3, 2));
    });
}

#[test]
fn moving_to_the_inbox_takes_the_date_away() {
    healthy(|case| {
        let mut store = planted(case);
        let changes = batch()
            .change(&"direct".into(), Change::Schedule(When::ThisEvening))
            .change(&"direct".into(), Change::Move(Destination::Inbox));
        store.apply(&changes).unwrap();
        let task = get(&store, "direct");
        assert_eq!((task.start, task.start_date, task.evening), (Start::Inbox, None, false), "{}", case.name);
        assert_eq!(task.project, None);
        assert!(has(&store.inbox().unwrap(), "direct"));
    });
}

#[test]
fn a_place_that_does_not_exist_or_does_not_fit_is_refused() {
    healthy(|case| {
        let mut store = planted(case);
        for (task, to, kind) in [
            ("loose", Destination::Area("nowhere".into()), ErrorKind::NoSuch),
            ("loose", Destination::Project("nowhere".into()), ErrorKind::NoSuch),
            ("loose", Destination::Project("heading".into()), ErrorKind::NoSuch),
            ("loose", Destination::Heading("project".into()), ErrorKind::NoSuch),
            ("loose", Destination::Project("template".into()), ErrorKind::NotAllowed),
            ("project", Destination::Project("project".into()), ErrorKind::NotAllowed),
            ("heading", Destination::Inbox, ErrorKind::NotAllowed),
        ] {
            let error = one(&mut store, task, Change::Move(to.clone())).unwrap_err();
            assert_eq!(error.kind(), kind, "{}: {task} to {to:?}: {error}", case.name);
        }
    });
}

#[test]
fn the_start_date_decides_the_list() {
    healthy(|case| {
        let mut store = planted(case);
        let schedule = |store: &mut Store, when| one(store, "direct", Change::Schedule(when)).unwrap();
        schedule(&mut store, When::On(today()));
        assert!(has(&store.today(today()).unwrap(), "direct"), "{}", case.name);
        schedule(&mut store, When::On(date("2024-06-13")));
        assert!(has(&store.upcoming(today()).unwrap(), "direct"));
        assert!(!has(&store.today(today()).unwrap(), "direct"));
        assert_eq!(get(&store, "direct").start, Start::Someday);
        schedule(&mut store, When::Someday);
        assert!(has(&store.someday().unwrap(), "direct"));
        schedule(&mut store, When::ThisEvening);
        let task = get(&store, "direct");
        assert_eq!((task.start_date, task.evening, task.start), (Some(today()), true, Start::Anytime));
        schedule(&mut store, When::Anytime);
        let task = get(&store, "direct");
        assert_eq!((task.start_date, task.evening, task.start), (None, false, Start::Anytime));
    });
}

#[test]
fn deadlines_are_set_and_taken_away() {
    healthy(|case| {
        let mut store = planted(case);
        for deadline in [Some(date("2028-02-29")), Some(date("1969-07-20")), None] {
            one(&mut store, "direct", Change::Deadline(deadline)).unwrap();
            assert_eq!(get(&store, "direct").deadline, deadline, "{}", case.name);
        }
        let error = one(&mut store, "heading", Change::Deadline(None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAllowed);
    });
}

#[test]
fn the_trash_gives_back_what_it_took() {
    healthy(|case| {
        let mut store = planted(case);
        let mut before = get(&store, "under");
        one(&mut store, "under", Change::Trash).unwrap();
        assert!(has(&store.trash().unwrap(), "under"), "{}", case.name);
        assert_eq!(counters(case), (2, 1));
        one(&mut store, "under", Change::Restore).unwrap();
        before.modified = Some(now());
        assert_eq!(get(&store, "under"), before);
        assert_eq!(counters(case), (3, 2));
    });
}

#[test]
fn deleting_removes_all_that_hangs_on_a_project_and_leaves_tombstones() {
    healthy(|case| {
        let mut store = planted(case);
        let tombstones = case.manifest.rows["TMTombstone"];
        let tasks = case.integer("SELECT count(*) FROM TMTask");
        assert_eq!(one(&mut store, "project", Change::Delete).unwrap().tasks, 5, "{}", case.name);
        for id in ["project", "heading", "direct", "under", "done"] {
            assert_eq!(store.task(&id.into()).unwrap(), None, "{id}");
            let dead = format!("SELECT count(*) FROM TMTombstone WHERE deletedObjectUUID = '{id}'");
            assert_eq!(case.integer(&dead), 1, "{id}");
        }
        assert_eq!(case.integer("SELECT count(*) FROM TMTask"), tasks - 5);
        // Of two checklist items one leaves a tombstone.
        assert_eq!(case.integer("SELECT count(*) FROM TMTombstone"), tombstones + 6);
        let dated = format!("SELECT count(*) FROM TMTombstone WHERE deletionDate = {}", now().unix_seconds());
        assert_eq!(case.integer(&dated), 6);
        assert_eq!(case.integer("SELECT count(*) FROM TMChecklistItem WHERE task = 'under'"), 0);
        assert_eq!(case.integer("SELECT count(*) FROM TMTaskTag WHERE tasks = 'under'"), 0);
        assert!(store.task(&"loose".into()).unwrap().is_some());
        store.verify().unwrap();
    });
}

#[test]
fn one_failing_change_undoes_the_whole_batch() {
    healthy(|case| {
        case.settle();
        let mut store = planted(case);
        let before = case.bytes().0;
        let changes = batch()
            .change(&"direct".into(), Change::Complete)
            .change(&"under".into(), Change::Delete)
            .change(&"loose".into(), Change::Move(Destination::Project("project".into())))
            .change(&"nobody".into(), Change::Complete);
        match store.apply(&changes) {
            Err(Error::NoSuch { what: "task", id }) => assert_eq!(id, "nobody"),
            other => panic!("{}: {other:?}", case.name),
        }
        assert!(case.bytes().0 == before, "{}: something was changed", case.name);
        assert_eq!(get(&store, "direct").status, Status::Incomplete);
        assert!(store.task(&"under".into()).unwrap().is_some());
        // The store goes on working.
        one(&mut store, "direct", Change::Complete).unwrap();
    });
}

#[test]
fn a_deleted_task_cannot_be_changed_later_in_the_batch() {
    healthy(|case| {
        let mut store = planted(case);
        let changes = batch().change(&"direct".into(), Change::Delete).change(&"direct".into(), Change::Complete);
        assert_eq!(store.apply(&changes).unwrap_err().kind(), ErrorKind::NoSuch, "{}", case.name);
        assert!(store.task(&"direct".into()).unwrap().is_some());
    });
}

#[test]
fn repeating_templates_are_not_changed() {
    healthy(|case| {
        let mut store = planted(case);
        for change in [Change::Complete, Change::Delete, Change::Schedule(When::Someday)] {
            let error = one(&mut store, "template", change).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotAllowed, "{}: {error}", case.name);
        }
    });
}

#[test]
fn an_empty_batch_does_nothing() {
    healthy(|case| {
        let mut store = planted(case);
        let applied = store.apply(&batch()).unwrap();
        assert_eq!((applied.changes, applied.tasks), (0, 0), "{}", case.name);
    });
}

#[test]
fn a_large_batch_is_one_transaction() {
    for_each(|case| {
        if !case.is_healthy() {
            return case.assert_refused();
        }
        let mut store = case.open_read_write();
        let open: Vec<_> = store.anytime().unwrap().into_iter().take(500).collect();
        let mut changes = batch();
        changes.extend(open.iter().map(|task| (task.id.clone(), Change::Deadline(Some(date("2030-01-01"))))));
        let applied = store.apply(&changes).unwrap();
        assert_eq!((applied.changes, applied.tasks), (open.len(), open.len()), "{}", case.name);
        let query = Query::all().due(Some(date("2030-01-01")), Some(date("2030-01-01")));
        assert_eq!(store.count(&query).unwrap() as usize, open.len(), "{}", case.name);
    });
}

#[test]
fn a_reminder_goes_when_its_date_goes_and_not_before() {
    healthy(|case| {
        let reminded =
            |id| Plant { id, start_date: Some(today()), reminder: TimeOfDay::new(9, 30), ..Plant::default() };
        for (id, change, stays) in [
            ("planted/a", Change::Schedule(When::Anytime), false),
            ("planted/b", Change::Schedule(When::Someday), false),
            ("planted/c", Change::Move(Destination::Inbox), false),
            ("planted/d", Change::Schedule(When::On(date("2024-07-01"))), true),
            ("planted/e", Change::Schedule(When::ThisEvening), true),
            ("planted/f", Change::Move(Destination::Loose), true),
            ("planted/g", Change::Complete, true),
            ("planted/h", Change::Deadline(Some(today())), true),
        ] {
            plant(&case.raw(), case.vintage(), &[reminded(id)]);
            let mut store = case.open_read_write();
            store.apply(&Batch::new(now(), today()).change(&id.into(), change.clone())).unwrap();
            let task = store.task(&id.into()).unwrap().unwrap();
            assert_eq!(task.reminder.is_some(), stays, "{}: {change:?}", case.name);
            assert_eq!(task.start_date.is_some(), stays, "{}: {change:?}", case.name);
            // A later date brings no forgotten reminder back.
            store.apply(&Batch::new(now(), today()).change(&id.into(), Change::Schedule(When::On(today())))).unwrap();
            assert_eq!(store.task(&id.into()).unwrap().unwrap().reminder.is_some(), stays, "{}: {change:?}", case.name);
        }
    });
}
