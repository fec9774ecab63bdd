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
use crate::clock::{Clock, MonotonicClock};
use crate::error::{Error, ErrorKind, Result};
use crate::event_log::Log;
use crate::fingerprint::{Difference, Known};
use crate::model::Task;
use crate::open::Access;
use crate::options::OpenOptions;
use crate::origin::{absolute, data_version, FileId};
use crate::row;
use crate::store::Store;
use crate::subscription::{Delivery, Subscription};
use crate::vintage::Vintage;
use rusqlite::Connection;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
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
    /// [`InvalidOption`](Error::InvalidOption), or as [`Store::open`].
    pub fn open(path: impl AsRef<Path>, options: FeedOptions) -> Result<ChangeFeed> {
        options.validate()?;
        let shared = Arc::new(Shared {
            path: absolute(path.as_ref()),
            reader: Mutex::default(),
            known: Mutex::default(),
            log: Mutex::new(Log::new(options.queue, options.queue_bytes)),
            arrived: Condvar::new(),
            stop: Mutex::new(false),
            stopped: Condvar::new(),
            clock: MonotonicClock::default(),
        });
        retry(&Backoff::default(), &ThreadSleep, || shared.look())?;
        let of_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("things-store-feed".to_owned())
            .spawn(move || of_thread.watch(options.poll))
            .map_err(|error| Error::CannotOpen { path: shared.path.clone(), source: error.into() })?;
        Ok(ChangeFeed { shared, thread: Some(thread) })
    }

    /// A subscription to everything that is published from now on. Dropping it ends it.
    pub fn subscribe(&self) -> Subscription {
        let next = self.shared.log().next();
        Subscription::new(self.shared.clone(), next)
    }

    /// All tasks in no special order, and a subscription to everything that happens to them afterwards.
    ///
    /// # Errors
    ///
    /// As [`Store::tasks`].
    pub fn subscribe_with_tasks(&self) -> Result<(Arc<[Task]>, Subscription)> {
        let (tasks, next) = self.shared.resynchronise()?;
        Ok((tasks, Subscription::new(self.shared.clone(), next)))
    }

    /// Looks now, in this thread, instead of waiting for the next time. What was committed before is then published.
    ///
    /// # Errors
    ///
    /// As [`Store::open`] and [`Store::tasks`].
    pub fn look(&self) -> Result<()> {
        retry(&PATIENCE, &ThreadSleep, || self.shared.look())
    }
}

impl Drop for ChangeFeed {
    fn drop(&mut self) {
        *lock(&self.shared.stop) = true;
        self.shared.stopped.notify_all();
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, there would be nothing to be done here.
            let _ = thread.join();
        }
        self.shared.log().end();
        self.shared.arrived.notify_all();
    }
}

impl fmt::Debug for ChangeFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeFeed").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

/// What the feed, its thread, its subscriptions and its writing stores share.
pub(crate) struct Shared {
    path: PathBuf,
    reader: Mutex<Reader>,
    known: Mutex<State>,
    log: Mutex<Log>,
    arrived: Condvar,
    stop: Mutex<bool>,
    stopped: Condvar,
    clock: MonotonicClock,
}

/// The feed's own connection.
#[derive(Default)]
struct Reader {
    open: Option<Store>,
    /// The `data_version` of what is known.
    version: Option<i64>,
    /// Looks in a row that found the database locked, and the time of the first.
    locked: Option<(u32, Duration)>,
    /// The failure that subscribers know of.
    stalled: Option<ErrorKind>,
    /// All tasks as they were when the log was this long, until the next look: thousands may lag at once.
    tasks: Option<(u64, Arc<[Task]>)>,
}

#[derive(Default)]
struct State {
    rows: Known,
    /// The file that they are of.
    file: Option<FileId>,
}

/// How long a caller waits for a lock that others have.
const PATIENCE: Backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(50), retries: 8 };

/// How long the database may be locked before subscribers hear of it.
const LONG_LOCKED: Duration = Duration::from_secs(5);

/// Locks, also after a panic of another thread: what is behind these locks is changed in single steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
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

    /// Looks again and again, until the feed is dropped.
    fn watch(&self, poll: Duration) {
        let mut wait = poll;
        loop {
            let stop = lock(&self.stop);
            let ended = self.stopped.wait_timeout_while(stop, wait, |stop| !*stop);
            if *ended.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
            let begin = self.clock.now();
            // Subscribers hear of what fails.
            let _ = self.look();
            wait = poll.max(self.clock.now().saturating_sub(begin));
        }
    }

    /// Publishes what has been committed up to now.
    fn look(&self) -> Result<()> {
        let mut reader = lock(&self.reader);
        reader.tasks = None;
        let result = self.compare_if_changed(&mut reader);
        self.report(&mut reader, result)
    }

    /// All tasks, and how long the log was when they were so.
    pub(crate) fn resynchronise(&self) -> Result<(Arc<[Task]>, u64)> {
        retry(&PATIENCE, &ThreadSleep, || {
            let mut reader = lock(&self.reader);
            let result = self.tasks(&mut reader);
            self.report(&mut reader, result)
        })
    }

    fn compare_if_changed(&self, reader: &mut Reader) -> Result<()> {
        self.open(reader)?;
        if let Reader { open: Some(store), version, .. } = reader {
            if *version != Some(data_version(store.connection())?) {
                let transaction = store.connection().unchecked_transaction().map_err(Error::sqlite)?;
                self.compare(&transaction, store, version)?;
            }
        }
        Ok(())
    }

    fn tasks(&self, reader: &mut Reader) -> Result<(Arc<[Task]>, u64)> {
        self.open(reader)?;
        let Reader { open: Some(store), version, tasks, .. } = reader else {
            return Err(Error::NotFound { path: self.path.clone() });
        };
        let transaction = store.connection().unchecked_transaction().map_err(Error::sqlite)?;
        let next = self.compare(&transaction, store, version)?;
        if let Some(known) = tasks.as_ref().filter(|known| known.0 == next).map(|known| known.1.clone()) {
            return Ok((known, next));
        }
        // Still of the state that was compared, though others publish meanwhile.
        let mut found = Vec::new();
        let mut statement = transaction.prepare_cached(&Difference::sql(store.vintage(), "")).map_err(Error::sqlite)?;
        let mut rows = statement.query([]).map_err(Error::sqlite)?;
        while let Some(row) = rows.next().map_err(Error::sqlite)? {
            // As in events, a row that means nothing is no task.
            found.extend(row::task(row, store.vintage()));
        }
        let found: Arc<[Task]> = found.into();
        *tasks = Some((next, found.clone()));
        Ok((found, next))
    }

    /// Opens the file that is at the path now, unless it is open.
    fn open(&self, reader: &mut Reader) -> Result<()> {
        if reader.open.as_ref().map_or(true, |store| store.origin().in_place().is_err()) {
            (reader.open, reader.version) = (None, None);
            let store = OpenOptions::new().backoff(Backoff::none()).open(&self.path, Access::ReadOnly)?;
            store.origin().in_place()?;
            reader.open = Some(store);
        }
        Ok(())
    }

    /// Compares and publishes the state within the transaction `connection`; returns the length of the log then.
    fn compare(&self, connection: &Connection, store: &Store, version: &mut Option<i64>) -> Result<u64> {
        let mut known = lock(&self.known);
        store.origin().same_version(connection)?;
        let now = data_version(connection)?;
        if *version != Some(now) {
            let difference = Difference::of_all(&mut known.rows, connection, store.vintage())?;
            known.file = Some(store.origin().id());
            self.publish(difference, &mut known);
            *version = Some(now);
        }
        let next = self.log().next();
        Ok(next)
    }

    fn publish(&self, difference: Difference, known: &mut State) {
        let events = difference.learn(&mut known.rows);
        if !events.is_empty() {
            let mut log = self.log();
            events.into_iter().for_each(|event| log.push(Delivery::Event(Arc::new(event))));
            drop(log);
            self.arrived.notify_all();
        }
    }

    /// Lets subscribers know of a failure that stays.
    fn report<T>(&self, reader: &mut Reader, result: Result<T>) -> Result<T> {
        let long_locked;
        let error = match &result {
            Ok(_) => {
                (reader.locked, reader.stalled) = (None, None);
                return result;
            }
            // A journal that is just being removed looks like one of an interrupted writer.
            Err(seeming @ (Error::Locked { .. } | Error::NeedsRecovery { .. })) => {
                let now = self.clock.now();
                let (looks, first) = reader.locked.unwrap_or((0, now));
                reader.locked = Some((looks.saturating_add(1), first));
                let waited = now.saturating_sub(first);
                if waited < LONG_LOCKED {
                    return result;
                }
                long_locked = Error::Locked { attempts: looks.saturating_add(1), waited, source: None };
                match seeming {
                    Error::Locked { .. } => &long_locked,
                    lasting => lasting,
                }
            }
            Err(error) => {
                // It may be another file, or another vintage, when it is opened again.
                (reader.open, reader.version) = (None, None);
                error
            }
        };
        if reader.stalled != Some(error.kind()) {
            reader.stalled = Some(error.kind());
            self.log().push(Delivery::Stalled { kind: error.kind(), detail: error.to_string().into() });
            self.arrived.notify_all();
        }
        result
    }
}

/// What a store needs that publishes its own changes.
pub(crate) struct Publisher {
    shared: Arc<Shared>,
    file: FileId,
    /// The rows of `TMTask` that the present transaction has touched, by their number, in that order.
    touched: Arc<Mutex<Vec<i64>>>,
}

impl Publisher {
    /// Collects from now on what `connection`, which has opened `file`, touches.
    pub(crate) fn new(feed: Arc<Shared>, file: FileId, connection: &mut Connection) -> Publisher {
        let touched = Arc::new(Mutex::new(Vec::new()));
        let collected = touched.clone();
        // Returns nothing or a result, as the version of the binding has it; without a hook all rows are compared.
        let _registered = [connection.update_hook(Some(move |_, _: &str, table: &str, row| {
            if table == "TMTask" {
                lock(&collected).push(row);
            }
        }))];
        Publisher { shared: feed, file, touched }
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
        let mut known = lock(&self.shared.known);
        let difference = if known.file.as_ref() != Some(&self.file) {
            // The feed has gone on to the file that replaced this one.
            None
        } else if touched.is_empty() {
            // As if there were no hook.
            Difference::of_all(&mut known.rows, connection, vintage).ok()
        } else {
            Difference::of_touched(&mut known.rows, connection, vintage, &touched).ok()
        };
        Publication { shared: &self.shared, known, difference }
    }
}

/// The events of a transaction that has yet to be committed.
pub(crate) struct Publication<'feed> {
    shared: &'feed Shared,
    known: MutexGuard<'feed, State>,
    difference: Option<Difference>,
}

impl Publication<'_> {
    /// The transaction was committed. Dropping instead forgets it.
    pub(crate) fn publish(self) {
        let Publication { shared, mut known, difference } = self;
        if let Some(difference) = difference {
            shared.publish(difference, &mut known);
        }
    }
}

impl OpenOptions {
    /// Delivers the batches of stores opened read-write to the subscribers of `feed` at once, each batch by itself. A
    /// commit waits for a look of the feed that is under way.
    ///
    /// Stores of another database than the feed's, and without this, are heard of as other processes are.
    pub fn feed(mut self, feed: &ChangeFeed) -> OpenOptions {
        self.feed = Some(feed.shared.clone());
        self
    }
}
