//! `[ci]` of the spec: what runs on which event, on which runners, within which limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::matrix_spec::suites::{RunBy, Suite};

/// Events that start a workflow, in GitHub's words. A merge queue's `merge_group` runs the plan of [`CiEvent::PullRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CiEvent {
    /// A pull request into one of the branches.
    PullRequest,
    /// A push to one of the branches.
    Push,
    /// By the clock.
    Schedule,
}

impl CiEvent {
    /// All events, in the order of the declaration.
    pub const ALL: [CiEvent; 3] = [CiEvent::PullRequest, CiEvent::Push, CiEvent::Schedule];

    /// GitHub's word, which is also that of the spec and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            CiEvent::PullRequest => "pull_request",
            CiEvent::Push => "push",
            CiEvent::Schedule => "schedule",
        }
    }

    /// The event of this word.
    pub fn from_word(word: &str) -> Option<CiEvent> {
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }

    /// The word with hyphens, as in names of jobs.
    pub fn slug(self) -> &'static str {
        match self {
            CiEvent::PullRequest => "pull-request",
            CiEvent::Push => "push",
            CiEvent::Schedule => "schedule",
        }
    }
}

impl std::fmt::Display for CiEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The command that the jobs of a workflow run; each has a separate workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobCommand {
    /// The suites that `compat` runs, in `compatibility.yml`.
    Compat,
    /// The suites of kind `leak`, in `leak-check.yml`.
    LeakCheck,
}

impl JobCommand {
    /// Both, in the order of the declaration.
    pub const ALL: [JobCommand; 2] = [JobCommand::Compat, JobCommand::LeakCheck];

    /// Whether it runs this suite.
    pub fn runs(self, suite: &Suite) -> bool {
        match suite.run_by() {
            RunBy::Compat => self == JobCommand::Compat,
            RunBy::LeakCheck => self == JobCommand::LeakCheck,
            RunBy::Bench => false,
        }
    }

    /// The command's name.
    pub fn as_str(self) -> &'static str {
        match self {
            JobCommand::Compat => "compat",
            JobCommand::LeakCheck => "leak-check",
        }
    }

    /// The workflow's file, in `.github/workflows`.
    pub fn file(self) -> &'static str {
        match self {
            JobCommand::Compat => "compatibility.yml",
            JobCommand::LeakCheck => "leak-check.yml",
        }
    }
}

/// `[ci]`: the settings of `gen-ci`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ci {
    /// Branches whose pushes, and pull requests into which, are tested; empty if the spec names none.
    pub branches: Vec<String>,
    /// Where jobs get Compatrix from, if the workspace has no xtask that is Compatrix.
    pub tool: Option<ToolSource>,
    /// The label of the runner of each platform, in the spec's order: `("linux-x86_64", "ubuntu-24.04")`.
    pub runners: Vec<(String, String)>,
    /// Platforms that are only tried: nothing that happens there fails CI's verdict.
    pub tried_platforms: Vec<String>,
    /// What runs on which event.
    pub events: BTreeMap<CiEvent, EventSettings>,
    /// The most minutes that a job may take.
    pub timeout_minutes: u32,
    /// Retention of artifacts in days.
    pub retention_days: u32,
    /// Whether caches of GitHub are used.
    pub caches: bool,
    /// Whether findings of leak suites go to GitHub's code scanning.
    pub code_scanning: bool,
    /// Whether cells that could not be tried fail the verdict.
    pub missing_fails: bool,
    /// Cells whose failure does not fail CI's verdict; it is still shown.
    pub may_fail: Vec<Condition>,
    /// The ordinary lints and tests, in `checks.yml`.
    pub checks: Option<Checks>,
}

impl Ci {
    /// Whether the platform is only tried, so that its jobs do not count for the verdict.
    pub fn only_tries(&self, platform: &str) -> bool {
        self.tried_platforms.iter().any(|tried| tried == platform)
    }
}

/// `[ci.tool]`: where jobs install Compatrix from. All texts are plain letters that no shell reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolSource {
    /// A commit of a git repository.
    Git {
        /// `https://…`.
        url: String,
        /// The commit, 40 hex digits.
        rev: String,
    },
    /// A version that was published to the registry.
    Registry {
        /// All three numbers: `0.4.1`.
        version: String,
    },
    /// A folder of the repository, relative to the workspace root.
    Path(String),
}

/// `[ci.EVENT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSettings {
    /// The profile for `compat`; `None` if it does not run on this event.
    pub compat: Option<String>,
    /// The profile for `leak-check`; `None` if it does not run on this event.
    pub leak_check: Option<String>,
    /// What `bench` runs; `None` if it does not run on this event.
    pub bench: Option<EventBench>,
    /// The platforms, each with a runner. Default: all that have one.
    pub platforms: Vec<String>,
    /// The most jobs that run cells; fewer than there are builds puts several builds into one job. Default:
    /// as many as are worth their start-up.
    pub max_jobs: Option<u32>,
    /// The most predicted minutes of all jobs together; a plan that takes more is refused.
    pub max_minutes: Option<u32>,
    /// When, for [`CiEvent::Schedule`], in five fields as cron(8) has them, UTC.
    pub crons: Vec<String>,
}

impl EventSettings {
    /// The profile that this command runs on the event, if it runs.
    pub fn profile(&self, work: JobCommand) -> Option<&str> {
        match work {
            JobCommand::Compat => self.compat.as_deref(),
            JobCommand::LeakCheck => self.leak_check.as_deref(),
        }
    }
}

/// The benchmarks of an event, in `benchmarks.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBench {
    /// The profile, of which suites of kind `bench` run.
    pub profile: String,
    /// How often each build is measured before the first verdict; `None` as each suite has it.
    pub rounds: Option<u32>,
    /// Whether a comment on the pull request has the result.
    pub comment: bool,
    /// The branch that keeps the record of each commit, for [`CiEvent::Push`].
    pub branch: String,
}

/// `[ci.checks]`: the ordinary lints and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    /// Which, in the spec's order.
    pub run: Vec<Check>,
    /// A script below the root that is run after them, by bash.
    pub script: Option<String>,
    /// Debian packages that they need.
    pub packages: Vec<String>,
}

/// One of the ordinary checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// `cargo fmt --all --check`.
    Format,
    /// `cargo clippy` for the workspace; warnings are errors.
    Clippy,
    /// `cargo test` for the workspace.
    Test,
    /// `cargo doc`; warnings are errors.
    Doc,
    /// Generated files are as they would be written.
    Generated,
}

impl Check {
    /// All checks, in the order of the declaration.
    pub const ALL: [Check; 5] = [Check::Format, Check::Clippy, Check::Test, Check::Doc, Check::Generated];

    /// The spec's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Check::Format => "format",
            Check::Clippy => "clippy",
            Check::Test => "test",
            Check::Doc => "doc",
            Check::Generated => "generated",
        }
    }

    /// The check of this word.
    pub fn from_word(word: &str) -> Option<Check> {
        Self::ALL.into_iter().find(|check| check.as_str() == word)
    }
}
