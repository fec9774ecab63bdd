//! `ci rehearse` and `ci bench-comment` of benchmarks. The benches print made-up figures, so that nothing here hangs on a
//! clock but the canary; where it finds the machine too busy, that must be the verdict.

#![allow(clippy::disallowed_methods, reason = "tests ask git and read files")]

use serde_json::Value;

use crate::support::{commit, git, with_here, Ran, Workspace};

const SPEC: &str =
    "[axis]\nrust = [HERE]\n\n[[suite]]\nname = \"tests\"\n\n[[suite]]\nname = \"speed\"\nkind = \"bench\"\n\
    packages = [\"speed\"]\nrounds = 12\n\n[profile.speed]\nsuites = [\"speed\"]\n\n[ci]\nbranches = [\"main\"]\n\n\
    [ci.tool]\nversion = \"0.4.1\"\n\n[ci.runners]\nlinux-x86_64 = \"ubuntu-24.04\"\n\n[ci.pull_request]\n\
    bench = \"speed\"\n\n[ci.push]\ncompat = \"local\"\n";

fn lines(ns: &[u32]) -> String {
    let line = |(n, ns): (usize, &u32)| {
        format!("{{\"bench\":\"b{n}\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[{ns}]}}")
    };
    format!("pub const LINES: &[&str] = &{:?};\n", ns.iter().enumerate().map(line).collect::<Vec<_>>())
}

/// A repository whose branch `topic` has left `main`, which has gone on since. On `main` benches take this.
fn workspace(ns: &[u32]) -> Workspace {
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    let lock = "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"speed\"\n\
                version = \"0.1.0\"\ndependencies = [\n \"made\",\n]\n";
    let bench = "[dependencies]\nmade = { path = \"..\" }\n\n[[bench]]\nname = \"figures\"\nharness = false\n";
    let made = Workspace::new(SPEC)
        .file("Cargo.toml", &format!("{}\n[workspace]\nmembers = [\"speed\"]\n", package("made")))
        .file("Cargo.lock", lock)
        .file("src/lib.rs", &lines(ns))
        .file("speed/Cargo.toml", &format!("{}\n{bench}", package("speed")))
        .file("speed/src/lib.rs", "")
        .file(
            "speed/benches/figures.rs",
            "fn main() {\n    made::LINES.iter().for_each(|line| println!(\"{line}\"));\n}\n",
        )
        .file(".gitignore", "target\n");
    git(&made, &["init", "--quiet", "--initial-branch=main"]);
    commit(&made);
    git(&made, &["checkout", "--quiet", "-b", "topic"]);
    made
}

/// The rehearsal, with this exit code unless the machine was too busy, and its report.
fn rehearse(made: &Workspace, event: &str, code: i32) -> (Ran, Value) {
    let keep = made.cache().join("keep");
    let args = ["ci", "rehearse", "--event", event, "--of", "bench", "--keep", keep.to_str().expect("UTF-8")];
    let ran = made.assert_tree_unchanged(|| made.run(&args));
    let report = keep.join("benchmarks/artifacts/bench-report-linux-x86_64/report.json");
    let report = std::fs::read_to_string(report).unwrap_or_else(|error| panic!("{error}\n{ran}"));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let is_blind = report["canary"]["proven"] == Value::Bool(false);
    ran.expect(if is_blind { 3 } else { code });
    (ran, report)
}

fn with_project(spec: &str) -> String {
    with_here(&format!("[project]\npackages = [\"made\"]\n\n{spec}"))
}

#[test]
fn what_is_no_comparison_of_commits_is_not_recorded() {
    let made = workspace(&[100]);
    made.write("notes", "");
    made.run(&["bench", "--record"]).expect(2).says(&["not recorded: the head is no commit, or files differ from it"]);
    commit(&made);
    made.run(&["bench", "--record", "--base", "HEAD"])
        .expect(2)
        .says(&["not recorded: base and head are the same commit"]);
    made.run(&["bench", "--record", "--across", "rust"]).expect(2).says(&["cannot be used with"]);
    // Equal executables are a record, too: the trend has no gap.
    made.run(&["bench", "--record"]).expect(0).says(&["Recorded", "compat/evidence/bench/linux-x86_64/"]);
}

fn changes(report: &Value) -> Vec<&str> {
    let all = report["comparisons"].as_array().expect("a list").iter();
    all.map(|one| one["change"].as_str().unwrap_or_default()).collect()
}

#[test]
fn a_rehearsal_of_benchmarks_ends_as_bench_does() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        eprintln!("skipped: the spec has a runner for Linux on x86_64");
        return;
    }
    let made = workspace(&[100, 200]);
    // Two commits: the merge base is not the commit before.
    made.write("src/lib.rs", lines(&[100, 230]));
    commit(&made);
    made.write("notes", "");
    commit(&made);
    let (ran, report) = rehearse(&made, "pull_request", 1);
    assert_eq!(changes(&report), ["not-slower", "slower"], "{ran}");
    let main = std::fs::read_to_string(made.path(".git/refs/heads/main")).expect("a commit");
    assert_eq!(report["question"]["base"]["commit"], Value::from(main.trim()));
    ran.prints(&["gate-pull-request-linux-x86_64", "failure", "b1"]);
    // The comment of this report.
    let reports = made.cache().join("reports");
    std::fs::create_dir_all(&reports).expect("a folder");
    let file = reports.join("bench-report-linux-x86_64.json");
    std::fs::write(&file, serde_json::to_vec(&report).expect("JSON")).expect("a file");
    let args = ["ci", "bench-comment", reports.to_str().expect("UTF-8"), "--commit", "abc"];
    let comment = made.run(&args);
    comment.expect(0).prints(&["<!-- compatrix: benchmarks -->", "`b1`", "As the run of `abc` reported it"]);
    std::fs::write(&file, "{\"format\":1,\n\"::error::\":1}").expect("a file");
    made.run(&args).expect(2).says(&["bench-report-linux-x86_64.json: it is no report of `bench`"]);
    std::fs::remove_file(&file).expect("it was there");
    made.run(&args).expect(0).prints(&["There is no report of `linux-x86_64`"]);
    // A change that slows nothing down.
    made.write("src/lib.rs", lines(&[100, 150]));
    commit(&made);
    let (ran, report) = rehearse(&made, "pull_request", 0);
    assert_eq!(changes(&report), ["not-slower", "faster"], "{ran}");
    // A push, whose record the job `trend` would add to its branch; that needs GitHub's token.
    made.write("compat/matrix.toml", with_project(&SPEC.replace("compat = \"local\"", "bench = \"speed\"")));
    made.write("src/lib.rs", lines(&[100, 230]));
    commit(&made);
    let (ran, report) = rehearse(&made, "push", 1);
    ran.says(&["`github.token`, which only GitHub has"]);
    if report["canary"]["proven"] == Value::Bool(true) {
        let head = std::fs::read_to_string(made.path(".git/refs/heads/topic")).expect("a commit");
        let record = format!("bench-record-linux-x86_64/linux-x86_64/{}.toml", &head[..12]);
        let record = made.cache().join("keep/benchmarks/artifacts").join(record);
        let record = std::fs::read_to_string(&record).unwrap_or_else(|error| panic!("{error}\n{ran}"));
        assert!(record.contains("slower") && record.contains(head.trim()), "{record}");
    }
}

#[test]
fn benchmarks_that_no_event_has_are_not_rehearsed() {
    let made = workspace(&[100]);
    let rehearse = |event: &str| made.run(&["ci", "rehearse", "--event", event, "--of", "bench"]);
    rehearse("push").expect(2).says(&["[ci.push]", "does not run `bench`"]);
    rehearse("schedule").expect(2).says(&["the spec has no [ci.schedule]", "`bench = \"PROFILE\"`"]);
    made.run(&["ci", "rehearse", "--event", "push", "--of", "benches"]).expect(2).says(&["compat, leak-check, bench"]);
    made.run(&["gen-ci"]).expect(0).says(&["benchmarks.yml", "benchmarks-comment.yml"]);
    made.run(&["gen-ci", "--check"]).expect(0);
    // What the spec no longer has is removed.
    let without = SPEC.replace("bench = \"speed\"", "compat = \"local\"");
    made.write("compat/matrix.toml", with_project(&without));
    made.run(&["gen-ci", "--check"]).expect(1).prints(&["benchmarks.yml", "benchmarks-comment.yml"]);
    made.run(&["gen-ci"]).expect(0).says(&["benchmarks.yml: no longer in the spec"]);
    assert!(!made.path(".github/workflows/benchmarks-comment.yml").exists());
}
