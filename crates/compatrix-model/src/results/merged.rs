//! The merged results of an event's jobs: one matrix per platform, plus missing evidence, jobs and differences.

use super::compare::Change;
use super::exit::{ExitCode, Shortfall};
use super::matrix::Matrix;
use super::row::Row;
use crate::matrix_spec::{CiEvent, JobCommand};
use crate::verdict::Verdict;
use compatrix_leak::Usage;

/// The merged results of an event's jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct MergedMatrix {
    /// The event whose plan ran.
    pub event: CiEvent,
    /// The command that ran.
    pub work: JobCommand,
    /// The number of jobs in the plan.
    pub jobs: usize,
    /// The platforms, in the plan's order.
    pub platforms: Vec<PlatformMatrix>,
    /// Jobs with missing evidence.
    pub lost: Vec<LostJob>,
    /// Jobs of the workflow that did not succeed, with the reason.
    pub not_done: Vec<String>,
    /// The difference from earlier evidence.
    pub difference: Difference,
    /// Notes: duplicate artifacts, work trees that were not clean.
    pub notes: Vec<String>,
    /// Whether a cell that could not be tried fails the verdict.
    pub denied: bool,
}

/// The merged results of one platform.
#[derive(Debug, Clone, PartialEq)]
pub struct PlatformMatrix {
    /// `linux-x86_64`.
    pub name: String,
    /// Every planned cell: results, and those without evidence as unproven.
    pub matrix: Matrix,
    /// Whether each row may be broken without failing the verdict.
    pub excused: Vec<bool>,
    /// The use of suppressions and baseline by leak suites.
    pub usage: Usage,
}

/// A job with missing evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostJob {
    /// The job's id in the plan.
    pub job: String,
    /// Where it was to run: `linux-x86_64`.
    pub platform: String,
    /// The number of its cells without evidence.
    pub missing: usize,
    /// The number of all its cells.
    pub of: usize,
    /// Whether its platform is only tried, so that the verdict does not count it.
    pub may_fail: bool,
}

/// The comparison with earlier evidence.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// Not requested.
    NotAsked,
    /// Not available, with the reason.
    Unknown(String),
    /// The changes since a revision.
    Since {
        /// The revision as requested.
        rev: String,
        /// The changed cells, by platform.
        changes: Vec<ChangedCell>,
        /// The number of unchanged cells.
        unchanged: usize,
    },
}

/// A suite in a cell whose result changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedCell {
    /// The kind of change.
    pub change: Change,
    /// Where it runs: `linux-x86_64`.
    pub platform: String,
    /// The new result.
    pub row: Row,
}

impl PlatformMatrix {
    /// The rows that count for the verdict.
    pub fn counted(&self) -> impl Iterator<Item = &Row> {
        self.rows(false)
    }

    /// The rows with bad results that do not fail the verdict.
    pub fn may_fail(&self) -> impl Iterator<Item = &Row> {
        self.rows(true).filter(|row| match row.verdict {
            Verdict::Broken | Verdict::UnexpectedPass | Verdict::Error => true,
            Verdict::Ok
            | Verdict::Known
            | Verdict::Flaky
            | Verdict::Stale
            | Verdict::Unproven
            | Verdict::NotPromised => false,
        })
    }

    fn rows(&self, excused: bool) -> impl Iterator<Item = &Row> {
        self.matrix.rows.iter().zip(&self.excused).filter(move |(_, is)| **is == excused).map(|(row, _)| row)
    }
}

impl MergedMatrix {
    /// The counts of everything that makes the verdict bad.
    pub fn shortfall(&self) -> Shortfall {
        let of_rows = Shortfall::of(self.platforms.iter().flat_map(PlatformMatrix::counted), self.denied);
        let missing = self.lost.iter().filter(|lost| !lost.may_fail).map(|lost| lost.missing).sum();
        // Missing cells are also unproven; count them once.
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
