//! What workflows are made for.

use std::collections::BTreeMap;

use compatrix_model::matrix_spec::{Ci, CiEvent, Claims, JobCommand, ToolSource};

use super::expression;
use crate::workflow::{Concurrency, Trigger};
use crate::{CiPlan, Place};

/// Inputs of a workflow other than spec and plans.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// How the workspace runs Compatrix.
    pub program: Program<'a>,
    /// Where the workspace is in its repository.
    pub place: &'a Place,
    /// The branches whose pushes, and pull requests into which, start the workflows.
    pub branches: &'a [String],
    /// The toolchain of jobs: the channel of rust-toolchain.toml, otherwise `stable`.
    pub toolchain: &'a str,
    /// By platform, the hash of all inputs of its exact SQLite libraries; without an entry, they are not cached.
    pub sqlite_key: &'a BTreeMap<String, String>,
}

/// How a workspace runs Compatrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program<'a> {
    /// `cargo xtask`, a package of the workspace that depends on compatrix.
    Xtask(&'a XtaskPackage),
    /// `cargo compatrix`, installed from here.
    Compatrix(&'a ToolSource),
}

/// The package behind `cargo xtask`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XtaskPackage {
    /// Path of its manifest relative to the root.
    pub manifest: String,
    /// The name of its executable.
    pub binary: String,
}

/// Whether compiled dependencies are cached. Not if a release branch is tested: release candidates must not be built
/// from leftovers of another run.
pub(super) fn caches_compiled(ci: &Ci, options: &Options<'_>) -> bool {
    ci.caches && !options.branches.iter().any(|branch| branch.to_ascii_lowercase().contains("release"))
}

/// Which runs keep a platform's caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saves {
    /// None: another workflow keeps them.
    Never,
    /// Runs of a branch. Pull requests into it, and all if it is the default branch, restore what these keep.
    OnBranch,
    /// Pull requests, each for itself: nothing runs on a branch.
    OnPullRequest,
}

pub(super) fn concurrency() -> Concurrency {
    Concurrency { group: expression::GROUP, cancel: Some(expression::IS_PULL_REQUEST) }
}

/// The platform and runner of jobs that run no cells: Linux if possible, otherwise the first.
pub(super) fn usual_runner(ci: &Ci) -> (&str, &str) {
    let runner = ci.runners.iter().find(|(platform, _)| platform.starts_with("linux-")).or(ci.runners.first());
    runner.map(|(platform, label)| (platform.as_str(), label.as_str())).unwrap_or_default()
}

/// Inputs of all jobs of one workflow.
pub(super) struct Scene<'a> {
    pub(super) ci: &'a Ci,
    pub(super) claims: &'a Claims,
    pub(super) options: &'a Options<'a>,
    /// The plans of one command, by event; never empty.
    pub(super) plans: Vec<&'a CiPlan>,
    pub(super) work: JobCommand,
    /// By platform; [`Saves::Never`] without an entry.
    pub(super) saves: BTreeMap<String, Saves>,
}

impl Scene<'_> {
    pub(super) fn events(&self) -> Vec<CiEvent> {
        self.plans.iter().map(|plan| plan.event).collect()
    }

    /// The events that run jobs on this platform.
    pub(super) fn events_of(&self, platform: &str) -> Vec<CiEvent> {
        let plans = self.plans.iter().filter(|plan| plan.platforms().contains(&platform));
        plans.map(|plan| plan.event).collect()
    }

    /// The events that compile the orchestrator for this platform: those with jobs on it, and all if the verdict is there.
    pub(super) fn compiled_on(&self, platform: &str) -> Vec<CiEvent> {
        if self.home().0 == platform {
            self.events()
        } else {
            self.events_of(platform)
        }
    }

    /// The verdict job's platform and runner: Linux if possible, then the one with most events, then the first.
    pub(super) fn home(&self) -> (&str, &str) {
        let used = self.ci.runners.iter().filter(|(platform, _)| !self.events_of(platform).is_empty());
        let best =
            used.rev().max_by_key(|(platform, _)| (platform.starts_with("linux-"), self.events_of(platform).len()));
        best.map(|(platform, runner)| (platform.as_str(), runner.as_str()))
            .expect("a plan has a group, and a group has a runner")
    }
}

/// The triggers of a workflow that runs on these events.
pub(super) fn triggers(ci: &Ci, options: &Options<'_>, events: &[CiEvent]) -> Vec<Trigger> {
    let mut on = Vec::new();
    for event in events {
        let branches = options.branches.to_vec();
        match event {
            CiEvent::PullRequest => on.extend([Trigger::PullRequest { branches }, Trigger::MergeGroup]),
            CiEvent::Push => on.push(Trigger::Push { branches }),
            CiEvent::Schedule => {
                let crons = ci.events.get(event).map(|settings| settings.crons.clone()).unwrap_or_default();
                on.push(Trigger::Schedule { crons });
            }
        }
    }
    on.push(Trigger::Dispatch { events: events.to_vec() });
    on
}
