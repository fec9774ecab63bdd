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
//! - [`Error`] has a variant for each thing that can be wrong with a file; none of them changes it.
//!
//! The crate reads no clock: "today" and "now" are arguments. It has no `unsafe` of its own.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

// The words.
mod date;
mod error;
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
#[cfg(any(feature = "cache", feature = "changes"))]
mod weight;
// Time and counters.
mod clock;
mod options;
mod telemetry;
// The database.
mod apply;
#[cfg(feature = "breaker")]
mod breaker;
#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "changes")]
mod changes;
#[cfg(feature = "changes")]
mod event_log;
#[cfg(feature = "changes")]
mod fingerprint;
#[cfg(feature = "json")]
mod json;
mod many;
mod open;
mod origin;
#[cfg(feature = "pool")]
mod pool;
mod statement;
mod store;
mod stream;
#[cfg(feature = "changes")]
mod subscription;

pub use backoff::{Backoff, Sleep, ThreadSleep};
pub use batch::{Applied, Batch, Change, Destination, When};
#[cfg(feature = "cache")]
pub use cache::{Cache, CacheOptions, CacheStats};
#[cfg(feature = "changes")]
pub use changes::{ChangeFeed, FeedOptions};
pub use clock::{Clock, MonotonicClock};
pub use codec::{date_from_unix, pack_date, pack_time, time_from_seconds, unpack_date, unpack_time};
pub use date::{Date, ParseDateError, TimeOfDay};
pub use error::{Cause, Error, ErrorKind, Result};
#[cfg(feature = "json")]
pub use json::require_json;
pub use model::{Area, AreaId, ChecklistItem, ChecklistItemId, Kind, Start, Status, Summary, Tag, TagId, Task, TaskId};
pub use open::Access;
pub use options::OpenOptions;
#[cfg(feature = "pool")]
pub use pool::{Pool, PoolOptions, PooledStore};
pub use query::{List, Query};
pub use store::Store;
pub use stream::{Snapshot, TaskStream, Tasks};
#[cfg(feature = "changes")]
pub use subscription::{Delivery, EventKind, Subscription, TaskEvent};
pub use timestamp::Timestamp;
pub use vintage::{parse_database_version, Vintage};

/// The SQLite that the crate runs on, such as `3.45.0`: the one linked, or the one found at run time.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
