//! The sources under test: their hash, and their state in git.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use compatrix_model::evidence::SourceProof;
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::Project;

use crate::find::listing::{list, ours, Content, Entry};
use crate::find::written;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// Tables of the root manifest that change what is compiled without being in the lockfile.
const ROOT_TABLES: [&str; 4] = ["profile", "patch", "replace", "workspace.package"];

/// The sources in these folders.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn read(host: &Host, project: &Project, dirs: &BTreeSet<PathBuf>, lockset: Sha256) -> Result<SourceProof> {
    let mut ours = ours(host, project);
    let mut entries = list(host, dirs, &ours)?;
    let left = written::left(host, &entries);
    entries.retain(|entry| !left.contains(&entry.path));
    ours.extend(left);
    Ok(SourceProof {
        commit: git(host, &["rev-parse", "HEAD"]),
        dirty: is_dirty(host, dirs, &ours),
        sources: hash(host, &entries)?,
        lockset: Some(lockset),
    })
}

/// Hash of the listed sources, and of the root tables that steer the compiler.
fn hash(host: &Host, entries: &[Entry]) -> Result<Sha256> {
    let shown = |path: &Path| path.strip_prefix(&host.root).unwrap_or(path).to_string_lossy().into_owned();
    let line = |entry: &Entry| match &entry.content {
        Content::File(hash) => format!("{} {hash}", shown(&entry.path)),
        Content::Link(text) => format!("{} -> {text}", shown(&entry.path)),
        Content::Locked => format!("{} unreadable", shown(&entry.path)),
    };
    let mut lines: Vec<String> = entries.iter().map(line).collect();
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
