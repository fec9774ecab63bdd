//! The inputs and the result of a build.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use compatrix_model::build_failure::BuildFailure;
use compatrix_model::evidence::{Counts, TestFailure};
use compatrix_model::hash::Sha256;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::DebugInfo;
use compatrix_model::results::rank;

use super::inspect::Inspection;
use crate::deps::stage::Stage;
use crate::find::facts::{SqliteFacts, StdFacts, SystemFacts, ToolchainFacts};
use crate::find::input::{self, Input, States};
use crate::find::workspace::Workspace;

/// The result of a build.
#[derive(Debug)]
pub(crate) struct Built {
    /// The executables, or why there are none.
    pub result: Result<Product, NotBuilt>,
    /// Wall time of all of it.
    pub wall: Duration,
    /// Processor time of all of it.
    pub cpu: Duration,
}

/// The products of a build.
#[derive(Debug, Clone, Default)]
pub(crate) struct Product {
    /// The test executables, sorted by package and target; libraries and programs if only these were requested.
    pub executables: Vec<Executable>,
    /// Programs, examples and shared libraries that tests can start or load by their path.
    pub programs: Vec<Executable>,
    /// By package under test: the features that cargo reports as on.
    pub features: BTreeMap<String, BTreeSet<String>>,
    /// The folder for temporary files whose path is compiled into a test, if any: all runs of the build would share it.
    pub tmpdir: Option<PathBuf>,
    /// The static SQLite that was linked, if any.
    pub archive: Option<PathBuf>,
    /// The folder of the crate whose build script made it.
    pub carrier: Option<PathBuf>,
    /// What is to be said about how it was made.
    pub notes: Vec<String>,
    /// What the build read.
    pub read: Read,
    /// How much debug information it has.
    pub debug: DebugInfo,
}

/// What a build read beyond what is known before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Read {
    /// Files, folders and variables that units of the build name.
    pub inputs: BTreeSet<Input>,
    /// Hash of their states; `None` if it is not known for sure what was read.
    pub hash: Option<Sha256>,
}

/// The result of a build's doctests.
#[derive(Debug, Clone)]
pub(crate) struct Doctests {
    pub counts: Counts,
    /// Those that failed.
    pub failures: Vec<TestFailure>,
    /// Why they did not pass; `None` if they did.
    pub trouble: Option<(Outcome, String)>,
}

impl Read {
    /// Inputs in these states; `is_whole` says that there are no others.
    pub(super) fn of(states: &States, is_whole: bool) -> Self {
        Self { inputs: input::names(states), hash: is_whole.then(|| input::hash(states)).flatten() }
    }
}

/// Why there are no executables.
#[derive(Debug, Clone)]
pub(crate) struct NotBuilt {
    /// The outcome for the build's cells.
    pub outcome: Outcome,
    /// The first error, in one line.
    pub cause: String,
    /// The end of cargo's output.
    pub output: String,
    /// What was read until it failed.
    pub read: Read,
    /// How much debug information it was to have.
    pub debug: DebugInfo,
}

impl Doctests {
    /// Whether they ran and did not pass, so that they might pass another time.
    pub(crate) fn are_red(&self) -> bool {
        let red = |outcome| matches!(outcome, Outcome::Failed | Outcome::Crashed | Outcome::TimedOut);
        self.trouble.as_ref().is_some_and(|(outcome, _)| red(*outcome))
    }
}

impl NotBuilt {
    /// Before anything is known of what was read.
    pub(crate) fn because(outcome: Outcome, cause: String, output: String) -> Self {
        Self { outcome, cause, output, read: Read::default(), debug: DebugInfo::default() }
    }

    /// The same of one package of several.
    pub(super) fn of_package(self, package: &str) -> Self {
        Self { cause: format!("`{package}` alone: {}", self.cause), ..self }
    }

    /// Both: what says least of the project decides.
    pub(super) fn and(self, other: Self) -> Self {
        let outcome = match rank::of_outcome(other.outcome) > rank::of_outcome(self.outcome) {
            true => other.outcome,
            false => self.outcome,
        };
        let cause = format!("{}; {}", self.cause, other.cause);
        Self::because(outcome, cause, self.output + "\n" + &other.output)
    }

    /// With the end of cargo's output.
    pub(super) fn of(failure: BuildFailure, output: String) -> Self {
        let BuildFailure { outcome, cause } = failure;
        Self::because(outcome, cause, output)
    }
}

/// A test executable.
#[derive(Debug, Clone)]
pub(crate) struct Executable {
    pub package: String,
    /// The test target: `things_store`, `it`.
    pub target: String,
    /// Which of cargo's targets it is of.
    pub kind: TargetKind,
    /// The file.
    pub path: PathBuf,
    /// How cargo starts it.
    pub recorded: Recorded,
    /// The root of the workspace that it was built in, or of the stage.
    pub root: PathBuf,
    /// Whether it has a custom harness and prints no libtest output.
    pub own_harness: bool,
    /// The contents of the file.
    pub inspection: Inspection,
}

impl Executable {
    /// The package's folder: where cargo starts its tests.
    pub(crate) fn dir(&self) -> &Path {
        &self.recorded.dir
    }
}

/// How cargo starts an executable, as the recording runner saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// The working folder.
    pub dir: PathBuf,
    /// The variables that cargo sets, but for the loader's path.
    pub env: BTreeMap<String, String>,
    /// Where cargo leads the loader, joined by `:`.
    pub library_path: Option<String>,
    /// The words of the runner in the user's configuration; empty if there is none.
    pub runner: Vec<String>,
}

impl Recorded {
    /// What is known without asking cargo: it starts tests in the package's folder.
    pub(crate) fn unasked(dir: PathBuf) -> Self {
        Self { dir, ..Self::default() }
    }
}

/// Inputs of a build in addition to the plan's value.
#[derive(Debug, Clone)]
pub(crate) struct BuildInputs<'a> {
    pub toolchain: &'a ToolchainFacts,
    /// For a build of another target: what starts its programs, and its std.
    pub target: Option<(&'a SystemFacts, &'a StdFacts)>,
    /// The library to link against, for a dynamic build.
    pub link: Option<&'a SqliteFacts>,
    pub workspace: &'a Workspace,
    /// The stage to build in; `None` for the workspace itself.
    pub stage: Option<Stage>,
    /// The time limit of the documentation tests.
    pub doctest_limit: Duration,
}

/// The kinds of cargo's targets that have tests (cargo's reference, "Cargo Targets").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetKind {
    Library,
    /// A library of procedural macros.
    Macros,
    Program,
    /// A file of `tests/`.
    Test,
    Example,
    /// A benchmark.
    Bench,
}

impl TargetKind {
    /// Parses cargo's target kinds; anything unknown is a library.
    pub(super) fn of(words: &[String]) -> TargetKind {
        match words.first().map(String::as_str) {
            Some("bin") => TargetKind::Program,
            Some("test") => TargetKind::Test,
            Some("example") => TargetKind::Example,
            Some("bench") => TargetKind::Bench,
            Some("proc-macro") => TargetKind::Macros,
            _ => TargetKind::Library,
        }
    }

    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            TargetKind::Library | TargetKind::Macros => "library",
            TargetKind::Program => "program",
            TargetKind::Test => "test",
            TargetKind::Example => "example",
            TargetKind::Bench => "bench",
        }
    }

    /// The cargo flag that selects this target alone.
    pub(crate) fn choice(self, target: &str) -> Vec<String> {
        let switch = match self {
            TargetKind::Library | TargetKind::Macros => return vec!["--lib".to_owned()],
            TargetKind::Program => "--bin",
            TargetKind::Test => "--test",
            TargetKind::Example => "--example",
            TargetKind::Bench => "--bench",
        };
        vec![switch.to_owned(), target.to_owned()]
    }
}
