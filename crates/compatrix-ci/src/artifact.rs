//! What a job uploads: the records of its cells, with what tells whether they belong together.
//!
//! JSON Lines. The first line tells the format, who wrote it, how many lines and records follow, and the hash of all the
//! rest, so that a file that was cut or changed is told from a whole one. What many records share (a build, a SQLite, a
//! value of an axis) stands in a line of its own, before its first use, and is referred to by number:
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
//! A record is: suite, values, key, outcome, attempts, tests (passed, failed, ignored, filtered out), start, its
//! milliseconds, those of the executables; then, where something could be started, build with SQLite and fixture (-1 for
//! none), and environment, else `null` twice; last, if there is more to say, the rest by name. A file of several jobs has
//! several parts.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use serde::{Deserialize, Serialize};

use compatrix_model::evidence::{Counts, ExecutableProof, Record, SourceProof, TestFailure, ToolchainProof};
use compatrix_model::leak::LeakReport;
use compatrix_model::matrix_spec::{Event, Work};

pub use read::{Bundle, RecordLine};
pub use write::Writer;

/// The format that [`Artifact::to_text`] writes.
pub const FORMAT: u32 = 1;

/// The version of this tool, as artifacts name it.
pub const TOOL: &str = env!("CARGO_PKG_VERSION");

/// How the first line begins, whatever the format.
const START: &str = "{\"compatrix-evidence\":";

/// What follows the format in the first line, before the hash.
const HASH: &str = ",\"sha256\":\"";

/// The records of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// What they belong to.
    pub header: Header,
    /// The records, by suite and cell.
    pub records: Vec<Record>,
}

/// What the records of an artifact belong to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Header {
    /// The version of the tool that wrote it.
    pub tool: String,
    /// `owner/name`, where it is known; else empty.
    pub repository: String,
    /// The git commit; empty without one.
    pub commit: String,
    /// Whether files of the packages under test differed from that commit.
    pub dirty: bool,
    /// Hash of the sources under test.
    pub sources: String,
    /// [`super::CiPlan::id`].
    pub plan: String,
    /// The event.
    pub event: Event,
    /// The command.
    pub work: Work,
    /// The platform.
    pub platform: String,
    /// The job; empty for all of the platform's.
    pub job: String,
    /// Which attempt of the workflow's run, from 1.
    pub attempt: u32,
}

impl Artifact {
    /// The file's text. The same records in the same order give the same bytes.
    pub fn to_text(&self) -> String {
        let mut writer = Writer::default();
        writer.part(&self.header);
        self.records.iter().for_each(|record| writer.record(record));
        writer.finish()
    }

    /// The artifacts in a file's text: one for each part, which is one for a file that a job wrote.
    ///
    /// # Errors
    /// It is not whole, not ours, or not of this format.
    pub fn parse(text: &str) -> Result<Vec<Artifact>, ArtifactError> {
        let bundle = Bundle::parse(text)?;
        let records = |part: usize| bundle.found[part].iter().map(|found| bundle.record(found)).collect();
        Ok((0..bundle.headers.len())
            .map(|part| Artifact { header: bundle.headers[part].clone(), records: records(part) })
            .collect())
    }
}

/// Why a file's text is no artifact that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactError {
    /// There is nothing in it.
    Empty,
    /// It does not begin as an artifact does.
    NotOurs,
    /// A newer version of the tool wrote it.
    Newer {
        /// That version.
        tool: String,
    },
    /// Its end is missing.
    Truncated {
        /// Lines after the first, as that says.
        said: usize,
        /// Whole lines that are there.
        found: usize,
    },
    /// It is not what was written: the hash does not match.
    Changed,
    /// The hash matches, and yet this line, from 1, is none that this tool writes.
    Malformed {
        /// The line.
        line: usize,
    },
}

impl fmt::Display for ArtifactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArtifactError::Empty => write!(f, "the file is empty: its upload or download was cut off; get it again"),
            ArtifactError::NotOurs => write!(f, "not an artifact of evidence; `--evidence FILE` of a run writes one"),
            ArtifactError::Newer { tool } => {
                write!(f, "written by compatrix {tool}, newer than this {TOOL}; merge it with that version")
            }
            ArtifactError::Truncated { found: 0, .. } => {
                write!(f, "truncated: not even its first line is whole; get it again, or run its job again")
            }
            ArtifactError::Truncated { said, found } => {
                write!(f, "truncated: {found} of {said} lines are there; get it again, or run its job again")
            }
            ArtifactError::Changed => {
                write!(f, "changed after it was written: its hash does not match; get it again, or run its job again")
            }
            ArtifactError::Malformed { line } => {
                write!(
                    f,
                    "line {line} is none that compatrix {TOOL} writes, though the hash matches; run its job again"
                )
            }
        }
    }
}

impl std::error::Error for ArtifactError {}

/// The first line, after the format and the hash.
#[derive(Debug, Serialize, Deserialize)]
struct First {
    #[serde(rename = "compatrix-evidence")]
    format: u32,
    sha256: String,
    tool: String,
    lines: usize,
    records: usize,
}

/// What the records of one build have in common: a [`compatrix_model::evidence::Proof`] without what a run adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct BuildPart {
    platform: String,
    toolchain: ToolchainProof,
    source: SourceProof,
    features: Vec<String>,
    executables: Vec<ExecutableProof>,
}

/// What few records have.
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
}
