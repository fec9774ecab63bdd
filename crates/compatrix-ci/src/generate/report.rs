//! The job that reports a failed schedule, which nobody watches.

use crate::workflow::{Expression, MayFail, Permission, Text, WorkflowJob};

use super::expression;
use super::scene::Options;
use super::steps::{run, Also};

const TIMEOUT_MINUTES: u32 = 5;

/// Opens an issue of this title, or comments on the open one, if jobs that give a verdict `failed` on a schedule.
pub(super) fn job(
    options: &Options<'_>,
    title: &str,
    (needs, failed): (Vec<String>, Expression),
    runner: &str,
) -> WorkflowJob {
    let lines = vec![
        "number=$(gh issue list --repo \"$GITHUB_REPOSITORY\" --state open --limit 1000 --json number,title \\",
        "  --jq 'map(select(.title == env.TITLE)) | .[0].number // empty')",
        "body=\"The scheduled run has no good verdict: $RUN_PAGE\"",
        "if [ -n \"$number\" ]; then",
        "  gh issue comment \"$number\" --repo \"$GITHUB_REPOSITORY\" --body \"$body\"",
        "else",
        "  gh issue create --repo \"$GITHUB_REPOSITORY\" --title \"$TITLE\" --body \"$body\"",
        "fi",
    ];
    let step = run("Open an issue, or comment on the open one", lines)
        .env("GH_TOKEN", Text::Expression(expression::TOKEN))
        .env("TITLE", Text::literal(options.place.name(title)))
        .env("RUN_PAGE", Text::Expression(expression::RUN_PAGE))
        .at_top();
    WorkflowJob {
        id: "report".to_owned(),
        name: Text::literal("report a failed schedule as an issue"),
        about: vec!["A failed scheduled run is easy to miss, so this opens an issue.".to_owned()],
        condition: Some(failed),
        needs,
        runs_on: runner.to_owned(),
        container: None,
        permissions: vec![Permission { scope: "issues", write: true, why: "to open the issue or comment on it" }],
        timeout_minutes: TIMEOUT_MINUTES,
        matrix: None,
        continue_on_error: MayFail::Never,
        env: Vec::new(),
        steps: vec![step],
    }
}
