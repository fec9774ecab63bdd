//! Committed evidence, `compat/evidence/<platform>.toml`, from which pages are generated.
//!
//! In memory an entry stands for itself; in the file whatever many entries share (sources, toolchains, builds, SQLite
//! libraries, fixtures) stands once in a table of its own, so that a change reads as a small diff. The text is a
//! function of the entries: sorted, numbered by first use, without durations, dates, machine paths or environment.

pub mod entry;
pub mod leaks;
mod read;
mod scrub;
mod snapshot;
#[cfg(test)]
mod tests;
mod write;

pub use entry::{Entry, EvidenceFile, FORMAT, OLDEST};
pub use leaks::{FindingEvidence, LeakEvidence};
pub use read::EvidenceError;
pub use scrub::scrub_paths;
