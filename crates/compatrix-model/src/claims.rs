//! Compares claims with evidence: each claim is proven, stale, unproven or contradicted.
//!
//! First [`judge_evidence`] gives each entry its verdict, then [`evaluate`] the claims theirs. Pages have no clock, so an
//! expectation holds here whatever its `until` says.

mod evaluate;
mod freshness;
mod judge;
mod stale;
#[cfg(test)]
mod tests;
mod untested;

use semver::Version;

use crate::cell::{CellId, CellIndex};
use crate::evidence::Proof;
use crate::evidence_file::Entry;
use crate::results::row::Row;
use crate::verdict::{Expectation, Verdict};

pub use evaluate::evaluate;
pub use freshness::{Freshness, StaleGroup};
pub use judge::{judge_against, judge_evidence, with_meanings, Rulings};
pub use stale::{Against, Stale};
pub use untested::{untested, Untested};

/// An evidence entry judged by the spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged<'a> {
    /// The platform that the evidence is of.
    pub platform: &'a str,
    /// The evidence.
    pub entry: &'a Entry,
    /// The cell, in the spec's space.
    pub cell: CellIndex,
    /// Outcome against expectation.
    pub verdict: Verdict,
    /// Why it no longer counts; `None` if it does. What nobody ran is not stale.
    pub stale: Option<Stale>,
    /// The spec's expectation.
    pub expectation: Expectation,
    /// The rustc that ran, or, if nothing ran, the version in the value's name.
    pub rust: Option<Version>,
    /// The SQLite that was used, in the same way.
    pub sqlite: Option<Version>,
}

/// All evidence, judged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judgement<'a> {
    /// The entries that are about the spec's cells and suites.
    pub judged: Vec<Judged<'a>>,
    /// Entries of suites that look for leaks: they prove no promise of compatibility, and contradict none.
    pub leaks: Vec<Judged<'a>>,
    /// Entries of cells or suites that the spec does not have (any more).
    pub foreign: usize,
    /// Entries of cells that a rule leaves out.
    pub excluded: usize,
}

/// The verdict on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimVerdict {
    /// Cells at the claim work, and none that it covers is broken.
    Proven,
    /// All evidence that would decide it is stale.
    Stale,
    /// No evidence decides it.
    Unproven,
    /// Evidence shows that the claim is false.
    Contradicted,
}

impl ClaimVerdict {
    /// The word used on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            ClaimVerdict::Proven => "proven",
            ClaimVerdict::Stale => "stale",
            ClaimVerdict::Unproven => "unproven",
            ClaimVerdict::Contradicted => "contradicted",
        }
    }
}

impl std::fmt::Display for ClaimVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The subject of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The lowest Rust.
    Rust {
        /// As the spec spells it.
        version: String,
        /// The package that it is promised for, where packages promise different ones; `None` for all.
        package: Option<String>,
    },
    /// The lowest SQLite.
    Sqlite(String),
    /// A schema that works.
    Schema(String),
    /// A platform that works.
    Platform {
        /// The tier that the spec puts it in.
        tier: String,
        /// `linux-x86_64`.
        platform: String,
    },
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Rust { version, package: None } => write!(f, "Rust {version} and newer"),
            Subject::Rust { version, package: Some(package) } => write!(f, "Rust {version} and newer for `{package}`"),
            Subject::Sqlite(version) => write!(f, "SQLite {version} and newer"),
            Subject::Schema(name) => write!(f, "schema {name}"),
            Subject::Platform { tier, platform } => write!(f, "{platform} ({tier})"),
        }
    }
}

/// A number of cells, and one of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cells {
    /// How many results, of all suites and platforms.
    pub count: usize,
    /// The first of them.
    pub example: Option<CellId>,
}

/// Cells at a claim that fail as expected by a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// What distinguishes these cells from others at the claim: `features=json`; empty if nothing does.
    pub whereabouts: String,
    /// The rule's reason.
    pub reason: String,
    /// How many results.
    pub count: usize,
}

/// A claim judged by evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What is claimed.
    pub subject: Subject,
    /// Proven, stale, unproven or contradicted.
    pub verdict: ClaimVerdict,
    /// Results that support the claim.
    pub proof: Cells,
    /// Stale results at it, and why they are, each reason once.
    pub stale: Vec<(Stale, Cells)>,
    /// Results that contradict it.
    pub against: Cells,
    /// Known failures at the claim.
    pub exceptions: Vec<Exception>,
    /// The reason for the verdict, as a sentence without a full stop.
    pub sentence: String,
}

/// The lowest version that evidence supports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowest {
    /// The lowest version that works.
    pub version: Version,
    /// Results that passed with it.
    pub proof: Cells,
    /// Broken results with newer versions.
    pub broken_above: usize,
}

/// All claims of a spec, in its order: Rust (of each package, where packages promise different ones), SQLite, schemas,
/// platforms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// In the spec's order.
    pub claims: Vec<Claim>,
    /// The lowest Rust with which something passed and nothing broke.
    pub lowest_rust: Option<Lowest>,
    /// The lowest SQLite with which something passed and nothing broke.
    pub lowest_sqlite: Option<Lowest>,
}

impl<'a> Judged<'a> {
    /// What really ran, where something could be started.
    pub fn proof(&self) -> Option<&'a Proof> {
        self.entry.record.proof.as_ref()
    }

    /// The row of a grid, with this verdict.
    pub fn row(&self) -> Row {
        let verdict = if self.stale.is_some() { Verdict::Stale } else { self.verdict };
        Row::ruled(self.entry.record.clone(), self.expectation.clone(), verdict)
    }

    /// Whether the cell works, by evidence that counts.
    pub fn works(&self) -> bool {
        self.stale.is_none() && works(self.verdict)
    }

    /// Whether it was tried at all, with a result, which may be stale.
    pub fn tried(&self) -> bool {
        match self.verdict {
            Verdict::Ok | Verdict::Broken | Verdict::Known | Verdict::UnexpectedPass | Verdict::Flaky => true,
            Verdict::Stale | Verdict::Unproven | Verdict::NotPromised | Verdict::Error => false,
        }
    }
}

/// Whether a verdict shows that the cell works. A pass on a second try shows neither that it does nor that it does not.
pub fn works(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Ok | Verdict::UnexpectedPass => true,
        Verdict::Broken
        | Verdict::Known
        | Verdict::Flaky
        | Verdict::Stale
        | Verdict::Unproven
        | Verdict::NotPromised
        | Verdict::Error => false,
    }
}
