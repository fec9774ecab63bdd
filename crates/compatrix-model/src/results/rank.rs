//! Ranks: of several outcomes of one run, and of several verdicts of one cell, which one counts.

use crate::outcome::Outcome;
use crate::verdict::Verdict;

impl Outcome {
    /// Whether this outcome of an executable counts more for its run than the other's: the less is known of the project,
    /// the more it counts.
    pub fn outranks(self, other: Outcome) -> bool {
        fn rank(outcome: Outcome) -> u8 {
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
        rank(self) > rank(other)
    }
}

impl Verdict {
    /// Whether this verdict of a cell hides the other one, of another platform or suite: what must not be hidden counts
    /// most, and what says nothing least.
    pub fn outranks(self, other: Verdict) -> bool {
        fn rank(verdict: Verdict) -> u8 {
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
        rank(self) > rank(other)
    }
}
