//! What the jobs of an event came to together: a matrix of each platform, and what no matrix shows.

use super::compare::Change;
use super::exit::{ExitCode, Shortfall};
use super::matrix::Matrix;
use super::row::Row;
use crate::matrix_spec::{CiEvent, JobCommand};
use crate::verdict::Verdict;
use compatrix_leak::Usage;

/// What the jobs of an event came to.
#[derive(Debug, Clone, PartialEq)]
pub struct MergedMatrix {
    /// The event whose plan ran.
    pub event: CiEvent,
    /// The command that ran.
    pub work: JobCommand,
    /// How many jobs the plan has.
    pub jobs: usize,
    /// The platforms, in the plan's order.
    pub platforms: Vec<PlatformMatrix>,
    /// Jobs of which evidence is missing.
    pub lost: Vec<LostJob>,
    /// Jobs of the workflow that did not succeed, each with what that means.
    pub not_done: Vec<String>,
    /// The difference from earlier evidence.
    pub difference: Difference,
    /// What is worth a word: artifacts that were there twice, work trees that were not clean.
    pub notes: Vec<String>,
    /// Whether a cell that could not be tried fails the verdict.
    pub denied: bool,
}

/// What is known of one platform.
#[derive(Debug, Clone, PartialEq)]
pub struct PlatformMatrix {
    /// `linux-x86_64`.
    pub name: String,
    /// Every planned cell: results, and those without evidence as unproven.
    pub matrix: Matrix,
    /// Whether each row may be broken without failing the verdict.
    pub excused: Vec<bool>,
    /// What leak suites used of suppressions and baseline.
    pub usage: Usage,
}

/// A job of which evidence is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostJob {
    /// Its id.
    pub job: String,
    /// Where it was to run: `linux-x86_64`.
    pub platform: String,
    /// How many of its cells have no evidence.
    pub missing: usize,
    /// How many it has.
    pub of: usize,
}

/// The difference from earlier evidence.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// It was not asked for.
    NotAsked,
    /// It cannot be told, and why.
    Unknown(String),
    /// What changed since this revision; what did not is not listed.
    Since {
        /// The revision, as it was asked for.
        rev: String,
        /// What changed, platform by platform.
        changes: Vec<ChangedCell>,
        /// How many cells are as they were.
        unchanged: usize,
    },
}

/// A suite in a cell that is not as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedCell {
    /// What became of it.
    pub change: Change,
    /// Where it runs: `linux-x86_64`.
    pub platform: String,
    /// What is known of it now.
    pub row: Row,
}

impl PlatformMatrix {
    /// The rows that count for the verdict.
    pub fn counted(&self) -> impl Iterator<Item = &Row> {
        self.rows(false)
    }

    /// The rows that are not as they should be, and may be so.
    pub fn may_fail(&self) -> impl Iterator<Item = &Row> {
        self.rows(true).filter(|row| match row.verdict {
            Verdict::Broken | Verdict::UnexpectedPass | Verdict::Error => true,
            Verdict::Ok | Verdict::Known | Verdict::Flaky | Verdict::Unproven => false,
        })
    }

    fn rows(&self, excused: bool) -> impl Iterator<Item = &Row> {
        self.matrix.rows.iter().zip(&self.excused).filter(move |(_, is)| **is == excused).map(|(row, _)| row)
    }
}

impl MergedMatrix {
    /// Why the verdict is not good, by number.
    pub fn shortfall(&self) -> Shortfall {
        let of_rows = Shortfall::of(self.platforms.iter().flat_map(PlatformMatrix::counted), self.denied);
        let missing = self.lost.iter().map(|lost| lost.missing).sum();
        // What is missing is unproven, too, and said once.
        let untried = of_rows.untried.saturating_sub(missing);
        Shortfall { missing, untried, jobs: self.not_done.len(), ..of_rows }
    }

    /// The exit code of the verdict.
    pub fn exit_code(&self) -> ExitCode {
        self.shortfall().exit_code()
    }

    /// One matrix of the rows of all platforms.
    pub fn all_platforms(&self) -> (Matrix, Usage) {
        let mut all = self.platforms.iter();
        let Some(first) = all.next() else { return Default::default() };
        let mut matrix = first.matrix.clone();
        matrix.rows.extend(all.flat_map(|platform| platform.matrix.rows.iter().cloned()));
        (matrix, first.usage.clone())
    }
}
