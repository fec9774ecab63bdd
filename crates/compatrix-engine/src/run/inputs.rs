//! Turns plan and facts into the inputs of builds and runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::cell::CellId;
use compatrix_model::evidence::SourceProof;
use compatrix_model::facts::Availability;
use compatrix_model::hash::Sha256;
use compatrix_model::linkage::Linkage;
use compatrix_model::matrix_spec::{Piece, Spec, Suite, Template};
use compatrix_model::plan::{Build, Run, Target};

use crate::build::{self, BuildInputs, Recorded};
use crate::deps::stage;
use crate::find::facts::{FixtureFacts, HostFacts, LeakToolFacts, SqliteFacts, StdFacts, SystemFacts};
use crate::find::facts::{TestedPackage, ToolchainFacts};
use crate::find::fixture;
use crate::find::root;
use crate::find::wine;
use crate::run::keys;
use crate::survey::Survey;
use crate::sys::enclosure::Enclosure;
use crate::sys::host::Host;
use crate::sys::os::env::SEPARATOR;

/// All that a run is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunInputs<'a> {
    pub suite: &'a Suite,
    pub cell: &'a CellId,
    pub key: Option<Sha256>,
    pub build: &'a Build,
    /// The toolchain that built it.
    pub toolchain: &'a ToolchainFacts,
    /// For a build of another target: what starts its programs, and its std.
    pub target: Option<(&'a SystemFacts, &'a StdFacts)>,
    pub source: &'a SourceProof,
    /// The SQLite of the cell; `None` if the spec has no such axis.
    pub sqlite: Option<&'a SqliteFacts>,
    /// The fixture of the cell, with its value's name.
    pub fixture: Option<(&'a str, &'a FixtureFacts)>,
    /// The tool of a suite of kind `leak`.
    pub leak_tool: Option<&'a LeakToolFacts>,
    /// The packages under test.
    pub packages: &'a [TestedPackage],
    /// The features that the cell's feature set names.
    pub named: &'a [String],
    /// The user's own axes: variable and value.
    pub axes_env: &'a [(String, String)],
    /// Whether nothing else of ours runs meanwhile, so that it may have the user's own home.
    pub alone: bool,
}

impl RunInputs<'_> {
    /// The root of the cell, if its toolchain is in one, for whoever only looks.
    pub(crate) fn root(&self, host: &Host) -> Option<Arc<Enclosure>> {
        Some(Arc::new(root::of_cell(host, self.toolchain.root.as_ref()?)))
    }

    /// The root that the cell runs in with this scratch folder, if its toolchain is in one.
    pub(crate) fn root_of_run(&self, host: &Host, dir: &Path) -> Option<Arc<Enclosure>> {
        Some(root::of_run(host, self.toolchain.root.as_ref()?, &build::target_dir(host, self.build), dir))
    }
}

/// The inputs of a build, from the facts.
///
/// # Errors
/// The plan names something that the facts lack; a bug in Compatrix.
pub(crate) fn build_inputs<'a>(
    host: &Host,
    spec: &Spec,
    survey: &'a Survey,
    build: &Build,
) -> anyhow::Result<BuildInputs<'a>> {
    let Some(Availability::Ready(toolchain)) = survey.facts.toolchains.get(&build.toolchain) else {
        anyhow::bail!("toolchain {} is not here", build.toolchain);
    };
    let link = match &build.against {
        Some(against) => match survey.facts.sqlite_of(&build.toolchain, build.os(), against) {
            Some(sqlite) => Some(sqlite),
            None => anyhow::bail!("SQLite {against} is not here"),
        },
        None => None,
    };
    let target = match &build.target {
        Some(target) => Some(target_facts(&survey.facts, build, target)?),
        None => None,
    };
    // They run once a build, for all suites that have them.
    let stage = match build.staged {
        true => Some(stage::renew(host, &survey.workspace.layout, &build.lockset, build.targets)?),
        false => None,
    };
    let limits = spec.suites.iter().filter(|suite| suite.doctests).map(|suite| suite.timeout);
    let doctest_limit = limits.max().unwrap_or_default();
    Ok(BuildInputs { toolchain, target, link, workspace: &survey.workspace, stage, doctest_limit })
}

/// What is known of a build's target.
///
/// # Errors
/// The facts lack it; a bug in Compatrix.
fn target_facts<'a>(
    facts: &'a HostFacts,
    build: &Build,
    target: &Target,
) -> anyhow::Result<(&'a SystemFacts, &'a StdFacts)> {
    let system = facts.systems.get(&target.value).and_then(Availability::ready);
    let std = facts.stds.get(&(build.toolchain.clone(), target.value.clone())).and_then(Availability::ready);
    system.zip(std).with_context(|| format!("{} of {} is not here", target.triple, build.toolchain))
}

/// Calls with the inputs of one run.
pub(crate) fn with_inputs<T>(
    spec: &Spec,
    survey: &Survey,
    build: &Build,
    planned: Run,
    cell: &CellId,
    key: Option<Sha256>,
    act: impl FnOnce(&RunInputs<'_>) -> T,
) -> T {
    fn ready<'f, T>(
        facts: &'f std::collections::BTreeMap<compatrix_model::axis::ValueName, Availability<T>>,
        value: Option<&compatrix_model::axis::ValueName>,
    ) -> Option<&'f T> {
        facts.get(value?)?.ready()
    }
    let facts = &survey.facts;
    let source = SourceProof { lockset: keys::lockset_of(build, facts), ..survey.workspace.source.clone() };
    let toolchain = ready(&facts.toolchains, Some(&build.toolchain)).expect("a planned build has its toolchain");
    let schema = cell.value("schema");
    let fixture = ready(&facts.fixtures, schema).zip(schema).map(|(fixture, name)| (name.as_str(), fixture));
    let axes_env: Vec<(String, String)> = spec
        .space
        .axes()
        .iter()
        .filter_map(|axis| {
            let AxisKind::Env { var } = &axis.kind else { return None };
            let value = cell.value(axis.name.as_str())?;
            let setting = axis.values.iter().find(|v| v.name == *value).map(|v| &v.setting)?;
            let Setting::Env(text) = setting else { return None };
            Some((var.clone(), text.clone()))
        })
        .collect();
    let suite = &spec.suites[planned.suite];
    let tool = suite.leak().and_then(|leak| facts.leak_tools.get(&(leak.tool, build.toolchain.clone())));
    let named: &[String] = spec
        .space
        .axis_of(&AxisKind::Features)
        .and_then(|(_, axis)| axis.values.iter().find(|value| Some(&value.name) == cell.value(axis.name.as_str())))
        .map_or(&[], |value| match &value.setting {
            Setting::Features { enable, .. } => enable,
            _ => &[],
        });
    act(&RunInputs {
        suite,
        packages: &facts.packages,
        named,
        leak_tool: tool.and_then(Availability::ready),
        cell,
        key,
        build,
        toolchain,
        target: build.target.as_ref().and_then(|target| target_facts(facts, build, target).ok()),
        source: &source,
        sqlite: cell.value("sqlite").and_then(|value| facts.sqlite_of(&build.toolchain, build.os(), value)),
        fixture,
        axes_env: &axes_env,
        alone: suite.alone,
    })
}

/// The environment of a run: allowed variables of ours, those that cargo gives to an executable's tests, and those of the
/// cell and the suite.
pub(crate) fn environment(
    host: &Host,
    inputs: &RunInputs<'_>,
    recorded: &Recorded,
    dir: &Path,
) -> BTreeMap<String, String> {
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let mut env = host.ambient.for_runs();
    if inputs.toolchain.root.is_some() {
        env.remove("SHELL");
    }
    let mut set = |name: &str, value: String| env.insert(name.to_owned(), value);
    for (name, value) in inputs.toolchain.leads(&host.ambient) {
        set(&name, value);
    }
    for (name, path) in [("RUSTC", &inputs.toolchain.rustc), ("RUSTDOC", &inputs.toolchain.rustdoc())] {
        set(name, path.clone());
    }
    // Tests of two cells do not meet in one home; what they start still finds cargo's and rustup's folders.
    for (name, path) in host.ambient.rust_homes() {
        set(name, text(path));
    }
    if !inputs.alone {
        set("HOME", text(dir.join("home")));
    }
    set("TMPDIR", text(dir.join("tmp")));
    for (name, value) in &recorded.env {
        set(name, value.clone());
    }
    if inputs.build.linkage == Some(Linkage::Dynamic) {
        // Report a symbol that this SQLite lacks at startup, not when it is first called.
        set("LD_BIND_NOW", "1".to_owned());
    }
    if let Some(path) = library_path_of(inputs, recorded) {
        env.extend(build::leads_to(&path, inputs.target.map(|(system, _)| system)));
    }
    env.extend(of_cell(inputs, dir));
    if inputs.target.is_some_and(|(system, _)| system.is_wine) {
        env.extend(wine::in_prefix(&dir.join(wine::FOLDER)));
    }
    env
}

/// The variables that the spec sets: those of the user's own axes, and those of the suite.
pub(crate) fn of_cell(inputs: &RunInputs<'_>, dir: &Path) -> BTreeMap<String, String> {
    let axes = inputs.axes_env.iter().cloned();
    let suite = inputs.suite.env.iter().map(|(name, template)| (name.clone(), fill(template, inputs.cell, dir, &[])));
    axes.chain(suite).collect()
}

/// The folder in which the loader is to look first; none for the host's own SQLite.
pub(crate) fn library_path(inputs: &RunInputs<'_>) -> Option<String> {
    let sqlite = inputs.sqlite?;
    let is_host = inputs.cell.value("sqlite").is_some_and(|value| value.as_str() == "host");
    if is_host {
        return None;
    }
    let library = Path::new(sqlite.library.as_ref()?);
    library.parent().map(|dir| dir.to_string_lossy().into_owned())
}

/// The same, and then where cargo leads the loader for this executable.
pub(crate) fn library_path_of(inputs: &RunInputs<'_>, recorded: &Recorded) -> Option<String> {
    let own = library_path(inputs).filter(|_| inputs.build.linkage == Some(Linkage::Dynamic));
    let dirs: Vec<String> = own.into_iter().chain(recorded.library_path.clone()).collect();
    (!dirs.is_empty()).then(|| dirs.join(SEPARATOR))
}

/// The text of a template in a run with this scratch folder. Programs by name; of one that is not among them nothing is put
/// in.
pub(crate) fn fill(template: &Template, cell: &CellId, dir: &Path, programs: &[(&str, &Path)]) -> String {
    let fixture = dir.join("fixture");
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::SchemaDatabase => fixture.join(fixture::DATABASE).to_string_lossy().into_owned(),
        Piece::SchemaDir => fixture.to_string_lossy().into_owned(),
        Piece::Program(name) => {
            let found = programs.iter().find(|(known, _)| known == name);
            found.map(|(_, path)| path.to_string_lossy().into_owned()).unwrap_or_default()
        }
        Piece::ValueName(axis) => cell.value(axis).map(|value| value.to_string()).unwrap_or_default(),
    };
    template.0.iter().map(piece).collect()
}
