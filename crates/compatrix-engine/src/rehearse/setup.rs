//! The inputs, events and result of a rehearsal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use compatrix_ci::workflow::rehearsal::JobRow;
use compatrix_model::matrix_spec::CiEvent;

use crate::sys::host::Host;

/// The inputs of a rehearsal.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The workspace, in a git repository.
    pub host: &'a Host,
    /// The event that starts the workflow.
    pub event: CiEvent,
    /// Our platform, `linux-x86_64`.
    pub platform: &'a str,
    /// The label of its runner in the spec.
    pub label: &'a str,
    /// The branch that pull requests go into and pushes come from.
    pub branch: &'a str,
    /// Whether steps that install are run, too.
    pub install: bool,
    /// Where checkouts and artifacts go, and stay.
    pub keep: Option<&'a Path>,
}

/// Progress, reported as it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RehearsalEvent {
    /// A difference from GitHub, or a surprise.
    Note(String),
    /// A job begins.
    JobStarted(String),
    /// A step begins.
    StepStarted(String),
    /// Also of a step that was skipped.
    StepEnded {
        /// Its name.
        step: String,
        /// How.
        end: StepEnd,
        /// How long it took.
        wall: Duration,
    },
    /// The row that the table has of it.
    JobEnded(JobRow),
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepEnd {
    /// It succeeded.
    Done,
    /// Its condition was false.
    Skipped,
    /// It was skipped, and why.
    LeftOut(String),
    /// It is shown with the end of its log.
    Failed {
        /// In one line.
        why: String,
        /// The last lines that it wrote.
        said: String,
        /// All that it wrote.
        log: Option<PathBuf>,
    },
}

/// The result of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// All jobs, in the order in which they ran.
    pub jobs: Vec<JobRow>,
    /// The output of the verdict's steps.
    pub output: String,
    /// The verdict's job summary.
    pub summary: Option<PathBuf>,
    /// The exit code of the whole.
    pub code: u8,
}
