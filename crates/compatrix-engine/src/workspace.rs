//! The workspace under test: its root, the packages, what of the lockfile and the tree they are made from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, Context, Result};
use cargo_metadata::{Metadata, Package};
use compatrix_model::evidence::SourceProof;
use compatrix_model::facts::PackageFacts;
use compatrix_model::spec::{Diagnostics, Parsed};

use crate::error::Error;
use crate::files;
use crate::host::Host;
use crate::sources;

/// Crates that have SQLite in them; a package with one of these in its locked dependencies links SQLite.
const SQLITE_CRATE: &str = "libsqlite3-sys";

/// What is known of the workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The packages under test, as the planner sees them.
    pub packages: Vec<PackageFacts>,
    /// Which sources they are made from.
    pub source: SourceProof,
    /// The libsqlite3-sys of the lockfile that the packages use, name and version, where they use one.
    pub sqlite_crate: Option<String>,
    /// Test targets with `harness = false`: package and target name. They print no libtest output.
    pub own_harness: BTreeSet<(String, String)>,
    /// The folders of these packages and of their path dependencies, absolute.
    pub dirs: BTreeSet<PathBuf>,
}

/// The folder of the workspace that this folder belongs to, as cargo sees it.
pub fn find_root(ambient: &crate::environment::Ambient, start: &Path) -> Result<PathBuf, Error> {
    let Some(cargo) = ambient.cargo() else { return Err(no_cargo()) };
    let said = duct::cmd(&cargo, ["locate-project", "--workspace", "--message-format=plain"])
        .dir(start)
        .full_env(ambient.for_builds())
        .stdout_capture()
        .stderr_capture()
        .unchecked()
        .run()
        .with_context(|| format!("cannot start {}", cargo.display()))?;
    if !said.status.success() {
        let reason = String::from_utf8_lossy(&said.stderr);
        return Err(Error::usage(format!("no cargo workspace at {}:\n{}", start.display(), reason.trim_end())));
    }
    let manifest = PathBuf::from(String::from_utf8_lossy(&said.stdout).trim());
    let root = manifest.parent().map(Path::to_owned).unwrap_or_default();
    Ok(root.canonicalize().with_context(|| format!("cannot find {}", root.display()))?)
}

fn no_cargo() -> Error {
    Error::usage("cargo is not on PATH; install Rust from rustup.rs, then run again")
}

/// Reads what is known of the packages under test.
///
/// # Errors
/// A package or feature of the spec that the workspace does not have, no lockfile, a manifest that cargo refuses.
pub fn read(host: &Host, parsed: &Parsed) -> Result<Workspace, Error> {
    let packages = &parsed.spec.project.packages;
    let metadata = metadata(host, &host.root)?;
    let members: BTreeMap<&str, &Package> = metadata.packages.iter().map(|p| (p.name.as_str(), p)).collect();
    refuse(parsed.unknown_packages(&members.keys().map(|name| (*name).to_owned()).collect()))?;
    let under_test = packages.iter().map(|name| members[name.as_str()]);
    refuse(parsed.unknown_features(&under_test.flat_map(|package| package.features.keys().cloned()).collect()))?;
    let lock_path = host.root.join("Cargo.lock");
    if !files::exists(&lock_path) {
        return Err(Error::usage(format!(
            "no Cargo.lock in {}; `cargo generate-lockfile` makes one, and every result depends on it",
            host.root.display()
        )));
    }
    let lock = Lock::parse(&files::read_text(&lock_path)?)
        .map_err(|error| Error::usage(format!("{}: {error:#}", lock_path.display())))?;

    let mut dirs: BTreeSet<PathBuf> = BTreeSet::new();
    let mut todo: Vec<Package> = packages.iter().map(|name| members[name.as_str()].clone()).collect();
    let mut own_harness = BTreeSet::new();
    for package in &todo {
        own_harness.extend(targets_with_own_harness(package)?);
    }
    while let Some(package) = todo.pop() {
        let dir = PathBuf::from(package.manifest_path.parent().map(|p| p.as_std_path()).unwrap_or(Path::new("")));
        if !dirs.insert(dir) {
            continue;
        }
        for dependency in package.dependencies.iter().filter_map(|d| Some((d.name.as_str(), d.path.as_ref()?))) {
            match members.get(dependency.0) {
                Some(member) => todo.push((*member).clone()),
                // Outside the workspace: ask cargo about that one.
                None => todo.extend(metadata_of_path(host, dependency.1.as_std_path(), dependency.0)),
            }
        }
    }

    let mut facts = Vec::new();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut sqlite_crate = None;
    for name in packages {
        let package = members[name.as_str()];
        let closure = lock.closure(name);
        let sqlite = closure.iter().map(|&n| &lock.packages[n]).find(|p| p.name == SQLITE_CRATE);
        let dir = package.manifest_path.parent().map(|p| p.as_str().to_owned()).unwrap_or_default();
        facts.push(PackageFacts {
            name: name.clone(),
            features: package.features.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            bundled_feature: bundled_feature(package),
            links_sqlite: sqlite.is_some(),
            dir,
        });
        sqlite_crate = sqlite_crate.or(sqlite.map(|p| p.version.clone()));
        used.extend(closure);
    }
    let source = sources::read(host, &parsed.spec.project, &dirs, lock.hash(&used))?;
    Ok(Workspace { packages: facts, source, sqlite_crate, own_harness, dirs })
}

/// The hash of what these packages use of a lockfile.
pub(crate) fn lockset(text: &str, packages: &[String]) -> Result<String> {
    let lock = Lock::parse(text)?;
    Ok(lock.hash(&packages.iter().flat_map(|name| lock.closure(name)).collect()))
}

/// `cargo metadata` without dependencies; cargo's refusals are the user's to mend.
fn metadata(host: &Host, dir: &Path) -> Result<Metadata, Error> {
    let cargo = host.ambient.cargo().ok_or_else(no_cargo)?;
    let manifest = dir.join("Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let args = ["metadata", "--no-deps", "--format-version", "1", "--manifest-path", &manifest];
    let command = crate::process::Command::new(cargo.to_string_lossy(), dir)
        .args(args)
        .envs(&host.ambient.for_builds())
        .env("CARGO_TERM_COLOR", "never");
    let mut output = Vec::new();
    let finished = command
        .run_with(&host.supervisor, &mut |bytes| output.extend_from_slice(bytes), &mut |_| {})
        .with_context(|| format!("cannot start {}", cargo.display()))?;
    if !finished.status.success() {
        let reason = finished.stderr.text();
        return Err(Error::usage(format!("cargo cannot read this workspace:\n{}", reason.trim_end())));
    }
    let text = String::from_utf8_lossy(&output);
    Ok(cargo_metadata::MetadataCommand::parse(text).context("cargo metadata printed what cannot be read")?)
}

fn metadata_of_path(host: &Host, dir: &Path, name: &str) -> Option<Package> {
    metadata(host, dir).ok()?.packages.into_iter().find(|package| package.name.as_str() == name)
}

/// The package's feature that compiles SQLite in: one that leads to `bundled` of a dependency.
fn bundled_feature(package: &Package) -> Option<String> {
    let leads = |list: &Vec<String>| {
        list.iter().any(|item| {
            let item = item.replace('?', "");
            matches!(item.as_str(), "rusqlite/bundled" | "libsqlite3-sys/bundled" | "sqlx/sqlite-bundled")
        })
    };
    let mut found: Vec<&String> = package
        .features
        .iter()
        .filter(|(name, list)| *name != "default" && leads(list))
        .map(|(name, _)| name)
        .collect();
    // One of the very name `bundled` is meant before others that lead there too.
    found.sort_by_key(|name| (*name != "bundled", name.len()));
    found.first().map(|name| (*name).clone())
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

/// A Cargo.lock, as far as needed to know what a package uses.
#[derive(Debug)]
struct Lock {
    packages: Vec<LockedPackage>,
}

#[derive(Debug, serde::Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Lock {
    fn parse(text: &str) -> Result<Self> {
        #[derive(serde::Deserialize)]
        struct File {
            #[serde(default)]
            package: Vec<LockedPackage>,
        }
        let file: File =
            toml::from_str(text).map_err(|error| anyhow!("no lockfile that can be read: {}", error.message()))?;
        Ok(Self { packages: file.package })
    }

    /// Positions of a local package and of all that it may use, dev-dependencies included.
    fn closure(&self, name: &str) -> BTreeSet<usize> {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (n, package) in self.packages.iter().enumerate() {
            by_name.entry(&package.name).or_default().push(n);
        }
        let mut found = BTreeSet::new();
        let local = self.packages.iter().position(|p| p.name == name && p.source.is_none());
        let mut todo: Vec<usize> = local.into_iter().collect();
        while let Some(n) = todo.pop() {
            if !found.insert(n) {
                continue;
            }
            for dependency in &self.packages[n].dependencies {
                // `name`, `name version` or `name version (source)`.
                let mut words = dependency.split(' ');
                let (name, version) = (words.next().unwrap_or_default(), words.next());
                let candidates = by_name.get(name).map(Vec::as_slice).unwrap_or_default();
                todo.extend(candidates.iter().filter(|&&c| version.is_none_or(|v| self.packages[c].version == v)));
            }
        }
        found
    }

    fn hash(&self, used: &BTreeSet<usize>) -> String {
        let mut lines: Vec<String> = used
            .iter()
            .map(|&n| &self.packages[n])
            .map(|p| format!("{} {} {:?} {:?}", p.name, p.version, p.source, p.checksum))
            .collect();
        lines.sort();
        files::hash_parts(lines.iter().map(String::as_str))
    }
}

fn refuse(problems: Diagnostics) -> Result<(), Error> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Spec(Box::new(problems)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 3
[[package]]
name = "mine"
version = "0.1.0"
dependencies = ["a 1.0.0", "b"]
[[package]]
name = "a"
version = "1.0.0"
source = "registry"
[[package]]
name = "a"
version = "2.0.0"
source = "registry"
[[package]]
name = "b"
version = "1.0.0"
source = "registry"
dependencies = ["c"]
[[package]]
name = "c"
version = "1.0.0"
source = "registry"
[[package]]
name = "other"
version = "0.1.0"
dependencies = ["a 2.0.0"]
"#;

    #[test]
    fn the_lockset_of_a_package_is_only_what_it_uses() {
        let lock = Lock::parse(LOCK).unwrap();
        let names = |package: &str| -> Vec<String> {
            lock.closure(package)
                .iter()
                .map(|&n| format!("{} {}", lock.packages[n].name, lock.packages[n].version))
                .collect()
        };
        assert_eq!(names("mine"), ["mine 0.1.0", "a 1.0.0", "b 1.0.0", "c 1.0.0"]);
        assert_eq!(names("other"), ["a 2.0.0", "other 0.1.0"]);
        assert_ne!(lock.hash(&lock.closure("mine")), lock.hash(&lock.closure("other")));
    }
}
