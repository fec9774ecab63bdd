//! Which suppressions and baseline entries a run used, and which can be removed.

use serde::{Deserialize, Serialize};

use super::tool::Tool;

/// The use of `compat/suppressions` and of the baseline by the records of a run. Filled in by the policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Every suppression that applies to the run, sorted by tool and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressions: Vec<SuppressionUse>,
    /// Baseline entries that were not found although their tool ran: remove them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vanished: Vec<Accepted>,
    /// Baseline entries found after their last day, which are errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<Accepted>,
    /// Baseline entries found and still valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
}

/// A suppression and the number of its uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionUse {
    /// As in [`Suppression`](super::suppress::Suppression).
    pub name: String,
    /// Why the code is not at fault.
    pub reason: String,
    /// The tool whose findings it covered.
    pub tool: Tool,
    /// The number of findings covered, over all cells.
    pub used: usize,
    /// Whether it is built in rather than from `compat/suppressions`. Unused built-in ones are not reported.
    pub built_in: bool,
}

/// A baseline entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The finding's fingerprint: 16 hex digits.
    pub fingerprint: String,
    /// The tool; `None` for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// The most bytes that are accepted, in one cell; `None` for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The most blocks that are accepted, in one cell; `None` for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<u64>,
    /// A one-line description.
    pub what: String,
    /// Why it is accepted.
    pub reason: String,
    /// URL of an issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// The last day: `2026-12-31`.
    pub until: String,
}
