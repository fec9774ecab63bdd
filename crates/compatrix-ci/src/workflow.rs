//! A GitHub Actions workflow as data: what is written as YAML, and what a rehearsal executes.
//!
//! The types keep values of the spec out of shells: a command's text is part of this program, never made at run time, and
//! so is an expression. What varies goes into `env`, as a [`Text`].

pub mod evaluate;
pub mod rehearsal;

use compatrix_model::matrix_spec::Event;

/// A workflow file.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// The file's name, in `.github/workflows`.
    pub file: String,
    /// Its name on GitHub.
    pub name: String,
    /// What it is for and what it is predicted to cost, in lines of a comment.
    pub about: Vec<String>,
    /// What starts it.
    pub on: Vec<Trigger>,
    /// Runs of one group cancel each other or wait for each other.
    pub concurrency: Option<Concurrency>,
    /// Environment of all jobs.
    pub env: Vec<(String, Text)>,
    /// The jobs, in the order in which a reader meets them.
    pub jobs: Vec<WorkflowJob>,
}

/// What starts a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A pull request into one of these branches.
    PullRequest {
        /// The branches.
        branches: Vec<String>,
    },
    /// A merge queue.
    MergeGroup,
    /// A push to one of these branches.
    Push {
        /// The branches.
        branches: Vec<String>,
    },
    /// The clock.
    Schedule {
        /// Five fields, UTC.
        crons: Vec<String>,
    },
    /// A person, who chooses whose plan is run: the input `event`.
    Dispatch {
        /// The events to choose from, the first one by default; none where there is nothing to choose.
        events: Vec<Event>,
    },
}

/// `concurrency`.
#[derive(Debug, Clone, PartialEq)]
pub struct Concurrency {
    /// The group.
    pub group: Expression,
    /// Whether a run that is going on is cancelled by a newer one of its group.
    pub cancel: Text,
}

/// An expression or a text with some in it, `${{ … }}` and all. Part of this program, never made of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expression(pub &'static str);

/// A scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// It stands for itself. What GitHub would take for an expression is refused when it is written.
    Literal(String),
    /// GitHub evaluates it.
    Expression(Expression),
}

/// A job of a workflow, perhaps many by its matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowJob {
    /// Its key under `jobs`.
    pub id: String,
    /// Its name on GitHub.
    pub name: Text,
    /// What it is for, in lines of a comment.
    pub about: Vec<String>,
    /// When it runs; none: when all that it needs has succeeded.
    pub condition: Option<Expression>,
    /// The jobs that come before it.
    pub needs: Vec<String>,
    /// The label of the runner.
    pub runs_on: String,
    /// The container that its steps run in.
    pub container: Option<Container>,
    /// What its token may do.
    pub permissions: Vec<Permission>,
    /// The most minutes that it may take.
    pub timeout_minutes: u32,
    /// One job for each.
    pub matrix: Option<Matrix>,
    /// Whether the workflow goes on when it fails.
    pub continue_on_error: Option<Expression>,
    /// Environment of its steps.
    pub env: Vec<(String, Text)>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A container of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Image and tag, `debian:bookworm`. It is written with the digest that the pins have for it.
    pub image: String,
    /// Folders of the runner, `FROM:TO`.
    pub volumes: Vec<String>,
}

/// A grant to a job's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// `contents`, `issues` …
    pub scope: &'static str,
    /// Whether it may also write.
    pub write: bool,
    /// What for; a comment.
    pub why: &'static str,
}

/// `strategy.matrix`, static: rows of `include`. `fail-fast` is always off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matrix {
    /// The rows, each with the same keys.
    pub include: Vec<Vec<(String, MatrixValue)>>,
}

/// A value of a matrix row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatrixValue {
    /// A text.
    Text(String),
    /// A number.
    Number(u64),
    /// True or false.
    Bool(bool),
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name on GitHub.
    pub name: Text,
    /// Its key among the steps, where others refer to it.
    pub id: Option<&'static str>,
    /// When it runs; none: when all before it have succeeded.
    pub condition: Option<Expression>,
    /// Its environment.
    pub env: Vec<(String, Text)>,
    /// What it does.
    pub action: Action,
    /// Whether it only installs what a developer's machine has or lacks: left out of a rehearsal, and said.
    pub installs: bool,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Lines of bash.
    Run(Vec<&'static str>),
    /// An action.
    Uses {
        /// Its name in `ci/actions.toml`: `actions/checkout`, `actions/cache/restore`.
        action: &'static str,
        /// Its inputs.
        with: Vec<(&'static str, Text)>,
    },
}

impl Text {
    /// A text that stands for itself.
    pub fn literal(text: impl Into<String>) -> Self {
        Text::Literal(text.into())
    }

    /// What GitHub evaluates.
    pub fn expression(text: &'static str) -> Self {
        Text::Expression(Expression(text))
    }
}
