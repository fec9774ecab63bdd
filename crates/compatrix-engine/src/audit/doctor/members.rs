//! The manifests of a workspace: from cargo if it can read them, otherwise by searching.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use compatrix_audit::manifest::WorkspaceTable;

use super::gathered::DoctorFacts;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::Command;

/// How many manifests of path dependencies outside of the workspace are read at most.
const MOST: usize = 200;

/// The number of lines kept of cargo's message.
const MOST_SAID: usize = 4;

pub(super) fn gather(host: &Host, gathered: &mut DoctorFacts) {
    let path = host.root.join("Cargo.toml");
    gathered.facts.root = gathered.manifest(&path, "Cargo.toml");
    let paths = match from_cargo(host) {
        Ok(paths) => paths,
        Err(refusal) => {
            // A manifest that is not TOML is reported once, with its line.
            let told = gathered.findings.len();
            let workspace = gathered.facts.root.as_ref().and_then(|root| root.workspace.clone()).unwrap_or_default();
            let paths = by_globs(&host.root, &workspace);
            read_all(host, gathered, &paths);
            if gathered.findings.len() == told && told == 0 {
                gathered.unreadable("Cargo.toml", format!("cargo cannot read this workspace: {refusal}"));
            }
            outside(host, gathered);
            return;
        }
    };
    read_all(host, gathered, &paths);
    outside(host, gathered);
}

fn read_all(host: &Host, gathered: &mut DoctorFacts, paths: &[PathBuf]) {
    for path in paths {
        let file = relative(&host.root, path);
        if file == "Cargo.toml" {
            let root = gathered.facts.root.clone();
            gathered.facts.members.extend(root.filter(|root| root.package.is_some()));
        } else if let Some(manifest) = gathered.manifest(path, &file) {
            gathered.facts.members.push(manifest);
        }
    }
}

/// The members' manifests according to cargo, or its error.
fn from_cargo(host: &Host) -> Result<Vec<PathBuf>, String> {
    let text = metadata(host, &["--no-deps"])?;
    let metadata = cargo_metadata::MetadataCommand::parse(text).map_err(|error| error.to_string())?;
    let mut paths: Vec<PathBuf> = metadata.packages.iter().map(|p| p.manifest_path.as_std_path().to_owned()).collect();
    paths.sort();
    Ok(paths)
}

/// The output of `cargo metadata` for the workspace at the root, or the end of its error.
pub(super) fn metadata(host: &Host, args: &[&str]) -> Result<String, String> {
    let cargo = host.ambient.cargo().ok_or("cargo is not on PATH")?;
    let manifest = host.root.join("Cargo.toml");
    let mut command = Command::new(cargo.to_string_lossy(), &host.root)
        .args(["metadata", "--format-version", "1", "--manifest-path", &manifest.to_string_lossy()])
        .args(args.iter().copied())
        .envs(&host.ambient.for_builds())
        .env("CARGO_TERM_COLOR", "never");
    command.timeout = Some(Duration::from_secs(120));
    let output = host.output(&command).map_err(|error| format!("{error:#}"))?;
    if output.finished.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| "cargo printed what is not UTF-8".to_owned());
    }
    // The causes stand below; what went before the error is of no use, nor is who wanted the one that wanted it.
    let said = output.finished.stderr.text();
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let start = lines.iter().position(|line| line.starts_with("error")).unwrap_or(0);
    let of_use = |line: &&&str| **line != "Caused by:" && !line.starts_with("... ");
    let lines = lines[start..].iter().take_while(|line| !line.starts_with("As a reminder")).filter(of_use);
    let lines: Vec<&str> = lines.take(MOST_SAID).copied().collect();
    let text = lines.join(" / ");
    Err(text.strip_prefix("error: ").unwrap_or(&text).to_owned())
}

/// The manifests that `members` names, as far as they are there; for a workspace that cargo refuses.
fn by_globs(root: &Path, workspace: &WorkspaceTable) -> Vec<PathBuf> {
    let mut found = BTreeSet::from([root.join("Cargo.toml")]);
    for member in &workspace.members {
        let mut folders = vec![root.to_owned()];
        for part in member.split('/').filter(|part| !part.is_empty() && *part != ".") {
            let glob = part.contains(['*', '?', '[']).then(|| files::path_glob(part));
            folders = folders
                .into_iter()
                .flat_map(|folder| {
                    let Some(glob) = &glob else { return vec![folder.join(part)] };
                    let mut inside = files::list(&folder).unwrap_or_default();
                    let matches = |name: &OsStr| glob.as_ref().is_ok_and(|glob| glob.is_match(name));
                    inside.retain(|path| path.file_name().is_some_and(matches));
                    inside
                })
                .collect();
        }
        found.extend(folders.into_iter().map(|folder| folder.join("Cargo.toml")).filter(|path| path.is_file()));
    }
    let excluded = |path: &PathBuf| workspace.exclude.iter().any(|folder| path.starts_with(root.join(folder)));
    found.into_iter().filter(|path| !excluded(path)).collect()
}

/// Reads the manifests of path dependencies that are not members.
fn outside(host: &Host, gathered: &mut DoctorFacts) {
    let root = gathered.facts.root.as_ref().and_then(|root| root.workspace.clone());
    let mut known: BTreeSet<String> = gathered.facts.members.iter().map(|m| m.folder().to_owned()).collect();
    let mut todo = gathered.facts.members.clone();
    while let Some(manifest) = todo.pop() {
        for dependency in &manifest.local {
            let Some(folder) = manifest.folder_of(dependency, root.as_ref()) else { continue };
            if gathered.facts.outside.len() >= MOST || !known.insert(folder.clone()) {
                continue;
            }
            let path = host.root.join(&folder).join("Cargo.toml");
            // cargo reports a missing one.
            if !path.is_file() {
                continue;
            }
            if let Some(read) = gathered.manifest(&path, &format!("{folder}/Cargo.toml")) {
                gathered.facts.outside.push(read.clone());
                todo.push(read);
            }
        }
    }
}

/// A path as seen from the root: `crates/a/Cargo.toml`, `../b/Cargo.toml`.
pub(super) fn relative(root: &Path, path: &Path) -> String {
    let parts = |path: &Path| -> Vec<String> {
        path.components()
            .filter(|part| !matches!(part, Component::CurDir))
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect()
    };
    let (from, to) = (parts(root), parts(path));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - common);
    up.chain(to[common..].iter().cloned()).collect::<Vec<_>>().join("/")
}
