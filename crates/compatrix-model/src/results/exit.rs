//! The exit code of a command, decided here and nowhere else.

use super::row::Row;
use crate::verdict::Verdict;
use compatrix_leak::LeakReport;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// 0: everything is as it should be.
    Success,
    /// 1: a result is not as it should be, or a generated file is not up to date.
    NotAsPromised,
    /// 2: the command line, the spec or the workspace is wrong.
    Usage,
    /// 3: our side broke, so nothing is known.
    Infrastructure,
    /// 130: ended by Ctrl-C or SIGTERM, as shells report it (128 and the number of SIGINT).
    Interrupted,
}

impl ExitCode {
    /// The number that the process ends with.
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

/// What keeps results from being good, by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shortfall {
    /// Cells that are broken.
    pub broken: usize,
    /// Cells with findings that are errors, and not broken: a rule that knows of failing tests does not know of a leak
    /// among them. That is what the baseline is for.
    pub leaking: usize,
    /// Cells that work, though a rule says that they do not.
    pub unexpected_passes: usize,
    /// Cells of which our side knows nothing.
    pub errors: usize,
    /// Planned cells of which no job left evidence.
    pub missing: usize,
    /// Jobs of the workflow that did not succeed.
    pub jobs: usize,
    /// Cells that could not be tried, where they count.
    pub untried: usize,
}

impl Shortfall {
    /// That of these rows. `untried_counts` tells whether a cell that could not be tried counts.
    pub fn of<'r>(rows: impl Iterator<Item = &'r Row>, untried_counts: bool) -> Self {
        let mut shortfall = Shortfall::default();
        for row in rows {
            let leaks = row.leaks().is_some_and(|report| LeakReport::errors(report).next().is_some());
            shortfall.leaking += usize::from(leaks && row.verdict != Verdict::Broken);
            match row.verdict {
                Verdict::Broken => shortfall.broken += 1,
                Verdict::UnexpectedPass => shortfall.unexpected_passes += 1,
                Verdict::Error => shortfall.errors += 1,
                Verdict::Unproven => shortfall.untried += usize::from(untried_counts),
                Verdict::Ok | Verdict::Known | Verdict::Flaky => {}
            }
        }
        shortfall
    }

    /// Whether everything is as it should be.
    pub fn is_none(&self) -> bool {
        *self == Shortfall::default()
    }

    /// The exit code of a command whose results these are. That our side broke is said first: nothing else is certain.
    pub fn exit_code(&self) -> ExitCode {
        match (self.errors, self.is_none()) {
            (0, true) => ExitCode::Success,
            (0, false) => ExitCode::NotAsPromised,
            (_, _) => ExitCode::Infrastructure,
        }
    }
}
