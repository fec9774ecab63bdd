//! The plan of CI: what GitHub Actions runs on which event, in which jobs; and what its jobs report.
//!
//! All of it comes from committed files alone, so that the workflow, each of its jobs and the job that gives the verdict
//! see the same plan, and so does a person at home. Nothing here knows YAML.

pub mod artifact;
pub mod committed;
pub mod durations;
pub mod generate;
pub mod judged;
pub mod merge;
pub mod needs;
pub mod pins;
pub mod plan;
pub mod workflow;

pub use committed::Committed;
pub use plan::{ci_plan, may_fail, CiPlan, Group, Job, Needs};
