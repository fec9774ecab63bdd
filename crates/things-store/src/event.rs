//! What can be counted. A value, so that who notes it need not know who counts.

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
    /// The cache's present size.
    CacheSize {
        /// Answers in it.
        entries: u64,
        /// What they take, together.
        bytes: u64,
    },
    /// A connection was lent.
    PoolAcquired {
        /// How long the borrower waited.
        waited: Duration,
    },
    /// No connection became free in time.
    PoolExhausted,
    /// The pool opened a connection.
    PoolOpened,
    /// The pool closed a connection.
    PoolClosed,
    /// The pool's present state.
    PoolSize {
        /// Connections that wait to be lent.
        idle: u64,
        /// Connections that are lent.
        in_use: u64,
        /// Threads that wait for one.
        waiting: u64,
    },
    /// The database failed once too often.
    BreakerOpened,
    /// The breaker lets one operation through.
    BreakerHalfOpened,
    /// The breaker let nothing through.
    BreakerRefused,
    /// The database is back.
    BreakerClosed,
}
