//! The database, and the threads on which it is read.
//!
//! SQLite blocks, so all of it runs on tokio's blocking threads: at most as many at a time as there are connections, and
//! whoever waits for one waits asynchronously and can give up. A client of one protocol cannot take the connections of
//! another.

use crate::telemetry;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use things_store::{Access, Canceller, Error, OpenOptions, Pool, PoolOptions, PooledStore, Result, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An open database, ready to be served.
#[derive(Clone)]
pub struct Served {
    reads: Lane,
    flights: Lane,
    /// One connection, because SQLite has one writer at a time. `None`: nothing may be written.
    writes: Option<Lane>,
}

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many connections each protocol may use, from 1.
    pub connections: u32,
    /// Whether changes are allowed.
    pub allow_writes: bool,
    /// How long a query may take; in a stream, each step.
    pub query_timeout: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options { connections: 4, allow_writes: false, query_timeout: Duration::from_secs(30) }
    }
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
    /// Opens the database at `path`.
    ///
    /// # Errors
    ///
    /// As [`Pool::with`](things_store::Pool::with).
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Served> {
        let path = path.as_ref();
        let lane = |size, access| {
            let open = OpenOptions::new().query_timeout(options.query_timeout);
            Lane::open(path, PoolOptions { size, access, open, ..PoolOptions::default() })
        };
        Ok(Served {
            reads: lane(options.connections, Access::ReadOnly)?,
            flights: lane(options.connections, Access::ReadOnly)?,
            writes: options.allow_writes.then(|| lane(1, Access::ReadWrite)).transpose()?,
        })
    }

    /// Whether changes are allowed.
    pub fn allows_writes(&self) -> bool {
        self.writes.is_some()
    }

    /// Brings the gauges of connections up to date.
    pub(crate) fn observe(&self) {
        let lanes = [("mcp", Some(&self.reads)), ("flight", Some(&self.flights)), ("writes", self.writes.as_ref())];
        for (name, lane) in lanes {
            if let Some(Ok(statistics)) = lane.map(|lane| lane.pool.statistics()) {
                telemetry::connections(name, &statistics);
            }
        }
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

    /// A store for `work`, on a blocking thread that holds the right to one.
    pub(crate) fn store(&self, work: &Work) -> Result<PooledStore> {
        let store = self.pool.get()?;
        work.begin(&store)?;
        Ok(store)
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
        let asked = Work::default();
        let under_way = asked.clone();
        let mut job = tokio::task::spawn_blocking(move || {
            // Held until the connection is back in its pool, also if nobody waits any more.
            let _permit = permit;
            let mut store = lane.store(&under_way)?;
            work(&mut store)
        });
        tokio::select! {
            biased;
            result = &mut job => Ok(result.map_err(|_| Failure::Lost)??),
            () = &mut cancelled => {
                asked.cancel();
                Err(Failure::Cancelled)
            }
        }
    }

    /// Returns when nobody uses a connection.
    pub(crate) async fn idle(&self, connections: u32) {
        let _ = self.gate.acquire_many(connections).await;
    }
}

/// Something that a store does, as whoever may cancel it sees it.
#[derive(Clone, Default)]
pub(crate) struct Work(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    cancelled: bool,
    canceller: Option<Canceller>,
}

impl Work {
    /// From here on, cancelling interrupts `store`.
    fn begin(&self, store: &Store) -> Result<()> {
        let mut state = self.state();
        state.canceller = Some(store.canceller());
        match state.cancelled {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }

    /// Interrupts it, or keeps it from beginning. After its end there is no effect.
    pub(crate) fn cancel(&self) {
        let mut state = self.state();
        state.cancelled = true;
        if let Some(canceller) = &state.canceller {
            canceller.cancel();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of the state is a single assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
