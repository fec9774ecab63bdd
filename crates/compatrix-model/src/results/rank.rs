//! Ranks: of several outcomes of one run, and of several verdicts of one cell, the highest counts.

use crate::outcome::Outcome;
use crate::verdict::Verdict;

/// The rank of an executable's outcome within its run: the less it says of the project, the higher.
pub fn of_outcome(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Passed => 0,
        Outcome::Failed => 1,
        Outcome::Crashed => 2,
        Outcome::TimedOut => 3,
        Outcome::BuildFailed => 4,
        Outcome::Misidentified => 5,
        Outcome::Unavailable => 6,
        Outcome::Infrastructure => 7,
    }
}

/// The rank of a verdict among those of several platforms or suites: what must not be hidden is highest, what says nothing
/// lowest.
pub fn of_verdict(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Unproven => 0,
        Verdict::Error => 1,
        Verdict::Ok => 2,
        Verdict::Known => 3,
        Verdict::Flaky => 4,
        Verdict::UnexpectedPass => 5,
        Verdict::Broken => 6,
    }
}
