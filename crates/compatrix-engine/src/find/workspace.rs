//! The workspace under test: its root, its packages, and their inputs in the lockfile and the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, Context, Result};
use cargo_metadata::{Metadata, Package, Target};
use compatrix_audit::first_spec::Noted;
use compatrix_model::evidence::SourceProof;
use compatrix_model::facts::PackageFacts;
use compatrix_model::hash::Sha256;
use compatrix_model::lockset::file::Lockfile;
use compatrix_model::matrix_spec::Project;
use compatrix_model::spec_text::Parsed;
use shaped_toml::Diagnostics;

use crate::find::bundling::{self, SqliteCrate};
use crate::find::facts::{GatedTarget, TestedPackage};
use crate::find::layout::{Layout, OwnLockfile};
use crate::find::local;
use crate::find::manifest_text::{line_of, text_at};
use crate::find::metadata::{metadata, no_cargo, read_metadata, METADATA};
use crate::find::places::Places;
use crate::find::repositories::Repositories;
use crate::find::sources;
use crate::find::vendored;
use crate::sys::environment::Ambient;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::{Command, Output};
use crate::sys::supervisor::Supervisor;

pub use crate::find::sources::{repository, without_commit};

/// Facts about the workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The packages under test, as the planner sees them.
    pub packages: Vec<TestedPackage>,
    /// Which sources they are made from.
    pub source: SourceProof,
    /// The crate in the lockfile that links SQLite, if the packages use one.
    pub sqlite_crate: Option<SqliteCrate>,
    /// Test targets with `harness = false`: package and target name. They print no libtest output.
    pub own_harness: BTreeSet<(String, String)>,
    /// The layout, for stages.
    pub layout: Layout,
    /// Where the sources of these packages and of their dependencies lie.
    pub dirs: Places,
    /// What the hash of the sources may not cover, for people.
    pub warnings: Vec<String>,
}

/// Facts that need no lockfile, which may have to be created first.
#[derive(Debug)]
pub(crate) struct Unlocked {
    under_test: Vec<Package>,
    members: Vec<Package>,
    own_harness: BTreeSet<(String, String)>,
    dirs: Places,
    pub(crate) layout: Layout,
}

/// The folder of the workspace that this folder belongs to, as cargo sees it.
pub fn find_root(ambient: &Ambient, start: &Path) -> Result<PathBuf, Error> {
    let Some(cargo) = ambient.cargo() else { return Err(no_cargo()) };
    let said = ask(ambient, &cargo, start, &["locate-project", "--workspace", "--message-format=plain"])?;
    if !said.finished.status.success() {
        let reason = said.finished.stderr.text();
        return Err(Error::usage(no_workspace(start, reason.trim_end())));
    }
    let manifest = PathBuf::from(said.text().trim());
    let root = manifest.parent().map(Path::to_owned).unwrap_or_default();
    Ok(files::real(&root).with_context(|| format!("cannot find {}", root.display()))?)
}

/// The members of the workspace at this root, without dependencies; nothing is written.
///
/// # Errors
/// There is no cargo, or it refuses a manifest.
pub fn members(ambient: &Ambient, root: &Path) -> Result<Metadata, Error> {
    let cargo = ambient.cargo().ok_or_else(no_cargo)?;
    let manifest = root.join("Cargo.toml");
    let manifest = manifest.to_string_lossy();
    read_metadata(&ask(ambient, &cargo, root, &[&METADATA[..], &[&*manifest]].concat())?)
}

/// Runs cargo before there is a host that supervises processes.
pub(crate) fn ask(ambient: &Ambient, cargo: &Path, dir: &Path, args: &[&str]) -> Result<Output, Error> {
    let command = Command::new(cargo.to_string_lossy(), dir).args(args.iter().copied()).envs(&ambient.for_builds());
    let output = command.output(&Supervisor::of_workspace(dir));
    Ok(output.with_context(|| format!("cannot start {}", cargo.display()))?)
}

/// Why cargo names no workspace. Under rustup there may be no cargo to ask: that of a toolchain file or of the default was
/// removed, or nothing says which.
fn no_workspace(start: &Path, reason: &str) -> String {
    let mend = if reason.contains("toolchain '") && reason.contains("is not installed") {
        "rustup's default, an override or a toolchain file names it; install it, make another the default (`rustup default \
         stable`), or set RUSTUP_TOOLCHAIN to one that is installed (`rustup toolchain list`)"
    } else if reason.contains("rustup could not choose a version") {
        "make an installed toolchain the default (`rustup toolchain list`, `rustup default NAME`), or set RUSTUP_TOOLCHAIN"
    } else if has_manifest(start) {
        return format!("cargo cannot read the workspace of {}:\n{reason}", start.display());
    } else {
        return format!("no cargo workspace at {}:\n{reason}", start.display());
    };
    format!("no cargo to ask about {}:\n{reason}\n{mend}", start.display())
}

/// Whether this folder or one above has a manifest, which is the one that cargo reads.
pub fn has_manifest(folder: &Path) -> bool {
    let folder = files::real(folder).unwrap_or_else(|_| folder.to_owned());
    folder.ancestors().any(|folder| files::exists(&folder.join("Cargo.toml")))
}

/// The channel of the workspace's `rust-toolchain.toml`, or of the older file without extension.
pub fn channel(root: &Path) -> Option<String> {
    noted_channel(root).map(|noted| noted.value)
}

/// The same with its place.
pub(crate) fn noted_channel(root: &Path) -> Option<Noted> {
    ["rust-toolchain.toml", "rust-toolchain"].iter().find_map(|name| {
        let text = files::read_text(&root.join(name)).ok()?;
        let keys = ["toolchain", "channel"];
        let channel = text_at(&text, &keys);
        let line = line_of(&text, &keys).unwrap_or(1);
        // The older file may be one word alone.
        let word =
            || Some(text.trim().to_owned()).filter(|text| !text.is_empty() && !text.contains(char::is_whitespace));
        Some(Noted::new(channel.or_else(word)?, format!("{name}:{line}")))
    })
}

/// Reads facts about the packages under test from cargo and the manifests.
///
/// # Errors
/// A package or feature of the spec that the workspace does not have, a manifest that cargo refuses.
pub(crate) fn read(host: &Host, parsed: &Parsed) -> Result<Unlocked, Error> {
    let packages = &parsed.spec.project.packages;
    let metadata = metadata(host, &host.root)?;
    let members: BTreeMap<&str, &Package> = metadata.packages.iter().map(|p| (p.name.as_str(), p)).collect();
    refuse(parsed.unknown_packages(&members.keys().map(|name| (*name).to_owned()).collect()))?;
    let under_test = packages.iter().map(|name| members[name.as_str()]);
    refuse(parsed.unknown_features(&under_test.flat_map(|package| package.features.keys().cloned()).collect()))?;
    if packages.len() > 1 && gives_features_to_one(&files::read_text(&host.root.join("Cargo.toml"))?) {
        return Err(Error::usage(format!(
            "{}: this workspace uses cargo's resolver 1, which gives features to one package only; add `resolver = \"2\"` \
             under [workspace], or name one package under `packages` in the spec",
            host.root.join("Cargo.toml").display()
        )));
    }
    let own_harness = under_test_of(packages, &members).map(targets_with_own_harness).collect::<Result<Vec<_>>>()?;
    let own_harness = own_harness.into_iter().flatten().collect();
    let (dirs, parts) = local::packages(host, packages, &metadata)?;
    let under_test = under_test_of(packages, &members).cloned().collect();
    let layout = Layout::new(host.root.clone(), parts)?;
    Ok(Unlocked { under_test, members: metadata.packages, own_harness, dirs, layout })
}

/// The packages of these names.
fn under_test_of<'p>(
    names: &'p [String],
    members: &'p BTreeMap<&str, &'p Package>,
) -> impl Iterator<Item = &'p Package> {
    names.iter().map(|name| members[name.as_str()])
}

impl Unlocked {
    /// Facts about the packages with this lockfile.
    ///
    /// # Errors
    /// A source file cannot be read.
    pub(crate) fn with_lockfile(mut self, host: &Host, project: &Project, own: OwnLockfile) -> Result<Workspace> {
        let layout = self.layout.with_lockfile(own);
        let lock = &layout.own.file;
        let mut tested = Vec::new();
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut sqlite_crate = None;
        for package in &self.under_test {
            let name = package.name.as_str();
            let closure = lock.closure(name);
            let sqlite = closure.iter().find_map(|&n| SqliteCrate::of(&lock.packages[n]));
            let dir = package.manifest_path.parent().map(|p| p.as_str().to_owned()).unwrap_or_default();
            let bundling = bundling::of_package(package, &self.members, lock);
            let facts = PackageFacts {
                name: name.to_owned(),
                features: package.features.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
                bundled_feature: bundling::feature(package, |item| bundling.get(item).copied()),
                bundling,
                relinkable: sqlite.as_ref().is_some_and(SqliteCrate::can_be_told_to_link),
                always_bundled: bundling::is_always(package, &self.members)
                    || sqlite.as_ref().is_some_and(SqliteCrate::always_compiles),
                links_sqlite: sqlite.is_some(),
            };
            let (sources, gated) = (sources_of_targets(host, package), gated_targets(package));
            tested.push(TestedPackage { facts, dir, sources, gated });
            sqlite_crate = sqlite_crate.or(sqlite);
            used.extend(closure);
        }
        let lockset = files::hash_parts(lock.lines(&used).iter().map(String::as_str));
        let top = Repositories::new(host).top(&host.root)?.unwrap_or_else(|| host.root.clone());
        self.dirs.vendored = vendored::folders(host, &top, used.iter().map(|&n| &lock.packages[n]));
        let (source, warnings) = sources::read(host, project, &self.dirs, lockset)?;
        let Unlocked { own_harness, dirs, .. } = self;
        Ok(Workspace { packages: tested, source, sqlite_crate, own_harness, dirs, warnings, layout })
    }
}

/// The hash of the part of a lockfile that these packages use.
pub(crate) fn lockset(text: &str, packages: &[String]) -> Result<Sha256> {
    let lock = Lockfile::parse(text).map_err(|error| anyhow!("{error}"))?;
    let used: BTreeSet<usize> = packages.iter().flat_map(|name| lock.closure(name)).collect();
    Ok(files::hash_parts(lock.lines(&used).iter().map(String::as_str)))
}

/// Whether cargo takes features of the command line for the package at the root alone: with the first resolver, unless the
/// workspace is virtual (cargo's reference, "Features", resolver version 2 command-line flags).
pub(crate) fn gives_features_to_one(root_manifest: &str) -> bool {
    let manifest: toml::Table = root_manifest.parse().unwrap_or_default();
    let text = |table: &str, key: &str| manifest.get(table)?.get(key)?.as_str();
    let Some(package) = manifest.get("package") else { return false };
    let resolver = text("workspace", "resolver").or_else(|| text("package", "resolver"));
    // `edition.workspace = true` is newer than edition 2021; but what it inherits may be older.
    let edition = package.get("edition").and_then(toml::Value::as_str);
    let inherited = || manifest.get("workspace")?.get("package")?.get("edition")?.as_str();
    let old = matches!(edition.or_else(inherited), None | Some("2015" | "2018"));
    resolver.map_or(old, |resolver| resolver == "1")
}

/// The source file of each target, by the target's name, relative to the root.
fn sources_of_targets(host: &Host, package: &Package) -> BTreeMap<String, String> {
    let source = |path: &Path| path.strip_prefix(&host.root).ok().map(files::slashed);
    let targets = package.targets.iter().filter(|target| !target.is_custom_build());
    targets.filter_map(|target| Some((target.name.clone(), source(target.src_path.as_std_path())?))).collect()
}

/// The targets that cargo leaves out without a word if a feature that they require is off.
fn gated_targets(package: &Package) -> Vec<GatedTarget> {
    let gated = package.targets.iter().filter(|target| !target.required_features.is_empty());
    let one = |target: &Target| GatedTarget {
        kind: target.kind.first().map(ToString::to_string).unwrap_or_default(),
        name: target.name.clone(),
        requires: target.required_features.clone(),
        is_tested: target.test,
    };
    gated.map(one).collect()
}

fn targets_with_own_harness(package: &Package) -> Result<BTreeSet<(String, String)>> {
    let manifest: toml::Table = files::read_text(package.manifest_path.as_std_path())?
        .parse()
        .with_context(|| format!("in {}", package.manifest_path))?;
    let mut found = BTreeSet::new();
    let targets =
        ["test", "bin", "example", "bench"].iter().filter_map(|kind| manifest.get(*kind)?.as_array()).flatten();
    for target in targets.chain(manifest.get("lib")) {
        if target.get("harness").and_then(toml::Value::as_bool) == Some(false) {
            let name = target.get("name").and_then(toml::Value::as_str).unwrap_or(package.name.as_str());
            found.insert((package.name.to_string(), name.to_owned()));
        }
    }
    Ok(found)
}

fn refuse(problems: Diagnostics) -> Result<(), Error> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Spec(Box::new(problems)))
    }
}
