//! Compares the evidence of two revisions cell by cell, in one pure table.

use serde::Serialize;

use crate::verdict::Verdict;

/// The change of a suite in a cell between two revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Broken now; before, it worked or had no expected failure.
    NewlyBroken,
    /// Passed only on retry.
    Flaky,
    /// No longer proven.
    NewlyUnproven,
    /// Works now; before, it was broken.
    NewlyFixed,
    /// Works now; before, there was no proof.
    NewlyProven,
    /// Fails as expected now; before, it worked or had no proof.
    NewlyKnown,
    /// No longer planned.
    Removed,
    /// The same as before.
    Unchanged,
}

impl Change {
    /// All changes, in report order.
    pub const ALL: [Change; 8] = [
        Change::NewlyBroken,
        Change::Flaky,
        Change::NewlyUnproven,
        Change::NewlyFixed,
        Change::NewlyProven,
        Change::NewlyKnown,
        Change::Removed,
        Change::Unchanged,
    ];

    /// The words that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Change::NewlyBroken => "newly broken",
            Change::Flaky => "flaky",
            Change::NewlyUnproven => "newly unproven",
            Change::NewlyFixed => "newly fixed",
            Change::NewlyProven => "newly proven",
            Change::NewlyKnown => "newly known to fail",
            Change::Removed => "removed",
            Change::Unchanged => "unchanged",
        }
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a comparison needs to know of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Works,
    Broken,
    Known,
    Flaky,
    Unknown,
}

/// The change between two verdicts; `None` means no evidence before, or no such cell now.
pub fn compare(old: Option<Verdict>, new: Option<Verdict>) -> Change {
    use Seen::*;
    let (old, new) = match (old, new) {
        (old, Some(new)) => (old.map_or(Unknown, seen), seen(new)),
        (Some(_), None) => return Change::Removed,
        (None, None) => return Change::Unchanged,
    };
    match (old, new) {
        (_, Flaky) => Change::Flaky,
        (Works, Works) | (Broken, Broken) | (Known, Known) | (Unknown, Unknown) => Change::Unchanged,
        (Works | Known | Flaky | Unknown, Broken) => Change::NewlyBroken,
        (Broken | Known, Works) => Change::NewlyFixed,
        (Flaky | Unknown, Works) => Change::NewlyProven,
        (Works | Broken | Flaky | Unknown, Known) => Change::NewlyKnown,
        (Works | Broken | Known | Flaky, Unknown) => Change::NewlyUnproven,
    }
}

fn seen(verdict: Verdict) -> Seen {
    match verdict {
        Verdict::Ok | Verdict::UnexpectedPass => Seen::Works,
        Verdict::Broken => Seen::Broken,
        Verdict::Known => Seen::Known,
        Verdict::Flaky => Seen::Flaky,
        Verdict::Stale | Verdict::Unproven | Verdict::NotPromised | Verdict::Error => Seen::Unknown,
    }
}
