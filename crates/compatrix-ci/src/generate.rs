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
mod scene;
mod steps;
mod verdict;
pub mod yaml;

use scene::{concurrency, Scene};

use crate::workflow::Workflow;
use crate::CiPlan;
use compatrix_model::matrix_spec::{JobCommand, Spec};

pub use checks::CHECKS_FILE;
pub use lower::{body, text, Reason, Refused};
pub use scene::{Options, Program, XtaskPackage};

/// The workflows of the spec: one per command that runs on any event, and the ordinary checks.
///
/// `plans` are the plans of all events and commands; an event without a plan does not run.
pub fn workflows(spec: &Spec, plans: &[CiPlan], options: &Options<'_>) -> Vec<Workflow> {
    let Some(ci) = &spec.ci else { return Vec::new() };
    let mut workflows = Vec::new();
    for work in JobCommand::ALL {
        let mut of_work: Vec<&CiPlan> = plans.iter().filter(|plan| plan.work == work).collect();
        of_work.sort_by_key(|plan| plan.event);
        if of_work.is_empty() {
            continue;
        }
        // One workflow writes the caches that both use: that of `compat`, if there is one.
        let writes_caches = work == JobCommand::Compat || plans.iter().all(|plan| plan.work == JobCommand::LeakCheck);
        let scene = Scene { ci, claims: &spec.claims, options, plans: of_work, work, writes_caches };
        workflows.push(scene.workflow());
    }
    workflows.extend(ci.checks.as_ref().map(|checks| checks::workflow(spec, ci, checks, options)));
    workflows
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
                JobCommand::Compat => "compatibility".to_owned(),
                JobCommand::LeakCheck => "leak-check".to_owned(),
            },
            about: self.about(),
            on: self.triggers(),
            concurrency: Some(concurrency()),
            env: Vec::new(),
            jobs,
        }
    }
}
