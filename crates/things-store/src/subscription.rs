//! One reader of a feed: a place in its log, and what is delivered from there on.

use crate::delivery::Delivery;
use crate::error::Result;
use crate::event_log::Read;
use crate::looking::Shared;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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
        let read = self.feed.published().log().read(self.cursor);
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
        self.feed.published().wait(self.cursor, Some(limit));
        self.try_next()
    }

    /// Whether the feed was dropped and everything was read.
    pub fn has_ended(&self) -> bool {
        let log = self.feed.published().log();
        log.has_ended() && log.next() <= self.cursor
    }
}

impl Iterator for Subscription {
    type Item = Result<Delivery>;

    fn next(&mut self) -> Option<Result<Delivery>> {
        self.feed.published().wait(self.cursor, None);
        self.try_next().transpose()
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
