//! A pool of stores of one database, for many threads.

use crate::bounds::{between, DAY};
use crate::error::{Error, Result};
use crate::lending::{Lending, Limits, Make, PoolStatistics};
use crate::open::Access;
use crate::options::{OpenOptions, Shared};
use crate::origin::absolute;
use crate::statistics::Statistics;
use crate::store::Store;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How a pool is made.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// At most this many connections, from 1 to 1,024.
    pub size: u32,
    /// As many are opened at once and kept, however long they are idle. At most `size`.
    pub minimum: u32,
    /// How long [`Pool::get`] waits for a connection to become free; zero does not wait. At most a day.
    pub wait: Duration,
    /// How long a connection above `minimum` is kept while nobody needs it; `None` keeps it for as long as the pool.
    pub idle: Option<Duration>,
    /// Whether [`Pool::get`] checks before each loan that the database is still the one that was opened, not deleted,
    /// replaced or migrated, and opens it again if not. Without the check, a loan is some microseconds cheaper, and a store
    /// goes on reading a file that nobody else sees any more.
    pub check: bool,
    /// Whether its stores may change the database.
    pub access: Access,
    /// How each connection is opened, and how long it waits for locks.
    pub open: OpenOptions,
}

impl Default for PoolOptions {
    fn default() -> PoolOptions {
        PoolOptions {
            size: 4,
            minimum: 0,
            wait: Duration::from_secs(5),
            idle: None,
            check: true,
            access: Access::ReadOnly,
            open: OpenOptions::default(),
        }
    }
}

impl PoolOptions {
    /// Checks that a pool can be made of these options. [`Pool::with`] does so first, before it looks at any file.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](Error::InvalidOption), naming the option.
    ///
    /// # Examples
    ///
    /// ```
    /// use things_store::{Error, PoolOptions};
    ///
    /// let options = PoolOptions { size: 2, minimum: 3, ..PoolOptions::default() };
    /// let error = options.validate().unwrap_err();
    /// assert!(matches!(error, Error::InvalidOption { option: "pool.minimum", .. }));
    /// ```
    pub fn validate(&self) -> Result<()> {
        between("pool.size", self.size, 1, 1_024)?;
        between("pool.minimum", self.minimum, 0, self.size)?;
        between("pool.wait", self.wait, Duration::ZERO, DAY)?;
        if let Some(idle) = self.idle {
            between("pool.idle", idle, Duration::from_millis(1), DAY)?;
        }
        self.open.validate()
    }
}

/// Stores of one database, to be shared between threads. `Send`, `Sync`, and cheap to clone.
///
/// Connections are opened when first needed and then kept; who asked first is served first.
///
/// # Examples
///
/// ```no_run
/// use things_store::Pool;
///
/// let pool = Pool::open("main.sqlite")?;
/// let search = |word| pool.get()?.search(word);
/// let (milk, eggs) = std::thread::scope(|scope| {
///     let milk = scope.spawn(|| search("milk"));
///     let eggs = search("eggs");
///     (milk.join().unwrap(), eggs)
/// });
/// println!("{} and {}", milk?.len(), eggs?.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Pool {
    lending: Arc<Lending<Manager>>,
    shared: Arc<Shared>,
    size: u32,
}

impl Pool {
    /// A pool of up to four read-only stores of the database at `path`.
    ///
    /// # Errors
    ///
    /// As [`Store::open`]: one connection is opened to see that it can be.
    pub fn open(path: impl AsRef<Path>) -> Result<Pool> {
        Pool::with(path, PoolOptions::default())
    }

    /// A pool as `options` say.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](Error::InvalidOption), or as [`Store::open`]: one connection at least is opened, to see that it
    /// can be.
    pub fn with(path: impl AsRef<Path>, options: PoolOptions) -> Result<Pool> {
        options.validate()?;
        let PoolOptions { size, minimum, wait, idle, check, access, open } = options;
        let shared = Arc::new(Shared::new(&open));
        let (clock, telemetry) = (open.clock.clone(), shared.telemetry.clone());
        let manager = Manager { path: absolute(path.as_ref()), access, open, shared: shared.clone() };
        let limits = Limits { minimum, maximum: size, wait, idle, check };
        let lending = Lending::new(manager, limits, clock, telemetry);
        lending.fill()?;
        Ok(Pool { lending: Arc::new(lending), shared, size })
    }

    /// Lends the caller a store; it returns to the pool on drop.
    ///
    /// # Errors
    ///
    /// [`PoolExhausted`](Error::PoolExhausted) if none became free in time, [`Poisoned`](Error::Poisoned), and as
    /// [`Store::open`] if a new connection was needed and could not be opened.
    pub fn get(&self) -> Result<PooledStore> {
        let lent = self.lending.get()?;
        Ok(PooledStore { lent: Some(lent), lending: self.lending.clone() })
    }

    /// How many connections are open, in use or idle.
    pub fn connections(&self) -> u32 {
        self.statistics().map_or(0, |statistics| statistics.open)
    }

    /// What the pool has and has done: all of it as of one moment.
    ///
    /// # Errors
    ///
    /// [`Poisoned`](Error::Poisoned).
    pub fn statistics(&self) -> Result<PoolStatistics> {
        self.lending.statistics()
    }

    /// What the stores of the pool have done together, as [`Store::statistics`].
    pub fn store_statistics(&self) -> Statistics {
        self.shared.telemetry.snapshot()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("size", &self.size)
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

/// A store on loan from a [`Pool`].
pub struct PooledStore {
    /// `None` only while it is dropped.
    lent: Option<Store>,
    lending: Arc<Lending<Manager>>,
}

#[allow(clippy::expect_used)] // Nobody can hold a store that is being dropped.
impl Deref for PooledStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.lent.as_ref().expect("a store on loan")
    }
}

#[allow(clippy::expect_used)] // Nobody can hold a store that is being dropped.
impl DerefMut for PooledStore {
    fn deref_mut(&mut self) -> &mut Store {
        self.lent.as_mut().expect("a store on loan")
    }
}

impl Drop for PooledStore {
    fn drop(&mut self) {
        if let Some(lent) = self.lent.take() {
            self.lending.put(lent);
        }
    }
}

impl fmt::Debug for PooledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PooledStore").field(&**self).finish()
    }
}

struct Manager {
    path: PathBuf,
    access: Access,
    open: OpenOptions,
    shared: Arc<Shared>,
}

impl Make for Manager {
    type Connection = Store;

    fn make(&self) -> Result<Store> {
        self.open.open_shared(&self.path, self.access, self.shared.clone())
    }

    fn is_valid(&self, store: &Store) -> bool {
        is_current(&store.in_place().and_then(|()| store.origin().same_version(store.connection())))
    }

    fn is_clean(&self, store: &Store) -> bool {
        // Cancellers of the borrower must not reach the next one.
        store.guard().watch().next_loan();
        // A transaction or a statement left open, by a snapshot or a stream that was forgotten, would hold back every later
        // writer.
        store.connection().is_autocommit() && !store.connection().is_busy() && !store.snapshots().is_open()
    }
}

/// Whether a store is still of the database at its path. A lock, or a state that cannot be read now, says nothing about
/// that: the borrower's own reading does.
fn is_current(checked: &Result<()>) -> bool {
    !matches!(checked, Err(Error::Replaced { .. } | Error::Migrated { found: Some(_), .. }))
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
