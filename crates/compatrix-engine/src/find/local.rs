//! The local packages that a test of some members needs: they themselves, their path dependencies, and what patches put in
//! the place of others. One that cargo cannot read alone is no package of a stage, but its files are sources all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::{Dependency, DependencyKind, Metadata, Package};
use compatrix_model::lockset::patch;
use compatrix_model::lockset::used::{LocalDependency, LocalPackage};
use toml::Table;

use crate::find::cargo_config;
use crate::find::layout::{Demands, OutsidePackage, Parts, StagedMember};
use crate::find::metadata::metadata;
use crate::find::places::Places;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;

/// How many folders above a workspace without a repository a stage shows.
const ABOVE: usize = 2;

/// A package to look at, with the root of its workspace if that is not ours.
struct Found {
    package: Package,
    workspace: Option<PathBuf>,
}

/// The places of the local packages that these members need, and the parts of the layout.
pub(super) fn packages(host: &Host, under_test: &[String], workspace: &Metadata) -> Result<(Places, Parts), Error> {
    let members: BTreeMap<PathBuf, &Package> = workspace.packages.iter().map(|p| (dir_of(p), p)).collect();
    let is_tested = |package: &Package| {
        under_test.iter().any(|name| name == package.name.as_str()) && workspace.workspace_members.contains(&package.id)
    };
    let config = cargo_config::merged(&host.ambient, &host.root);
    let mut parts = Parts {
        editions: workspace.packages.iter().map(|package| package.edition.to_string()).collect(),
        top: top(&host.root, host.ambient.get("HOME").map(Path::new)),
        ..Parts::default()
    };
    let mut places = Places { built: BTreeSet::from([host.root.join("target")]), ..Places::default() };
    places.built.insert(workspace.target_directory.as_std_path().to_owned());
    let mine = |package: &Package| Found { package: package.clone(), workspace: None };
    let mut todo: Vec<Found> = workspace.packages.iter().filter(|package| is_tested(package)).map(mine).collect();
    let mut done: BTreeSet<PathBuf> = BTreeSet::new();
    let mut patches = patches(&host.root, &config)?;
    loop {
        let Some(Found { package, workspace }) = todo.pop() else {
            // cargo takes none of these for a member, whether it is one or not.
            let Some((name, path)) = patches.pop() else { break };
            todo.extend(outside(host, &path, &name, &mut places));
            continue;
        };
        let dir = dir_of(&package);
        if done.contains(&dir) {
            continue;
        }
        done.insert(dir.clone());
        places.packages.insert(dir.clone());
        parts.editions.insert(package.edition.to_string());
        // Tests are compiled only for packages under test.
        let tested = workspace.is_none() && is_tested(&package);
        places.under_test.extend(tested.then(|| dir.clone()));
        let demands = Demands { edition: package.edition.to_string(), rust: package.rust_version.clone() };
        match workspace {
            None => {
                let package = local_package(&package, &members);
                parts.members.push(StagedMember { under_test: tested, package, dir, demands });
            }
            Some(workspace) => {
                parts.outside.push(OutsidePackage { name: package.name.to_string(), dir, workspace, demands });
            }
        }
        let used = package.dependencies.iter().filter(|d| tested || d.kind != DependencyKind::Development);
        for (name, path) in used.filter_map(|d| Some((d.name.as_str(), d.path.as_ref()?))) {
            match members.get(path.as_std_path()) {
                Some(member) => todo.push(mine(member)),
                None => todo.extend(outside(host, path.as_std_path(), name, &mut places)),
            }
        }
    }
    parts.config = config;
    Ok((places, parts))
}

/// The names, features and dependencies of a member.
fn local_package(package: &Package, members: &BTreeMap<PathBuf, &Package>) -> LocalPackage {
    let member = |d: &Dependency| members.get(d.path.as_ref()?.as_std_path()).map(|member| member.name.to_string());
    let dependency = |d: &Dependency| LocalDependency {
        name: d.rename.clone().unwrap_or_else(|| d.name.clone()),
        member: member(d),
        dev: d.kind == DependencyKind::Development,
        optional: d.optional,
        default_features: d.uses_default_features,
        features: d.features.clone(),
    };
    LocalPackage {
        name: package.name.to_string(),
        features: package.features.iter().map(|(name, values)| (name.clone(), values.clone())).collect(),
        dependencies: package.dependencies.iter().map(dependency).collect(),
    }
}

/// The package in a folder that is no member of the workspace: cargo is asked about that one.
fn outside(host: &Host, dir: &Path, name: &str, places: &mut Places) -> Option<Found> {
    if places.packages.contains(dir) {
        return None;
    }
    let Ok(metadata) = metadata(host, dir) else {
        unread(dir, places);
        return None;
    };
    let package = metadata.packages.into_iter().find(|package| package.name.as_str() == name)?;
    places.built.insert(metadata.target_directory.into_std_path_buf());
    Some(Found { package, workspace: Some(metadata.workspace_root.into_std_path_buf()) })
}

/// Takes the folder of a package that cargo reads only as a part of this workspace, and those that its manifest names.
fn unread(dir: &Path, places: &mut Places) {
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        let Ok(text) = files::read_text(&dir.join("Cargo.toml")) else { continue };
        if places.packages.insert(dir.clone()) {
            let manifest: Table = text.parse().unwrap_or_default();
            todo.extend(
                patch::dependency_paths(&manifest).into_iter().map(|path| cargo_config::plain(&dir.join(path))),
            );
        }
    }
}

/// Names and folders of the packages that patches of the root manifest and of cargo's configuration lead to.
fn patches(root: &Path, config: &Table) -> Result<Vec<(String, PathBuf)>> {
    let manifest: Table = files::read_text(&root.join("Cargo.toml"))?.parse()?;
    let all = patch::patched_paths(&manifest).into_iter().chain(patch::patched_paths(config));
    Ok(all.map(|(name, path)| (name, cargo_config::plain(&root.join(path)))).collect())
}

fn dir_of(package: &Package) -> PathBuf {
    package.manifest_path.parent().map(|dir| dir.as_std_path().to_owned()).unwrap_or_default()
}

/// The folder that a workspace is a part of: that of its repository. Where there is none, tests may still read what lies
/// beside it; then it is a folder further up, but none that everybody may write to, and none above the user's own.
fn top(root: &Path, home: Option<&Path>) -> PathBuf {
    if let Some(top) = root.ancestors().find(|dir| files::exists(&dir.join(".git"))) {
        return top.to_owned();
    }
    let of_user = |dir: &&Path| {
        dir.parent().is_some()
            && !files::is_everybodys(dir)
            && home.is_none_or(|home| *dir == home || !home.starts_with(dir))
    };
    root.ancestors().take(ABOVE + 1).take_while(|dir| *dir == root || of_user(dir)).last().unwrap_or(root).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_is_a_part_of_its_repository_or_of_the_folders_above() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let root = dir.join("a/b/c/d");
        files::make_dir(&root).unwrap();
        assert_eq!(top(&root, None), dir.join("a/b"));
        assert_eq!(top(&root, Some(&dir.join("a/b/c"))), dir.join("a/b/c"), "the user's folder, and none above");
        assert_eq!(top(&root, Some(&dir.join("a"))), dir.join("a/b"));
        files::write(&dir.join("a/.git"), b"gitdir: x").unwrap();
        assert_eq!(top(&root, None), dir.join("a"));
    }

    #[test]
    #[cfg(unix)] // modes
    fn a_folder_of_everybody_is_nobody_s() {
        let shared = tempfile::tempdir().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o1777);
        std::fs::set_permissions(shared.path(), mode).unwrap();
        files::make_dir(&shared.path().join("ws")).unwrap();
        assert_eq!(top(&shared.path().join("ws"), None), shared.path().join("ws"));
    }
}
