//! Keys: the hash of all that could change a run's outcome.

use std::path::Path;

use compatrix_leak::LeakSettings;
use compatrix_model::axis::{AxisKind, ValueName};
use compatrix_model::cell::{CellId, Space};
use compatrix_model::facts::Availability;
use compatrix_model::hash::{or_empty, Sha256};
use compatrix_model::matrix_spec::{Piece, Suite};
use compatrix_model::plan::{Build, DebugInfo, Target, AMBIENT_TOOLCHAIN};

use crate::build::HWCAPS;
use crate::find::facts::HostFacts;
use crate::find::input;
use crate::find::surroundings::Surroundings;
use crate::find::system;
use crate::run::program;
use crate::sys::files;
use crate::sys::files::hash_parts;
use crate::sys::host::Host;

/// Changes when the meaning of a record does.
const FORMAT: &str = "compatrix run 4";

/// The key of a build: all that is known before it.
fn of_build(host: &Host, build: &Build, facts: &HostFacts, around: Option<&Surroundings>) -> Sha256 {
    let lockset = or_empty::text(&lockset_of(build, facts));
    let mut parts =
        vec![FORMAT.to_owned(), build.id(), format!("{:?}", build.debug), facts.sources.to_string(), lockset];
    for package in &facts.packages {
        // cargo finds targets by their names, whether git knows them or not.
        let script = files::exists(&Path::new(&package.dir).join("build.rs"));
        parts.push(format!("{} {:?} {script}", package.facts.name, package.sources));
    }
    if let Some(Surroundings { compiler, settings }) = around {
        parts.extend([compiler.to_string(), settings.to_string()]);
    }
    if let Some(Availability::Ready(toolchain)) = facts.toolchains.get(&build.toolchain) {
        parts.extend([toolchain.rustc_verbose.clone(), toolchain.cargo_version.clone()]);
        // Two builds of the same release by a distribution report the same version.
        parts.extend(toolchain.packages.clone());
    }
    if let Some(target) = &build.target {
        let Target { value, triple, runner } = target;
        // The build's id has value and triple.
        parts.extend(runner.iter().cloned());
        // Files of the workspace are sources, unless git ignores them; others may be named by a whole path.
        let named = runner.iter().map(|word| host.root.join(word)).filter(|path| path.is_file());
        parts.extend(named.map(|path| or_empty::text(&files::sha256(&path, &host.memo).ok())));
        if let Some(Availability::Ready(system)) = facts.systems.get(value) {
            parts.extend([or_empty::text(&system.version), or_empty::text(&system.sha256)]);
        }
        if let Some(Availability::Ready(std)) = facts.stds.get(&(build.toolchain.clone(), value.clone())) {
            parts.extend([or_empty::text(&std.built_from), or_empty::text(&std.linker)]);
            parts.extend(std.content.iter().cloned());
        }
        let variables = system::variables(host, triple);
        parts.extend(variables.into_iter().map(|(name, value)| format!("{name}={value}")));
    }
    if let Some(sqlite) =
        build.against.as_ref().and_then(|against| facts.sqlite_of(&build.toolchain, build.os(), against))
    {
        parts.push(or_empty::text(&sqlite.sha256));
    }
    hash_parts(parts.iter().map(String::as_str))
}

/// Hash of the dependency versions of a build, where they are known.
pub(crate) fn lockset_of(build: &Build, facts: &HostFacts) -> Option<Sha256> {
    facts.locksets.get(&build.lockset)?.sha256
}

/// What all runs of a build have in common: the build, and the variables that runs get.
pub(crate) fn of_runs(host: &Host, build: Sha256) -> Sha256 {
    let variables = host.ambient.inputs_of_runs().into_iter().map(|(name, value)| format!("{name}={value}"));
    let parts: Vec<String> = std::iter::once(build.to_string()).chain(variables).collect();
    hash_parts(parts.iter().map(String::as_str))
}

/// The key of a run after its build: `runs` is [`of_runs`] of that build, `run` is [`of_run`], `read` the hash of what the
/// build read besides. What is not known to have been read is in no key that is looked for.
pub(crate) fn complete(runs: Sha256, run: Sha256, read: Option<Sha256>) -> Sha256 {
    let read = read.map_or_else(|| "not known".to_owned(), |read| read.to_string());
    hash_parts([runs.to_string().as_str(), &run.to_string(), &read])
}

/// The keys of a build by its debug information: as it is planned, and in full. They are the same if that is planned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByDebugInfo {
    planned: (DebugInfo, Sha256),
    full: Sha256,
}

impl ByDebugInfo {
    /// The keys of this planned build.
    pub(crate) fn of_build(host: &Host, build: &Build, facts: &HostFacts, around: Option<&Surroundings>) -> Self {
        let planned = of_build(host, build, facts, around);
        let full = if build.debug.is_full() { planned } else { of_build(host, &build.in_full(), facts, around) };
        Self { planned: (build.debug, planned), full }
    }

    /// The key of the build that was made with this much.
    pub(crate) fn of(&self, debug: DebugInfo) -> Sha256 {
        if debug == self.planned.0 {
            self.planned.1
        } else {
            self.full
        }
    }

    /// Something of each of the builds whose result counts as that of the planned one: its own, and then that with all debug
    /// information.
    pub(crate) fn each(&self) -> impl Iterator<Item = Sha256> {
        let full = Some(self.full).filter(|full| *full != self.planned.1);
        std::iter::once(self.planned.1).chain(full)
    }

    /// What is made of both.
    pub(crate) fn map(&self, of: impl Fn(Sha256) -> Sha256) -> Self {
        let planned = of(self.planned.1);
        let full = if self.full == self.planned.1 { planned } else { of(self.full) };
        Self { planned: (self.planned.0, planned), full }
    }
}

/// What is known of a run before its build, besides the build itself.
pub(crate) fn of_run(host: &Host, suite: &Suite, cell: &CellId, space: &Space, facts: &HostFacts) -> Sha256 {
    let mut parts = vec![suite.name.clone(), cell.to_string(), suite.doctests.to_string()];
    parts.push(format!("{:?}", suite.timeout));
    if suite.alone {
        // It has the user's own home.
        parts.push(format!("alone in {:?}", host.ambient.get("HOME")));
    }
    if let Some(leak) = suite.leak() {
        // `errors-for` is not part of the key: findings are judged again without a run.
        let LeakSettings { tool, errors_for: _, each, repeat, seeds, flags } = leak;
        parts.push(format!("{tool} {each:?} {repeat} {seeds}"));
        parts.extend(flags.iter().cloned());
        let toolchain = cell.value("rust").map_or(AMBIENT_TOOLCHAIN, |value| value.as_str());
        let here = facts.leak_tools.iter().find(|((of, on), _)| of == tool && on.as_str() == toolchain);
        if let Some((_, Availability::Ready(tool))) = here {
            let program = files::sha256(Path::new(&tool.program), &host.memo).ok();
            parts.extend([tool.program.clone(), or_empty::text(&tool.version), or_empty::text(&program)]);
        }
    }
    parts.extend(suite.args.iter().cloned());
    for (name, template) in &suite.env {
        parts.push(name.clone());
        parts.extend(template.0.iter().map(part_of));
    }
    if !suite.command.is_empty() {
        // Files of the workspace that it names are sources.
        parts.push("command".to_owned());
        parts.extend(suite.command.iter().map(|word| format!("{word:?}")));
        let program = program::of(host, &suite.command[0], cell);
        let content = program.as_ref().map(|path| or_empty::text(&files::sha256(path, &host.memo).ok()));
        parts.push(program.map_or_else(|| "not there".to_owned(), |path| path.to_string_lossy().into_owned()));
        parts.extend(content);
    }
    for axis in space.axes() {
        let Some(value) = cell.value(axis.name.as_str()) else { continue };
        match &axis.kind {
            AxisKind::Sqlite => {
                if let Some(sqlite) = facts.sqlite_of(&toolchain_of(cell), cell.value("os"), value) {
                    // As the file is now, not as it was built: another one in its place must not find the old result.
                    let now = sqlite.library.as_ref().map(|library| files::sha256(Path::new(library), &host.memo));
                    parts.push(or_empty::text(&now.and_then(Result::ok).or(sqlite.sha256)));
                    let beside = sqlite.library.as_ref().map(|library| Path::new(library).with_file_name(HWCAPS));
                    parts.extend(beside.map(|folder| format!("{:?}", input::state_of_path(host, &folder))));
                }
            }
            AxisKind::Schema => {
                if let Some(Availability::Ready(fixture)) = facts.fixtures.get(value) {
                    parts.push(fixture.sha256.to_string());
                }
            }
            AxisKind::Env { var } => {
                let setting = axis.values.iter().find(|v| v.name == *value).map(|v| &v.setting);
                if let Some(compatrix_model::axis::Setting::Env(text)) = setting {
                    parts.extend([var.clone(), text.clone()]);
                }
            }
            AxisKind::Rust | AxisKind::Features | AxisKind::Deps | AxisKind::Os => {}
        }
    }
    hash_parts(parts.iter().map(String::as_str))
}

/// The cell's value of the `rust` axis.
fn toolchain_of(cell: &CellId) -> ValueName {
    cell.value("rust").cloned().unwrap_or_else(|| ValueName::new(AMBIENT_TOOLCHAIN).expect("a valid name"))
}

/// A part of the value of a variable.
fn part_of(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => text.clone(),
        Piece::SchemaDatabase => "{schema.database}".to_owned(),
        Piece::SchemaDir => "{schema.dir}".to_owned(),
        Piece::ValueName(axis) => format!("{{{axis}.name}}"),
        Piece::Program(name) => format!("{{program.{name}}}"),
    }
}
