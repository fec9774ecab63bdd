//! Jobs that promise nothing, and why.

use super::super::super::{scan_workflows, Scanned};

fn read(text: &str) -> Scanned {
    let (found, errors) = scan_workflows(&[("w.yml".to_owned(), text.to_owned())], "2026-11-29");
    assert_eq!(errors, Vec::<String>::new(), "{text}");
    found
}

#[track_caller]
fn check(text: &str, promises: &[&str], left: &[&str]) {
    let found = read(text);
    let shown: Vec<String> = found.promises.iter().map(|p| format!("{}: {}", p.line, p.kind)).collect();
    let others: Vec<String> = found.not_taken.iter().map(|one| format!("{}: {}", one.line, one.because)).collect();
    assert_eq!((shown, others), (owned(promises), owned(left)), "{text}");
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|one| (*one).to_owned()).collect()
}

/// A job of a workflow for these events, with these keys and steps, of one line each.
fn workflow(on: &str, job: &str, steps: &str) -> String {
    let lines = |text: &str, indent: &str| text.lines().map(|line| format!("{indent}{line}\n")).collect::<String>();
    format!(
        "on: {on}\njobs:\n  a:\n    runs-on: ubuntu-latest\n{}    steps:\n{}",
        lines(job, "    "),
        lines(steps, "      ")
    )
}

const TEST: &str = "- run: cargo +1.60 test";

#[test]
fn toolchains_that_may_fail_are_no_promise() {
    let left = ["4: the tests may fail there", "7: it may fail there"];
    check(&workflow("push", "continue-on-error: true", TEST), &[], &left);
    check(&workflow("push", "continue-on-error: ${{ true }}", TEST), &[], &left);
    check(&workflow("push", "continue-on-error: false", TEST), &["4: linux-x86_64", "7: Rust 1.60"], &[]);
    check(&workflow("push", "continue-on-error: ${{ github.x }}", TEST), &["4: linux-x86_64", "7: Rust 1.60"], &[]);
    // A job that is called MSRV, or a key.
    check(&workflow("push", "name: MSRV\ncontinue-on-error: true", TEST), &[], &[left[0], "8: it may fail there"]);
    let key = "strategy: {matrix: {msrv: ['1.60']}}\ncontinue-on-error: true";
    check(&workflow("push", key, "- run: cargo +${{ matrix.msrv }} test"), &[], &[left[0], "5: it may fail there"]);
    let matrix = "continue-on-error: ${{ matrix.experimental }}\nstrategy:\n  matrix:\n    rust: ['1.65', stable]\n    experimental: [false]\n    include:\n      - rust: '1.60'\n        experimental: true";
    check(
        &workflow("push", matrix, "- run: cargo +${{ matrix.rust }} test"),
        &["4: linux-x86_64", "8: Rust 1.65", "8: Rust stable"],
        &["11: it may fail there"],
    );
    let by_name = "continue-on-error: ${{ matrix.rust == 'nightly' }}\nstrategy: {matrix: {rust: ['1.65', nightly]}}";
    check(
        &workflow("push", by_name, "- run: cargo +${{ matrix.rust }} test"),
        &["4: linux-x86_64", "6: Rust 1.65"],
        &["6: nightly may fail there"],
    );
    // One step alone, and another that must pass.
    let steps = "- run: cargo +1.60 test\n  continue-on-error: true\n- run: cargo +1.65 test";
    check(&workflow("push", "", steps), &["4: linux-x86_64", "8: Rust 1.65"], &["6: it may fail there"]);
}

#[test]
fn a_toolchain_that_only_builds_releases_is_no_promise() {
    let steps = "- run: cargo +1.74 build --release --target x86_64-unknown-linux-gnu";
    let left = ["4: linux-x86_64 is only built there, not tested", "6: it only builds releases"];
    for on in ["release", "{push: {tags: ['v*']}}", "{release: {types: [published]}, workflow_dispatch: }"] {
        check(&workflow(on, "", steps), &[], &left);
    }
    for on in ["push", "{push: {tags: ['v*'], branches: [main]}}", "[release, pull_request]"] {
        check(&workflow(on, "", steps), &["6: Rust 1.74"], &left[..1]);
    }
    let of_job = workflow("push", "if: startsWith(github.ref, 'refs/tags/')", steps);
    check(&of_job, &[], &[left[0], "7: it only builds releases"]);
    let tested = workflow("release", "", "- run: cargo +1.74 test");
    check(&tested, &["4: linux-x86_64", "6: Rust 1.74"], &[]);
}

#[test]
fn jobs_that_never_run_are_named() {
    check(&workflow("push", "if: false", TEST), &[], &["7: the job never runs"]);
    check(&workflow("push", "if: ${{ false }}", TEST), &[], &["7: the job never runs"]);
    let asked = workflow("[push, workflow_dispatch]", "if: inputs.full", TEST);
    check(&asked, &[], &["7: the job runs only if its inputs say so"]);
    assert_eq!(read(&workflow("push", "if: false", TEST)).commands, []);
}

#[test]
fn a_job_that_tests_on_an_unknown_platform_is_named() {
    let on = |runner: &str, steps: &str| workflow("push", "", steps).replace("ubuntu-latest", runner);
    for (runner, because) in [
        ("${{ vars.RUNNER }}", "it is a variable on GitHub, not in the repository"),
        ("${{ needs.x.outputs.os }}", "it is an output of another job, which only a run knows"),
        ("buildjet-4vcpu", "`buildjet-4vcpu` is no runner of GitHub's"),
        ("[self-hosted, big]", "the runner is self-hosted, and its labels do not say it"),
        ("{group: big}", "no label says it"),
    ] {
        check(&on(runner, TEST), &["6: Rust 1.60"], &[&format!("4: the platform is not known: {because}")]);
        check(&on(runner, "- run: cargo fmt"), &[], &[]);
    }
}

#[test]
fn an_override_wins_over_the_default() {
    let steps = "- run: rustup override set 1.74\n- run: rustup default 1.75.0\n- run: cargo test";
    check(&workflow("push", "", steps), &["4: linux-x86_64", "6: Rust 1.74"], &["7: no step builds or tests with it"]);
    let unset =
        "- run: rustup override set 1.74 && rustup override unset\n- run: rustup default 1.75.0\n- run: cargo test";
    check(
        &workflow("push", "", unset),
        &["4: linux-x86_64", "7: Rust 1.75.0"],
        &["6: no step builds or tests with it"],
    );
    let variable = "- run: rustup override set 1.74\n- run: RUSTUP_TOOLCHAIN=1.76 cargo test";
    check(
        &workflow("push", "", variable),
        &["4: linux-x86_64", "7: Rust 1.76"],
        &["6: no step builds or tests with it"],
    );
}
