//! The step that tells of a schedule that failed, executed with a stand-in for GitHub's own `gh`.

use std::path::Path;
use std::process::Command;

use compatrix_ci::workflow::{Action, Step, Text};
use compatrix_ci::Place;

use crate::{committed, plans, spec, workflows_in, By};

const SPEC: &str =
    "[project]\npackages = [\"things\"]\n[axis]\nrust = [\"stable\"]\n[ci.runners]\nlinux-x86_64 = \"ubuntu-24.04\"\n\
                    [ci.schedule]\ncron = \"17 3 * * *\"\ncompat = \"local\"\n";

/// A `gh` that knows of an open issue of this number, or of none, and writes down what it is asked for.
const GH: &str =
    "#!/usr/bin/env bash\nprintf '%s\\n' \"$*\" >> \"$CALLS\"\nif [ \"$2\" = list ]; then printf '%s' \"$OPEN\"; fi\n";

/// The step, as the workflow has it.
fn step() -> Step {
    let spec = spec(SPEC).expect("a good spec");
    let plans = plans(&spec, &committed(&spec)).expect("plans");
    let workflow = workflows_in(&spec, &plans, By::Registry, &Place::default()).remove(0);
    let job = workflow.jobs.into_iter().find(|job| job.id == "report").expect("a job that reports");
    assert_eq!(job.permissions.iter().map(|grant| grant.scope).collect::<Vec<_>>(), ["issues"]);
    job.steps.into_iter().next().expect("a step")
}

/// What `gh` is asked for.
fn calls(step: &Step, open: &str, dir: &Path) -> Vec<String> {
    let Action::Run(lines) = &step.action else { panic!("{step:?}") };
    let title = step.env.iter().find_map(|(name, value)| (name == "TITLE").then_some(value));
    let Some(Text::Literal(title)) = title else { panic!("no title in {:?}", step.env) };
    let gh = dir.join("gh");
    std::fs::write(&gh, GH).expect("a script");
    let made = Command::new("chmod").arg("+x").arg(&gh).status().expect("chmod");
    assert!(made.success());
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap_or_default());
    let told = dir.join("calls");
    let ran = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &lines.join("\n")])
        .env("PATH", path)
        .env("CALLS", &told)
        .env("OPEN", open)
        .env("TITLE", title)
        .env("RUN_PAGE", "page-of-the-run")
        .env("GITHUB_REPOSITORY", "some/where")
        .status()
        .expect("bash");
    assert!(ran.success());
    std::fs::read_to_string(told).expect("calls").lines().map(str::to_owned).collect()
}

#[test]
fn a_failed_schedule_opens_an_issue_or_adds_to_the_open_one() {
    let step = step();
    let dir = tempfile::tempdir().expect("a folder");
    let asked = calls(&step, "", dir.path());
    assert!(asked[0].starts_with("issue list --repo some/where --state open"), "{asked:?}");
    // Titles are compared whole: a search would find those that only have its words.
    assert!(asked[0].contains("select(.title == env.TITLE)"), "{asked:?}");
    assert!(
        asked[1].starts_with("issue create --repo some/where --title The scheduled compatibility run fails"),
        "{asked:?}"
    );
    assert!(asked[1].contains("page-of-the-run"), "{asked:?}");
    let dir = tempfile::tempdir().expect("a folder");
    let asked = calls(&step, "12", dir.path());
    assert!(asked[1].starts_with("issue comment 12 --repo some/where --body"), "{asked:?}");
    assert_eq!(asked.len(), 2);
}
