//! Turns the CI plan into workflows, and workflows into YAML.
//!
//! [`workflows`] returns values that a rehearsal can execute; [`text`] writes them as YAML. A value of the spec is never
//! part of a command or an expression: their types admit only literals of this program. Spec values go into `env`, an
//! action's input or a matrix row, quoted, and anything that GitHub would evaluate there is refused.

mod about;
mod bench;
mod bench_comment;
mod bench_trend;
mod cells;
mod checks;
mod expression;
pub mod header;
mod lower;
mod orchestrator;
mod report;
mod scene;
mod steps;
mod tool;
mod verdict;
pub mod yaml;

use std::collections::BTreeMap;

use scene::{concurrency, triggers, Saves, Scene};

use crate::benchmarks::BenchJob;
use crate::workflow::Workflow;
use crate::CiPlan;
use compatrix_model::matrix_spec::{CiEvent, JobCommand, Spec};

pub use bench::{report_artifact, BENCH_FILE};
pub use bench_comment::{mark, COMMENT_FILE};
pub use checks::CHECKS_FILE;
pub use lower::{body, text, Reason, Refused};
pub use scene::{Options, Program, XtaskPackage};

/// The workflows of the spec: one per command that runs on any event, the benchmarks, and the ordinary checks.
///
/// `plans` are the plans of all events and commands, `benches` the benchmarks of all events; an event without either does
/// not run.
pub fn workflows(spec: &Spec, plans: &[CiPlan], benches: &[BenchJob], options: &Options<'_>) -> Vec<Workflow> {
    let Some(ci) = &spec.ci else { return Vec::new() };
    let mut scenes = Vec::new();
    for work in JobCommand::ALL {
        let mut of_work: Vec<&CiPlan> = plans.iter().filter(|plan| plan.work == work).collect();
        of_work.sort_by_key(|plan| plan.event);
        if !of_work.is_empty() {
            let saves = BTreeMap::new();
            scenes.push(Scene { ci, claims: &spec.claims, options, plans: of_work, work, saves });
        }
    }
    for (platform, _) in &ci.runners {
        keep_caches(&mut scenes, platform);
    }
    let mut workflows: Vec<Workflow> = scenes.iter().map(Scene::workflow).collect();
    if !benches.is_empty() {
        workflows.push(bench::workflow(spec, ci, benches, options));
    }
    workflows.extend(bench_comment::workflow(ci, benches, options));
    workflows.extend(ci.checks.as_ref().map(|checks| checks::workflow(spec, ci, checks, options)));
    workflows
}

/// Chooses the one workflow that keeps a platform's caches, which all use: the first that runs on a branch, because pull
/// requests restore what branches keep, and never what other pull requests do.
fn keep_caches(scenes: &mut [Scene<'_>], platform: &str) {
    let events: Vec<Vec<CiEvent>> = scenes.iter().map(|scene| scene.compiled_on(platform)).collect();
    let runs_on_branch = |events: &Vec<CiEvent>| events.iter().any(|event| *event != CiEvent::PullRequest);
    let on_branch = events.iter().position(runs_on_branch).map(|n| (n, Saves::OnBranch));
    let first = || events.iter().position(|events| !events.is_empty()).map(|n| (n, Saves::OnPullRequest));
    if let Some((n, saves)) = on_branch.or_else(first) {
        scenes[n].saves.insert(platform.to_owned(), saves);
    }
}

impl Scene<'_> {
    fn workflow(&self) -> Workflow {
        let place = self.options.place;
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
            file: place.file(self.work.file()),
            name: place.name(match self.work {
                JobCommand::Compat => "compatibility",
                JobCommand::LeakCheck => "leak-check",
            }),
            place: place.clone(),
            about: self.about(),
            on: triggers(self.ci, self.options, &self.events()),
            concurrency: Some(concurrency()),
            env: Vec::new(),
            jobs,
        }
    }
}
