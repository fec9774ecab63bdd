//! The workflow of ordinary lints and tests.

use crate::workflow::{MayFail, Step, Text, Trigger, Workflow, WorkflowJob};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::matrix_spec::{Check, Checks, Ci};

use super::scene::{caches_compiled, concurrency, usual_runner, Options, Program};
use super::steps::{self, run, Also};
use super::{about, expression, tool};

/// The workflow's file in `.github/workflows`.
pub const CHECKS_FILE: &str = "checks.yml";

pub(super) fn workflow(spec: &Spec, ci: &Ci, checks: &Checks, options: &Options<'_>) -> Workflow {
    let branches = || options.branches.to_vec();
    let place = options.place;
    let mut about = vec!["Runs the ordinary lints and tests.".to_owned()];
    about.extend(about::to_change(options));
    let mut env = steps::toolchain_env(options);
    if checks.run.contains(&Check::Doc) {
        env.push(("RUSTDOCFLAGS".to_owned(), Text::literal("-D warnings")));
    }
    let job = WorkflowJob {
        id: "checks".to_owned(),
        name: Text::literal(place.name("checks: lints and tests")),
        about: vec![
            "You can make this a required check, in addition to the verdicts of the other workflows.".to_owned()
        ],
        condition: None,
        needs: Vec::new(),
        runs_on: usual_runner(ci).1.to_owned(),
        container: None,
        permissions: vec![steps::READS_CODE],
        timeout_minutes: ci.timeout_minutes,
        matrix: None,
        continue_on_error: MayFail::Never,
        env,
        steps: steps_of(spec, ci, checks, options),
    };
    Workflow {
        file: place.file(CHECKS_FILE),
        name: place.name("checks"),
        place: place.clone(),
        about,
        on: vec![
            Trigger::PullRequest { branches: branches() },
            Trigger::MergeGroup,
            Trigger::Push { branches: branches() },
            Trigger::Dispatch { events: Vec::new() },
        ],
        concurrency: Some(concurrency()),
        env: Vec::new(),
        jobs: vec![job],
    }
}

fn steps_of(spec: &Spec, ci: &Ci, checks: &Checks, options: &Options<'_>) -> Vec<Step> {
    let mut steps = vec![steps::checkout("1")];
    if !checks.packages.is_empty() {
        let lines = vec![
            "read -r -a packages <<< \"$PACKAGES\"",
            "sudo apt-get update",
            "sudo apt-get install --yes --no-install-recommends -- \"${packages[@]}\"",
        ];
        let packages = run("Install packages", lines).env("PACKAGES", Text::literal(checks.packages.join(" ")));
        steps.push(packages.installs());
    }
    let line =
        "rustup toolchain install \"$RUSTUP_TOOLCHAIN\" --profile minimal --component clippy,rustfmt --no-self-update";
    steps.push(run("Install the toolchain", vec![line]).installs());
    if caches_compiled(ci, options) {
        steps.push(steps::compiled(options, "checks", Text::Expression(expression::ON_BRANCH)));
    }
    if let (Program::Compatrix(source), true) = (options.program, checks.run.contains(&Check::Generated)) {
        steps.extend(tool::toolchain(options));
        steps.push(tool::install_for_checks(source));
    }
    for check in &checks.run {
        let (name, lines) = match check {
            Check::Format => ("Format", vec!["cargo fmt --all --check"]),
            Check::Clippy => ("Clippy", vec!["cargo clippy --workspace --all-targets --locked -- -D warnings"]),
            Check::Test => ("Test", vec!["cargo test --workspace --locked"]),
            Check::Doc => ("Documentation", vec!["cargo doc --workspace --no-deps --locked"]),
            Check::Generated => ("Generated files", generated(spec, options.program)),
        };
        steps.push(run(name, lines));
    }
    if let Some(script) = &checks.script {
        steps.push(run("Run the script", vec!["bash -- \"$SCRIPT\""]).env("SCRIPT", Text::literal(script)));
    }
    steps
}

/// Every generator with `--check`; locksets only if the spec has any.
fn generated(spec: &Spec, program: Program<'_>) -> Vec<&'static str> {
    let [mut lines, locks] = match program {
        Program::Xtask(_) => {
            [vec!["cargo xtask gen-ci --check", "cargo xtask report --check"], vec!["cargo xtask lock --check"]]
        }
        Program::Compatrix(_) => [
            vec!["cargo compatrix gen-ci --check", "cargo compatrix report --check"],
            vec!["cargo compatrix lock --check"],
        ],
    };
    if !spec.locks.is_empty() {
        lines.extend(locks);
    }
    lines
}
