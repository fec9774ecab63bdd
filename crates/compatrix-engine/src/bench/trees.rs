//! The trees that both sides are built in: copies of the user's files, at paths of equal length, because the length of a
//! path is in an executable and moves what comes after it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::find::layout::Layout;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// The names of the trees; of one length.
pub(super) const BASE: &str = "base";
pub(super) const HEAD: &str = "head";

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
            None => Files::new(),
            Some(git) => self.of_git(git)?,
        };
        if git.is_none() {
            self.below(&self.host.root, &mut found)?;
        }
        found.extend(self.of_packages()?);
        Ok(found)
    }

    /// What packages have in their folders and git does not: no commit has another version of it.
    pub(super) fn ignored(&self, git: &Git<'_>) -> Result<Files> {
        let mut found = self.of_packages()?;
        let known = self.of_git(git)?;
        found.retain(|path, _| !known.contains_key(path));
        Ok(found)
    }

    /// What git has or would have.
    fn of_git(&self, git: &Git<'_>) -> Result<Files> {
        let mut found = Files::new();
        for path in git.paths(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])? {
            let path = self.top.join(path);
            if files::is_own_dir(&path) {
                // Another repository, or a submodule.
                self.below(&path, &mut found)?;
            } else if files::is_there(&path) {
                self.add(&path, &mut found);
            }
        }
        Ok(found)
    }

    /// All that packages have in their folders.
    fn of_packages(&self) -> Result<Files> {
        let mut found = Files::new();
        for member in &self.layout.members {
            self.below(&member.dir, &mut found)?;
        }
        Ok(found)
    }

    /// The files of a commit, written to a folder first.
    pub(super) fn of_commit(&self, git: &Git<'_>, commit: &str, aside: &Path) -> Result<Files> {
        files::make_dir(aside)?;
        git.export(commit, aside)?;
        let mut all = Vec::new();
        walk(aside, None, &mut all)?;
        let at = self.place(&self.top).unwrap_or_default();
        let one = |path: PathBuf| Some((at.join(path.strip_prefix(aside).ok()?), path));
        Ok(all.into_iter().filter_map(one).collect())
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
            }
        }
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

    fn add(&self, path: &Path, found: &mut Files) {
        if let Some(below) = self.place(path).filter(|_| !self.is_configuration(path)) {
            found.insert(below, path.to_owned());
        }
    }

    /// Whether cargo finds the file above the tree, so that in the tree it would be there twice.
    fn is_configuration(&self, path: &Path) -> bool {
        let of = |dir: &Path| path == dir.join(".cargo/config.toml") || path == dir.join(".cargo/config");
        self.host.root.ancestors().any(of)
    }

    fn below(&self, dir: &Path, found: &mut Files) -> Result<()> {
        let mut all = Vec::new();
        walk(dir, Some(&self.host.root.join("target")), &mut all)?;
        all.iter().for_each(|path| self.add(path, found));
        Ok(())
    }
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
