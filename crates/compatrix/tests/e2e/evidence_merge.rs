//! `evidence merge`: artifacts of the jobs of an event, made one; each way in which they can be bad.

#![allow(clippy::disallowed_methods, reason = "tests start the executable and make its files")]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{commit, git, Ran, Workspace};

const SPEC: &str = "[axis]\nrust = [HERE]\n[axis.features]\ndefault = []\njson = [\"json\"]\n\
                    [axis.word]\nenv = \"WORD\"\nvalues = [\"one\", \"two\"]\n\
                    [profile.local]\nstrategy = \"all\"\n\
                    [ci.runners]\nPLATFORM = \"runner\"\n[ci.push]\ncompat = \"local\"\nmax-jobs = 2\n\
                    [ci.pull_request]\ncompat = \"local\"\nmax-jobs = 2\n";

const TESTS: &str = "#[test]\nfn works() {\n    assert_ne!(std::env::var(\"WORD\").unwrap(), \"bad\");\n}\n";

/// A repository with a spec of two jobs, two cells each.
fn made(spec: &str) -> Workspace {
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let made = Workspace::new(&spec.replace("PLATFORM", &platform)).tests(TESTS).file(".gitignore", "/target\n/ev\n");
    git(&made, &["init", "-q"]);
    commit(&made);
    made
}

/// The names of the jobs, as the plan has them.
fn jobs(made: &Workspace) -> Vec<String> {
    let ran = made
        .run(&["evidence", "merge", "ev", "--event", "push", "--of", "compat", "--needs", "{}", "--format", "json"]);
    let lost = ran.expect(1).json()["lost"].clone();
    lost.as_array().expect("a list").iter().map(|lost| lost["job"].as_str().expect("a name").to_owned()).collect()
}

/// Runs each job; the artifacts are in `ev`.
fn run_jobs(made: &Workspace, jobs: &[String], code: i32) {
    for job in jobs {
        let file = made.path(&format!("ev/{job}.jsonl"));
        fs::create_dir_all(made.path("ev")).expect("a folder");
        let file = file.to_str().expect("UTF-8");
        made.run(&["compat", "--event", "push", "--job", job, "--evidence", file, "--no-install", "--offline"])
            .expect(code);
    }
}

/// `evidence merge` of these files, which must leave them as they are.
fn merge(made: &Workspace, paths: &[&str], options: &[&str]) -> Ran {
    let paths: Vec<String> = paths.iter().map(|path| made.path(path).display().to_string()).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let before = contents(&made.path("ev"));
    let ran = made.run(&[&["evidence", "merge"], &paths[..], options].concat());
    assert_eq!(contents(&made.path("ev")), before, "artifacts are never touched");
    ran
}

fn contents(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut all: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.clone(), fs::read(path).expect("reads")))
        .collect();
    all.sort();
    all
}

fn needs(results: &[(&str, &str)]) -> String {
    let entries = results.iter().map(|(job, result)| format!("\"{job}\":{{\"result\":\"{result}\",\"outputs\":{{}}}}"));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
}

#[test]
fn all_jobs_make_one_verdict() {
    let made = made(SPEC);
    let jobs = jobs(&made);
    assert_eq!(jobs.len(), 2, "{jobs:?}");
    run_jobs(&made, &jobs, 0);

    let ran = merge(&made, &["ev"], &[]);
    ran.expect(0);
    assert!(ran.stdout.contains("compat on push: 2 of 2 jobs, 4 of 4 cells; ok"), "{ran}");

    // What is merged is the same in any order, twice, and merged again.
    let [first, second] = [0, 1].map(|n| format!("ev/{}.jsonl", jobs[n]));
    let output = |paths: &[&str], to: &str| {
        let to = made.path(to).display().to_string();
        merge(&made, paths, &["--output", &to]).expect(0);
        fs::read(to).expect("reads")
    };
    let text = output(&[&first, &second], "target/a.jsonl");
    assert_eq!(output(&[&second, "ev", &first], "target/b.jsonl"), text);
    assert_eq!(output(&["target/a.jsonl", "ev"], "target/c.jsonl"), text);
    let refused = merge(&made, &["ev"], &["--output", &made.path(&first).display().to_string()]);
    refused.expect(2).says(&["is one of the artifacts; --output needs another file"]);

    // Recorded, it is the evidence of the pages; against it, a later run is compared.
    merge(&made, &["ev"], &["--record"]).expect(0).says(&["4 results of the artifacts, 4 in all"]);
    commit(&made);
    made.write("tests/it.rs", TESTS.replace("bad", "two"));
    commit(&made);
    run_jobs(&made, &jobs, 1);
    let ran = merge(&made, &["ev"], &["--base", "HEAD^1", "--format", "json"]);
    let json = ran.expect(1).json();
    let changes = json["difference"]["changes"].as_array().expect("a list").clone();
    let broken: Vec<&Value> = changes.iter().filter(|change| change["change"] == "newly-broken").collect();
    assert_eq!((broken.len(), changes.len(), &json["difference"]["unchanged"]), (2, 2, &Value::from(2)), "{ran}");
    assert_eq!(json["reasons"], serde_json::json!(["2 cells are broken"]));
    let ran = merge(&made, &["ev"], &["--base", "no-such-revision"]);
    assert!(ran.expect(1).stdout.contains("git knows no revision `no-such-revision`"), "{ran}");

    // The job summary tells the same.
    let summary = made.path("target/summary.md");
    let mut command =
        made.command(&["evidence", "merge", made.path("ev").to_str().expect("UTF-8"), "--base", "HEAD^1"]);
    command.env("GITHUB_STEP_SUMMARY", &summary);
    crate::support::finish(command).expect(1);
    let summary = fs::read_to_string(summary).expect("reads");
    assert!(summary.starts_with("## ❌ Compatibility: not ok"), "{summary}");
    let (broken, grid) = (summary.find("### Newly broken"), summary.find("### Grid"));
    assert!(broken.is_some() && broken < grid, "{summary}");
}

#[test]
fn cells_that_may_fail_are_shown_and_fail_nothing() {
    let made = made(&format!("{SPEC}[[ci.may-fail]]\nword = \"two\"\n")).tests(&TESTS.replace("bad", "two"));
    commit(&made);
    let jobs = jobs(&made);
    run_jobs(&made, &jobs, 0);
    let ran = merge(&made, &["ev"], &[]);
    ran.expect(0);
    assert!(ran.stdout.contains("unexpected, but may fail"), "{ran}");
    assert!(ran.stdout.contains("word=two"), "{ran}");
}

#[test]
fn a_platform_that_may_fail_is_shown_and_fails_nothing() {
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let tried = format!("{platform} = {{ label = \"runner\", may-fail = true }}");
    let spec = SPEC.replace("PLATFORM = \"runner\"", &tried);
    assert_ne!(spec, SPEC);
    let jobs = jobs(&made(SPEC));
    let made = made(&spec);
    run_jobs(&made, &jobs[..1], 0);
    let ran = merge(&made, &["ev"], &[]);
    ran.expect(0);
    assert!(ran.stdout.contains("all of its 2 cells; it left no evidence; its platform may fail"), "{ran}");
    assert!(ran.stdout.contains("1 of 2 jobs, 2 of 4 cells; ok"), "{ran}");
}

#[test]
fn a_job_that_is_lost_fails_the_verdict() {
    let made = made(SPEC);
    let jobs = jobs(&made);
    run_jobs(&made, &jobs[..1], 0);
    let ran = merge(&made, &["ev"], &[]);
    ran.expect(1);
    assert!(ran.stdout.contains(&format!("{}: all of its 2 cells; it left no evidence", jobs[1])), "{ran}");
    assert!(ran.stdout.contains("2 planned cells have no evidence"), "{ran}");

    run_jobs(&made, &jobs[1..], 0);
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let (orchestrator, group) = (format!("orchestrator-{platform}"), format!("push-{platform}"));
    let other = format!("pull-request-{platform}");
    let good = needs(&[(&orchestrator, "success"), (&group, "success"), (&other, "skipped")]);
    merge(&made, &["ev"], &["--needs", &good]).expect(0);
    for result in ["failure", "cancelled", "skipped"] {
        let bad = needs(&[(&orchestrator, "success"), (&group, result)]);
        let ran = merge(&made, &["ev"], &["--needs", &bad]);
        ran.expect(1);
        assert!(ran.stdout.contains("jobs that did not succeed"), "{ran}");
        assert!(ran.stdout.contains("1 job of the workflow did not succeed"), "{ran}");
    }
    let ran = merge(&made, &["ev"], &["--needs", &needs(&[(&orchestrator, "success")])]);
    assert!(ran.expect(1).stdout.contains("is not in the workflow"), "{ran}");
    merge(&made, &["ev"], &["--needs", "{"]).expect(2).says(&["--needs is not GitHub's `toJSON(needs)`"]);
}

#[test]
fn artifacts_that_are_bad_are_refused() {
    let made = made(SPEC);
    let jobs = jobs(&made);
    run_jobs(&made, &jobs, 0);
    let good = made.path(&format!("ev/{}.jsonl", jobs[0]));
    let text = fs::read_to_string(&good).expect("reads");
    let refused = |text: &str, said: &str| {
        made.write("ev/bad.jsonl", text);
        merge(&made, &["ev"], &[]).expect(2).says(&["ev/bad.jsonl: ", said, "nothing was merged"]);
        fs::remove_file(made.path("ev/bad.jsonl")).expect("removes");
    };
    refused("", "the file is empty");
    refused("PK\u{3}\u{4}", "not an evidence artifact");
    refused(&text[..text.len() / 2], "truncated: ");
    refused(&text.replace("passed", "failed"), "changed after it was written: its hash does not match");
    refused(&text.replacen("\"tool\":\"", "\"tool\":\"9", 1), "newer than this");

    // Of another repository, commit and event; a copy is no harm.
    let elsewhere = |event: &str, file: &str, env: &[(&str, &str)]| {
        let file = made.path(file).display().to_string();
        let mut command = made.command(&["compat", "--event", event, "--evidence", &file, "--no-install", "--offline"]);
        command.envs(env.iter().copied());
        crate::support::finish(command).expect(0);
    };
    elsewhere("pull_request", "target/event.jsonl", &[]);
    let options = ["--event", "push", "--of", "compat"];
    let ran = merge(&made, &["ev", "target/event.jsonl"], &options);
    ran.expect(2).says(&["from `compat` on pull_request, but this merges `compat` on push"]);
    elsewhere("push", "target/repository.jsonl", &[("GITHUB_REPOSITORY", "some/fork")]);
    let mut command = made.command(&["evidence", "merge"]);
    command.arg(made.path("target/repository.jsonl")).env("GITHUB_REPOSITORY", "owner/name");
    let ran = crate::support::finish(command);
    ran.expect(2).says(&["from the repository some/fork, but this is owner/name"]);
    let copy = "target/copy.jsonl";
    fs::copy(&good, made.path(copy)).expect("copies");
    merge(&made, &["ev", copy], &[]).expect(0).says(&["has records that are in other files too"]);

    // Run again, the same cell says something else: its times are others.
    elsewhere("push", "target/again.jsonl", &[]);
    let again = ["compat", "--fresh", "--event", "push", "--job", &jobs[0], "--no-install", "--offline", "--evidence"];
    let file = made.path("target/again.jsonl").display().to_string();
    made.run(&[&again[..], &[file.as_str()]].concat()).expect(0);
    merge(&made, &["ev", "target/again.jsonl"], &[]).expect(2).says(&["contradicts", "of the same attempt"]);
    // Of a later attempt of the workflow, it counts.
    let mut command = made.command(&[&again[..], &[file.as_str()]].concat());
    crate::support::finish({
        command.env("GITHUB_RUN_ATTEMPT", "2");
        command
    })
    .expect(0);
    merge(&made, &["ev", "target/again.jsonl"], &[]).expect(0);

    // Another plan of the same commit, then another commit.
    made.write(
        "compat/matrix.toml",
        fs::read_to_string(made.path("compat/matrix.toml")).expect("reads").replace("\"two\"", "\"three\""),
    );
    merge(&made, &["ev"], &[]).expect(2).says(&["from the plan ", "but the plan here is"]);
    commit(&made);
    merge(&made, &["ev"], &[]).expect(2).says(&["2 reasons", "from the commit ", "is checked out"]);
}

#[test]
fn nothing_given_is_no_success() {
    let made = made(SPEC);
    merge(&made, &["ev"], &[]).expect(2).says(&["ev does not exist; name artifacts, or folders of them"]);
    fs::create_dir_all(made.path("ev")).expect("a folder");
    merge(&made, &["ev"], &[]).expect(2).says(&["no artifacts (*.jsonl) in"]);
    // A download that was cut off is no verdict, unless it is known what became of the jobs.
    merge(&made, &["ev"], &["--event", "push", "--of", "compat"]).expect(2).says(&["no artifacts", "`--needs`"]);
    let needs = ["--needs", "{\"gone\":{\"result\":\"success\"}}"];
    let ran = merge(&made, &["ev"], &[&["--event", "push", "--of", "compat"][..], &needs].concat());
    assert!(ran.expect(1).stdout.contains("0 of 2 jobs, 0 of 4 cells; not ok: 4 planned cells have no"), "{ran}");
    made.run(&["evidence", "merge"]).expect(2);
    merge(&made, &["ev"], &[&["--event", "schedule", "--of", "compat"][..], &needs].concat())
        .expect(2)
        .says(&["the spec has no [ci.schedule]"]);
}
