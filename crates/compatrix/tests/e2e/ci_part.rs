//! `compat --event` and `--job`: what CI runs, at home.

use crate::support::Workspace;

const SPEC: &str = "[axis]\nrust = [HERE]\n[axis.features]\ndefault = []\njson = [\"json\"]\n\
                    [axis.word]\nenv = \"WORD\"\nvalues = [\"good\", \"bad\"]\n\
                    [profile.local]\nstrategy = \"all\"\n[profile.good]\nwhen = { word = \"good\" }\n";

const TESTS: &str = "#[test]\nfn works() {\n    assert_ne!(std::env::var(\"WORD\").unwrap(), \"bad\");\n}\n";

/// A workspace in which the cells with `word=bad` are broken, and what its CI runs.
fn made(ci: &str) -> Workspace {
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    Workspace::new(&format!("{SPEC}{}", ci.replace("PLATFORM", &platform))).tests(TESTS)
}

fn compat(made: &Workspace, part: &[&str]) -> crate::support::Ran {
    made.run(&[&["compat", "--no-install", "--offline"], part].concat())
}

#[test]
fn an_event_runs_its_profile_and_a_job_its_cells() {
    let made = made(
        "[ci.runners]\nPLATFORM = \"runner\"\n[ci.pull_request]\ncompat = \"good\"\n[ci.push]\ncompat = \"local\"\nmax-jobs = 2\n",
    );
    compat(&made, &["--event", "pull_request"]).expect(0).prints(&["2 ok"]);
    compat(&made, &["--event", "push"]).expect(1).prints(&["2 ok", "2 broken"]);
    let refused = compat(&made, &["--event", "push", "--job", "none"]);
    refused.expect(2).says(&["no job `none` on push for compat", "there are 2"]);
    compat(&made, &["--event", "push", "--cell", "word=good"]).expect(2).says(&["cannot be used with"]);
    compat(&made, &["--job", "none"]).expect(2).says(&["--event"]);
    compat(&made, &["--event", "nightly"]).expect(2).says(&["pull_request, push, schedule"]);
    compat(&made, &["--event", "schedule"]).expect(2).says(&["no [ci.schedule]", "compat = \"local\""]);
    let leaks = made.run(&["leak-check", "--no-install", "--offline", "--event", "push"]);
    leaks.expect(2).says(&["[ci.push]", "does not run `leak-check`"]);
    let plan = compat(&made, &["--event", "pull_request", "--dry-run"]);
    plan.expect(0).prints(&["2 builds"]);
}

#[test]
fn without_ci_in_the_spec_an_event_says_what_to_add() {
    compat(&made(""), &["--event", "push"]).expect(2).says(&["the spec has no [ci]", "[ci.push]"]);
}

#[test]
fn what_may_fail_is_shown_and_does_not_fail_ci() {
    let ci =
        "[ci]\nmay-fail = [{ word = \"bad\" }]\n[ci.runners]\nPLATFORM = \"runner\"\n[ci.push]\ncompat = \"local\"\n";
    let made = made(ci);
    compat(&made, &["--event", "push"]).expect(0).prints(&["2 broken"]);
    compat(&made, &[]).expect(1).prints(&["2 broken"]);
}

#[test]
fn what_could_not_be_tried_fails_ci_where_the_spec_says_so() {
    let ci = |missing: &str| {
        format!("[ci]\nmissing = \"{missing}\"\n[ci.runners]\nPLATFORM = \"runner\"\n[ci.push]\ncompat = \"good\"\n")
    };
    let spec = SPEC.replace("[HERE]", "[HERE, \"1.4\"]");
    for (missing, code) in [("skip", 0), ("fail", 1)] {
        let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        let made = Workspace::new(&format!("{spec}{}", ci(missing).replace("PLATFORM", &platform))).tests(TESTS);
        compat(&made, &["--event", "push"]).expect(code).prints(&["2 ok", "2 unproven"]);
    }
}

#[test]
fn a_platform_without_jobs_says_where_they_run() {
    let made = made("[ci.runners]\nillumos-s390x = \"runner\"\n[ci.push]\ncompat = \"good\"\n");
    compat(&made, &["--event", "push"]).expect(2).says(&["no job of push runs on", "illumos-s390x"]);
}
