//! One job: its steps, one after another, in a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use compatrix_ci::workflow::evaluate;
use compatrix_ci::workflow::evaluate::{Scope, Status, Trouble};
use compatrix_ci::workflow::rehearsal::{JobResult, Leg, VERDICT};
use compatrix_ci::workflow::{Action, Step, Text, WorkflowJob};
use serde_json::{json, Map, Value};

use super::actions::{self, Cleanup};
use super::{artifacts, world, Event, Run, StepEnd};
use crate::sys::clock;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::supervisor::Supervisor;

/// How long steps that run even so may take after a job's time is over. Source: docs.github.com, "Canceling a workflow".
const AFTER_ALL: Duration = Duration::from_secs(300);
/// How a job ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Its result.
    pub(super) result: JobResult,
    /// Whether it may fail.
    pub(super) may_fail: bool,
    /// The exit code of the step by which it failed.
    pub(super) code: Option<i32>,
    /// What steps of the verdict printed.
    pub(super) printed: String,
    /// Its job summary, if it wrote one.
    pub(super) summary: Option<PathBuf>,
}

impl Default for Outcome {
    fn default() -> Self {
        Self { result: JobResult::Skipped, may_fail: false, code: None, printed: String::new(), summary: None }
    }
}

/// A job that goes on.
pub(super) struct Going<'r, 'a> {
    pub(super) run: &'r Run<'a>,
    pub(super) job: &'r WorkflowJob,
    /// `GITHUB_WORKSPACE`.
    pub(super) checkout: PathBuf,
    /// `RUNNER_TEMP`.
    pub(super) temp: PathBuf,
    /// Logs and the summary.
    pub(super) logs: PathBuf,
    contexts: Map<String, Value>,
    /// Variables that GitHub or we have set.
    pub(super) base: BTreeMap<String, String>,
    /// Variables of the workflow, the job, and those that steps have set.
    pub(super) env: BTreeMap<String, String>,
    /// Folders that steps have put before PATH, the newest first.
    pub(super) paths: Vec<String>,
    steps: Map<String, Value>,
    status: Status,
    pub(super) deadline: Instant,
    pub(super) outcome: Outcome,
    pub(super) verdict: bool,
    cleanups: Vec<Cleanup>,
}

/// Runs one job.
pub(super) fn run(run: &Run<'_>, job: &WorkflowJob, leg: &Leg, needs: &Map<String, Value>) -> Result<Outcome, Error> {
    let dir = run.places.work.join(&leg.slug);
    // The workspace of a job has the repository's name on GitHub, in a folder of that name.
    let (checkout, temp) = (dir.join("workspace"), dir.join("temp"));
    let logs = run.places.logs.join(&leg.slug);
    [&checkout, &temp, &logs].into_iter().try_for_each(|dir| files::make_dir(dir))?;
    let mut contexts = world::of_job(needs);
    contexts.insert("matrix".to_owned(), Value::Object(leg.matrix.clone()));
    contexts.insert("runner".to_owned(), world::runner(&temp));
    let minutes = Duration::from_secs(u64::from(job.timeout_minutes) * 60);
    let mut going = Going {
        run,
        job,
        base: run.variables(job, &checkout, &temp),
        checkout,
        temp,
        logs,
        contexts,
        env: BTreeMap::new(),
        paths: Vec::new(),
        steps: Map::new(),
        status: Status::GOOD,
        deadline: clock::instant() + minutes,
        outcome: Outcome { result: JobResult::Success, ..Outcome::default() },
        verdict: job.id == VERDICT,
        cleanups: Vec::new(),
    };
    let ran = going.all_steps();
    going.end();
    let interrupted = run.setup.host.supervisor.is_interrupted();
    let outcome = going.outcome;
    if !run.places.stays {
        files::remove_dir(&dir)?;
    }
    ran?;
    if interrupted {
        return Err(Error::Interrupted);
    }
    Ok(outcome)
}

/// Why a step has not been done.
pub(super) enum Stop {
    /// It failed: why, its exit code, the end of what it wrote, its log.
    Failed { why: String, code: Option<i32>, said: String, log: Option<PathBuf> },
    /// The rehearsal cannot go on.
    Error(Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Stop::Error(error.into())
    }
}

impl Going<'_, '_> {
    fn all_steps(&mut self) -> Result<(), Error> {
        if let Some(container) = &self.job.container {
            self.note(format!("`{}` runs on this machine, not in the container {}", self.job.id, container.image));
        }
        let workflow = &self.run.workflow.env;
        for (name, text) in workflow.iter().chain(&self.job.env) {
            match self.text(text) {
                Ok(value) if self.is_of_container(&value) => drop(self.env.insert(name.clone(), self.own(name))),
                Ok(value) => drop(self.env.insert(name.clone(), value)),
                Err(Trouble::Withheld(path)) => {
                    self.note(format!("`{}` is left out: it needs `{path}`, which is GitHub's alone", self.job.id));
                    self.outcome.result = JobResult::Skipped;
                    return Ok(());
                }
                Err(trouble) => return Err(self.unknown("env", &trouble)),
            }
        }
        if let Some(expression) = self.job.continue_on_error {
            let value = evaluate::value(expression.0, &self.scope());
            let value = value.map_err(|trouble| self.unknown("continue-on-error", &trouble))?;
            self.outcome.may_fail = evaluate::truthy(&value);
        }
        let mut deadline_passed = false;
        for (n, step) in self.job.steps.iter().enumerate() {
            if self.run.setup.host.supervisor.is_interrupted() {
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

    /// What is left to do at the end of a job, whatever became of it.
    fn end(&mut self) {
        for cleanup in std::mem::take(&mut self.cleanups).into_iter().rev() {
            if let Err(error) = actions::clean_up(self, cleanup) {
                self.note(format!("{error:#}"));
            }
        }
        // An orchestrator that was ended too hard leaves children that only its own mark tells of.
        Supervisor::of_workspace(&self.checkout).kill_leftovers();
        self.run.setup.host.supervisor.kill_left_by_runs();
        let summary = self.logs.join("summary.md");
        self.outcome.summary = files::exists(&summary).then_some(summary);
    }

    /// A value that names a folder which only the container has.
    fn is_of_container(&self, value: &str) -> bool {
        let volumes = self.job.container.iter().flat_map(|container| &container.volumes);
        let mut inside = volumes.filter_map(|volume| volume.rsplit_once(':').map(|(_, inside)| inside));
        inside.any(|inside| Path::new(value).starts_with(inside))
    }

    /// What stands here in place of a folder that only the container has.
    fn own(&self, name: &str) -> String {
        let ambient = &self.run.setup.host.ambient;
        let home = ambient.get("HOME").unwrap_or_default();
        match (ambient.get(name), name) {
            (Some(ours), _) => ours.to_owned(),
            (None, "CARGO_HOME") => format!("{home}/.cargo"),
            (None, "RUSTUP_HOME") => format!("{home}/.rustup"),
            (None, _) => String::new(),
        }
    }

    pub(super) fn cancel(&mut self) {
        self.note(format!("`{}` took longer than its {} minutes", self.job.id, self.job.timeout_minutes));
        self.status = Status { success: false, failure: false, cancelled: true };
        self.outcome.result = JobResult::Cancelled;
        self.deadline = clock::instant() + AFTER_ALL;
    }

    fn step(&mut self, n: usize, step: &Step) -> Result<(), Error> {
        let place = format!("step {}", n + 1);
        let name = self.text(&step.name).unwrap_or_else(|_| place.clone());
        let started = clock::instant();
        let mut outputs = Map::new();
        let holds = evaluate::condition(step.condition.map(|of| of.0), &self.scope());
        let end = if !holds.map_err(|trouble| self.unknown(&place, &trouble))? {
            StepEnd::Skipped
        } else if step.installs && !self.run.setup.install {
            StepEnd::LeftOut("it installs on this machine; --install runs it".to_owned())
        } else {
            self.run.tell(Event::StepStarted(name.clone()));
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
        if !self.run.setup.host.supervisor.is_interrupted() {
            self.run.tell(Event::StepEnded { step: name, end, wall: started.elapsed() });
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
            Action::Run(lines) => self.shell(n, lines, &env, outputs).map(|()| StepEnd::Done),
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

    /// A text with its expressions evaluated.
    pub(super) fn text(&self, text: &Text) -> Result<String, Trouble> {
        match text {
            Text::Literal(text) => Ok(text.clone()),
            Text::Expression(expression) => evaluate::text(expression.0, &self.scope()),
        }
    }

    fn scope(&self) -> Scope<'_> {
        let mut contexts = self.contexts.clone();
        let env = self.env.iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
        contexts.insert("env".to_owned(), Value::Object(env.collect()));
        let mut steps = self.steps.clone();
        for id in self.job.steps.iter().filter_map(|step| step.id) {
            steps.entry(id).or_insert_with(|| json!({ "outputs": {} }));
        }
        contexts.insert("steps".to_owned(), Value::Object(steps));
        contexts.insert("job".to_owned(), json!({ "status": self.outcome.result.as_str(), "services": {} }));
        let hash_files = |patterns: &[String]| {
            artifacts::hash_files(&self.checkout, patterns).map_err(|error| format!("hashFiles: {error:#}"))
        };
        self.run.scope(contexts, self.status, Box::new(hash_files))
    }

    pub(super) fn note(&self, text: String) {
        self.run.tell(Event::Note(text));
    }

    /// What is to be done at the end of the job.
    pub(super) fn later(&mut self, cleanup: Cleanup) {
        self.cleanups.push(cleanup);
    }

    pub(super) fn succeeded(&self) -> bool {
        self.status.success
    }

    fn unknown(&self, place: &str, trouble: &Trouble) -> Error {
        Error::usage(format!("{}: job `{}`, {place}: {trouble}", self.run.workflow.file, self.job.id))
    }
}

fn withheld(path: &str) -> StepEnd {
    StepEnd::LeftOut(format!("it needs `{path}`, which is GitHub's alone"))
}
