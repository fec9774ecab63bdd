//! The store: one connection to one database, and the way that every operation takes through it.

use crate::apply;
use crate::batch::{Applied, Batch};
use crate::depth::Depth;
use crate::error::{Error, Result};
use crate::guard::Guard;
use crate::open::{self, Access, Opened};
use crate::options::{OpenOptions, Shared};
use crate::origin::Origin;
use crate::query::Sql;
use crate::statement;
use crate::statistics::Statistics;
use crate::vintage::Vintage;
use crate::watch::Canceller;
use rusqlite::config::DbConfig;
use rusqlite::{params_from_iter, CachedStatement, Connection};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// An open Things 3 database.
///
/// `Store` is `Send` but not `Sync`: give each thread its own, or share a `Pool`.
pub struct Store {
    connection: Connection,
    vintage: Vintage,
    origin: Origin,
    access: Access,
    guard: Guard,
    /// The open snapshots; the transaction lasts from the first to the last.
    snapshots: Depth,
    #[cfg(feature = "cache")]
    cache: Option<crate::cache::View>,
    #[cfg(feature = "changes")]
    publisher: Option<crate::publishing::Publisher>,
}

impl OpenOptions {
    /// Opens the database at `path` with `access`. Errors as [`Store::open`].
    pub fn open(&self, path: impl AsRef<Path>, access: Access) -> Result<Store> {
        self.open_shared(path.as_ref(), access, Arc::new(Shared::new(self)))
    }

    /// Opens one more store of those that share `shared`.
    pub(crate) fn open_shared(&self, path: &Path, access: Access, shared: Arc<Shared>) -> Result<Store> {
        self.validate()?;
        let guard = Guard::new(self.clone(), shared);
        let Opened { mut connection, vintage, origin } =
            guard.open(|sleep, check| open::open(path, access, self, sleep, check))?;
        guard.watch().install(&mut connection);
        Ok(Store {
            #[cfg(feature = "cache")]
            cache: self.cache.as_ref().map(|cache| crate::cache::View::new(cache, &origin)),
            #[cfg(feature = "changes")]
            publisher: self
                .feed
                .as_ref()
                .filter(|_| access == Access::ReadWrite)
                .map(|feed| crate::publishing::Publisher::new(feed.clone(), origin.id(), &mut connection)),
            connection,
            vintage,
            origin,
            access,
            guard,
            snapshots: Depth::default(),
        })
    }
}

impl Store {
    /// Opens the database at `path` read-only.
    ///
    /// No byte of the database or of its write-ahead log is ever changed. Where such a log lies beside the
    /// file, because the app is running or has crashed, its content is read too; for that SQLite needs the
    /// `-shm` file beside it, or a folder in which it may make one.
    ///
    /// # Errors
    ///
    /// [`NotFound`](Error::NotFound), [`CannotOpen`](Error::CannotOpen),
    /// [`NotADatabase`](Error::NotADatabase), [`Truncated`](Error::Truncated), [`Corrupt`](Error::Corrupt),
    /// [`NeedsRecovery`](Error::NeedsRecovery), [`UnknownVintage`](Error::UnknownVintage),
    /// [`UnreadableVintage`](Error::UnreadableVintage), [`MissingTable`](Error::MissingTable),
    /// [`MissingColumn`](Error::MissingColumn), or [`Locked`](Error::Locked). Damage of a page that opening
    /// does not read comes up as [`Corrupt`](Error::Corrupt) when it is read; [`verify`](Store::verify) looks
    /// for it.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{ErrorKind, Store};
    ///
    /// match Store::open("main.sqlite") {
    ///     Ok(store) => println!("schema {}", store.vintage()),
    ///     Err(error) if error.kind() == ErrorKind::Locked => println!("try again later"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Store> {
        OpenOptions::new().open(path, Access::ReadOnly)
    }

    /// Opens the database at `path` for reading and changing. Nothing is changed before
    /// [`apply`](Store::apply).
    ///
    /// # Errors
    ///
    /// As [`open`](Store::open). A refused file is not changed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{Access, Store};
    ///
    /// let store = Store::open_read_write("main.sqlite")?;
    /// assert_eq!(store.access(), Access::ReadWrite);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_read_write(path: impl AsRef<Path>) -> Result<Store> {
        OpenOptions::new().open(path, Access::ReadWrite)
    }

    /// The schema vintage of the database, or as which it is read.
    pub fn vintage(&self) -> Vintage {
        self.vintage
    }

    /// The number in `Meta.databaseVersion`.
    pub fn database_version(&self) -> i64 {
        self.origin.version()
    }

    /// Whether the version is not known here, and is read as its nearest: [`OpenOptions::best_effort`].
    pub fn is_best_effort(&self) -> bool {
        self.origin.version() != self.vintage.database_version()
    }

    /// Whether the file is read without locks, because it is in WAL mode, has no log, and lies where SQLite can write no
    /// files beside it.
    pub fn is_frozen(&self) -> bool {
        self.origin.is_frozen()
    }

    /// Whether the store may change its database.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Cancels what this store does, from another thread.
    pub fn canceller(&self) -> Canceller {
        self.guard.watch().canceller()
    }

    /// What this store has done, and if it is a pool's, the other stores of the pool: all as of one moment.
    pub fn statistics(&self) -> Statistics {
        self.guard.shared().telemetry.snapshot()
    }

    /// What the circuit breaker does at the moment; `None` without one.
    ///
    /// # Errors
    ///
    /// [`Poisoned`](Error::Poisoned).
    #[cfg(feature = "breaker")]
    pub fn breaker_state(&self) -> Result<Option<crate::breaker::BreakerState>> {
        self.guard.breaker_state()
    }

    /// Checks the structure of the whole file, which takes time in proportion to its size.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](Error::Corrupt), with what was found first.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::Store;
    ///
    /// # let store = Store::open("main.sqlite")?;
    /// if let Err(error) = store.verify() {
    ///     eprintln!("{error}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(&self) -> Result<()> {
        self.read("verify", |connection| {
            let found: String =
                connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(Error::sqlite)?;
            sound(&found)
        })
    }

    /// Makes all changes of `batch`, in one transaction, or none.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](Error::ReadOnly) for a store that was opened so or a file that may not be written,
    /// [`NoSuch`](Error::NoSuch) if a task or destination does not exist,
    /// [`NotAllowed`](Error::NotAllowed) if a change makes no sense for its task, and
    /// [`Locked`](Error::Locked). After any error the database is as it was before.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use things_store::{Batch, Change, Store, Timestamp, When};
    ///
    /// let mut store = Store::open_read_write("main.sqlite")?;
    /// let now = Timestamp::from_unix_seconds(1_718_184_600.0).unwrap();
    /// let mut batch = Batch::new(now, now.date_utc());
    /// batch.extend(store.search("milk")?.into_iter().map(|task| (task.id, Change::Schedule(When::ThisEvening))));
    /// assert_eq!(store.apply(&batch)?.changes, batch.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&mut self, batch: &Batch) -> Result<Applied> {
        match self.access {
            Access::ReadOnly => Err(Error::ReadOnly),
            Access::ReadWrite => {
                #[cfg(feature = "cache")]
                let _floor = self.cache.as_ref().map(crate::cache::View::raise_at_end);
                self.observe(
                    "apply",
                    |applied: &Applied| applied.tasks as u64,
                    |connection| self.apply_once(connection, batch),
                )
            }
        }
    }

    fn apply_once(&self, connection: &Connection, batch: &Batch) -> Result<Applied> {
        self.origin.in_place()?;
        let check = |connection: &Connection| self.origin.same_version(connection);
        #[cfg(feature = "changes")]
        if let Some(publisher) = &self.publisher {
            publisher.begin();
            let prepare = |connection: &Connection| Ok(publisher.prepare(connection, self.vintage));
            let (applied, publication) = apply::apply(connection, self.vintage, batch, check, prepare)?;
            publication.publish();
            return Ok(applied);
        }
        apply::apply(connection, self.vintage, batch, check, |_| Ok(())).map(|(applied, ())| applied)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    #[cfg(feature = "cache")]
    pub(crate) fn cache_view(&self) -> Option<&crate::cache::View> {
        self.cache.as_ref()
    }

    pub(crate) fn snapshots(&self) -> &Depth {
        &self.snapshots
    }

    /// The counters, shared by the stores of a pool.
    #[cfg(feature = "cache")]
    pub(crate) fn telemetry(&self) -> &crate::telemetry::Telemetry {
        &self.guard.shared().telemetry
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Runs `operation` as [`observe`](Store::observe) does, for what returns no rows.
    pub(crate) fn read<T>(&self, name: &'static str, operation: impl FnMut(&Connection) -> Result<T>) -> Result<T> {
        self.observe(name, |_| 0, operation)
    }

    /// Runs `operation`, again and again within the back-off while the database is locked, and counts it under
    /// `name` with the rows that `rows` finds in its result.
    ///
    /// Everything that a store does with its database goes through here. `name` becomes a label of metrics: there must
    /// be few different ones.
    pub(crate) fn observe<T>(
        &self,
        name: &'static str,
        rows: impl FnOnce(&T) -> u64,
        mut operation: impl FnMut(&Connection) -> Result<T>,
    ) -> Result<T> {
        self.guard.run(name, rows, || operation(&self.connection))
    }

    /// All rows of `sql`, each turned into a value; counted under `name`.
    pub(crate) fn rows<T>(
        &self,
        name: &'static str,
        sql: &Sql,
        mut decode: impl FnMut(&rusqlite::Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.observe(
            name,
            |values: &Vec<T>| values.len() as u64,
            |connection| self.read_rows(connection, sql, &mut decode),
        )
    }

    /// All rows of `sql`, once.
    pub(crate) fn read_rows<T>(
        &self,
        connection: &Connection,
        sql: &Sql,
        mut decode: impl FnMut(&rusqlite::Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.in_place()?;
        let mut statement = self.prepare(&sql.text)?;
        let mut rows = statement.query(params_from_iter(&sql.params)).map_err(Error::sqlite)?;
        let mut values = Vec::new();
        let mut next = rows.next().map_err(|error| self.unless_migrated(error))?;
        // From the first row to the last it is one transaction.
        self.origin.same_version(connection)?;
        while let Some(row) = next {
            values.push(decode(row)?);
            next = rows.next().map_err(Error::sqlite)?;
        }
        self.origin.still_frozen()?;
        Ok(values)
    }

    /// The statement with this text, counted.
    pub(crate) fn prepare(&self, text: &str) -> Result<CachedStatement<'_>> {
        statement::prepare(&self.connection, text, &self.guard.shared().telemetry).map_err(|error| match error {
            Error::Sqlite { .. } => self.origin.same_version(&self.connection).err().unwrap_or(error),
            error => error,
        })
    }

    /// Whether the path still leads to the file that was opened. Within a snapshot it does not matter: its state stays.
    pub(crate) fn in_place(&self) -> Result<()> {
        match self.snapshots.is_open() && !self.origin.is_frozen() {
            true => Ok(()),
            false => self.origin.in_place(),
        }
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What `error` of a statement means: columns may be gone because the database was migrated.
    fn unless_migrated(&self, error: rusqlite::Error) -> Error {
        let error = Error::sqlite(error);
        match error {
            Error::Sqlite { .. } => self.origin.same_version(&self.connection).err().unwrap_or(error),
            error => error,
        }
    }
}

/// What SQLite's own check of the file found: `ok`, or lines about damage.
fn sound(found: &str) -> Result<()> {
    match found {
        "ok" => Ok(()),
        detail => Err(Error::Corrupt { detail: detail.trim().replace('\n', ", "), source: None }),
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // The last read-write connection moves the log into the database and removes it; by then the log at the path may be
        // that of another database.
        if self.access == Access::ReadWrite && self.origin.in_place().is_err() {
            // If it fails, SQLite does what it would have done without it.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("vintage", &self.vintage).field("access", &self.access).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_check_that_finds_damage_tells_it_in_one_line() {
        sound("ok").unwrap();
        let error = sound("*** in database main ***\nPage 3: btreeInitPage() returns error code 11\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("*** in database main ***, Page 3: btree"), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}
