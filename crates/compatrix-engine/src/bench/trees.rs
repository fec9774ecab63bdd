//! The trees that both sides are built in: copies of the user's files, at paths of equal length, because the length of a
//! path is in an executable and moves what comes after it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::find::layout::Layout;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// The names of the trees; of one length.
pub(super) const BASE: &str = "base";
pub(super) const HEAD: &str = "head";

/// Where cargo looks for its configuration in a folder and those above.
const CONFIGURATION: [&str; 2] = [".cargo/config.toml", ".cargo/config"];

/// Where the user's files are, and where they are in a tree.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    host: &'a Host,
    layout: &'a Layout,
    /// The top of the repository, or the workspace's root.
    top: PathBuf,
}

/// What a tree is to have: where in it, and what of.
pub(super) type Files = BTreeMap<PathBuf, PathBuf>;

impl<'a> Ground<'a> {
    pub(super) fn new(host: &'a Host, layout: &'a Layout, top: Option<PathBuf>) -> Self {
        let top = top.filter(|top| host.root.starts_with(top)).unwrap_or_else(|| host.root.clone());
        Self { host, layout, top }
    }

    /// The folder of a tree.
    pub(super) fn tree(&self, name: &str) -> PathBuf {
        self.host.dir.join("bench").join(name)
    }

    /// The place of a folder of the user in a tree; `None` of one that no tree shows.
    pub(super) fn place(&self, dir: &Path) -> Option<PathBuf> {
        dir.strip_prefix(&self.layout.base).ok().map(Path::to_owned)
    }

    /// The workspace's root in a tree.
    pub(super) fn root(&self, name: &str) -> PathBuf {
        self.tree(name).join(self.place(&self.host.root).unwrap_or_default())
    }

    /// All files of the working tree that git has or would have, and all of the packages' folders: builds read ignored ones,
    /// too.
    pub(super) fn of_working_tree(&self, git: Option<&Git<'_>>) -> Result<Files> {
        let mut found = match git {
            None => self.of_folder(&self.host.root)?,
            Some(git) => self.of_git(git)?,
        };
        found.extend(self.of_packages()?);
        Ok(found)
    }

    /// The files of a commit, written to a folder first, with those in the packages' folders that git ignores: they are no
    /// commit's. What is new in the working tree is head's alone; cargo would build it here, too, without being asked.
    pub(super) fn of_commit(&self, git: &Git<'_>, commit: &str, aside: &Path) -> Result<Files> {
        files::make_dir(aside)?;
        git.export(commit, aside)?;
        let of_git = self.of_git(git)?;
        let mut found = self.of_packages()?;
        found.retain(|path, _| !of_git.contains_key(path));
        self.submodules(git, commit, aside)?;
        let mut all = Vec::new();
        walk(aside, None, &mut all)?;
        for path in all {
            let Ok(below) = path.strip_prefix(aside) else { continue };
            let place = self.top.join(below);
            if self.is_configuration(&place) && files::read(&place).ok() != Some(files::read(&path)?) {
                found.extend(self.place(&place).map(|below| (below, path)));
            } else {
                self.add(&place, path, &mut found);
            }
        }
        Ok(found)
    }

    /// That the base is built otherwise than its commit says, if it is: cargo reads head's configuration for both, as it is
    /// above the trees.
    pub(super) fn configured(&self, git: &Git<'_>, commit: &str, base: &Files) -> Result<Option<String>> {
        let dirs = self.host.root.ancestors().take_while(|dir| dir.starts_with(&self.top));
        for path in dirs.flat_map(|dir| CONFIGURATION.map(|name| dir.join(name))) {
            let Ok(below) = path.strip_prefix(&self.top) else { continue };
            let name = below.to_string_lossy();
            let differs = self.place(&path).is_some_and(|place| base.contains_key(&place));
            let is_new = files::exists(&path)
                && git.ask(&["ls-files", "--error-unmatch", "--", &name])?.is_ok()
                && git.ask(&["cat-file", "-e", &format!("{commit}:{name}")])?.is_err();
            if differs || is_new {
                return Ok(Some(format!(
                    "{name} is not the same in base and head; the base is built with head's, too, so what it changes is only \
                     measured in part"
                )));
            }
        }
        Ok(None)
    }

    /// The files of the submodules that a commit has, at the commits that it has them at.
    fn submodules(&self, git: &Git<'_>, commit: &str, aside: &Path) -> Result<()> {
        for (path, commit) in git.submodules(commit)? {
            let place = self.top.join(&path);
            let at = aside.join(&path);
            let inner = Git::find(self.host).map(|git| git.at(place.clone()));
            // In a folder that is no repository of its own, git would speak of the outer one.
            let inner = inner.filter(|_| files::is_there(&place.join(".git")));
            let Some(inner) = inner else { continue };
            if inner.commit(&commit)?.is_none() {
                return Err(Error::usage(format!(
                    "the submodule {} has no commit {commit}, which the base needs: `git -C {} fetch origin {commit}`",
                    path.display(),
                    path.display()
                ))
                .into());
            }
            files::make_dir(&at)?;
            inner.export(&commit, &at)?;
            let ground = Ground { host: self.host, layout: self.layout, top: place };
            ground.submodules(&inner, &commit, &at)?;
        }
        Ok(())
    }

    /// What git has or would have.
    fn of_git(&self, git: &Git<'_>) -> Result<Files> {
        let mut found = Files::new();
        for path in git.paths(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])? {
            let path = self.top.join(path);
            if files::is_own_dir(&path) {
                // Another repository, or a submodule.
                found.extend(self.of_folder(&path)?);
            } else if files::is_there(&path) {
                self.add(&path, path.clone(), &mut found);
            }
        }
        Ok(found)
    }

    /// What packages have in their folders, whether git has it or not.
    fn of_packages(&self) -> Result<Files> {
        let mut found = Files::new();
        for member in &self.layout.members {
            found.extend(self.of_folder(&member.dir)?);
        }
        Ok(found)
    }

    /// The files of a folder that was a tree's.
    pub(super) fn of_saved(&self, dir: &Path) -> Result<Files> {
        let mut all = Vec::new();
        walk(dir, None, &mut all)?;
        Ok(all.into_iter().filter_map(|path| Some((path.strip_prefix(dir).ok()?.to_owned(), path))).collect())
    }

    /// Packages that the workspace uses and that are not in the repository: their folder, in the tree and in truth.
    pub(super) fn outside(&self) -> Vec<(PathBuf, PathBuf)> {
        let dirs = self.layout.outside.iter().map(|package| &package.dir);
        let outside = dirs.filter(|dir| !dir.starts_with(&self.top));
        outside.filter_map(|dir| Some((self.place(dir)?, dir.clone()))).collect()
    }

    /// Makes a folder have these files and no others; what is as it should be is not touched, so that cargo sees what changed.
    pub(super) fn renew(&self, tree: &Path, wanted: &Files, keep: Option<&Path>) -> Result<()> {
        files::make_dir(tree)?;
        let mut there = Vec::new();
        walk(tree, keep, &mut there)?;
        for path in there {
            let is_wanted = path.strip_prefix(tree).is_ok_and(|below| wanted.contains_key(below));
            if !is_wanted {
                files::remove(&path)?;
                rebuild_above(&path, tree)?;
            }
        }
        // An empty folder may match a glob of the workspace's members, or be where a file is to be.
        prune(tree, keep)?;
        for (below, source) in wanted {
            files::copy_if_changed(source, &tree.join(below))
                .with_context(|| format!("cannot copy {}", source.display()))?;
        }
        for (below, dir) in self.outside() {
            let at = tree.join(below);
            if !files::exists(&at) {
                files::make_dir(at.parent().unwrap_or(tree))?;
                files::symlink(&dir.to_string_lossy(), &at)?;
            }
        }
        Ok(())
    }

    /// Adds what is at a place of the user's; `from` has its content.
    fn add(&self, path: &Path, from: PathBuf, found: &mut Files) {
        if let Some(below) = self.place(path).filter(|_| !self.is_configuration(path)) {
            found.insert(below, from);
        }
    }

    /// Whether cargo finds the file above the tree, so that in the tree it would be there twice.
    fn is_configuration(&self, path: &Path) -> bool {
        self.host.root.ancestors().any(|dir| CONFIGURATION.iter().any(|name| path == dir.join(name)))
    }

    fn of_folder(&self, dir: &Path) -> Result<Files> {
        let (mut all, mut found) = (Vec::new(), Files::new());
        walk(dir, Some(&self.host.root.join("target")), &mut all)?;
        all.into_iter().for_each(|path| self.add(&path, path.clone(), &mut found));
        Ok(found)
    }
}

/// Makes cargo see that a file is gone: a build script that names none of what it reads is only run again for newer files.
/// The manifest is copied again, as any file that is wanted and not there.
fn rebuild_above(path: &Path, tree: &Path) -> Result<()> {
    let above = path.ancestors().skip(1).take_while(|dir| dir.starts_with(tree));
    match above.map(|dir| dir.join("Cargo.toml")).find(|manifest| files::exists(manifest)) {
        Some(manifest) => files::remove(&manifest),
        None => Ok(()),
    }
}

/// Removes the empty folders below this one; whether it is empty then.
fn prune(dir: &Path, keep: Option<&Path>) -> Result<bool> {
    let mut is_empty = true;
    for path in files::list(dir)? {
        let is_ours = keep == Some(&*path) || path.file_name().is_some_and(|name| name == ".git");
        if is_ours || !files::is_own_dir(&path) || files::exists(&path.join("CACHEDIR.TAG")) || !prune(&path, keep)? {
            is_empty = false;
        } else {
            files::remove_dir(&path)?;
        }
    }
    Ok(is_empty)
}

/// The files and links below a folder, without this one, repositories' own and what cargo builds.
fn walk(dir: &Path, but: Option<&Path>, found: &mut Vec<PathBuf>) -> Result<()> {
    for path in files::list(dir)? {
        if but == Some(&*path) || path.file_name().is_some_and(|name| name == ".git") {
            continue;
        }
        if !files::is_own_dir(&path) {
            found.push(path);
        } else if !files::exists(&path.join("CACHEDIR.TAG")) {
            walk(&path, but, found)?;
        }
    }
    Ok(())
}
