//! The programs that are measured, in the environment of a user's shell, and the workspaces they run in.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use xshell::cmd;

use super::process::measure;
use super::scene::Bench;

/// This program, on the workspace at `root`, with a cache of its own.
pub(super) fn compat_program(bench: &Bench, root: &Path, cache: &Path) -> Command {
    let mut command = Command::new(&bench.program);
    command.arg("--root").arg(root).env("XDG_CACHE_HOME", cache).env_remove("CARGO_TARGET_DIR");
    command
}

/// What cargo and rustup put in our environment and a user's shell has not.
const CARGO_VARIABLES: [&str; 8] = [
    "CARGO",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_TARGET_DIR",
    "RUSTUP_TOOLCHAIN",
    "LD_LIBRARY_PATH",
];

pub(super) fn clean_cargo() -> Command {
    let mut command = Command::new("cargo");
    without_cargo(&mut command);
    command
}

/// The command in the environment of a user's shell.
pub(super) fn without_cargo(command: &mut Command) -> &mut Command {
    CARGO_VARIABLES.iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// A clone of the last commit, so that both ways see the same sources and nothing else.
pub(super) fn copy_of_workspace(bench: &Bench, name: &str) -> Result<PathBuf> {
    let copy = bench.scratch.join(name);
    remove(&copy)?;
    remove(&bench.scratch.join(format!("{name}-scratch")))?;
    let (from, shell) = (&bench.root, &bench.shell);
    cmd!(shell, "git clone --quiet --no-hardlinks {from} {copy}").quiet().run()?;
    Ok(copy)
}

pub(super) fn fetch(bench: &Bench, root: &Path) -> Result<()> {
    let log = bench.scratch.join("fetch.log");
    measure(clean_cargo().args(["fetch", "--locked", "--quiet"]).current_dir(root), &log, &[])?;
    Ok(())
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
