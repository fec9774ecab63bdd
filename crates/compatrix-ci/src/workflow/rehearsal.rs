//! What of a rehearsal needs no machine: the order of jobs, the jobs of a matrix, results, and what may be rehearsed at all.

#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{json, Map, Value};

use super::evaluate::{self, Status};
use super::{Action, Expression, MatrixValue, Text, Workflow, WorkflowJob};

/// The job whose end is the end of the whole rehearsal.
pub const VERDICT: &str = "verdict";

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
/// Its inputs say what of `target` is kept on GitHub; here all of it is.
pub const RUST_CACHE: &str = "Swatinem/rust-cache";
/// Left out: there is no GitHub to send to.
pub const UPLOAD_SARIF: &str = "github/codeql-action/upload-sarif";

/// How a job has ended, in GitHub's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobResult {
    /// All its steps did what they should.
    Success,
    /// Its condition did not hold, or what it needs did not succeed.
    Skipped,
    /// It took longer than it may.
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

/// One job of a matrix, or the one of a job that has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// The job's key, with the value of the row's first key: `pull-request-linux-x86_64 (linux-x86_64-stable)`.
    pub name: String,
    /// What of it files are named by.
    pub slug: String,
    /// The context `matrix`.
    pub matrix: Map<String, Value>,
    /// Predicted minutes, where the row has them.
    pub minutes: Option<u64>,
}

/// The jobs that GitHub makes of this one.
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

/// Positions of the jobs, each after all that it needs, else in the order of the file.
///
/// # Errors
/// A job needs one that is not there, or, by way of others, itself.
pub fn order(jobs: &[WorkflowJob]) -> Result<Vec<usize>, String> {
    let at = |id: &str| jobs.iter().position(|job| job.id == id);
    for job in jobs {
        if let Some(lost) = job.needs.iter().find(|id| at(id).is_none()) {
            return Err(format!("the job `{}` needs `{lost}`, which is not there", job.id));
        }
    }
    let mut order: Vec<usize> = Vec::new();
    while order.len() < jobs.len() {
        let ready = |n: &usize| {
            !order.contains(n) && jobs[*n].needs.iter().all(|id| at(id).is_some_and(|before| order.contains(&before)))
        };
        match (0..jobs.len()).find(ready) {
            Some(next) => order.push(next),
            None => return Err("the jobs need each other in a circle".to_owned()),
        }
    }
    Ok(order)
}

/// A job that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// Its key.
    pub id: String,
    /// Its result, as other jobs see it.
    pub result: JobResult,
}

/// A job in the account of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// Its name.
    pub name: String,
    /// How it ended; none: it is of another platform, and left out.
    pub result: Option<JobResult>,
    /// Whether it may fail.
    pub may_fail: bool,
    /// How long it took, in milliseconds.
    pub wall_ms: u64,
    /// How many minutes it was predicted to take.
    pub minutes: Option<u64>,
}

/// The context `needs`: the jobs that this one names, of those that were rehearsed.
pub fn needs(job: &WorkflowJob, ended: &[Ended]) -> Map<String, Value> {
    let named = ended.iter().filter(|before| job.needs.contains(&before.id));
    named.map(|before| (before.id.clone(), json!({ "result": before.result.as_str(), "outputs": {} }))).collect()
}

/// What `success()` and its like answer in a job's condition: of all jobs before it, those that it needs only by way of
/// others among them. One that was skipped is no success (github.com/actions/runner/issues/491).
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

/// The result of a job with these legs, each with whether it may fail.
pub fn result_of(legs: &[(JobResult, bool)]) -> JobResult {
    let counted = legs.iter().map(|(result, may_fail)| match may_fail {
        true if *result != JobResult::Skipped => JobResult::Success,
        _ => *result,
    });
    counted.max().unwrap_or(JobResult::Skipped)
}

/// Everything in a workflow that cannot be rehearsed; texts for people, each with the place.
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
        conditions(job.continue_on_error, &place, &mut refuse);
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

/// What a step wrote to `$GITHUB_ENV` or `$GITHUB_OUTPUT`: lines `name=value`, and `name<<END`, lines, `END`.
/// Source: docs.github.com, "Workflow commands for GitHub Actions".
///
/// # Errors
/// The line that is neither, or the end that is missing.
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
                        None => return Err(format!("`{line}` has no line `{end}` that ends it")),
                    }
                }
                found.push((name.to_owned(), value.join("\n")));
            }
            (None, Some(at)) => found.push((line[..at].to_owned(), line[at + 1..].to_owned())),
            (None, None) if line.trim().is_empty() => {}
            (None, None) => return Err(format!("`{line}` is no `name=value`")),
        }
    }
    Ok(found)
}
