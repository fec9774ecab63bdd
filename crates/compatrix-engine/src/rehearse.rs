//! A rehearsal: the jobs of a workflow on this machine, one after another, each from a clean checkout with a clean
//! environment.
//!
//! It executes the same typed [`Workflow`] that is written as YAML. What cannot be had here (containers, other platforms,
//! GitHub's token) is left out and told, never taken for done.

mod actions;
mod artifacts;
mod checkout;
mod leg;
mod shell;
#[cfg(test)]
mod tests;
mod world;

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::Context;
use compatrix_ci::workflow::evaluate;
use compatrix_ci::workflow::evaluate::Status;
use compatrix_ci::workflow::rehearsal;
use compatrix_ci::workflow::rehearsal::{Ended, JobResult, JobRow, VERDICT};
use compatrix_ci::workflow::{Workflow, WorkflowJob};
use compatrix_model::matrix_spec::Event as CiEvent;

use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::lock::WorkspaceLock;

/// What is rehearsed, and where.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The workspace; its root is the top of a git repository.
    pub host: &'a Host,
    /// The event.
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

/// What happens in a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// What is not as on GitHub, or not as it may be thought.
    Note(String),
    /// A job begins.
    JobStarted(String),
    /// A step begins.
    StepStarted(String),
    /// A step ended.
    StepEnded {
        /// Its name.
        step: String,
        /// How.
        end: StepEnd,
        /// How long it took.
        wall: Duration,
    },
    /// A job ended.
    JobEnded(JobRow),
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepEnd {
    /// It did what it should.
    Done,
    /// Its condition did not hold.
    Skipped,
    /// It was left out, and why.
    LeftOut(String),
    /// It failed.
    Failed {
        /// Why.
        why: String,
        /// The last lines that it wrote.
        said: String,
        /// All that it wrote.
        log: Option<PathBuf>,
    },
}

/// What a rehearsal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// All jobs, in the order in which they ran.
    pub jobs: Vec<JobRow>,
    /// What the verdict's steps printed.
    pub output: String,
    /// The verdict's job summary.
    pub summary: Option<PathBuf>,
    /// The exit code of the whole.
    pub code: u8,
}

/// Our own folder of rehearsals in the cache of the user: outside of every workspace, so that no configuration above a
/// checkout is found that is not in it.
fn home(host: &Host) -> PathBuf {
    let of = files::hash_bytes(host.root.to_string_lossy().as_bytes());
    host.cache.join("rehearse").join(format!("{of:.16}"))
}

/// Folders of a rehearsal.
struct Places {
    /// Checkouts and scratch folders, one a job; goes away.
    work: PathBuf,
    /// The artifacts of this workflow's run.
    artifacts: PathBuf,
    /// What is kept from one rehearsal to the next: caches.
    kept: PathBuf,
    /// Logs and job summaries, below our folder in the workspace; stay until the next one.
    logs: PathBuf,
    /// Whether `work` stays.
    stays: bool,
}

impl Drop for Places {
    fn drop(&mut self) {
        if !self.stays {
            let _ = files::remove_dir(&self.work);
        }
    }
}

/// Rehearses a workflow. `tell` hears of everything.
///
/// # Errors
/// The workflow has what a rehearsal does not know; the workspace is in no git repository, or not at its top; the machine
/// fails; an interrupt came.
pub fn rehearse(setup: &Setup<'_>, workflow: &Workflow, tell: &Sender<Event>) -> Result<Rehearsed, Error> {
    let refused = rehearsal::refusals(workflow);
    if !refused.is_empty() {
        return Err(Error::Usage(refused.join("\n")));
    }
    let verdict = workflow.jobs.iter().find(|job| job.id == VERDICT);
    if let Some(verdict) = verdict.filter(|job| job.runs_on != setup.label) {
        return Err(Error::usage(format!(
            "{}: the verdict is given on `{}`, and the runner of {} is `{}`; rehearse on a machine of that platform",
            workflow.file, verdict.runs_on, setup.platform, setup.label
        )));
    }
    let home = home(setup.host);
    files::make_dir(&home)?;
    // A `compat` of this workspace may go on: it works in other folders.
    let _lock = WorkspaceLock::take(&home.join("lock")).map_err(|error| error.context("another rehearsal"))?;
    let places = places(setup, workflow, &home)?;
    let origin = checkout::origin(setup, tell)?;
    if workflow.jobs.iter().any(|job| job.runs_on != setup.label) {
        let note = format!("jobs of other platforms are left out; this is a verdict on {} alone", setup.platform);
        let _ = tell.send(Event::Note(note));
    }
    let order = rehearsal::order(&workflow.jobs).map_err(Error::Usage)?;
    let mut run = Run { setup, workflow, places: &places, origin: &origin, tell, ended: Vec::new(), rows: Vec::new() };
    let mut verdict = leg::Outcome::default();
    for at in order {
        let outcome = run.job(&workflow.jobs[at])?;
        if workflow.jobs[at].id == VERDICT {
            verdict = outcome;
        }
    }
    let code = code(workflow, &run.ended, &verdict);
    Ok(Rehearsed { jobs: run.rows, output: verdict.printed, summary: verdict.summary, code })
}

/// The verdict's exit code; without one, whether all jobs succeeded.
fn code(workflow: &Workflow, ended: &[Ended], verdict: &leg::Outcome) -> u8 {
    let result = ended.iter().find(|job| job.id == VERDICT).map(|job| job.result);
    match (result, verdict.code) {
        (Some(JobResult::Success), _) => 0,
        // Ours are 1 to 3; all else is no verdict but a job that could not give one.
        (Some(JobResult::Failure), Some(code @ 1..=3)) => u8::try_from(code).unwrap_or(3),
        (Some(JobResult::Failure | JobResult::Cancelled), _) => 3,
        (Some(JobResult::Skipped), _) => 1,
        (None, _) => {
            debug_assert!(workflow.jobs.iter().all(|job| job.id != VERDICT));
            u8::from(ended.iter().any(|job| matches!(job.result, JobResult::Failure | JobResult::Cancelled)))
        }
    }
}

fn places(setup: &Setup<'_>, workflow: &Workflow, home: &Path) -> Result<Places, Error> {
    let stem = workflow.file.trim_end_matches(".yml");
    let work = match setup.keep {
        Some(dir) => {
            files::make_dir(dir)?;
            dir.canonicalize().with_context(|| format!("cannot find {}", dir.display()))?.join(stem)
        }
        // The same for all workflows: what cargo has made for one checkout is of use to the next one at its place.
        None => home.canonicalize().with_context(|| format!("cannot find {}", home.display()))?.join("work"),
    };
    // Only what a rehearsal has left is removed.
    if setup.keep.is_some() && files::exists(&work) && !files::exists(&work.join("artifacts")) {
        return Err(Error::usage(format!(
            "{} is there already, and is no rehearsal's; name another folder with --keep",
            work.display()
        )));
    }
    files::remove_dir(&work)?;
    let logs = setup.host.dir.join("rehearse").join(stem);
    files::remove_dir(&logs)?;
    files::make_dir(&logs)?;
    let artifacts = work.join("artifacts");
    files::make_dir(&artifacts)?;
    Ok(Places { work, artifacts, kept: home.join("kept"), logs, stays: setup.keep.is_some() })
}

/// A rehearsal that goes on.
struct Run<'a> {
    setup: &'a Setup<'a>,
    workflow: &'a Workflow,
    places: &'a Places,
    origin: &'a checkout::Origin,
    tell: &'a Sender<Event>,
    ended: Vec<Ended>,
    rows: Vec<JobRow>,
}

impl Run<'_> {
    fn tell(&self, event: Event) {
        let _ = self.tell.send(event);
    }

    /// Runs all of a job, or does not; the outcome of its last leg.
    fn job(&mut self, job: &WorkflowJob) -> Result<leg::Outcome, Error> {
        let legs = rehearsal::legs(job);
        let elsewhere = job.runs_on != self.setup.label;
        let needs = rehearsal::needs(job, &self.ended);
        // What other platforms' jobs come to is not known; of interest is whether they would run on this event at all.
        let status = if elsewhere { Status::GOOD } else { rehearsal::status(job, &self.workflow.jobs, &self.ended) };
        let no_files = Box::new(|_: &[String]| Err("hashFiles stands where there is no checkout".to_owned()));
        let scope = self.scope(world::of_job(&needs), status, no_files);
        let holds = evaluate::condition(job.condition.map(|of| of.0), &scope);
        let holds = holds.map_err(|trouble| self.unknown(job, &trouble))?;
        if elsewhere {
            for leg in legs {
                let result = if holds { None } else { Some(JobResult::Skipped) };
                self.row(JobRow { name: leg.name, result, may_fail: false, wall_ms: 0, minutes: leg.minutes });
            }
            return Ok(leg::Outcome::default());
        }
        let mut last = leg::Outcome::default();
        let mut results = Vec::new();
        for leg in &legs {
            let started = crate::sys::clock::instant();
            let (mut result, mut may_fail) = (JobResult::Skipped, false);
            if holds {
                self.tell(Event::JobStarted(leg.name.clone()));
                last = leg::run(self, job, leg, &needs)?;
                (result, may_fail) = (last.result, last.may_fail);
            }
            results.push((result, may_fail));
            let wall_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let name = leg.name.clone();
            self.row(JobRow { name, result: Some(result), may_fail, wall_ms, minutes: leg.minutes });
        }
        self.ended.push(Ended { id: job.id.clone(), result: rehearsal::result_of(&results) });
        Ok(last)
    }

    fn row(&mut self, row: JobRow) {
        // Of jobs that are of other events there is nothing to tell but in the table.
        if row.result.is_some_and(|result| result != JobResult::Skipped) {
            self.tell(Event::JobEnded(row.clone()));
        }
        self.rows.push(row);
    }

    fn unknown(&self, job: &WorkflowJob, trouble: &evaluate::Trouble) -> Error {
        Error::usage(format!("{}: job `{}`: {trouble}", self.workflow.file, job.id))
    }
}
