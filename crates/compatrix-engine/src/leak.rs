//! Suites of kind `leak`: runs test executables under a leak checker. Imports `run`, `build` and what they import.
//!
//! A run goes so: the canaries prove the tool (`canary`); the tests of each executable are parted into
//! `Unit`s, one process each; units go side by side (`units`); what ended early or cannot be attributed is run
//! again, smaller (`passes`). Each tool's own module starts one unit and reads what the tool said.

mod bench;
mod canary;
mod miri;
mod passes;
pub mod policy;
mod preload;
mod resources;
mod sanitizer;
mod seen;
mod suite;
mod symbols;
mod units;
mod valgrind;
mod witness;

pub(crate) use bench::{Bench, Canaries, Leaks};
pub(crate) use suite::{by_hand, run};
