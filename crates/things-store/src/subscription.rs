//! One reader of a feed: a place in its log, and what is delivered from there on.

use crate::changes::Shared;
use crate::error::{ErrorKind, Result};
use crate::event_log::Read;
use crate::model::{Task, TaskId};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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

/// A place in the events of a [`ChangeFeed`](crate::ChangeFeed). It takes a few bytes; the queue is the feed's.
///
/// How slowly it is read concerns no other one. As an iterator it waits for each delivery, and ends with its feed.
pub struct Subscription {
    feed: Arc<Shared>,
    /// The number of the next delivery.
    cursor: u64,
}

impl Subscription {
    pub(crate) fn new(feed: Arc<Shared>, cursor: u64) -> Subscription {
        Subscription { feed, cursor }
    }

    /// What is next, if there is something.
    ///
    /// # Errors
    ///
    /// As [`Store::tasks`](crate::Store::tasks), where the subscription lags and the tasks cannot be read. Nothing is lost:
    /// the next call tries again.
    pub fn try_next(&mut self) -> Result<Option<Delivery>> {
        let read = self.feed.log().read(self.cursor);
        match read {
            Read::Nothing => Ok(None),
            Read::Next(delivery) => {
                self.cursor += 1;
                Ok(Some(delivery))
            }
            Read::Dropped => {
                let (tasks, next) = self.feed.resynchronise()?;
                let missed = next.saturating_sub(self.cursor);
                self.cursor = next;
                Ok(Some(Delivery::Lagged { missed, tasks }))
            }
        }
    }

    /// What is next, waiting for it up to `limit`. `None` if there was nothing by then, or the feed has ended.
    ///
    /// # Errors
    ///
    /// As [`try_next`](Subscription::try_next).
    pub fn next_within(&mut self, limit: Duration) -> Result<Option<Delivery>> {
        self.feed.wait(self.cursor, Some(limit));
        self.try_next()
    }

    /// Whether the feed was dropped and everything was read.
    pub fn has_ended(&self) -> bool {
        let log = self.feed.log();
        log.has_ended() && log.next() <= self.cursor
    }
}

impl Iterator for Subscription {
    type Item = Result<Delivery>;

    fn next(&mut self) -> Option<Result<Delivery>> {
        self.feed.wait(self.cursor, None);
        self.try_next().transpose()
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
