//! Our own executable under other names: what cargo or a build script starts in place of another program.

#![allow(clippy::disallowed_methods, reason = "our own executable's path")]

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::os::meta;

/// Our own executable under this name, in the workspace's own folder.
///
/// # Errors
/// It cannot be made.
pub(crate) fn link(host: &Host, name: &str) -> Result<PathBuf> {
    link_in(&host.dir.join("bin"), name)
}

/// The same in this folder.
pub(super) fn link_in(bin: &Path, name: &str) -> Result<PathBuf> {
    files::make_dir(bin)?;
    let name = meta::program(name);
    let link = bin.join(&name);
    let ours = std::env::current_exe().context("cannot find our own executable")?;
    if !meta::stands_in(&ours, &link) {
        // Builds begin side by side: made aside and renamed, so that the link is never missing.
        let aside = tempfile::tempdir_in(bin).with_context(|| format!("cannot write to {}", bin.display()))?;
        let made = aside.path().join(&name);
        meta::stand_in(&ours, &made).with_context(|| format!("cannot make {}", link.display()))?;
        files::rename(&made, &link)?;
    }
    Ok(link)
}

/// Whether this process was started under this name.
pub(crate) fn is_called(name: &str) -> bool {
    let first = std::env::args_os().next().map(PathBuf::from);
    first
        .and_then(|path| path.file_name().map(|file| file == name || file == meta::program(name).as_str()))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_starts_this_program_and_stays_as_it_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let made = link_in(dir.path(), "other").expect("is made");
        let started = std::process::Command::new(&made).arg("--list").output().expect("starts");
        let said = String::from_utf8_lossy(&started.stdout).into_owned();
        assert!(said.contains("a_stand_in_starts_this_program"), "{said}");
        let before = files::changed(&made);
        assert_eq!(link_in(dir.path(), "other").expect("is there"), made);
        assert_eq!(files::changed(&made), before, "it is not made again");
        // One of another program is replaced.
        files::remove(&made).expect("removes");
        files::write(&made, b"old").expect("writes");
        link_in(dir.path(), "other").expect("is made");
        assert!(meta::stands_in(&std::env::current_exe().expect("ours"), &made));
    }
}
