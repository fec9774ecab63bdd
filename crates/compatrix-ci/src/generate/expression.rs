//! All expressions of generated workflows: literals of this program, never built from values.
//!
//! Source for names of contexts and functions: docs.github.com, "Contexts" and "Expressions".

use crate::workflow::Expression;
use compatrix_model::matrix_spec::CiEvent;

/// What a matrix row's job is called on GitHub.
pub(super) const NAME: Expression = Expression("${{ matrix.name }}");
/// The id of a matrix row's job.
pub(super) const JOB: Expression = Expression("${{ matrix.job }}");
/// Whether a matrix row's job may fail.
pub(super) const ALLOW_FAILURE: Expression = Expression("${{ matrix.allow_failure }}");
/// The artifact of a matrix row's job, for `compat`.
pub(super) const EVIDENCE_COMPAT: Expression = Expression("evidence-compat-${{ matrix.job }}");
/// The artifact of a matrix row's job, for `leak-check`.
pub(super) const EVIDENCE_LEAK_CHECK: Expression = Expression("evidence-leak-check-${{ matrix.job }}");
/// The results of all needed jobs, as JSON.
pub(super) const NEEDS: Expression = Expression("${{ toJSON(needs) }}");
/// The event whose plan to run.
pub(super) const EVENT: Expression = Expression(
    "${{ github.event_name == 'workflow_dispatch' && inputs.event || github.event_name == 'merge_group' && 'pull_request' \
     || github.event_name }}",
);
/// The concurrency group: one workflow's runs for one pull request or ref.
pub(super) const GROUP: Expression =
    Expression("${{ github.workflow }}-${{ github.event_name }}-${{ github.event.pull_request.number || github.ref }}");
/// Cancels older runs only for pull requests.
pub(super) const IS_PULL_REQUEST: Expression = Expression("${{ github.event_name == 'pull_request' }}");
/// Caches are written by runs of a branch, which pull requests cannot influence and can restore from.
pub(super) const ON_BRANCH: Expression =
    Expression("${{ github.event_name != 'pull_request' && github.event_name != 'merge_group' }}");
/// Caches are written by pull requests, each for itself. Nothing restores those of a merge queue.
pub(super) const ON_PULL_REQUEST: Expression = Expression("${{ github.event_name != 'merge_group' }}");
/// The job's token.
pub(super) const TOKEN: Expression = Expression("${{ github.token }}");
/// The URL of this run.
pub(super) const RUN_PAGE: Expression =
    Expression("${{ github.server_url }}/${{ github.repository }}/actions/runs/${{ github.run_id }}");

/// What the benchmarks of a pull request are compared with: the branch that it goes into, what a merge queue's group starts
/// from, or, started by hand, the default branch.
pub(super) const TARGET: Expression = Expression(
    "${{ github.base_ref && format('origin/{0}', github.base_ref) || github.event.merge_group.base_sha || \
     format('origin/{0}', github.event.repository.default_branch) }}",
);
/// The commit before a push; zeros for a new branch, and empty for a run that was started by hand.
pub(super) const BEFORE: Expression = Expression("${{ github.event.before }}");
/// The revision that the step `base` found.
pub(super) const BASE: Expression = Expression("${{ steps.base.outputs.base }}");
/// The concurrency group of runs that each count: only older runs of the same pull request are cancelled.
pub(super) const GROUP_OF_PULL_REQUEST: Expression = Expression(
    "${{ github.workflow }}-${{ github.event_name }}-${{ github.event.pull_request.number || github.run_id }}",
);
/// The concurrency group of comments on a pull request. Neither a repository's name nor a branch's has a colon.
pub(super) const GROUP_OF_HEAD: Expression = Expression(
    "${{ github.workflow }}:${{ github.event.workflow_run.head_repository.full_name }}:\
     ${{ github.event.workflow_run.head_branch }}",
);
/// The commit of the pull request whose run has completed.
pub(super) const HEAD_SHA: Expression = Expression("${{ github.event.workflow_run.head_sha }}");
/// The repository that the pull request comes from.
pub(super) const HEAD_REPOSITORY: Expression = Expression("${{ github.event.workflow_run.head_repository.full_name }}");
/// The run that has completed.
pub(super) const COMPLETED_RUN: Expression = Expression("${{ github.event.workflow_run.id }}");
/// The URL of the run that has completed.
pub(super) const COMPLETED_PAGE: Expression =
    Expression("${{ github.server_url }}/${{ github.repository }}/actions/runs/${{ github.event.workflow_run.id }}");

/// Condition: a run for a pull request has completed, and was not cancelled for a newer one.
pub(super) const OF_PULL_REQUEST: Expression = Expression(
    "github.event.workflow_run.event == 'pull_request' && (github.event.workflow_run.conclusion == 'success' || \
     github.event.workflow_run.conclusion == 'failure')",
);
/// Condition: a push has come, whatever its benchmarks said.
pub(super) const PUSHED: Expression = Expression("!cancelled() && github.event_name == 'push'");
/// Condition: a job of a scheduled run did not succeed.
pub(super) const SCHEDULED_JOB_FAILED: Expression = Expression(
    "always() && github.event_name == 'schedule' && (contains(needs.*.result, 'failure') || \
     contains(needs.*.result, 'cancelled') || contains(needs.*.result, 'skipped'))",
);
/// Condition: whatever happened before.
pub(super) const ALWAYS: Expression = Expression("always()");
/// Condition: the cache missed, and nothing failed.
pub(super) const SQLITE_MISSED: Expression = Expression("steps.sqlite.outputs.cache-hit != 'true'");
/// Condition: there are findings, and the token may upload them. The token of a fork's pull request may not.
pub(super) const HAS_FINDINGS: Expression = Expression(
    "!cancelled() && hashFiles('target/ci/leaks.sarif') != '' && (github.event_name != 'pull_request' || \
     github.event.pull_request.head.repo.full_name == github.repository)",
);
/// The same where the workspace is not at the root of the repository, below which `hashFiles` looks.
pub(super) const HAS_FINDINGS_BELOW: Expression = Expression(
    "!cancelled() && hashFiles('**/target/ci/leaks.sarif') != '' && (github.event_name != 'pull_request' || \
     github.event.pull_request.head.repo.full_name == github.repository)",
);
/// Condition: a scheduled run has no good verdict.
pub(super) const SCHEDULE_FAILED: Expression =
    Expression("always() && github.event_name == 'schedule' && needs.verdict.result != 'success'");

macro_rules! on {
    (PullRequest) => {
        "github.event_name == 'pull_request' || github.event_name == 'merge_group' || \
         github.event_name == 'workflow_dispatch' && inputs.event == 'pull_request'"
    };
    (Push) => {
        "github.event_name == 'push' || github.event_name == 'workflow_dispatch' && inputs.event == 'push'"
    };
    (Schedule) => {
        "github.event_name == 'schedule' || github.event_name == 'workflow_dispatch' && inputs.event == 'schedule'"
    };
}

/// Condition: the run is for one of these events, whether triggered or dispatched by hand. `None` for no event.
pub(super) fn on_any(events: &[CiEvent]) -> Option<Expression> {
    let [pull_request, push, schedule] = CiEvent::ALL.map(|event| events.contains(&event));
    let text = match (pull_request, push, schedule) {
        (false, false, false) => return None,
        (true, false, false) => on!(PullRequest),
        (false, true, false) => on!(Push),
        (false, false, true) => on!(Schedule),
        (true, true, false) => concat!(on!(PullRequest), " || ", on!(Push)),
        (true, false, true) => concat!(on!(PullRequest), " || ", on!(Schedule)),
        (false, true, true) => concat!(on!(Push), " || ", on!(Schedule)),
        (true, true, true) => concat!(on!(PullRequest), " || ", on!(Push), " || ", on!(Schedule)),
    };
    Some(Expression(text))
}
