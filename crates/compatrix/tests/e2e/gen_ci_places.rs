//! `gen-ci` in repositories of strangers: where jobs get the tool from, which branches start them, which folder they run in,
//! and on which machines.

#![allow(clippy::disallowed_methods, reason = "tests edit files and look at them")]

use std::fs;

use crate::gen_ci::{read, refuses, COMPATIBILITY, PINS, SPEC};
use crate::support::{clean, commit, finish, git, Workspace, PROGRAM};

/// The spec without its tool.
fn without_tool() -> String {
    SPEC.replace("[ci.tool]\nversion = \"0.4.1\"\n", "")
}

#[test]
fn jobs_get_the_tool_from_where_the_spec_says_and_never_from_a_strangers_xtask() {
    let xtask = |dependencies: &str| {
        let manifest = format!(
            "[package]\nname = \"xtask\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{dependencies}\n[workspace]\n"
        );
        let made = Workspace::new(&without_tool()).file("xtask/Cargo.toml", &manifest);
        made.file(".cargo/config.toml", "[alias]\nxtask = \"run --manifest-path xtask/Cargo.toml --\"\n")
    };
    let choices = ["[ci.tool]", "git = \"https://", "rev = \"", "version = \"", "path = \""];
    let stranger = xtask("");
    for args in [&[][..], &["--check"]] {
        refuses(&stranger, args, 2, &choices);
        refuses(&stranger, args, 2, &["the workspace's xtask does not depend on compatrix"]);
        refuses(&Workspace::new(&without_tool()), args, 2, &choices);
    }
    // Nothing of ours names a command that would start it.
    let ran = stranger.run(&["init", "--stdout"]);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("cargo xtask"), "{ran}");

    let ours = xtask("[dependencies]\ntool = { package = \"compatrix\", path = \"../x\" }");
    ours.run(&["gen-ci"]).expect(0);
    assert!(read(&ours, COMPATIBILITY).contains("cargo xtask compat --event"));
    ours.run(&["gen-ci", "--check"]).expect(0);

    let rev = "0123456789".repeat(4);
    let git = format!("git = \"https://example.org/me/it\"\nrev = \"{rev}\"");
    for (tool, texts) in [
        (
            git.as_str(),
            &[
                "cargo install --git \"$TOOL_GIT\" --rev \"$TOOL_REV\" --locked",
                "TOOL_GIT: \"https://example.org/me/it\"",
            ][..],
        ),
        (
            "version = \"0.4.1\"",
            &["cargo install compatrix --version \"=$TOOL_VERSION\" --locked", "TOOL_VERSION: \"0.4.1\""],
        ),
        ("path = \"tools/it\"", &["cargo install --path \"$TOOL_PATH\" --locked", "TOOL_PATH: \"tools/it\""]),
    ] {
        let made = Workspace::new(&format!("{}[ci.tool]\n{tool}\n", without_tool()))
            .file("tools/it/Cargo.toml", "[package]\nname = \"compatrix\"\n");
        made.run(&["gen-ci"]).expect(0);
        let text = read(&made, COMPATIBILITY);
        for expected in texts.iter().chain(&["cargo compatrix compat --event"]) {
            assert!(text.contains(expected), "no {expected:?} in\n{text}");
        }
        assert!(!text.contains("xtask"), "{text}");
    }
}

#[test]
fn a_tool_that_jobs_would_not_have_is_refused() {
    let made = Workspace::new(&format!("{}[ci.tool]\npath = \"tools/it\"\n", without_tool()));
    refuses(&made, &[], 2, &["`path` of [ci.tool]", "there is no", "tools/it/Cargo.toml"]);
    made.write("tools/it/Cargo.toml", "[package]\nname = \"other\"\n");
    refuses(&made, &[], 2, &["is the manifest of `other`, not of `compatrix`"]);
    let outside = Workspace::new(&format!("{}[ci.tool]\npath = \"../it\"\n", without_tool()))
        .file("../it/Cargo.toml", "[package]\nname = \"compatrix\"\n");
    refuses(&outside, &[], 2, &["is outside of the repository"]);
    git(&outside, &["init", "--quiet", "."]);
    refuses(&outside, &[], 2, &["is outside of the repository", "name `git` and `rev`"]);
}

#[test]
fn branches_are_those_of_the_repository_and_the_same_in_every_checkout() {
    let branches = |made: &Workspace| {
        let text = read(made, COMPATIBILITY);
        let lines = text.lines().skip_while(|line| !line.contains("branches:")).skip(1);
        let names =
            lines.take_while(|line| line.contains("- \"")).map(|line| line.trim().trim_matches(['-', ' ', '"']));
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let theirs = "on:\n  push:\n    branches: [master, \"release/*\"]\n  pull_request:\n    branches: [master, develop]\njobs: {}\n";
    let made = Workspace::new(SPEC).file(".github/workflows/ci.yml", theirs).file(".gitignore", "target\n");
    git(&made, &["init", "--quiet", "--initial-branch=master"]);
    let ran = made.run(&["gen-ci"]);
    ran.expect(0).says(&["Branches master, develop, from .github/workflows/ci.yml", "(`release/*`)"]);
    assert_eq!(branches(&made), ["master", "develop"]);

    // Nothing names one: git is asked once, and never again.
    let made = Workspace::new(SPEC).file(".gitignore", "target\n");
    git(&made, &["init", "--quiet", "--initial-branch=trunk"]);
    made.run(&["gen-ci"]).expect(0).says(&["`trunk` (the current branch)", "`branches = [\"trunk\"]` under [ci]"]);
    assert_eq!(branches(&made), ["trunk"]);
    commit(&made);
    for checkout in [&["checkout", "--quiet", "--detach"][..], &["checkout", "--quiet", "-b", "main"]] {
        git(&made, checkout);
        let checked = made.run(&["gen-ci", "--check"]);
        checked.expect(0).never_says("warning");
    }
    // A spec that leaves out the default branch of the remote.
    git(&made, &["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
    git(&made, &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
    let spec = read(&made, "compat/matrix.toml").replace("[ci.tool]", "[ci]\nbranches = [\"next\"]\n[ci.tool]");
    made.write("compat/matrix.toml", spec);
    made.run(&["gen-ci"]).expect(0).says(&["run for `next`, but the default branch of origin is `trunk`"]);
    assert_eq!(branches(&made), ["next"]);
}

#[test]
fn workflows_are_at_the_root_of_the_repository_one_set_for_each_workspace() {
    let spec = SPEC.replace("[ci.tool]", "[ci]\nbranches = [\"main\"]\n[ci.tool]");
    let made = Workspace::new(&spec).file("../.gitignore", "target\ncache\n");
    git(&made, &["init", "--quiet", "--initial-branch=main", ".."]);
    let top = |path: &str| made.path(&format!("../.github/workflows/{path}"));
    let ran = made.run(&["gen-ci"]);
    ran.expect(0).says(&["Wrote .github/workflows/compatibility.yml", "Wrote ci/actions.toml"]).never_says("warning");
    assert!(!made.path(".github").exists() && made.path(PINS).exists());
    let text = fs::read_to_string(top("compatibility.yml")).expect("at the root");
    for expected in [
        "from ws/compat/matrix.toml and ws/ci/actions.toml",
        "working-directory: \"ws\"",
        "path: \"ws/target/ci/evidence\"",
        "path: \"ws/target/ci/bin\"",
        "workspaces: \"ws\"",
        "echo \"$GITHUB_WORKSPACE/$FOLDER/target/ci/bin\" >> \"$GITHUB_PATH\"",
    ] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
    made.run(&["gen-ci", "--check"]).expect(0);

    // A second workspace: each has its own file names, and neither touches the other's.
    let other = |path: &str| format!("../crates/pool/{path}");
    for file in ["Cargo.toml", "Cargo.lock", "src/lib.rs", "tests/it.rs", "compat/matrix.toml"] {
        made.write(&other(file), read(&made, file));
    }
    let in_other = |args: &[&str]| {
        let mut command = std::process::Command::new(PROGRAM);
        clean(&mut command);
        let root = made.path(&other("")).canonicalize().expect("a folder");
        command.args(args).arg("--root").arg(root).env("XDG_CACHE_HOME", made.cache()).current_dir("/");
        finish(command)
    };
    in_other(&["gen-ci"]).expect(0).says(&["Wrote .github/workflows/crates-pool-compatibility.yml"]);
    assert_eq!(fs::read_to_string(top("compatibility.yml")).expect("still there"), text);
    let checked = made.run(&["gen-ci", "--check"]);
    checked.expect(1).prints(&["ws-compatibility.yml", "compatibility.yml is no longer in the spec"]);
    made.run(&["gen-ci"])
        .expect(0)
        .says(&["Wrote .github/workflows/ws-compatibility.yml", "Removed .github/workflows/compatibility.yml"]);
    made.run(&["gen-ci", "--check"]).expect(0);
    in_other(&["gen-ci", "--check"]).expect(0);
    let text = fs::read_to_string(top("ws-compatibility.yml")).expect("at the root");
    assert!(text.contains("name: \"compatibility of ws\"") && text.contains("all cells as expected of ws"), "{text}");
}

#[test]
fn a_folder_that_a_workflow_cannot_name_and_one_without_git_are_told() {
    let files = [
        ("Cargo.toml", "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
        ("Cargo.lock", "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n"),
        ("src/lib.rs", ""),
    ];
    let made = Workspace::of_files("a ${{ x }}", &files);
    made.write("compat/matrix.toml", format!("[project]\npackages = [\"made\"]\n{SPEC}"));
    let ran = made.run(&["gen-ci"]);
    ran.expect(0).says(&["is in no git repository", "GitHub looks for them at the root of a repository"]);
    fs::remove_dir_all(made.path(".github")).expect("removes");
    git(&made, &["init", "--quiet", ".."]);
    refuses(&made, &[], 2, &["which a workflow cannot name", "rename it"]);
}

#[test]
fn runners_that_are_retired_or_of_another_platform_are_named() {
    let with = |label: &str| Workspace::new(&SPEC.replace("ubuntu-24.04", label));
    refuses(
        &with("windows-2025"),
        &[],
        2,
        &["[ci.runners]", "`windows-2025` for linux-x86_64 is a runner of windows-x86_64"],
    );
    refuses(&with("macos-15"), &["--check"], 2, &["`macos-15` for linux-x86_64 is a runner of macos-aarch64"]);
    let retired = with("ubuntu-18.04");
    retired.run(&["gen-ci"]).expect(0).says(&["`ubuntu-18.04` for linux-x86_64 was retired by GitHub in April 2023"]);
    let ran = retired.run(&["doctor"]);
    ran.expect(1).prints(&["runner-unfit", "compat/matrix.toml:", "ubuntu-18.04"]);
    with("my-own-machine").run(&["gen-ci"]).expect(0).never_says("my-own-machine");
}

#[test]
fn a_folder_of_workflows_that_leads_out_of_the_repository_is_refused() {
    let made = Workspace::new(SPEC);
    let elsewhere = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(elsewhere.path(), made.path(".github")).expect("links");
    made.run(&["gen-ci"]).expect(2).says(&[".github is a link that leads out of the repository"]);
    assert_eq!(fs::read_dir(elsewhere.path()).expect("lists").count(), 0);
}
