//! Files that are committed or exchanged with CI: evidence, durations, workflows, artifacts.
//!
//! It reads and writes them. Their contents are decided in the pure crates.

pub mod artifacts;
pub mod ci;
pub mod evidence;
pub mod plans;
pub mod repository;
pub mod speed;
pub mod workflows;
