//! `ci rehearse` and `ci provision`: the workflows of a small workspace, executed here. Its xtask is the executable under
//! test, by way of a program of its own that is compiled, handed on and found by cargo as on GitHub.

#![allow(clippy::disallowed_methods, reason = "tests ask git and rustup")]

use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::{commit, finish, git, signal, text_of, wait_for, Ran, Workspace, PROGRAM, WAITS};

const SPEC: &str = "[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\nvalues = [\"quick-1\", \"quick-2\"]\n\n\
    [ci.runners]\nlinux-x86_64 = \"ubuntu-24.04\"\nmacos-aarch64 = \"macos-15\"\n\n\
    [ci.pull_request]\ncompat = \"local\"\n\n[ci.schedule]\ncron = \"17 3 * * *\"\ncompat = \"local\"\n";

const XTASK_LOCK: &str = "version = 3\n\n[[package]]\nname = \"compatrix\"\nversion = \"0.1.0\"\n\n[[package]]\n\
    name = \"xtask\"\nversion = \"0.1.0\"\ndependencies = [\n \"compatrix\",\n]\n";

/// Whether this machine has what a runner has: a toolchain by the name `stable`, and a C library to link statically.
fn is_like_a_runner() -> bool {
    let has = cfg!(all(target_os = "linux", target_arch = "x86_64"))
        && Command::new("rustup")
            .args(["which", "--toolchain", "stable", "cargo"])
            .output()
            .is_ok_and(|o| o.status.success());
    if !has {
        eprintln!("skipped: no toolchain `stable` of rustup, or not Linux on x86_64");
    }
    has
}

/// A workspace of this spec with an xtask, in a repository.
fn made(spec: &str, tests: &str) -> Workspace {
    let main = format!(
        "use std::os::unix::process::CommandExt;\nfn main() {{\n    let args = std::env::args_os().skip(1);\n    \
         let args = args.filter(|arg| arg != \"handed-xtask\");\n    \
         panic!(\"{{}}\", std::process::Command::new({PROGRAM:?}).args(args).exec());\n}}\n"
    );
    let manifest = "[package]\nname = \"xtask\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n\
                    compatrix = { path = \"../stub\" }\n\n[profile.dev]\ndebug = 0\n\n[workspace]\n";
    let made = Workspace::new(spec)
        .tests(tests)
        .file("xtask/Cargo.toml", manifest)
        .file("xtask/Cargo.lock", XTASK_LOCK)
        .file(
            "stub/Cargo.toml",
            "[package]\nname = \"compatrix\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n",
        )
        .file("stub/src/lib.rs", "")
        .file("xtask/src/main.rs", &main)
        .file(".gitignore", "target\n");
    git(&made, &["init", "--quiet"]);
    commit(&made);
    // The verdict compares with the commit before.
    made.write("notes", "");
    commit(&made);
    made
}

fn rehearse(made: &Workspace) -> Ran {
    made.run(&["ci", "rehearse", "--event", "pull_request"])
}

fn work(made: &Workspace) -> bool {
    let rehearsals = std::fs::read_dir(made.cache().join("compatrix/rehearse")).into_iter().flatten().flatten();
    rehearsals.flat_map(|entry| std::fs::read_dir(entry.path().join("work"))).flatten().next().is_some()
}

#[test]
fn a_rehearsal_ends_as_compat_does() {
    if !is_like_a_runner() {
        return;
    }
    let made = made(SPEC, "#[test]\nfn works() {}\n");
    made.write("not-committed", "");
    let ran = made.assert_tree_unchanged(|| rehearse(&made));
    ran.expect(0).says(&["what is not committed is not in the rehearsal (not-committed)"]);
    ran.says(&["jobs of other platforms are omitted; this verdict covers only linux-x86_64"]);
    ran.prints(&["orchestrator-linux-x86_64", "omitted", "verdict", "2 ok"]);
    assert!(!work(&made), "checkouts go away\n{ran}");
    // A test that fails: the same verdict, and the same exit code, as of `compat` itself.
    made.write(
        "tests/it.rs",
        "#[test]\nfn works() {\n    assert_ne!(std::env::var(\"N\").unwrap(), \"quick-2\");\n}\n",
    );
    commit(&made);
    let keep = made.cache().join("keep");
    let ran = made.run(&["ci", "rehearse", "--event", "pull_request", "--keep", keep.to_str().expect("UTF-8")]);
    for kept in ["artifacts/orchestrator-linux-x86_64/cargo-handed-xtask", "verdict/workspace/Cargo.toml"] {
        assert!(keep.join("compatibility").join(kept).exists(), "{kept} is not kept\n{ran}");
    }
    ran.expect(1).says(&["failed"]).prints(&["1 broken", "failure"]);
    made.run(&["compat", "--event", "pull_request"]).expect(1).prints(&["1 broken"]);
    // A folder with other things in it is not taken.
    made.write("mine/compatibility/thing", "");
    let mine = made.path("mine");
    let ran = made.run(&["ci", "rehearse", "--event", "pull_request", "--keep", mine.to_str().expect("UTF-8")]);
    ran.expect(2).says(&["is not from a rehearsal; name another folder"]);
}

/// A repository of a stranger: the workspace is in a folder of it and has an xtask that has nothing to do with Compatrix.
fn strangers(tool: &str, tests: &str) -> Workspace {
    let spec =
        format!("{SPEC}[ci.tool]\n{tool}\n").replace("[ci.runners]", "[ci]\nbranches = [\"main\"]\n[ci.runners]");
    let main = format!(
        "use std::os::unix::process::CommandExt;\nfn main() {{\n    \
         panic!(\"{{}}\", std::process::Command::new({PROGRAM:?}).args(std::env::args_os().skip(1)).exec());\n}}\n"
    );
    let package =
        |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n");
    let bin = "[[bin]]\nname = \"cargo-compatrix\"\npath = \"main.rs\"\n";
    let made = Workspace::new(&spec)
        .tests(tests)
        .file("xtask/Cargo.toml", &package("xtask"))
        .file("xtask/src/main.rs", "fn main() { panic!(\"nobody asked for this\"); }\n")
        .file(".cargo/config.toml", "[alias]\nxtask = \"run --manifest-path xtask/Cargo.toml --\"\n")
        .file("../tools/it/Cargo.toml", &format!("{}\n{bin}", package("compatrix")))
        .file("../tools/it/Cargo.lock", "version = 3\n\n[[package]]\nname = \"compatrix\"\nversion = \"0.1.0\"\n")
        .file("../tools/it/main.rs", &main)
        .file("../.gitignore", "target\ncache\n");
    git(&made, &["init", "--quiet", "--initial-branch=main", ".."]);
    git(&made, &["add", "--all", ".."]);
    commit(&made);
    made.write("notes", "");
    commit(&made);
    made
}

#[test]
fn a_rehearsal_of_a_workspace_in_a_folder_compiles_the_tool_of_the_repository() {
    if !is_like_a_runner() {
        return;
    }
    let made = strangers("path = \"../tools/it\"", "#[test]\nfn works() {}\n");
    made.run(&["gen-ci", "--check"]).expect(1).prints(&["working-directory: \"ws\"", "cargo compatrix compat"]);
    let ran = made.assert_tree_unchanged(|| rehearse(&made));
    ran.expect(0).prints(&["orchestrator-linux-x86_64", "verdict", "2 ok"]);
    ran.says(&["Install Compatrix"]).never_says("stands in");
    assert!(!work(&made), "checkouts go away\n{ran}");
    let broken = "#[test]\nfn works() {\n    assert_ne!(std::env::var(\"N\").unwrap(), \"quick-2\");\n}\n";
    made.write("tests/it.rs", broken);
    commit(&made);
    rehearse(&made).expect(1).prints(&["1 broken", "failure"]);
    made.run(&["compat", "--event", "pull_request"]).expect(1).prints(&["1 broken"]);
}

#[test]
fn the_running_executable_stands_in_for_one_that_would_be_downloaded() {
    if !is_like_a_runner() {
        return;
    }
    let git = format!("git = \"https://example.invalid/me/it\"\nrev = \"{}\"", "0123456789".repeat(4));
    for tool in ["version = \"0.4.1\"", &git] {
        let ran = rehearse(&strangers(tool, "#[test]\nfn works() {}\n"));
        ran.expect(0).prints(&["verdict", "2 ok"]);
        ran.says(&[
            "Install Compatrix",
            "the running executable stands in for the installed one; --install installs it",
        ]);
    }
}

#[test]
fn an_interrupt_ends_a_rehearsal_with_the_orchestrators_in_it() {
    if !is_like_a_runner() {
        return;
    }
    let made = made(&SPEC.replace("quick-2", "slow"), WAITS);
    let mut command = made.command(&["ci", "rehearse", "--event", "pull_request"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let cache = made.cache().to_string_lossy().into_owned();
    // The test executable that waits, of the orchestrator in the job.
    wait_for("the test", || crate::support::processes_with(&cache).iter().any(|process| process.contains("it-")));
    signal(&child, Signal::INT);
    let output = child.wait_with_output().expect("ends");
    let said = text_of(output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("the same command starts over") && !said.contains("results are kept"), "{said}");
    assert!(crate::support::processes_with(&cache).is_empty(), "{:?}", crate::support::processes_with(&cache));
    assert!(!work(&made), "checkouts go away");
}

#[test]
fn what_cannot_be_rehearsed_is_refused_with_what_to_do() {
    let made = Workspace::new(&format!("{SPEC}[ci.tool]\nversion = \"0.4.1\"\n"));
    rehearse(&made).expect(2).says(&["is not in a git repository, but a rehearsal needs a commit"]);
    git(&made, &["init", "--quiet"]);
    rehearse(&made).expect(2).says(&["has no commit yet; commit, then rehearse"]);
    let args = ["ci", "rehearse", "--event", "push"];
    made.run(&args).expect(2).says(&["the spec has no [ci.push]"]);
    let args = ["ci", "rehearse", "--event", "schedule", "--of", "leak-check"];
    made.run(&args).expect(2).says(&["[ci.schedule]", "does not run `leak-check`"]);
    made.run(&["ci", "rehearse", "--event", "nightly"]).expect(2).says(&["pull_request, push, schedule"]);
    let elsewhere = Workspace::new(&SPEC.replace("linux-x86_64 = ", "linux-riscv64 = "));
    rehearse(&elsewhere).expect(2).says(&["[ci.runners]", "has no runner for"]);
    Workspace::new("[axis]\nrust = [HERE]\n").run(&["ci", "provision"]).expect(2).says(&["the spec has no [ci]"]);
}

#[test]
fn nothing_to_provide_is_said() {
    let made = Workspace::new(SPEC);
    let mut command = made.command(&["ci", "provision"]);
    command.env("COMPATRIX_PLATFORM", "none");
    finish(command).expect(0).says(&["no job of", "loads an exact SQLite version"]);
}
