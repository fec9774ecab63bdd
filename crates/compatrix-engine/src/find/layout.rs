//! The layout of a workspace: folders, manifests, and their form in a stage.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use compatrix_model::lockset::file::{Lockfile, REGISTRY};
use compatrix_model::lockset::manifest::{self, Edit};
use semver::Version;
use toml::Table;

use crate::sys::files;

/// A member of the workspace that a stage has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedMember {
    /// The package's name.
    pub name: String,
    /// Its folder, absolute.
    pub dir: PathBuf,
    /// Whether it is under test; otherwise it is a path dependency.
    pub under_test: bool,
}

/// The workspace's own Cargo.lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnLockfile {
    /// The raw text.
    pub text: String,
    /// The parsed document.
    pub file: Lockfile,
    /// Whether the workspace has none, and this one was made in its place. Then nothing can be built where the user would
    /// get one.
    pub made: bool,
}

/// The folders and manifests of a workspace.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The workspace's root.
    pub root: PathBuf,
    /// The common folder of the root and all path dependencies: the root itself, unless some are outside.
    pub base: PathBuf,
    /// The members that a stage has.
    pub members: Vec<StagedMember>,
    /// Folders of path dependencies that are not members.
    pub outside: Vec<PathBuf>,
    /// The workspace's own Cargo.lock.
    pub own: OwnLockfile,
    /// The lowest cargo that can read the workspace's manifests, its lockfile and the index unchanged.
    pub readable_from: Version,
    /// The root manifest.
    manifest: Table,
}

impl Layout {
    /// The layout of the workspace with this root; `editions` are those of all packages that its cargo must parse.
    ///
    /// # Errors
    /// The root manifest cannot be read.
    pub fn new(
        root: PathBuf,
        members: Vec<StagedMember>,
        outside: Vec<PathBuf>,
        editions: &BTreeSet<String>,
    ) -> Result<Self> {
        let manifest = read(&root.join("Cargo.toml"))?;
        let base = outside.iter().fold(root.clone(), |base, dir| common(&base, dir));
        let editions = editions.iter().map(|edition| manifest::cargo_for_edition(edition));
        let readable_from = editions.chain([manifest::cargo_for_resolver(&manifest)]).max();
        let readable_from = readable_from.unwrap_or(Version::new(1, 0, 0));
        Ok(Self { root, base, members, outside, own: OwnLockfile::default(), readable_from, manifest })
    }

    /// The same with the workspace's own lockfile.
    pub fn with_lockfile(&self, own: OwnLockfile) -> Self {
        let registry = own.file.packages.iter().any(|package| package.source.as_deref() == Some(REGISTRY));
        // Before, cargo asked for the whole index as a git repository (its changelog, 1.70).
        let index = if registry { Version::new(1, 70, 0) } else { Version::new(1, 0, 0) };
        let lock = manifest::cargo_for_lockfile(own.file.format);
        let readable_from = self.readable_from.clone().max(index).max(lock);
        Self { own, readable_from, ..self.clone() }
    }

    /// The path below [`Layout::base`] of a path below the root.
    pub fn in_root(&self, path: &str) -> PathBuf {
        self.root.strip_prefix(&self.base).unwrap_or(Path::new("")).join(path)
    }

    /// The manifests of a stage, by their paths below [`Layout::base`].
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn manifests(&self, edit: &Edit) -> Result<BTreeMap<PathBuf, String>> {
        let mut texts = BTreeMap::new();
        let mut names = Vec::new();
        let mut root_edit = None;
        for member in &self.members {
            let mut edit = edit.clone();
            // Cargo resolves the dev-dependencies of all members, but only those under test are tested.
            edit.without_dev |= !member.under_test;
            let below = member.dir.strip_prefix(&self.root).unwrap_or(&member.dir);
            if below.as_os_str().is_empty() {
                names.push(".".to_owned());
                root_edit = Some(edit);
                continue;
            }
            names.push(below.to_string_lossy().into_owned());
            let manifest = manifest::member(&read(&member.dir.join("Cargo.toml"))?, &edit);
            texts.insert(self.below_base(&member.dir).join("Cargo.toml"), manifest.to_string());
        }
        names.sort();
        let resolver = manifest::resolver(&self.manifest);
        let root = manifest::root(&self.manifest, &names, resolver, root_edit.as_ref(), &edit.limits);
        texts.insert(self.in_root("Cargo.toml"), root.to_string());
        Ok(texts)
    }

    /// The `target` tables that the members' manifests have, as they spell them.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn targets(&self) -> Result<BTreeSet<String>> {
        let mut targets = BTreeSet::new();
        for member in &self.members {
            let manifest = read(&member.dir.join("Cargo.toml"))?;
            if let Some(toml::Value::Table(table)) = manifest.get("target") {
                targets.extend(table.keys().cloned());
            }
        }
        Ok(targets)
    }

    /// The parts of the manifests that determine the dependencies, as text for hashing.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn requirements(&self) -> Result<Vec<String>> {
        let mut parts = vec![manifest::requirements(&self.manifest).to_string()];
        for member in &self.members {
            let manifest = read(&member.dir.join("Cargo.toml"))?;
            parts.push(member.name.clone());
            parts.push(manifest::requirements(&manifest).to_string());
        }
        Ok(parts)
    }

    /// Names of the packages that the members depend on themselves.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn direct_dependencies(&self) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for member in &self.members {
            manifest::dependency_names(&read(&member.dir.join("Cargo.toml"))?, &self.manifest, &mut names);
        }
        Ok(names)
    }

    fn below_base(&self, dir: &Path) -> PathBuf {
        dir.strip_prefix(&self.base).unwrap_or(dir).to_owned()
    }
}

fn read(path: &Path) -> Result<Table> {
    files::read_text(path)?.parse().with_context(|| format!("in {}", path.display()))
}

/// The longest path that both begin with.
fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_holds_what_lies_outside() {
        let common = |a: &str, b: &str| common(Path::new(a), Path::new(b));
        assert_eq!(common("/a/ws", "/a/ws/x"), PathBuf::from("/a/ws"));
        assert_eq!(common("/a/ws", "/a/shared/lib"), PathBuf::from("/a"));
        assert_eq!(common("/a/ws", "/b"), PathBuf::from("/"));
        assert_eq!(common("/a/ws", "/a/ws2"), PathBuf::from("/a"));
    }
}
