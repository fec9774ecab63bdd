//! Checks GitHub's results of the jobs before the verdict, `toJSON(needs)`, against the plan.
//!
//! A job that was skipped, cancelled or lost proves nothing, so the verdict must not be green without it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::CiPlan;

/// Prefix of the id of a platform's first job, which compiles the orchestrator.
pub const ORCHESTRATOR: &str = "orchestrator-";

/// The result of a job, in GitHub's words.
/// Source: docs.github.com, "Contexts", `needs.<job_id>.result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobResult {
    /// It succeeded, including all jobs of its matrix.
    Success,
    /// It failed, or a job of its matrix did.
    Failure,
    /// It was cancelled or timed out.
    Cancelled,
    /// It did not start.
    Skipped,
}

/// A job without the required result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDone {
    /// The job's id in the workflow.
    pub job: String,
    /// What is wrong with it.
    pub why: WhyNot,
}

/// Why a job does not have the required result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    /// It ended without success.
    Ended(JobResult),
    /// The workflow has no such job.
    Absent,
    /// It ran although it belongs to another event.
    OtherEvent,
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self.why {
            WhyNot::Ended(JobResult::Success) => "succeeded",
            WhyNot::Ended(JobResult::Failure) => {
                "failed: a cell is broken, or the job ended before it uploaded its evidence"
            }
            WhyNot::Ended(JobResult::Cancelled) => "was cancelled or timed out; rerun it",
            WhyNot::Ended(JobResult::Skipped) => {
                "was skipped because a job that it needs did not succeed; it proved nothing"
            }
            WhyNot::Absent => "is not in the workflow, which does not match this plan; run `gen-ci`",
            WhyNot::OtherEvent => "ran although it belongs to another event; run `gen-ci`",
        };
        write!(f, "{} {said}", self.job)
    }
}

#[derive(Debug, Deserialize)]
struct Need {
    result: JobResult,
}

/// Checks `toJSON(needs)` against a plan: all its groups, and the orchestrators of all its platforms, must have
/// succeeded; groups of other events must not have run. Of the platforms in `tried`, which may fail, the jobs must only be
/// there.
///
/// # Errors
/// The text is not such JSON.
pub fn not_done(plan: &CiPlan, tried: &[String], json: &str) -> Result<Vec<NotDone>, String> {
    let needs: BTreeMap<String, Need> = serde_json::from_str(json).map_err(|error| {
        format!("--needs is not GitHub's `toJSON(needs)`, {{\"JOB\": {{\"result\": \"success\"}}}}: {error}")
    })?;
    let orchestrators = plan.platforms().into_iter().map(|platform| format!("{ORCHESTRATOR}{platform}"));
    let wanted: Vec<String> = orchestrators.chain(plan.groups.iter().map(|group| group.id.clone())).collect();
    let may_fail = |job: &str| {
        let group = plan.groups.iter().find(|group| group.id == job).map(|group| group.platform.as_str());
        let platform = group.or(job.strip_prefix(ORCHESTRATOR));
        platform.is_some_and(|platform| tried.iter().any(|tried| tried == platform))
    };
    let mut wrong = Vec::new();
    for job in &wanted {
        let why = match needs.get(job).map(|need| need.result) {
            Some(JobResult::Success) => continue,
            Some(_) if may_fail(job) => continue,
            Some(result) => WhyNot::Ended(result),
            None => WhyNot::Absent,
        };
        wrong.push(NotDone { job: job.clone(), why });
    }
    for (job, need) in needs.iter().filter(|(job, _)| !wanted.contains(job)) {
        let why = match need.result {
            JobResult::Skipped => continue,
            // A platform's orchestrator is compiled on every event, even if only another event uses it.
            JobResult::Success if job.starts_with(ORCHESTRATOR) => continue,
            JobResult::Failure | JobResult::Cancelled if may_fail(job) => continue,
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
    use compatrix_model::matrix_spec::{CiEvent, JobCommand};

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
            event: CiEvent::Push,
            work: JobCommand::Compat,
            profile: "local".to_owned(),
            groups: vec![group("push-linux-x86_64", "linux-x86_64"), group("push-macos-aarch64", "macos-aarch64")],
            untried: Vec::new(),
            id: String::new(),
        }
    }

    /// Checks the plan's needs with some jobs' results changed or removed.
    #[track_caller]
    fn check(changes: &[(&str, Option<&str>)], expected: &[&str]) {
        check_where(&[], changes, expected);
    }

    /// The same where some platforms may fail.
    #[track_caller]
    fn check_where(tried: &[&str], changes: &[(&str, Option<&str>)], expected: &[&str]) {
        let tried: Vec<String> = tried.iter().map(|platform| (*platform).to_owned()).collect();
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
        let said: Vec<String> =
            not_done(&plan(), &tried, &json).expect("needs").iter().map(NotDone::to_string).collect();
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
    fn jobs_of_a_platform_that_may_fail_must_only_be_there() {
        let lost = [("orchestrator-macos-aarch64", Some("failure")), ("push-macos-aarch64", Some("skipped"))];
        check_where(&["macos-aarch64"], &lost, &[]);
        check_where(&["linux-x86_64"], &lost, &["orchestrator-macos-aarch64 failed", "push-macos-aarch64 was skipped"]);
        check_where(
            &["macos-aarch64"],
            &[("push-macos-aarch64", None)],
            &["push-macos-aarch64 is not in the workflow"],
        );
        check_where(&["windows-x86_64"], &[("orchestrator-windows-x86_64", Some("failure"))], &[]);
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
            let error = not_done(&plan(), &[], text).expect_err("refused");
            assert!(error.contains("toJSON(needs)"), "{error}");
        }
    }
}
