//! The survey: all facts that the planner needs, found out once; and the provisions that change them.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;

use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::facts::{Availability, Durations, HostFacts, PackageFacts};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{Plan, Provision};
use compatrix_model::spec_text::Parsed;

use crate::deps::locks;
use crate::deps::locks::Sources;
use crate::event::Event;
use crate::find::distro;
use crate::find::fixture;
use crate::find::fixture::Fixture;
use crate::find::sqlite;
use crate::find::toolchain;
use crate::find::workspace;
use crate::find::workspace::Workspace;
use crate::leak;
use crate::sys::error::Error;
use crate::sys::host::Host;

/// What was found out.
#[derive(Debug, Clone)]
pub struct Survey {
    /// For the planner.
    pub facts: HostFacts,
    /// For builds.
    pub workspace: Workspace,
}

impl Survey {
    /// Finds out anew what is known of the locksets: which toolchain is in which group depends on versions that may only
    /// now be known. What could not be had stays so.
    fn find_locksets(&mut self, host: &Host, spec: &Spec) -> Result<(), Error> {
        let versions = self.facts.versions();
        let sources = Sources { spec, layout: &self.workspace.layout, versions: &versions };
        let mut found = locks::survey(host, &sources, &self.workspace.source.lockset)?;
        for (lockset, old) in &self.facts.locksets {
            if matches!((&old.staged, found.get(lockset)), (Availability::Missing { .. }, Some(_))) {
                found.insert(lockset.clone(), old.clone());
            }
        }
        self.facts.locksets = found;
        Ok(())
    }
}

/// Finds out what this host and workspace have.
///
/// # Errors
/// The workspace cannot be read, or the spec names a package or feature that it does not have.
pub fn survey(host: &Host, parsed: &Parsed) -> Result<Survey, Error> {
    let spec = &parsed.spec;
    let axis = |kind| spec.space.axis_of(&kind).map(|(_, axis)| axis);
    std::thread::scope(|scope| {
        let workspace = scope.spawn(|| workspace::read(host, parsed));
        let toolchains = scope.spawn(|| toolchain::find_all(host, axis(AxisKind::Rust)));
        let fixtures = fixture::find_all(host, axis(AxisKind::Schema));
        let workspace = join(workspace)?;
        let fixtures = fixtures?;
        let sqlite = sqlite::find_all(host, axis(AxisKind::Sqlite), &spec.sqlite, workspace.sqlite_crate.as_deref());
        let packages = packages(&workspace, spec);
        let toolchains = join(toolchains);
        let facts = HostFacts {
            platform: Host::platform(),
            leak_tools: leak::find_all(host, spec, &toolchains),
            toolchains,
            sqlite,
            fixtures,
            packages,
            sources: workspace.source.sources.clone(),
            locksets: BTreeMap::new(),
            readable_from: Some(workspace.layout.readable_from.clone()),
            hermetic: host.limits.hermetic || workspace.layout.own.made,
            durations: Durations::default(),
        };
        let mut survey = Survey { facts, workspace };
        survey.find_locksets(host, spec)?;
        Ok(survey)
    })
}

/// The packages under test, with what the spec says of them.
pub fn packages(workspace: &Workspace, spec: &Spec) -> Vec<PackageFacts> {
    with_bundled_feature(workspace.packages.clone(), spec)
}

/// Packages with the feature that compiles SQLite in, where the spec names it.
pub fn with_bundled_feature(mut packages: Vec<PackageFacts>, spec: &Spec) -> Vec<PackageFacts> {
    if let Some(feature) = &spec.sqlite.bundled_feature {
        for package in packages.iter_mut().filter(|package| package.features.contains_key(feature)) {
            package.bundled_feature = Some(feature.clone());
        }
    }
    packages
}

fn join<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Does the plan's provisions; the facts afterwards say what came of them.
///
/// # Errors
/// A fixture's SQL or TOML is wrong. What cannot be had is no error: its cells are unavailable.
pub fn provide(host: &Host, spec: &Spec, plan: &Plan, survey: &mut Survey, tell: &Sender<Event>) -> Result<(), Error> {
    let facts = &mut survey.facts;
    let mut locksets = Vec::new();
    let setting = |kind: AxisKind, name: &compatrix_model::axis::ValueName| {
        let (_, axis) = spec.space.axis_of(&kind)?;
        axis.values.iter().find(|value| value.name == *name).map(|value| value.setting.clone())
    };
    let mut toolchains = Vec::new();
    let mut libraries = Vec::new();
    let mut packages = Vec::new();
    let mut broken = Vec::new();
    for provision in &plan.provisions {
        match provision {
            Provision::Toolchain(name) => match setting(AxisKind::Rust, name) {
                Some(Setting::RustupToolchain(toolchain)) => toolchains.push((name.clone(), toolchain)),
                Some(Setting::DistroToolchain(request)) => {
                    packages.push(distro::Wanted { value: name.clone(), request, part: distro::Part::Toolchain });
                }
                _ => {}
            },
            Provision::Sqlite(name) => match setting(AxisKind::Sqlite, name) {
                Some(Setting::SqliteExact(version)) => {
                    libraries.push(sqlite::Wanted { value: name.clone(), version });
                }
                Some(Setting::DistroSqlite(request)) => {
                    packages.push(distro::Wanted { value: name.clone(), request, part: distro::Part::Sqlite });
                }
                _ => {}
            },
            Provision::Lockset(name) => locksets.push(name.clone()),
            Provision::Fixture(name) => {
                match Fixture::read(host, name.as_str()).and_then(|fixture| fixture.build(host)) {
                    Ok(built) => {
                        facts.fixtures.insert(name.clone(), Availability::Ready(built));
                    }
                    Err(error) => broken.push(format!("fixture {name} cannot be built: {error:#}")),
                }
            }
        }
    }
    if !broken.is_empty() {
        return Err(Error::Usage(broken.join("\n")));
    }
    // Toolchains wait for the network, libraries for the processor: side by side.
    let (mut installed, unpacked, mut built) = std::thread::scope(|scope| {
        let downloads = tell.clone();
        let installed = scope.spawn(move || {
            toolchain::install_all(host, &toolchains, |line| {
                let _ = downloads.send(Event::Providing(line.to_owned()));
            })
        });
        let fetches = tell.clone();
        let unpacked = scope.spawn(move || {
            distro::provide_all(host, &packages, &mut |line| {
                let _ = fetches.send(Event::Providing(line.to_owned()));
            })
        });
        let compiles = std::sync::Mutex::new(tell.clone());
        let built = sqlite::build_all(host, &spec.sqlite, libraries, &|line| {
            let sender = compiles.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let _ = sender.send(Event::Providing(line.to_owned()));
        });
        (join(installed), join(unpacked), built)
    });
    let unpacked = unpacked?;
    installed.extend(unpacked.toolchains);
    built.extend(unpacked.sqlite);
    for reason in installed.values().filter_map(missing).chain(built.values().filter_map(missing)) {
        let _ = tell.send(Event::NotProvided(reason.to_owned()));
    }
    facts.leak_tools.extend(leak::find_all(host, spec, &installed));
    facts.toolchains.extend(installed);
    facts.sqlite.extend(built);
    // What was not reached before an interrupt is still obtainable, but not now.
    if host.supervisor.is_interrupted() {
        return Err(Error::Interrupted);
    }
    let versions = survey.facts.versions();
    let sources = Sources { spec, layout: &survey.workspace.layout, versions: &versions };
    for lockset in survey.facts.locksets.keys().cloned().collect::<Vec<_>>() {
        if !locksets.contains(&lockset.to_string()) {
            continue;
        }
        let _ = tell.send(Event::Providing(format!("the dependencies of lockset {lockset}")));
        let provided = locks::provide(host, &sources, &lockset, &survey.workspace.source.lockset);
        if host.supervisor.is_interrupted() {
            return Err(Error::Interrupted);
        }
        if let Availability::Missing { reason } = &provided.staged {
            let _ = tell.send(Event::NotProvided(format!("lockset {lockset}: {reason}")));
        }
        survey.facts.locksets.insert(lockset, provided);
    }
    survey.find_locksets(host, spec)
}

fn missing<T>(availability: &Availability<T>) -> Option<&str> {
    match availability {
        Availability::Missing { reason } => Some(reason),
        Availability::Ready(_) | Availability::Obtainable { .. } => None,
    }
}
