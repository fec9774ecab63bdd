//! Workflows held against the plans that they are made from: which jobs run on an event, and which cells through them.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_ci::{CiPlan, Committed};
use compatrix_model::cell::CellIndex;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::matrix_spec::{CiEvent, JobCommand};
use compatrix_model::plan::{plan, Choice};
use saphyr_parser::ScalarStyle;

use crate::commands::{self, Seen};
use crate::github::{expand, holds, interpolate, Contexts};
use crate::yaml::Node;

/// All that is wrong with a workflow of these plans; the first of it.
pub(crate) fn check(
    spec: &Spec,
    committed: &Committed,
    plans: &[CiPlan],
    work: JobCommand,
    file: &Node,
    seen: &mut Seen,
) -> Result<(), String> {
    shape(file)?;
    runs(file, seen)?;
    let plans: Vec<&CiPlan> = plans.iter().filter(|plan| plan.work == work).collect();
    let on = file.at("on");
    let mut starts = BTreeSet::new();
    for plan in &plans {
        let chosen = chosen(spec, committed, plan);
        for (name, input) in starts_of(plan.event) {
            if on.get(name).is_none() {
                return Err(format!("{name} does not start it"));
            }
            starts.insert(name);
            event(spec, &chosen, plan, file, name, input)?;
        }
    }
    let known: BTreeSet<&str> = on.entries().iter().map(|(name, _)| name.as_str()).collect();
    if known != starts {
        return Err(format!("started by {known:?}, planned for {starts:?}"));
    }
    let options = on.at("workflow_dispatch/inputs/event/options").texts();
    let events: Vec<&str> = plans.iter().map(|plan| plan.event.as_str()).collect();
    same("the events to choose from", &options, &events)
}

/// How an event's plan is started: GitHub's word, and the input of a person.
fn starts_of(event: CiEvent) -> Vec<(&'static str, &'static str)> {
    let mut starts = vec![(event.as_str(), ""), ("workflow_dispatch", event.as_str())];
    if event == CiEvent::PullRequest {
        starts.push(("merge_group", ""));
    }
    starts
}

fn event(
    spec: &Spec,
    chosen: &BTreeSet<(&str, usize, CellIndex)>,
    plan: &CiPlan,
    file: &Node,
    name: &str,
    input: &str,
) -> Result<(), String> {
    let mut contexts: Contexts =
        [("github.event_name".to_owned(), name.to_owned()), ("inputs.event".to_owned(), input.to_owned())].into();
    contexts.insert("needs".into(), "{}".into());
    contexts.insert("needs.verdict.result".into(), "failure".into());
    // In the order of the file, so that what is needed has been decided.
    let mut run: BTreeSet<&str> = BTreeSet::new();
    for (id, job) in file.at("jobs").entries() {
        let needs = job.get("needs").map(Node::texts).unwrap_or_default();
        let succeeded = needs.iter().all(|id| run.contains(id));
        if holds(job.get("if").map(Node::text), &contexts, succeeded) {
            run.insert(id);
        }
    }
    let place = format!("{name} {input}");
    let orchestrators: BTreeSet<&str> = run.iter().copied().filter(|id| id.starts_with("orchestrator-")).collect();
    let groups: Vec<&str> = plan.groups.iter().map(|group| group.id.as_str()).collect();
    let mut expected: BTreeSet<&str> = groups.iter().copied().chain(["verdict"]).collect();
    expected.extend((name == "schedule").then_some("report"));
    same(&format!("{place}: jobs"), &run.difference(&orchestrators).copied().collect::<BTreeSet<_>>(), &expected)?;
    let mut wanted: BTreeSet<String> =
        plan.platforms().iter().map(|platform| format!("orchestrator-{platform}")).collect();
    // One more where the verdict is given on a platform that runs no cells on this event.
    let of_verdict =
        downloads(file.at("jobs/verdict")).find(|(with, _)| *with == "name").map(|(_, name)| name.to_owned());
    wanted.extend(of_verdict);
    same(&format!("{place}: orchestrators"), &orchestrators, &wanted.iter().map(String::as_str).collect())?;

    let mut names = BTreeSet::new();
    let mut artifacts = BTreeSet::new();
    let mut cells = BTreeSet::new();
    for group in &plan.groups {
        let job = file.at("jobs").get(&group.id).expect("it runs");
        same("the runner", &job.at("runs-on").text(), &group.runner.as_str())?;
        let image = job.get("container").map(|container| container.at("image").text());
        let bare = image.map(|image| image.split_once('@').map_or(image, |(name, _)| name));
        same("the image", &bare, &group.container.as_deref().map(|image| image.split(':').next().unwrap()))?;
        let options = job.get("container").and_then(|container| container.get("options")).map(|options| options.text());
        same("the rights of its container", &options, &group.needs.roots.then_some("--privileged"))?;
        let orchestrator = format!("orchestrator-{}", group.platform);
        same("what it needs", &job.at("needs").texts(), &vec![orchestrator.as_str()])?;
        if !downloads(job).any(|(with, value)| with == "name" && value == orchestrator) {
            return Err(format!("{} is not handed {orchestrator}", group.id));
        }
        let rows = expand(job.at("strategy/matrix"));
        if rows.is_empty() || rows.len() > 256 {
            return Err(format!("{} has {} rows", group.id, rows.len()));
        }
        for row in &rows {
            let contexts: Contexts = row.iter().map(|(key, value)| (format!("matrix.{key}"), value.clone())).collect();
            let excused = interpolate(job.at("continue-on-error").text(), &contexts);
            let env: BTreeMap<String, String> = job
                .at("steps")
                .items()
                .iter()
                .flat_map(commands::env)
                .map(|(name, value)| (name, interpolate(&value, &contexts)))
                .collect();
            same("the event that it runs", &env["EVENT"].as_str(), &plan.event.as_str())?;
            let name = &env["JOB"];
            let (planned_in, planned) = plan.job(name)?;
            same("its group", &planned_in.id, &group.id)?;
            same("whether it may fail", &excused.as_str(), &planned.may_fail.to_string().as_str())?;
            same("its cells", &row["cells"].as_str(), &planned.cells.len().to_string().as_str())?;
            if !names.insert(name.clone()) {
                return Err(format!("{name} runs twice"));
            }
            let artifact = uploads(job).map(|text| interpolate(text, &contexts)).next().unwrap_or_default();
            if !artifact.starts_with(&format!("evidence-{}-", plan.work.as_str()))
                || !artifacts.insert(artifact.clone())
            {
                return Err(format!("{name} uploads {artifact:?}"));
            }
            for (suite, cell) in &planned.cells {
                if !cells.insert((group.platform.as_str(), *suite, *cell)) {
                    return Err(format!("{place}: {} is tried twice", spec.space.id(*cell)));
                }
            }
        }
    }
    same(&format!("{place}: cells"), &cells, chosen)?;
    verdict(file, &contexts, plan)
}

/// The cells that the spec chooses for the event, on each platform that runs there: not by way of jobs.
fn chosen<'a>(spec: &'a Spec, committed: &Committed, of: &CiPlan) -> BTreeSet<(&'a str, usize, CellIndex)> {
    let ci = spec.ci.as_ref().expect("it has a plan");
    let leak = of.work == JobCommand::LeakCheck;
    let profile = spec.profile(&of.profile).unwrap();
    let profile = spec.narrowed(profile, |suite| suite.leak().is_some() == leak && suite.bench().is_none()).unwrap();
    let platforms = ci.runners.iter().filter(|(platform, _)| ci.events[&of.event].platforms.contains(platform));
    let mut cells = BTreeSet::new();
    for (platform, _) in platforms {
        let facts = committed.runner(spec, platform);
        let plan = plan(spec, &Choice { profile: &profile, cells: &[], packages: &[] }, &facts);
        cells.extend(plan.runs.iter().map(|run| (platform.as_str(), run.suite, run.cell)));
    }
    cells
}

/// The verdict waits for all jobs, whatever becomes of them, and is given their artifacts.
fn verdict(file: &Node, contexts: &Contexts, plan: &CiPlan) -> Result<(), String> {
    let job = file.at("jobs/verdict");
    let all: Vec<&str> = file.at("jobs").entries().iter().map(|(id, _)| id.as_str()).collect();
    let all: Vec<&str> = all.into_iter().filter(|id| *id != "verdict" && *id != "report").collect();
    same("what the verdict waits for", &job.at("needs").texts(), &all)?;
    same("when the verdict is given", &job.at("if").text(), &"always()")?;
    let pattern = format!("evidence-{}-*", plan.work.as_str());
    if !downloads(job).any(|(with, value)| with == "pattern" && value == pattern) {
        return Err(format!("the verdict is not handed {pattern}"));
    }
    let env: BTreeMap<String, String> = job.at("steps").items().iter().flat_map(commands::env).collect();
    same("the event of the verdict", &interpolate(&env["EVENT"], contexts).as_str(), &plan.event.as_str())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {found:?} instead of {expected:?}"))
}

/// Inputs of the steps that use an action.
fn inputs<'a>(job: &'a Node, action: &'static str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let steps = job.at("steps").items().iter();
    let of = steps.filter(move |step| step.get("uses").is_some_and(|uses| uses.text().starts_with(action)));
    of.flat_map(|step| step.at("with").entries()).map(|(name, value)| (name.as_str(), value.text()))
}

fn downloads(job: &Node) -> impl Iterator<Item = (&str, &str)> {
    inputs(job, "actions/download-artifact@")
}

fn uploads(job: &Node) -> impl Iterator<Item = &str> {
    inputs(job, "actions/upload-artifact@").filter(|(name, _)| *name == "name").map(|(_, value)| value)
}

const TOP: &[&str] = &["name", "on", "permissions", "concurrency", "env", "defaults", "jobs"];
const JOB: &[&str] = &[
    "name",
    "if",
    "needs",
    "runs-on",
    "container",
    "timeout-minutes",
    "permissions",
    "continue-on-error",
    "strategy",
    "env",
    "steps",
];
const STEP: &[&str] = &["name", "id", "if", "env", "working-directory", "uses", "with", "run"];
const ROW: &[&str] = &["job", "name", "builds", "toolchains", "cells", "minutes", "allow_failure"];

/// The checklist: nothing but known keys, every scalar quoted, a time limit and grants for each job, pins, names.
pub(crate) fn shape(file: &Node) -> Result<(), String> {
    keys("the file", file, TOP)?;
    same("permissions of the file", &file.at("permissions").entries().len(), &0)?;
    same("the shell", &file.at("defaults/run/shell").text(), &"bash")?;
    file.at("concurrency/group");
    for (id, job) in file.at("jobs").entries() {
        keys(id, job, JOB)?;
        for key in ["name", "timeout-minutes", "permissions", "runs-on", "steps"] {
            job.get(key).ok_or_else(|| format!("{id} has no {key}"))?;
        }
        if let Some(strategy) = job.get("strategy") {
            same("fail-fast", &strategy.at("fail-fast").text(), &"false")?;
            keys(id, strategy.at("matrix"), &["include"])?;
            for row in strategy.at("matrix/include").items() {
                let found: Vec<&str> = row.entries().iter().map(|(key, _)| key.as_str()).collect();
                same("keys of a row", &found.as_slice(), &ROW)?;
            }
        }
        for step in job.at("steps").items() {
            keys(id, step, STEP)?;
            step.get("name").ok_or_else(|| format!("a step of {id} has no name"))?;
            same("what a step does", &(step.get("run").is_some() != step.get("uses").is_some()), &true)?;
            if let Some(uses) = step.get("uses") {
                let (action, sha) = uses.text().split_once('@').unwrap_or_default();
                same("a pin", &(sha.len(), sha.bytes().all(|byte| byte.is_ascii_hexdigit())), &(40, true))?;
                if action == "actions/checkout" {
                    same("credentials", &step.at("with/persist-credentials").text(), &"false")?;
                }
            }
        }
    }
    let mut wrong = Ok(());
    file.each(&mut Vec::new(), &mut |path, text, style| {
        let is_run = path.last() == Some(&"run");
        let bare = text.bytes().all(|byte| byte.is_ascii_digit()) || text == "true" || text == "false";
        let right = match style {
            ScalarStyle::DoubleQuoted => !is_run,
            ScalarStyle::Literal => is_run,
            ScalarStyle::Plain => bare || (text == "~" && path.first() == Some(&"on")),
            ScalarStyle::SingleQuoted | ScalarStyle::Folded => false,
        };
        if !right {
            wrong = Err(format!("{path:?}: {text:?} is written as {style:?}"));
        }
    });
    wrong
}

fn keys(place: &str, node: &Node, known: &[&str]) -> Result<(), String> {
    match node.entries().iter().find(|(key, _)| !known.contains(&key.as_str())) {
        Some((key, _)) => Err(format!("{place} has a key {key:?}")),
        None => Ok(()),
    }
}

/// Every line of every step.
pub(crate) fn runs(file: &Node, seen: &mut Seen) -> Result<(), String> {
    for (id, job) in file.at("jobs").entries() {
        for step in job.at("steps").items() {
            let Some(run) = step.get("run") else { continue };
            let mut env: BTreeMap<String, String> = commands::env(job).collect();
            env.extend(commands::env(step));
            // What GitHub puts there: any event, any job, what `needs` is.
            let samples =
                [("EVENT", "push"), ("JOB", "linux-x86_64-stable"), ("NEEDS", "{\"a\": {\"result\": \"success\"}}")];
            for (name, sample) in samples {
                if env.get(name).is_some_and(|value| value.contains("${{")) {
                    env.insert(name.to_owned(), sample.to_owned());
                }
            }
            commands::check(run.text(), &env, seen).map_err(|wrong| format!("{id}: {wrong}"))?;
        }
    }
    Ok(())
}
