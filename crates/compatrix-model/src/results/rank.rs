//! Ranks: the highest of several outcomes of a run, or of several verdicts of a cell, counts.

use crate::outcome::Outcome;
use crate::verdict::Verdict;

/// The rank of an executable's outcome within its run: higher if it says less about the project.
pub fn of_outcome(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Passed => 0,
        Outcome::Failed => 1,
        Outcome::Crashed => 2,
        Outcome::TimedOut => 3,
        Outcome::BuildFailed => 4,
        Outcome::Misidentified => 5,
        Outcome::Unavailable => 6,
        Outcome::NotPromised => 7,
        Outcome::Infrastructure => 8,
    }
}

/// The rank of a verdict among those of several platforms or suites: highest if it must not be hidden, lowest if it is
/// uninformative.
pub fn of_verdict(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NotPromised => 0,
        Verdict::Unproven => 1,
        Verdict::Error => 2,
        Verdict::Stale => 3,
        Verdict::Ok => 4,
        Verdict::Known => 5,
        Verdict::Flaky => 6,
        Verdict::UnexpectedPass => 7,
        Verdict::Broken => 8,
    }
}
