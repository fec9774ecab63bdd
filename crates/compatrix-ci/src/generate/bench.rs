//! The workflow of benchmarks: on each platform one job, which builds base and head and compares them on one machine.
//!
//! Its exit code is that of `bench`: a single command, in no pipe. It needs no other job, because GitHub counts a required
//! check that was skipped as passed.

use compatrix_model::matrix_spec::{Ci, CiEvent, Spec};

use crate::benchmarks::BenchJob;
use crate::workflow::rehearsal::GATE;
use crate::workflow::{Concurrency, MayFail, Step, Text, Workflow, WorkflowJob};

use super::about::{count, to_change, wrap};
use super::scene::{caches_compiled, triggers, usual_runner, Options};
use super::steps::{self, ours, run, uses, Also};
use super::{bench_trend, cells, expression, orchestrator, report, tool};

/// The workflow's file in `.github/workflows`.
pub const BENCH_FILE: &str = "benchmarks.yml";
/// The workflow's name, by which the one that comments waits for it.
pub(super) const NAME: &str = "benchmarks";
/// The report of a job, relative to the workspace root.
const REPORT: &str = "target/ci/bench/report.json";

/// The artifact with the report of a platform.
pub fn report_artifact(platform: &str) -> String {
    format!("bench-report-{platform}")
}

/// The id of a job.
fn id(job: &BenchJob) -> String {
    format!("{GATE}{}-{}", job.event.slug(), job.platform)
}

pub(super) fn workflow(spec: &Spec, ci: &Ci, benches: &[BenchJob], options: &Options<'_>) -> Workflow {
    let place = options.place;
    let of = |event: &CiEvent| benches.iter().any(|job| job.event == *event);
    let events: Vec<CiEvent> = CiEvent::ALL.into_iter().filter(of).collect();
    let ids = |event: CiEvent| benches.iter().filter(move |job| job.event == event).map(id).collect::<Vec<String>>();
    let mut jobs: Vec<WorkflowJob> = benches.iter().map(|job| gate(ci, spec, job, benches, &events, options)).collect();
    if let Some(push) = benches.iter().find(|job| job.event == CiEvent::Push) {
        jobs.push(bench_trend::job(spec, ci, push, ids(CiEvent::Push), options));
    }
    if of(&CiEvent::Schedule) {
        let failed = (ids(CiEvent::Schedule), expression::SCHEDULED_JOB_FAILED);
        jobs.push(report::job(options, "The scheduled benchmarks fail", failed, usual_runner(ci).1));
    }
    Workflow {
        file: place.file(BENCH_FILE),
        name: place.name(NAME),
        place: place.clone(),
        about: about(benches, options),
        on: triggers(ci, options, &events),
        concurrency: Some(Concurrency {
            group: expression::GROUP_OF_PULL_REQUEST,
            cancel: Some(expression::IS_PULL_REQUEST),
        }),
        env: Vec::new(),
        jobs,
    }
}

fn about(benches: &[BenchJob], options: &Options<'_>) -> Vec<String> {
    let mut lines = wrap("Compares the benchmarks of two builds of this repository, and fails if one is slower.", "");
    lines.extend(to_change(options));
    lines.push(String::new());
    for job in benches {
        let text = format!(
            "{} on {}: {} of the profile {}, compared with {}.",
            job.event,
            job.platform,
            count(job.cells.len(), "cell"),
            job.settings.profile,
            compared_with(job.event)
        );
        lines.extend(wrap(&text, "  "));
    }
    lines
}

fn compared_with(event: CiEvent) -> &'static str {
    match event {
        CiEvent::PullRequest => "the merge base",
        CiEvent::Push => "the commit before",
        CiEvent::Schedule => "a week ago",
    }
}

/// The job of an event on a platform.
fn gate(
    ci: &Ci,
    spec: &Spec,
    job: &BenchJob,
    benches: &[BenchJob],
    events: &[CiEvent],
    options: &Options<'_>,
) -> WorkflowJob {
    let mut steps = Vec::new();
    match &job.container {
        Some(_) => steps.extend([
            cells::container_packages(job.needs),
            steps::checkout(ALL_HISTORY),
            cells::container_settings(),
        ]),
        None => {
            steps.push(steps::checkout(ALL_HISTORY));
            steps.extend(cells::packages(job.needs));
        }
    }
    steps.push(steps::toolchain());
    steps.extend(tool::toolchain(options));
    if job.container.is_none() {
        if caches_compiled(ci, options) {
            let on_branch = |other: &BenchJob| other.platform == job.platform && other.event != CiEvent::PullRequest;
            let save = match benches.iter().any(on_branch) {
                true => expression::ON_BRANCH,
                false => expression::ON_PULL_REQUEST,
            };
            let key = format!("benchmarks-{}", job.platform);
            steps.push(steps::compiled(options, &key, Text::Expression(save)));
        }
        if let Some(key) = orchestrator::sqlite_key(ci, options, &job.platform) {
            let with = steps::sqlite_cache(&job.platform, key);
            steps.push(uses("Restore exact SQLite versions", "actions/cache/restore", with));
        }
    }
    steps.push(orchestrator::build(options, &job.platform));
    steps.push(steps::on_path(options));
    steps.push(base(job.event));
    steps.push(compare(job, ci.missing_fails, options));
    let path = options.place.path(REPORT);
    let upload = steps::upload(Text::literal(report_artifact(&job.platform)), &path, ci.retention_days);
    steps.push(uses("Upload the report", "actions/upload-artifact", upload).when(expression::ALWAYS));
    if job.event == CiEvent::Push {
        steps.push(bench_trend::upload(spec, ci, job, options));
    }
    let mut env = steps::handed_env(options);
    if job.container.is_some() {
        env.extend(cells::container_env());
    }
    WorkflowJob {
        id: id(job),
        name: Text::literal(options.place.name(&format!(
            "benchmarks on {}: nothing slower than {}",
            job.platform,
            compared_with(job.event)
        ))),
        about: purpose(job),
        condition: if *events == [job.event] { None } else { expression::on_any(&[job.event]) },
        needs: Vec::new(),
        runs_on: job.runner.clone(),
        container: job.container.as_deref().map(|image| cells::container(image, job.needs)),
        permissions: vec![steps::READS_CODE],
        timeout_minutes: ci.timeout_minutes,
        matrix: None,
        continue_on_error: MayFail::Never,
        env,
        steps,
    }
}

fn purpose(job: &BenchJob) -> Vec<String> {
    let mut lines = wrap("Builds base and head, and runs the benchmarks of both in turn.", "");
    if job.event == CiEvent::PullRequest {
        lines.extend(wrap(
            "You can make this a required check, in addition to the verdicts of the other workflows.",
            "",
        ));
    }
    lines
}

/// Without its history, a checkout has no merge base.
const ALL_HISTORY: &str = "0";

/// Finds the base. A build is never compared with itself, and where nothing is found, `bench` says so.
fn base(event: CiEvent) -> Step {
    let merge_base = "base=$(git merge-base HEAD \"$BASE\") || base=HEAD^1";
    let week = "base=$(git rev-list --first-parent --max-count=1 --before='7 days ago' HEAD)";
    let (first, from) = match event {
        CiEvent::PullRequest => (merge_base, Some(expression::TARGET)),
        CiEvent::Push => (merge_base, Some(expression::BEFORE)),
        CiEvent::Schedule => (week, None),
    };
    let lines = vec![
        "mkdir -p target/ci/bench",
        first,
        "if [ -z \"$base\" ] || [ \"$base\" = \"$(git rev-parse HEAD)\" ]; then base=HEAD^1; fi",
        "echo \"base=$base\" >> \"$GITHUB_OUTPUT\"",
    ];
    let step = run("Find the base", lines).id("base");
    match from {
        Some(from) => step.env("BASE", Text::Expression(from)),
        None => step,
    }
}

/// The comparison. What follows `bench` are literals, and the exit code is its own.
fn compare(job: &BenchJob, missing_fails: bool, options: &Options<'_>) -> Step {
    macro_rules! bench {
        ($more:literal) => {
            ours!(
                options.program,
                "bench --profile \"$PROFILE\" --base \"$BASE\" --json target/ci/bench/report.json",
                $more
            )
        };
    }
    let line = match (job.settings.rounds.is_some(), job.event == CiEvent::Push, missing_fails) {
        (false, false, false) => bench!(""),
        (false, false, true) => bench!(" --missing fail"),
        (false, true, false) => bench!(" --record"),
        (false, true, true) => bench!(" --record --missing fail"),
        (true, false, false) => bench!(" --rounds \"$ROUNDS\""),
        (true, false, true) => bench!(" --rounds \"$ROUNDS\" --missing fail"),
        (true, true, false) => bench!(" --rounds \"$ROUNDS\" --record"),
        (true, true, true) => bench!(" --rounds \"$ROUNDS\" --record --missing fail"),
    };
    let step = run("Compare the benchmarks", vec![line])
        .env("PROFILE", Text::literal(&job.settings.profile))
        .env("BASE", Text::Expression(expression::BASE));
    match job.settings.rounds {
        Some(rounds) => step.env("ROUNDS", Text::literal(rounds.to_string())),
        None => step,
    }
}
