//! A finding as a report has it, before offsets are looked up.

use super::frames::RawFrame;
use crate::finding::FindingKind;

/// A leak or a memory error, its frames as the report has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFinding {
    /// What it is.
    pub kind: FindingKind,
    /// Bytes leaked, or how many an access was for.
    pub bytes: u64,
    /// Blocks leaked.
    pub blocks: u64,
    /// The report's own words, without addresses.
    pub what: String,
    /// Where, innermost first.
    pub stack: Vec<RawFrame>,
    /// Further places, by what happened there.
    pub related: Vec<(String, Vec<RawFrame>)>,
    /// Whether the sanitizer ended the process for it, so that the test under way did not end.
    pub fatal: bool,
    /// The thread that the error happened in, by the process's own number: `T1`.
    pub thread: Option<String>,
}
