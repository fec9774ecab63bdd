//! Head's benches over the base's sources, so that both sides are measured by the same ones.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Dependency, DependencyKind, Metadata, Package};
use compatrix_model::lockset::file::Lockfile;
use compatrix_model::plan::Choice;
use compatrix_model::spec_text::Parsed;
use toml::{Table, Value};

use super::trees::{Files, Ground};
use crate::find::workspace;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::Command;

/// What of head is laid over the base.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// Folders of the bench packages, from the workspace's root.
    pub(super) packages: Vec<PathBuf>,
    /// Folders of packages under test that have benches of their own.
    pub(super) own: Vec<PathBuf>,
    /// The benches of those that are elsewhere than in `benches`: files, or folders with more than the package's root has.
    pub(super) elsewhere: Vec<PathBuf>,
    /// Folders of local packages that the benches need, for a base that lacks them.
    pub(super) needed: Vec<PathBuf>,
    /// The workspace's root in a tree.
    pub(super) root: PathBuf,
}

impl Overlay {
    /// What of head the chosen suites' benches need.
    ///
    /// # Errors
    /// cargo refuses head's manifests.
    pub(super) fn of(host: &Host, parsed: &Parsed, choice: &Choice<'_>, ground: &Ground<'_>) -> Result<Self, Error> {
        let metadata = workspace::members(&host.ambient, &host.root)?;
        let profile = choice.profile;
        let chosen =
            parsed.spec.suites.iter().filter(|suite| profile.suites.is_empty() || profile.suites.contains(&suite.name));
        let of_benches: Vec<&String> =
            chosen.clone().filter_map(|suite| suite.bench()).flat_map(|settings| &settings.packages).collect();
        let own = chosen.filter_map(|suite| suite.bench()).any(|settings| settings.packages.is_empty());
        let mut overlay = Self { root: ground.place(&host.root).unwrap_or_default(), ..Self::default() };
        let mut measured = Vec::new();
        for package in &metadata.packages {
            let dir = package.manifest_path.parent().map(|dir| PathBuf::from(dir.as_str())).unwrap_or_default();
            let Ok(below) = dir.strip_prefix(&host.root).map(Path::to_owned) else { continue };
            let name = package.name.as_str();
            if of_benches.iter().any(|of| *of == name) {
                overlay.packages.push(below);
                measured.push((package, false));
            } else if own && parsed.spec.project.packages.iter().any(|tested| tested == name) {
                for target in package.targets.iter().filter(|target| target.is_bench()) {
                    let file = Path::new(target.src_path.as_str());
                    let folder =
                        file.parent().filter(|of| *of != dir && *of != dir.join("src") && of.starts_with(&dir));
                    let path = folder.unwrap_or(file).strip_prefix(&host.root);
                    overlay.elsewhere.extend(path.ok().map(Path::to_owned));
                }
                overlay.own.push(below);
                measured.push((package, true));
            }
        }
        overlay.needed = needed(&metadata, measured, &host.root);
        Ok(overlay)
    }

    /// Takes head's bench packages, spec and toolchain file for the base's.
    pub(super) fn lay(&self, head: &Files, base: &mut Files) {
        let mut places: Vec<PathBuf> = self.packages.iter().map(|dir| self.root.join(dir)).collect();
        places.extend(self.own.iter().map(|dir| self.root.join(dir).join("benches")));
        places.extend(self.elsewhere.iter().map(|path| self.root.join(path)));
        let needed = self.needed.iter().map(|dir| self.root.join(dir));
        places.extend(needed.filter(|dir| !base.contains_key(&dir.join("Cargo.toml"))));
        places.push(self.root.join("compat"));
        places.extend(["rust-toolchain.toml", "rust-toolchain"].map(|name| self.root.join(name)));
        let is_ours = |path: &Path| places.iter().any(|place| path.starts_with(place));
        base.retain(|path, _| !is_ours(path));
        base.extend(head.iter().filter(|(path, _)| is_ours(path)).map(|(path, from)| (path.clone(), from.clone())));
    }

    /// Makes the base's manifests and lockfile name what was laid over it. Both are folders of trees.
    ///
    /// # Errors
    /// A manifest cannot be read, or cargo refuses what came of them.
    pub(super) fn join(&self, host: &Host, head: &Path, base: &Path) -> Result<()> {
        let (of_head, of_base) = (head.join("Cargo.toml"), base.join("Cargo.toml"));
        let (theirs, ours) = (table(&of_head)?, table(&of_base)?);
        let mut joined = ours.clone();
        // Without it, cargo would look for the tree's package in the workspace that the tree is in.
        with_members(&mut joined, &self.packages);
        with_inherited(&mut joined, &theirs);
        if joined != ours {
            files::write_if_changed(&of_base, joined.to_string().as_bytes())?;
        }
        for dir in &self.own {
            let (of_head, of_base) = (head.join(dir).join("Cargo.toml"), base.join(dir).join("Cargo.toml"));
            let (theirs, ours) = (table(&of_head)?, table(&of_base)?);
            let mut joined = ours.clone();
            for key in ["bench", "dev-dependencies"] {
                match theirs.get(key) {
                    Some(value) => drop(joined.insert(key.to_owned(), value.clone())),
                    None => drop(joined.remove(key)),
                }
            }
            if joined != ours {
                files::write_if_changed(&of_base, joined.to_string().as_bytes())?;
            }
        }
        lock(host, head, base)
    }
}

/// The folders of local packages that these depend on, or, if the flag says so, that their dev-dependencies do.
fn needed<'m>(metadata: &'m Metadata, mut left: Vec<(&'m Package, bool)>, root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    while let Some((package, only_dev)) = left.pop() {
        let is_meant = |one: &&Dependency| !only_dev || one.kind == DependencyKind::Development;
        for dir in package.dependencies.iter().filter(is_meant).filter_map(|one| one.path.as_ref()) {
            let other = metadata.packages.iter().find(|other| other.manifest_path.parent() == Some(dir));
            let Ok(below) = Path::new(dir.as_str()).strip_prefix(root).map(Path::to_owned) else { continue };
            if !found.contains(&below) {
                found.push(below);
                left.extend(other.map(|other| (other, false)));
            }
        }
    }
    found
}

fn table(path: &Path) -> Result<Table> {
    files::read_text(path)?.parse().with_context(|| format!("cannot read {}", path.display()))
}

/// The workspace with these folders among its members. Where a glob of its has them already, cargo takes them once.
fn with_members(manifest: &mut Table, packages: &[PathBuf]) {
    let workspace = manifest.entry("workspace").or_insert_with(|| Value::Table(Table::new()));
    let Some(workspace) = workspace.as_table_mut() else { return };
    let names: Vec<String> = packages.iter().map(|dir| dir.to_string_lossy().into_owned()).collect();
    if let Some(Value::Array(excluded)) = workspace.get_mut("exclude") {
        excluded.retain(|entry| !entry.as_str().is_some_and(|entry| names.iter().any(|name| name == entry)));
    }
    if packages.is_empty() {
        return;
    }
    let members = workspace.entry("members").or_insert_with(|| Value::Array(Vec::new()));
    if let Some(members) = members.as_array_mut() {
        for name in names {
            if !members.iter().any(|member| member.as_str() == Some(&name)) {
                members.push(Value::String(name));
            }
        }
    }
}

/// What members can inherit and the base does not have, from head.
fn with_inherited(manifest: &mut Table, head: &Table) {
    let Some(theirs) = head.get("workspace").and_then(Value::as_table) else { return };
    let Some(ours) = manifest.get_mut("workspace").and_then(Value::as_table_mut) else { return };
    for key in ["dependencies", "package", "lints"] {
        let Some(Value::Table(theirs)) = theirs.get(key) else { continue };
        let ours = ours.entry(key).or_insert_with(|| Value::Table(Table::new()));
        let Some(ours) = ours.as_table_mut() else { continue };
        for (name, value) in theirs {
            ours.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// The base's versions, with head's of what only head's benches use. cargo removes what nothing uses.
fn lock(host: &Host, head: &Path, base: &Path) -> Result<()> {
    let path = base.join("Cargo.lock");
    let theirs = files::read_text(&head.join("Cargo.lock")).ok();
    let Some(theirs) = theirs else { return Ok(()) };
    let ours = files::read_text(&path).unwrap_or_default();
    if let (Ok(ours), Ok(theirs)) = (Lockfile::parse(&ours), Lockfile::parse(&theirs)) {
        let mut joined = ours.clone();
        let is_new = |name: &str| !ours.packages.iter().any(|package| package.name == name);
        joined.packages.extend(theirs.packages.iter().filter(|package| is_new(&package.name)).cloned());
        if joined.packages.len() > ours.packages.len() {
            files::write_if_changed(&path, joined.to_text().as_bytes())?;
        }
    }
    let cargo = host.ambient.cargo().context("cargo is not on PATH")?;
    let ask = |flags: &[&str]| {
        let command = Command::new(cargo.to_string_lossy(), base)
            .args(["metadata", "--format-version", "1"])
            .args(flags.iter().copied())
            .envs(&host.ambient.for_builds());
        host.output(&command)
    };
    if ask(&["--locked"])?.finished.status.success() {
        return Ok(());
    }
    let flags: &[&str] = if host.limits.offline { &["--offline"] } else { &[] };
    let said = ask(flags)?;
    anyhow::ensure!(
        said.finished.status.success(),
        "cargo cannot fit head's benches into the base: {}",
        crate::sys::host::last_lines(&said.finished.stderr.text(), 4)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, head: &str) -> String {
        let (mut base, head): (Table, Table) = (base.parse().unwrap(), head.parse().unwrap());
        with_members(&mut base, &["benches/speed".into()]);
        with_inherited(&mut base, &head);
        base.to_string()
    }

    #[test]
    fn a_base_without_a_workspace_gets_one() {
        let base = "[package]\nname = \"a\"\n";
        let text = joined(base, "[workspace]\nmembers = [\"benches/speed\"]\n[workspace.dependencies]\nx = \"1\"\n");
        let table: Table = text.parse().unwrap();
        let workspace = table["workspace"].as_table().unwrap();
        assert_eq!(workspace["members"].as_array().unwrap()[0].as_str(), Some("benches/speed"));
        assert_eq!(workspace["dependencies"]["x"].as_str(), Some("1"));
    }

    #[test]
    fn the_base_keeps_what_it_has() {
        let base = "[workspace]\nmembers = [\"a\"]\nexclude = [\"benches/speed\", \"b\"]\n[workspace.dependencies]\nx = \"1\"\n";
        let text = joined(base, "[workspace]\nmembers = []\n[workspace.dependencies]\nx = \"2\"\ny = \"3\"\n");
        let table: Table = text.parse().unwrap();
        let workspace = table["workspace"].as_table().unwrap();
        assert_eq!(workspace["dependencies"]["x"].as_str(), Some("1"));
        assert_eq!(workspace["dependencies"]["y"].as_str(), Some("3"));
        assert_eq!(workspace["exclude"].as_array().unwrap().len(), 1);
        assert_eq!(workspace["members"].as_array().unwrap().len(), 2);
    }
}
