//! What GitHub says of the jobs before the verdict: `toJSON(needs)` held against the plan.
//!
//! A job that was skipped, cancelled or lost has proven nothing, and the verdict must not be green without it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::CiPlan;

/// How the workflow calls the job that compiles the orchestrator of a platform, before the platform's name.
pub const ORCHESTRATOR: &str = "orchestrator-";

/// How a job ended, in GitHub's words.
/// Source: docs.github.com, "Contexts", `needs.<job_id>.result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobResult {
    /// It succeeded, all jobs of its matrix with it.
    Success,
    /// It failed, or one of its matrix did.
    Failure,
    /// It was cancelled, or ran out of time.
    Cancelled,
    /// It was not started.
    Skipped,
}

/// A job of the workflow that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDone {
    /// Its name in the workflow.
    pub job: String,
    /// What is wrong.
    pub why: WhyNot,
}

/// What is wrong with a job of the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    /// It ended otherwise than with success.
    Ended(JobResult),
    /// The workflow has no such job.
    Absent,
    /// It ran, though it is another event's.
    OtherEvent,
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self.why {
            WhyNot::Ended(JobResult::Success) => "succeeded",
            WhyNot::Ended(JobResult::Failure) => {
                "failed: a cell is broken, or its job ended before its evidence was there"
            }
            WhyNot::Ended(JobResult::Cancelled) => "was cancelled, or ran out of time; run it again",
            WhyNot::Ended(JobResult::Skipped) => {
                "was skipped, since one that it needs did not succeed; it proved nothing"
            }
            WhyNot::Absent => "is not in the workflow, which is another than this plan's; run `gen-ci`",
            WhyNot::OtherEvent => "ran, though it is another event's; run `gen-ci`",
        };
        write!(f, "{} {said}", self.job)
    }
}

#[derive(Debug, Deserialize)]
struct Need {
    result: JobResult,
}

/// Holds `toJSON(needs)` against a plan: each of its groups, and the orchestrator of each of its platforms, must have
/// succeeded; groups of other events must not have run.
///
/// # Errors
/// The text is not such JSON; a text for people.
pub fn not_done(plan: &CiPlan, json: &str) -> Result<Vec<NotDone>, String> {
    let needs: BTreeMap<String, Need> = serde_json::from_str(json).map_err(|error| {
        format!("--needs is not GitHub's `toJSON(needs)`, {{\"JOB\": {{\"result\": \"success\"}}}}: {error}")
    })?;
    let orchestrators = plan.platforms().into_iter().map(|platform| format!("{ORCHESTRATOR}{platform}"));
    let wanted: Vec<String> = orchestrators.chain(plan.groups.iter().map(|group| group.id.clone())).collect();
    let mut wrong = Vec::new();
    for job in &wanted {
        let why = match needs.get(job).map(|need| need.result) {
            Some(JobResult::Success) => continue,
            Some(result) => WhyNot::Ended(result),
            None => WhyNot::Absent,
        };
        wrong.push(NotDone { job: job.clone(), why });
    }
    for (job, need) in needs.iter().filter(|(job, _)| !wanted.contains(job)) {
        let why = match need.result {
            JobResult::Skipped => continue,
            // The orchestrator of a platform that another event uses is compiled on every event.
            JobResult::Success if job.starts_with(ORCHESTRATOR) => continue,
            result @ (JobResult::Failure | JobResult::Cancelled) if job.starts_with(ORCHESTRATOR) => {
                WhyNot::Ended(result)
            }
            JobResult::Success | JobResult::Failure | JobResult::Cancelled => WhyNot::OtherEvent,
        };
        wrong.push(NotDone { job: job.clone(), why });
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Group, Needs};
    use compatrix_model::matrix_spec::{Event, Work};

    fn plan() -> CiPlan {
        let group = |id: &str, platform: &str| Group {
            id: id.to_owned(),
            platform: platform.to_owned(),
            runner: "ubuntu-24.04".to_owned(),
            container: None,
            needs: Needs::default(),
            jobs: Vec::new(),
        };
        CiPlan {
            event: Event::Push,
            work: Work::Compat,
            profile: "local".to_owned(),
            groups: vec![group("push-linux-x86_64", "linux-x86_64"), group("push-macos-aarch64", "macos-aarch64")],
            untried: Vec::new(),
            id: String::new(),
        }
    }

    /// All that the plan needs, with the result of each job changed or its place taken by others.
    #[track_caller]
    fn check(changes: &[(&str, Option<&str>)], expected: &[&str]) {
        let names =
            ["orchestrator-linux-x86_64", "orchestrator-macos-aarch64", "push-linux-x86_64", "push-macos-aarch64"];
        let mut needs: BTreeMap<&str, &str> = names.into_iter().map(|name| (name, "success")).collect();
        needs.insert("pull-request-linux-x86_64", "skipped");
        for (job, result) in changes {
            match result {
                Some(result) => needs.insert(job, result),
                None => needs.remove(job),
            };
        }
        let entries =
            needs.iter().map(|(job, result)| format!("\"{job}\":{{\"result\":\"{result}\",\"outputs\":{{}}}}"));
        let json = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
        let said: Vec<String> = not_done(&plan(), &json).expect("needs").iter().map(NotDone::to_string).collect();
        assert_eq!(said.len(), expected.len(), "{said:?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.starts_with(expected), "{said}");
        }
    }

    #[test]
    fn all_that_the_plan_has_must_have_succeeded() {
        check(&[], &[]);
        check(&[("push-linux-x86_64", Some("failure"))], &["push-linux-x86_64 failed"]);
        check(&[("push-linux-x86_64", Some("cancelled"))], &["push-linux-x86_64 was cancelled"]);
        check(&[("push-linux-x86_64", Some("skipped"))], &["push-linux-x86_64 was skipped"]);
        check(&[("push-macos-aarch64", None)], &["push-macos-aarch64 is not in the workflow"]);
        let both = ["orchestrator-linux-x86_64 failed", "push-linux-x86_64 was skipped"];
        check(&[("orchestrator-linux-x86_64", Some("failure")), ("push-linux-x86_64", Some("skipped"))], &both);
    }

    #[test]
    fn jobs_of_other_events_must_not_have_run() {
        check(&[("pull-request-linux-x86_64", None)], &[]);
        check(&[("pull-request-linux-x86_64", Some("success"))], &["pull-request-linux-x86_64 ran"]);
        check(&[("orchestrator-windows-x86_64", Some("success"))], &[]);
        check(&[("orchestrator-windows-x86_64", Some("failure"))], &["orchestrator-windows-x86_64 failed"]);
    }

    #[test]
    fn what_is_not_needs_is_refused() {
        for text in ["", "[]", "{\"a\":1}", "{\"a\":{\"result\":\"marvellous\"}}"] {
            let error = not_done(&plan(), text).expect_err("refused");
            assert!(error.contains("toJSON(needs)"), "{error}");
        }
    }
}
