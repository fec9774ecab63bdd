//! What a run used of the suppressions and of the baseline: what was needed, what was not, what can go.

use serde::{Deserialize, Serialize};

use super::tool::Tool;

/// What the records of a run used of `compat/suppressions` and of the baseline. Filled by the policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Every suppression that could have been used, sorted by tool and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressions: Vec<SuppressionUse>,
    /// Entries of the baseline that nothing was found of, though their tool ran: to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vanished: Vec<Accepted>,
    /// Entries of the baseline that were found again after their last day: errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<Accepted>,
    /// Entries of the baseline that were found and still hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
}

/// A suppression, and how often it was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionUse {
    /// Its name.
    pub name: String,
    /// Why what it covers is no fault of the code.
    pub reason: String,
    /// Whose findings it covers.
    pub tool: Tool,
    /// How many findings it covered, over all cells.
    pub used: usize,
    /// Whether it comes with the tool rather than from `compat/suppressions`. One of these that is not used is no news.
    pub built_in: bool,
}

/// An entry of the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The finding's fingerprint.
    pub fingerprint: String,
    /// The tool, where the entry is of one tool only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// What is accepted, in one line.
    pub what: String,
    /// Why.
    pub reason: String,
    /// Where it is discussed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// The last day, `2026-12-31`.
    pub until: String,
}
