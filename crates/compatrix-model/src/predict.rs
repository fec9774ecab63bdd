//! What a build or a run is likely to take. Predictions order and balance work; no result depends on them.

use std::collections::BTreeMap;

/// The first build of a lane, never seen: it compiles all dependencies.
pub const FIRST_BUILD_MS: u64 = 40_000;
/// A later build of a lane, never seen.
pub const LATER_BUILD_MS: u64 = 10_000;
/// A run never seen.
pub const RUN_MS: u64 = 300;
/// A run under a tool that looks for leaks, never seen.
pub const LEAK_RUN_MS: u64 = 30_000;

/// What builds and runs took before, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durations {
    /// By build id.
    pub builds: BTreeMap<String, u64>,
    /// By suite name and cell id.
    pub runs: BTreeMap<(String, String), u64>,
    /// The average run, by suite name and build id; for runs never seen.
    pub averages: BTreeMap<(String, String), u64>,
}
