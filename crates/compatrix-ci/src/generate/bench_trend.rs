//! The trend: a record of each commit of a branch, kept on a branch of its own.
//!
//! One job writes it, after those of all platforms, and it is the only one that may push. A run that loses a race against
//! another commit's fetches again and adds its own files: each commit and platform has a file of its own, so that nothing
//! can conflict. Runs do not wait for each other by `concurrency`, because GitHub cancels all but one of those that wait,
//! and their records would be lost.

use compatrix_model::matrix_spec::{Ci, Spec};

use crate::benchmarks::BenchJob;
use crate::workflow::{MayFail, Permission, Step, Text, WorkflowJob};

use super::expression;
use super::scene::{usual_runner, Options};
use super::steps::{self, run, uses, Also};

const TIMEOUT_MINUTES: u32 = 15;

/// Where `bench --record` writes, relative to the workspace root.
fn records(spec: &Spec) -> String {
    format!("{}/bench", spec.project.evidence)
}

/// Uploads the record of a platform.
pub(super) fn upload(spec: &Spec, ci: &Ci, job: &BenchJob, options: &Options<'_>) -> Step {
    let name = Text::literal(format!("bench-record-{}", job.platform));
    let with = steps::upload(name, &options.place.path(&records(spec)), ci.retention_days);
    uses("Upload the record", "actions/upload-artifact", with).when(expression::ALWAYS)
}

/// The job that adds the records to their branch.
pub(super) fn job(spec: &Spec, ci: &Ci, push: &BenchJob, needs: Vec<String>, options: &Options<'_>) -> WorkflowJob {
    let all = vec![
        ("pattern", Text::literal("bench-record-*")),
        ("path", Text::literal("records")),
        ("merge-multiple", Text::literal("true")),
    ];
    let lines = vec![
        "if [ ! -d records ]; then echo 'there is no record of this commit'; exit 0; fi",
        "gh auth setup-git",
        "git init --quiet trend",
        "cd trend || exit",
        "git remote add origin \"$GITHUB_SERVER_URL/$GITHUB_REPOSITORY\"",
        "git config user.name 'github-actions[bot]'",
        "git config user.email '41898282+github-actions[bot]@users.noreply.github.com'",
        "for attempt in 1 2 3 4 5 6; do",
        "  if git fetch --quiet --depth=1 origin \"refs/heads/$BRANCH\"; then",
        "    git checkout --quiet --force --detach FETCH_HEAD",
        "  fi",
        "  mkdir -p \"$RECORDS\"",
        "  cp -R ../records/. \"$RECORDS\"",
        "  git add --all -- \"$RECORDS\"",
        "  git diff --cached --quiet || git commit --quiet --message \"Benchmarks of $GITHUB_SHA\"",
        "  if git push --quiet origin \"HEAD:refs/heads/$BRANCH\"; then exit 0; fi",
        "  sleep $((attempt * 5))",
        "done",
        "echo \"::error::the record could not be pushed to $BRANCH\"",
        "exit 1",
    ];
    let push = run("Add the records to their branch", lines)
        .env("GH_TOKEN", Text::Expression(expression::TOKEN))
        .env("BRANCH", Text::literal(&push.settings.branch))
        .env("RECORDS", Text::literal(options.place.path(&records(spec))))
        .at_top();
    WorkflowJob {
        id: "trend".to_owned(),
        name: Text::literal("record the benchmarks of this commit"),
        about: vec![
            "The only job that writes. It has no checkout, and runs nothing that was built from this repository."
                .to_owned(),
        ],
        condition: Some(expression::PUSHED),
        needs,
        runs_on: usual_runner(ci).1.to_owned(),
        container: None,
        permissions: vec![Permission {
            scope: "contents",
            write: true,
            why: "to push the records to a branch of their own",
        }],
        timeout_minutes: TIMEOUT_MINUTES,
        matrix: None,
        continue_on_error: MayFail::Never,
        env: Vec::new(),
        steps: vec![uses("Download the records of all platforms", "actions/download-artifact", all), push],
    }
}
