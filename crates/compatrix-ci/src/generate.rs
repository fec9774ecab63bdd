//! Turns the CI plan into workflows, and workflows into YAML.
//!
//! [`workflows`] returns values that a rehearsal can execute; [`text`] writes them as YAML. A value of the spec is never
//! part of a command or an expression: their types admit only literals of this program. Spec values go into `env`, an
//! action's input or a matrix row, quoted, and anything that GitHub would evaluate there is refused.

mod about;
mod cells;
mod checks;
mod expression;
pub mod header;
mod lower;
mod orchestrator;
mod steps;
mod verdict;
pub mod yaml;

use std::collections::BTreeMap;

use crate::workflow::{Concurrency, Text, Trigger, Workflow};
use crate::CiPlan;
use compatrix_model::matrix_spec::{Ci, Event, Work};
use compatrix_model::matrix_spec::{Claims, Spec};

pub use checks::CHECKS_FILE;
pub use lower::{body, text, Reason, Refused};

/// Inputs of a workflow other than spec and plans.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// How the workspace runs Compatrix.
    pub program: Program,
    /// The orchestrator's toolchain: the channel of rust-toolchain.toml, otherwise `stable`.
    pub toolchain: &'a str,
    /// The package behind `cargo xtask`; `None` for [`Program::Compatrix`].
    pub xtask: Option<XtaskPackage>,
    /// By platform, the hash of all inputs of its exact SQLite libraries; without an entry, they are not cached.
    pub sqlite_key: &'a BTreeMap<String, String>,
    /// The Compatrix version to install if there is no `cargo xtask`.
    pub version: &'a str,
}

/// How a workspace runs Compatrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `cargo xtask`, a workspace package.
    Xtask,
    /// An installed `cargo compatrix`.
    Compatrix,
}

/// The package behind `cargo xtask`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XtaskPackage {
    /// Path of its manifest relative to the root.
    pub manifest: String,
    /// The name of its executable.
    pub binary: String,
}

/// The workflows of the spec: one per command that runs on any event, and the ordinary checks.
///
/// `plans` are the plans of all events and commands; an event without a plan does not run.
pub fn workflows(spec: &Spec, plans: &[CiPlan], options: &Options<'_>) -> Vec<Workflow> {
    let Some(ci) = &spec.ci else { return Vec::new() };
    let mut workflows = Vec::new();
    for work in Work::ALL {
        let mut of_work: Vec<&CiPlan> = plans.iter().filter(|plan| plan.work == work).collect();
        of_work.sort_by_key(|plan| plan.event);
        if of_work.is_empty() {
            continue;
        }
        // One workflow writes the caches that both use: that of `compat`, if there is one.
        let writes_caches = work == Work::Compat || plans.iter().all(|plan| plan.work == Work::LeakCheck);
        let scene = Scene { ci, claims: &spec.claims, options, plans: of_work, work, writes_caches };
        workflows.push(scene.workflow());
    }
    workflows.extend(ci.checks.as_ref().map(|checks| checks::workflow(spec, ci, checks, options)));
    workflows
}

/// Inputs of all jobs of one workflow.
struct Scene<'a> {
    ci: &'a Ci,
    claims: &'a Claims,
    options: &'a Options<'a>,
    /// The plans of one command, by event; never empty.
    plans: Vec<&'a CiPlan>,
    work: Work,
    writes_caches: bool,
}

impl Scene<'_> {
    fn workflow(&self) -> Workflow {
        let mut jobs = Vec::new();
        for (platform, _) in &self.ci.runners {
            jobs.extend(self.orchestrator(platform));
        }
        for plan in &self.plans {
            jobs.extend(plan.groups.iter().map(|group| self.cells(plan, group)));
        }
        let before = jobs.iter().map(|job| job.id.clone()).collect();
        jobs.push(self.verdict(before));
        jobs.extend(self.report());
        Workflow {
            file: self.work.file().to_owned(),
            name: match self.work {
                Work::Compat => "compatibility".to_owned(),
                Work::LeakCheck => "leak-check".to_owned(),
            },
            about: self.about(),
            on: self.triggers(),
            concurrency: Some(concurrency()),
            env: Vec::new(),
            jobs,
        }
    }

    fn events(&self) -> Vec<Event> {
        self.plans.iter().map(|plan| plan.event).collect()
    }

    /// The events that run jobs on this platform.
    fn events_of(&self, platform: &str) -> Vec<Event> {
        let plans = self.plans.iter().filter(|plan| plan.platforms().contains(&platform));
        plans.map(|plan| plan.event).collect()
    }

    /// The verdict job's platform and runner: Linux if possible, then the one with most events, then the first.
    fn home(&self) -> (&str, &str) {
        let used = self.ci.runners.iter().filter(|(platform, _)| !self.events_of(platform).is_empty());
        let best =
            used.rev().max_by_key(|(platform, _)| (platform.starts_with("linux-"), self.events_of(platform).len()));
        best.map(|(platform, runner)| (platform.as_str(), runner.as_str()))
            .expect("a plan has a group, and a group has a runner")
    }

    fn triggers(&self) -> Vec<Trigger> {
        let mut on = Vec::new();
        for event in self.events() {
            let branches = self.ci.branches.clone();
            match event {
                Event::PullRequest => on.extend([Trigger::PullRequest { branches }, Trigger::MergeGroup]),
                Event::Push => on.push(Trigger::Push { branches }),
                Event::Schedule => {
                    let crons = self.ci.events.get(&event).map(|settings| settings.crons.clone()).unwrap_or_default();
                    on.push(Trigger::Schedule { crons });
                }
            }
        }
        on.push(Trigger::Dispatch { events: self.events() });
        on
    }
}

/// Whether compiled dependencies are cached. Not if a release branch is tested: release candidates must not be built
/// from leftovers of another run.
fn caches_compiled(ci: &Ci) -> bool {
    ci.caches && !ci.branches.iter().any(|branch| branch.to_ascii_lowercase().contains("release"))
}

fn concurrency() -> Concurrency {
    Concurrency { group: expression::GROUP, cancel: Text::Expression(expression::IS_PULL_REQUEST) }
}
