//! Which files are sources.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::Project;

use crate::sys::files;
use crate::sys::host::Host;

/// What compatrix reads and writes itself, below the root. It is no source, also where the package under test is the
/// root itself: else writing the page would make the evidence stale that the page shows.
const OURS: [&str; 9] = [
    "compat/matrix.toml",
    "compat/locks",
    "compat/suppressions",
    "compat/baseline.toml",
    "compat/planted.toml",
    "docs/matrix.schema.json",
    "ci/actions.toml",
    "ci/durations.toml",
    ".github",
];
/// The file that marks a folder whose content can be made again; cargo puts one into each target folder
/// (<https://bford.info/cachedir/>).
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// Compatrix's files and folders, which are not sources.
pub(crate) fn ours(host: &Host, project: &Project) -> Vec<PathBuf> {
    let mut ours: Vec<PathBuf> = OURS.iter().map(|path| host.root.join(path)).collect();
    let report = host.root.join(&project.report);
    ours.extend([report.with_extension("svg"), report, host.root.join(&project.reliability)]);
    ours.extend([host.root.join(&project.evidence), host.root.join("target")]);
    ours
}

/// A file of the sources, or a link.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    /// The hash of a file, or the text of a link that leads to none.
    pub(crate) content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    File(Sha256),
    Link(String),
    /// Something that we may not read; then no build can.
    Locked,
}

/// Every file below these folders that git would track, and what its links lead to.
pub(crate) fn list(host: &Host, dirs: &BTreeSet<PathBuf>, ours: &[PathBuf]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut todo: Vec<PathBuf> = dirs.iter().rev().cloned().collect();
    // Folders whose files are listed, or will be.
    let mut known: Vec<PathBuf> = dirs.iter().map(|dir| dir.canonicalize().unwrap_or_else(|_| dir.clone())).collect();
    while let Some(dir) = todo.pop() {
        let ours = ours.to_vec();
        let walk = ignore::WalkBuilder::new(&dir)
            .hidden(false)
            .require_git(false)
            .filter_entry(move |entry| {
                let path = entry.path();
                let is_cache = || path.is_dir() && path.join(CACHE_TAG).exists();
                entry.file_name() != ".git" && !ours.iter().any(|own| own == path) && !is_cache()
            })
            .sort_by_file_path(|a, b| a.cmp(b))
            .build();
        for entry in walk {
            let entry = match entry {
                Err(error) if is_denied(&error) => continue,
                entry => entry.with_context(|| format!("cannot list {}", dir.display()))?,
            };
            let path = entry.path();
            // The target of a link is a source too, wherever it is.
            if path.is_file() {
                let content = match files::sha256(path, &host.memo) {
                    Ok(hash) => Content::File(hash),
                    Err(error) if error.downcast_ref().is_some_and(is_denied_to_read) => Content::Locked,
                    Err(error) => return Err(error),
                };
                entries.push(Entry { path: path.to_owned(), content });
            } else if entry.path_is_symlink() && entry.depth() > 0 {
                entries.push(Entry { path: path.to_owned(), content: Content::Link(files::link_text(path)?) });
                // Not a folder around one that is known: such a link goes round.
                let new = path.canonicalize().ok().filter(|to| to.is_dir());
                let new = new.filter(|to| !known.iter().any(|k| to.starts_with(k) || k.starts_with(to)));
                if let Some(to) = new {
                    known.push(to);
                    todo.push(path.to_owned());
                }
            }
        }
    }
    Ok(entries)
}

/// A folder below the sources that a test left without rights must not stop us.
fn is_denied(error: &ignore::Error) -> bool {
    error.io_error().is_some_and(is_denied_to_read)
}

fn is_denied_to_read(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::PermissionDenied
}
