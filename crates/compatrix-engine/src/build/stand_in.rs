//! Our own executable under other names: what cargo or a build script starts in place of another program.

#![allow(clippy::disallowed_methods, reason = "our own executable's path")]

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::sys::files;
use crate::sys::host::Host;

/// A link to our own executable with this name, in the workspace's own folder.
///
/// # Errors
/// It cannot be made.
pub(crate) fn link(host: &Host, name: &str) -> Result<PathBuf> {
    link_in(&host.dir.join("bin"), name)
}

/// The same in this folder.
pub(super) fn link_in(bin: &Path, name: &str) -> Result<PathBuf> {
    files::make_dir(bin)?;
    let link = bin.join(name);
    let ours = std::env::current_exe().context("cannot find our own executable")?;
    if std::fs::read_link(&link).ok().as_deref() != Some(&ours) {
        // Builds begin side by side: made aside and renamed, so that the link is never missing.
        let aside = tempfile::tempdir_in(bin).with_context(|| format!("cannot write to {}", bin.display()))?;
        let made = aside.path().join(name);
        files::symlink(&ours.to_string_lossy(), &made)?;
        files::rename(&made, &link)?;
    }
    Ok(link)
}

/// Whether this process was started under this name.
pub(crate) fn is_called(name: &str) -> bool {
    let first = std::env::args_os().next().map(PathBuf::from);
    first.and_then(|path| path.file_name().map(|file| file == name)).unwrap_or(false)
}
