//! Runs one job: its steps in order, in a private folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use compatrix_ci::workflow::evaluate;
use compatrix_ci::workflow::evaluate::{Status, Trouble};
use compatrix_ci::workflow::rehearsal::{gives_verdict, JobResult, Leg};
use compatrix_ci::workflow::{Action, Installs, MayFail, Step, WorkflowJob};
use serde_json::{json, Map, Value};

use super::job::{Going, JobOutcome, Stop};
use super::setup::{RehearsalEvent, StepEnd};
use super::world::Rehearsal;
use super::{actions, shell, world};
use crate::sys::clock;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::supervisor::Supervisor;

/// Runs one job.
pub(super) fn run(
    rehearsal: &Rehearsal<'_>,
    job: &WorkflowJob,
    leg: &Leg,
    needs: &Map<String, Value>,
) -> Result<JobOutcome, Error> {
    let dir = rehearsal.places.work.join(&leg.slug);
    // The workspace of a job has the repository's name on GitHub, in a folder of that name.
    let (checkout, temp) = (dir.join("workspace"), dir.join("temp"));
    let logs = rehearsal.places.logs.join(&leg.slug);
    [&checkout, &temp, &logs].into_iter().try_for_each(|dir| files::make_dir(dir))?;
    let mut contexts = world::of_job(needs);
    contexts.insert("matrix".to_owned(), Value::Object(leg.matrix.clone()));
    contexts.insert("runner".to_owned(), world::runner(&temp));
    let minutes = Duration::from_secs(u64::from(job.timeout_minutes) * 60);
    let mut going = Going {
        rehearsal,
        job,
        base: rehearsal.variables(job, &checkout, &temp),
        folder: rehearsal.workflow.place.folder().map_or_else(|| checkout.clone(), |folder| checkout.join(folder)),
        checkout,
        temp,
        logs,
        contexts,
        env: BTreeMap::new(),
        paths: Vec::new(),
        steps: Map::new(),
        status: Status::GOOD,
        deadline: clock::instant() + minutes,
        outcome: JobOutcome { result: JobResult::Success, ..JobOutcome::default() },
        verdict: gives_verdict(job),
        cleanups: Vec::new(),
    };
    let ran = going.all_steps();
    going.end();
    let interrupted = rehearsal.setup.host.supervisor.is_interrupted();
    let outcome = going.outcome;
    if !rehearsal.places.stays {
        files::remove_dir(&dir)?;
    }
    ran?;
    if interrupted {
        return Err(Error::Interrupted);
    }
    Ok(outcome)
}

impl Going<'_, '_> {
    fn all_steps(&mut self) -> Result<(), Error> {
        if let Some(container) = &self.job.container {
            self.note(format!("`{}` runs on this machine, not in the container {}", self.job.id, container.image));
        }
        let workflow = &self.rehearsal.workflow.env;
        for (name, text) in workflow.iter().chain(&self.job.env) {
            match self.text(text) {
                Ok(value) if self.is_of_container(&value) => drop(self.env.insert(name.clone(), self.own(name))),
                Ok(value) => drop(self.env.insert(name.clone(), value)),
                Err(Trouble::Withheld(path)) => {
                    self.note(format!("`{}` is skipped: it needs `{path}`, which only GitHub has", self.job.id));
                    self.outcome.result = JobResult::Skipped;
                    return Ok(());
                }
                Err(trouble) => return Err(self.unknown("env", &trouble)),
            }
        }
        self.outcome.may_fail = match self.job.continue_on_error {
            MayFail::Never => false,
            MayFail::Always => true,
            MayFail::Where(expression) => {
                let value = evaluate::value(expression.0, &self.scope());
                evaluate::truthy(&value.map_err(|trouble| self.unknown("continue-on-error", &trouble))?)
            }
        };
        let mut deadline_passed = false;
        for (n, step) in self.job.steps.iter().enumerate() {
            if self.rehearsal.setup.host.supervisor.is_interrupted() {
                return Ok(());
            }
            if !deadline_passed && clock::instant() >= self.deadline {
                deadline_passed = true;
                self.cancel();
            }
            self.step(n, step)?;
        }
        Ok(())
    }

    /// Runs the post steps of a job, whatever its result.
    fn end(&mut self) {
        for cleanup in std::mem::take(&mut self.cleanups).into_iter().rev() {
            if let Err(error) = actions::clean_up(self, cleanup) {
                self.note(format!("{error:#}"));
            }
        }
        // A killed orchestrator leaves children that only its mark identifies.
        Supervisor::of_workspace(&self.folder).kill_leftovers();
        self.rehearsal.setup.host.supervisor.kill_left_by_runs();
        let summary = self.logs.join("summary.md");
        self.outcome.summary = files::exists(&summary).then_some(summary);
    }

    fn step(&mut self, n: usize, step: &Step) -> Result<(), Error> {
        let place = format!("step {}", n + 1);
        let name = self.text(&step.name).unwrap_or_else(|_| place.clone());
        let started = clock::instant();
        let mut outputs = Map::new();
        let holds = evaluate::condition(step.condition.map(|of| of.0), &self.scope());
        let end = if !holds.map_err(|trouble| self.unknown(&place, &trouble))? {
            StepEnd::Skipped
        } else if step.installs == Installs::Software && !self.rehearsal.setup.install {
            StepEnd::LeftOut("it installs on this machine; --install runs it".to_owned())
        } else {
            self.rehearsal.tell(RehearsalEvent::StepStarted(name.clone()));
            match self.act(n, step, &mut outputs) {
                Ok(end) => end,
                Err(Stop::Error(error)) => return Err(error),
                Err(Stop::Failed { why, code, said, log }) => {
                    if self.status.success {
                        self.status = Status { success: false, failure: true, cancelled: false };
                        self.outcome.result = JobResult::Failure;
                        self.outcome.code = code;
                    }
                    StepEnd::Failed { why, said, log }
                }
            }
        };
        if let Some(id) = step.id {
            let outcome = match &end {
                StepEnd::Done => "success",
                StepEnd::Failed { .. } => "failure",
                StepEnd::Skipped | StepEnd::LeftOut(_) => "skipped",
            };
            self.steps.insert(id.to_owned(), json!({ "outputs": outputs, "outcome": outcome, "conclusion": outcome }));
        }
        if !self.rehearsal.setup.host.supervisor.is_interrupted() {
            self.rehearsal.tell(RehearsalEvent::StepEnded { step: name, end, wall: started.elapsed() });
        }
        Ok(())
    }

    fn act(&mut self, n: usize, step: &Step, outputs: &mut Map<String, Value>) -> Result<StepEnd, Stop> {
        let mut env = BTreeMap::new();
        for (name, text) in &step.env {
            match self.text(text) {
                Ok(value) => drop(env.insert(name.clone(), value)),
                Err(Trouble::Withheld(path)) => return Ok(withheld(&path)),
                Err(trouble) => return Err(Stop::Error(self.unknown(&format!("step {}", n + 1), &trouble))),
            }
        }
        match &step.action {
            Action::Run(_) if step.installs == Installs::Compatrix && !self.rehearsal.setup.install => {
                stand_in(&self.folder, &env)
            }
            Action::Run(lines) => {
                let dir = if step.at_top { self.checkout.clone() } else { self.folder.clone() };
                shell::run(self, &dir, n, lines, &env, outputs).map(|()| StepEnd::Done)
            }
            Action::Uses { action, with } => {
                let mut inputs = BTreeMap::new();
                for (name, text) in with {
                    match self.text(text) {
                        Ok(value) => drop(inputs.insert(*name, value)),
                        Err(Trouble::Withheld(path)) => return Ok(withheld(&path)),
                        Err(trouble) => return Err(Stop::Error(self.unknown(&format!("step {}", n + 1), &trouble))),
                    }
                }
                actions::act(self, action, &inputs, outputs).map_err(|error| Stop::Failed {
                    why: format!("{error:#}"),
                    code: None,
                    said: String::new(),
                    log: None,
                })
            }
        }
    }
}

/// Hands on the running executable in place of one that would be downloaded.
fn stand_in(folder: &Path, env: &BTreeMap<String, String>) -> Result<StepEnd, Stop> {
    let program = std::env::current_exe().map_err(|error| anyhow!("cannot tell which executable runs: {error}"))?;
    let handed = env.get("HANDED").ok_or_else(|| anyhow!("the step hands nothing on"))?;
    let handed = folder.join(handed);
    if let Some(parent) = handed.parent() {
        files::make_dir(parent)?;
    }
    files::copy(&program, &handed)?;
    Ok(StepEnd::LeftOut("the running executable stands in for the installed one; --install installs it".to_owned()))
}

fn withheld(path: &str) -> StepEnd {
    StepEnd::LeftOut(format!("it needs `{path}`, which only GitHub has"))
}
