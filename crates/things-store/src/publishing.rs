//! What is known of a database's tasks and what was published of them, and the stores that publish their own changes.

use crate::delivery::Delivery;
use crate::event_log::Log;
use crate::fingerprint::{Difference, Known};
use crate::origin::FileId;
use crate::vintage::Vintage;
use rusqlite::Connection;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a feed and its writing stores share. Locks are taken in the order known, log.
pub(crate) struct Published {
    known: Mutex<State>,
    log: Mutex<Log>,
    arrived: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) rows: Known,
    /// The file that they are of.
    pub(crate) file: Option<FileId>,
}

/// Locks, also after a panic of another thread: what is behind these locks is changed in single steps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Published {
    pub(crate) fn new(log: Log) -> Published {
        Published { known: Mutex::default(), log: Mutex::new(log), arrived: Condvar::new() }
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, State> {
        lock(&self.known)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// Waits until the log is longer than `cursor`, has ended, or `limit` is over.
    pub(crate) fn wait(&self, cursor: u64, limit: Option<Duration>) {
        let nothing_new = |log: &mut Log| log.next() <= cursor && !log.has_ended();
        let log = self.log();
        match limit {
            Some(limit) => drop(self.arrived.wait_timeout_while(log, limit, nothing_new)),
            None => drop(self.arrived.wait_while(log, nothing_new)),
        }
    }

    /// Publishes `difference`, and knows it from then on.
    pub(crate) fn publish(&self, difference: Difference, known: &mut State) {
        let events = difference.learn(&mut known.rows);
        if !events.is_empty() {
            let mut log = self.log();
            events.into_iter().for_each(|event| log.push(Delivery::Event(Arc::new(event))));
            drop(log);
            self.arrived.notify_all();
        }
    }

    /// Adds what is no event.
    pub(crate) fn push(&self, delivery: Delivery) {
        self.log().push(delivery);
        self.arrived.notify_all();
    }

    /// Nothing will be published any more.
    pub(crate) fn end(&self) {
        self.log().end();
        self.arrived.notify_all();
    }
}

/// What a store needs that publishes its own changes.
pub(crate) struct Publisher {
    feed: Arc<Published>,
    file: FileId,
    /// The rows of `TMTask` that the present transaction has touched, by their number, in that order.
    touched: Arc<Mutex<Vec<i64>>>,
}

impl Publisher {
    /// Collects from now on what `connection`, which has opened `file`, touches.
    pub(crate) fn new(feed: Arc<Published>, file: FileId, connection: &mut Connection) -> Publisher {
        let touched = Arc::new(Mutex::new(Vec::new()));
        let collected = touched.clone();
        // Returns nothing or a result, as the version of the binding has it; without a hook all rows are compared.
        let _registered = [connection.update_hook(Some(move |_, _: &str, table: &str, row| {
            if table == "TMTask" {
                lock(&collected).push(row);
            }
        }))];
        Publisher { feed, file, touched }
    }

    /// Forgets what was touched, for another attempt.
    pub(crate) fn begin(&self) {
        lock(&self.touched).clear();
    }

    /// Compares what the open transaction has touched. Nobody else publishes until the result is dropped, so the commit
    /// must follow at once, and then [`publish`](Publication::publish).
    ///
    /// What cannot be compared is left to the feed's thread, and does not stop the batch.
    pub(crate) fn prepare(&self, connection: &Connection, vintage: Vintage) -> Publication<'_> {
        let touched = std::mem::take(&mut *lock(&self.touched));
        let mut known = self.feed.known();
        let difference = if known.file.as_ref() != Some(&self.file) {
            // The feed has gone on to the file that replaced this one.
            None
        } else if touched.is_empty() {
            // As if there were no hook.
            Difference::of_all(&mut known.rows, connection, vintage).ok()
        } else {
            Difference::of_touched(&mut known.rows, connection, vintage, &touched).ok()
        };
        Publication { feed: &self.feed, known, difference }
    }
}

/// The events of a transaction that has yet to be committed.
pub(crate) struct Publication<'feed> {
    feed: &'feed Published,
    known: MutexGuard<'feed, State>,
    difference: Option<Difference>,
}

impl Publication<'_> {
    /// The transaction was committed. Dropping instead forgets it.
    pub(crate) fn publish(self) {
        let Publication { feed, mut known, difference } = self;
        if let Some(difference) = difference {
            feed.publish(difference, &mut known);
        }
    }
}
