//! A running job: the state that its steps share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use compatrix_ci::workflow::evaluate;
use compatrix_ci::workflow::evaluate::{Scope, Status, Trouble};
use compatrix_ci::workflow::rehearsal::JobResult;
use compatrix_ci::workflow::{Text, WorkflowJob};
use serde_json::{json, Map, Value};

use super::artifacts;
use super::setup::RehearsalEvent;
use super::world::Rehearsal;
use crate::sys::clock;
use crate::sys::error::Error;

/// How long steps that run even so may take after a job's time is over. Source: docs.github.com, "Canceling a workflow".
const AFTER_ALL: Duration = Duration::from_secs(300);

/// A post step, run at the end of a job.
pub(super) enum Cleanup {
    /// The folder that was lent to a job is taken back.
    TakeBack {
        /// Where it is.
        from: PathBuf,
        /// Where it is kept.
        to: PathBuf,
    },
    /// Paths are kept under a key, if the job succeeded.
    Save { key: String, paths: Vec<PathBuf> },
}

/// How a job ended.
#[derive(Debug)]
pub(super) struct JobOutcome {
    pub(super) result: JobResult,
    /// Whether it may fail.
    pub(super) may_fail: bool,
    /// The exit code of the step by which it failed.
    pub(super) code: Option<i32>,
    /// The output of the verdict's steps.
    pub(super) printed: String,
    /// Its job summary, if it wrote one.
    pub(super) summary: Option<PathBuf>,
}

impl Default for JobOutcome {
    fn default() -> Self {
        Self { result: JobResult::Skipped, may_fail: false, code: None, printed: String::new(), summary: None }
    }
}

/// The state of a running job.
pub(super) struct Going<'r, 'a> {
    pub(super) rehearsal: &'r Rehearsal<'a>,
    pub(super) job: &'r WorkflowJob,
    /// `GITHUB_WORKSPACE`.
    pub(super) checkout: PathBuf,
    /// The workspace in it, where lines run.
    pub(super) folder: PathBuf,
    /// `RUNNER_TEMP`.
    pub(super) temp: PathBuf,
    /// Logs and the summary.
    pub(super) logs: PathBuf,
    pub(super) contexts: Map<String, Value>,
    /// Variables that GitHub or we have set.
    pub(super) base: BTreeMap<String, String>,
    /// Variables of the workflow, the job, and those that steps have set.
    pub(super) env: BTreeMap<String, String>,
    /// Folders that steps have put before PATH, the newest first.
    pub(super) paths: Vec<String>,
    pub(super) steps: Map<String, Value>,
    pub(super) status: Status,
    pub(super) deadline: Instant,
    pub(super) outcome: JobOutcome,
    pub(super) verdict: bool,
    pub(super) cleanups: Vec<Cleanup>,
}

/// Why a step has not been done.
pub(super) enum Stop {
    /// It failed: reason, exit code, end of the output, log.
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
    /// A value that names a folder which only the container has.
    pub(super) fn is_of_container(&self, value: &str) -> bool {
        let volumes = self.job.container.iter().flat_map(|container| &container.volumes);
        let mut inside = volumes.filter_map(|volume| volume.rsplit_once(':').map(|(_, inside)| inside));
        inside.any(|inside| Path::new(value).starts_with(inside))
    }

    /// The replacement for a folder that exists only in the container.
    pub(super) fn own(&self, name: &str) -> String {
        let ambient = &self.rehearsal.setup.host.ambient;
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

    /// A text with its expressions evaluated.
    pub(super) fn text(&self, text: &Text) -> Result<String, Trouble> {
        match text {
            Text::Literal(text) => Ok(text.clone()),
            Text::Expression(expression) => evaluate::text(expression.0, &self.scope()),
        }
    }

    pub(super) fn scope(&self) -> Scope<'_> {
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
        self.rehearsal.scope(contexts, self.status, Box::new(hash_files))
    }

    pub(super) fn note(&self, text: String) {
        self.rehearsal.tell(RehearsalEvent::Note(text));
    }

    /// Post steps, run at the end of the job.
    pub(super) fn later(&mut self, cleanup: Cleanup) {
        self.cleanups.push(cleanup);
    }

    pub(super) fn succeeded(&self) -> bool {
        self.status.success
    }

    pub(super) fn unknown(&self, place: &str, trouble: &Trouble) -> Error {
        Error::usage(format!("{}: job `{}`, {place}: {trouble}", self.rehearsal.workflow.file, self.job.id))
    }
}
