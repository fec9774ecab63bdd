//! The layout of a workspace: folders, manifests, and their form in a stage.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use compatrix_model::lockset::file::{Lockfile, REGISTRY};
use compatrix_model::lockset::made::OwnDemand;
use compatrix_model::lockset::manifest::{self, Edit};
use compatrix_model::lockset::used::{self, LocalPackage, Used};
use compatrix_model::lockset::{inherit, old_cargo, patch};
use compatrix_model::needs::Needs;
use semver::Version;
use toml::Table;

use crate::sys::files;

/// A member of the workspace that a stage has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StagedMember {
    /// Its name, features and dependencies.
    pub package: LocalPackage,
    /// Its folder, absolute.
    pub dir: PathBuf,
    /// Whether it is under test; otherwise it is a path dependency.
    pub under_test: bool,
    /// What it demands of a toolchain.
    pub demands: Demands,
}

/// What a package's own manifest demands of a toolchain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demands {
    /// As its manifest spells it; that of the workspace, if inherited.
    pub edition: String,
    /// Its `rust-version`.
    pub rust: Option<Version>,
}

impl Demands {
    /// How the package of this name demands more than this Rust, if it does.
    fn beyond(&self, rust: &Version, package: &str) -> Option<OwnDemand> {
        let edition = manifest::cargo_for_edition(&self.edition);
        let readable = edition <= *rust;
        let (needs, by) = match &self.rust {
            Some(declared) if *declared > edition => (declared.clone(), "its `rust-version`".to_owned()),
            _ => (edition, format!("its edition {}", self.edition)),
        };
        (needs > *rust).then(|| OwnDemand { package: package.to_owned(), needs, by, readable })
    }
}

/// A package that a stage has, but not as a member: a path dependency or a patch that is none in the user's workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutsidePackage {
    /// As cargo has it.
    pub name: String,
    /// Its folder, absolute.
    pub dir: PathBuf,
    /// The root of its own workspace; its folder itself if it has none.
    pub workspace: PathBuf,
    /// What it demands of a toolchain.
    pub demands: Demands,
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

/// What a layout is made of.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The members that a stage has.
    pub members: Vec<StagedMember>,
    /// Other local packages that it has.
    pub outside: Vec<OutsidePackage>,
    /// The editions of all packages that the workspace's cargo must parse.
    pub editions: BTreeSet<String>,
    /// The folder that the root is a part of.
    pub top: PathBuf,
    /// What cargo's configuration for this root says, merged.
    pub config: Table,
}

/// The folders and manifests of a workspace.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The workspace's root.
    pub root: PathBuf,
    /// The folder that a stage shows all of: the common one of the root, what it is a part of, and all packages.
    pub base: PathBuf,
    /// The members that a stage has.
    pub members: Vec<StagedMember>,
    /// Other local packages that it has.
    pub outside: Vec<OutsidePackage>,
    /// What cargo's configuration for this root says, merged.
    pub config: Table,
    /// The workspace's own Cargo.lock.
    pub own: OwnLockfile,
    /// The lowest cargo that can read the workspace's manifests, its lockfile and the index unchanged.
    pub readable_from: Version,
    /// The root manifest.
    manifest: Table,
}

impl StagedMember {
    /// The package's name.
    pub fn name(&self) -> &str {
        &self.package.name
    }
}

impl Layout {
    /// The layout of the workspace with this root.
    ///
    /// # Errors
    /// The root manifest cannot be read.
    pub fn new(root: PathBuf, parts: Parts) -> Result<Self> {
        let Parts { members, outside, editions, top, config } = parts;
        let manifest = read(&root.join("Cargo.toml"))?;
        let dirs = members.iter().map(|member| &member.dir).chain(outside.iter().map(|package| &package.dir));
        let dirs = dirs.flat_map(|dir| [dir.clone(), real(dir)]);
        let base = dirs.chain([top]).fold(root.clone(), |base, dir| common(&base, &dir));
        let refused = std::iter::once(&manifest).chain([&config]).flat_map(old_cargo::refused);
        let editions = editions.iter().map(|edition| manifest::cargo_for_edition(edition));
        let needed = editions.chain([manifest::cargo_for_resolver(&manifest)]).chain(refused.map(|one| one.since));
        let readable_from = needed.max().unwrap_or(Version::new(1, 0, 0));
        Ok(Self { root, base, members, outside, config, own: OwnLockfile::default(), readable_from, manifest })
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

    /// The same without these packages under test, and without what only they depend on. What another member needs of them
    /// stays, but is not tested.
    pub fn without(&self, left_out: &BTreeSet<String>) -> Self {
        if left_out.is_empty() {
            return self.clone();
        }
        let is_tested = |member: &StagedMember| member.under_test && !left_out.contains(member.name());
        let tested = self.members.iter().filter(|member| is_tested(member));
        let used: BTreeSet<usize> = tested.flat_map(|member| self.own.file.closure(member.name())).collect();
        let used: BTreeSet<&str> = used.iter().map(|&n| self.own.file.packages[n].name.as_str()).collect();
        let kept = self.members.iter().filter(|member| is_tested(member) || used.contains(member.name()));
        let members = kept.map(|member| StagedMember { under_test: is_tested(member), ..member.clone() }).collect();
        Self { members, ..self.clone() }
    }

    /// The path below [`Layout::base`] of a path below the root.
    pub fn in_root(&self, path: &str) -> PathBuf {
        self.root.strip_prefix(&self.base).unwrap_or(Path::new("")).join(path)
    }

    /// The manifests of a stage, by their paths below [`Layout::base`]. Those that need no change are as they are.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn manifests(&self, edit: &Edit) -> Result<BTreeMap<PathBuf, String>> {
        let edit = Edit { everywhere: manifest::resolver(&self.manifest) == "1", ..edit.clone() };
        let mut texts = BTreeMap::new();
        let mut names = Vec::new();
        let mut root_edit = None;
        let is_used = |member: &&StagedMember| edit.used.as_ref().is_none_or(|used| used.contains_key(member.name()));
        for member in self.members.iter().filter(is_used) {
            let mut edit = edit.clone();
            // Cargo resolves the dev-dependencies of all members, but only those under test are tested.
            edit.without_dev |= !member.under_test;
            if edit.rust_of_tested && !member.under_test {
                edit.rust = None;
            }
            names.push(relative(&self.root, &member.dir));
            if member.dir == self.root {
                root_edit = Some(edit);
                continue;
            }
            let (path, text) = self.staged(&member.dir, |manifest| manifest::member(manifest, &edit))?;
            texts.insert(path, text);
        }
        // cargo chooses versions by what the members say.
        let alone = Edit { without_dev: true, limits: BTreeMap::new(), rust: None, ..edit.clone() };
        for OutsidePackage { dir, workspace, .. } in &self.outside {
            let root = read(&workspace.join("Cargo.toml"))?;
            let (path, text) = self.staged(dir, |manifest| {
                manifest::member(&inherit::standing_alone(manifest, &root, &relative(dir, workspace)), &alone)
            })?;
            texts.insert(path, text);
        }
        names.sort();
        let resolver = manifest::resolver(&self.manifest);
        let (path, text) = self.staged(&self.root, |manifest| {
            manifest::root(manifest, &names, resolver, root_edit.as_ref(), &edit.limits, edit.patched.as_deref())
        })?;
        texts.insert(path, text);
        Ok(texts)
    }

    /// The manifest in this folder as a stage has it, with its path below [`Layout::base`].
    fn staged(&self, dir: &Path, edit: impl FnOnce(&Table) -> Table) -> Result<(PathBuf, String)> {
        let path = dir.join("Cargo.toml");
        let text = files::read_text(&path)?;
        let manifest: Table = parse(&text, &path)?;
        let mut staged = edit(&manifest);
        patch::with_paths(&mut staged, &|path| {
            let path = Path::new(path);
            (path.is_absolute() && path.starts_with(&self.base)).then(|| relative(dir, path))
        });
        let text = if staged == manifest { text } else { staged.to_string() };
        Ok((self.below_base(&real(dir)).join("Cargo.toml"), text))
    }

    /// Whether a dependency of another platform may switch on features here.
    pub fn features_everywhere(&self) -> bool {
        manifest::resolver(&self.manifest) == "1"
    }

    /// The `target` tables that the local packages' manifests have, as they spell them.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn targets(&self) -> Result<BTreeSet<String>> {
        let mut targets = BTreeSet::new();
        for dir in self.dirs() {
            let manifest = read(&dir.join("Cargo.toml"))?;
            if let Some(toml::Value::Table(table)) = manifest.get("target") {
                targets.extend(table.keys().cloned());
            }
        }
        Ok(targets)
    }

    /// The folders with links over which cargo comes to packages, by their paths below [`Layout::base`].
    pub fn dirs_with_links(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        for dir in self.dirs() {
            let ancestors: Vec<&Path> = dir.ancestors().collect();
            let links = ancestors.into_iter().filter(|dir| files::link_target(dir).is_some());
            found.extend(links.filter_map(|link| {
                let parent = real(link.parent()?);
                Some(parent.strip_prefix(&self.base).ok()?.to_owned())
            }));
        }
        found
    }

    /// The folders of all packages that a stage has.
    fn dirs(&self) -> impl Iterator<Item = &Path> {
        let members = self.members.iter().map(|member| member.dir.as_path());
        members.chain(self.outside.iter().map(|package| package.dir.as_path()))
    }

    /// The parts of the manifests that determine the dependencies, as text for hashing.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn requirements(&self) -> Result<Vec<String>> {
        let mut parts = vec![manifest::requirements(&self.manifest).to_string()];
        for member in &self.members {
            let manifest = read(&member.dir.join("Cargo.toml"))?;
            parts.push(member.name().to_owned());
            parts.push(manifest::requirements(&manifest).to_string());
        }
        for OutsidePackage { dir, .. } in &self.outside {
            parts.push(manifest::requirements(&read(&dir.join("Cargo.toml"))?).to_string());
        }
        Ok(parts)
    }

    /// What is on in each member if these features are asked for; see [`used::used`].
    pub fn used(&self, needs: &Needs) -> BTreeMap<String, Used> {
        let packages: Vec<LocalPackage> = self.members.iter().map(|member| member.package.clone()).collect();
        used::used(&packages, &needs.asked(), needs.dev)
    }

    /// Names of all local packages, those outside of the workspace too.
    pub fn local_names(&self) -> BTreeSet<&str> {
        let outside = self.outside.iter().map(|package| package.name.as_str());
        self.members.iter().map(StagedMember::name).chain(outside).collect()
    }

    /// The members among these, and the packages beside the workspace, that demand more than this Rust.
    pub fn too_new(&self, rust: &Version, used: &BTreeMap<String, Used>) -> Vec<OwnDemand> {
        let members = self.members.iter().filter(|member| used.contains_key(member.name()));
        let members = members.map(|member| (member.name(), &member.demands));
        let all = members.chain(self.outside.iter().map(|package| (package.name.as_str(), &package.demands)));
        all.filter_map(|(name, demands)| demands.beyond(rust, name)).collect()
    }

    /// The name of the local package in this folder.
    pub fn package_in(&self, dir: &Path) -> Option<&str> {
        let members = self.members.iter().map(|member| (member.name(), &member.dir));
        let mut all = members.chain(self.outside.iter().map(|package| (package.name.as_str(), &package.dir)));
        all.find(|(_, other)| other.as_path() == dir).map(|(name, _)| name)
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
    parse(&files::read_text(path)?, path)
}

fn parse(text: &str, path: &Path) -> Result<Table> {
    text.parse().with_context(|| format!("in {}", path.display()))
}

/// The folder without links in its path.
fn real(dir: &Path) -> PathBuf {
    files::real(dir).unwrap_or_else(|_| dir.to_owned())
}

/// The path that leads from a folder to another, as text: `../b`; `.` to itself.
pub(super) fn relative(from: &Path, to: &Path) -> String {
    let shared = common(from, to);
    let up = from.strip_prefix(&shared).unwrap_or(from).components().map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.strip_prefix(&shared).unwrap_or(to).components()).collect();
    if path.as_os_str().is_empty() {
        ".".to_owned()
    } else {
        files::slashed(&path)
    }
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

    #[test]
    fn paths_lead_from_one_folder_to_another() {
        for (from, to, expected) in
            [("/a/b", "/a/b", "."), ("/a/b", "/a/b/c", "c"), ("/a/b", "/a", ".."), ("/a/b/c", "/a/d", "../../d")]
        {
            assert_eq!(relative(Path::new(from), Path::new(to)), expected, "{from} {to}");
        }
    }
}
