//! The workflows of benchmarks: which jobs there are, what each may do, and that nothing of a pull request is trusted.

use std::collections::BTreeMap;

use compatrix_ci::benchmarks::bench_jobs;
use compatrix_ci::pins::FIRST;
use compatrix_ci::update::{Existing, Flags, Update};
use compatrix_ci::workflow::rehearsal::{gives_verdict, refusals};
use compatrix_ci::workflow::{Action, MayFail, Trigger, Workflow};
use compatrix_ci::Place;

use crate::commands::Seen;
use crate::github::{holds, interpolate, Contexts};
use crate::yaml::Node;
use crate::{committed, files_in, held, plans, spec, workflows_in, yaml, By, EVERY_WAY};

/// A spec of benchmarks on all events.
pub(crate) const SPEC: &str = r#"
version = 1
[project]
packages = ["store"]
[axis]
rust = ["stable"]
[[suite]]
name = "tests"
[[suite]]
name = "speed"
kind = "bench"
instructions = true
[profile.speed]
[ci]
branches = ["main"]
[ci.runners]
linux-x86_64 = "ubuntu-24.04"
macos-aarch64 = "macos-15"
[ci.pull_request]
bench = "speed"
[ci.push]
bench = "speed"
platforms = ["linux-x86_64"]
[ci.schedule]
cron = "17 3 * * *"
bench = "speed"
bench-rounds = 48
platforms = ["linux-x86_64"]
"#;

/// The workflows of a spec.
pub(crate) fn made(text: &str, by: By, place: &Place) -> Vec<Workflow> {
    let spec = spec(text).unwrap_or_else(|problems| panic!("{problems}"));
    let plans = plans(&spec, &committed(&spec)).expect("plans");
    workflows_in(&spec, &plans, by, place)
}

fn trees(text: &str, by: By, place: &Place) -> BTreeMap<String, Node> {
    let spec = spec(text).unwrap_or_else(|problems| panic!("{problems}"));
    let plans = plans(&spec, &committed(&spec)).expect("plans");
    let files = files_in(&spec, &plans, by, place).unwrap_or_else(|refused| panic!("{refused}"));
    files.into_iter().map(|(name, text)| (name, yaml::parse(&text).expect("YAML"))).collect()
}

/// The ids of a file's jobs that run on an event, all of which succeed.
fn run_on(file: &Node, event: &str, input: &str) -> Vec<String> {
    let contexts: Contexts = [
        ("github.event_name", event),
        ("inputs.event", input),
        ("github.event.workflow_run.event", "pull_request"),
        ("github.event.workflow_run.conclusion", "failure"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let is_run = |job: &Node| {
        let condition = job.get("if").map(Node::text);
        // Whether needed jobs failed is no part of the question.
        let condition = condition.map(|text| text.split(" && (contains(").next().unwrap_or_default());
        holds(condition, &contexts, true)
    };
    file.at("jobs").entries().iter().filter(|(_, job)| is_run(job)).map(|(id, _)| id.clone()).collect()
}

#[test]
fn each_event_has_its_jobs() {
    let files = trees(SPEC, By::Xtask, &Place::default());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["benchmarks-comment.yml", "benchmarks.yml"]);
    let file = &files["benchmarks.yml"];
    let pulls = ["gate-pull-request-linux-x86_64", "gate-pull-request-macos-aarch64"];
    assert_eq!(run_on(file, "pull_request", ""), pulls);
    assert_eq!(run_on(file, "merge_group", ""), pulls);
    assert_eq!(run_on(file, "push", ""), ["gate-push-linux-x86_64", "trend"]);
    assert_eq!(run_on(file, "schedule", ""), ["gate-schedule-linux-x86_64", "report"]);
    assert_eq!(run_on(file, "workflow_dispatch", "pull_request"), pulls);
    // A run by hand can be on any branch, so it is no part of the trend.
    assert_eq!(run_on(file, "workflow_dispatch", "push"), ["gate-push-linux-x86_64"]);
    assert_eq!(run_on(&files["benchmarks-comment.yml"], "workflow_run", ""), ["render", "comment"]);
    for by in EVERY_WAY {
        for place in [Place::default(), Place::new("crates/pool", true).unwrap()] {
            for (name, file) in trees(SPEC, by, &place) {
                held::shape(&file).and_then(|()| held::runs(&file, &mut Seen::new())).unwrap_or_else(|wrong| {
                    panic!("{name}: {wrong}");
                });
            }
        }
    }
}

/// Who may write, and what it runs. A job that can write never has a checkout, an executable of ours or an expression in
/// its lines.
#[test]
fn each_job_may_do_only_what_it_must() {
    for by in EVERY_WAY {
        let files = trees(SPEC, by, &Place::default());
        let mut found = Vec::new();
        for file in files.values() {
            for (id, job) in file.at("jobs").entries() {
                let grants = job.at("permissions").entries().iter();
                let grants: Vec<String> = grants.map(|(scope, grant)| format!("{scope}:{}", grant.text())).collect();
                let steps = job.at("steps").items();
                let has_checkout =
                    steps.iter().any(|step| step.get("uses").is_some_and(|uses| uses.text().contains("checkout@")));
                let runs_ours =
                    steps.iter().any(|step| step.get("run").is_some_and(|run| run.text().contains("cargo ")));
                if grants.iter().any(|grant| grant.ends_with(":write")) {
                    assert!(!has_checkout && !runs_ours, "{id}");
                }
                found.push(format!("{id} {}", grants.join(" ")));
            }
        }
        let expected = [
            "render contents:read actions:read",
            "comment pull-requests:write",
            "gate-pull-request-linux-x86_64 contents:read",
            "gate-pull-request-macos-aarch64 contents:read",
            "gate-push-linux-x86_64 contents:read",
            "gate-schedule-linux-x86_64 contents:read",
            "trend contents:write",
            "report issues:write",
        ];
        assert_eq!(found, expected);
    }
}

#[test]
fn the_comment_trusts_nothing_of_the_pull_request() {
    for by in EVERY_WAY {
        let workflows = made(SPEC, by, &Place::default());
        let comment = workflows.iter().find(|workflow| workflow.file == "benchmarks-comment.yml").expect("a comment");
        assert!(matches!(&comment.on[..], [Trigger::Completed { workflow, .. }] if workflow == "benchmarks"));
        for step in comment.jobs.iter().flat_map(|job| &job.steps) {
            if let Action::Uses { action, with } = &step.action {
                // A checkout of another revision than the default branch's would run code of the pull request.
                let names: Vec<&str> = with.iter().map(|(name, _)| *name).collect();
                assert!(!names.iter().any(|name| ["ref", "repository", "run-id"].contains(name)), "{action} {names:?}");
            }
        }
        for workflow in &workflows {
            assert!(!format!("{:?}", workflow.on).contains("pull_request_target"));
        }
    }
}

#[test]
fn no_exit_code_is_lost() {
    for by in EVERY_WAY {
        for workflow in made(SPEC, by, &Place::default()).iter().filter(|of| of.file == "benchmarks.yml") {
            assert_eq!(refusals(workflow), Vec::<String>::new());
            let gates: Vec<_> = workflow.jobs.iter().filter(|job| gives_verdict(job)).collect();
            assert_eq!(gates.len(), 4);
            for job in gates {
                // What a required check needs could be skipped, and GitHub counts that as passed.
                assert!(
                    job.needs.is_empty() && job.continue_on_error == MayFail::Never && job.matrix.is_none(),
                    "{}",
                    job.id
                );
                let compare = job.steps.iter().find(|step| format!("{:?}", step.name).contains("Compare")).unwrap();
                let Action::Run(lines) = &compare.action else { panic!("{compare:?}") };
                let [line] = lines[..] else { panic!("{lines:?}") };
                assert!(!line.contains(['|', ';', '&', '!', '`', '(']), "{line}");
                assert!(compare.condition.is_none());
                let wanted = match job.id.as_str() {
                    "gate-push-linux-x86_64" => " --record",
                    "gate-schedule-linux-x86_64" => " --rounds \"$ROUNDS\"",
                    _ => "report.json",
                };
                assert!(line.ends_with(wanted), "{line}");
            }
        }
    }
}

#[test]
fn words_of_the_spec_arrive() {
    let text = SPEC.replace("bench-rounds = 48", "bench-rounds = 6") + "[ci.checks]\n";
    let text = text.replace("branches = [", "missing = \"fail\"\nbranches = [");
    let text = text.replace("[ci.push]\n", "[ci.push]\nbench-branch = \"records/of-speed\"\n");
    let below = Place::new("crates/pool", true).unwrap();
    let files = trees(&text, By::Git, &below);
    let file = &files["crates-pool-benchmarks.yml"];
    let jobs = file.at("jobs");
    let step = |id: &str, name: &str| {
        let steps = jobs.at(id).at("steps").items().iter();
        steps.into_iter().find(|step| step.at("name").text() == name).unwrap_or_else(|| panic!("{id}: {name}"))
    };
    let compare = step("gate-schedule-linux-x86_64", "Compare the benchmarks");
    assert_eq!((compare.at("env/ROUNDS").text(), compare.at("env/PROFILE").text()), ("6", "speed"));
    assert!(compare.at("run").text().trim_end().ends_with("--missing fail"));
    let add = step("trend", "Add the records to their branch");
    assert_eq!(add.at("env/BRANCH").text(), "records/of-speed");
    assert_eq!(add.at("env/RECORDS").text(), "crates/pool/compat/evidence/bench");
    assert_eq!(add.at("working-directory").text(), ".", "there is no checkout, so no folder of the workspace");
    let upload = step("gate-push-linux-x86_64", "Upload the record");
    assert_eq!(upload.at("with/path").text(), "crates/pool/compat/evidence/bench");
    assert_eq!(step("gate-push-linux-x86_64", "Install packages").at("run").text().matches("valgrind").count(), 1);
    let comment = &files["crates-pool-benchmarks-comment.yml"];
    assert_eq!(comment.at("on/workflow_run/workflows").texts(), [file.at("name").text()]);
    let post = comment.at("jobs/comment/steps").items().last().unwrap();
    assert_eq!(post.at("env/FIRST_LINE").text(), "<!-- compatrix: benchmarks of crates/pool -->");
    // One without a comment.
    let silent = SPEC.replace("bench = \"speed\"\n[ci.push]", "bench = \"speed\"\nbench-comment = false\n[ci.push]");
    assert_eq!(trees(&silent, By::Git, &below).keys().collect::<Vec<_>>(), ["crates-pool-benchmarks.yml"]);
}

/// The base of each event, as GitHub evaluates it.
#[test]
fn a_branch_name_is_only_ever_a_value() {
    let files = trees(SPEC, By::Xtask, &Place::default());
    let base = |id: &str| {
        let steps = files["benchmarks.yml"].at("jobs").at(id).at("steps").items().iter();
        let step = steps.into_iter().find(|step| step.get("id").is_some_and(|id| id.text() == "base")).unwrap();
        step.get("env").map(|env| env.at("BASE").text().to_owned())
    };
    let pull = base("gate-pull-request-linux-x86_64").unwrap();
    assert!(pull.contains("format('origin/{0}', github.base_ref)"), "{pull}");
    let before: Contexts = [("github.event.before".to_owned(), "$(id)".to_owned())].into();
    assert_eq!(interpolate(&base("gate-push-linux-x86_64").unwrap(), &before), "$(id)", "a value of the environment");
    assert_eq!(base("gate-schedule-linux-x86_64"), None);
}

#[test]
fn a_container_is_that_of_the_toolchains() {
    let distros = "[distro.debian-11]\napt = { suite = \"bullseye\", rust = \"rustc-web\", cargo = \"cargo-web\" }\n\
                   [distro.debian-12]\napt = { suite = \"bookworm\", rust = \"rustc\", cargo = \"cargo\" }\n";
    let with = |rust: &str| SPEC.replace("rust = [\"stable\"]", rust) + distros;
    let files = trees(&with("rust = [\"stable\", \"debian-12\"]"), By::Git, &Place::default());
    let jobs = files["benchmarks.yml"].at("jobs");
    let image =
        |id: &str| jobs.at(id).get("container").map(|of| of.at("image").text().split('@').next().unwrap().to_owned());
    assert_eq!(image("gate-push-linux-x86_64").as_deref(), Some("debian"));
    assert_eq!(image("gate-pull-request-macos-aarch64"), None, "no such toolchain there");
    let options = |distros: &str| {
        let text = SPEC.replace("rust = [\"stable\"]", "rust = [\"stable\", \"debian-12\"]") + distros;
        let files = trees(&text, By::Git, &Place::default());
        let container = files["benchmarks.yml"].at("jobs").at("gate-push-linux-x86_64").at("container");
        container.get("options").map(|options| options.text().to_owned())
    };
    assert_eq!(options(distros), None);
    let root = distros.replace("[distro.debian-12]\n", "[distro.debian-12]\nroot = true\n");
    assert_eq!(options(&root).as_deref(), Some("--privileged"));
    let both = spec(&with("rust = [\"debian-11\", \"debian-12\"]")).unwrap();
    let error = bench_jobs(&both, &committed(&both)).unwrap_err();
    assert_eq!(error.lines().count(), 3, "{error}");
    assert!(error.contains("[ci.push]: ") && error.contains("debian:bookworm and debian:bullseye"), "{error}");
}

#[test]
fn what_cannot_run_is_refused() {
    let refused = |text: &str| {
        let spec = spec(text).unwrap_or_else(|problems| panic!("{problems}"));
        bench_jobs(&spec, &committed(&spec)).unwrap_err()
    };
    let nowhere = SPEC
        .replace("instructions = true\n", "when = { rust = \"1.70\" }\n")
        .replace("[\"stable\"]", "[\"stable\", \"1.70\"]");
    let nowhere = nowhere.replace("[profile.speed]\n", "[profile.speed]\nwhen = { rust = \"stable\" }\n");
    let error = refused(&nowhere);
    assert!(error.contains("[ci.schedule]: `bench --profile speed` has no cell"), "{error}");
    let odd = SPEC.replace("packages = [\"store\"]\n", "packages = [\"store\"]\nevidence = \"my evidence\"\n");
    assert!(refused(&odd).contains("a workflow cannot name \"my evidence\""), "{}", refused(&odd));
}

#[test]
fn workflows_that_the_spec_no_longer_has_are_obsolete() {
    let spec = spec(SPEC).unwrap();
    let plans = plans(&spec, &committed(&spec)).unwrap();
    for place in [Place::default(), Place::new("crates/pool", true).unwrap()] {
        let files = files_in(&spec, &plans, By::Xtask, &place).unwrap();
        let there = files.iter().map(|(name, text)| (format!(".github/workflows/{name}"), text.clone()));
        let existing = Existing { workflows: there.collect(), pins: Some(FIRST.to_owned()), place: place.clone() };
        let tests = SPEC.replace("bench = \"speed\"\n", "compat = \"local\"\n").replace("bench-rounds = 48\n", "");
        let update = Update::new(&existing, &made(&tests, By::Xtask, &place), Flags::default()).unwrap();
        let obsolete: Vec<&String> = update.obsolete.iter().map(|(path, _)| path).collect();
        assert_eq!(obsolete, existing.workflows.keys().collect::<Vec<_>>());
    }
}
