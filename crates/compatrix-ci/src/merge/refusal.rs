//! Why an artifact is refused, and what to do about it.

use std::fmt;

use super::super::artifact::{ArtifactError, Header};
use super::Expected;
use compatrix_model::evidence::Record;
use compatrix_model::matrix_spec::{Event, Work};

/// A file that is refused, and one reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file's name.
    pub file: String,
    /// The reason.
    pub why: Why,
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It cannot be read.
    Unreadable(ArtifactError),
    /// Another repository's.
    Repository {
        /// Its own.
        theirs: String,
        /// This one.
        ours: String,
    },
    /// Another commit's.
    Commit {
        /// Its own; empty without one.
        theirs: String,
        /// The one that is checked out.
        ours: String,
    },
    /// Another event's or command's.
    Part {
        /// Its own.
        theirs: (Event, Work),
        /// Those that are merged.
        ours: (Event, Work),
    },
    /// Of other sources.
    Sources {
        /// Their hash.
        theirs: String,
        /// That of the sources here.
        ours: String,
    },
    /// Of another plan.
    Plan {
        /// Its hash.
        theirs: String,
        /// That of the plan here.
        ours: String,
    },
    /// The plan has no such job.
    Job(String),
    /// The job is another platform's, or none of the plan's runs there.
    Platform {
        /// The job; empty for all of a platform.
        job: String,
        /// The platform.
        platform: String,
    },
    /// Records of cells that the job does not have.
    Foreign {
        /// The job; empty for all of a platform.
        job: String,
        /// How many.
        count: usize,
        /// The first.
        first: String,
    },
    /// Records whose proof is of another platform, or of other sources.
    Misplaced {
        /// How many.
        count: usize,
        /// The first.
        first: String,
    },
    /// Passes without a proof.
    Bare {
        /// How many.
        count: usize,
        /// The first.
        first: String,
    },
    /// Another file says something else of the same cells, of the same attempt.
    Contradicts {
        /// The other file.
        other: String,
        /// Of how many cells.
        count: usize,
        /// The first.
        first: String,
    },
}

/// A suite in a cell, for people.
pub(super) fn name(record: &Record) -> String {
    format!("`{}` in `{}`", record.suite, record.cell)
}

/// The position of the platform, if the records of this header can belong to the plan. What says most is told first: of
/// another commit, other sources are no wonder.
pub(super) fn belongs(header: &Header, expected: &Expected<'_>, platforms: &[&str]) -> Result<usize, Why> {
    let Header { tool: _, repository, commit, dirty: _, sources, plan, event, work, platform, job, attempt: _ } =
        header;
    let both = |theirs: &str, ours: &str| (theirs.to_owned(), ours.to_owned());
    if !repository.is_empty() && !expected.repository.is_empty() && repository != expected.repository {
        let (theirs, ours) = both(repository, expected.repository);
        return Err(Why::Repository { theirs, ours });
    }
    if commit != expected.commit {
        let (theirs, ours) = both(commit, expected.commit);
        return Err(Why::Commit { theirs, ours });
    }
    let ours = (expected.plan.event, expected.plan.work);
    if (*event, *work) != ours {
        return Err(Why::Part { theirs: (*event, *work), ours });
    }
    if *sources != expected.sources {
        let (theirs, ours) = (sources.to_string(), expected.sources.to_string());
        return Err(Why::Sources { theirs, ours });
    }
    if *plan != expected.plan.id {
        let (theirs, ours) = both(plan, &expected.plan.id);
        return Err(Why::Plan { theirs, ours });
    }
    let elsewhere = || Why::Platform { job: job.clone(), platform: platform.clone() };
    if !job.is_empty() {
        let (group, _) = expected.plan.job(job).map_err(Why::Job)?;
        if group.platform != *platform {
            return Err(elsewhere());
        }
    }
    platforms.iter().position(|known| known == platform).ok_or_else(elsewhere)
}

/// As much of a hash as tells it from others.
fn short(hash: &str) -> &str {
    match hash {
        "" => "none",
        hash => hash.get(..12).unwrap_or(hash),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        let records = |count: usize| if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        match &self.why {
            Why::Unreadable(error) => write!(f, "{error}"),
            Why::Repository { theirs, ours } => {
                write!(f, "of the repository {theirs}, and this is {ours}; leave it out")
            }
            Why::Commit { theirs, ours } => write!(
                f,
                "of the commit {}, and {} is checked out; merge what was run for one commit, on that commit",
                short(theirs),
                short(ours)
            ),
            Why::Part { theirs: (event, work), ours } => write!(
                f,
                "of `{}` on {event}, and those of `{}` on {} are merged; leave it out, or ask for `--of {} --event {event}`",
                work.as_str(),
                ours.1.as_str(),
                ours.0,
                work.as_str()
            ),
            Why::Sources { theirs, ours } => write!(
                f,
                "of the sources {}, and those here are {}; run its job again on what is checked out here",
                short(theirs),
                short(ours)
            ),
            Why::Plan { theirs, ours } => write!(
                f,
                "of the plan {}, and the plan here is {}; spec or evidence differed there: run its job again on what is \
                 checked out here",
                short(theirs),
                short(ours)
            ),
            Why::Job(error) => write!(f, "{error}; run the jobs that the plan has"),
            Why::Platform { job, platform } if job.is_empty() => {
                write!(f, "of {platform}, where no job of the plan runs; leave it out")
            }
            Why::Platform { job, platform } => {
                write!(f, "of the job {job} on {platform}, which is not where that job runs; leave it out")
            }
            Why::Foreign { job, count, first } => {
                let whose = if job.is_empty() { "no job of the platform has".to_owned() } else { format!("the job {job} does not have") };
                write!(f, "{} of cells that {whose}, the first {first}; run its job again", records(*count))
            }
            Why::Misplaced { count, first } => write!(
                f,
                "{} whose proof is of another platform or other sources than the file says, the first {first}; run its job \
                 again",
                records(*count)
            ),
            Why::Bare { count, first } => {
                write!(f, "{} of passes without a proof, the first {first}; run its job again", records(*count))
            }
            Why::Contradicts { other, count, first } => write!(
                f,
                "says otherwise than {other} of {count} {}, of the same attempt, the first {first}; leave out the one that \
                 does not count",
                if *count == 1 { "cell" } else { "cells" }
            ),
        }
    }
}
