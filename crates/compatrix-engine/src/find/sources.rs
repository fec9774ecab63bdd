//! The sources under test: their hash, and their state in git.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use compatrix_model::evidence::SourceProof;
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::Project;

use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// Tables of the root manifest that change what is compiled without being in the lockfile.
const ROOT_TABLES: [&str; 4] = ["profile", "patch", "replace", "workspace.package"];
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

/// The sources in these folders.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn read(host: &Host, project: &Project, dirs: &BTreeSet<PathBuf>, lockset: Sha256) -> Result<SourceProof> {
    let ours = ours(host, project);
    Ok(SourceProof {
        commit: git(host, &["rev-parse", "HEAD"]),
        dirty: is_dirty(host, dirs, &ours),
        sources: hash(host, dirs, &ours)?,
        lockset: Some(lockset),
    })
}

/// Compatrix's files and folders, which are not sources.
pub(crate) fn ours(host: &Host, project: &Project) -> Vec<PathBuf> {
    let mut ours: Vec<PathBuf> = OURS.iter().map(|path| host.root.join(path)).collect();
    let report = host.root.join(&project.report);
    ours.extend([report.with_extension("svg"), report, host.root.join(&project.reliability)]);
    ours.extend([host.root.join(&project.evidence), host.root.join("target")]);
    ours
}

/// Hash of every file below these folders that git would track, and of the root tables that steer the compiler.
fn hash(host: &Host, dirs: &BTreeSet<PathBuf>, ours: &[PathBuf]) -> Result<Sha256> {
    let mut lines = Vec::new();
    let mut todo: Vec<PathBuf> = dirs.iter().rev().cloned().collect();
    // Folders whose files are hashed, or will be.
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
            let entry = entry.with_context(|| format!("cannot list {}", dir.display()))?;
            let path = entry.path();
            let shown = path.strip_prefix(&host.root).unwrap_or(path).to_string_lossy().into_owned();
            // The target of a link is a source too, wherever it is.
            if path.is_file() {
                lines.push(format!("{shown} {}", files::sha256(path, &host.memo)?));
            } else if entry.path_is_symlink() && entry.depth() > 0 {
                lines.push(format!("{shown} -> {}", files::link_text(path)?));
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
    let root = host.root.join("Cargo.toml");
    let manifest: toml::Table = files::read_text(&root)?.parse().with_context(|| format!("in {}", root.display()))?;
    for name in ROOT_TABLES {
        let table = name
            .split('.')
            .try_fold(&toml::Value::Table(manifest.clone()), |v, key| v.get(key).ok_or(()))
            .ok()
            .cloned();
        lines.extend(table.map(|table| format!("{name} {table}")));
    }
    for config in [".cargo/config.toml", ".cargo/config"] {
        let path = host.root.join(config);
        if files::exists(&path) {
            lines.push(format!("{config} {}", files::sha256(&path, &host.memo)?));
        }
    }
    lines.dedup();
    Ok(files::hash_parts(lines.iter().map(String::as_str)))
}

/// The repository as `owner/name`: from GitHub's variable in a job, otherwise from the URL of the remote `origin`. Empty if
/// neither is known.
pub fn repository(host: &Host) -> String {
    if let Some(name) = host.ambient.get("GITHUB_REPOSITORY") {
        return name.to_owned();
    }
    let url = git(host, &["remote", "get-url", "origin"]).unwrap_or_default();
    let path = url.trim().trim_end_matches('/').trim_end_matches(".git");
    // `https://host/owner/name`, `git@host:owner/name`; a folder of this machine names no repository.
    let Some((_, path)) = path.split_once("://").or_else(|| path.split_once('@')) else { return String::new() };
    let words: Vec<&str> = path.split(['/', ':']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [_, .., owner, name] => format!("{owner}/{name}"),
        _ => String::new(),
    }
}

fn git(host: &Host, args: &[&str]) -> Option<String> {
    Some(Git::find(host)?.ask(args).ok()?.ok()?.trim().to_owned())
}

/// Whether git sees a change under these folders.
fn is_dirty(host: &Host, dirs: &BTreeSet<PathBuf>, ours: &[PathBuf]) -> bool {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let dirs = dirs.iter().map(|dir| text(dir));
    let ours = ours.iter().map(|path| format!(":(exclude){}", text(path)));
    let paths: Vec<String> = dirs.chain(ours).collect();
    let mut args = vec!["status", "--porcelain", "--untracked-files=normal", "--"];
    args.extend(paths.iter().map(String::as_str));
    git(host, &args).is_none_or(|changes| !changes.is_empty())
}
