//! Events of tasks: what is replayed from them is what is in the database, whoever wrote it and however.

use crate::support::process::Writer;
use crate::support::{healthy, now, plant, today, Case, Plant};
use std::collections::BTreeMap;
use std::time::Duration;
use things_store::{
    Access, Backoff, Batch, Change, ChangeFeed, Delivery, Destination, Error, ErrorKind, EventKind, FeedOptions,
    OpenOptions, Status, Store, Subscription, Task, TaskEvent, TaskId,
};

/// Looks only when it is asked to.
fn by_hand() -> FeedOptions {
    FeedOptions { poll: Duration::from_secs(3_600), queue: 100_000, queue_bytes: 1 << 30 }
}

#[track_caller]
fn feed(case: &Case, options: FeedOptions) -> ChangeFeed {
    ChangeFeed::open(case.path(), options).unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

fn writer(case: &Case, feed: &ChangeFeed) -> Store {
    let patient = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(20), retries: 5_000 };
    OpenOptions::new().backoff(patient).feed(feed).open(case.path(), Access::ReadWrite).unwrap()
}

fn batch(changes: &[(&str, Change)]) -> Batch {
    let mut batch = Batch::new(now(), today());
    batch.extend(changes.iter().map(|(id, change)| (TaskId::from(*id), change.clone())));
    batch
}

/// The events that are there; nothing else may be.
#[track_caller]
fn events(subscription: &mut Subscription) -> Vec<std::sync::Arc<TaskEvent>> {
    let mut events = Vec::new();
    while let Some(delivery) = subscription.try_next().unwrap() {
        match delivery {
            Delivery::Event(event) => events.push(event),
            other => panic!("{other:?}"),
        }
    }
    events
}

/// The same, in words, of planted tasks.
#[track_caller]
fn words(subscription: &mut Subscription) -> Vec<String> {
    let word = |event: &std::sync::Arc<TaskEvent>| {
        Some(format!("{:?} {}", event.kind, event.id.as_str().strip_prefix("planted/")?))
    };
    events(subscription).iter().filter_map(word).collect()
}

/// A copy of all tasks that is kept by events alone.
#[derive(Debug, Default, PartialEq)]
struct Replica(BTreeMap<TaskId, Task>);

impl Replica {
    fn of(tasks: &[Task]) -> Replica {
        Replica(tasks.iter().map(|task| (task.id.clone(), task.clone())).collect())
    }

    /// What each identifier in the table is for the store.
    fn truth(case: &Case) -> Replica {
        let (raw, store) = (case.raw(), case.open());
        let mut ids = raw.prepare("SELECT \"uuid\" FROM \"TMTask\"").unwrap();
        let ids = ids.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let tasks = ids.filter_map(|id| store.task(&id.unwrap().into()).unwrap());
        Replica(tasks.map(|task| (task.id.clone(), task)).collect())
    }

    /// An event that does not fit was lost before, or comes twice.
    #[track_caller]
    fn apply(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::Event(event) => {
                let before = match &event.task {
                    Some(task) => self.0.insert(event.id.clone(), task.clone()),
                    None => self.0.remove(&event.id),
                };
                assert_eq!(before.is_some(), event.kind != EventKind::Inserted, "{event:?}");
                assert_eq!(event.task.is_some(), event.kind != EventKind::Deleted, "{event:?}");
                assert_ne!(before, event.task, "{event:?}");
            }
            Delivery::Lagged { tasks, .. } => *self = Replica::of(tasks),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn catch_up(&mut self, subscription: &mut Subscription) {
        while let Some(delivery) = subscription.try_next().unwrap() {
            self.apply(&delivery);
        }
    }
}

#[track_caller]
fn assert_same(replica: &Replica, case: &Case) {
    let truth = Replica::truth(case);
    assert!(*replica == truth, "{}: {} replayed, {} in the database", case.name, replica.0.len(), truth.0.len());
}

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

/// A project with a heading and three to-dos, another project, and two to-dos outside.
fn household() -> Vec<Plant> {
    let project = |id| Plant { id, kind: 1, ..Plant::default() };
    let to_do = |id| Plant { id, ..Plant::default() };
    let under = |id| Plant { id, heading: Some("planted/h"), ..Plant::default() };
    vec![
        project("planted/p"),
        project("planted/q"),
        Plant { id: "planted/h", kind: 2, project: Some("planted/p"), ..Plant::default() },
        under("planted/1"),
        under("planted/2"),
        Plant { id: "planted/3", project: Some("planted/p"), ..Plant::default() },
        to_do("planted/x"),
        to_do("planted/y"),
    ]
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
fn who_lags_is_told_and_gets_all_tasks() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &household());
        let feed = feed(case, FeedOptions { queue: 4, ..by_hand() });
        let mut store = writer(case, &feed);
        let (mut slow, mut quick) = (feed.subscribe(), feed.subscribe());
        for change in [Change::Trash, Change::Restore].iter().cycle().take(20) {
            store.apply(&batch(&[("planted/x", change.clone())])).unwrap();
            assert_eq!(words(&mut quick), ["Updated x"], "{}: the other one is not slower", case.name);
        }
        let Some(Delivery::Lagged { missed, tasks }) = slow.try_next().unwrap() else {
            panic!("{}: not told", case.name);
        };
        assert_eq!(missed, 20, "{}", case.name);
        let mut replica = Replica::of(&tasks);
        assert_same(&replica, case);
        assert!(slow.try_next().unwrap().is_none(), "{}: it is up to date", case.name);
        // Four fit, five do not.
        for count in [4, 5] {
            for change in [Change::Trash, Change::Restore].iter().cycle().take(count) {
                store.apply(&batch(&[("planted/y", change.clone())])).unwrap();
            }
            let first = slow.try_next().unwrap().unwrap();
            assert_eq!(matches!(first, Delivery::Lagged { missed: 5, .. }), count == 5, "{}", case.name);
            replica.apply(&first);
            replica.catch_up(&mut slow);
            assert_same(&replica, case);
        }
    });
}

#[test]
fn a_lagging_subscription_that_cannot_be_brought_up_to_date_stays_where_it_is() {
    healthy(|case| {
        case.settle();
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let feed = feed(case, FeedOptions { queue: 1, ..by_hand() });
        let (mut store, mut slow) = (writer(case, &feed), feed.subscribe());
        for change in [Change::Trash, Change::Restore, Change::Trash] {
            store.apply(&batch(&[("planted/x", change)])).unwrap();
        }
        let holder = case.raw();
        holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert_eq!(slow.try_next().unwrap_err().kind(), ErrorKind::Locked, "{}", case.name);
        holder.execute_batch("COMMIT").unwrap();
        assert!(matches!(slow.try_next().unwrap(), Some(Delivery::Lagged { missed: 3, .. })), "{}", case.name);
    });
}

#[test]
fn the_tasks_of_a_new_subscription_and_its_events_fit_together() {
    healthy(|case| {
        let feed = feed(case, by_hand());
        // Committed, but the feed has not looked yet.
        plant(&case.raw(), case.vintage(), &household());
        let (tasks, mut subscription) = feed.subscribe_with_tasks().unwrap();
        let mut replica = Replica::of(&tasks);
        assert_same(&replica, case);
        feed.look().unwrap();
        assert!(events(&mut subscription).is_empty(), "{}: in the tasks already", case.name);
        case.execute("DELETE FROM \"TMTask\" WHERE \"uuid\" = 'planted/p'");
        feed.look().unwrap();
        replica.catch_up(&mut subscription);
        assert_same(&replica, case);
    });
}

#[test]
fn ten_thousand_subscriptions_share_one_queue() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let feed = feed(case, by_hand());
        let mut store = writer(case, &feed);
        let mut subscriptions: Vec<Subscription> = (0..10_000).map(|_| feed.subscribe()).collect();
        assert!(std::mem::size_of::<Subscription>() <= 32);
        store.apply(&batch(&[("planted/x", Change::Complete)])).unwrap();
        // Every other one ends without having read anything.
        let mut number = 0;
        subscriptions.retain(|_| {
            number += 1;
            number % 2 == 0
        });
        let first = events(&mut subscriptions[0]);
        for subscription in &mut subscriptions[1..] {
            let found = events(subscription);
            assert!(found.len() == 1 && std::sync::Arc::ptr_eq(&found[0], &first[0]), "{}: copied", case.name);
        }
    });
}

/// Four processes and four threads write while the feed looks; two subscriptions replay.
fn eight_writers(case: &Case, mode: &str) {
    const EACH: u32 = 40;
    case.settle();
    plant(&case.raw(), case.vintage(), &household());
    case.raw().query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).unwrap();
    let feed = feed(case, FeedOptions { poll: Duration::from_millis(1), ..by_hand() });
    let (tasks, mut first) = feed.subscribe_with_tasks().unwrap();
    let mut second = feed.subscribe();
    let columns = "(\"uuid\", \"type\", \"title\", \"status\", \"trashed\", \"start\")";
    let processes = [
        format!("INSERT INTO \"TMTask\" {columns} VALUES ('new-' || ?1, 0, 'new', 0, 0, 1)"),
        format!("INSERT OR REPLACE INTO \"TMTask\" {columns} VALUES ('again-' || (?1 % 3), 0, ?1, 0, 0, 1)"),
        "UPDATE \"TMTask\" SET \"title\" = ?1 WHERE \"uuid\" = 'planted/x'".to_owned(),
        "DELETE FROM \"TMTask\" WHERE rowid = (SELECT max(rowid) FROM \"TMTask\" \
         WHERE \"uuid\" NOT LIKE 'planted/%' AND \"uuid\" NOT LIKE 'new-%') AND ?1 % 5 = 0"
            .to_owned(),
    ];
    let processes = processes.map(|sql| Writer::start(case.path(), &sql, EACH));
    std::thread::scope(|scope| {
        for id in ["planted/1", "planted/2", "planted/3", "planted/y"] {
            let feed = &feed;
            scope.spawn(move || {
                let mut store = writer(case, feed);
                for change in [Change::Trash, Change::Restore].iter().cycle().take(EACH as usize) {
                    store.apply(&batch(&[(id, change.clone())])).unwrap();
                }
            });
        }
    });
    processes.into_iter().for_each(Writer::join);
    feed.look().unwrap();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut replica = Replica::of(&tasks);
    while let Some(delivery) = first.try_next().unwrap() {
        replica.apply(&delivery);
        if let Delivery::Event(event) = &delivery {
            *counts.entry(event.id.to_string()).or_default() += 1;
        }
    }
    assert_same(&replica, case);
    let mut other = Replica::of(&tasks);
    other.catch_up(&mut second);
    assert!(other == replica, "{}", case.name);
    for id in ["planted/1", "planted/2", "planted/3", "planted/y"] {
        assert_eq!(counts[id], EACH, "{}: each own batch by itself: {id}", case.name);
    }
    assert!((1..=EACH).all(|number| counts[&format!("new-{number}")] == 1), "{}: {counts:?}", case.name);
}

#[test]
fn eight_writers_lose_and_double_nothing_with_a_rollback_journal() {
    healthy(|case| eight_writers(case, "DELETE"));
}

#[test]
fn eight_writers_lose_and_double_nothing_with_a_write_ahead_log() {
    healthy(|case| eight_writers(case, "WAL"));
}

#[test]
fn the_thread_of_a_feed_finds_what_another_process_commits() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let feed = feed(case, FeedOptions::default());
        let mut subscription = feed.subscribe();
        let sql = "UPDATE \"TMTask\" SET \"title\" = ?1 WHERE \"uuid\" = 'planted/x'";
        let process = Writer::start(case.path(), sql, 1);
        let delivery = subscription.next_within(Duration::from_secs(60)).unwrap();
        assert!(matches!(delivery, Some(Delivery::Event(_))), "{}: {delivery:?}", case.name);
        process.join();
    });
}

#[test]
fn subscriptions_end_with_their_feed_after_the_last_event() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let feed = feed(case, FeedOptions::default());
        let (mut subscription, mut waiting) = (feed.subscribe(), feed.subscribe());
        let waiter = std::thread::spawn(move || waiting.by_ref().count());
        writer(case, &feed).apply(&batch(&[("planted/x", Change::Complete)])).unwrap();
        assert!(!subscription.has_ended());
        drop(feed);
        assert_eq!(waiter.join().unwrap(), 1, "{}", case.name);
        assert!(!subscription.has_ended(), "{}: one event is left", case.name);
        assert_eq!(words(&mut subscription), ["Updated x"]);
        assert!(subscription.has_ended() && subscription.next().is_none());
        assert!(subscription.next_within(Duration::from_secs(3_600)).unwrap().is_none(), "at once");
    });
}

#[test]
fn waiting_for_nothing_ends_in_time() {
    healthy(|case| {
        let feed = feed(case, by_hand());
        let mut subscription = feed.subscribe();
        for limit in [Duration::ZERO, Duration::from_millis(2)] {
            assert!(subscription.next_within(limit).unwrap().is_none(), "{}", case.name);
        }
    });
}

#[cfg(unix)]
#[test]
fn a_database_that_is_removed_and_replaced_is_followed() {
    healthy(|case| {
        case.settle();
        plant(&case.raw(), case.vintage(), &household());
        let other = case.temp.join("other.sqlite");
        std::fs::copy(case.path(), &other).unwrap();
        let feed = feed(case, by_hand());
        let (mut replica, mut subscription) = (Replica::truth(case), feed.subscribe());
        let mut old = writer(case, &feed);
        std::fs::remove_file(case.path()).unwrap();
        for _ in 0..2 {
            assert_eq!(feed.look().unwrap_err().kind(), ErrorKind::NotFound, "{}", case.name);
        }
        match subscription.try_next().unwrap() {
            Some(Delivery::Stalled { kind: ErrorKind::NotFound, detail }) => {
                assert!(detail.contains("no file"), "{detail}")
            }
            other => panic!("{}: {other:?}", case.name),
        }
        assert!(events(&mut subscription).is_empty(), "{}: once is enough", case.name);
        let raw = rusqlite::Connection::open(&other).unwrap();
        raw.execute_batch("DELETE FROM \"TMTask\" WHERE \"uuid\" = 'planted/y'").unwrap();
        std::fs::rename(&other, case.path()).unwrap();
        feed.look().unwrap();
        replica.catch_up(&mut subscription);
        assert_same(&replica, case);
        // A store that still holds the old file has nothing to say about the new one.
        let _ = old.apply(&batch(&[("planted/x", Change::Complete)]));
        feed.look().unwrap();
        assert!(events(&mut subscription).is_empty(), "{}", case.name);
        writer(case, &feed).apply(&batch(&[("planted/x", Change::Complete)])).unwrap();
        assert_eq!(words(&mut subscription), ["Updated x"], "{}", case.name);
    });
}

#[test]
fn a_database_that_cannot_be_read_for_a_while_stalls_the_feed_and_loses_nothing() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &household());
        let feed = feed(case, by_hand());
        let (mut replica, mut subscription) = (Replica::truth(case), feed.subscribe());
        let raw = case.raw();
        raw.execute_batch(
            "ALTER TABLE \"TMTask\" RENAME COLUMN \"title\" TO \"name\"; \
             UPDATE \"TMTask\" SET \"name\" = 'meanwhile' WHERE \"uuid\" = 'planted/x'",
        )
        .unwrap();
        assert!(feed.look().is_err(), "{}", case.name);
        assert!(matches!(subscription.try_next().unwrap(), Some(Delivery::Stalled { .. })), "{}", case.name);
        raw.execute_batch("ALTER TABLE \"TMTask\" RENAME COLUMN \"name\" TO \"title\"").unwrap();
        while feed.look().is_err() {}
        while let Some(delivery) = subscription.try_next().unwrap() {
            if !matches!(delivery, Delivery::Stalled { .. }) {
                replica.apply(&delivery);
            }
        }
        assert_same(&replica, case);
    });
}

#[test]
fn a_feed_over_a_bad_file_or_with_bad_options_is_refused() {
    crate::support::small(|case| {
        if !case.is_healthy() {
            let error = ChangeFeed::open(case.path(), FeedOptions::default()).unwrap_err();
            assert_eq!(error.kind().as_str(), case.manifest.expect, "{}: {error}", case.name);
            return;
        }
        let fine = FeedOptions::default();
        for (options, option) in [
            (FeedOptions { poll: Duration::ZERO, ..fine }, "feed.poll"),
            (FeedOptions { poll: Duration::from_micros(999), ..fine }, "feed.poll"),
            (FeedOptions { poll: Duration::MAX, ..fine }, "feed.poll"),
            (FeedOptions { queue: 0, ..fine }, "feed.queue"),
            (FeedOptions { queue: usize::MAX, ..fine }, "feed.queue"),
            (FeedOptions { queue_bytes: 10, ..fine }, "feed.queue_bytes"),
        ] {
            match ChangeFeed::open(case.path(), options) {
                Err(Error::InvalidOption { option: found, .. }) => assert_eq!(found, option),
                other => panic!("{options:?}: {other:?}"),
            }
        }
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

#[test]
fn feeds_and_subscriptions_can_be_sent() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<ChangeFeed>();
    sync::<ChangeFeed>();
    send::<Subscription>();
    send::<Delivery>();
    sync::<Delivery>();
}
