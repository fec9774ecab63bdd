//! Outcomes: what happened, in closed sets that are matched without `_`.

use serde::{Deserialize, Serialize};

/// What happened when a cell was run.
///
/// Three kinds never mix: it *does not work* (failed, build-failed, crashed, timed-out, misidentified), it *could not
/// be tried here* (unavailable), *our side broke* (infrastructure).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every test that ran passed, at least one ran, and the proof shows what was planned.
    Passed,
    /// A test failed, or no test ran.
    Failed,
    /// The compiler or cargo refused.
    BuildFailed,
    /// A test executable died of a signal, aborted, or did not load.
    Crashed,
    /// The suite's time limit ended it.
    TimedOut,
    /// What ran is not what was planned (another SQLite, another compiler).
    Misidentified,
    /// It could not be tried here: a toolchain, tool or library is not to be had.
    Unavailable,
    /// Our side broke: disk, network, killed.
    Infrastructure,
}

impl Outcome {
    /// All outcomes, in the order of the declaration.
    pub const ALL: [Outcome; 8] = [
        Outcome::Passed,
        Outcome::Failed,
        Outcome::BuildFailed,
        Outcome::Crashed,
        Outcome::TimedOut,
        Outcome::Misidentified,
        Outcome::Unavailable,
        Outcome::Infrastructure,
    ];

    /// The word used in the ledger, in JSON and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::BuildFailed => "build-failed",
            Outcome::Crashed => "crashed",
            Outcome::TimedOut => "timed-out",
            Outcome::Misidentified => "misidentified",
            Outcome::Unavailable => "unavailable",
            Outcome::Infrastructure => "infrastructure",
        }
    }

    /// The outcome of this word.
    pub fn from_word(word: &str) -> Option<Outcome> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether a later run with the same inputs may reuse it. Trouble of the machine is always tried again, and so is a
    /// time-out, which may have been the machine's load.
    pub fn is_reusable(self) -> bool {
        match self {
            Outcome::Passed | Outcome::Failed | Outcome::BuildFailed | Outcome::Crashed => true,
            Outcome::TimedOut | Outcome::Misidentified | Outcome::Unavailable | Outcome::Infrastructure => false,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
