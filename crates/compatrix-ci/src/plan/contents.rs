//! The contents of a CI plan, as inert values.

use compatrix_model::axis::ValueName;
use compatrix_model::cell::CellIndex;
use serde::Serialize;

/// GitHub's limit on the jobs of one matrix.
/// Source: docs.github.com, "Workflow syntax", `jobs.<job_id>.strategy.matrix`.
pub const MATRIX_JOBS: usize = 256;

/// Predicted overhead of a job in milliseconds: checkout, artifacts, toolchain.
pub const JOB_MS: u64 = 45_000;

/// Predicted work in milliseconds that is worth a job of its own: four times the overhead, so that a job spends at most a
/// fifth of its time on it.
pub const WORTH_MS: u64 = 4 * JOB_MS;

/// Jobs that share a runner and a container: one job of the workflow, with a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Also the id of the workflow's job: `pull-request-linux-x86_64`.
    pub id: String,
    /// The platform of its runner: `linux-x86_64`.
    pub platform: String,
    /// The runner's label: `ubuntu-24.04`.
    pub runner: String,
    /// The container's image: `debian:bookworm`. `None` runs on the runner itself.
    pub container: Option<String>,
    /// Packages to install first.
    pub needs: Needs,
    /// The rows of the workflow job's matrix.
    pub jobs: Vec<Job>,
}

/// Packages that the orchestrator does not install itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The host's SQLite with headers.
    pub sqlite: bool,
    /// The Debian package `valgrind`.
    pub valgrind: bool,
    /// The components `miri` and `rust-src` of the toolchain `nightly`.
    pub miri: bool,
    /// MinGW-w64, which links Windows executables.
    pub mingw: bool,
    /// wine, which starts them.
    pub wine: bool,
    /// The archive keys of other distributions, for apt-get.
    pub archives: bool,
    /// What makes and enters a whole userland: packages, and in a container the right to make namespaces.
    pub roots: bool,
}

/// One job: whole builds, with all their runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Unique among all jobs of an event and command: `linux-x86_64-stable-bundled-json`. Contains only letters, digits,
    /// `.`, `_`, `+` and `-`.
    pub id: String,
    /// What it tests, for people; unique like the id: `Rust stable, bundled SQLite, default features`.
    pub name: String,
    /// Ids of its builds.
    pub builds: Vec<String>,
    /// The toolchains of its builds.
    pub toolchains: Vec<ValueName>,
    /// Its runs: index of the suite, and cell.
    pub cells: Vec<(usize, CellIndex)>,
    /// Whether all its cells may fail, so that the job may too.
    pub may_fail: bool,
    /// Predicted duration in milliseconds, including [`JOB_MS`].
    pub predicted_ms: u64,
}

/// A chosen cell that no job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untried {
    /// The platform whose runners cannot run it.
    pub platform: String,
    /// Index into the spec's suites.
    pub suite: usize,
    /// Index into the spec's space.
    pub cell: CellIndex,
    /// Why no runner can run it, as a fragment.
    pub reason: String,
}

/// The predicted cost of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The number of jobs, including orchestrators and the verdict.
    pub jobs: usize,
    /// Billed minutes: the sum over all jobs, each rounded up.
    pub minutes: u64,
    /// Milliseconds from start to verdict if no job waits for a runner.
    pub longest_ms: u64,
}
