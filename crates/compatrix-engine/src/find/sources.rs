//! The sources under test: their hash, and their state in git.

use std::path::Path;

use anyhow::{Context, Result};
use compatrix_model::evidence::SourceProof;
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::Project;
use toml::{Table, Value};

use crate::find::layout::relative;
use crate::find::listing::{list, Content, Entry, Listing};
use crate::find::outside;
use crate::find::places::{ours, Places};
use crate::find::repositories::Repositories;
use crate::find::written;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// Tables of the root manifest that change what is compiled.
const ROOT_TABLES: [&str; 5] = ["workspace", "profile", "patch", "replace", "cargo-features"];
/// Lists of members and tools' metadata do not affect how a package is built.
const HARMLESS_KEYS: [&str; 4] = ["members", "exclude", "default-members", "metadata"];

/// The sources in these places; and warnings about what their hash does not cover.
///
/// # Errors
/// A file cannot be read; git knows no file of a package under test.
pub(crate) fn read(
    host: &Host,
    project: &Project,
    places: &Places,
    lockset: Sha256,
) -> Result<(SourceProof, Vec<String>)> {
    let mut listing = list(host, project, places)?;
    let left = written::left(host, &listing.entries);
    listing.entries.retain(|entry| !left.contains(&entry.path));
    let commit = git(host, &["rev-parse", "HEAD"]);
    let proof = SourceProof {
        dirty: is_dirty(host, project, &listing),
        sources: hash(host, &listing.entries)?,
        commit,
        lockset: Some(lockset),
    };
    let unmatched = listing.unmatched.iter().map(|glob| {
        format!("`inputs` in compat/matrix.toml: `{glob}` matches no file; paths begin at the repository's top folder")
    });
    Ok((proof, unmatched.chain(outside::warning(host, &listing.unclear)).collect()))
}

/// Hash of the listed sources, of the root tables that steer the compiler, and of the repository's configuration of cargo.
/// It has no path of this machine.
fn hash(host: &Host, entries: &[Entry]) -> Result<Sha256> {
    // A name that is no text is spelled with escapes.
    let shown = |path: &Path| match path.to_str() {
        Some(_) => relative(&host.root, path),
        None => format!("{:?}", path.strip_prefix(&host.root).unwrap_or(path)),
    };
    let line = |entry: &Entry| {
        let path = shown(&entry.path);
        match &entry.content {
            Content::File(hash) if files::is_executable(&entry.path) => format!("{path} executable {hash}"),
            Content::File(hash) => format!("{path} {hash}"),
            Content::Link(text) => format!("{path} -> {text}"),
            Content::Locked => format!("{path} unreadable"),
        }
    };
    let mut lines: Vec<String> = entries.iter().map(line).collect();
    let root = host.root.join("Cargo.toml");
    lines.push(steering(&files::read_text(&root)?).with_context(|| format!("in {}", root.display()))?);
    let top = Repositories::new(host).top(&host.root)?.unwrap_or_else(|| host.root.clone());
    for dir in host.root.ancestors().take_while(|dir| dir.starts_with(&top)) {
        for config in [".cargo/config.toml", ".cargo/config"] {
            let path = dir.join(config);
            if files::exists(&path) {
                lines.push(format!("{} {}", shown(&path), files::sha256(&path, &host.memo)?));
            }
        }
    }
    lines.dedup();
    Ok(files::hash_parts(lines.iter().map(String::as_str)))
}

/// The parts of a root manifest that affect the build of its workspace's packages, as text.
///
/// # Errors
/// It is no TOML.
pub(crate) fn steering(manifest: &str) -> Result<String> {
    let mut manifest: Table = manifest.parse()?;
    manifest.retain(|name, _| ROOT_TABLES.contains(&name));
    if let Some(workspace) = manifest.get_mut("workspace").and_then(Value::as_table_mut) {
        workspace.retain(|key, _| !HARMLESS_KEYS.contains(&key));
    }
    // An empty table says as much as none.
    manifest.retain(|_, value| value.as_table().is_none_or(|table| !table.is_empty()));
    Ok(manifest.to_string())
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

/// Why results of this workspace name no commit, if so.
pub fn without_commit(host: &Host) -> Option<String> {
    let Some(git) = Git::find(host) else { return Some("there is no git on PATH".to_owned()) };
    match git.top() {
        Ok(Ok(_)) if git.commit("HEAD").is_ok_and(|commit| commit.is_some()) => None,
        Ok(Ok(_)) => Some("its repository has no commit yet".to_owned()),
        Ok(Err(said)) if said.contains("not a git repository") => Some("it is in no git repository".to_owned()),
        Ok(Err(said)) => Some(said),
        Err(error) => Some(format!("{error:#}")),
    }
}

fn git(host: &Host, args: &[&str]) -> Option<String> {
    Some(Git::find(host)?.ask(args).ok()?.ok()?.trim().to_owned())
}

/// Whether these are other sources than those of the repositories' commits. Where there is no repository, there is nothing
/// to differ from.
fn is_dirty(host: &Host, project: &Project, listing: &Listing) -> bool {
    let in_repository =
        |path: &Path| listing.repositories.values().flatten().any(|folder| path.starts_with(&folder.shown));
    if listing.entries.iter().any(|entry| !entry.tracked && in_repository(&entry.path)) {
        return true;
    }
    let (repositories, ours) = (Repositories::new(host), ours(host, project));
    listing.repositories.iter().any(|(top, folders)| repositories.is_changed(top, folders, &ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_the_root_says_of_builds_counts() {
        let base = "[workspace]\nmembers = [\"a\"]\nresolver = \"2\"\n[workspace.dependencies]\nd = \"1\"\n";
        let steers = |text: &str| steering(text).unwrap();
        for same in [
            base.replace("\"a\"", "\"a\", \"b\""),
            format!("# a comment\n{base}"),
            format!("{base}[workspace.metadata.x]\ny = 1\n"),
            format!("{base}[package]\nname = \"not-under-test\"\n"),
        ] {
            assert_eq!(steers(base), steers(&same), "{same}");
        }
        for other in [
            base.replace("\"1\"", "{ version = \"1\", features = [\"x\"] }"),
            base.replace("\"2\"", "\"3\""),
            format!("{base}[workspace.lints.rust]\nunsafe_code = \"forbid\"\n"),
            format!("{base}[profile.dev]\nopt-level = 1\n"),
            format!("{base}[patch.crates-io]\nd = {{ path = \"d\" }}\n"),
        ] {
            assert_ne!(steers(base), steers(&other), "{other}");
        }
        assert_eq!(steers("[package]\nname = \"a\"\n"), steers("[workspace]\n"));
    }
}
