//! How much each bench does.

use std::time::Duration;

use things_bench::Effort;

/// Of most benches: enough for a p95.
pub(crate) const USUAL: Effort = Effort { time: Duration::from_millis(200), least: 12 };
/// Of what takes long and has no target on a percentile.
pub(crate) const FEW: Effort = Effort { time: Duration::from_millis(50), least: 3 };
