//! The comment on a pull request: a workflow that starts when that of the benchmarks has completed.
//!
//! The token of a pull request from a fork cannot write. This workflow's can, because it is that of the default branch, so
//! everything from the pull request is hostile here: none of its code runs, and its reports are data of limited size, which
//! our own command checks and renders. The job that does that cannot write; the one that can has neither checkout nor
//! report, only the rendered text. The pull request is found by the commit that GitHub names, never by what a report says.

use compatrix_model::matrix_spec::{Ci, CiEvent};

use crate::benchmarks::BenchJob;
use crate::workflow::{Concurrency, MayFail, Permission, Text, Trigger, Workflow, WorkflowJob};
use crate::Place;

use super::about::{to_change, wrap};
use super::bench::{self, report_artifact};
use super::scene::{caches_compiled, usual_runner, Options};
use super::steps::{self, ours, run, uses, Also};
use super::{expression, orchestrator, tool};

/// The workflow's file in `.github/workflows`.
pub const COMMENT_FILE: &str = "benchmarks-comment.yml";

const RENDER_MINUTES: u32 = 45;
const COMMENT_MINUTES: u32 = 10;
/// The rendered comment, relative to the workspace root.
const COMMENT: &str = "target/ci/comment.md";

/// The text that the comment of a workspace begins with, by which it is found.
pub fn mark(place: &Place) -> String {
    format!("<!-- compatrix: {} -->", place.name(bench::NAME))
}

/// `None` if nobody wants comments.
pub(super) fn workflow(ci: &Ci, benches: &[BenchJob], options: &Options<'_>) -> Option<Workflow> {
    let place = options.place;
    let of_pulls = benches.iter().filter(|job| job.event == CiEvent::PullRequest && job.settings.comment);
    let platforms: Vec<&str> = of_pulls.map(|job| job.platform.as_str()).collect();
    if platforms.is_empty() {
        return None;
    }
    let mut about = wrap(
        "Comments on a pull request what its benchmarks said. It never runs code of the pull request, and reads its \
         reports as hostile data.",
        "",
    );
    about.extend(to_change(options));
    Some(Workflow {
        file: place.file(COMMENT_FILE),
        name: place.name("benchmarks comment"),
        place: place.clone(),
        about,
        on: vec![Trigger::Completed {
            workflow: place.name(bench::NAME),
            why: "runs no code of the pull request; a job without write access checks its report",
        }],
        concurrency: Some(Concurrency { group: expression::GROUP_OF_HEAD, cancel: None }),
        env: Vec::new(),
        jobs: vec![render(ci, &platforms, options), comment(ci, options)],
    })
}

/// Downloads, checks and renders the reports, without write access.
fn render(ci: &Ci, platforms: &[&str], options: &Options<'_>) -> WorkflowJob {
    let (platform, runner) = usual_runner(ci);
    // Without a branch that it names, a checkout has the default branch.
    let mut steps = vec![steps::checkout("1"), steps::toolchain()];
    steps.extend(tool::toolchain(options));
    if caches_compiled(ci, options) {
        steps.push(steps::compiled(options, &format!("benchmarks-{platform}"), Text::literal("false")));
    }
    steps.push(orchestrator::build(options, platform));
    // Neither the size that a zip file states nor the paths in it matter: one file is unpacked, into a pipe.
    let lines = vec![
        "mkdir -p target/ci/reports",
        "for artifact in $ARTIFACTS; do",
        "  id=$(gh api \"repos/$GITHUB_REPOSITORY/actions/runs/$COMPLETED_RUN/artifacts?name=$artifact\" \\",
        "    --jq '[.artifacts[] | select(.expired | not) | select(.size_in_bytes < 1000000)] | .[0].id // empty')",
        "  if [ -z \"$id\" ]; then echo \"there is no $artifact, or it is too large\"; continue; fi",
        "  gh api \"repos/$GITHUB_REPOSITORY/actions/artifacts/$id/zip\" > target/ci/report.zip",
        "  unzip -p target/ci/report.zip report.json | head -c 4000001 > \"target/ci/reports/$artifact.json\"",
        "done",
    ];
    let artifacts: Vec<String> = platforms.iter().map(|platform| report_artifact(platform)).collect();
    let download = run("Download the reports", lines)
        .env("GH_TOKEN", Text::Expression(expression::TOKEN))
        .env("COMPLETED_RUN", Text::Expression(expression::COMPLETED_RUN))
        .env("ARTIFACTS", Text::literal(artifacts.join(" ")));
    steps.push(download);
    let line = ours!(
        options.program,
        "ci bench-comment target/ci/reports --output target/ci/comment.md --commit \"$HEAD_SHA\" --run-page \"$RUN_PAGE\""
    );
    steps.push(
        // Not by GITHUB_PATH: here no step may change what later ones run.
        run("Check the reports and render the comment", vec!["export PATH=\"$PWD/target/ci/bin:$PATH\"", line])
            .env("HEAD_SHA", Text::Expression(expression::HEAD_SHA))
            .env("RUN_PAGE", Text::Expression(expression::COMPLETED_PAGE)),
    );
    let upload = steps::upload(Text::literal("bench-comment"), &options.place.path(COMMENT), 1);
    steps.push(uses("Upload the comment", "actions/upload-artifact", upload));
    WorkflowJob {
        id: "render".to_owned(),
        name: Text::literal("check the reports"),
        about: vec!["Runs the code of the default branch, and can write nothing.".to_owned()],
        condition: Some(expression::OF_PULL_REQUEST),
        needs: Vec::new(),
        runs_on: runner.to_owned(),
        container: None,
        permissions: vec![
            steps::READS_CODE,
            Permission { scope: "actions", write: false, why: "to download the reports" },
        ],
        timeout_minutes: RENDER_MINUTES,
        matrix: None,
        continue_on_error: MayFail::Never,
        env: steps::handed_env(options),
        steps,
    }
}

/// Posts the comment, or updates the one that is there.
fn comment(ci: &Ci, options: &Options<'_>) -> WorkflowJob {
    let download = vec![("name", Text::literal("bench-comment")), ("path", Text::literal("rendered"))];
    let lines = vec![
        "number=$(gh api --paginate \"repos/$GITHUB_REPOSITORY/pulls?state=open&per_page=100\" \\",
        "  --jq '.[] | select(.head.sha == env.HEAD_SHA and .head.repo.full_name == env.HEAD_REPOSITORY) | .number')",
        "if ! [[ \"$number\" =~ ^[0-9]+$ ]]; then",
        "  echo 'not one open pull request has this head: it was closed, got newer commits, or there are several'",
        "  exit 0",
        "fi",
        "id=$(gh api --paginate \"repos/$GITHUB_REPOSITORY/issues/$number/comments?per_page=100\" \\",
        "  --jq '.[] | select(.user.login == \"github-actions[bot]\" and (.body | startswith(env.FIRST_LINE))) | .id')",
        "id=${id%%$'\\n'*}",
        "if [ -n \"$id\" ]; then",
        "  gh api --silent --method PATCH \"repos/$GITHUB_REPOSITORY/issues/comments/$id\" -F body=@rendered/comment.md",
        "else",
        "  gh api --silent --method POST \"repos/$GITHUB_REPOSITORY/issues/$number/comments\" -F body=@rendered/comment.md",
        "fi",
    ];
    let post = run("Post the comment, or update it", lines)
        .env("GH_TOKEN", Text::Expression(expression::TOKEN))
        .env("HEAD_SHA", Text::Expression(expression::HEAD_SHA))
        .env("HEAD_REPOSITORY", Text::Expression(expression::HEAD_REPOSITORY))
        .env("FIRST_LINE", Text::literal(mark(options.place)))
        .at_top();
    WorkflowJob {
        id: "comment".to_owned(),
        name: Text::literal("comment on the pull request"),
        about: vec!["Runs no code of any branch: it posts the text that the job above has rendered.".to_owned()],
        condition: None,
        needs: vec!["render".to_owned()],
        runs_on: usual_runner(ci).1.to_owned(),
        container: None,
        permissions: vec![Permission { scope: "pull-requests", write: true, why: "to comment on the pull request" }],
        timeout_minutes: COMMENT_MINUTES,
        matrix: None,
        continue_on_error: MayFail::Never,
        env: Vec::new(),
        steps: vec![uses("Download the comment", "actions/download-artifact", download), post],
    }
}
