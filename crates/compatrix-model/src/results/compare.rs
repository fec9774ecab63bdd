//! The evidence of two revisions, cell by cell: what is newly broken, fixed, proven or not. One pure table.

use serde::Serialize;

use crate::verdict::Verdict;

/// What became of a suite in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It does not work, and did, or was not known not to.
    NewlyBroken,
    /// It passed only when tried again.
    Flaky,
    /// It is not proven any more, whatever it was.
    NewlyUnproven,
    /// It works, and did not.
    NewlyFixed,
    /// It works, of which there was no proof.
    NewlyProven,
    /// It does not work, as a rule says, of which there was no proof, or which it did.
    NewlyKnown,
    /// It is not planned any more.
    Removed,
    /// As it was.
    Unchanged,
}

impl Change {
    /// All changes, in the order in which they are told.
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

    /// The words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Change::NewlyBroken => "newly broken",
            Change::Flaky => "flaky",
            Change::NewlyUnproven => "newly unproven",
            Change::NewlyFixed => "newly fixed",
            Change::NewlyProven => "newly proven",
            Change::NewlyKnown => "newly known not to work",
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

/// What a verdict says of a cell, for a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Works,
    Broken,
    Known,
    Flaky,
    Unknown,
}

/// What became of a cell of which these verdicts were had; none where there was no evidence, or is no such cell now.
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
        Verdict::Unproven | Verdict::Error => Seen::Unknown,
    }
}
