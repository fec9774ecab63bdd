//! Workflows made by hand, rehearsed in repositories that are made here.
#![cfg(unix)] // steps are scripts of bash, and git is asked
#![allow(clippy::disallowed_methods, reason = "tests make files and ask git")]

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use compatrix_ci::workflow::{Action, Container, Expression, Installs, Matrix, MatrixValue, MayFail, Step, Text};
use compatrix_ci::Place;
use compatrix_model::matrix_spec::CiEvent;

use super::super::setup::StepEnd;
use super::*;
use crate::session::Session;
use crate::sys::environment::Ambient;
use crate::sys::host::Limits;
use crate::sys::supervisor::Supervisor;

const LABEL: &str = "ubuntu-24.04";

/// A repository of two commits, and a session in it.
struct Made {
    dir: tempfile::TempDir,
    session: Session,
}

fn made() -> Made {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("ws");
    std::fs::create_dir_all(&root).unwrap();
    let root = root.canonicalize().unwrap();
    for args in [&["init", "-q"][..], &["config", "user.name", "x"], &["config", "user.email", "x@y"]] {
        git(&root, args);
    }
    std::fs::write(root.join(".gitignore"), "target\n").unwrap();
    for text in ["one", "two"] {
        std::fs::write(root.join("file"), text).unwrap();
        git(&root, &["add", "."]);
        git(&root, &["commit", "-q", "-m", text]);
    }
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let (home, cache) = (text(dir.path()), text(&dir.path().join("cache")));
    let path = std::env::var("PATH").unwrap();
    let ambient =
        Ambient::of([("PATH", &path), ("HOME", &home), ("XDG_CACHE_HOME", &cache), ("SECRET", "s"), ("CC", "cc")]);
    let limits = Limits {
        jobs: 1,
        serial: true,
        offline: true,
        no_install: true,
        fresh: false,
        hermetic: false,
        committed: false,
    };
    let session = Session::open(&root, ambient, limits, Supervisor::of_workspace(&root), false).unwrap();
    Made { dir, session }
}

fn git(root: &Path, args: &[&str]) {
    assert!(Command::new("git").args(args).current_dir(root).status().unwrap().success(), "git {args:?}");
}

impl Made {
    fn rehearse(&self, jobs: Vec<WorkflowJob>) -> (Result<Rehearsed, Error>, Vec<RehearsalEvent>) {
        let (sender, receiver) = mpsc::channel();
        let workflow = Workflow {
            file: "compatibility.yml".to_owned(),
            name: "compatibility".to_owned(),
            place: Place::default(),
            about: Vec::new(),
            on: Vec::new(),
            concurrency: None,
            env: vec![("EVERYWHERE".to_owned(), Text::literal("w"))],
            jobs,
        };
        let setup = Setup {
            host: &self.session.host,
            event: CiEvent::PullRequest,
            platform: "linux-x86_64",
            label: LABEL,
            branch: "main",
            install: false,
            keep: None,
        };
        let result = rehearse(&setup, &workflow, &sender);
        drop(sender);
        let events = receiver.iter().collect();
        assert!(!files::exists(&self.work()), "nothing stays");
        (result, events)
    }

    fn work(&self) -> PathBuf {
        home(&self.session.host).join("work")
    }
}

fn job(id: &str, needs: &[&str], steps: Vec<Step>) -> WorkflowJob {
    WorkflowJob {
        id: id.to_owned(),
        name: Text::literal(id),
        about: Vec::new(),
        condition: None,
        needs: needs.iter().map(|id| (*id).to_owned()).collect(),
        runs_on: LABEL.to_owned(),
        container: None,
        permissions: Vec::new(),
        timeout_minutes: 5,
        matrix: None,
        continue_on_error: MayFail::Never,
        env: vec![("OF_JOB".to_owned(), Text::expression("${{ github.event_name }}"))],
        steps,
    }
}

fn step(name: &str, action: Action) -> Step {
    Step {
        name: Text::literal(name),
        id: None,
        condition: None,
        env: Vec::new(),
        action,
        installs: Installs::Nothing,
        at_top: false,
    }
}

fn run(line: &'static str) -> Step {
    step(line, Action::Run(vec![line]))
}

fn uses(action: &'static str, with: &[(&'static str, &'static str)]) -> Step {
    let text = |text: &'static str| if text.contains("${{") { Text::expression(text) } else { Text::literal(text) };
    step(action, Action::Uses { action, with: with.iter().map(|(name, value)| (*name, text(value))).collect() })
}

fn when(mut step: Step, condition: &'static str) -> Step {
    step.condition = Some(Expression(condition));
    step
}

fn always(mut job: WorkflowJob) -> WorkflowJob {
    job.condition = Some(Expression("always()"));
    job
}

/// A verdict that requires every result to be `success`, and prints the evidence.
fn verdict(needs: &[&str]) -> WorkflowJob {
    let mut give = step(
        "give",
        Action::Run(vec![
            "cat all/*; echo \"$NEEDS\"; echo \"# sum\" >> $GITHUB_STEP_SUMMARY",
            "! grep -E 'failure|skipped|cancelled' <<< \"$NEEDS\"",
        ]),
    );
    give.env = vec![("NEEDS".to_owned(), Text::expression("${{ toJSON(needs) }}"))];
    let all =
        uses("actions/download-artifact", &[("pattern", "evidence-*"), ("path", "all"), ("merge-multiple", "true")]);
    always(job("verdict", needs, vec![all, run("mkdir -p all; touch all/none"), give]))
}

/// A job of two rows; the step `cell` gets the row's name in `$1`.
fn cells(line: &'static str, may_fail: [bool; 2]) -> WorkflowJob {
    let mut cell = run(line);
    cell.env = vec![("JOB".to_owned(), Text::expression("${{ matrix.job }}"))];
    let upload = uses(
        "actions/upload-artifact",
        &[("name", "evidence-${{ matrix.job }}"), ("path", "evidence"), ("if-no-files-found", "error")],
    );
    let mut job = job("cells", &[], vec![uses("actions/checkout", &[]), cell, when(upload, "always()")]);
    let row = |name: &str, may: bool| {
        vec![
            ("job".to_owned(), MatrixValue::Text(name.to_owned())),
            ("allow_failure".to_owned(), MatrixValue::Bool(may)),
        ]
    };
    job.matrix = Some(Matrix { include: vec![row("one", may_fail[0]), row("two", may_fail[1])] });
    job.continue_on_error = MayFail::Where(Expression("${{ matrix.allow_failure }}"));
    job
}

fn results(rehearsed: &Rehearsed) -> Vec<(&str, Option<JobResult>)> {
    rehearsed.jobs.iter().map(|row| (row.name.as_str(), row.result)).collect()
}

fn said(events: &[RehearsalEvent]) -> String {
    events.iter().map(|event| format!("{event:?}\n")).collect()
}

const EVIDENCE: &str = "mkdir -p evidence && echo \"of $JOB\" > evidence/$JOB";

#[test]
fn all_that_succeeds_is_handed_on_to_the_verdict() {
    let made = made();
    std::fs::write(made.session.host.root.join("new"), "").unwrap();
    let mut hand_on = job(
        "orchestrator",
        &[],
        vec![
            uses("actions/checkout", &[("fetch-depth", "2"), ("persist-credentials", "false")]),
            // The commit and no more: what is not committed is not there, the commit before it is.
            run("test \"$(cat file)\" = two; test ! -e new; git rev-parse --quiet --verify HEAD^1; ! git rev-parse HEAD^2"),
            run("test -z \"$SECRET$CC\"; test \"$EVERYWHERE $OF_JOB $CI\" = 'w pull_request true'"),
            run("mkdir bin; printf '#!/bin/sh\\necho handed' > bin/tool; chmod +x bin/tool"),
            uses("actions/upload-artifact", &[("name", "tool"), ("path", "bin/tool"), ("if-no-files-found", "error")]),
        ],
    );
    hand_on.env.push(("KEPT".to_owned(), Text::literal("k")));
    let mut say =
        run("echo \"said=yes\" >> $GITHUB_OUTPUT; echo \"SET=env\" >> $GITHUB_ENV; echo \"$PWD/bin\" >> $GITHUB_PATH");
    say.id = Some("say");
    let mut installs = run("exit 1");
    installs.installs = Installs::Software;
    let mut token = run("exit 1");
    token.env = vec![("GH_TOKEN".to_owned(), Text::expression("${{ github.token }}"))];
    let mut user = job(
        "cells",
        &["orchestrator"],
        vec![
            uses("actions/download-artifact", &[("name", "tool"), ("path", "bin")]),
            run("test ! -x bin/tool && chmod +x bin/tool"),
            installs,
            token,
            say,
            when(run("test \"$(tool) $SET\" = 'handed env'"), "steps.say.outputs.said == 'yes'"),
            when(run("exit 1"), "steps.say.outputs.said != 'yes'"),
            run("mkdir evidence; echo handed > evidence/a"),
            uses("actions/upload-artifact", &[("name", "evidence-a"), ("path", "evidence")]),
            run("test \"$RUSTUP_HOME\" != /opt/rustup; git config --global x.y z; test ! -e ~/.gitconfig"),
        ],
    );
    let volumes = vec!["/r:/opt/rustup".to_owned()];
    user.container = Some(Container { image: "debian:bookworm".to_owned(), volumes, privileged: false });
    user.env.push(("RUSTUP_HOME".to_owned(), Text::literal("/opt/rustup")));
    let mut elsewhere = job("elsewhere", &[], vec![run("exit 1")]);
    elsewhere.runs_on = "macos-15".to_owned();
    let mut other = job("schedule", &[], vec![run("exit 1")]);
    other.condition = Some(Expression("github.event_name == 'schedule'"));
    let needs = ["orchestrator", "cells", "elsewhere"];
    let (rehearsed, events) = made.rehearse(vec![verdict(&needs), hand_on, user, elsewhere, other]);
    let rehearsed = rehearsed.unwrap();
    assert_eq!(rehearsed.code, 0, "{}", said(&events));
    let success = Some(JobResult::Success);
    let expected = [
        ("orchestrator", success),
        ("cells", success),
        ("elsewhere", None),
        ("verdict", success),
        ("schedule", Some(JobResult::Skipped)),
    ];
    let mut found = results(&rehearsed);
    found.sort_by_key(|(name, _)| expected.iter().position(|(known, _)| known == name));
    assert_eq!(found, expected);
    assert!(rehearsed.output.starts_with("handed\n{"), "{}", rehearsed.output);
    assert!(!rehearsed.output.contains("elsewhere"), "jobs of other platforms are not needed");
    assert_eq!(std::fs::read_to_string(rehearsed.summary.unwrap()).unwrap(), "# sum\n");
    let said = said(&events);
    for what in [
        "what is not committed is not in the rehearsal (new)",
        "not in the container debian:bookworm",
        "--install runs it",
        "`github.token`, which only GitHub has",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
}

#[test]
fn a_job_that_fails_fails_the_verdict_unless_it_may() {
    let made = made();
    let line = "mkdir -p evidence && echo \"of $JOB\" > evidence/$JOB; test $JOB != two";
    for (may_fail, code, of_cells) in [([false, false], 1, "failure"), ([false, true], 0, "success")] {
        let (rehearsed, events) = made.rehearse(vec![cells(line, may_fail), verdict(&["cells"])]);
        let rehearsed = rehearsed.unwrap();
        assert_eq!(rehearsed.code, code, "{}", said(&events));
        assert_eq!(rehearsed.jobs[1].result, Some(JobResult::Failure));
        assert!(rehearsed.output.starts_with("of one\nof two\n"), "evidence comes even so: {}", rehearsed.output);
        assert!(rehearsed.output.contains(of_cells), "{}", rehearsed.output);
        let failed = events.iter().find_map(|event| match event {
            RehearsalEvent::StepEnded { end: StepEnd::Failed { why, log, .. }, .. } => Some((why.clone(), log.clone())),
            _ => None,
        });
        let (why, log) = failed.expect("a step failed");
        assert_eq!(why, "exit code 1");
        assert!(files::exists(&log.expect("a log")), "the log stays");
    }
}

#[test]
fn what_is_lost_fails() {
    let made = made();
    // No evidence: the upload fails, and the job with it.
    let (rehearsed, _) = made.rehearse(vec![cells("true", [false, false]), verdict(&["cells"])]);
    assert_eq!(rehearsed.unwrap().code, 1);
    // No artifact: there can be no verdict.
    let mut lost = verdict(&["cells"]);
    lost.steps.insert(0, uses("actions/download-artifact", &[("name", "tool"), ("path", "bin")]));
    let (rehearsed, events) = made.rehearse(vec![cells(EVIDENCE, [false, false]), lost]);
    assert_eq!(rehearsed.unwrap().code, 3);
    assert!(said(&events).contains("there is no artifact `tool`"));
    // A skipped job proves nothing.
    let mut skipped = cells(EVIDENCE, [false, false]);
    skipped.condition = Some(Expression("github.event_name == 'push'"));
    let (rehearsed, _) = made.rehearse(vec![skipped, verdict(&["cells"])]);
    assert_eq!(rehearsed.unwrap().code, 1);
}

#[test]
fn a_job_that_takes_too_long_is_cancelled_with_all_that_it_started() {
    let made = made();
    let mut long = cells("echo $$ > $GITHUB_WORKSPACE/../../../pid; sleep 600 & sleep 600", [false, false]);
    long.timeout_minutes = 0;
    let (rehearsed, events) = made.rehearse(vec![long, verdict(&["cells"])]);
    let rehearsed = rehearsed.unwrap();
    assert_eq!((rehearsed.code, rehearsed.jobs[0].result), (1, Some(JobResult::Cancelled)), "{}", said(&events));
    assert!(rehearsed.output.contains("cancelled"), "{}", rehearsed.output);
}

#[test]
fn an_interrupt_ends_what_runs_and_leaves_nothing() {
    let made = made();
    let begun = made.dir.path().join("begun");
    let supervisor = made.session.host.supervisor.clone();
    let waits = {
        let begun = begun.clone();
        std::thread::spawn(move || {
            while !begun.exists() {
                std::thread::sleep(Duration::from_millis(10));
            }
            supervisor.interrupt();
        })
    };
    let started = crate::sys::clock::instant();
    let (rehearsed, events) = made.rehearse(vec![
        job(
            "cells",
            &[],
            vec![run("(trap '' TERM; sleep 600) & echo $! > ~/begun; sleep 600"), when(run("true"), "always()")],
        ),
        verdict(&["cells"]),
    ]);
    waits.join().unwrap();
    assert!(matches!(rehearsed, Err(Error::Interrupted)), "{rehearsed:?}");
    assert!(!said(&events).contains("Verdict"), "nothing else starts");
    assert!(started.elapsed() < Duration::from_secs(30), "it takes its time to stop");
    let pid = std::fs::read_to_string(&begun).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).join("cwd").exists(), "it left {pid}");
}

#[test]
fn what_a_rehearsal_does_not_know_is_refused_before_anything_runs() {
    let made = made();
    let steps = vec![
        run("touch ~/ran"),
        uses("owner/action", &[]),
        uses("actions/checkout", &[("ref", "main")]),
        when(run("true"), "exists('x')"),
    ];
    let (rehearsed, _) = made.rehearse(vec![job("a", &[], steps)]);
    let Err(Error::Usage(text)) = rehearsed else { panic!("{rehearsed:?}") };
    for what in ["the action `owner/action`", "the input `ref` of `actions/checkout`", "the function `exists`"] {
        assert!(text.contains(what), "{what}: {text}");
    }
    let (rehearsed, _) = made.rehearse(vec![job("a", &[], vec![when(run("true"), "matrix.jbo == 'x'")])]);
    let Err(Error::Usage(text)) = rehearsed else { panic!("{rehearsed:?}") };
    assert!(text.contains("job `a`, step 1: `matrix.jbo` is not known here"), "{text}");
    assert!(!made.dir.path().join("ran").exists());
}

#[test]
fn caches_in_the_checkout_come_back_and_target_is_lent() {
    let made = made();
    let cache = || {
        let mut cache = uses("actions/cache", &[("path", "kept\n"), ("key", "k-${{ hashFiles('**/file') }}")]);
        cache.id = Some("cache");
        cache
    };
    let own = || uses("actions/cache/restore", &[("path", "~/.cache/compatrix/sqlite"), ("key", "k")]);
    let first = vec![
        uses("actions/checkout", &[]),
        uses("Swatinem/rust-cache", &[("shared-key", "x")]),
        cache(),
        own(),
        when(
            run("test ! -e target; mkdir -p kept target/ci; echo 1 > kept/a; touch target/b target/ci/c"),
            "steps.cache.outputs.cache-hit != 'true'",
        ),
    ];
    let (rehearsed, events) = made.rehearse(vec![job("a", &[], first)]);
    assert_eq!(rehearsed.unwrap().code, 0, "{}", said(&events));
    assert!(said(&events).contains("the user's folder is used directly"));
    let second = vec![
        uses("actions/checkout", &[]),
        uses("Swatinem/rust-cache", &[]),
        cache(),
        when(run("exit 1"), "steps.cache.outputs.cache-hit != 'true'"),
        run("test -e kept/a -a -e target/b -a ! -e target/ci"),
    ];
    let (rehearsed, events) = made.rehearse(vec![job("a", &[], second)]);
    assert_eq!(rehearsed.unwrap().code, 0, "{}", said(&events));
}
