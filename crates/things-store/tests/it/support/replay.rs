//! Feeds in tests: what is replayed from their events, and a household to change.

use super::{now, today, Case, Plant};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use things_store::{
    Access, Backoff, Batch, Change, ChangeFeed, Delivery, EventKind, FeedOptions, OpenOptions, Store, Subscription,
    Task, TaskEvent, TaskId,
};

/// Looks only when it is asked to.
pub fn by_hand() -> FeedOptions {
    FeedOptions { poll: Duration::from_secs(3_600), queue: 100_000, queue_bytes: 1 << 30 }
}

#[track_caller]
pub fn feed(case: &Case, options: FeedOptions) -> ChangeFeed {
    ChangeFeed::open(case.path(), options).unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

pub fn writer(case: &Case, feed: &ChangeFeed) -> Store {
    let patient = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(20), retries: 5_000 };
    OpenOptions::new().backoff(patient).feed(feed).open(case.path(), Access::ReadWrite).unwrap()
}

pub fn batch(changes: &[(&str, Change)]) -> Batch {
    let mut batch = Batch::new(now(), today());
    batch.extend(changes.iter().map(|(id, change)| (TaskId::from(*id), change.clone())));
    batch
}

/// The events that are there; nothing else may be.
#[track_caller]
pub fn events(subscription: &mut Subscription) -> Vec<Arc<TaskEvent>> {
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
pub fn words(subscription: &mut Subscription) -> Vec<String> {
    let word =
        |event: &Arc<TaskEvent>| Some(format!("{:?} {}", event.kind, event.id.as_str().strip_prefix("planted/")?));
    events(subscription).iter().filter_map(word).collect()
}

/// A copy of all tasks that is kept by events alone.
#[derive(Debug, Default, PartialEq)]
pub struct Replica(pub BTreeMap<TaskId, Task>);

impl Replica {
    pub fn of(tasks: &[Task]) -> Replica {
        Replica(tasks.iter().map(|task| (task.id.clone(), task.clone())).collect())
    }

    /// What each identifier in the table is for the store.
    pub fn truth(case: &Case) -> Replica {
        let (raw, store) = (case.raw(), case.open());
        let mut ids = raw.prepare("SELECT \"uuid\" FROM \"TMTask\"").unwrap();
        let ids = ids.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let tasks = ids.filter_map(|id| store.task(&id.unwrap().into()).unwrap());
        Replica(tasks.map(|task| (task.id.clone(), task)).collect())
    }

    /// An event that does not fit was lost before, or comes twice.
    #[track_caller]
    pub fn apply(&mut self, delivery: &Delivery) {
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
    pub fn catch_up(&mut self, subscription: &mut Subscription) {
        while let Some(delivery) = subscription.try_next().unwrap() {
            self.apply(&delivery);
        }
    }
}

#[track_caller]
pub fn assert_same(replica: &Replica, case: &Case) {
    let truth = Replica::truth(case);
    assert!(*replica == truth, "{}: {} replayed, {} in the database", case.name, replica.0.len(), truth.0.len());
}

/// A project with a heading and three to-dos, another project, and two to-dos outside.
pub fn household() -> Vec<Plant> {
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
