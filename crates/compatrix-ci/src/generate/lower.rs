//! Lowers a workflow to YAML: GitHub's keys in the usual order, with pins.

use std::fmt;

use crate::pins::{is_digest, is_sha, Pins, FILE};
use crate::workflow::{
    Action, Container, Expression, Matrix, MatrixValue, MayFail, Permission, Step, Text, Trigger, Workflow, WorkflowJob,
};

use super::header;
use super::yaml::{comment, Map, Node};

/// Why a workflow was refused: all reasons at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Vec<Reason>);

/// A reason to refuse a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An action has no valid pin.
    Action(String),
    /// An image has no valid pin.
    Image(String),
    /// GitHub would evaluate a text that must be literal.
    Expression {
        /// Where the text would appear.
        place: String,
        /// The offending text.
        text: String,
    },
    /// Not a valid job id for GitHub.
    Job(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Action(name) => write!(
                f,
                "the action {name} has no pin; add its version and commit to {FILE}:\n\
                 [action.\"{name}\"]\nversion = \"v1.2.3\"\nsha = \"40 hex digits\""
            ),
            Reason::Image(name) => write!(
                f,
                "the image {name} has no pin; add its digest to {FILE}:\n\
                 [image.\"{name}\"]\ndigest = \"sha256:64 hex digits\""
            ),
            Reason::Expression { place, text } => {
                write!(f, "GitHub would evaluate {text:?} ({place}); a value must not contain `${{{{`")
            }
            Reason::Job(id) => {
                write!(
                    f,
                    "{id:?} is not a valid job id; use letters, digits, `-` and `_`, starting with a letter or `_`"
                )
            }
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<String> = self.0.iter().map(Reason::to_string).collect();
        f.write_str(&reasons.join("\n"))
    }
}

impl std::error::Error for Refused {}

/// The text of the workflow's file: header and body.
///
/// # Errors
/// An action or image without a pin; a value that GitHub would evaluate. All of them at once.
pub fn text(workflow: &Workflow, pins: &Pins) -> Result<String, Refused> {
    let body = body(workflow, pins)?;
    Ok(header::header(&body, &workflow.place) + &body)
}

/// The text below the header.
///
/// # Errors
/// As [`text`].
pub fn body(workflow: &Workflow, pins: &Pins) -> Result<String, Refused> {
    let mut lower = Lower { pins, is_below_top: false, reasons: Vec::new() };
    let tree = lower.workflow(workflow);
    if !lower.reasons.is_empty() {
        return Err(Refused(lower.reasons));
    }
    let mut out = String::new();
    comment(&mut out, &workflow.about, 0);
    out.push('\n');
    out.push_str(&tree.text());
    Ok(out)
}

struct Lower<'a> {
    pins: &'a Pins,
    /// Whether lines run in a folder of the repository, unless they say otherwise.
    is_below_top: bool,
    reasons: Vec<Reason>,
}

impl Lower<'_> {
    fn workflow(&mut self, workflow: &Workflow) -> Map {
        let mut map = Map::default().with("name", self.literal(&workflow.name, "name"));
        map = map.with("on", self.triggers(&workflow.on)).gap();
        map = map.with("permissions", Map::default()).beside("each job requests what it needs").gap();
        if let Some(concurrency) = &workflow.concurrency {
            let cancel = concurrency.cancel.map_or(Node::Bool(true), expression);
            let group = Map::default().with("group", expression(concurrency.group)).with("cancel-in-progress", cancel);
            map = map.with("concurrency", group).gap();
        }
        if !workflow.env.is_empty() {
            map = map.with("env", self.env(&workflow.env)).gap();
        }
        let run = Map::default().with("shell", "bash");
        let run = run.with_some("working-directory", workflow.place.folder());
        map = map.with("defaults", Map::default().with("run", run)).gap();
        self.is_below_top = workflow.place.folder().is_some();
        let mut jobs = Map::default();
        for (n, job) in workflow.jobs.iter().enumerate() {
            jobs = jobs.with(self.id(&job.id), self.job(job)).above(&job.about);
            if n > 0 {
                jobs = jobs.gap();
            }
        }
        map.with("jobs", jobs).gap()
    }

    fn triggers(&mut self, triggers: &[Trigger]) -> Map {
        let mut on = Map::default();
        for trigger in triggers {
            on = match trigger {
                Trigger::PullRequest { branches } => on.with("pull_request", self.branches(branches)),
                Trigger::Push { branches } => on.with("push", self.branches(branches)),
                Trigger::MergeGroup => on.with("merge_group", Node::Nothing),
                Trigger::Schedule { crons } => {
                    let crons: Vec<Node> = crons
                        .iter()
                        .map(|cron| Map::default().with("cron", self.literal(cron, "on.schedule")).into())
                        .collect();
                    on.with("schedule", crons)
                }
                Trigger::Completed { workflow, why } => {
                    let run = Map::default()
                        .with("workflows", vec![self.literal(workflow, "on.workflow_run")])
                        .with("types", vec![Node::from("completed")]);
                    on.with("workflow_run", run).beside(format!("zizmor: ignore[dangerous-triggers] {why}"))
                }
                Trigger::Dispatch { events } if events.is_empty() => on.with("workflow_dispatch", Node::Nothing),
                Trigger::Dispatch { events } => {
                    let options: Vec<Node> = events.iter().map(|event| event.as_str().into()).collect();
                    let event = Map::default()
                        .with("description", "The event whose plan to run")
                        .with("type", "choice")
                        .with("required", true)
                        .with("default", events[0].as_str())
                        .with("options", options);
                    let inputs = Map::default().with("event", event);
                    on.with("workflow_dispatch", Map::default().with("inputs", inputs))
                }
            };
        }
        on
    }

    fn branches(&mut self, branches: &[String]) -> Map {
        let branches: Vec<Node> = branches.iter().map(|branch| self.literal(branch, "branches")).collect();
        Map::default().with("branches", branches)
    }

    fn job(&mut self, job: &WorkflowJob) -> Map {
        let place = &job.id;
        let mut map = Map::default().with("name", self.scalar(&job.name, place));
        map = map.with_some("if", job.condition.map(expression));
        if !job.needs.is_empty() {
            let needs: Vec<Node> = job.needs.iter().map(|id| Node::Text(self.id(id))).collect();
            map = map.with("needs", needs);
        }
        map = map.with("runs-on", self.literal(&job.runs_on, place));
        if let Some(container) = &job.container {
            map = map.with("container", self.container(container, place));
        }
        map = map
            .with("timeout-minutes", Node::Number(job.timeout_minutes.into()))
            .with("permissions", permissions(&job.permissions))
            .with_some("continue-on-error", may_fail(job.continue_on_error));
        if let Some(matrix) = &job.matrix {
            let strategy = Map::default().with("fail-fast", false).with("matrix", self.matrix(matrix, place));
            map = map.with("strategy", strategy);
        }
        if !job.env.is_empty() {
            map = map.with("env", self.env(&job.env));
        }
        let steps: Vec<Node> = job.steps.iter().map(|step| self.step(step, place).into()).collect();
        map.with("steps", steps)
    }

    fn container(&mut self, container: &Container, place: &str) -> Map {
        let digest = self.pins.images.get(&container.image).filter(|digest| is_digest(digest));
        let name = container.image.split(':').next().unwrap_or_default();
        let image = match digest {
            Some(digest) => self.literal(&format!("{name}@{digest}"), place),
            None => {
                self.refuse(Reason::Image(container.image.clone()));
                Node::Nothing
            }
        };
        let volumes: Vec<Node> = container.volumes.iter().map(|volume| self.literal(volume, place)).collect();
        let map = Map::default().with("image", image).beside(container.image.clone()).with("volumes", volumes);
        match container.privileged {
            // Docker's own profile forbids namespaces.
            true => map.with("options", "--privileged"),
            false => map,
        }
    }

    fn matrix(&mut self, matrix: &Matrix, place: &str) -> Map {
        let row = |row: &Vec<(String, MatrixValue)>| {
            let values = row.iter().fold(Map::default(), |map, (key, value)| {
                let value = match value {
                    MatrixValue::Text(text) => self.literal(text, place),
                    MatrixValue::Number(number) => Node::Number(*number),
                    MatrixValue::Bool(value) => Node::Bool(*value),
                };
                map.with(key, value)
            });
            Node::Map(values)
        };
        let rows: Vec<Node> = matrix.include.iter().map(row).collect();
        Map::default().with("include", rows)
    }

    fn step(&mut self, step: &Step, place: &str) -> Map {
        let mut map = Map::default().with("name", self.scalar(&step.name, place));
        map = map.with_some("id", step.id).with_some("if", step.condition.map(expression));
        if !step.env.is_empty() {
            map = map.with("env", self.env(&step.env));
        }
        match &step.action {
            Action::Run(lines) => {
                let top = (self.is_below_top && step.at_top).then_some(".");
                map.with_some("working-directory", top).with("run", Node::Block(lines.clone()))
            }
            Action::Uses { action, with } => {
                map = match self.pins.action(action).filter(|pin| is_sha(&pin.sha)) {
                    Some(pin) => map.with("uses", format!("{action}@{}", pin.sha)).beside(pin.version.clone()),
                    None => {
                        let repository: Vec<&str> = action.split('/').take(2).collect();
                        self.refuse(Reason::Action(repository.join("/")));
                        map
                    }
                };
                let with =
                    with.iter().fold(Map::default(), |map, (key, value)| map.with(*key, self.scalar(value, place)));
                map.with("with", with)
            }
        }
    }

    fn env(&mut self, env: &[(String, Text)]) -> Map {
        env.iter().fold(Map::default(), |map, (name, value)| map.with(name, self.scalar(value, name)))
    }

    fn scalar(&mut self, text: &Text, place: &str) -> Node {
        match text {
            Text::Literal(text) => self.literal(text, place),
            Text::Expression(text) => expression(*text),
        }
    }

    /// A literal text. GitHub evaluates `${{ … }}` anywhere in a scalar, and has no escape for it.
    fn literal(&mut self, text: &str, place: &str) -> Node {
        if text.contains("${{") {
            self.refuse(Reason::Expression { place: place.to_owned(), text: text.to_owned() });
        }
        Node::Text(text.to_owned())
    }

    fn id(&mut self, id: &str) -> String {
        let valid = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !valid {
            self.refuse(Reason::Job(id.to_owned()));
        }
        id.to_owned()
    }

    fn refuse(&mut self, reason: Reason) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

fn expression(text: Expression) -> Node {
    text.0.into()
}

fn may_fail(may: MayFail) -> Option<Node> {
    match may {
        MayFail::Never => None,
        MayFail::Always => Some(true.into()),
        MayFail::Where(of) => Some(expression(of)),
    }
}

fn permissions(grants: &[Permission]) -> Map {
    grants.iter().fold(Map::default(), |map, grant| {
        map.with(grant.scope, if grant.write { "write" } else { "read" }).beside(grant.why)
    })
}
