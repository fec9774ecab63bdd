//! Who changes tasks, and tells others: one feed for a database, with any number of subscriptions.
//!
//! # Why no event is lost or doubled
//!
//! Every event is a difference between what the feed knows of each row, a fingerprint, and what it reads in one
//! transaction. What it knows is changed together with the publication, under one lock, so each difference is published
//! once. Two look for differences:
//!
//! - The feed's own thread. `PRAGMA data_version` tells it that anybody has committed, and it compares all rows. Several
//!   commits between two looks give one event for each task: the difference between the states before and after.
//! - A store that was opened with [`OpenOptions::feed`]. SQLite's update hook collects the rows that a batch touches;
//!   before the commit they are compared, under the lock, which is held until the commit has succeeded and its events are
//!   published. So each of its batches is delivered by itself, in the order of commits, tasks in the order in which the
//!   batch first touched them. What is rolled back is forgotten.
//!
//! The hook names rows by their number, and removed ones are gone by then. Where a batch removes a row or changes a
//! heading, on which the project of other tasks depends, the store compares all rows, as the thread does. Numbers of rows
//! are not kept, so `VACUUM` and reuse of numbers do no harm; a row replaced by one with the same identifier is an update.
//!
//! Locks are taken in the order reader, known, log. None is held while a subscriber works or waits.

use crate::backoff::{retry, Backoff, ThreadSleep};
use crate::error::{Error, Result};
use crate::event_log::Log;
use crate::looking::{Shared, PATIENCE};
use crate::model::Task;
use crate::options::OpenOptions;
use crate::subscription::Subscription;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How a feed is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedOptions {
    /// How long to wait between two looks for commits of others; from a millisecond to an hour. After a look that took
    /// longer, the wait is as long as the look.
    pub poll: Duration,
    /// How many events are kept for those who have not read them yet, whatever the number of subscriptions; from 1 to a
    /// million.
    pub queue: usize,
    /// How many bytes they may have; of the latest event any number. A thousand or more.
    pub queue_bytes: usize,
}

impl Default for FeedOptions {
    /// A look each 20 ms, 4,096 events, 8 MiB.
    fn default() -> FeedOptions {
        FeedOptions { poll: Duration::from_millis(20), queue: 4_096, queue_bytes: 8 << 20 }
    }
}

impl FeedOptions {
    fn validate(&self) -> Result<()> {
        let refuse = |option, value, needs: &str| Err(Error::InvalidOption { option, value, needs: needs.to_owned() });
        if self.poll < Duration::from_millis(1) || self.poll > Duration::from_secs(3_600) {
            return refuse("feed.poll", format!("{:?}", self.poll), "a time from a millisecond to an hour");
        }
        if self.queue == 0 || self.queue > 1_000_000 {
            return refuse("feed.queue", self.queue.to_string(), "a number from 1 to a million");
        }
        if self.queue_bytes < 1_000 {
            return refuse("feed.queue_bytes", self.queue_bytes.to_string(), "a thousand bytes or more");
        }
        Ok(())
    }
}

/// Watches a database, and delivers what becomes of its tasks to any number of subscriptions.
///
/// Every insert, update and delete is delivered, whoever commits it: stores of this process opened with
/// [`OpenOptions::feed`] at once, everybody else when the feed next looks. Completing a task or putting it into the trash
/// are updates. Only what a [`Task`] shows counts; tags and the lines of checklists are not part of it. Repeating templates
/// and what is in them are no tasks here either.
///
/// One thread does all the looking; it ends when the feed is dropped, and the subscriptions end after their last event.
/// If the file at the path is replaced, the feed opens the new one, and delivers the differences.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use things_store::{ChangeFeed, Delivery, FeedOptions};
///
/// let feed = ChangeFeed::open("main.sqlite", FeedOptions::default())?;
/// let mut subscription = feed.subscribe();
/// while let Some(delivery) = subscription.next_within(Duration::from_secs(60))? {
///     match delivery {
///         Delivery::Event(event) => println!("{:?} {}", event.kind, event.id),
///         Delivery::Lagged { missed, tasks } => println!("{missed} missed, now {} tasks", tasks.len()),
///         Delivery::Stalled { detail, .. } => eprintln!("{detail}"),
///         _ => {}
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ChangeFeed {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl ChangeFeed {
    /// Watches the database at `path` from its present state on.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](Error::InvalidOption), or as [`Store::open`](crate::Store::open).
    pub fn open(path: impl AsRef<Path>, options: FeedOptions) -> Result<ChangeFeed> {
        options.validate()?;
        let log = Log::new(options.queue, options.queue_bytes);
        let shared = Arc::new(Shared::new(path.as_ref(), log));
        retry(&Backoff::default(), &ThreadSleep, || shared.look())?;
        let of_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("things-store-feed".to_owned())
            .spawn(move || of_thread.watch(options.poll))
            .map_err(|error| Error::CannotOpen { path: shared.path().to_owned(), source: error.into() })?;
        Ok(ChangeFeed { shared, thread: Some(thread) })
    }

    /// A subscription to everything that is published from now on. Dropping it ends it.
    pub fn subscribe(&self) -> Subscription {
        let next = self.shared.published().log().next();
        Subscription::new(self.shared.clone(), next)
    }

    /// All tasks in no special order, and a subscription to everything that happens to them afterwards.
    ///
    /// # Errors
    ///
    /// As [`Store::tasks`](crate::Store::tasks).
    pub fn subscribe_with_tasks(&self) -> Result<(Arc<[Task]>, Subscription)> {
        let (tasks, next) = self.shared.resynchronise()?;
        Ok((tasks, Subscription::new(self.shared.clone(), next)))
    }

    /// Looks now, in this thread, instead of waiting for the next time. What was committed before is then published.
    ///
    /// # Errors
    ///
    /// As [`Store::open`](crate::Store::open) and [`Store::tasks`](crate::Store::tasks).
    pub fn look(&self) -> Result<()> {
        retry(&PATIENCE, &ThreadSleep, || self.shared.look())
    }
}

impl Drop for ChangeFeed {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, there would be nothing to be done here.
            let _ = thread.join();
        }
        self.shared.published().end();
    }
}

impl fmt::Debug for ChangeFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeFeed").field("path", &self.shared.path()).finish_non_exhaustive()
    }
}

impl OpenOptions {
    /// Delivers the batches of stores opened read-write to the subscribers of `feed` at once, each batch by itself. A
    /// commit waits for a look of the feed that is under way.
    ///
    /// Stores of another database than the feed's, and without this, are heard of as other processes are.
    pub fn feed(mut self, feed: &ChangeFeed) -> OpenOptions {
        self.feed = Some(feed.shared.published().clone());
        self
    }
}
