//! Artifacts: handed from job to job through a folder, as GitHub hands them on. What they lose there they lose here, too:
//! the executable bit, and files whose name begins with a dot.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail, Context, Result};

use super::inputs::ActionInputs;
use crate::sys::files::{self, path_glob};

/// Uploads an artifact; returns a note if no file was found and that is not an error.
/// Source: github.com/actions/upload-artifact, README of v4 and later.
pub(super) fn upload(checkout: &Path, artifacts: &Path, inputs: &ActionInputs<'_>) -> Result<Option<String>> {
    let name = inputs.get("name").unwrap_or("artifact");
    let forbidden = ['"', ':', '<', '>', '|', '*', '?', '\r', '\n', '\\', '/'];
    if let Some(bad) = name.chars().find(|c| forbidden.contains(c)) {
        bail!("the name of an artifact, `{name}`, may not have `{}`", bad.escape_default());
    }
    let hidden = inputs.is("include-hidden-files")?;
    let mut found: Vec<PathBuf> = Vec::new();
    let mut roots: Vec<PathBuf> = Vec::new();
    for line in inputs.need("path")?.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('!') {
            bail!("a rehearsal does not know paths that begin with `!`: `{line}`");
        }
        let path = checkout.join(line);
        if line.contains(['*', '?']) {
            // The part before the first pattern is the root.
            let plain: PathBuf = path.iter().take_while(|part| !part.to_string_lossy().contains(['*', '?'])).collect();
            let glob = path_glob(&path.strip_prefix(&plain)?.to_string_lossy())?;
            let matches = |file: &PathBuf| file.strip_prefix(&plain).is_ok_and(|inside| glob.is_match(inside));
            found.extend(all_files(&plain, hidden)?.into_iter().filter(matches));
            roots.push(plain);
        } else if path.is_dir() {
            found.extend(all_files(&path, hidden)?);
            roots.push(path);
        } else if path.is_file() {
            roots.push(path.parent().unwrap_or(checkout).to_owned());
            found.push(path);
        }
    }
    if found.is_empty() {
        let said = format!("no file was found for the artifact `{name}`");
        return match inputs.get("if-no-files-found").unwrap_or("warn") {
            "error" => Err(anyhow!(said)),
            "ignore" => Ok(None),
            _ => Ok(Some(said)),
        };
    }
    let target = artifacts.join(name);
    if files::exists(&target) {
        match inputs.is("overwrite")? {
            true => files::remove_dir(&target)?,
            false => bail!("there is an artifact `{name}` already"),
        }
    }
    let root = common(&roots);
    for file in found {
        let inside =
            file.strip_prefix(&root).with_context(|| format!("{} is not below {}", file.display(), root.display()))?;
        copy_file(&file, &target.join(inside), false)?;
    }
    Ok(None)
}

/// Downloads one artifact by name, or those that match a pattern.
pub(super) fn download(checkout: &Path, artifacts: &Path, inputs: &ActionInputs<'_>) -> Result<()> {
    let target = checkout.join(inputs.get("path").unwrap_or("."));
    if let Some(name) = inputs.get("name") {
        let from = artifacts.join(name);
        if !files::exists(&from) {
            bail!("there is no artifact `{name}`");
        }
        return copy_tree(&from, &target, false);
    }
    let pattern = path_glob(inputs.get("pattern").unwrap_or("*"))?;
    let merge = inputs.is("merge-multiple")?;
    files::make_dir(&target)?;
    for from in files::list(artifacts)? {
        let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if pattern.is_match(&name) {
            copy_tree(&from, &if merge { target.clone() } else { target.join(&name) }, false)?;
        }
    }
    Ok(())
}

/// The hash of the matching files below a checkout; empty if there are none.
pub(super) fn hash_files(checkout: &Path, patterns: &[String]) -> Result<String> {
    let patterns = patterns.iter().map(|pattern| path_glob(pattern)).collect::<Result<Vec<_>>>()?;
    let mut hashes = Vec::new();
    for file in all_files(checkout, true)? {
        let inside = file.strip_prefix(checkout).unwrap_or(&file);
        if !inside.starts_with(".git") && patterns.iter().any(|pattern| pattern.is_match(inside)) {
            hashes.push(files::hash_bytes(&files::read(&file)?).to_string());
        }
    }
    Ok(if hashes.is_empty() { String::new() } else { files::hash_parts(hashes.iter().map(String::as_str)).to_string() })
}

/// The deepest folder that all of these are in.
fn common(roots: &[PathBuf]) -> PathBuf {
    let first = roots.first().cloned().unwrap_or_default();
    roots.iter().fold(first, |common, root| {
        common.iter().zip(root.iter()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect()
    })
}

/// All files below a folder, sorted.
fn all_files(dir: &Path, hidden: bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        for path in files::list(&dir)? {
            let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if is_hidden && !hidden {
                continue;
            }
            match files::is_own_dir(&path) {
                true => todo.push(path),
                false => found.push(path),
            }
        }
    }
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

/// Copies all files of a folder, or the one file; with or without their modes.
pub(super) fn copy_tree(from: &Path, to: &Path, modes: bool) -> Result<()> {
    if from.is_file() {
        return copy_file(from, to, modes);
    }
    files::make_dir(to)?;
    for file in all_files(from, true)? {
        copy_file(&file, &to.join(file.strip_prefix(from).unwrap_or(&file)), modes)?;
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path, modes: bool) -> Result<()> {
    if let Some(parent) = to.parent() {
        files::make_dir(parent)?;
    }
    match modes {
        true => files::copy(from, to),
        false => files::copy_plain(from, to),
    }
}
