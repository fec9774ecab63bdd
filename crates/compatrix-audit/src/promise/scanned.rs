//! What reading one file gives: promises, places that look like one, and what a workflow runs where.

use compatrix_model::condition::partial_version;
use compatrix_model::release;
use serde::Serialize;

use super::kinds::{quoted, Promise, PromiseKind};
use super::platform::of_runner;

/// What was found in one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scanned {
    /// The distinct promises, in line order.
    pub promises: Vec<Promise>,
    /// Places that look like a promise or a toolchain and are not taken over, in line order.
    pub not_taken: Vec<NotTaken>,
    /// The cargo commands of a workflow, in file order; one entry for each distinct reading of a line by the job's matrix.
    pub commands: Vec<CargoCommand>,
    /// The labels of the runners of all jobs.
    pub runners: Vec<RunnerLabel>,
    /// What a page says is not supported; it wins over lists, tables and workflows.
    pub refused: Vec<Refused>,
}

/// The label of a runner in a workflow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunnerLabel {
    /// Path relative to the workspace root.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// The trimmed line.
    pub text: String,
    /// `ubuntu-18.04`
    pub label: String,
}

impl RunnerLabel {
    /// A label with its line of text, which is trimmed here.
    pub fn new(file: &str, line: usize, text: &str, label: String) -> Self {
        Self { file: file.to_owned(), line, text: quoted(text), label }
    }
}

/// A version or platform that a page says is not supported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Path relative to the workspace root.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// A platform, or an exact version.
    pub kind: PromiseKind,
}

impl Scanned {
    /// Adds what was found in another file.
    pub fn extend(&mut self, other: Scanned) {
        self.promises.extend(other.promises);
        self.not_taken.extend(other.not_taken);
        self.commands.extend(other.commands);
        self.runners.extend(other.runners);
        self.refused.extend(other.refused);
    }

    /// Takes back the promises of a Rust that is not out on this day (`YYYY-MM-DD`): typing errors, and bots that count on.
    pub fn without_unreleased(self, today: &str) -> Self {
        let is_out = |promise: &Promise| match &promise.kind {
            PromiseKind::LowestRust(name) | PromiseKind::Rust(name) => {
                partial_version(promise.spelled.as_deref().unwrap_or(name))
                    .is_none_or(|version| release::is_out(&version, today) && has_patch(&version))
            }
            _ => true,
        };
        let (promises, others): (Vec<_>, Vec<_>) = self.promises.into_iter().partition(is_out);
        let mut not_taken = self.not_taken;
        let no_such = |promise: &Promise| format!("no such Rust has been released: {}", promise.meant());
        not_taken.extend(others.iter().map(|p| NotTaken::new(&p.file, p.line, &p.text, no_such(p))));
        Self { promises, not_taken, ..self }
    }
}

/// Whether a release can have this patch number. Up to 1.90 none had more than two patches; of later ones nothing is known.
fn has_patch(version: &semver::Version) -> bool {
    const KNOWN: u64 = 90;
    version.patch <= 2 || version.minor > KNOWN
}

/// A place that looks like a promise or a toolchain, and why it is neither claimed nor on an axis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotTaken {
    /// Path relative to the workspace root.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// The trimmed line.
    pub text: String,
    /// The reason in a few words, without a full stop: `the job only runs rustfmt`.
    pub because: String,
}

impl NotTaken {
    /// A place with its line of text, which is trimmed here.
    pub fn new(file: &str, line: usize, text: &str, because: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, text: quoted(text), because: because.into() }
    }
}

/// A cargo command of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CargoCommand {
    /// Path of the workflow, relative to the workspace root.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// The job's id.
    pub job: String,
    /// What is done in the end: `test`, `check`, `build`, `clippy`, `nextest`. For `cargo hack check` it is `check`.
    pub verb: String,
    /// The toolchain that runs it, as far as the workflow says: `1.65`, `stable`.
    pub toolchain: Option<String>,
    /// The features that it turns on.
    pub features: CommandFeatures,
    /// `-p` and `--package`.
    pub packages: Vec<String>,
    /// `--exclude`.
    pub excluded: Vec<String>,
    /// `--workspace` or `--all`.
    pub workspace: bool,
    /// `--manifest-path`, relative to the repository's root with `working_directory` put before it.
    pub manifest_path: Option<String>,
    /// The folder it runs in, relative to the repository's root; `None` is the root itself.
    pub working_directory: Option<String>,
    /// The triple it builds for; `None` is the host's.
    pub target: Option<String>,
    /// The targets it selects, without their dashes: `lib`, `tests`, `all-targets`, `test=NAME`, `doc`.
    pub selects: Vec<String>,
    /// Whether it only compiles: `--no-run`.
    pub no_run: bool,
    /// `RUSTFLAGS` for it.
    pub rustflags: Option<String>,
    /// Labels of the runners of its job.
    pub runners: Vec<String>,
}

impl CargoCommand {
    /// The platforms of its runners, as spelled in specs.
    pub fn platforms(&self) -> Vec<String> {
        self.runners.iter().filter_map(|label| of_runner(label)).collect()
    }

    /// Whether it runs tests.
    pub fn tests(&self) -> bool {
        matches!(self.verb.as_str(), "test" | "nextest") && !self.no_run
    }

    /// Whether a tool runs the tests in its own way: for coverage, or under an interpreter.
    pub fn tests_by_tool(&self) -> bool {
        matches!(self.verb.as_str(), "llvm-cov" | "tarpaulin" | "miri" | "careful") && !self.no_run
    }

    /// Whether it compiles the workspace's packages for their own sake, not for a tool's report.
    pub fn builds(&self) -> bool {
        matches!(self.verb.as_str(), "test" | "nextest" | "check" | "build" | "rustc" | "run")
    }
}

/// The features that a command turns on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CommandFeatures {
    /// Whether the default ones are off.
    pub no_default: bool,
    /// Whether all are on.
    pub all: bool,
    /// `--features`, in order: `serde`, `a/std`.
    pub list: Vec<String>,
    /// Whether there are others that the workflow does not say: `--features "$FEATURES"`.
    pub unknown: bool,
    /// Of cargo-hack: many selections, each with those above.
    pub sweep: Option<Sweep>,
}

/// The selections of `cargo hack`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Sweep {
    /// `--feature-powerset`; otherwise `--each-feature`.
    pub powerset: bool,
    /// The most features of a selection.
    pub depth: Option<usize>,
    /// `--exclude-features` and `--skip`.
    pub exclude: Vec<String>,
    /// `--include-features`.
    pub include: Vec<String>,
    /// `--group-features`, one list for each.
    pub groups: Vec<Vec<String>>,
    /// `--mutually-exclusive-features`, one list for each.
    pub mutually_exclusive: Vec<Vec<String>>,
    /// `--at-least-one-of`, one list for each.
    pub at_least_one_of: Vec<Vec<String>>,
    /// `--exclude-no-default-features`.
    pub exclude_no_default: bool,
    /// `--exclude-all-features`.
    pub exclude_all: bool,
}
