//! What all groups of benches take for granted: efforts, the day, an open database.

use things_store::{Date, Store};

use crate::report::{Effort, Report};

/// Of most benches: enough for a p95.
pub(super) const USUAL: Effort = Effort::USUAL;
/// Of what takes long and has no target on a percentile.
pub(super) const FEW: Effort = Effort::FEW;

/// The day that is today.
pub(super) fn today() -> Date {
    "2024-06-12".parse().expect("a date")
}

/// Opens a database that is kept.
pub(super) fn open(report: &Report, tasks: u32) -> Store {
    Store::open(report.kept.with(tasks)).expect("a database that was made")
}
