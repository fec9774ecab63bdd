//! The pure part of a rehearsal: job order, matrix rows, results, and what can be rehearsed at all.

#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{json, Map, Value};

use super::evaluate::{self, Status};
use super::{Action, Expression, MatrixValue, MayFail, Text, Workflow, WorkflowJob};

/// The job that gives the verdict of all cells.
const VERDICT: &str = "verdict";
/// The start of the id of a job that gives a verdict of its own.
pub const GATE: &str = "gate-";

/// Whether the exit code of this job is that of the rehearsal.
pub fn gives_verdict(job: &WorkflowJob) -> bool {
    job.id == VERDICT || job.id.starts_with(GATE)
}

/// The inputs of each action that a rehearsal knows. Sources: their `action.yml`.
const ACTIONS: [(&str, &[&str]); 8] = [
    ("actions/checkout", &["fetch-depth", "persist-credentials", "submodules", "lfs", "clean", "show-progress"]),
    (
        "actions/upload-artifact",
        &[
            "name",
            "path",
            "if-no-files-found",
            "retention-days",
            "overwrite",
            "compression-level",
            "include-hidden-files",
        ],
    ),
    ("actions/download-artifact", &["name", "pattern", "path", "merge-multiple"]),
    ("actions/cache", CACHE),
    ("actions/cache/restore", CACHE),
    ("actions/cache/save", CACHE),
    (RUST_CACHE, &[]),
    (UPLOAD_SARIF, &[]),
];
const CACHE: &[&str] = &["path", "key", "restore-keys", "fail-on-cache-miss", "lookup-only"];
/// On GitHub its inputs select which parts of `target` to keep; a rehearsal keeps everything.
pub const RUST_CACHE: &str = "Swatinem/rust-cache";
/// Skipped in a rehearsal, because there is no GitHub to upload to.
pub const UPLOAD_SARIF: &str = "github/codeql-action/upload-sarif";

/// The result of a job, in GitHub's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobResult {
    /// All its steps succeeded.
    Success,
    /// Its condition was false, or a needed job did not succeed.
    Skipped,
    /// It exceeded its time limit.
    Cancelled,
    /// A step failed.
    Failure,
}

impl JobResult {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            JobResult::Success => "success",
            JobResult::Skipped => "skipped",
            JobResult::Cancelled => "cancelled",
            JobResult::Failure => "failure",
        }
    }
}

impl fmt::Display for JobResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One row of a job's matrix, or the job itself if it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// The job's id with the row's first value: `pull-request-linux-x86_64 (linux-x86_64-stable)`.
    pub name: String,
    /// The part used in file names.
    pub slug: String,
    /// The context `matrix`.
    pub matrix: Map<String, Value>,
    /// Predicted minutes, if the row has them.
    pub minutes: Option<u64>,
}

/// Expands a job into the jobs that GitHub runs.
pub fn legs(job: &WorkflowJob) -> Vec<Leg> {
    let Some(matrix) = &job.matrix else {
        return vec![Leg { name: job.id.clone(), slug: job.id.clone(), matrix: Map::new(), minutes: None }];
    };
    let value = |value: &MatrixValue| match value {
        MatrixValue::Text(text) => json!(text),
        MatrixValue::Number(n) => json!(n),
        MatrixValue::Bool(so) => json!(so),
    };
    let rows = matrix.include.iter().enumerate();
    rows.map(|(n, row)| {
        let first = row.first().map(|(_, first)| evaluate::to_text(&value(first))).unwrap_or_default();
        let minutes = row.iter().find_map(|(key, value)| match (key.as_str(), value) {
            ("minutes", MatrixValue::Number(minutes)) => Some(*minutes),
            _ => None,
        });
        Leg {
            name: format!("{} ({first})", job.id),
            slug: format!("{}-{}", job.id, n + 1),
            matrix: row.iter().map(|(key, of)| (key.clone(), value(of))).collect(),
            minutes,
        }
    })
    .collect()
}

/// Indices of the jobs in an order that respects `needs`, otherwise in file order.
///
/// # Errors
/// A job needs a missing one, or, directly or indirectly, itself.
pub fn order(jobs: &[WorkflowJob]) -> Result<Vec<usize>, String> {
    let at = |id: &str| jobs.iter().position(|job| job.id == id);
    for job in jobs {
        if let Some(lost) = job.needs.iter().find(|id| at(id).is_none()) {
            return Err(format!("the job `{}` needs `{lost}`, which does not exist", job.id));
        }
    }
    let mut order: Vec<usize> = Vec::new();
    while order.len() < jobs.len() {
        let ready = |n: &usize| {
            !order.contains(n) && jobs[*n].needs.iter().all(|id| at(id).is_some_and(|before| order.contains(&before)))
        };
        match (0..jobs.len()).find(ready) {
            Some(next) => order.push(next),
            None => return Err("the jobs' `needs` form a cycle".to_owned()),
        }
    }
    Ok(order)
}

/// A finished job.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The key under `jobs`.
    pub id: String,
    /// The result that other jobs see, after `continue-on-error`.
    pub result: JobResult,
}

/// A job in the report of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// As in [`Leg::name`].
    pub name: String,
    /// `None` if the job belongs to another platform and did not run.
    pub result: Option<JobResult>,
    /// Whether it may fail.
    pub may_fail: bool,
    /// Duration in milliseconds.
    pub wall_ms: u64,
    /// Predicted minutes.
    pub minutes: Option<u64>,
}

/// The context `needs`: the jobs that this one names, as far as they were rehearsed.
pub fn needs(job: &WorkflowJob, ended: &[Ended]) -> Map<String, Value> {
    let named = ended.iter().filter(|before| job.needs.contains(&before.id));
    named.map(|before| (before.id.clone(), json!({ "result": before.result.as_str(), "outputs": {} }))).collect()
}

/// The answers of `success()` and similar functions in a job's condition. They cover all jobs that it needs directly or
/// indirectly. A skipped one is not a success (github.com/actions/runner/issues/491).
pub fn status(job: &WorkflowJob, jobs: &[WorkflowJob], ended: &[Ended]) -> Status {
    let mut before: Vec<&str> = Vec::new();
    let mut todo: Vec<&str> = job.needs.iter().map(String::as_str).collect();
    while let Some(id) = todo.pop() {
        if !before.contains(&id) {
            before.push(id);
            todo.extend(jobs.iter().filter(|job| job.id == id).flat_map(|job| &job.needs).map(String::as_str));
        }
    }
    let results: Vec<JobResult> =
        ended.iter().filter(|of| before.contains(&of.id.as_str())).map(|of| of.result).collect();
    Status {
        success: results.iter().all(|result| *result == JobResult::Success),
        failure: results.contains(&JobResult::Failure),
        cancelled: false,
    }
}

/// The result of a job from its legs' results, each with whether it may fail.
pub fn result_of(legs: &[(JobResult, bool)]) -> JobResult {
    let counted = legs.iter().map(|(result, may_fail)| match may_fail {
        true if *result != JobResult::Skipped => JobResult::Success,
        _ => *result,
    });
    counted.max().unwrap_or(JobResult::Skipped)
}

/// Everything in a workflow that cannot be rehearsed, as messages with places.
pub fn refusals(workflow: &Workflow) -> Vec<String> {
    let mut found = Vec::new();
    let mut refuse = |place: &str, what: String| found.push(format!("{}: {place}: {what}", workflow.file));
    if let Err(what) = order(&workflow.jobs) {
        refuse("jobs", what);
    }
    texts(workflow.env.iter().map(|(_, text)| text), "env", &mut refuse);
    for job in &workflow.jobs {
        let place = format!("job `{}`", job.id);
        conditions(job.condition, &place, &mut refuse);
        if let MayFail::Where(of) = job.continue_on_error {
            conditions(Some(of), &place, &mut refuse);
        }
        texts(job.env.iter().map(|(_, text)| text), &place, &mut refuse);
        for (n, step) in job.steps.iter().enumerate() {
            let place = format!("{place}, step {}", n + 1);
            conditions(step.condition, &place, &mut refuse);
            texts(step.env.iter().map(|(_, text)| text), &place, &mut refuse);
            let Action::Uses { action, with } = &step.action else { continue };
            match ACTIONS.iter().find(|(known, _)| known == action) {
                None => refuse(&place, format!("a rehearsal does not know the action `{action}`")),
                Some((RUST_CACHE | UPLOAD_SARIF, _)) => {}
                Some((_, inputs)) => {
                    for (name, _) in with.iter().filter(|(name, _)| !inputs.contains(name)) {
                        refuse(&place, format!("a rehearsal does not know the input `{name}` of `{action}`"));
                    }
                }
            }
            texts(with.iter().map(|(_, text)| text), &place, &mut refuse);
        }
    }
    found
}

fn conditions(of: Option<Expression>, place: &str, refuse: &mut dyn FnMut(&str, String)) {
    if let Some(Err(what)) = of.map(|of| evaluate::check_condition(of.0)) {
        refuse(place, what);
    }
}

fn texts<'a>(of: impl IntoIterator<Item = &'a Text>, place: &str, refuse: &mut dyn FnMut(&str, String)) {
    for text in of {
        if let Text::Expression(of) = text {
            if let Err(what) = evaluate::check(of.0) {
                refuse(place, what);
            }
        }
    }
}

/// Parses what a step wrote to `$GITHUB_ENV` or `$GITHUB_OUTPUT`: lines `name=value`, or `name<<END`, lines, `END`.
/// Source: docs.github.com, "Workflow commands for GitHub Actions".
///
/// # Errors
/// A line is neither, or an end is missing.
pub fn assignments(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let equals = line.find('=');
        let here = line.find("<<").filter(|here| equals.is_none_or(|equals| *here < equals));
        match (here, equals) {
            (Some(at), _) => {
                let (name, end) = (&line[..at], &line[at + 2..]);
                let mut value: Vec<&str> = Vec::new();
                loop {
                    match lines.next() {
                        Some(line) if line == end => break,
                        Some(line) => value.push(line),
                        None => return Err(format!("`{line}` is not closed by a line `{end}`")),
                    }
                }
                found.push((name.to_owned(), value.join("\n")));
            }
            (None, Some(at)) => found.push((line[..at].to_owned(), line[at + 1..].to_owned())),
            (None, None) if line.trim().is_empty() => {}
            (None, None) => return Err(format!("`{line}` is not of the form `name=value`")),
        }
    }
    Ok(found)
}
