//! Runs the jobs of a rehearsal in dependency order.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use anyhow::Context;
use compatrix_ci::workflow::evaluate;
use compatrix_ci::workflow::evaluate::Status;
use compatrix_ci::workflow::rehearsal;
use compatrix_ci::workflow::rehearsal::{gives_verdict, Ended, JobResult, JobRow};
use compatrix_ci::workflow::{Workflow, WorkflowJob};

use super::job::JobOutcome;
use super::setup::{RehearsalEvent, Rehearsed, Setup};
use super::world::{Rehearsal, RehearsalFolders};
use super::{checkout, leg, world};
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::lock::WorkspaceLock;

/// Our own folder of rehearsals in the cache of the user: outside of every workspace, so that no configuration above a
/// checkout is found that is not in it.
fn home(host: &Host) -> PathBuf {
    let of = files::hash_bytes(host.root.to_string_lossy().as_bytes());
    host.cache.join("rehearse").join(format!("{of:.16}"))
}

/// Rehearses a workflow. `tell` receives all events.
///
/// # Errors
/// The workflow has what a rehearsal does not know; the workspace is in no git repository; the machine fails; an interrupt
/// came.
pub fn rehearse(setup: &Setup<'_>, workflow: &Workflow, tell: &Sender<RehearsalEvent>) -> Result<Rehearsed, Error> {
    let refused = rehearsal::refusals(workflow);
    if !refused.is_empty() {
        return Err(Error::Usage(refused.join("\n")));
    }
    let verdicts: Vec<&WorkflowJob> = workflow.jobs.iter().filter(|job| gives_verdict(job)).collect();
    if let Some(verdict) = verdicts.first().filter(|_| verdicts.iter().all(|job| job.runs_on != setup.label)) {
        return Err(Error::usage(format!(
            "{}: the verdict job runs on `{}`, but the runner of {} is `{}`; rehearse on a machine of that platform",
            workflow.file, verdict.runs_on, setup.platform, setup.label
        )));
    }
    let home = home(setup.host);
    files::make_dir(&home)?;
    // A `compat` of this workspace may run at the same time: it uses other folders.
    let _lock = WorkspaceLock::take(&home.join("lock")).map_err(|error| error.context("another rehearsal"))?;
    let places = places(setup, workflow, &home)?;
    let origin = checkout::origin(setup, tell)?;
    if workflow.jobs.iter().any(|job| job.runs_on != setup.label) {
        let note = format!("jobs of other platforms are omitted; this verdict covers only {}", setup.platform);
        let _ = tell.send(RehearsalEvent::Note(note));
    }
    let order = rehearsal::order(&workflow.jobs).map_err(Error::Usage)?;
    let rehearsal = Rehearsal { setup, workflow, places: &places, origin: &origin, tell };
    let mut jobs = Jobs { rehearsal: &rehearsal, ended: Vec::new(), rows: Vec::new() };
    let mut verdict = JobOutcome::default();
    for at in order {
        let outcome = jobs.job(&workflow.jobs[at])?;
        // Those of other events are skipped.
        if gives_verdict(&workflow.jobs[at]) && outcome.result != JobResult::Skipped {
            verdict = outcome;
        }
    }
    let code = code(workflow, &jobs.ended, &verdict);
    Ok(Rehearsed { jobs: jobs.rows, output: verdict.printed, summary: verdict.summary, code })
}

/// The verdict's exit code; without one, whether all jobs succeeded.
fn code(workflow: &Workflow, ended: &[Ended], verdict: &JobOutcome) -> u8 {
    if !workflow.jobs.iter().any(gives_verdict) {
        return u8::from(ended.iter().any(|job| matches!(job.result, JobResult::Failure | JobResult::Cancelled)));
    }
    match (verdict.result, verdict.code) {
        (JobResult::Success, _) => 0,
        // Ours are 1 to 3; any other code means that the job could not give a verdict.
        (JobResult::Failure, Some(code @ 1..=3)) => u8::try_from(code).unwrap_or(3),
        (JobResult::Failure | JobResult::Cancelled, _) => 3,
        (JobResult::Skipped, _) => 1,
    }
}

fn places(setup: &Setup<'_>, workflow: &Workflow, home: &Path) -> Result<RehearsalFolders, Error> {
    let stem = workflow.file.trim_end_matches(".yml");
    let work = match setup.keep {
        Some(dir) => {
            files::make_dir(dir)?;
            files::real(dir).with_context(|| format!("cannot find {}", dir.display()))?.join(stem)
        }
        // The same for all workflows: what cargo has made for one checkout is of use to the next one at its place.
        None => files::real(home).with_context(|| format!("cannot find {}", home.display()))?.join("work"),
    };
    // Remove only leftovers of a rehearsal.
    if setup.keep.is_some() && files::exists(&work) && !files::exists(&work.join("artifacts")) {
        return Err(Error::usage(format!(
            "{} already exists and is not from a rehearsal; name another folder with --keep",
            work.display()
        )));
    }
    files::remove_dir(&work)?;
    let logs = setup.host.dir.join("rehearse").join(stem);
    files::remove_dir(&logs)?;
    files::make_dir(&logs)?;
    let artifacts = work.join("artifacts");
    files::make_dir(&artifacts)?;
    Ok(RehearsalFolders { work, artifacts, kept: home.join("kept"), logs, stays: setup.keep.is_some() })
}

/// The jobs so far.
struct Jobs<'a> {
    rehearsal: &'a Rehearsal<'a>,
    ended: Vec<Ended>,
    rows: Vec<JobRow>,
}

impl Jobs<'_> {
    /// Runs all of a job, or does not; the outcome of its last leg.
    fn job(&mut self, job: &WorkflowJob) -> Result<JobOutcome, Error> {
        let legs = rehearsal::legs(job);
        let elsewhere = job.runs_on != self.rehearsal.setup.label;
        let needs = rehearsal::needs(job, &self.ended);
        // What other platforms' jobs come to is not known; of interest is whether they would run on this event at all.
        let status =
            if elsewhere { Status::GOOD } else { rehearsal::status(job, &self.rehearsal.workflow.jobs, &self.ended) };
        let no_files = Box::new(|_: &[String]| Err("hashFiles is used without a checkout".to_owned()));
        let scope = self.rehearsal.scope(world::of_job(&needs), status, no_files);
        let holds = evaluate::condition(job.condition.map(|of| of.0), &scope);
        let holds = holds.map_err(|trouble| self.unknown(job, &trouble))?;
        if elsewhere {
            for leg in legs {
                let result = if holds { None } else { Some(JobResult::Skipped) };
                self.row(JobRow { name: leg.name, result, may_fail: false, wall_ms: 0, minutes: leg.minutes });
            }
            return Ok(JobOutcome::default());
        }
        let mut last = JobOutcome::default();
        let mut results = Vec::new();
        for leg in &legs {
            let started = crate::sys::clock::instant();
            let (mut result, mut may_fail) = (JobResult::Skipped, false);
            if holds {
                self.rehearsal.tell(RehearsalEvent::JobStarted(leg.name.clone()));
                last = leg::run(self.rehearsal, job, leg, &needs)?;
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
        // Jobs of other events appear only in the table.
        if row.result.is_some_and(|result| result != JobResult::Skipped) {
            self.rehearsal.tell(RehearsalEvent::JobEnded(row.clone()));
        }
        self.rows.push(row);
    }

    fn unknown(&self, job: &WorkflowJob, trouble: &evaluate::Trouble) -> Error {
        Error::usage(format!("{}: job `{}`: {trouble}", self.rehearsal.workflow.file, job.id))
    }
}
