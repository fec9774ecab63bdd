//! A typed store over the SQLite databases of Things 3: read-only by default, for every known schema vintage.
//!
//! ```no_run
//! use things_store::{Date, Store};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let store = Store::open("main.sqlite")?;
//!     let today: Date = "2024-06-12".parse()?;
//!     for task in store.today(today)? {
//!         println!("{}", task.title);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! - [`Store`] reads the lists; [`Query`] says which tasks, [`Store::stream`] gives them one at a time.
//! - [`Store::open_read_write`] and [`Store::apply`] make the changes of a [`Batch`], all or none.
//! - `Pool` shares a database between threads (feature `pool`). A `Store` is `Send`, a `Pool` also `Sync`.
//! - `Cache` keeps answers until the database changes (feature `cache`): `Store::cached`.
//! - `ChangeFeed` delivers what becomes of tasks, whoever changes them (feature `changes`).
//! - [`Error`] has a variant for each thing that can be wrong with a file; none of them changes it.
//!
//! The crate reads no clock: "today" and "now" are arguments. It has no `unsafe` of its own.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
// No input may panic the library. Where one of these is allowed, the reason stands beside it.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

// The words.
mod date;
mod error;
mod message;
mod model;
mod timestamp;
mod vintage;
// From stored values to words, and back. Pure.
mod backoff;
mod batch;
mod change_sql;
mod codec;
mod header;
mod listing;
mod query;
mod row;
mod schema;
mod sorted;
#[cfg(any(feature = "cache", feature = "changes"))]
#[allow(clippy::arithmetic_side_effects)] // Sums of sizes in memory, and counts.
mod weight;
// Time, counters, and what stands before every operation.
mod bounds;
#[cfg(feature = "breaker")]
mod breaker;
mod clock;
mod event;
#[cfg(feature = "metrics")]
mod facade;
mod guard;
mod options;
mod span;
mod statistics;
mod telemetry;
mod watch;
// The database.
mod apply;
#[cfg(feature = "cache")]
#[allow(clippy::arithmetic_side_effects)] // Sums of sizes in memory, and counts.
mod cache;
#[cfg(feature = "cache")]
mod cached;
#[cfg(feature = "changes")]
mod changes;
#[cfg(feature = "changes")]
mod delivery;
mod depth;
#[cfg(feature = "changes")]
#[allow(clippy::arithmetic_side_effects)] // Sums of sizes in memory, and counts.
mod event_log;
#[cfg(feature = "changes")]
#[allow(clippy::arithmetic_side_effects)] // Sums of sizes in memory, and counts.
mod fingerprint;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "pool")]
mod lending;
mod lists;
#[cfg(feature = "changes")]
mod looking;
mod many;
mod open;
mod origin;
#[cfg(feature = "pool")]
mod pool;
#[cfg(feature = "changes")]
mod publishing;
mod statement;
mod store;
mod stream;
#[cfg(feature = "changes")]
#[allow(clippy::arithmetic_side_effects)] // Sums of sizes in memory, and counts.
mod subscription;
mod version;

pub use backoff::{Backoff, Sleep, ThreadSleep};
pub use batch::{Applied, Batch, Change, Destination, When};
#[cfg(feature = "breaker")]
pub use breaker::{BreakerOptions, BreakerState};
#[cfg(feature = "cache")]
pub use cache::{Cache, CacheOptions, CacheStats};
#[cfg(feature = "changes")]
pub use changes::{ChangeFeed, FeedOptions};
pub use clock::{Clock, MonotonicClock};
pub use codec::{date_from_unix, pack_date, pack_time, time_from_seconds, unpack_date, unpack_time};
pub use date::{Date, ParseDateError, TimeOfDay};
#[cfg(feature = "changes")]
pub use delivery::{Delivery, EventKind, TaskEvent};
pub use error::{Cause, Error, ErrorKind, Result};
#[cfg(feature = "json")]
pub use json::require_json;
#[cfg(feature = "pool")]
pub use lending::PoolStatistics;
pub use model::{Area, AreaId, ChecklistItem, ChecklistItemId, Kind, Start, Status, Summary, Tag, TagId, Task, TaskId};
pub use open::Access;
pub use options::OpenOptions;
#[cfg(feature = "pool")]
pub use pool::{Pool, PoolOptions, PooledStore};
pub use query::{List, Query};
pub use statistics::{QueryStatistics, Statistics, DURATION_BUCKETS};
pub use store::Store;
pub use stream::{Snapshot, TaskStream, Tasks};
#[cfg(feature = "changes")]
pub use subscription::Subscription;
pub use timestamp::Timestamp;
pub use vintage::{parse_database_version, Vintage};
pub use watch::Canceller;

/// The SQLite that the crate runs on, such as `3.45.0`: the one linked, or the one found at run time.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
