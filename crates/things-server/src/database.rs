//! The database, and the threads on which it is read.
//!
//! SQLite blocks, so all of it runs on tokio's blocking threads: at most as many at a time as there are connections, and
//! whoever waits for one waits asynchronously and can give up. A client of one protocol cannot take the connections of
//! another.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use things_store::{Access, Error, Pool, PoolOptions, Result, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An open database, ready to be served.
#[derive(Clone)]
pub struct Served {
    reads: Lane,
    flights: Lane,
    /// One connection, because SQLite has one writer at a time. `None`: nothing may be written.
    writes: Option<Lane>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The client does not want it any more.
    Cancelled,
    /// The store refused or could not.
    Store(Error),
    /// The thread that worked on it ended without a result.
    Lost,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Store(error)
    }
}

impl Served {
    /// Opens the database at `path`, with up to `connections` connections for each protocol.
    ///
    /// # Errors
    ///
    /// As [`Store::open`](things_store::Store::open).
    pub fn open(path: impl AsRef<Path>, connections: u32, allow_writes: bool) -> Result<Served> {
        let path = path.as_ref();
        let lane = |size, access| Lane::open(path, PoolOptions { size, access, ..PoolOptions::default() });
        Ok(Served {
            reads: lane(connections, Access::ReadOnly)?,
            flights: lane(connections, Access::ReadOnly)?,
            writes: allow_writes.then(|| lane(1, Access::ReadWrite)).transpose()?,
        })
    }

    /// Whether changes are allowed.
    pub fn allows_writes(&self) -> bool {
        self.writes.is_some()
    }

    /// For reading on behalf of MCP.
    pub(crate) fn reads(&self) -> &Lane {
        &self.reads
    }

    /// For streams of Arrow Flight.
    pub(crate) fn flights(&self) -> &Lane {
        &self.flights
    }

    /// For changes.
    pub(crate) fn writes(&self) -> Option<&Lane> {
        self.writes.as_ref()
    }
}

/// Some connections to the database, and the right to use one.
#[derive(Clone)]
pub(crate) struct Lane {
    pool: Pool,
    gate: Arc<Semaphore>,
}

impl Lane {
    fn open(path: &Path, options: PoolOptions) -> Result<Lane> {
        let gate = Arc::new(Semaphore::new(options.size as usize));
        Ok(Lane { pool: Pool::with(path, options)?, gate })
    }

    /// The right to one connection, for as long as it is held.
    pub(crate) async fn enter(&self) -> Result<OwnedSemaphorePermit, Failure> {
        // The gate is never closed.
        self.gate.clone().acquire_owned().await.map_err(|_| Failure::Lost)
    }

    /// As [`enter`](Lane::enter), if it need not wait.
    pub(crate) fn try_enter(&self) -> Option<OwnedSemaphorePermit> {
        self.gate.clone().try_acquire_owned().ok()
    }

    /// A store, on a blocking thread that holds the right to one.
    pub(crate) fn store(&self) -> Result<things_store::PooledStore> {
        self.pool.get()
    }

    /// Runs `work` with a store on a blocking thread, unless `cancelled` comes first.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        cancelled: impl Future<Output = ()>,
        work: impl FnOnce(&mut Store) -> Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let mut cancelled = pin!(cancelled);
        let permit = tokio::select! {
            biased;
            () = &mut cancelled => return Err(Failure::Cancelled),
            permit = self.enter() => permit?,
        };
        let lane = self.clone();
        let mut job = tokio::task::spawn_blocking(move || {
            // Held until the connection is back in its pool, also if nobody waits any more.
            let _permit = permit;
            let mut store = lane.store()?;
            work(&mut store)
        });
        tokio::select! {
            biased;
            result = &mut job => Ok(result.map_err(|_| Failure::Lost)??),
            () = &mut cancelled => Err(Failure::Cancelled),
        }
    }

    /// Returns when nobody uses a connection.
    pub(crate) async fn idle(&self, connections: u32) {
        let _ = self.gate.acquire_many(connections).await;
    }
}
