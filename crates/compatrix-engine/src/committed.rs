//! Files that are committed or exchanged with CI: evidence, durations, workflows, artifacts.
//!
//! It reads and writes them. What belongs in them is decided in the pure crates.

pub mod artifacts;
pub mod ci;
pub mod evidence;
pub mod workflows;
