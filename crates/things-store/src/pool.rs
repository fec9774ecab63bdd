//! A small pool of stores for many threads, on the crate `r2d2`.
//!
//! `r2d2` reports a failed connection as text after its timeout. What opening really said is kept here, so
//! that the pool's errors are as typed as the store's.

use crate::error::{Cause, Error, Result};
use crate::open::Access;
use crate::options::{OpenOptions, Shared as StoreShared};
use crate::store::Store;
use r2d2::{HandleError, ManageConnection};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a pool is made.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// At most this many connections. At least one.
    pub size: u32,
    /// How long [`Pool::get`] waits for a connection to become free.
    pub wait: Duration,
    /// Whether its stores may change the database.
    pub access: Access,
    /// How each connection is opened, and how long it waits for locks.
    pub open: OpenOptions,
}

impl Default for PoolOptions {
    fn default() -> PoolOptions {
        PoolOptions { size: 4, wait: Duration::from_secs(5), access: Access::ReadOnly, open: OpenOptions::default() }
    }
}

/// Stores of one database, to be shared between threads. `Send`, `Sync`, and cheap to clone.
///
/// Connections are opened when first needed and then kept.
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
    shared: Shared<Manager>,
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
    /// As [`Store::open`]: one connection is opened to see that it can be.
    pub fn with(path: impl AsRef<Path>, options: PoolOptions) -> Result<Pool> {
        let shared = Arc::new(StoreShared::new(&options.open));
        let manager = Manager { path: path.as_ref().to_owned(), access: options.access, open: options.open, shared };
        // Here and not on a thread of r2d2, which would keep trying a damaged file until the time is up.
        drop(manager.connect()?);
        Ok(Pool { shared: Shared::new(manager, options.size, options.wait) })
    }

    /// Lends the caller a store; it returns to the pool on drop.
    ///
    /// # Errors
    ///
    /// [`Error::PoolExhausted`] if none became free in time. Its source says why connecting failed, if
    /// that was the cause.
    pub fn get(&self) -> Result<PooledStore> {
        self.shared.get().map(PooledStore)
    }

    /// How many connections are open, in use or idle.
    pub fn connections(&self) -> u32 {
        self.shared.connections()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("size", &self.shared.inner.max_size())
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

/// A store on loan from a [`Pool`].
pub struct PooledStore(r2d2::PooledConnection<Manager>);

impl Deref for PooledStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.0
    }
}

impl DerefMut for PooledStore {
    fn deref_mut(&mut self) -> &mut Store {
        &mut self.0
    }
}

impl fmt::Debug for PooledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PooledStore").field(&**self).finish()
    }
}

/// Capacity, waiting, and why connecting failed: all of a pool but what it lends, so that this is tested
/// without a database.
struct Shared<M: ManageConnection<Error = Error>> {
    inner: r2d2::Pool<M>,
    failure: Failure,
}

impl<M: ManageConnection<Error = Error>> Shared<M> {
    /// Connects to nothing yet.
    fn new(manager: M, size: u32, wait: Duration) -> Shared<M> {
        let failure = Failure::default();
        let inner = r2d2::Pool::builder()
            .max_size(size.max(1))
            .min_idle(Some(0))
            .max_lifetime(None)
            .idle_timeout(None)
            // r2d2 refuses a timeout of zero.
            .connection_timeout(wait.max(Duration::from_nanos(1)))
            .error_handler(Box::new(failure.clone()))
            .build_unchecked(manager);
        Shared { inner, failure }
    }

    fn get(&self) -> Result<r2d2::PooledConnection<M>> {
        self.inner.get().map_err(|_| Error::PoolExhausted {
            waited: self.inner.connection_timeout(),
            source: self.failure.take().map(Cause::from),
        })
    }

    fn connections(&self) -> u32 {
        self.inner.state().connections
    }
}

// Not derived: that would ask for a manager that can be cloned.
impl<M: ManageConnection<Error = Error>> Clone for Shared<M> {
    fn clone(&self) -> Shared<M> {
        Shared { inner: self.inner.clone(), failure: self.failure.clone() }
    }
}

struct Manager {
    path: PathBuf,
    access: Access,
    open: OpenOptions,
    shared: Arc<StoreShared>,
}

impl ManageConnection for Manager {
    type Connection = Store;
    type Error = Error;

    fn connect(&self) -> Result<Store> {
        self.open.open_shared(&self.path, self.access, self.shared.clone())
    }

    fn is_valid(&self, _: &mut Store) -> Result<()> {
        // A connection to a local file does not go away, and reading shows whether the file is sound.
        Ok(())
    }

    fn has_broken(&self, store: &mut Store) -> bool {
        // A transaction left open, by a snapshot that was forgotten, would hold back every later writer.
        !store.connection().is_autocommit()
    }
}

/// The last error of connecting, for the caller who waited for it.
#[derive(Clone, Debug, Default)]
struct Failure(Arc<Mutex<Option<Error>>>);

impl Failure {
    fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl HandleError<Error> for Failure {
    fn handle_error(&self, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
