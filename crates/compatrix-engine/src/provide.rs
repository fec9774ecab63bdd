//! Provides what cells need. Only this module maps a value's setting to a finder.
//!
//! A finder knows one kind of thing and no setting. What is here or available is found by [`survey`]; what a plan
//! needs is had by [`provide`].

mod elsewhere;
pub mod exact_sqlite;
mod noted;
mod roots;
mod targets;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

use anyhow::{anyhow, Context, Result};
use compatrix_model::apt::Request;
use compatrix_model::axis::{Axis, AxisKind, AxisValue, Setting, ValueName};
use compatrix_model::condition::partial_version;
use compatrix_model::facts::Availability;
use compatrix_model::lockset::Lockset;
use compatrix_model::matrix_spec::{Spec, SqliteSettings};
use compatrix_model::plan::{Plan, Provision, AMBIENT_TOOLCHAIN};
use compatrix_model::release;
use compatrix_model::spec_text::Parsed;

use crate::deps::locks::sources::Sources;
use crate::deps::{locked, locks};
use crate::event::Event;
use crate::find::bundling::SqliteCrate;
use crate::find::debug_info;
use crate::find::distro::{self, Contents, LibraryNote, Unpacked, WantedPackages};
use crate::find::facts::{FixtureFacts, HostFacts, LocksetFacts, Promised, SqliteFacts, ToolchainFacts};
use crate::find::fixture::Fixture;
use crate::find::sqlite::{self, ExactVersion, Kit};
use crate::find::{leak_tools, system, toolchain};
use crate::survey::{with_bundled_feature, Survey};
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;
use noted::{missing, ready, recorded, recorded_if, unavailable};

/// Facts about each value of an axis.
type KnownValues<T> = BTreeMap<ValueName, Availability<T>>;

/// Surveys this host and workspace.
///
/// # Errors
/// The workspace cannot be read, or the spec names a package or feature that it does not have.
pub fn survey(host: &Host, parsed: &Parsed) -> Result<Survey, Error> {
    let spec = &parsed.spec;
    let axis = |kind| spec.space.axis_of(&kind).map(|(_, axis)| axis);
    std::thread::scope(|scope| {
        let workspace = scope.spawn(|| locked::read(host, parsed));
        let toolchains = scope.spawn(|| find_toolchains(host, axis(AxisKind::Rust)));
        let fixtures = find_fixtures(host, axis(AxisKind::Schema));
        let workspace = join(workspace)?;
        let fixtures = fixtures?;
        let sqlite = find_sqlite(host, axis(AxisKind::Sqlite), &spec.sqlite, workspace.sqlite_crate.as_ref());
        let packages = with_bundled_feature(workspace.packages.clone(), spec);
        let toolchains = join(toolchains);
        let facts = HostFacts {
            platform: Host::platform(),
            leak_tools: leak_tools::find_all(host, spec, &toolchains),
            systems: system::find_all(host, spec),
            stds: system::stds(host, spec, &toolchains),
            toolchains,
            sqlite,
            roots: BTreeMap::new(),
            libraries: BTreeMap::new(),
            fixtures,
            packages,
            sources: workspace.source.sources,
            locksets: BTreeMap::new(),
            readable_from: workspace.layout.readable_from.clone(),
            hermetic: host.limits.hermetic || workspace.layout.own.made,
            debug_is_settled: debug_info::is_settled(host, &workspace.dirs.packages),
        };
        let mut survey = Survey { facts, workspace };
        roots::look(host, spec, &mut survey);
        targets::look(host, spec, &mut survey);
        find_locksets(host, spec, &mut survey)?;
        Ok(survey)
    })
}

/// Facts about each toolchain of the axis; without the axis, about the one on PATH.
pub(crate) fn find_toolchains(host: &Host, axis: Option<&Axis>) -> KnownValues<ToolchainFacts> {
    let Some(axis) = axis else {
        let name = ValueName::new(AMBIENT_TOOLCHAIN).expect("a valid name");
        return BTreeMap::from([(name, ready(toolchain::ambient(host)))]);
    };
    let find = |setting: &Setting| match setting {
        Setting::RustupToolchain(toolchain) => toolchain::find_rustup(host, toolchain),
        Setting::PathToolchain(path) => ready(toolchain::facts(host, &host.root.join(path).join("bin"))),
        Setting::DistroToolchain(request) if request.root => {
            look(request, distro::find(host, request, Contents::Root), |unpacked| roots::toolchain(host, unpacked))
        }
        Setting::DistroToolchain(request) => {
            look(request, distro::find(host, request, Contents::Toolchain), |unpacked| of_distro(host, unpacked))
        }
        Setting::SqliteBundled
        | Setting::SqliteHost
        | Setting::SqliteExact(_)
        | Setting::DistroSqlite(_)
        | Setting::Fixture(_)
        | Setting::Features { .. }
        | Setting::Deps(_)
        | Setting::Os(_)
        | Setting::Env(_) => Availability::Missing { reason: "no toolchain".to_owned() },
    };
    axis.values.iter().map(|value| (value.name.clone(), named(value, find(&value.setting)))).collect()
}

/// The same, with how the compiler is another than the value's name, or the distribution's package, says.
fn named(value: &AxisValue, found: Availability<ToolchainFacts>) -> Availability<ToolchainFacts> {
    let Availability::Ready(facts) = found else { return found };
    let name = match &value.setting {
        Setting::RustupToolchain(toolchain) => toolchain.as_str(),
        _ => value.name.as_str(),
    };
    let misnamed = release::misnamed(name, &facts.rustc_verbose).map(|is| format!("the toolchain `{name}` {is}"));
    Availability::Ready(ToolchainFacts { misnamed: facts.misnamed.clone().or(misnamed), ..facts })
}

/// Facts about each SQLite of the axis. `bundled` is the SQLite of this crate.
pub fn find_sqlite(
    host: &Host,
    axis: Option<&Axis>,
    settings: &SqliteSettings,
    bundled_crate: Option<&SqliteCrate>,
) -> KnownValues<SqliteFacts> {
    let find = |setting: &Setting| match setting {
        Setting::SqliteBundled => sqlite::bundled(bundled_crate),
        Setting::SqliteHost => sqlite::find_host(host),
        Setting::SqliteExact(version) => sqlite::find_exact(host, Kit::Here, version, settings),
        Setting::DistroSqlite(request) => {
            Ok(look(request, distro::find(host, request, Contents::Sqlite), library_of_distro))
        }
        Setting::RustupToolchain(_)
        | Setting::PathToolchain(_)
        | Setting::DistroToolchain(_)
        | Setting::Fixture(_)
        | Setting::Features { .. }
        | Setting::Deps(_)
        | Setting::Os(_)
        | Setting::Env(_) => Err(anyhow!("no SQLite")),
    };
    let values = axis.map(|axis| axis.values.as_slice()).unwrap_or_default();
    values.iter().map(|value| (value.name.clone(), find(&value.setting).unwrap_or_else(unavailable))).collect()
}

/// Facts about each fixture of the axis.
///
/// # Errors
/// A fixture cannot be read: its TOML is invalid, or a file is missing. All such errors are reported.
fn find_fixtures(host: &Host, axis: Option<&Axis>) -> Result<KnownValues<FixtureFacts>, Error> {
    let values = axis.map(|axis| axis.values.as_slice()).unwrap_or_default();
    let mut found = BTreeMap::new();
    let mut broken = Vec::new();
    for value in values {
        let Setting::Fixture(name) = &value.setting else { continue };
        match Fixture::read(host, name) {
            Ok(fixture) => drop(found.insert(value.name.clone(), fixture.find(host))),
            Err(error) => broken.push(format!("{error:#}")),
        }
    }
    if broken.is_empty() {
        Ok(found)
    } else {
        Err(Error::Usage(broken.join("\n")))
    }
}

/// Looks at the locksets again: which toolchain is in which group depends on versions that may only now
/// be known. What was not available stays so.
fn find_locksets(host: &Host, spec: &Spec, survey: &mut Survey) -> Result<(), Error> {
    let versions = survey.facts.versions();
    let sources =
        Sources { spec, layout: &survey.workspace.layout, versions: &versions, packages: &survey.facts.packages };
    let mut found: BTreeMap<Lockset, LocksetFacts> = locks::survey(host, &sources, survey.workspace.source.lockset)?;
    for (lockset, old) in &survey.facts.locksets {
        if matches!((&old.staged, found.get(lockset)), (Availability::Missing { .. }, Some(_))) {
            found.insert(lockset.clone(), old.clone());
        }
    }
    survey.facts.locksets = found;
    Ok(())
}

/// Inspects the packages of a distribution, if present.
fn look<T>(
    request: &Request,
    found: Availability<Unpacked>,
    facts: impl FnOnce(&Unpacked) -> Result<T>,
) -> Availability<T> {
    match found {
        Availability::Ready(unpacked) => ready(
            facts(&unpacked)
                .map_err(|error| anyhow!("{request}: {error:#}; remove {} and run again", unpacked.dir.display())),
        ),
        Availability::Obtainable { how } => Availability::Obtainable { how },
        Availability::Missing { reason } => Availability::Missing { reason },
    }
}

fn of_distro(host: &Host, unpacked: &Unpacked) -> Result<ToolchainFacts> {
    let facts = toolchain::facts(host, &unpacked.place)?;
    let other = unpacked.upstream.as_ref().filter(|upstream| **upstream != facts.version);
    let misnamed = other.map(|_| {
        let is = facts.rustc_verbose.lines().next().unwrap_or_default();
        format!("the toolchain of {} is {is}; remove {} and run again", unpacked.origin, unpacked.dir.display())
    });
    Ok(ToolchainFacts { packages: Some(unpacked.origin.clone()), sources: unpacked.sources.clone(), misnamed, ..facts })
}

fn library_of_distro(unpacked: &Unpacked) -> Result<SqliteFacts> {
    let said = unpacked.library.as_ref().context("its note does not mention a SQLite")?;
    Ok(SqliteFacts {
        version: Some(partial_version(&said.version).ok_or_else(|| anyhow!("no version: {:?}", said.version))?),
        sha256: Some(said.sha256),
        link_dir: unpacked.place.parent().map(|dir| dir.to_string_lossy().into_owned()),
        library: Some(unpacked.place.to_string_lossy().into_owned()),
        // Another package has it, and nothing is compiled against this library where there is a choice.
        include_dir: None,
        promised: unpacked.upstream.clone().map(|version| Promised { version, by: unpacked.origin.clone() }),
        foreign: None,
    })
}

fn identify(host: &Host, library: &Path) -> Result<LibraryNote> {
    let said = sqlite::of_library(host, None, library)?;
    let sha256 = files::sha256(library, &host.memo)?;
    Ok(LibraryNote { version: said.version, source_id: said.source_id, sha256 })
}

/// Builds those of these values that are exact SQLite versions; what is known of each afterwards. `tell` hears of each
/// that begins.
pub(crate) fn build_sqlite<'v>(
    host: &Host,
    settings: &SqliteSettings,
    values: impl IntoIterator<Item = &'v AxisValue>,
    tell: &(dyn Fn(&str) + Sync),
) -> KnownValues<SqliteFacts> {
    let exact = values.into_iter().filter_map(|value| match &value.setting {
        Setting::SqliteExact(version) => Some(ExactVersion { value: value.name.clone(), version: version.clone() }),
        _ => None,
    });
    sqlite::build_all(host, Kit::Here, settings, exact.collect(), tell)
}

fn join<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Makes the plan's provisions; returns the facts afterwards.
///
/// # Errors
/// A fixture's SQL or TOML is invalid. A failed provision is not an error: its cells are unavailable.
pub fn provide(host: &Host, spec: &Spec, plan: &Plan, survey: &mut Survey, tell: &Sender<Event>) -> Result<(), Error> {
    let facts = &mut survey.facts;
    let value = |kind: AxisKind, name: &ValueName| -> Option<&AxisValue> {
        let (_, axis) = spec.space.axis_of(&kind)?;
        axis.values.iter().find(|value| value.name == *name)
    };
    let mut locksets = Vec::new();
    let mut toolchains = Vec::new();
    let mut libraries = Vec::new();
    let [mut in_roots, mut for_targets] = [const { Vec::new() }; 2];
    let mut packages = Vec::new();
    let mut broken = Vec::new();
    for provision in &plan.provisions {
        match provision {
            Provision::Toolchain(name) => match value(AxisKind::Rust, name).map(|value| &value.setting) {
                Some(Setting::RustupToolchain(toolchain)) => toolchains.push((name.clone(), toolchain.clone())),
                Some(Setting::DistroToolchain(request)) => {
                    let contents = if request.root { Contents::Root } else { Contents::Toolchain };
                    packages.push(wanted(name, request, contents));
                }
                _ => {}
            },
            Provision::Sqlite(name) => match value(AxisKind::Sqlite, name) {
                Some(AxisValue { setting: Setting::DistroSqlite(request), .. }) => {
                    packages.push(wanted(name, request, Contents::Sqlite));
                }
                value => libraries.extend(value),
            },
            Provision::SqliteInRoot(root, name) => {
                in_roots.extend(value(AxisKind::Sqlite, name).map(|one| (root, one)))
            }
            Provision::SqliteForTarget(os, name) => {
                for_targets.extend(value(AxisKind::Sqlite, name).map(|one| (os, one)))
            }
            Provision::Lockset(name) => locksets.push(name.clone()),
            Provision::Fixture(name) => {
                let build = |host: &Host| Fixture::read(host, name.as_str()).and_then(|fixture| fixture.build(host));
                match recorded(host, &format!("fixture {name}"), build) {
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
            recorded_if(!toolchains.is_empty(), host, "toolchains", |host| {
                toolchain::install_all(host, &toolchains, |line| {
                    let _ = downloads.send(Event::Providing(line.to_owned()));
                })
            })
        });
        let fetches = tell.clone();
        let unpacked = scope.spawn(move || {
            recorded_if(!packages.is_empty(), host, "packages of distributions", |host| {
                distro::provide_all(host, packages, &|library| identify(host, library), &mut |line| {
                    let _ = fetches.send(Event::Providing(line.to_owned()));
                })
            })
        });
        let compiles = Mutex::new(tell.clone());
        let built = recorded_if(!libraries.is_empty(), host, "SQLite libraries", |host| {
            build_sqlite(host, &spec.sqlite, libraries, &|line| {
                let sender = compiles.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = sender.send(Event::Providing(line.to_owned()));
            })
        });
        (join(installed), join(unpacked), built)
    });
    for (WantedPackages { value, request, contents }, found) in unpacked? {
        match contents {
            Contents::Root => drop(installed.insert(value, look(&request, found, |dir| roots::toolchain(host, dir)))),
            Contents::Toolchain => drop(installed.insert(value, look(&request, found, |dir| of_distro(host, dir)))),
            Contents::Sqlite => drop(built.insert(value, look(&request, found, library_of_distro))),
        }
    }
    for reason in installed.values().filter_map(missing).chain(built.values().filter_map(missing)) {
        let _ = tell.send(Event::NotProvided(reason.to_owned()));
    }
    facts.stds.extend(system::stds(host, spec, &installed));
    facts.leak_tools.extend(leak_tools::find_all(host, spec, &installed));
    let named = |(name, found)| match value(AxisKind::Rust, &name) {
        Some(value) => (name, named(value, found)),
        None => (name, found),
    };
    facts.toolchains.extend(installed.into_iter().map(named));
    facts.sqlite.extend(built);
    roots::build(host, spec, &in_roots, survey, tell);
    roots::look(host, spec, survey);
    targets::build(host, spec, &for_targets, survey, tell);
    targets::look(host, spec, survey);
    // Provisions not reached before an interrupt are still obtainable, but not now.
    if host.supervisor.is_interrupted() {
        return Err(Error::Interrupted);
    }
    let versions = survey.facts.versions();
    let sources =
        Sources { spec, layout: &survey.workspace.layout, versions: &versions, packages: &survey.facts.packages };
    for lockset in survey.facts.locksets.keys().cloned().collect::<Vec<_>>() {
        if !locksets.contains(&lockset.to_string()) {
            continue;
        }
        let _ = tell.send(Event::Providing(format!("the dependencies of lockset {lockset}")));
        let what = format!("dependencies of lockset {lockset}");
        let source = survey.workspace.source.lockset;
        let provided = recorded(host, &what, |host| locks::provide(host, &sources, &lockset, source));
        if host.supervisor.is_interrupted() {
            return Err(Error::Interrupted);
        }
        if let Availability::Missing { reason } = &provided.staged {
            let _ = tell.send(Event::NotProvided(format!("lockset {lockset}: {reason}")));
        }
        survey.facts.locksets.insert(lockset, provided);
    }
    find_locksets(host, spec, survey)
}

fn wanted(name: &ValueName, request: &Request, contents: Contents) -> WantedPackages {
    WantedPackages { value: name.clone(), request: request.clone(), contents }
}
