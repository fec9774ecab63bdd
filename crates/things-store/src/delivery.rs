//! What a feed delivers.

use crate::error::ErrorKind;
use crate::model::{Task, TaskId};
use std::sync::Arc;

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// It is new.
    Inserted,
    /// Something of it is different: completed, moved, put into the trash, renamed …
    Updated,
    /// It is gone for ever.
    Deleted,
}

/// Something that has become of one task, and was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskEvent {
    /// Which task it is about.
    pub id: TaskId,
    /// What became of it.
    pub kind: EventKind,
    /// What it is now. `None` when it was deleted, and where its row holds what no task can;
    /// [`Store::task`](crate::Store::task) then says what that is.
    pub task: Option<Task>,
}

/// What a subscription receives. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// One task has changed.
    Event(Arc<TaskEvent>),
    /// The subscription was not read for so long that events were dropped from the queue. The tasks take the place of
    /// all that was delivered before; the events that follow are about them.
    Lagged {
        /// How many deliveries they take the place of.
        missed: u64,
        /// All tasks, in no special order.
        tasks: Arc<[Task]>,
    },
    /// The database cannot be read at present, since it was removed, is damaged, or is locked for long. The feed goes on
    /// trying, and delivers the differences when it can.
    Stalled {
        /// What is wrong.
        kind: ErrorKind,
        /// The message of the error.
        detail: Arc<str>,
    },
}
