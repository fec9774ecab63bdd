//! `[ci]`: what runs on which event, where, and how much of it.

mod cron;
mod format;
mod lower;
mod settings;
mod shape;

pub use format::is_branch;
pub use settings::{Check, Checks, Ci, CiEvent, EventBench, EventSettings, JobCommand, ToolSource};

pub(super) use lower::ci;
pub(super) use shape::CI;
