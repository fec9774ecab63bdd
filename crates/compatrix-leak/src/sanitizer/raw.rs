//! A finding as a report has it, before offsets are looked up.

use super::frames::RawFrame;
use crate::finding::FindingKind;

/// A leak or memory error with unresolved frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFinding {
    /// What it is.
    pub kind: FindingKind,
    /// Bytes leaked, or the size of the access.
    pub bytes: u64,
    /// Blocks leaked.
    pub blocks: u64,
    /// The report's message without addresses.
    pub what: String,
    /// The stack, innermost frame first.
    pub stack: Vec<RawFrame>,
    /// Related places with a description.
    pub related: Vec<(String, Vec<RawFrame>)>,
    /// Whether the sanitizer ended the process, so that the running test did not finish.
    pub fatal: bool,
    /// The thread of the error, by its number in the process: `T1`.
    pub thread: Option<String>,
}
