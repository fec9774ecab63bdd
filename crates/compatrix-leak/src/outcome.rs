//! Outcomes, a closed set that is matched without `_`.

use serde::{Deserialize, Serialize};

/// The outcome of running a cell.
///
/// Three groups never mix: it *does not work* (failed, build-failed, crashed, timed-out, misidentified), it *cannot be
/// tried here* (unavailable), *our side broke* (infrastructure). Beside them: nothing was *to be tried* (not-promised).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All tests that ran passed, at least one ran, and the proof matches the plan.
    Passed,
    /// A test failed, or no test ran.
    Failed,
    /// The compiler or cargo reported an error.
    BuildFailed,
    /// A test executable was killed by a signal, aborted, or did not load.
    Crashed,
    /// It exceeded the suite's time limit.
    TimedOut,
    /// Something else ran than planned: another SQLite, another compiler.
    Misidentified,
    /// It cannot be tried here: a toolchain, tool or library is not available.
    Unavailable,
    /// The spec promises nothing of it, so that nothing was to be tried.
    NotPromised,
    /// Our side broke: disk, network, killed.
    Infrastructure,
}

impl Outcome {
    /// All outcomes, in declaration order.
    pub const ALL: [Outcome; 9] = [
        Outcome::Passed,
        Outcome::Failed,
        Outcome::BuildFailed,
        Outcome::Crashed,
        Outcome::TimedOut,
        Outcome::Misidentified,
        Outcome::Unavailable,
        Outcome::NotPromised,
        Outcome::Infrastructure,
    ];

    /// The word in the ledger, JSON and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::BuildFailed => "build-failed",
            Outcome::Crashed => "crashed",
            Outcome::TimedOut => "timed-out",
            Outcome::Misidentified => "misidentified",
            Outcome::Unavailable => "unavailable",
            Outcome::NotPromised => "not-promised",
            Outcome::Infrastructure => "infrastructure",
        }
    }

    /// Inverse of [`Outcome::as_str`].
    pub fn from_word(word: &str) -> Option<Outcome> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether a later run with the same inputs may reuse it. Machine problems are always retried, and so is a timeout,
    /// because load may have caused it.
    pub fn is_reusable(self) -> bool {
        match self {
            Outcome::Passed | Outcome::Failed | Outcome::BuildFailed | Outcome::Crashed => true,
            Outcome::TimedOut
            | Outcome::Misidentified
            | Outcome::Unavailable
            | Outcome::NotPromised
            | Outcome::Infrastructure => false,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
