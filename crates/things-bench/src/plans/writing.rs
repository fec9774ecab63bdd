//! Changes of many tasks, with all the waiting for the disk that a user has.

use things_store::{Batch, Change, Destination, Kind, Query, Status, Store, TaskId, Timestamp, When};

use super::given::{open, today, FEW, USUAL};
use crate::database::Copied;
use crate::report::{Handled, Report};

/// The database that is changed; a copy for each sample.
const TASKS: u32 = 10_000;
/// How many tasks are changed at once.
const SIZES: [usize; 3] = [10, 100, 1_000];
/// The size at which a batch is compared with as many single changes.
const COMPARED: usize = 50;

/// A change with its name.
type Named = (&'static str, fn() -> Change);

const CHANGES: [Named; 4] = [
    ("bulk-move", || Change::Move(Destination::Project(id(7)))),
    ("bulk-complete", || Change::Complete),
    ("bulk-dates", || Change::Schedule(When::On(today()))),
    ("bulk-delete", || Change::Delete),
];

/// Each change at each size, and one by one.
pub(super) fn writing(report: &mut Report) {
    let to_dos = to_dos(report);
    for (name, change) in CHANGES {
        for size in SIZES {
            let batch = batch(&to_dos[..size], &change);
            let handled = Some(Handled(size as u64, "elements"));
            let make = fresh(report);
            report.time_with(&format!("{name}/{size}"), USUAL, handled, make, |(mut store, copied)| {
                let applied = store.apply(&batch).expect("a batch");
                assert_eq!(applied.changes, size);
                (store, copied)
            });
        }
    }
    let (compared, handled) = (&to_dos[..COMPARED], Some(Handled(COMPARED as u64, "elements")));
    let single: Vec<Batch> =
        compared.iter().map(|one| batch(std::slice::from_ref(one), &|| Change::Complete)).collect();
    let together = [batch(compared, &|| Change::Complete)];
    for (name, batches) in [("one-by-one", &single[..]), ("at-once", &together)] {
        let make = fresh(report);
        report.time_with(&format!("{name}/{COMPARED}"), FEW, handled, make, |(mut store, copied)| {
            for batch in batches {
                store.apply(batch).expect("a change");
            }
            (store, copied)
        });
    }
}

/// A new copy, open.
fn fresh(report: &Report) -> impl FnMut() -> (Store, Copied) {
    let kept = report.kept.clone();
    move || {
        let copied = kept.copy(TASKS);
        let store = Store::open_read_write(copied.path()).expect("a copy");
        // As in a program that runs already.
        store.task(&id(1)).expect("a task");
        (store, copied)
    }
}

fn batch(tasks: &[TaskId], change: &dyn Fn() -> Change) -> Batch {
    let now = Timestamp::from_unix_seconds(1_718_184_600.0).expect("a time");
    let mut batch = Batch::new(now, today());
    batch.extend(tasks.iter().map(|task| (task.clone(), change())));
    batch
}

/// Open to-dos from all over the table, in no order.
fn to_dos(report: &Report) -> Vec<TaskId> {
    let tasks = open(report, TASKS).tasks(&Query::all().kind(Kind::ToDo)).expect("tasks");
    let open: Vec<TaskId> =
        tasks.into_iter().filter(|task| task.status == Status::Incomplete).map(|task| task.id).collect();
    assert!(open.len() >= SIZES[2], "{} open to-dos", open.len());
    // 7919 has no factor in common with their number.
    (0..open.len()).map(|n| open[(n * 7919) % open.len()].clone()).collect()
}

fn id(n: u32) -> TaskId {
    TaskId::from(format!("Task{n:018}").as_str())
}
