//! The CI plan: which jobs GitHub Actions runs on which event, and how their evidence is merged.
//!
//! The plan depends only on committed files, so the workflow, each of its jobs, the verdict job and a developer's
//! machine all compute the same plan.

pub mod artifact;
pub mod benchmarks;
pub mod branches;
pub mod committed;
pub mod durations;
pub mod events;
pub mod exact_sqlite;
pub mod generate;
pub mod judged;
pub mod merge;
pub mod needs;
pub mod pins;
pub mod place;
pub mod plan;
pub mod runners;
mod targets;
pub mod update;
pub mod workflow;

pub use committed::Committed;
pub use place::Place;
pub use plan::{ci_plan, may_fail, CiPlan, Group, Job, Needs};
