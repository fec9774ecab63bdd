//! A rehearsal: the jobs of a workflow on this machine, one after another, each from a clean checkout with a clean
//! environment.
//!
//! It executes the same typed [`compatrix_ci::workflow::Workflow`] that is written as YAML. What cannot be had here
//! (containers, other platforms, GitHub's token) is left out and reported, never taken for done. Imports `find` and `sys`.

mod actions;
mod artifacts;
mod checkout;
mod inputs;
mod job;
mod jobs;
mod leg;
mod setup;
mod shell;
mod world;

pub use jobs::rehearse;
pub use setup::{RehearsalEvent, Rehearsed, Setup, StepEnd};
