//! `[ci]`: what runs on which event, where, and how much of it.

mod cron;
mod format;
mod lower;
mod settings;
mod shape;

pub use settings::{Check, Checks, Ci, CiEvent, EventSettings, JobCommand};

pub(super) use lower::ci;
pub(super) use shape::CI;
