//! The origin that artifacts must have, and reasons to refuse one, with advice.

use std::fmt;

use super::super::artifact::{ArtifactError, Header};
use crate::CiPlan;
use compatrix_model::evidence::{Contradiction, Record};
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::{CiEvent, JobCommand, Spec};

/// A refused file and one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The display name.
    pub file: String,
    /// One of possibly several reasons.
    pub why: Why,
}

/// A reason to refuse a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It does not parse.
    Unreadable(ArtifactError),
    /// It is from another repository.
    Repository {
        /// The artifact's.
        theirs: String,
        /// The one expected here.
        ours: String,
    },
    /// It is from another commit.
    Commit {
        /// The artifact's; empty outside git.
        theirs: String,
        /// The one checked out here.
        ours: String,
    },
    /// It is from another event or command.
    Part {
        /// The artifact's.
        theirs: (CiEvent, JobCommand),
        /// The event and command being merged.
        ours: (CiEvent, JobCommand),
    },
    /// It was made from other sources.
    Sources {
        /// The artifact's source hash.
        theirs: String,
        /// The source hash here.
        ours: String,
    },
    /// It was made for another plan.
    Plan {
        /// The artifact's plan id.
        theirs: String,
        /// The plan id here.
        ours: String,
    },
    /// The plan has no such job; the message.
    Job(String),
    /// The job belongs to another platform, or the plan has no job there.
    Platform {
        /// The job's id; empty for all jobs of a platform.
        job: String,
        /// The artifact's platform.
        platform: String,
    },
    /// It has records of cells that the job does not have.
    Foreign {
        /// The job's id; empty for all jobs of a platform.
        job: String,
        /// The number of such records.
        count: usize,
        /// The first such record.
        first: String,
    },
    /// It has records whose proof names another platform or other sources.
    Misplaced {
        /// The number of such records.
        count: usize,
        /// The first such record.
        first: String,
    },
    /// It has passes without a proof.
    Bare {
        /// The number of such records.
        count: usize,
        /// The first such record.
        first: String,
    },
    /// It has several records of one suite in one cell.
    Twice {
        /// The number of such records beyond the first.
        count: usize,
        /// The first such record.
        first: String,
    },
    /// It has records that contradict themselves.
    Impossible {
        /// The number of such records.
        count: usize,
        /// The first such record.
        first: String,
        /// What contradicts what in the first.
        found: Contradiction,
    },
    /// Another file has different results for the same cells of the same attempt.
    Contradicts {
        /// The other file's display name.
        other: String,
        /// The number of such cells.
        count: usize,
        /// The first such record.
        first: String,
    },
}

/// A suite in a cell, for messages.
pub(super) fn name(record: &Record) -> String {
    format!("`{}` in `{}`", record.suite, record.cell)
}

/// The origin that all artifacts must have.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The spec of this checkout.
    pub spec: &'a Spec,
    /// The plan of the event to merge.
    pub plan: &'a CiPlan,
    /// `owner/name`; empty if unknown, and then not compared.
    pub repository: &'a str,
    /// The git commit; empty outside git.
    pub commit: &'a str,
    /// SHA-256 of the sources under test.
    pub sources: Sha256,
}

/// The index of the platform if records with this header can belong to the plan. The most informative mismatch is
/// checked first: another commit explains other sources.
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

/// A prefix of a hash, long enough to be unique.
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
                write!(f, "from the repository {theirs}, but this is {ours}; exclude it")
            }
            Why::Commit { theirs, ours } => write!(
                f,
                "from the commit {}, but {} is checked out; merge artifacts on the commit that they were made from",
                short(theirs),
                short(ours)
            ),
            Why::Part { theirs: (event, work), ours } => write!(
                f,
                "from `{}` on {event}, but this merges `{}` on {}; exclude it, or use `--of {} --event {event}`",
                work.as_str(),
                ours.1.as_str(),
                ours.0,
                work.as_str()
            ),
            Why::Sources { theirs, ours } => write!(
                f,
                "from the sources {}, but those here are {}; rerun its job on this checkout",
                short(theirs),
                short(ours)
            ),
            Why::Plan { theirs, ours } => write!(
                f,
                "from the plan {}, but the plan here is {}; spec or evidence differed there: rerun its job on this \
                 checkout",
                short(theirs),
                short(ours)
            ),
            Why::Job(error) => write!(f, "{error}; run the jobs of the plan"),
            Why::Platform { job, platform } if job.is_empty() => {
                write!(f, "from {platform}, where the plan has no job; exclude it")
            }
            Why::Platform { job, platform } => {
                write!(f, "from the job {job} on {platform}, but that job runs elsewhere; exclude it")
            }
            Why::Foreign { job, count, first } => {
                let whose = if job.is_empty() { "no job of the platform has".to_owned() } else { format!("the job {job} does not have") };
                write!(f, "{} of cells that {whose}, the first {first}; rerun its job", records(*count))
            }
            Why::Misplaced { count, first } => write!(
                f,
                "{} whose proof names another platform or other sources than the file, the first {first}; rerun its \
                 job",
                records(*count)
            ),
            Why::Bare { count, first } => {
                write!(f, "{} of passes without a proof, the first {first}; rerun its job", records(*count))
            }
            Why::Twice { count, first } => {
                write!(f, "{} of a suite and cell that it has already, the first {first}; rerun its job", records(*count))
            }
            Why::Impossible { count: 1, first, found } => {
                write!(f, "its record of {first} contradicts itself: {found}; rerun its job")
            }
            Why::Impossible { count, first, found } => write!(
                f,
                "{} contradict themselves, the first {first}: {found}; rerun its job",
                records(*count)
            ),
            Why::Contradicts { other, count, first } => write!(
                f,
                "contradicts {other} about {count} {} of the same attempt, the first {first}; exclude the one that does \
                 not count",
                if *count == 1 { "cell" } else { "cells" }
            ),
        }
    }
}
