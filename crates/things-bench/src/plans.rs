//! What the plans promise, measured: each group of benches that `[[target]]`s in compat/matrix.toml are about.
//!
//! Every scene is made from SQL, the same each time, outside of the measured time.

#[cfg(feature = "cache")]
mod caching;
#[cfg(feature = "changes")]
mod events;
mod memory;
#[cfg(feature = "pool")]
mod pool;
mod reading;
mod statements;
mod writing;

use std::time::Duration;

use things_store::{Date, Store};

use crate::report::{Effort, Report};

/// Of most benches: enough for a p95.
const USUAL: Effort = Effort { time: Duration::from_millis(100), least: 12 };
/// Of what takes long and has no target on a percentile.
const FEW: Effort = Effort { time: Duration::from_millis(50), least: 3 };

/// Runs all of them.
pub fn all(report: &mut Report) {
    reading::lists(report);
    reading::queries(report);
    reading::streams(report);
    statements::statements(report);
    writing::writing(report);
    #[cfg(feature = "pool")]
    pool::pool(report);
    #[cfg(feature = "cache")]
    caching::caching(report);
    #[cfg(feature = "changes")]
    events::events(report);
    memory::memory(report);
}

/// The day that is today.
fn today() -> Date {
    "2024-06-12".parse().expect("a date")
}

/// Opens a database that is kept.
fn open(report: &Report, tasks: u32) -> Store {
    Store::open(report.kept.with(tasks)).expect("a database that was made")
}
