//! What a job uploads: the records of its cells, with what tells whether they belong together.
//!
//! JSON Lines: a header, then one record a line. The header has the number of the lines and their hash, so that a file
//! that was cut or changed is told from a whole one.

use serde::{Deserialize, Serialize};

use super::settings::{Event, Work};
use crate::evidence::Record;

/// The format that [`Artifact::to_text`] writes.
pub const FORMAT: u32 = 1;

/// The records of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// What they belong to.
    pub header: Header,
    /// The records, by suite and cell.
    pub records: Vec<Record>,
}

/// What the records of an artifact belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string(&self.header).unwrap_or_default();
        for record in &self.records {
            text.push('\n');
            text.push_str(&serde_json::to_string(record).unwrap_or_default());
        }
        text
    }
}
