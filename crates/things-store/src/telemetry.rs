//! What a store counts about itself. The one place through which all of it goes: counters for a snapshot, and with the
//! feature `metrics` the facade too.

use std::time::Duration;

/// Something worth counting.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code)] // Some are noted with some features only.
pub(crate) enum Event {
    /// A query has ended.
    Query {
        /// The list or operation, such as `inbox`: few different ones, for it becomes a label.
        name: &'static str,
        /// How long it took, waits included.
        took: Duration,
        /// How many rows it gave.
        rows: u64,
        /// Whether it ended with an error.
        failed: bool,
    },
    /// The database was locked, and is tried again.
    Retry,
    /// A prepared statement was there already.
    StatementHit,
    /// A statement had to be prepared.
    StatementMiss,
    /// An answer came from the cache.
    CacheHit,
    /// An answer was not in the cache.
    CacheMiss,
    /// An answer left the cache because its space was needed.
    CacheEvicted,
    /// The cache was emptied, because the database had changed.
    CacheInvalidated,
    /// A connection was lent.
    PoolAcquired {
        /// How long the borrower waited.
        waited: Duration,
    },
    /// No connection became free in time.
    PoolExhausted,
    /// The breaker opened.
    BreakerOpened,
    /// The breaker let nothing through.
    BreakerRefused,
    /// The breaker closed.
    BreakerClosed,
}

/// All counters of a store, shared with its pool.
#[derive(Debug, Default)]
pub(crate) struct Telemetry {}

impl Telemetry {
    /// Counts `event`.
    #[allow(dead_code)]
    pub(crate) fn note(&self, event: Event) {
        let _ = event;
    }
}
