//! Looks into a feed's database for what others have committed.

use crate::backoff::{retry, Backoff, ThreadSleep};
use crate::clock::{Clock, MonotonicClock};
use crate::delivery::Delivery;
use crate::error::{Error, ErrorKind, Result};
use crate::event_log::Log;
use crate::fingerprint::Difference;
use crate::model::Task;
use crate::open::Access;
use crate::options::OpenOptions;
use crate::origin::{absolute, data_version};
use crate::publishing::{lock, Published};
use crate::row;
use crate::store::Store;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What the feed, its thread and its subscriptions share.
pub(crate) struct Shared {
    path: PathBuf,
    reader: Mutex<Reader>,
    published: Arc<Published>,
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

/// How long a caller waits for a lock that others have.
pub(crate) const PATIENCE: Backoff =
    Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(50), retries: 8 };

/// How long the database may be locked before subscribers hear of it.
const LONG_LOCKED: Duration = Duration::from_secs(5);

impl Shared {
    pub(crate) fn new(path: &Path, log: Log) -> Shared {
        Shared {
            path: absolute(path),
            reader: Mutex::default(),
            published: Arc::new(Published::new(log)),
            stop: Mutex::new(false),
            stopped: Condvar::new(),
            clock: MonotonicClock::default(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn published(&self) -> &Arc<Published> {
        &self.published
    }

    /// Ends [`watch`](Shared::watch).
    pub(crate) fn stop(&self) {
        *lock(&self.stop) = true;
        self.stopped.notify_all();
    }

    /// Looks again and again, until the feed is dropped.
    pub(crate) fn watch(&self, poll: Duration) {
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
    pub(crate) fn look(&self) -> Result<()> {
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
        let mut known = self.published.known();
        store.origin().same_version(connection)?;
        let now = data_version(connection)?;
        if *version != Some(now) {
            let difference = Difference::of_all(&mut known.rows, connection, store.vintage())?;
            known.file = Some(store.origin().id());
            self.published.publish(difference, &mut known);
            *version = Some(now);
        }
        let next = self.published.log().next();
        Ok(next)
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
            self.published.push(Delivery::Stalled { kind: error.kind(), detail: error.to_string().into() });
        }
        result
    }
}
