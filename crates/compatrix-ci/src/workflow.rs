//! A GitHub Actions workflow as data: lowered to YAML, or executed by a rehearsal.
//!
//! The types keep values of the spec out of shells: commands and expressions are `&'static str`, never built at run time.
//! Variable parts go into `env`, as a [`Text`].

pub mod evaluate;
pub mod rehearsal;

use compatrix_model::matrix_spec::CiEvent;

use crate::place::Place;

/// A workflow file.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// The file name in `.github/workflows`.
    pub file: String,
    /// The name shown on GitHub.
    pub name: String,
    /// The workspace in its repository; steps run in its folder.
    pub place: Place,
    /// Purpose and predicted cost, as comment lines.
    pub about: Vec<String>,
    /// The triggers.
    pub on: Vec<Trigger>,
    /// Which runs cancel or wait for each other.
    pub concurrency: Option<Concurrency>,
    /// Environment of all jobs.
    pub env: Vec<(String, Text)>,
    /// The jobs in file order.
    pub jobs: Vec<WorkflowJob>,
}

/// An event that starts a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A pull request is opened or updated.
    PullRequest {
        /// Target branches, or patterns.
        branches: Vec<String>,
    },
    /// A merge queue's group.
    MergeGroup,
    /// Commits are pushed, or a pull request is merged.
    Push {
        /// Branches pushed to, or patterns.
        branches: Vec<String>,
    },
    /// The clock reaches one of these times.
    Schedule {
        /// Cron expressions of five fields, in UTC.
        crons: Vec<String>,
    },
    /// A run of another workflow has completed, with the rights of the default branch. It must run no code and trust no
    /// data of that run.
    Completed {
        /// The other workflow's name.
        workflow: String,
        /// Why that is safe here, for readers and for linters.
        why: &'static str,
    },
    /// A manual run; the input `event` selects the plan.
    Dispatch {
        /// The events to choose from, the first by default; empty if there is no choice.
        events: Vec<CiEvent>,
    },
}

/// How runs of the same group exclude each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Concurrency {
    /// The name shared by runs that exclude each other.
    pub group: Expression,
    /// When a newer run cancels a running one of its group; `None` for always.
    pub cancel: Option<Expression>,
}

/// An expression, or a text that contains `${{ … }}`. A literal of this program, never built from values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expression(pub &'static str);

/// A scalar value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// A literal. If GitHub would evaluate it, lowering refuses it.
    Literal(String),
    /// A text for GitHub to evaluate.
    Expression(Expression),
}

/// Whether a job's failure fails its workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayFail {
    /// It does.
    Never,
    /// It does not, in any case.
    Always,
    /// It does not where GitHub finds this true.
    Where(Expression),
}

/// A job of a workflow; its matrix can turn it into many.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowJob {
    /// The key under `jobs`.
    pub id: String,
    /// The name shown on GitHub.
    pub name: Text,
    /// Purpose, as comment lines.
    pub about: Vec<String>,
    /// `if`; `None` runs after all needed jobs succeeded.
    pub condition: Option<Expression>,
    /// Ids of the jobs to wait for.
    pub needs: Vec<String>,
    /// The runner's label.
    pub runs_on: String,
    /// The container for the steps; `None` runs them on the runner.
    pub container: Option<Container>,
    /// The token's permissions.
    pub permissions: Vec<Permission>,
    /// The time limit in minutes.
    pub timeout_minutes: u32,
    /// Runs the job once per row.
    pub matrix: Option<Matrix>,
    /// Whether the workflow continues if it fails.
    pub continue_on_error: MayFail,
    /// Environment of its steps.
    pub env: Vec<(String, Text)>,
    /// Executed in order.
    pub steps: Vec<Step>,
}

/// A container of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Image and tag: `debian:bookworm`. Lowering adds the pinned digest.
    pub image: String,
    /// Mounted folders of the runner: `FROM:TO`.
    pub volumes: Vec<String>,
    /// Whether processes in it may make namespaces and mount file systems, as roots need.
    pub privileged: bool,
}

/// A permission of a job's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// `contents`, `issues` …
    pub scope: &'static str,
    /// Write access instead of read access.
    pub write: bool,
    /// The reason, as a comment.
    pub why: &'static str,
}

/// `strategy.matrix`, static: rows of `include`. `fail-fast` is always off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matrix {
    /// The rows; all have the same keys.
    pub include: Vec<Vec<(String, MatrixValue)>>,
}

/// A value of a matrix row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatrixValue {
    /// A quoted scalar.
    Text(String),
    /// A plain integer.
    Number(u64),
    /// `true` or `false`.
    Bool(bool),
}

/// One entry of a job's `steps`.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The name shown on GitHub.
    pub name: Text,
    /// Its `id`, if other steps refer to it.
    pub id: Option<&'static str>,
    /// `if`; `None` runs after all earlier steps succeeded.
    pub condition: Option<Expression>,
    /// Its environment.
    pub env: Vec<(String, Text)>,
    /// `run` or `uses`.
    pub action: Action,
    /// What it installs, which a rehearsal does not.
    pub installs: Installs,
    /// Whether its lines run at the root of the repository, because the workspace's folder may not be there yet.
    pub at_top: bool,
}

/// What a step installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installs {
    /// It does other work.
    Nothing,
    /// Software of the machine: a rehearsal leaves it out, and says so.
    Software,
    /// Compatrix from elsewhere, copied to `$HANDED`: a rehearsal puts its own executable there, and says so.
    Compatrix,
}

/// The work of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Lines of bash.
    Run(Vec<&'static str>),
    /// A call of an action, with `with`.
    Uses {
        /// Its name in `ci/actions.toml`: `actions/checkout`, `actions/cache/restore`.
        action: &'static str,
        /// Its inputs.
        with: Vec<(&'static str, Text)>,
    },
}

impl Text {
    /// Wraps a literal.
    pub fn literal(text: impl Into<String>) -> Self {
        Text::Literal(text.into())
    }

    /// Wraps a text for GitHub to evaluate.
    pub fn expression(text: &'static str) -> Self {
        Text::Expression(Expression(text))
    }
}
