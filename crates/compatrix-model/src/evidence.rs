//! Evidence: the record that proves an outcome.

mod contradiction;
mod differences;
mod leaks;
mod measurements;

use std::collections::BTreeMap;

use compatrix_leak::LeakReport;
use serde::{Deserialize, Serialize};

use crate::cell::CellId;
use crate::debug_info::DebugInfo;
use crate::hash::{or_empty, Sha256};
use crate::linkage::Linkage;
use crate::outcome::Outcome;

pub use contradiction::{Contradiction, Stated};
pub use differences::{Differences, LeftOut};
pub use leaks::leak_usage;
pub use measurements::{Figure, Measurements, Number};

/// How the cause of a suite begins in which no test ran.
pub const NO_TEST: &str = "no test ran";

/// The result of one suite in one cell, with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// By its name in the spec.
    pub suite: String,
    /// As the spec's space names it.
    pub cell: CellId,
    /// Hash of all that could change the outcome; `None` of a cell that could not be tried.
    #[serde(with = "or_empty")]
    pub key: Option<Sha256>,
    /// What happened.
    pub outcome: Outcome,
    /// Why, in one line; empty for a plain pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// How often it was tried; 1 unless retries were needed.
    pub attempts: u32,
    /// Tests in the executables.
    pub tests: Counts,
    /// Doctests, if the suite runs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doctests: Option<Counts>,
    /// The failing tests, at most the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<TestFailure>,
    /// The tool's report, for suites of kind `leak`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaks: Option<LeakReport>,
    /// What its program used and reported, for suites of kind `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measurements>,
    /// The proof of what ran; absent if nothing could be started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Start time in seconds since the Unix epoch.
    pub started: i64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How much of that the test executables themselves took, in milliseconds; the rest is ours.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub executables_ms: u64,
}

impl Record {
    /// A cell that could not be tried here, and why.
    pub fn untried(suite: &str, cell: CellId, reason: &str) -> Self {
        Self::blank(suite, cell, None, Outcome::Unavailable, reason.to_owned())
    }

    /// A cell of which the spec promises nothing, and why.
    pub fn not_promised(suite: &str, cell: CellId, reason: &str) -> Self {
        Self::blank(suite, cell, None, Outcome::NotPromised, reason.to_owned())
    }

    /// Whether it failed only because no test ran.
    pub fn ran_no_test(&self) -> bool {
        let ran = self.tests.run() + self.doctests.unwrap_or_default().run();
        self.outcome == Outcome::Failed && ran == 0 && self.failures.is_empty() && self.leaks.is_none()
    }

    /// Whether its failure has this text: in its cause, or in the name or the output of a failing test.
    pub fn says(&self, text: &str) -> bool {
        let of_test = |failure: &TestFailure| {
            format!("{}::{}", failure.executable, failure.test).contains(text) || failure.output.contains(text)
        };
        self.cause.contains(text) || self.failures.iter().any(of_test)
    }

    /// Keeps this text in the cause if only what evidence does not keep has it: a failing test's output or executable.
    pub fn quote(&mut self, text: &str) {
        const LONGEST: usize = 200;
        if self.cause.contains(text) || self.failures.iter().any(|failure| failure.test.contains(text)) {
            return;
        }
        let of_test = |failure: &TestFailure| {
            let name = format!("{}::{}", failure.executable, failure.test);
            let line = Some(name.as_str()).filter(|name| name.contains(text));
            let line = line.or_else(|| failure.output.lines().find(|line| line.contains(text)))?.trim();
            Some(if line.chars().count() <= LONGEST { line.to_owned() } else { format!("… {text} …") })
        };
        if let Some(line) = self.failures.iter().find_map(of_test) {
            self.cause = format!("{}: {line}", self.cause);
        }
    }

    /// Of something that was not run.
    pub fn blank(suite: &str, cell: CellId, key: Option<Sha256>, outcome: Outcome, cause: String) -> Self {
        Record {
            suite: suite.to_owned(),
            cell,
            key,
            outcome,
            cause,
            attempts: 1,
            tests: Counts::default(),
            doctests: None,
            failures: Vec::new(),
            leaks: None,
            measured: None,
            proof: None,
            started: 0,
            duration_ms: 0,
            executables_ms: 0,
        }
    }
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// How many tests there were, by result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u32,
    /// Tests that failed.
    pub failed: u32,
    /// Tests marked `#[ignore]`.
    pub ignored: u32,
    /// Tests that a filter excluded.
    pub filtered: u32,
    /// Documentation tests that were compiled and not run: `no_run`, `compile_fail`. They prove nothing of a run.
    #[serde(default, skip_serializing_if = "is_none")]
    pub compiled: u32,
}

fn is_none(n: &u32) -> bool {
    *n == 0
}

impl Counts {
    /// Tests that were really executed.
    pub fn run(self) -> u32 {
        self.passed.saturating_add(self.failed)
    }

    /// Both together.
    pub fn plus(self, other: Counts) -> Counts {
        Counts {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
            ignored: self.ignored.saturating_add(other.ignored),
            filtered: self.filtered.saturating_add(other.filtered),
            compiled: self.compiled.saturating_add(other.compiled),
        }
    }
}

/// A test that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestFailure {
    /// The test target (`things_store`, `it`), or `doctests`.
    pub executable: String,
    /// The test's full name, `module::test`.
    pub test: String,
    /// Its output, truncated to a few kilobytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

/// The proof of what ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// `linux-x86_64` and so on: operating system, then architecture.
    pub platform: String,
    /// The compiler and cargo.
    pub toolchain: ToolchainProof,
    /// The sources under test.
    pub source: SourceProof,
    /// Features that were on in the packages under test, as cargo reported them; of a failed build the planned ones.
    pub features: Vec<String>,
    /// Packages under test that were left out, because the spec does not promise this Rust for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_promised: Vec<String>,
    /// How much debug information it was built with.
    #[serde(default, skip_serializing_if = "DebugInfo::is_full")]
    pub debug: DebugInfo,
    /// The target that it was built for and what started it there; absent for this host's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetProof>,
    /// How what was built differs from what the spec asked for.
    #[serde(default, skip_serializing_if = "Differences::is_none")]
    pub differences: Differences,
    /// The SQLite that the executables use; absent if none is linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<SqliteProof>,
    /// The fixture, if the spec has schemas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixture: Option<FixtureProof>,
    /// The test executables that were started.
    pub executables: Vec<ExecutableProof>,
    /// Their complete environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// Which compiler and cargo built it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ToolchainProof {
    /// `release` of `rustc -Vv`, for example `1.95.0` or `1.97.0-nightly`.
    pub release: String,
    /// All of `rustc -Vv`.
    pub rustc: String,
    /// The line of `cargo -V`.
    pub cargo: String,
    /// The packages of a distribution's toolchain with versions, because the compiler's version does not show patches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<String>,
}

/// Another target than the toolchain's own, and what started its programs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetProof {
    /// rustc's name of it: `x86_64-pc-windows-gnu`.
    pub triple: String,
    /// What started its programs, as it says itself: `wine 8.0`; absent where this host started them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// The sources that its std was built from, if it was: `rust-web-src 1.96.0+dfsg1-1`; absent of a std that the toolchain
    /// brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<String>,
}

impl std::fmt::Display for TargetProof {
    /// `x86_64-pc-windows-gnu under wine 8.0`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.triple)?;
        match &self.runner {
            Some(runner) => write!(f, " under {runner}"),
            None => Ok(()),
        }
    }
}

/// Which sources were built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceProof {
    /// The git commit, if any.
    pub commit: Option<String>,
    /// Whether tracked or untracked files of the packages differed from that commit.
    pub dirty: bool,
    /// Hash of every source file of the packages under test and their path dependencies.
    pub sources: Sha256,
    /// Hash of the locked dependencies that those packages use, where it is known.
    #[serde(with = "or_empty")]
    pub lockset: Option<Sha256>,
}

/// Which SQLite was really used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SqliteProof {
    /// How it is linked.
    pub linkage: Linkage,
    /// The file that contains it: the shared library that the loader resolves, or the executable.
    pub file: String,
    /// That file's hash; `None` in committed evidence of a bundled SQLite, whose executables have their own.
    #[serde(with = "or_empty")]
    pub sha256: Option<Sha256>,
    /// `sqlite3_libversion()`.
    pub version: String,
    /// `sqlite3_sourceid()`; `None` of a library that does not answer.
    #[serde(with = "or_empty")]
    pub source_id: Option<String>,
    /// `PRAGMA compile_options`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compile_options: Vec<String>,
    /// What said so; `None` where nothing did, and of results from before it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identified_by: Option<IdentifiedBy>,
}

/// What said which SQLite it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentifiedBy {
    /// SQLite itself: a small program loaded it, or was linked with it, and asked.
    Probe,
    /// The bytes of a file. Nothing of this SQLite ran to find out.
    File,
}

impl IdentifiedBy {
    /// The word of evidence files.
    pub fn as_str(self) -> &'static str {
        match self {
            IdentifiedBy::Probe => "probe",
            IdentifiedBy::File => "file",
        }
    }
}

/// Which fixture was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FixtureProof {
    /// Its folder's name.
    pub name: String,
    /// The schema vintage in `Meta.databaseVersion`.
    pub vintage: i64,
    /// Hash of its recipe: TOML, SQL and the SQLite that builds it. Built files have random parts (a WAL's salt).
    pub sha256: Sha256,
}

/// A test executable as it was started.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExecutableProof {
    /// The test target's name.
    pub name: String,
    /// Of the file.
    pub sha256: Sha256,
}
