//! Events of tasks: which there are for a change, whoever makes it.

use crate::support::replay::{assert_same, batch, by_hand, events, feed, household, words, writer, Replica};
use crate::support::{healthy, plant, today, Plant};
use things_store::{Access, Backoff, Change, Destination, ErrorKind, EventKind, OpenOptions, Status};

#[test]
fn what_others_commit_is_delivered() {
    healthy(|case| {
        let feed = feed(case, by_hand());
        let mut subscription = feed.subscribe();
        let mut look = || {
            feed.look().unwrap();
            words(&mut subscription)
        };
        assert!(look().is_empty(), "{}: what was there before is no news", case.name);
        plant(&case.raw(), case.vintage(), &[Plant { id: "planted/b", ..Plant::default() }, Plant::default()]);
        assert_eq!(look(), ["Inserted b", "Inserted x"], "{}", case.name);
        for (sql, expected) in [
            ("UPDATE \"TMTask\" SET \"trashed\" = 1 WHERE \"uuid\" = 'planted/x'", vec!["Updated x"]),
            (
                "UPDATE \"TMTask\" SET \"status\" = 3, \"stopDate\" = 1718000001 WHERE \"uuid\" = 'planted/x'",
                vec!["Updated x"],
            ),
            ("UPDATE \"TMTask\" SET \"title\" = \"title\" WHERE \"uuid\" = 'planted/x'", vec![]),
            ("UPDATE \"TMTask\" SET \"notes\" = 'A' WHERE \"uuid\" LIKE 'planted/%'", vec!["Updated b", "Updated x"]),
            ("UPDATE \"TMTask\" SET \"notes\" = 'a' WHERE \"uuid\" = 'planted/b'", vec!["Updated b"]),
            ("UPDATE \"TMTask\" SET \"index\" = -7 WHERE \"uuid\" = 'planted/b'", vec!["Updated b"]),
            (
                "UPDATE \"TMTask\" SET \"uuid\" = 'planted/c' WHERE \"uuid\" = 'planted/b'",
                vec!["Inserted c", "Deleted b"],
            ),
            ("DELETE FROM \"TMTask\" WHERE \"uuid\" LIKE 'planted/%'", vec!["Deleted c", "Deleted x"]),
            ("BEGIN; DELETE FROM \"TMTask\"; ROLLBACK", vec![]),
            ("VACUUM", vec![]),
            ("CREATE INDEX planted ON \"TMTask\" (\"notes\")", vec![]),
        ] {
            case.execute(sql);
            assert_eq!(look(), expected, "{}: {sql}", case.name);
        }
    });
}

#[test]
fn an_event_has_the_task_as_it_is_now() {
    healthy(|case| {
        let feed = feed(case, by_hand());
        let mut subscription = feed.subscribe();
        plant(&case.raw(), case.vintage(), &[Plant { deadline: Some(today()), ..Plant::default() }]);
        feed.look().unwrap();
        let inserted = events(&mut subscription).pop().unwrap();
        assert_eq!(inserted.task, case.open().task(&"planted/x".into()).unwrap(), "{}", case.name);
        writer(case, &feed).apply(&batch(&[("planted/x", Change::Cancel)])).unwrap();
        let updated = events(&mut subscription).pop().unwrap();
        assert_eq!((updated.kind, updated.task.as_ref().unwrap().status), (EventKind::Updated, Status::Cancelled));
        assert_eq!(updated.task, case.open().task(&"planted/x".into()).unwrap(), "{}", case.name);
    });
}

#[test]
fn own_batches_are_delivered_at_once_and_in_their_order() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &household());
        let feed = feed(case, by_hand());
        let mut store = writer(case, &feed);
        let mut subscription = feed.subscribe();
        let all = || {
            // None of these waits for a look; the looks afterwards find nothing more.
            [
                (vec![("planted/y", Change::Complete), ("planted/x", Change::Trash)], vec!["Updated y", "Updated x"]),
                (vec![("planted/x", Change::Restore), ("planted/y", Change::Reopen)], vec!["Updated x", "Updated y"]),
                (vec![("planted/x", Change::Restore)], vec![]),
                (
                    vec![("planted/h", Change::Move(Destination::Project("planted/q".into())))],
                    vec!["Updated h", "Updated 1", "Updated 2"],
                ),
                (
                    vec![("planted/p", Change::Delete), ("planted/y", Change::Cancel)],
                    vec!["Updated y", "Deleted 3", "Deleted p"],
                ),
                (vec![("planted/q", Change::Complete)], vec!["Updated q", "Updated 1", "Updated 2"]),
            ]
        };
        for (changes, expected) in all() {
            store.apply(&batch(&changes)).unwrap();
            let mut found = words(&mut subscription);
            let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            if changes.iter().any(|(_, change)| matches!(change, Change::Move(_) | Change::Delete | Change::Complete)) {
                // Which come with it is certain, in which order is not.
                found[1..].sort();
                expected[1..].sort();
            }
            if changes.len() == 1 && changes[0].1 == Change::Restore {
                // Only the date of modification could have changed, and that was the same.
                found.retain(|word| word != "Updated x");
            }
            assert_eq!(found, expected, "{}: {changes:?}", case.name);
            feed.look().unwrap();
            assert!(events(&mut subscription).is_empty(), "{}: twice: {changes:?}", case.name);
        }
    });
}

#[test]
fn a_batch_that_fails_delivers_nothing() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &household());
        let feed = feed(case, by_hand());
        let (mut store, mut subscription) = (writer(case, &feed), feed.subscribe());
        let error = store.apply(&batch(&[("planted/x", Change::Delete), ("no such", Change::Complete)])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuch, "{}", case.name);
        feed.look().unwrap();
        assert!(events(&mut subscription).is_empty(), "{}", case.name);
        store.apply(&batch(&[("planted/y", Change::Trash)])).unwrap();
        assert_eq!(words(&mut subscription), ["Updated y"], "{}: nothing of the failed one", case.name);
    });
}

#[test]
fn a_commit_that_is_refused_delivers_nothing_until_it_succeeds() {
    healthy(|case| {
        case.settle();
        plant(&case.raw(), case.vintage(), &household());
        let feed = feed(case, by_hand());
        let mut subscription = feed.subscribe();
        let mut store =
            OpenOptions::new().backoff(Backoff::none()).feed(&feed).open(case.path(), Access::ReadWrite).unwrap();
        let reader = case.open();
        // A reader of a rollback journal holds the commit back, after everything before it has succeeded.
        let snapshot = reader.snapshot().unwrap();
        let changes = batch(&[("planted/x", Change::Complete)]);
        assert_eq!(store.apply(&changes).unwrap_err().kind(), ErrorKind::Locked, "{}", case.name);
        assert!(events(&mut subscription).is_empty(), "{}", case.name);
        drop(snapshot);
        store.apply(&changes).unwrap();
        assert_eq!(words(&mut subscription), ["Updated x"], "{}", case.name);
    });
}

#[test]
fn replaced_rows_and_numbers_used_again_are_told_apart_by_identifier() {
    healthy(|case| {
        let columns = "\"uuid\", \"type\", \"title\", \"status\", \"trashed\", \"start\"";
        let feed = feed(case, by_hand());
        let (mut replica, mut subscription) = (Replica::truth(case), feed.subscribe());
        let insert = |verb: &str, id: &str, title: &str| {
            format!("{verb} INTO \"TMTask\" ({columns}) VALUES ('{id}', 0, '{title}', 0, 0, 1);")
        };
        let delete = |id: &str| format!("DELETE FROM \"TMTask\" WHERE \"uuid\" = '{id}';");
        for step in [
            insert("INSERT", "planted/a", "A"),
            insert("INSERT OR REPLACE", "planted/a", "A!"),
            // The next row gets the number of the last one.
            delete("planted/a") + &insert("INSERT", "planted/b", "A!"),
            delete("planted/b") + &insert("INSERT", "planted/b", "B again"),
            "VACUUM".to_owned(),
            "UPDATE \"TMTask\" SET rowid = rowid + 100000".to_owned(),
            "DELETE FROM \"TMTask\" WHERE rowid % 2 = 0".to_owned(),
        ] {
            case.execute(&step);
            feed.look().unwrap();
            replica.catch_up(&mut subscription);
            assert_same(&replica, case);
        }
        // The numbers changed under a store that was open all the time.
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let mut store = writer(case, &feed);
        case.execute("DELETE FROM \"TMTask\" WHERE rowid % 3 = 0 AND \"uuid\" <> 'planted/x'; VACUUM");
        store.apply(&batch(&[("planted/x", Change::Complete)])).unwrap();
        feed.look().unwrap();
        replica.catch_up(&mut subscription);
        assert_same(&replica, case);
    });
}

#[test]
fn templates_are_no_tasks() {
    healthy(|case| {
        let rule = if case.manifest.vintage == 18 { "recurrenceRule" } else { "rt1_recurrenceRule" };
        plant(&case.raw(), case.vintage(), &household());
        let feed = feed(case, by_hand());
        let mut subscription = feed.subscribe();
        case.execute(&format!("UPDATE \"TMTask\" SET \"{rule}\" = x'00' WHERE \"uuid\" = 'planted/p'"));
        feed.look().unwrap();
        let gone = ["1", "2", "3", "h", "p"].map(|id| format!("Deleted {id}"));
        assert_eq!(words(&mut subscription), gone, "{}: with all that is in it", case.name);
        case.execute(&format!("UPDATE \"TMTask\" SET \"{rule}\" = NULL WHERE \"uuid\" = 'planted/p'"));
        feed.look().unwrap();
        assert_eq!(words(&mut subscription).len(), 5, "{}", case.name);
    });
}

#[test]
fn a_row_that_no_task_can_be_is_reported_without_one() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let feed = feed(case, by_hand());
        let mut subscription = feed.subscribe();
        case.execute("UPDATE \"TMTask\" SET \"type\" = 9 WHERE \"uuid\" = 'planted/x'");
        feed.look().unwrap();
        let event = events(&mut subscription).pop().unwrap();
        assert_eq!((event.kind, event.task.as_ref()), (EventKind::Updated, None), "{}", case.name);
        let (tasks, _) = feed.subscribe_with_tasks().unwrap();
        assert!(tasks.iter().all(|task| task.id.as_str() != "planted/x"));
    });
}

#[test]
fn a_store_of_another_database_publishes_nothing() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &household());
        let other = case.temp.join("other.sqlite");
        case.settle();
        std::fs::copy(case.path(), &other).unwrap();
        let feed = feed(case, by_hand());
        let mut subscription = feed.subscribe();
        let mut store = OpenOptions::new().feed(&feed).open(&other, Access::ReadWrite).unwrap();
        store.apply(&batch(&[("planted/x", Change::Complete)])).unwrap();
        feed.look().unwrap();
        assert!(events(&mut subscription).is_empty(), "{}", case.name);
    });
}
