//! Leaks and memory errors: one [`Finding`] type for all tools, and the report of a run under a tool.
//!
//! The road of a finding: a tool's output → a parser ([`valgrind`], [`sanitizer`], [`miri`], [`resources`]) →
//! [`attribute`] (test, origin of frames, fingerprint) → [`policy`] (suppressed, accepted, or an error) → pages.
//!
//! **Invariant:** this crate knows findings and reports, but neither specs nor cells. Nothing here starts a process or
//! reads a file.

pub mod attribute;
pub mod baseline;
pub mod finding;
mod format;
pub mod miri;
mod names;
pub mod outcome;
pub mod planted;
pub mod policy;
pub mod report;
pub mod resources;
pub mod sanitizer;
pub mod settings;
mod should_panic;
pub mod suppress;
pub mod tool;
pub mod usage;
pub mod valgrind;
pub mod witness;
pub mod words;

pub use finding::{Finding, FindingKind, Frame, FrameOrigin, Related, Standing};
pub use outcome::Outcome;
pub use policy::{Policy, Runs};
pub use report::{Canary, LeakReport, NotRunnable, ToolSuppression};
pub use settings::{Each, LeakSettings};
pub use should_panic::ShouldPanic;
pub use tool::Tool;
pub use usage::{Accepted, SuppressionUse, Usage};
