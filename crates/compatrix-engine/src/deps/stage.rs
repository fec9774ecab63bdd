//! Stages: pruned copies of the workspace under `target/compat/stage`, for what a build needs to be different.
//!
//! A stage has the packages under test and their path dependencies as its only members, with manifests that differ in as
//! little as [`compatrix_model::lockset::manifest`] says, a lockfile of its own, and a registry on disk that serves it.
//! Everything else in it is a link to the user's file: refreshing it is free, and modification times do not change.
//!
//! **Invariant:** nothing outside `target/compat` is written.

pub(crate) mod platforms;
pub(crate) mod registry;
pub(crate) mod resolve;
pub(crate) mod resolved;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{bail, Result};
use compatrix_model::lockset::file::Locked;
use compatrix_model::lockset::manifest::{self, Edit};
use compatrix_model::lockset::patch::Patched;
use compatrix_model::lockset::{old_cargo, patch, Lockset};
use compatrix_model::plan::Targets;

use crate::find::layout::Layout;
use crate::sys::files;
use crate::sys::host::Host;
use platforms::Platforms;
use registry::Pruned;
use resolve::Unresolved;
pub(crate) use resolve::OUR_STAGE;
use resolved::{Resolved, PINS};

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
/// A file cannot be read or written, or cargo has refused the stage.
pub(crate) fn renew(host: &Host, layout: &Layout, lockset: &Lockset, targets: Targets) -> Result<Stage> {
    // Builds of several toolchains may share a stage, and begin at the same time.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = dir(host, lockset);
    let served = registry::ServedLockset::read(&dir)?;
    if let Some(refused) = &served.refused {
        bail!("{OUR_STAGE}: {refused}");
    }
    make(host, &layout.without(&lockset.left_out), &dir, &served.pruned, targets)
}

/// Has cargo check the stages that are made of this and of the registry in the folder, and settles their lockfiles.
///
/// # Errors
/// See [`Unresolved`].
pub(crate) fn settle(host: &Host, layout: &Layout, dir: &Path, pruned: &mut Pruned) -> Result<(), Unresolved> {
    if !pruned.without_dev {
        let tests = make(host, layout, dir, pruned, Targets::Tests { doctests: false })?;
        pruned.lock = resolve::settle(host, &tests.root, pruned.all)?;
    }
    let packages = make(host, layout, dir, pruned, Targets::Packages)?;
    pruned.lock_without_dev = resolve::settle(host, &packages.root, pruned.all)?;
    Ok(())
}

fn make(host: &Host, layout: &Layout, dir: &Path, pruned: &Pruned, targets: Targets) -> Result<Stage> {
    let (name, lock) = match targets {
        Targets::Tests { .. } | Targets::Benches => ("tests", &pruned.lock),
        Targets::Packages => ("packages", &pruned.lock_without_dev),
    };
    let edit = Edit {
        without_dev: targets == Targets::Packages,
        rust: pruned.rust.clone(),
        rust_of_tested: true,
        used: pruned.used.clone(),
        without_targets: pruned.without_targets.clone(),
        patched: Some(pruned.patched.clone()),
        ..Edit::default()
    };
    let tree = dir.join(name);
    let mut texts = layout.manifests(&edit)?;
    texts.insert(layout.in_root("Cargo.lock"), lock.clone());
    let config = registry::config(dir, pruned.all, configuration(host, layout, &tree));
    texts.insert(layout.in_root(".cargo/config.toml"), config);
    tree::renew(layout, &tree, &texts)?;
    Ok(Stage { root: tree.join(layout.in_root("")), tree, served: pruned.all })
}

/// What a stage's configuration says in place of the user's, which cargo finds further up: what an old cargo refuses there,
/// and where patches are in this tree.
fn configuration(host: &Host, layout: &Layout, tree: &Path) -> toml::Table {
    let mut more = old_cargo::plain_config(&layout.config, host.limits.jobs);
    if let Some(patch) = layout.config.get("patch") {
        more.insert("patch".to_owned(), patch.clone());
        patch::with_paths(&mut more, &|path| {
            let staged = tree.join(Path::new(path).strip_prefix(&layout.base).ok()?);
            Some(staged.to_string_lossy().into_owned())
        });
    }
    more
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

/// Makes or renews a stage of a resolution that is only tried: manifests, lockfile, registry. `edit` is what it was resolved
/// with.
///
/// # Errors
/// A file cannot be read or written, or cargo refuses the stage.
pub(crate) fn trial(
    host: &Host,
    layout: &Layout,
    dir: &Path,
    edit: &Edit,
    resolved: &Resolved,
    platforms: &Platforms,
) -> Result<Stage> {
    files::make_dir(dir)?;
    registry::write(host, dir, &resolved.crates)?;
    let pruned = pruned(layout, platforms, resolved, edit)?;
    let targets = if edit.without_dev { Targets::Packages } else { Targets::Tests { doctests: false } };
    let stage = make(host, layout, dir, &pruned, targets)?;
    resolve::settle(host, &stage.root, resolved.all).map_err(Unresolved::into_error)?;
    Ok(stage)
}

/// What the stages of a resolution are made of. `edit` is what it was resolved with.
///
/// # Errors
/// A manifest cannot be read.
pub(crate) fn pruned(layout: &Layout, platforms: &Platforms, resolved: &Resolved, edit: &Edit) -> Result<Pruned> {
    let patched = |package: &Locked| Patched { name: package.name.clone(), source: package.source.clone() };
    Ok(Pruned {
        rust: edit.rust.clone(),
        used: edit.used.clone(),
        without_dev: edit.without_dev,
        without_targets: without_targets(layout, platforms)?,
        patched: resolved.lock.packages.iter().map(patched).collect(),
        lock: resolved.lock.to_text(),
        lock_without_dev: resolved.lock_without_dev.to_text(),
        all: resolved.all,
    })
}

/// The platforms of the local packages' manifests that are left out.
///
/// # Errors
/// A manifest cannot be read.
pub(crate) fn without_targets(layout: &Layout, platforms: &Platforms) -> Result<Vec<String>> {
    Ok(layout.targets()?.into_iter().filter(|target| !platforms.matches(target)).collect())
}
