//! Cells of the axis `os` with a runner. The target is this host's own, so that a script can be the runner of it: one that
//! behaves, hangs, hides exit codes, prints nothing, or is not there.

#![allow(clippy::disallowed_methods, reason = "tests make files, and take the time of what hangs")]

use crate::support::{host, judged, row, Workspace};

/// A runner that does nothing wrong.
const BEHAVES: &str = "exec \"$@\"";
/// One that ends with 0, whatever happens.
const HIDES: &str = "\"$@\"; exit 0";
/// What the suite's tests are without words of their own.
const TESTS: &str = "#[test]\nfn works() {}\n";

/// A workspace with a cell of this host and one under the runner `run.sh`, which does this.
fn made(script: &str, suite: &str) -> Workspace {
    let spec = format!(
        "[axis]\nrust = [HERE]\n[axis.os]\nhere = {{}}\nscripted = {{ target = \"{}\", runner = [\"./run.sh\", \"word\"] }}\n\
         [[suite]]\nname = \"tests\"\n{suite}",
        host()
    );
    let made = Workspace::new(&spec).tests(TESTS);
    runner(&made, script);
    made
}

/// Makes `run.sh` do this with what it is given; its first word is the spec's.
fn runner(made: &Workspace, script: &str) {
    made.write("run.sh", format!("#!/bin/sh\n[ \"$1\" = word ] || exit 99\nshift\n{script}\n"));
    std::process::Command::new("chmod").args(["+x", "run.sh"]).current_dir(made.root()).status().expect("chmod");
}

/// What became of the cell under the runner.
#[track_caller]
fn scripted(made: &Workspace, code: i32) -> (String, String, String) {
    judged(&made.json(code, &["--cell", "os=scripted"]), "os=scripted")
}

#[test]
fn a_runner_that_behaves() {
    let made = made(BEHAVES, "");
    let json = made.json(0, &[]);
    assert_eq!(judged(&json, "os=here").0, "ok");
    assert_eq!(judged(&json, "os=scripted").0, "ok");
    let target = &row(&json, "os=scripted")["record"]["proof"]["target"];
    assert_eq!((&target["triple"], &target["runner"]), (&host().into(), &"run.sh".into()));
    assert!(row(&json, "os=here")["record"]["proof"]["target"].is_null());
    // What a person types starts it too, and the exact lines do.
    let ran = made.run(&["repro", "rust=here os=scripted"]);
    let first = ran.expect(0).stdout.lines().next().unwrap_or_default().to_owned();
    assert!(first.contains("runner=[") && first.contains("run.sh\",\"word\"]"), "{first}");
}

#[test]
fn a_runner_that_hides_exit_codes_is_believed_in_nothing() {
    let suite = "doctests = true\n";
    let of_os = "the runner of os=scripted";
    // Tests that pass, those that fail, a harness of its own, and documentation tests.
    let passing = made(HIDES, "");
    let (verdict, outcome, cause) = scripted(&passing, 3);
    assert_eq!((verdict.as_str(), outcome.as_str()), ("error", "infrastructure"), "{cause}");
    assert!(cause.contains(of_os) && cause.contains("hides exit codes"), "{cause}");
    let failing = made(HIDES, "").tests("#[test]\nfn fails() { panic!() }\n");
    let (verdict, _, cause) = scripted(&failing, 3);
    assert!(verdict == "error" && cause.contains(of_os), "{verdict} {cause}");
    let own = made(HIDES, "").tests("fn main() { std::process::exit(7) }\n");
    let manifest = std::fs::read_to_string(own.path("Cargo.toml")).expect("reads");
    own.write("Cargo.toml", format!("{manifest}\n[[test]]\nname = \"it\"\nharness = false\n"));
    let (verdict, _, cause) = scripted(&own, 3);
    assert!(verdict == "error" && cause.contains(of_os), "{verdict} {cause}");
    assert!(!cause.contains("cargo's configuration"), "{cause}");
    let documented = made(HIDES, suite).file("src/lib.rs", "/// ```\n/// assert!(false);\n/// ```\npub fn f() {}\n");
    let manifest = std::fs::read_to_string(documented.path("Cargo.toml")).expect("reads");
    documented.write("Cargo.toml", manifest.replace("doctest = false\n", ""));
    let (verdict, _, cause) = scripted(&documented, 3);
    assert!(verdict == "error" && cause.contains(of_os), "{verdict} {cause}");
}

/// It refuses what the question is asked by, and says nothing of how programs end.
#[test]
fn a_runner_that_refuses_the_question_is_believed_in_nothing() {
    let refuses = "case \"$*\" in *--compatrix*) echo \"emu: unknown option\" >&2; exit 2;; esac; \"$@\"; exit 0";
    let own = made(refuses, "").file("tests/own.rs", "fn main() { std::process::exit(7) }\n");
    let manifest = std::fs::read_to_string(own.path("Cargo.toml")).expect("reads");
    own.write("Cargo.toml", format!("{manifest}\n[[test]]\nname = \"own\"\nharness = false\n"));
    let (verdict, _, cause) = scripted(&own, 3);
    assert!(verdict == "error" && cause.contains("nothing shows whether"), "{verdict} {cause}");
    // One that fails only where something was written to stderr: the refusal is, what a silent program does is not.
    runner(&own, "exec 3>&1; said=$(\"$@\" 2>&1 >&3 3>&-); [ -z \"$said\" ] || { echo \"$said\" >&2; exit 1; }");
    let (verdict, _, cause) = scripted(&own, 3);
    assert!(verdict == "error" && cause.contains("ends with code 0 though what it starts fails"), "{verdict} {cause}");
}

/// As plain cargo has it, the tests that are left pass; but it is said.
#[test]
fn tests_that_a_runner_leaves_out_are_told() {
    let two = "#[test]\nfn works() {}\n#[test]\nfn left_out() { panic!() }\n";
    let skips = made("exec \"$@\" --skip left_out", "").tests(two);
    let json = skips.json(0, &["--cell", "os=scripted"]);
    let (verdict, _, cause) = judged(&json, "os=scripted");
    assert_eq!(verdict, "ok");
    assert!(
        cause.contains("1 filtered out, which no argument of the suite asks for") && cause.contains("run.sh"),
        "{cause}"
    );
    let asked = made(BEHAVES, "args = [\"--skip\", \"left_out\"]\n").tests(two);
    let (verdict, _, cause) = scripted(&asked, 0);
    assert_eq!((verdict.as_str(), cause.as_str()), ("ok", ""));
}

#[test]
fn a_runner_that_hangs_costs_its_limit_once() {
    let made = made("sleep 1000", "timeout = \"4s\"\n");
    let start = std::time::Instant::now();
    let (verdict, outcome, cause) = scripted(&made, 1);
    assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "timed-out"), "{cause}");
    // It is not asked for a list of its tests, which took as long again. Under load the limit is extended.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    made.expect_no_processes();
}

#[test]
fn a_runner_that_prints_nothing_or_is_not_there() {
    let made = made("exit 0", "");
    let (verdict, outcome, cause) = scripted(&made, 1);
    assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "failed"), "{cause}");
    assert!(cause.contains("without a test result"), "{cause}");
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("reads");
    let named = |runner: &str, advice: &str| {
        made.write("compat/matrix.toml", spec.replace("[\"./run.sh\", \"word\"]", runner));
        let (verdict, _, cause) = scripted(&made, 0);
        assert!(verdict == "unproven" && cause.contains(advice), "{verdict} {cause}");
    };
    named("[\"run.sh\"]", "write `./run.sh` for that of the workspace");
    named("\"sh run.sh\"", "write a list: `[\"sh\", \"run.sh\"]`");
    std::fs::remove_file(made.path("run.sh")).expect("removes");
    named("[\"./run.sh\"]", "there is no program ./run.sh, the runner");
    named("[\"run.sh\"]", "`run.sh`, the runner, is not on PATH; install it");
}

/// Every word that names a file is an input of the cell, not the first alone: here one that is no source.
#[test]
fn what_the_words_of_a_runner_name_is_read() {
    let made = made(BEHAVES, "");
    let second = made.root().with_file_name("second.sh");
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("reads");
    let words = format!("[\"sh\", \"{}\"]", second.display());
    made.write("compat/matrix.toml", spec.replace("[\"./run.sh\", \"word\"]", &words));
    std::fs::write(&second, "exec \"$@\"\n").expect("writes");
    assert_eq!(scripted(&made, 0).0, "ok");
    let again = made.json(0, &["--cell", "os=scripted"]);
    assert_eq!(row(&again, "os=scripted")["reused"], true);
    std::fs::write(&second, "exit 5\n").expect("writes");
    assert_eq!(scripted(&made, 1).0, "broken", "another file is another run");
}

/// A file that this host starts, and that is not of the value's target.
#[test]
fn an_architecture_that_this_host_is_not_needs_a_runner() {
    let made = made(BEHAVES, "");
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("reads");
    let other = "scripted = { target = \"aarch64-unknown-linux-gnu\" }";
    let line = spec.lines().find(|line| line.starts_with("scripted")).expect("the value").to_owned();
    made.write("compat/matrix.toml", spec.replace(&line, other));
    let (verdict, _, cause) = scripted(&made, 0);
    assert_eq!(verdict, "unproven");
    assert!(cause.contains("starts no programs of aarch64-unknown-linux-gnu"), "{cause}");
}

/// What a label names is a machine that GitHub prepares; one of the same platform proves nothing of it.
#[test]
fn a_machine_of_ci_is_unproven_here() {
    let made = made(BEHAVES, "");
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("reads");
    let line = spec.lines().find(|line| line.starts_with("scripted")).expect("the value").to_owned();
    let other = format!("scripted = {{ label = \"ubuntu-24.04\", platform = \"{}\" }}", platform());
    let ci = |label: &str| {
        format!("\n[profile.local]\n[ci.runners]\n{} = \"{label}\"\n[ci.push]\ncompat = \"local\"\n", platform())
    };
    made.write("compat/matrix.toml", spec.replace(&line, &other) + &ci("ubuntu-24.04"));
    let (verdict, _, cause) = scripted(&made, 0);
    assert_eq!(verdict, "unproven");
    assert!(cause.contains("only a CI job on ubuntu-24.04"), "{cause}");
    // In a job on another machine too.
    made.write("compat/matrix.toml", spec.replace(&line, &other) + &ci("ubuntu-22.04"));
    let mut command = made.command(&["compat", "--cell", "os=scripted", "--format", "json"]);
    command.env("GITHUB_ACTIONS", "true");
    let ran = crate::support::finish(command);
    assert_eq!(judged(&ran.json(), "os=scripted").0, "unproven", "{ran}");
    ran.says(&["no runner of `[ci.runners]` is `ubuntu-24.04`"]);
}

/// A committed record of this host under the name of a target, or of a target under the name of this host.
#[test]
fn evidence_of_another_target_is_refused() {
    let made = made(BEHAVES, "");
    crate::support::git(&made, &["init", "--quiet"]);
    crate::support::commit(&made);
    made.run(&["compat"]).expect(0);
    made.run(&["evidence", "record"]).expect(0);
    let file = made.path(&format!("compat/evidence/{}.toml", platform()));
    let text = std::fs::read_to_string(&file).expect("evidence");
    made.run(&["report"]).expect(0);
    assert!(text.contains("os=scripted"), "{text}");
    let swapped =
        text.replace("os=scripted", "os=other").replace("os=here", "os=scripted").replace("os=other", "os=here");
    std::fs::write(&file, swapped).expect("writes");
    made.run(&["report"]).expect(2).says(&["contradicts itself: its proof is of programs of"]);
}

/// This host as specs call it.
fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}
