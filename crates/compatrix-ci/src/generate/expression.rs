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
