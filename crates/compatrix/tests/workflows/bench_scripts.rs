//! The shell steps of the benchmarks' workflows, executed: with real git, and with a stand-in for GitHub's own `gh`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use compatrix_ci::workflow::{Action, Step, Text};
use compatrix_ci::Place;

use crate::bench::{made, SPEC};
use crate::By;

/// A step of these workflows, by the id of its job and the start of its name.
pub(crate) fn step(job: &str, name: &str) -> Step {
    let jobs = made(SPEC, By::Registry, &Place::default()).into_iter().flat_map(|workflow| workflow.jobs);
    let steps = jobs.filter(|of| of.id == job).flat_map(|job| job.steps);
    let named = |step: &Step| matches!(&step.name, Text::Literal(text) if text.starts_with(name));
    steps.into_iter().find(named).unwrap_or_else(|| panic!("{job}: {name}"))
}

/// Runs a step's lines as GitHub does; programs of `bin` are found first.
pub(crate) fn bash(step: &Step, dir: &Path, env: &[(&str, &str)]) -> Output {
    let Action::Run(lines) = &step.action else { panic!("{step:?}") };
    let path = format!("{}:{}", dir.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let work = dir.join("work");
    std::fs::create_dir_all(&work).expect("a folder");
    let literal = step.env.iter().filter_map(|(name, value)| match value {
        Text::Literal(text) => Some((name.as_str(), text.as_str())),
        Text::Expression(_) => None,
    });
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &lines.join("\n")]).current_dir(work);
    command.env("PATH", path).env("HOME", dir).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.envs(literal).envs(env.iter().copied()).output().expect("bash")
}

/// A program in `bin`.
pub(crate) fn program(dir: &Path, name: &str, text: &str) {
    let path = dir.join("bin").join(name);
    std::fs::create_dir_all(dir.join("bin")).expect("a folder");
    std::fs::write(&path, format!("#!/usr/bin/env bash\n{text}")).expect("a script");
    assert!(Command::new("chmod").arg("+x").arg(&path).status().expect("chmod").success());
}

fn git(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args([
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@x",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ]);
    command.args(args).current_dir(dir).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = command.output().expect("git");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Commits something; the commit.
fn commit(dir: &Path, what: &str, date: &str) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@x",
            "-c",
            "commit.gpgsign=false",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            what,
        ])
        .env("GIT_COMMITTER_DATE", date)
        .env("GIT_AUTHOR_DATE", date)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .current_dir(dir)
        .output()
        .expect("git");
    assert!(output.status.success());
    git(dir, &["rev-parse", "HEAD"])
}

const OLD: &str = "2020-01-01T00:00:00Z";

fn ago(days: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs();
    format!("@{} +0000", now - days * 24 * 60 * 60)
}

/// What the step finds in the repository below `work`.
fn base(event: &str, dir: &Path, base: &str) -> String {
    let step = step(&format!("gate-{event}-linux-x86_64"), "Find the base");
    let output = dir.join("output");
    std::fs::write(&output, "").expect("a file");
    let ran = bash(&step, dir, &[("BASE", base), ("GITHUB_OUTPUT", output.to_str().expect("UTF-8"))]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said = std::fs::read_to_string(output).expect("an output");
    said.trim().strip_prefix("base=").expect("a base").to_owned()
}

#[test]
fn a_pull_request_is_compared_with_its_merge_base() {
    // Names that git allows, and that a shell would read.
    for target in ["main", "$(touch${IFS}MARK)", "a;touch${IFS}MARK", "`touch${IFS}MARK`", "a'b\"c", "a&&b|c", "--all"]
    {
        let dir = tempfile::tempdir().expect("a folder");
        let work = dir.path().join("work");
        std::fs::create_dir_all(&work).expect("a folder");
        git(&work, &["init", "--quiet"]);
        commit(&work, "first", OLD);
        let branched = commit(&work, "second", OLD);
        git(&work, &["checkout", "--quiet", "-b", "topic"]);
        commit(&work, "change", OLD);
        git(&work, &["checkout", "--quiet", "main"]);
        let tip = commit(&work, "others'", OLD);
        let origin = format!("refs/remotes/origin/{target}");
        git(&work, &["update-ref", &origin, "main"]);
        // As GitHub checks it out: the pull request merged into its target.
        git(&work, &["checkout", "--quiet", "--detach"]);
        git(&work, &["merge", "--quiet", "--no-ff", "-m", "merged", "topic"]);
        let merged = git(&work, &["rev-parse", "HEAD"]);
        let name = format!("origin/{target}");
        assert_eq!(base("pull-request", dir.path(), &name), tip);
        // The target has moved since.
        git(&work, &["checkout", "--quiet", "main"]);
        commit(&work, "later", OLD);
        git(&work, &["update-ref", &origin, "main"]);
        git(&work, &["checkout", "--quiet", "--detach", &merged]);
        assert_eq!(base("pull-request", dir.path(), &name), tip);
        // As a rehearsal has it: the branch itself.
        git(&work, &["checkout", "--quiet", "topic"]);
        assert_eq!(base("pull-request", dir.path(), &name), branched);
        // On the target itself, and with a target that is not there, the commit before counts.
        git(&work, &["checkout", "--quiet", "main"]);
        assert_eq!(base("pull-request", dir.path(), &name), "HEAD^1");
        assert_eq!(base("pull-request", dir.path(), "origin/"), "HEAD^1");
        assert!(!work.join("MARK").exists(), "{target} was read by a shell");
    }
}

#[test]
fn a_push_is_compared_with_what_was_there_before_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let work = dir.path().join("work");
    std::fs::create_dir_all(&work).expect("a folder");
    git(&work, &["init", "--quiet"]);
    let first = commit(&work, "first", OLD);
    assert_eq!(base("push", dir.path(), ""), "HEAD^1", "bench says that there is none");
    commit(&work, "second", OLD);
    commit(&work, "third", OLD);
    assert_eq!(base("push", dir.path(), &first), first, "several commits at once");
    assert_eq!(base("push", dir.path(), &"0".repeat(40)), "HEAD^1", "a new branch");
    assert_eq!(base("push", dir.path(), &"1".repeat(40)), "HEAD^1", "what a forced push has removed");
}

#[test]
fn a_schedule_is_compared_with_a_week_ago() {
    let dir = tempfile::tempdir().expect("a folder");
    let work = dir.path().join("work");
    std::fs::create_dir_all(&work).expect("a folder");
    git(&work, &["init", "--quiet"]);
    commit(&work, "first", &ago(30));
    assert_eq!(base("schedule", dir.path(), ""), "HEAD^1", "nothing is compared with itself");
    let week = commit(&work, "second", &ago(8));
    commit(&work, "third", &ago(6));
    commit(&work, "fourth", &ago(0));
    assert_eq!(base("schedule", dir.path(), ""), week);
    git(&work, &["checkout", "--quiet", "--orphan", "young"]);
    commit(&work, "first", &ago(2));
    commit(&work, "second", &ago(1));
    assert_eq!(base("schedule", dir.path(), ""), "HEAD^1", "a repository of yesterday");
}

#[test]
fn the_exit_code_of_the_gate_is_that_of_bench() {
    let step = step("gate-pull-request-linux-x86_64", "Compare");
    for code in [0, 1, 2, 3, 130] {
        let dir = tempfile::tempdir().expect("a folder");
        program(dir.path(), "cargo", &format!("echo \"$*\" > ../called\nexit {code}\n"));
        let ran = bash(&step, dir.path(), &[("BASE", "-x; id"), ("GITHUB_OUTPUT", "/dev/null")]);
        assert_eq!(ran.status.code(), Some(code));
        let called = std::fs::read_to_string(dir.path().join("called")).expect("a call");
        assert_eq!(called, "compatrix bench --profile speed --base -x; id --json target/ci/bench/report.json\n");
    }
}

/// A repository that can be pushed to, and a step that has downloaded records.
struct Trend {
    dir: tempfile::TempDir,
    bare: PathBuf,
}

impl Trend {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let bare = dir.path().join("server/me/it");
        std::fs::create_dir_all(&bare).expect("a folder");
        git(&bare, &["init", "--quiet", "--bare"]);
        program(dir.path(), "gh", "echo \"$*\" >> \"$HOME/gh\"\n");
        program(dir.path(), "sleep", "exit 0\n");
        Self { dir, bare }
    }

    fn run(&self, commit: &str) -> Output {
        let work = self.dir.path().join("work");
        let _ = std::fs::remove_dir_all(&work);
        let folder = work.join("records/linux-x86_64");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{commit}.toml")), commit).expect("a record");
        self.again(commit)
    }

    fn again(&self, commit: &str) -> Output {
        let _ = std::fs::remove_dir_all(self.dir.path().join("work/trend"));
        let server = format!("file://{}", self.dir.path().join("server").display());
        let env = [("GITHUB_SERVER_URL", server.as_str()), ("GITHUB_REPOSITORY", "me/it"), ("GITHUB_SHA", commit)];
        bash(&step("trend", "Add the records"), self.dir.path(), &env)
    }

    fn files(&self) -> Vec<String> {
        let list = git(&self.bare, &["ls-tree", "-r", "--name-only", "bench-evidence"]);
        list.lines()
            .map(|line| line.strip_prefix("compat/evidence/bench/linux-x86_64/").unwrap_or(line).to_owned())
            .collect()
    }
}

#[test]
fn records_go_to_a_branch_of_their_own() {
    let trend = Trend::new();
    assert!(trend.run("aaa").status.success());
    assert!(trend.run("bbb").status.success());
    assert_eq!(trend.files(), ["aaa.toml", "bbb.toml"]);
    assert_eq!(git(&trend.bare, &["rev-list", "--count", "bench-evidence"]), "2");
    assert_eq!(git(&trend.bare, &["branch", "--format=%(refname:short)"]), "bench-evidence", "no other is touched");
    // A job that runs again adds nothing.
    assert!(trend.again("bbb").status.success());
    assert_eq!(git(&trend.bare, &["rev-list", "--count", "bench-evidence"]), "2");
    // No platform has recorded anything.
    std::fs::remove_dir_all(trend.dir.path().join("work/records")).expect("records");
    let none = trend.again("ccc");
    assert!(none.status.success() && String::from_utf8_lossy(&none.stdout).contains("no record"));
}

#[test]
fn a_record_that_loses_a_race_is_pushed_again() {
    for first in [true, false] {
        let trend = Trend::new();
        if !first {
            assert!(trend.run("aaa").status.success());
        }
        // Another run's push arrives between our fetch and our push, once.
        let real = Command::new("bash").args(["-c", "command -v git"]).output().expect("bash").stdout;
        let real = String::from_utf8(real).expect("UTF-8");
        let text = format!(
            "real={}\nif [ \"$1\" != push ] || [ -e \"$HOME/raced\" ]; then exec \"$real\" \"$@\"; fi\ntouch \"$HOME/raced\"\n(\n\
             set -e\n\"$real\" init -q \"$HOME/elsewhere\"\ncd \"$HOME/elsewhere\"\n\"$real\" remote add origin '{}'\n\
             if \"$real\" fetch -q origin bench-evidence; then \"$real\" checkout -q FETCH_HEAD; fi\n\
             mkdir -p compat/evidence/bench/linux-x86_64\necho other > compat/evidence/bench/linux-x86_64/other.toml\n\
             \"$real\" add .\n\"$real\" -c user.name=x -c user.email=x@x commit -q -m other\n\
             \"$real\" push -q origin HEAD:refs/heads/bench-evidence\n) || exit 99\nexec \"$real\" \"$@\"\n",
            real.trim(),
            trend.bare.display(),
        );
        program(trend.dir.path(), "git", &text);
        let ran = trend.run("bbb");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        assert!(trend.dir.path().join("raced").exists());
        let expected: &[&str] =
            if first { &["bbb.toml", "other.toml"] } else { &["aaa.toml", "bbb.toml", "other.toml"] };
        assert_eq!(trend.files(), expected);
    }
}

#[test]
fn a_record_that_cannot_be_pushed_fails_the_job() {
    let trend = Trend::new();
    let hook = trend.bare.join("hooks/pre-receive");
    std::fs::write(&hook, "#!/bin/sh\nexit 1\n").expect("a hook");
    assert!(Command::new("chmod").arg("+x").arg(&hook).status().expect("chmod").success());
    let ran = trend.run("aaa");
    assert_eq!(ran.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ran.stdout).contains("::error::the record could not be pushed to bench-evidence"));
}
