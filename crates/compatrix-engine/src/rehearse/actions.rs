//! Emulates the actions of a workflow.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail, Result};
use compatrix_ci::workflow::rehearsal::{RUST_CACHE, UPLOAD_SARIF};
use serde_json::{Map, Value};

use super::artifacts;
use super::inputs::ActionInputs;
use super::job::{Cleanup, Going};
use super::setup::StepEnd;
use crate::sys::files;

/// Emulates an action.
pub(super) fn act(
    going: &mut Going<'_, '_>,
    action: &str,
    inputs: &BTreeMap<&'static str, String>,
    outputs: &mut Map<String, Value>,
) -> Result<StepEnd> {
    let inputs = ActionInputs(inputs);
    match action {
        "actions/checkout" => {
            let depth = inputs.get("fetch-depth").unwrap_or("1");
            let depth = depth.parse().map_err(|_| anyhow!("`fetch-depth: {depth}` is not a number"))?;
            for wanted in ["submodules", "lfs"] {
                if inputs.is(wanted)? {
                    bail!("a rehearsal's checkout has no `{wanted}`");
                }
            }
            going.rehearsal.origin.check_out(going.rehearsal.setup, &going.checkout, depth)?;
        }
        "actions/upload-artifact" => {
            if let Some(note) = artifacts::upload(&going.checkout, &going.rehearsal.places.artifacts, &inputs)? {
                going.note(note);
            }
        }
        "actions/download-artifact" => {
            artifacts::download(&going.checkout, &going.rehearsal.places.artifacts, &inputs)?
        }
        "actions/cache" | "actions/cache/restore" | "actions/cache/save" => {
            return cache(going, action, &inputs, outputs)
        }
        RUST_CACHE => return lend_target(going),
        UPLOAD_SARIF => return Ok(StepEnd::LeftOut("there is no GitHub to upload findings to".to_owned())),
        other => bail!("a rehearsal does not know the action `{other}`"),
    }
    Ok(StepEnd::Done)
}

/// `target` of the last rehearsal's job, as the action would restore it.
fn lend_target(going: &mut Going<'_, '_>) -> Result<StepEnd> {
    let kept = going.rehearsal.places.kept.join("target").join(&going.job.id);
    let target = going.folder.join("target");
    if files::exists(&target) {
        return Ok(StepEnd::LeftOut("there is a `target` already".to_owned()));
    }
    if files::exists(&kept) && files::rename(&kept, &target).is_err() {
        return Ok(StepEnd::LeftOut("the cached files are on another disk than --keep".to_owned()));
    }
    // The cached files are cargo's products.
    for ours in ["ci", "compat"] {
        files::remove_dir(&target.join(ours))?;
    }
    going.later(Cleanup::TakeBack { from: target, to: kept });
    Ok(StepEnd::Done)
}

/// A cache of paths in the checkout, by key. The user's folders are used in place.
fn cache(
    going: &mut Going<'_, '_>,
    action: &str,
    inputs: &ActionInputs<'_>,
    outputs: &mut Map<String, Value>,
) -> Result<StepEnd> {
    let key = inputs.need("key")?.to_owned();
    let home = going.rehearsal.setup.host.ambient.get("HOME").map(PathBuf::from).unwrap_or_default();
    let lines = inputs.need("path")?.lines().map(str::trim).filter(|line| !line.is_empty());
    let (mut inside, mut outside) = (Vec::new(), 0);
    for line in lines {
        let path = match line.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => going.checkout.join(line),
        };
        match path.starts_with(&going.checkout) && !line.contains("..") {
            true => inside.push(path),
            false => outside += 1,
        }
    }
    if inside.is_empty() && outside > 0 {
        return Ok(StepEnd::LeftOut("the user's folder is used directly".to_owned()));
    }
    let caches = going.rehearsal.places.kept.join("caches");
    if action != "actions/cache/save" {
        let hit = restore(&caches, &key, inputs.get("restore-keys").unwrap_or_default(), &inside)?;
        if inputs.is("fail-on-cache-miss")? && hit.is_none() {
            bail!("there is no cache `{key}`");
        }
        let exact = hit.as_deref() == Some(key.as_str());
        if let Some(hit) = &hit {
            outputs.insert("cache-matched-key".to_owned(), Value::String(hit.clone()));
            outputs.insert("cache-hit".to_owned(), Value::String(exact.to_string()));
        }
        if action == "actions/cache" && !exact {
            going.later(Cleanup::Save { key, paths: inside });
        }
    } else {
        save(&caches, &key, &inside)?;
    }
    Ok(StepEnd::Done)
}

/// The folder of a key, because keys may contain characters that folder names may not.
fn folder(caches: &Path, key: &str) -> PathBuf {
    caches.join(format!("{:.32}", files::hash_bytes(key.as_bytes())))
}

/// Restores the cache of this key, or the newest whose key starts with one of these prefixes; returns its key.
fn restore(caches: &Path, key: &str, prefixes: &str, paths: &[PathBuf]) -> Result<Option<String>> {
    let mut found: Option<(String, PathBuf)> = Some((key.to_owned(), folder(caches, key)));
    if !found.as_ref().is_some_and(|(_, dir)| files::exists(&dir.join("key"))) {
        let mut known = Vec::new();
        for dir in files::list(caches)?.into_iter().filter(|dir| files::exists(&dir.join("key"))) {
            known.push((files::stamp(&dir.join("key"))?, files::read_text(&dir.join("key"))?, dir));
        }
        // Any of those that match will do here; the last by name is always the same.
        found = prefixes.lines().map(str::trim).filter(|prefix| !prefix.is_empty()).find_map(|prefix| {
            known
                .iter()
                .rev()
                .find(|(_, key, _)| key.starts_with(prefix))
                .map(|(_, key, dir)| (key.clone(), dir.clone()))
        });
    }
    let Some((hit, dir)) = found else { return Ok(None) };
    for (n, path) in paths.iter().enumerate() {
        let kept = dir.join(n.to_string());
        if files::exists(&kept) {
            artifacts::copy_tree(&kept, path, true)?;
        }
    }
    Ok(Some(hit))
}

fn save(caches: &Path, key: &str, paths: &[PathBuf]) -> Result<()> {
    let dir = folder(caches, key);
    if files::exists(&dir.join("key")) {
        return Ok(());
    }
    files::remove_dir(&dir)?;
    for (n, path) in paths.iter().enumerate().filter(|(_, path)| files::exists(path)) {
        artifacts::copy_tree(path, &dir.join(n.to_string()), true)?;
    }
    files::write(&dir.join("key"), key.as_bytes())
}

/// Runs the post step of a job.
pub(super) fn clean_up(going: &Going<'_, '_>, cleanup: Cleanup) -> Result<()> {
    match cleanup {
        Cleanup::TakeBack { from, to } if files::exists(&from) => {
            files::remove_dir(&to)?;
            if let Some(parent) = to.parent() {
                files::make_dir(parent)?;
            }
            // Not cached on another disk; the next rehearsal builds again.
            let _ = files::rename(&from, &to);
            Ok(())
        }
        Cleanup::TakeBack { .. } => Ok(()),
        Cleanup::Save { key, paths } if going.succeeded() => {
            save(&going.rehearsal.places.kept.join("caches"), &key, &paths)
        }
        Cleanup::Save { .. } => Ok(()),
    }
}
