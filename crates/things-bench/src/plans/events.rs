//! The feed of changes: how many events a second, and how late.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use things_store::{
    Access, Batch, Change, ChangeFeed, Delivery, FeedOptions, Kind, OpenOptions, Query, Status, Store, Subscription,
    TaskId, Timestamp,
};

use super::given::{today, USUAL};
use crate::report::{nanoseconds, Effort, Handled, Report};

const TASKS: u32 = 10_000;
/// In one batch.
const EVENTS: usize = 1_000;
/// What never happens is given up after this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Throughput within a process, and latency within and across connections.
pub(super) fn events(report: &mut Report) {
    let copied = report.kept.copy(TASKS);
    let feed = ChangeFeed::open(copied.path(), FeedOptions::default()).expect("a feed");
    let own = || OpenOptions::new().feed(&feed).open(copied.path(), Access::ReadWrite).expect("a copy");
    let tasks = to_dos(&own());
    let mut store = own();
    let mut subscription = feed.subscribe();
    let mut turn = 0;
    let effort = Effort { least: 6, ..USUAL };
    report.time(&format!("events/{EVENTS}"), effort, Some(Handled(EVENTS as u64, "elements")), || {
        store.apply(&batch(&tasks[..EVENTS], &mut turn)).expect("a batch");
        for _ in 0..EVENTS {
            event(&mut subscription);
        }
    });
    drop(subscription);
    latency(report, "event-latency/own", &feed, own(), &tasks);
    let other = Store::open_read_write(copied.path()).expect("a copy");
    latency(report, "event-latency/other", &feed, other, &tasks);
}

/// From the return of a commit to the moment at which a waiting subscriber has its event.
fn latency(report: &mut Report, bench: &str, feed: &ChangeFeed, mut store: Store, tasks: &[TaskId]) {
    if !report.wants(bench) {
        return;
    }
    let times = report.times(20);
    let mut subscription = feed.subscribe();
    let samples: Vec<f64> = thread::scope(|scope| {
        let (sender, received) = mpsc::channel();
        scope.spawn(move || {
            for _ in 0..times {
                event(&mut subscription);
                let _ = sender.send(Instant::now());
            }
        });
        let mut turn = 0;
        let one = |_| {
            store.apply(&batch(&tasks[..1], &mut turn)).expect("a change");
            let committed = Instant::now();
            let at = received.recv_timeout(PATIENCE).expect("an event");
            // Another thread may have it before the committing one returns.
            nanoseconds(at.saturating_duration_since(committed))
        };
        (0..times).map(one).collect()
    });
    report.samples(bench, &samples, None);
}

fn event(subscription: &mut Subscription) {
    loop {
        match subscription.next_within(PATIENCE).expect("a delivery") {
            Some(Delivery::Event(_)) => return,
            Some(Delivery::Stalled { .. }) => {}
            other => panic!("no event: {other:?}"),
        }
    }
}

/// A deadline that is another one each turn.
fn batch(tasks: &[TaskId], turn: &mut i64) -> Batch {
    *turn += 1;
    let now = Timestamp::from_unix_seconds(1_718_184_600.0 + *turn as f64).expect("a time");
    let deadline = today().plus_days((*turn % 300) as _);
    let mut batch = Batch::new(now, today());
    batch.extend(tasks.iter().map(|task| (task.clone(), Change::Deadline(deadline))));
    batch
}

fn to_dos(store: &Store) -> Vec<TaskId> {
    let tasks = store.tasks(&Query::all().kind(Kind::ToDo)).expect("tasks");
    let open = tasks.into_iter().filter(|task| task.status == Status::Incomplete);
    open.map(|task| task.id).take(EVENTS).collect()
}
