//! The artifact that a job uploads: the records of its cells, and the header that says what they belong to.
//!
//! JSON Lines. The first line gives the format, the writer's version, the number of lines and records, and a hash of the
//! rest, so that a truncated or changed file is detected. Data shared by many records (a build, a SQLite, a value of an
//! axis) has a separate line before its first use, and records refer to it by number:
//!
//! ```text
//! {"compatrix-evidence":1,"sha256":"…","tool":"0.1.0","lines":6,"records":1}
//! ["part",{"tool":"0.1.0","repository":"o/n","commit":"…","event":"push","job":"linux-x86_64-stable",…}]
//! ["value","rust","stable"]
//! ["build",{"platform":"linux-x86_64","toolchain":{…},"source":{…},"features":[],"executables":[…]}]
//! ["env","HOME","/root"]
//! ["record","tests",[0],"3fa9…","passed",1,[9,0,0,0],1795261205,18,14,[0],[0]]
//! ```
//!
//! A record is: suite, values, key, outcome, attempts, tests (passed, failed, ignored, filtered out), start, duration in
//! milliseconds, that of the executables; then build, SQLite and fixture (-1 for none), and environment, or `null` twice
//! if nothing ran; last, optionally, rarer fields by name. A file of several jobs has several parts.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use serde::{Deserialize, Serialize};

use compatrix_leak::LeakReport;
use compatrix_model::evidence::{
    Counts, Differences, ExecutableProof, Measurements, Record, SourceProof, TargetProof, TestFailure, ToolchainProof,
};
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::{CiEvent, JobCommand, Spec};
use compatrix_model::plan::{DebugInfo, Plan, SkipReason};

pub use read::{Bundle, RecordLine};
pub use write::Writer;

/// The format that [`Artifact::to_text`] writes.
pub const FORMAT: u32 = 1;

/// The version of Compatrix that artifacts name.
pub const TOOL: &str = env!("CARGO_PKG_VERSION");

/// The start of the first line in every format.
const START: &str = "{\"compatrix-evidence\":";

/// The text between format and hash in the first line.
const HASH: &str = ",\"sha256\":\"";

/// The records of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// The commit, plan and job of the records.
    pub header: Header,
    /// In the order of suites and cells.
    pub records: Vec<Record>,
}

/// The origin of an artifact's records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Header {
    /// The version of Compatrix that wrote it.
    pub tool: String,
    /// `owner/name`; empty if unknown.
    pub repository: String,
    /// The git commit; empty outside git.
    pub commit: String,
    /// Whether files of the packages under test differed from that commit.
    pub dirty: bool,
    /// SHA-256 of the sources under test.
    pub sources: Sha256,
    /// [`super::CiPlan::id`].
    pub plan: String,
    /// The event whose plan ran.
    pub event: CiEvent,
    /// The command that ran.
    pub work: JobCommand,
    /// The platform of the job: `linux-x86_64`.
    pub platform: String,
    /// The job's id; empty for all jobs of the platform.
    pub job: String,
    /// The attempt of the workflow run, from 1.
    pub attempt: u32,
}

impl Artifact {
    /// The records of a walked plan, plus one for each cell that was not tried, with the reason.
    pub fn of_plan(header: Header, spec: &Spec, plan: &Plan, mut records: Vec<Record>) -> Self {
        for skip in &plan.skips {
            let (suite, cell) = (&spec.suites[skip.suite].name, spec.space.id(skip.cell));
            records.push(match &plan.reasons[skip.reason] {
                SkipReason::Unavailable { reason, .. } => Record::untried(suite, cell, reason),
                SkipReason::NotPromised { reason, .. } => Record::not_promised(suite, cell, reason),
                // The plan of CI leaves out what a rule surely leaves out; this one needed a version that only its job knows.
                SkipReason::Excluded { reason } => {
                    Record::not_promised(suite, cell, &format!("a rule leaves it out here: {reason}"))
                }
            });
        }
        records.sort_by(|a, b| (&a.suite, &a.cell).cmp(&(&b.suite, &b.cell)));
        Self { header, records }
    }
}

/// Why a file cannot be read as an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactError {
    /// The file is empty.
    Empty,
    /// It does not start like an artifact.
    NotOurs,
    /// A newer version of Compatrix wrote it.
    Newer {
        /// The version that wrote it.
        tool: String,
    },
    /// Its end is missing.
    Truncated {
        /// Lines after the first, according to the first.
        said: usize,
        /// Complete lines found.
        found: usize,
    },
    /// The hash does not match the contents.
    Changed,
    /// The hash matches, but a line is not one that Compatrix writes.
    Malformed {
        /// 1-based line number.
        line: usize,
    },
}

impl fmt::Display for ArtifactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArtifactError::Empty => {
                write!(f, "the file is empty: its upload or download was cut off; download it again")
            }
            ArtifactError::NotOurs => write!(f, "not an evidence artifact; a run with `--evidence FILE` writes one"),
            ArtifactError::Newer { tool } => {
                write!(f, "written by compatrix {tool}, newer than this {TOOL}; merge it with that version")
            }
            ArtifactError::Truncated { found: 0, .. } => {
                write!(f, "truncated: even the first line is incomplete; download it again, or rerun its job")
            }
            ArtifactError::Truncated { said, found } => {
                write!(f, "truncated: {found} of {said} lines found; download it again, or rerun its job")
            }
            ArtifactError::Changed => {
                write!(f, "changed after it was written: its hash does not match; download it again, or rerun its job")
            }
            ArtifactError::Malformed { line } => {
                write!(
                    f,
                    "compatrix {TOOL} does not write lines like line {line}, although the hash matches; rerun its job"
                )
            }
        }
    }
}

impl std::error::Error for ArtifactError {}

/// The rest of the first line, after format and hash.
#[derive(Debug, Serialize, Deserialize)]
struct First {
    #[serde(rename = "compatrix-evidence")]
    format: u32,
    sha256: String,
    tool: String,
    lines: usize,
    records: usize,
}

/// The common part of a build's records: a [`compatrix_model::evidence::Proof`] without the fields that a run adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct BuildPart {
    platform: String,
    toolchain: ToolchainProof,
    source: SourceProof,
    features: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_promised: Vec<String>,
    #[serde(default, skip_serializing_if = "DebugInfo::is_full")]
    debug: DebugInfo,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<TargetProof>,
    #[serde(default, skip_serializing_if = "Differences::is_none")]
    differences: Differences,
    executables: Vec<ExecutableProof>,
}

/// Fields that few records have.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Rest {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    cause: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doctests: Option<Counts>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failures: Vec<TestFailure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leaks: Option<LeakReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    measured: Option<Measurements>,
}
