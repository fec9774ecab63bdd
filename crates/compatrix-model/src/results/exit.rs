//! The exit code of a command, decided here and nowhere else.

use super::row::Row;
use crate::lockset::made::MadeLockset;
use crate::verdict::Verdict;
use compatrix_leak::LeakReport;

/// The documented exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// 0: success.
    Success,
    /// 1: a result is not as promised, or a generated file is out of date.
    NotAsPromised,
    /// 2: the command line, the spec or the workspace is wrong.
    Usage,
    /// 3: an error on our side, so there is no result.
    Infrastructure,
    /// 130: interrupted by Ctrl-C or SIGTERM, as shells report it (128 + SIGINT).
    Interrupted,
}

impl ExitCode {
    /// The process's exit code.
    pub fn number(self) -> u8 {
        match self {
            ExitCode::Success => 0,
            ExitCode::NotAsPromised => 1,
            ExitCode::Usage => 2,
            ExitCode::Infrastructure => 3,
            ExitCode::Interrupted => 130,
        }
    }
}

/// How `lock` ends with these results: mistakes of the workspace come before locksets that cannot work.
pub fn of_locksets<'m>(made: impl Iterator<Item = &'m MadeLockset>) -> ExitCode {
    let codes = made.map(|made| match (made.is_mistake(), made.fails()) {
        (true, _) => ExitCode::Usage,
        (false, true) => ExitCode::NotAsPromised,
        (false, false) => ExitCode::Success,
    });
    codes.max_by_key(|code| code.number()).unwrap_or(ExitCode::Success)
}

/// Counts of everything that makes a verdict bad.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shortfall {
    /// Cells that are broken.
    pub broken: usize,
    /// Cells with findings that are errors, but not broken: a rule that excuses failing tests does not excuse leaks. Those
    /// belong in the baseline.
    pub leaking: usize,
    /// Cells that work although a rule expects failure.
    pub unexpected_passes: usize,
    /// Cells without a result because of an error on our side.
    pub errors: usize,
    /// Planned cells without evidence from any job.
    pub missing: usize,
    /// Jobs of the workflow that did not succeed.
    pub jobs: usize,
    /// Cells that could not be tried, if they count.
    pub untried: usize,
}

impl Shortfall {
    /// Counts these rows. `untried_counts` says whether a cell that could not be tried counts.
    pub fn of<'r>(rows: impl Iterator<Item = &'r Row>, untried_counts: bool) -> Self {
        let mut shortfall = Shortfall::default();
        for row in rows {
            let leaks = row.leaks().is_some_and(|report| LeakReport::errors(report).next().is_some());
            shortfall.leaking += usize::from(leaks && row.verdict != Verdict::Broken);
            match row.verdict {
                Verdict::Broken => shortfall.broken += 1,
                Verdict::UnexpectedPass => shortfall.unexpected_passes += 1,
                Verdict::Error => shortfall.errors += 1,
                Verdict::Unproven | Verdict::Stale => shortfall.untried += usize::from(untried_counts),
                Verdict::Ok | Verdict::Known | Verdict::Flaky | Verdict::NotPromised => {}
            }
        }
        shortfall
    }

    /// Whether all counts are zero.
    pub fn is_none(&self) -> bool {
        *self == Shortfall::default()
    }

    /// The exit code for these counts. Errors on our side take precedence, because they make the rest uncertain.
    pub fn exit_code(&self) -> ExitCode {
        match (self.errors, self.is_none()) {
            (0, true) => ExitCode::Success,
            (0, false) => ExitCode::NotAsPromised,
            (_, _) => ExitCode::Infrastructure,
        }
    }
}
