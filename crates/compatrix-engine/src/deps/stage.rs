//! Stages: pruned copies of the workspace under `target/compat/stage`, for what a build needs to be different.
//!
//! A stage has the packages under test and their path dependencies as its only members, with manifests that differ in as
//! little as [`compatrix_model::lockset::manifest`] says, a lockfile of its own, and a registry on disk that serves it.
//! Everything else in it is a link to the user's file: refreshing it is free, and modification times do not change.
//!
//! **Invariant:** nothing outside `target/compat` is written.

pub(crate) mod registry;
pub(crate) mod resolve;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use compatrix_model::lockset::manifest::{self, Edit};
use compatrix_model::lockset::Lockset;
use compatrix_model::plan::Targets;
use semver::Version;

use crate::find::layout::Layout;
use crate::sys::files;
use crate::sys::host::Host;
use resolve::{Platforms, Resolved, PINS};

/// A staged workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stage {
    /// Where [`Layout::base`] is in it.
    pub tree: PathBuf,
    /// The workspace's root in it.
    pub root: PathBuf,
    /// Whether its dependencies are served from disk, so that no cargo needs the network.
    pub served: bool,
}

/// Our folder for this lockset.
pub(crate) fn dir(host: &Host, lockset: &Lockset) -> PathBuf {
    host.dir.join("stage").join(lockset.to_string())
}

/// The stage of a lockset that is served, made or renewed: links, manifests, lockfile.
///
/// # Errors
/// A file cannot be read or written.
pub(crate) fn renew(host: &Host, layout: &Layout, lockset: &Lockset, targets: Targets) -> Result<Stage> {
    // Builds of several toolchains may share a stage, and begin at the same time.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = dir(host, lockset);
    let served = registry::ServedLockset::read(&dir)?;
    let (name, lock) = match targets {
        Targets::Tests { .. } => ("tests", &served.lock),
        Targets::Packages => ("packages", &served.lock_without_dev),
    };
    let edit = Edit {
        rust: served.rust.clone(),
        without_dev: targets == Targets::Packages,
        without_targets: served.without_targets.clone(),
        limits: BTreeMap::new(),
    };
    let mut texts = layout.manifests(&edit)?;
    texts.insert(layout.in_root("Cargo.lock"), lock.clone());
    texts.insert(layout.in_root(".cargo/config.toml"), registry::config(&dir, served.all));
    let tree = dir.join(name);
    tree::renew(layout, &tree, &texts)?;
    Ok(Stage { root: tree.join(layout.in_root("")), tree, served: served.all })
}

/// Maps a folder of a stage to the folder of the user's tree.
pub(crate) fn origin(layout: &Layout, stage: Option<&Stage>, dir: &Path) -> PathBuf {
    match stage.and_then(|stage| dir.strip_prefix(&stage.tree).ok()) {
        Some(below) => layout.base.join(below),
        None => dir.to_owned(),
    }
}

/// Maps a folder of the user's tree to the folder of a stage.
pub(crate) fn place(layout: &Layout, stage: Option<&Stage>, dir: &Path) -> PathBuf {
    match stage.and_then(|stage| Some(stage.tree.join(dir.strip_prefix(&layout.base).ok()?))) {
        Some(staged) => staged,
        None => dir.to_owned(),
    }
}

/// Makes or renews a tree to resolve in; its root. `pins` are requirements on packages of any depth.
pub(crate) fn resolving(
    layout: &Layout,
    tree: &Path,
    edit: &Edit,
    pins: &BTreeMap<String, Vec<String>>,
    start: Option<&str>,
) -> Result<PathBuf> {
    let mut texts = layout.manifests(edit)?;
    if !pins.is_empty() {
        let root = layout.in_root("Cargo.toml");
        let text = texts.remove(&root).unwrap_or_default();
        texts.insert(root, manifest::with_member(&text, PINS));
        texts.insert(layout.in_root(&format!("{PINS}/Cargo.toml")), manifest::pins(PINS, edit.rust.as_ref(), pins));
        texts.insert(layout.in_root(&format!("{PINS}/src/lib.rs")), String::new());
    }
    if let Some(start) = start {
        texts.insert(layout.in_root("Cargo.lock"), start.to_owned());
    }
    tree::renew(layout, tree, &texts)?;
    Ok(tree.join(layout.in_root("")))
}

/// Makes or renews a stage of a resolution that is only tried: manifests, lockfile, registry; its root.
pub(crate) fn trial(
    host: &Host,
    layout: &Layout,
    dir: &Path,
    rust: &Version,
    resolved: &Resolved,
    platforms: &Platforms,
) -> Result<PathBuf> {
    files::make_dir(dir)?;
    registry::write(host, dir, &resolved.crates)?;
    let without_targets = layout.targets()?.into_iter().filter(|target| !platforms.matches(target)).collect();
    let edit = Edit { rust: Some(rust.clone()), without_targets, ..Edit::default() };
    let mut texts = layout.manifests(&edit)?;
    texts.insert(layout.in_root("Cargo.lock"), resolved.lock.to_text());
    texts.insert(layout.in_root(".cargo/config.toml"), registry::config(dir, resolved.all));
    let tree = dir.join("tree");
    tree::renew(layout, &tree, &texts)?;
    Ok(tree.join(layout.in_root("")))
}
