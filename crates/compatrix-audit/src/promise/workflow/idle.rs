//! Jobs whose toolchains promise nothing: they may fail, never run, or only build what is released. And jobs of which
//! nobody knows where they run.

#[cfg(test)]
mod tests;

use super::super::yaml::Node;
use super::context::{unknown, Context};
use super::inputs::triggers;
use super::places::Idle;
use super::session::Runner;

/// Whether a workflow runs only for releases: when a tag is pushed, or a release is made.
pub(in crate::promise) fn of_workflow(document: &Node) -> Option<Idle> {
    let on = document.get("on").or_else(|| document.get("true"))?;
    let only_tags = |push: &Node| {
        let has = |key: &str| push.get(key).is_some();
        (has("tags") || has("tags-ignore")) && !has("branches") && !has("branches-ignore")
    };
    let mut releases = false;
    for trigger in triggers(document) {
        match trigger {
            "release" => releases = true,
            "push" if on.get("push").is_some_and(only_tags) => releases = true,
            "workflow_dispatch" | "workflow_call" => {}
            _ => return None,
        }
    }
    releases.then_some(Idle::Releases)
}

/// Why a job whose condition is false does not run.
pub(in crate::promise) fn why_never(job: &Node) -> Idle {
    let condition = job.get("if").map(Node::text).unwrap_or_default();
    if condition.contains("inputs") {
        Idle::OnDemand
    } else {
        Idle::NeverRuns
    }
}

/// Why a job promises nothing.
pub(in crate::promise) fn of_job(job: &Node, context: &Context) -> Option<Idle> {
    let condition = job.get("if").map(Node::text).unwrap_or_default();
    let of_tag = ["refs/tags/", "ref_type == 'tag'", "event_name == 'release'"];
    if context.is_true(job.get("continue-on-error")) {
        Some(Idle::MayFail)
    } else if of_tag.iter().any(|sign| condition.contains(sign))
        && !condition.contains("||")
        && !condition.contains('!')
    {
        Some(Idle::Releases)
    } else {
        None
    }
}

/// Where it is said where a job runs, and why its platform is not known; `None` if it is.
pub(in crate::promise) fn no_platform(job: &Node, context: &Context, runner: &Runner) -> Option<(usize, String)> {
    let node = job.get("runs-on").filter(|_| runner.platform.is_none())?;
    let Some(label) = runner.labels.first() else {
        let text = node.get("labels").unwrap_or(node).items().iter().map(Node::text).collect::<Vec<_>>().join(" ");
        let because = if text.contains("${{") { unknown(&text) } else { "no label says it".to_owned() };
        return Some((node.line, format!("the platform is not known: {because}")));
    };
    let line = context.source(node.line, "runs-on", node.text(), label).line;
    let because = if runner.labels.iter().any(|label| label.eq_ignore_ascii_case("self-hosted")) {
        "the runner is self-hosted, and its labels do not say it".to_owned()
    } else if label.contains("${{") {
        unknown(label)
    } else {
        format!("`{label}` is no runner of GitHub's")
    };
    Some((line, format!("the platform is not known: {because}")))
}
