//! Feeds and their subscriptions: many writers, slow readers, ends, and databases that go away.

use crate::support::process::Writer;
use crate::support::replay::{assert_same, batch, by_hand, events, feed, household, words, writer, Replica};
use crate::support::{healthy, plant, Case, Plant};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use things_store::{Change, ChangeFeed, Delivery, Error, ErrorKind, FeedOptions, Subscription};

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
            panic!("{}: not reported", case.name);
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

#[test]
fn who_lags_at_the_same_time_shares_the_tasks_and_the_next_look_lets_them_go() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &household());
        let feed = feed(case, FeedOptions { queue: 1, ..by_hand() });
        let mut store = writer(case, &feed);
        let mut slow = [feed.subscribe(), feed.subscribe()];
        for change in [Change::Trash, Change::Restore] {
            store.apply(&batch(&[("planted/x", change)])).unwrap();
        }
        let mut tasks_of = |place: usize| match slow[place].try_next().unwrap() {
            Some(Delivery::Lagged { tasks, .. }) => Arc::downgrade(&tasks),
            other => panic!("{}: {other:?}", case.name),
        };
        let (first, second) = (tasks_of(0), tasks_of(1));
        assert!(first.upgrade().is_some() && first.ptr_eq(&second), "{}: read again", case.name);
        feed.look().unwrap();
        assert!(first.upgrade().is_none(), "{}: kept for nobody", case.name);
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
        let mut store = writer(case, &feed);
        store.apply(&batch(&[("planted/x", Change::Complete)])).unwrap();
        assert!(!subscription.has_ended());
        drop(feed);
        // A store that outlives the feed writes on, for itself.
        store.apply(&batch(&[("planted/x", Change::Reopen)])).unwrap();
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
fn feeds_and_subscriptions_can_be_sent() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<ChangeFeed>();
    sync::<ChangeFeed>();
    send::<Subscription>();
    send::<Delivery>();
    sync::<Delivery>();
}
