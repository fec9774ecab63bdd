//! What git says of folders: which files it tracks, and which others the ignore rules of the folder's own repository leave.
//!
//! Rules of the user, of the machine and of folders above the repository do not count: the same commit has the same files
//! everywhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, Context, Result};

use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// The repositories that folders of this host lie in.
#[derive(Debug)]
pub(super) struct Repositories<'h> {
    host: &'h Host,
    /// The top folder as git has it, for each folder with a `.git`.
    known: BTreeMap<PathBuf, Option<PathBuf>>,
}

/// A folder or file to list: as it is shown, and without links in its path.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) shown: PathBuf,
    pub(crate) real: PathBuf,
}

impl Folder {
    pub(super) fn new(shown: PathBuf) -> Self {
        let real = files::real(&shown).unwrap_or_else(|_| shown.clone());
        Self { shown, real }
    }
}

/// A path that git has: shown, and whether git tracks it.
pub(super) type Known = (PathBuf, bool);

impl<'h> Repositories<'h> {
    pub(super) fn new(host: &'h Host) -> Self {
        Self { host, known: BTreeMap::new() }
    }

    /// The top folder of the repository that a folder lies in, without links in both; nothing if it is in none, or there is
    /// no git.
    ///
    /// # Errors
    /// git does not read the repository.
    pub(super) fn top(&mut self, real: &Path) -> Result<Option<PathBuf>> {
        let Some(with_git) = real.ancestors().find(|dir| files::exists(&dir.join(".git"))) else { return Ok(None) };
        if !self.known.contains_key(with_git) {
            self.known.insert(with_git.to_owned(), self.ask(with_git)?);
        }
        Ok(self.known[with_git].clone().filter(|top| real.starts_with(top)))
    }

    fn ask(&self, dir: &Path) -> Result<Option<PathBuf>> {
        let Some(git) = Git::find(self.host) else { return Ok(None) };
        match git.at(dir.to_owned()).top()? {
            Ok(top) => Ok(Some(files::real(&top).with_context(|| format!("cannot find {}", top.display()))?)),
            // What is left of one, such as the work tree of a repository that is gone.
            Err(why) if why.contains("not a git repository") => Ok(None),
            Err(why) => {
                Err(anyhow!("git does not read the repository of {}, so its sources are unknown: {why}", dir.display()))
            }
        }
    }

    /// git in this folder.
    pub(super) fn git(&self, top: &Path) -> Option<Git<'h>> {
        Some(Git::find(self.host)?.at(top.to_owned()))
    }

    /// The paths below these folders of one repository. A path that is a folder is another repository.
    ///
    /// # Errors
    /// git fails.
    pub(super) fn list(&self, top: &Path, folders: &[Folder], without: &[PathBuf]) -> Result<Vec<Known>> {
        let git = self.git(top).context("git is not on PATH any more")?;
        let specs: Vec<String> =
            folders.iter().filter_map(|folder| pathspec("top,literal", top, &folder.real)).collect();
        let but: Vec<String> = without.iter().filter_map(|path| pathspec("top,exclude,literal", top, path)).collect();
        let mut known = Vec::new();
        for (path, tracked) in self.listed(&git, &specs, &but)? {
            let real = top.join(path);
            for folder in folders {
                if let Ok(rest) = real.strip_prefix(&folder.real) {
                    let whole = rest.as_os_str().is_empty();
                    known.push((if whole { folder.shown.clone() } else { folder.shown.join(rest) }, tracked));
                }
            }
        }
        Ok(known)
    }

    /// The paths of a repository that a glob matches, or that are in the folder of that name.
    ///
    /// # Errors
    /// git fails.
    pub(super) fn matching(&self, top: &Path, glob: &str) -> Result<Vec<Known>> {
        let git = self.git(top).context("git is not on PATH any more")?;
        let listed = self.listed(&git, &[format!(":(top,glob){}", glob.trim_end_matches('/'))], &[])?;
        Ok(listed.into_iter().map(|(path, tracked)| (top.join(path), tracked)).collect())
    }

    fn listed(&self, git: &Git<'_>, specs: &[String], but: &[String]) -> Result<Vec<Known>> {
        let ask = |kind: &[&str], but: &[String]| {
            let mut args = vec!["ls-files", "-z"];
            args.extend(kind);
            args.push("--");
            args.extend(specs.iter().chain(but).map(String::as_str));
            git.paths(&args)
        };
        let (tracked, others) = std::thread::scope(|scope| {
            let others = scope.spawn(|| ask(&["--others", "--exclude-per-directory=.gitignore"], but));
            (ask(&["--cached"], &[]), others.join())
        });
        let others = others.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok(tracked?.into_iter().map(|path| (path, true)).chain(others?.into_iter().map(|path| (path, false))).collect())
    }

    /// Whether tracked files below these folders of one repository differ from its commit; also if it has none.
    pub(super) fn is_changed(&self, top: &Path, folders: &[Folder], ours: &[PathBuf]) -> bool {
        let Some(git) = self.git(top) else { return true };
        let specs = folders.iter().filter_map(|folder| pathspec("top,literal", top, &folder.real));
        let specs: Vec<String> =
            specs.chain(ours.iter().filter_map(|path| pathspec("top,exclude,literal", top, path))).collect();
        let mut args = vec!["status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=none", "--"];
        args.extend(specs.iter().map(String::as_str));
        if !matches!(git.ask(&args), Ok(Ok(said)) if said.is_empty()) {
            return true;
        }
        let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
        git.hidden_changes("HEAD", &specs).is_ok_and(|hidden| !hidden.is_empty())
    }
}

/// A pathspec for a path in the repository with this top folder; none leaves the top folder out.
fn pathspec(magic: &str, top: &Path, path: &Path) -> Option<String> {
    let path = path.strip_prefix(top).ok()?;
    if path.as_os_str().is_empty() && magic.contains("exclude") {
        return None;
    }
    path.to_str().map(|_| format!(":({magic}){}", files::slashed(path)))
}
