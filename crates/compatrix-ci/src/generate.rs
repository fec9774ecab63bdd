//! From the plan of CI to workflows, and from workflows to their text.
//!
//! [`workflows`] makes values that a rehearsal can execute; [`text`] writes them as YAML. A value of the spec is never a
//! part of a command or an expression: those are texts of this program, by their types. It goes into `env`, into an input
//! of an action or into a matrix row, quoted, and what GitHub would evaluate there is refused.

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

/// What a workflow is made from, beside spec and plans.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// How people here call the tool.
    pub program: Program,
    /// The toolchain of the orchestrator itself: the channel of rust-toolchain.toml, else `stable`.
    pub toolchain: &'a str,
    /// The package behind `cargo xtask`.
    pub xtask: Option<XtaskPackage>,
    /// By platform, the hash of all that the exact SQLite libraries of its jobs are made from; none: no cache of them.
    pub sqlite_key: &'a BTreeMap<String, String>,
    /// The tool's version: what is installed where there is no `cargo xtask`.
    pub version: &'a str,
}

/// How people call the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `cargo xtask`: a package of the workspace.
    Xtask,
    /// `cargo compatrix`: installed.
    Compatrix,
}

/// The package behind `cargo xtask`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XtaskPackage {
    /// Its manifest, relative to the root.
    pub manifest: String,
    /// Its executable.
    pub binary: String,
}

/// The workflows that the spec asks for: one a command that runs on any event, and the ordinary checks.
///
/// `plans` are those of all events and commands of this spec; an event without a plan does not run.
pub fn workflows(spec: &Spec, plans: &[CiPlan], options: &Options<'_>) -> Vec<Workflow> {
    let Some(ci) = &spec.ci else { return Vec::new() };
    let mut workflows = Vec::new();
    for work in Work::ALL {
        let mut of_work: Vec<&CiPlan> = plans.iter().filter(|plan| plan.work == work).collect();
        of_work.sort_by_key(|plan| plan.event);
        if of_work.is_empty() {
            continue;
        }
        // One workflow writes the caches that both use: that of `compat`, where there is one.
        let writes_caches = work == Work::Compat || plans.iter().all(|plan| plan.work == Work::LeakCheck);
        let scene = Scene { ci, claims: &spec.claims, options, plans: of_work, work, writes_caches };
        workflows.push(scene.workflow());
    }
    workflows.extend(ci.checks.as_ref().map(|checks| checks::workflow(spec, ci, checks, options)));
    workflows
}

/// All that the jobs of one workflow are made from.
struct Scene<'a> {
    ci: &'a Ci,
    claims: &'a Claims,
    options: &'a Options<'a>,
    /// Of one command, by event; never empty.
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

    /// The events on which jobs of this platform run.
    fn events_of(&self, platform: &str) -> Vec<Event> {
        let plans = self.plans.iter().filter(|plan| plan.platforms().contains(&platform));
        plans.map(|plan| plan.event).collect()
    }

    /// The platform of the verdict: Linux if there is one, that of most events, the first of these.
    fn home(&self) -> (&str, &str) {
        let used = self.ci.runners.iter().filter(|(platform, _)| !self.events_of(platform).is_empty());
        let best =
            used.rev().max_by_key(|(platform, _)| (platform.starts_with("linux-"), self.events_of(platform).len()));
        best.map(|(platform, runner)| (platform.as_str(), runner.as_str()))
            .expect("a plan has a group, and that a runner")
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

/// Whether compiled dependencies are kept in GitHub's caches. Not where a release branch is tested: what may be released
/// is built from nothing that another run left behind.
fn caches_compiled(ci: &Ci) -> bool {
    ci.caches && !ci.branches.iter().any(|branch| branch.to_ascii_lowercase().contains("release"))
}

fn concurrency() -> Concurrency {
    Concurrency { group: expression::GROUP, cancel: Text::Expression(expression::IS_PULL_REQUEST) }
}
