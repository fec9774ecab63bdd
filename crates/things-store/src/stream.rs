//! Reading one task at a time, and holding on to one state of the database meanwhile.

use crate::error::{Error, Result};
use crate::guard::Guard;
use crate::model::Task;
use crate::origin::Origin;
use crate::query::{Query, Sql};
use crate::row::{self, Fields};
use crate::store::Store;
use crate::vintage::Vintage;
use rusqlite::types::Value;
use rusqlite::{params_from_iter, CachedStatement, Rows};
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

impl Store {
    /// The tasks that `query` asks for, one at a time: memory does not grow with their number.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{List, Query, Store};
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// let mut stream = store.stream(&Query::list(List::Logbook))?;
    /// for task in stream.tasks()? {
    ///     println!("{}", task?.title);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream(&self, query: &Query) -> Result<TaskStream<'_>> {
        TaskStream::new(self, query.to_sql(self.vintage()))
    }

    /// Holds on to the present state: until the snapshot is dropped, all reads of this store see the same
    /// data, whatever others write meanwhile.
    ///
    /// While the database is not in WAL mode, writers have to wait for it; keep it short.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{List, Query, Store};
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// let inbox = Query::list(List::Inbox);
    /// let snapshot = store.snapshot()?;
    /// let count = snapshot.count(&inbox)?;
    /// assert_eq!(count, snapshot.tasks(&inbox)?.len() as u64); // whatever was written in between
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot(&self) -> Result<Snapshot<'_>> {
        Snapshot::new(self)
    }
}

/// One state of the database. Everything read through it, or through its store, is of that state.
///
/// A read transaction, ended on drop. Snapshots nest; they share the outermost one's state.
pub struct Snapshot<'store> {
    store: &'store Store,
}

impl<'store> Snapshot<'store> {
    pub(crate) fn new(store: &'store Store) -> Result<Snapshot<'store>> {
        store.snapshots().enter(|| {
            // BEGIN takes no lock, the first read does. Once that has succeeded, no later read is busy.
            store.read("snapshot", |connection| {
                store.in_place()?;
                let begun = connection.execute_batch("BEGIN; SELECT 1 FROM sqlite_master LIMIT 1;");
                let begun = begun.map_err(Error::sqlite).and_then(|()| store.origin().same_version(connection));
                begun.map_err(|error| {
                    // The first error is the one to report; a transaction that cannot be ended comes up at the next BEGIN.
                    let _ = end(store);
                    error
                })
            })
        })?;
        Ok(Snapshot { store })
    }

    /// Ends the snapshot as dropping it does, and reports if SQLite could not.
    ///
    /// # Errors
    ///
    /// What SQLite says. The store then reports it again at its next snapshot, and a pool does not lend it any more.
    pub fn close(self) -> Result<()> {
        let store = self.store;
        std::mem::forget(self);
        match store.snapshots().leave() {
            true => end(store),
            false => Ok(()),
        }
    }
}

impl Deref for Snapshot<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if self.store.snapshots().leave() {
            // Who wants to know calls `close`. A transaction that is still open is seen by the next BEGIN and by the pool.
            let _ = end(self.store);
        }
    }
}

/// Ends the read transaction, unless an error has ended it already. Nothing was written, so nothing is lost.
fn end(store: &Store) -> Result<()> {
    match store.connection().is_autocommit() {
        true => Ok(()),
        false => store.connection().execute_batch("ROLLBACK").map_err(Error::sqlite),
    }
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Snapshot").field(self.store).finish()
    }
}

/// A prepared query within a snapshot, ready to be read by [`tasks`](TaskStream::tasks).
pub struct TaskStream<'store> {
    // Dropped in this order: the statement must be finished before its transaction is.
    statement: CachedStatement<'store>,
    params: Vec<Value>,
    vintage: Vintage,
    snapshot: Snapshot<'store>,
}

impl<'store> TaskStream<'store> {
    pub(crate) fn new(store: &'store Store, sql: Sql) -> Result<TaskStream<'store>> {
        let snapshot = store.snapshot()?;
        Ok(TaskStream {
            statement: store.guard().step(|| store.prepare(&sql.text))?,
            params: sql.params,
            vintage: store.vintage(),
            snapshot,
        })
    }

    /// Ends the stream as dropping it does, and reports if SQLite could not.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::close`].
    pub fn close(self) -> Result<()> {
        let TaskStream { statement, snapshot, .. } = self;
        drop(statement);
        snapshot.close()
    }

    /// Starts at the first task. Called again, it starts over and returns the same tasks.
    pub fn tasks(&mut self) -> Result<Tasks<'_>> {
        let (guard, origin) = (self.snapshot.store.guard(), self.snapshot.store.origin());
        let (statement, params) = (&mut self.statement, &self.params);
        let rows = guard.step(|| statement.query(params_from_iter(params)).map_err(Error::sqlite))?;
        let progress = Progress { guard, origin, begin: guard.now(), rows: 0, failed: false };
        Ok(Tasks { rows: Some(rows), vintage: self.vintage, progress })
    }
}

impl fmt::Debug for TaskStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskStream").field("vintage", &self.vintage).finish_non_exhaustive()
    }
}

/// The tasks of a [`TaskStream`]. Holds one row at a time.
///
/// After an error of the database there are no more tasks; after a row that could not be decoded, the next
/// ones follow. Whatever error ends it, the store and other streams of it can be used afterwards.
pub struct Tasks<'stream> {
    rows: Option<Rows<'stream>>,
    vintage: Vintage,
    progress: Progress<'stream>,
}

/// How far a stream has come. Counted when it is let go.
struct Progress<'stream> {
    guard: &'stream Guard,
    origin: &'stream Origin,
    begin: Duration,
    rows: u64,
    failed: bool,
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        let Progress { guard, begin, rows, failed, .. } = *self;
        guard.ended("stream", begin, guard.now(), rows, failed);
    }
}

impl Iterator for Tasks<'_> {
    type Item = Result<Task>;

    fn next(&mut self) -> Option<Result<Task>> {
        let Progress { guard, origin, .. } = self.progress;
        let next = next_task(&mut self.rows, self.vintage, |rows| {
            guard.step(|| {
                origin.still_frozen()?;
                rows.step()
            })
        });
        match &next {
            Some(Ok(_)) => self.progress.rows = self.progress.rows.saturating_add(1),
            Some(Err(_)) => self.progress.failed = true,
            None => {}
        }
        next
    }
}

/// Rows that come one at a time.
trait Steps {
    /// The next row, which lasts until the one after it is asked for.
    fn step(&mut self) -> Result<Option<&dyn Fields>>;
}

impl Steps for Rows<'_> {
    fn step(&mut self) -> Result<Option<&dyn Fields>> {
        match self.next() {
            Ok(row) => Ok(row.map(|row| row as &dyn Fields)),
            Err(error) => Err(Error::sqlite(error)),
        }
    }
}

/// Reads on by `step`. At the end and after an error `rows` is let go, so that nothing is asked of it again.
fn next_task<R: Steps>(
    rows: &mut Option<R>,
    vintage: Vintage,
    step: impl for<'r> FnOnce(&'r mut R) -> Result<Option<&'r dyn Fields>>,
) -> Option<Result<Task>> {
    match step(rows.as_mut()?) {
        Ok(Some(row)) => Some(row::task(row, vintage)),
        Ok(None) => {
            *rows = None;
            None
        }
        Err(error) => {
            *rows = None;
            Some(Err(error))
        }
    }
}

impl std::iter::FusedIterator for Tasks<'_> {}

impl fmt::Debug for Tasks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
