//! Which sources are the base.

use std::path::PathBuf;

use compatrix_model::speed::Sources;

use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// What head is to be compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Where the branch left the main branch; on it, the last commit, or of a clean tree the one before.
    Usual,
    /// This revision.
    Revision(String),
    /// The sources that were saved under this name.
    Baseline(String),
    /// Nothing: only targets are looked at.
    Nothing,
}

/// The base, as it was found.
#[derive(Debug)]
pub(super) enum Found {
    /// A commit of the repository.
    Commit(Sources),
    /// A folder with saved sources.
    Saved(Sources, PathBuf),
    /// There is none, and why, with what to do.
    None(String),
}

/// The branches that are the main one, best first.
const MAIN: [&str; 5] = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

/// Finds the base. `git` is at the top of the repository.
///
/// # Errors
/// The user named one that does not exist.
pub(super) fn find(host: &Host, git: Option<&Git<'_>>, base: &Base, head: &Sources) -> Result<Found, Error> {
    match base {
        Base::Nothing => Ok(Found::None(String::new())),
        Base::Baseline(name) => saved(host, name),
        Base::Revision(rev) => {
            let git =
                git.ok_or_else(|| Error::usage("--base needs a git repository; --save-baseline works without"))?;
            let commit = git.commit(rev)?.ok_or_else(|| {
                Error::usage(format!(
                    "git knows no revision `{rev}`; name a commit, branch or tag, or fetch it first: `git fetch origin {rev}`"
                ))
            })?;
            Ok(Found::Commit(sources(git, rev, commit)?))
        }
        Base::Usual => usual(git, head),
    }
}

fn usual(git: Option<&Git<'_>>, head: &Sources) -> Result<Found, Error> {
    let Some(git) = git else {
        return Ok(Found::None(
            "there is no git repository, so there is no base; --save-baseline NAME keeps these sources to compare with"
                .to_owned(),
        ));
    };
    let Some(at) = &head.commit else {
        return Ok(Found::None(
            "there is no commit yet, so there is no base; commit, then change something".to_owned(),
        ));
    };
    let main = MAIN.iter().find_map(|name| Some((*name, git.commit(name).ok()??)));
    if let Some((name, main)) = main {
        match git.ask(&["merge-base", at, &main])? {
            Ok(found) if found.trim() != at => {
                let commit = found.trim().to_owned();
                return Ok(Found::Commit(sources(git, &format!("merge base with {name}"), commit)?));
            }
            Ok(_) => {}
            Err(_) => {
                let cause = if is_shallow(git)? {
                    "the clone is shallow and may lack it: `git fetch --unshallow`, or name"
                } else {
                    "their histories are unrelated; name"
                };
                return Ok(Found::None(format!(
                    "git knows no common commit of HEAD and {name}; {cause} the base with --base"
                )));
            }
        }
    }
    if head.dirty {
        return Ok(Found::Commit(sources(git, "HEAD", at.clone())?));
    }
    match git.commit("HEAD^")? {
        Some(parent) => Ok(Found::Commit(sources(git, "HEAD^", parent)?)),
        None if is_shallow(git)? => Ok(Found::None(
            "the clone is shallow and has no commit before HEAD: `git fetch --deepen 1`, or name the base with --base"
                .to_owned(),
        )),
        None => Ok(Found::None("HEAD is the first commit, so there is nothing to compare it with".to_owned())),
    }
}

fn is_shallow(git: &Git<'_>) -> Result<bool, Error> {
    Ok(git.ask(&["rev-parse", "--is-shallow-repository"])?.is_ok_and(|said| said.trim() == "true"))
}

/// The sources of a commit.
pub(super) fn sources(git: &Git<'_>, name: &str, commit: String) -> Result<Sources, Error> {
    let time = git.ask(&["show", "--no-patch", "--format=%ct", &commit])?.ok();
    let committed = time.and_then(|text| text.trim().parse().ok());
    Ok(Sources { name: name.to_owned(), commit: Some(commit), committed, dirty: false })
}

/// The folder of saved sources.
pub(super) fn place(host: &Host, name: &str) -> PathBuf {
    host.dir.join("bench").join("saved").join(name)
}

/// The file beside saved sources that says what they are.
pub(super) fn about(host: &Host, name: &str) -> PathBuf {
    host.dir.join("bench").join("saved").join(format!("{name}.json"))
}

fn saved(host: &Host, name: &str) -> Result<Found, Error> {
    let (dir, about) = (place(host, name), about(host, name));
    if !files::exists(&about) {
        let names = files::list(&host.dir.join("bench").join("saved")).unwrap_or_default();
        let names: Vec<String> = names
            .iter()
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            .filter_map(|path| Some(format!("`{}`", path.file_stem()?.to_string_lossy())))
            .collect();
        let known = if names.is_empty() { "none is saved".to_owned() } else { format!("saved: {}", names.join(", ")) };
        return Err(Error::usage(format!(
            "no baseline is called `{name}` ({known}); --save-baseline {name} saves one"
        )));
    }
    let unreadable = |why: String| Error::usage(format!("{}: {why}; save the baseline again", about.display()));
    let text = files::read_text(&about).map_err(|error| unreadable(format!("{error:#}")))?;
    let sources: Sources = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    Ok(Found::Saved(Sources { name: name.to_owned(), ..sources }, dir))
}

/// Whether a text can be the name of a baseline: it is a folder's name, and shown.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !name.starts_with('.')
        // The name of the file beside another.
        && !name.ends_with(".json")
}
