//! Applies a leak policy to records.
//!
//! They are judged again, without another run, whenever suppressions or baseline change. Judging twice is judging once.

use compatrix_leak::{LeakSettings, Policy, Runs, Usage};
use semver::Version;

use super::Record;
use crate::outcome::Outcome;

impl Record {
    /// Gives each finding its standing, and the record the outcome and cause that follow from it. A record without a
    /// report, of which nothing was run, stays as it is.
    pub fn judge_leaks(&mut self, policy: &Policy, settings: &LeakSettings, today: &str) {
        let rust = rust_of(self);
        let Some(report) = &mut self.leaks else { return };
        (self.outcome, self.cause) = policy.judge(report, settings, rust.as_ref(), self.tests.failed, today);
    }
}

/// What records, once judged, used of the policy. `complete` tells that nothing narrowed the choice, so that what was not
/// found is not there.
pub fn leak_usage(policy: &Policy, records: &[&Record], complete: bool, today: &str) -> Usage {
    let reports = records.iter().filter_map(|record| Some((record.leaks.as_ref()?, rust_of(record)))).collect();
    let lost = records.iter().any(|record| record.leaks.is_none() && record.outcome != Outcome::Unavailable);
    policy.usage(&Runs { reports, complete, lost }, today)
}

/// The Rust that made a record's executables.
fn rust_of(record: &Record) -> Option<Version> {
    Version::parse(&record.proof.as_ref()?.toolchain.release).ok()
}
