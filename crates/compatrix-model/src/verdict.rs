//! Verdicts: outcome compared with expectation, in one pure table.

use serde::{Deserialize, Serialize};

use crate::evidence::Record;
use crate::outcome::Outcome;

/// An outcome against an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Works, as expected.
    Ok,
    /// Does not work, though it should.
    Broken,
    /// Fails as expected by a rule in the spec.
    Known,
    /// Works although a rule in the spec expects failure: the rule is out of date.
    UnexpectedPass,
    /// Passed only when tried again.
    Flaky,
    /// Only evidence of older sources, or of what meant something else; on pages only.
    Stale,
    /// Not tried; nothing is known.
    Unproven,
    /// Not tried, because the spec promises nothing of it; so nothing is missing.
    NotPromised,
    /// Our side broke; nothing is known.
    Error,
}

impl Verdict {
    /// All verdicts, in the order of the declaration.
    pub const ALL: [Verdict; 9] = [
        Verdict::Ok,
        Verdict::Broken,
        Verdict::Known,
        Verdict::UnexpectedPass,
        Verdict::Flaky,
        Verdict::Stale,
        Verdict::Unproven,
        Verdict::NotPromised,
        Verdict::Error,
    ];

    /// The word used in JSON and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Broken => "broken",
            Verdict::Known => "known",
            Verdict::UnexpectedPass => "unexpected-pass",
            Verdict::Flaky => "flaky",
            Verdict::Stale => "stale",
            Verdict::Unproven => "unproven",
            Verdict::NotPromised => "not-promised",
            Verdict::Error => "error",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The spec's expectation for a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// It works.
    Pass,
    /// It does not work, and why.
    Fail {
        /// The reason, shown in reports.
        reason: String,
        /// The only outcome that is meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
        /// A text that the failure must have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// URL of an issue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issue: Option<String>,
        /// The last day on which the rule excuses a failure, `YYYY-MM-DD`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
}

/// Compares a record with an expectation: its outcome, and whether its failure is the one that the expectation means.
pub fn judge_record(record: &Record, expectation: &Expectation) -> Verdict {
    match judge(record.outcome, expectation, record.attempts) {
        Verdict::Known if unmet(record, expectation).is_some() => Verdict::Broken,
        verdict => verdict,
    }
}

/// How a failure is another than the one that is expected, in one sentence.
pub fn unmet(record: &Record, expectation: &Expectation) -> Option<String> {
    let Expectation::Fail { outcome, error, .. } = expectation else { return None };
    if record.ran_no_test() {
        return Some("a rule expects a failure here, but that no test ran is none".to_owned());
    }
    if let Some(meant) = outcome.filter(|meant| *meant != record.outcome) {
        return Some(format!("a rule expects `{meant}` here, and this is `{}`", record.outcome));
    }
    let error = error.as_ref().filter(|error| !record.says(error))?;
    Some(format!("a rule expects a failure with `{error}` here, and this one does not have that text"))
}

/// Compares an outcome with an expectation.
///
/// `attempts` counts the tries of the outcome; a pass on a later try is flaky. An expired expectation must already
/// have been replaced by [`Expectation::Pass`]: this table has no clock.
pub fn judge(outcome: Outcome, expectation: &Expectation, attempts: u32) -> Verdict {
    use Outcome::*;
    match (expectation, outcome) {
        (_, Unavailable) => Verdict::Unproven,
        (_, NotPromised) => Verdict::NotPromised,
        (_, Infrastructure) => Verdict::Error,
        (_, Misidentified) => Verdict::Broken,
        (_, Passed) if attempts > 1 => Verdict::Flaky,
        (Expectation::Pass, Passed) => Verdict::Ok,
        (Expectation::Fail { .. }, Passed) => Verdict::UnexpectedPass,
        (Expectation::Pass, Failed | BuildFailed | Crashed | TimedOut) => Verdict::Broken,
        (Expectation::Fail { .. }, Failed | BuildFailed | Crashed | TimedOut) => Verdict::Known,
    }
}
