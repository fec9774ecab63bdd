//! `repro`: what to type for one cell, and the exact shell lines, from the same commands that a run starts.

use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::Arc;

use anyhow::anyhow;
use compatrix_leak::Tool;
use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::condition::Condition;
use compatrix_model::linkage::Linkage;
use compatrix_model::matrix_spec::{Profile, Spec, SuiteKind};
use compatrix_model::plan::{Build, Choice, SkipReason, Targets};
use compatrix_model::spec_text::Parsed;

use crate::build::{self, BuildInputs, Product};
use crate::event::Event;
use crate::find::{root, wine};
use crate::leak::{self, Bench};
use crate::run::inputs::{build_inputs, with_inputs, RunInputs};
use crate::run::{self, command, executable};
use crate::session::{NarrowBy, Session};
use crate::sys::error::Error;
use crate::sys::host::Host;
use crate::sys::process::quote;

/// The lines that do by hand what the suite does in the cell that the condition names, with these packages, or all if none
/// is named; comments explain them. The build
/// is done here, so that the names of the executables are known.
///
/// # Errors
/// The cell is not available here, is excluded by a rule, or does not build.
pub fn lines(
    session: &Session,
    parsed: &Parsed,
    cell: &Condition,
    (suite, packages): (Option<&str>, &[String]),
    tell: &Sender<Event>,
) -> Result<Vec<String>, Error> {
    let spec = &parsed.spec;
    let suites = suite.map(str::to_owned).into_iter().collect();
    let profile = Profile { suites, ..Profile::default() };
    let choice = Choice { profile: &profile, cells: std::slice::from_ref(cell), packages };
    let (survey, plan) = session.prepare(parsed, &choice, &NarrowBy::default(), tell)?;
    let Some(&planned) = plan.runs.first() else {
        let reason = plan.reasons.first().map(|reason| match reason {
            SkipReason::Excluded { reason } => format!("a rule in the spec excludes this cell: {reason}"),
            SkipReason::Unavailable { value, reason } => format!("{value} is not available here: {reason}"),
            SkipReason::NotPromised { value, reason } => format!("nothing is built with {value}: {reason}"),
        });
        return Err(Error::usage(reason.unwrap_or_else(|| "no suite runs in this cell".to_owned())));
    };
    let host = &session.host;
    let id = spec.space.id(planned.cell);
    // With as much debug information as what was found in it was built with.
    let newest = session.ledger.newest(&spec.suites[planned.suite].name, &id.to_string())?;
    let in_full = newest.and_then(|record| record.proof).is_some_and(|proof| proof.debug.is_full());
    let of_plan = &plan.builds[planned.build];
    let planned_build = &if in_full { of_plan.in_full() } else { of_plan.clone() };
    let planned_suite = &spec.suites[planned.suite];
    let inputs = build_inputs(host, spec, &survey, planned_build)?;
    let mut without_doctests = planned_build.clone();
    if let Targets::Tests { doctests } = &mut without_doctests.targets {
        *doctests = false;
    }
    let _ = tell.send(Event::BuildStarted { build: plan.build_names(&spec.space)[planned.build].clone() });
    let jobs = jobserver::Client::new(host.limits.jobs.max(1)).map_err(anyhow::Error::from)?;
    let built = build::build(host, &without_doctests, &inputs, &jobs)?;
    let product = match built.result {
        Ok(product) => product,
        Err(failure) => {
            let commands = build::commands(host, planned_build, &inputs)?;
            let first = format!("# it does not build: {}", failure.cause);
            return Ok([first].into_iter().chain(commands.iter().map(ToString::to_string)).collect());
        }
    };
    let dir = host.dir.join("repro");
    let shown = quote(&dir.to_string_lossy());
    // The lines copy it, so that whoever types them again starts with what a run starts with.
    let prefix = build::prefix_for_lines(host, planned_build, &inputs)?;
    let line = with_inputs(spec, &survey, planned_build, planned, &id, None, |run| match inputs.toolchain.root {
        Some(_) => typed_in_root(host, &inputs, run, &dir),
        None => typed(host, toolchain_setting(spec, planned_build), &inputs, run, (&dir, prefix.as_deref()), &product),
    })?;
    let mut lines =
        vec![line, format!("# {} in {id}, as a run does it", spec.suites[planned.suite].name), "# 1. build".to_owned()];
    lines.extend(build::commands(host, planned_build, &inputs)?.iter().map(ToString::to_string));
    if planned_build.targets == Targets::Packages {
        return Ok(lines);
    }
    if planned_build.targets.doctests() {
        lines.push("# 2. documentation tests, once a build".to_owned());
        if inputs.toolchain.root.is_some() {
            let home = root::home_of_doctests(&build::target_dir(host, planned_build));
            let home = quote(&home.to_string_lossy());
            lines.push(format!("rm -rf {home} && mkdir {home}"));
        }
        lines.push(build::doctest_command(host, planned_build, &inputs)?.to_string());
    }
    let step = if planned_build.targets.doctests() { 3 } else { 2 };
    if planned_suite.kind == SuiteKind::Command {
        lines.push(format!("# {step}. start the program, with a fresh copy of the fixture if the cell has one"));
        let command = with_inputs(spec, &survey, planned_build, planned, &id, None, |inputs| {
            lines.extend(fresh_folders(inputs, &shown));
            let words = command::words(inputs, &product, &dir).map_err(anyhow::Error::msg)?;
            Ok::<String, anyhow::Error>(command::command(host, inputs, &words, &dir).to_string())
        })?;
        lines.push(command);
        return Ok(lines);
    }
    lines.push(format!("# {step}. start each executable, with a fresh copy of the fixture if the cell has one"));
    with_inputs(spec, &survey, planned_build, planned, &id, None, |inputs| {
        for executable in &product.executables {
            lines.extend(fresh_folders(inputs, &shown));
            lines.extend(prefix.as_deref().map(|prefix| copy_of(prefix, &dir)));
            let command = match (inputs.suite.leak(), inputs.leak_tool) {
                (Some(settings), Some(tool)) => {
                    let (command, note) = leak::by_hand(&Bench { host, inputs, settings, tool }, executable, &dir)?;
                    lines.push(format!("# under {}; {note}", settings.tool));
                    command
                }
                _ => executable::command(host, inputs, executable, &dir),
            };
            lines.push(command.to_string());
        }
        Ok::<(), anyhow::Error>(())
    })?;
    if product.executables.is_empty() {
        return Err(anyhow!("the build made no test executable").into());
    }
    Ok(lines)
}

/// Lines that make the folders of a run, with its fixture.
fn fresh_folders(inputs: &RunInputs<'_>, shown: &str) -> Vec<String> {
    let of_root = inputs.toolchain.root.as_ref().map(|_| root::HOME_OF_RUN);
    let folders = executable::FOLDERS.into_iter().chain(of_root).map(|folder| format!("{shown}/{folder}"));
    let folders = folders.collect::<Vec<_>>().join(" ");
    let fixture = inputs.fixture.map(|(_, fixture)| format!("cp -R {} {shown}/fixture", quote(&fixture.dir)));
    [format!("rm -rf {shown} && mkdir -p {folders}")].into_iter().chain(fixture).collect()
}

/// The line that copies a prefix of wine into the folder of a run.
fn copy_of(prefix: &Path, dir: &Path) -> String {
    format!("cp -a {} {}", quote(&prefix.to_string_lossy()), quote(&dir.join(wine::FOLDER).to_string_lossy()))
}

fn toolchain_setting<'s>(spec: &'s Spec, build: &Build) -> Option<&'s Setting> {
    let (_, axis) = spec.space.axis_of(&AxisKind::Rust)?;
    axis.values.iter().find(|value| value.name == build.toolchain).map(|value| &value.setting)
}

/// The one line for a cell in a root: what a person would type, with the words that enter the root. The target folder is that
/// of the build, as nothing else can be written there.
fn typed_in_root(host: &Host, inputs: &BuildInputs<'_>, run: &RunInputs<'_>, dir: &Path) -> anyhow::Result<String> {
    let mut words = fresh_folders(run, &quote(&dir.to_string_lossy()));
    let mut env = run::inputs::of_cell(run, dir);
    // As a run has it: `/tmp` is another file system there, which may do less.
    env.entry("TMPDIR".to_owned()).or_insert_with(|| dir.join("tmp").to_string_lossy().into_owned());
    if let Some(path) = run::inputs::library_path(run).filter(|_| run.build.linkage == Some(Linkage::Dynamic)) {
        env.extend(build::leads_to(&path, run.target.map(|(system, _)| system)));
    }
    for command in build::commands_in_root(host, run.build, inputs, &dir.join(root::HOME_OF_RUN))? {
        let mut command = command.envs(&env);
        if !run.suite.args.is_empty() {
            command = command.args(["--"]).args(run.suite.args.iter().cloned());
        }
        command.inside = command.inside.map(|root| Arc::new(root.with_folder(dir, dir)));
        words.push(command.to_string());
    }
    Ok(words.join(" && "))
}

/// The one line that a person would type for this cell: the same packages, features, SQLite and variables, with the
/// workspace's own target folder and everything else as it happens to be.
fn typed(
    host: &Host,
    setting: Option<&Setting>,
    inputs: &BuildInputs<'_>,
    run: &RunInputs<'_>,
    (dir, prefix): (&Path, Option<&Path>),
    product: &Product,
) -> anyhow::Result<String> {
    let mut words: Vec<String> = Vec::new();
    let root = inputs.stage.as_ref().map_or(&host.root, |stage| &stage.root);
    if !host.ambient.is_in(root) {
        words.push(format!("cd {} &&", quote(&root.to_string_lossy())));
    }
    if run.fixture.is_some() || prefix.is_some() {
        let shown = quote(&dir.to_string_lossy());
        words.push(format!("rm -rf {shown} && mkdir -p {shown} &&"));
        words.extend(run.fixture.map(|(_, fixture)| format!("cp -R {} {shown}/fixture &&", quote(&fixture.dir))));
        words.extend(prefix.map(|prefix| format!("{} &&", copy_of(prefix, dir))));
    }
    let mut env = run::inputs::of_cell(run, dir);
    env.extend(build::link_environment(inputs.link));
    env.extend(build::pkg_config_path(host, inputs));
    let (of_target, arguments_of_target) = build::typed_for_target(host, run.build, inputs)?;
    env.extend(of_target);
    if prefix.is_some() {
        env.insert(wine::PREFIX.to_owned(), dir.join(wine::FOLDER).to_string_lossy().into_owned());
    }
    let debug = build::debug_environment(run.build);
    env.extend(debug.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    if let Some(path) = run::inputs::library_path(run).filter(|_| run.build.linkage == Some(Linkage::Dynamic)) {
        env.extend(build::leads_to(&path, run.target.map(|(system, _)| system)));
    }
    let cargo = match setting {
        Some(Setting::RustupToolchain(name)) => vec!["cargo".to_owned(), format!("+{name}")],
        None => vec!["cargo".to_owned()],
        Some(_) => {
            env.insert("RUSTC".to_owned(), inputs.toolchain.rustc.clone());
            vec![inputs.toolchain.cargo.clone()]
        }
    };
    let verb = match (run.build.targets, run.suite.leak().map(|leak| leak.tool)) {
        (Targets::Packages, _) => "build",
        (Targets::Tests { .. }, Some(Tool::Miri)) => "miri test",
        (Targets::Tests { .. }, _) => "test",
        (Targets::Benches, _) => "bench",
    };
    let env = env.iter().map(|(name, value)| format!("{name}={}", quote(value)));
    let variables: Vec<String> = env.clone().collect();
    let start: Vec<String> = env.chain(cargo.iter().map(|word| quote(word))).chain([verb.to_owned()]).collect();
    for (n, part) in run.build.each().iter().enumerate() {
        words.extend((n > 0).then(|| "&&".to_owned()));
        words.extend(start.iter().cloned());
        words.extend(build::typed_arguments(part, inputs).iter().map(|word| quote(word)));
        words.extend(arguments_of_target.iter().map(|word| quote(word)));
        words.extend((run.suite.kind == SuiteKind::Command).then(|| "--no-run".to_owned()));
    }
    if run.suite.kind == SuiteKind::Command {
        words.push("&&".to_owned());
        words.extend(variables);
        let started = command::words(run, product, dir).unwrap_or_default();
        words.extend(started.iter().map(|word| quote(word)));
    }
    if !run.suite.args.is_empty() {
        words.push("--".to_owned());
        words.extend(run.suite.args.iter().map(|word| quote(word)));
    }
    Ok(words.join(" "))
}
