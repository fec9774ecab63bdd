//! Leaks and memory errors: one [`Finding`] for all tools, and what a run under a tool came to.
//!
//! The road of a finding: a tool's own output → a parser ([`valgrind`], [`sanitizer`], [`miri`], [`resources`]) →
//! [`attribute`] (which test, whose code, its fingerprint) → [`policy`] (suppressed, accepted, or an error) → pages.
//!
//! **Invariant:** it knows findings and reports, and neither specs nor cells. Nothing here starts a process or reads a file.

pub mod attribute;
pub mod baseline;
pub mod finding;
mod format;
pub mod miri;
pub mod outcome;
pub mod planted;
pub mod policy;
pub mod report;
pub mod resources;
pub mod sanitizer;
pub mod settings;
pub mod suppress;
pub mod tool;
pub mod usage;
pub mod valgrind;
pub mod words;

pub use finding::{Finding, FindingKind, Frame, FrameOrigin, Related, Standing};
pub use outcome::Outcome;
pub use policy::{Policy, Runs};
pub use report::{Canary, LeakReport, NotRunnable};
pub use settings::{Each, LeakSettings};
pub use tool::Tool;
pub use usage::{Accepted, SuppressionUse, Usage};
