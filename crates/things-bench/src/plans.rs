//! What the plans promise, measured: each group of benches that `[[target]]`s in compat/matrix.toml are about.
//!
//! Every scene is made from SQL, the same each time, outside of the measured time.

#[cfg(feature = "cache")]
mod caching;
#[cfg(feature = "changes")]
mod events;
mod given;
mod memory;
#[cfg(feature = "pool")]
mod pool;
mod reading;
mod statements;
mod writing;

use crate::report::Report;

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
