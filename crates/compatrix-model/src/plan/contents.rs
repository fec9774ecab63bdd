//! The contents of a plan, as inert values.

use serde::Serialize;

use super::build::Build;
use super::parts::Narrowed;
use crate::axis::ValueName;
use crate::cell::CellIndex;
use crate::choose::Coverage;

/// Everything that will be done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// What must be built or installed first, without duplicates.
    pub provisions: Vec<Provision>,
    /// The builds. Every build has at least one run.
    pub builds: Vec<Build>,
    /// The runs, in cell order.
    pub runs: Vec<Run>,
    /// Chosen cells that will not run.
    pub skips: Vec<Skip>,
    /// The reasons of the skips, each once.
    pub reasons: Vec<SkipReason>,
    /// The coverage of the choice; `None` if every cell is chosen.
    pub coverage: Option<Coverage>,
    /// How the choice was narrowed.
    pub narrowed: Narrowed,
}

impl Plan {
    /// How many runs each build has.
    pub fn runs_per_build(&self) -> Vec<usize> {
        let mut counts = vec![0; self.builds.len()];
        for run in &self.runs {
            counts[run.build] += 1;
        }
        counts
    }
}

/// Something to make or install before builds and runs that need it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "what")]
pub enum Provision {
    /// The toolchain of this value of the `rust` axis.
    Toolchain(ValueName),
    /// The SQLite of this value of the `sqlite` axis.
    Sqlite(ValueName),
    /// An exact SQLite, built by the compiler of a root: the root's value of the `rust` axis, then that of the `sqlite` axis.
    SqliteInRoot(ValueName, ValueName),
    /// An exact SQLite, built as a shared library of a target: the value of the `os` axis, then that of the `sqlite` axis.
    SqliteForTarget(ValueName, ValueName),
    /// The fixture of this value of the `schema` axis.
    Fixture(ValueName),
    /// The dependencies of this lockset, fetched once and served from disk to the stages that use it.
    Lockset(String),
}

/// A build's executables started under the run-time values of one cell, for one suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Position in the spec's suites.
    pub suite: usize,
    /// Index into the spec's space.
    pub cell: CellIndex,
    /// Position in the plan's builds.
    pub build: usize,
}

/// A chosen cell that is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// Position in the spec's suites.
    pub suite: usize,
    /// Index into the spec's space.
    pub cell: CellIndex,
    /// Position in the plan's reasons.
    pub reason: usize,
}

impl SkipReason {
    /// Whether something is not available here.
    pub fn is_unavailable(&self) -> bool {
        match self {
            SkipReason::Unavailable { .. } => true,
            SkipReason::Excluded { .. } | SkipReason::NotPromised { .. } => false,
        }
    }
}

/// Why a chosen cell is not run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum SkipReason {
    /// A rule of the spec leaves it out.
    Excluded {
        /// The rule's reason.
        reason: String,
    },
    /// One of its values is not available here.
    Unavailable {
        /// The value, `rust=1.70`.
        value: String,
        /// The reason, with advice.
        reason: String,
    },
    /// The spec promises nothing of it: its Rust for none of the packages that were asked for, or a version that only this
    /// host knows is not one that the suite is for.
    NotPromised {
        /// The value, `rust=1.56`.
        value: String,
        /// What the packages promise.
        reason: String,
    },
}
