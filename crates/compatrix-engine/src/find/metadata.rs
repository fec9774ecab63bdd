//! What cargo says of a workspace, without its dependencies.

use std::path::Path;

use anyhow::Context;
use cargo_metadata::{Metadata, MetadataCommand};

use crate::sys::error::Error;
use crate::sys::host::Host;
use crate::sys::process::{Command, Output};

/// The question to cargo, before the path of a manifest.
pub(super) const METADATA: [&str; 5] = ["metadata", "--no-deps", "--format-version", "1", "--manifest-path"];

/// `cargo metadata` without dependencies.
pub(super) fn metadata(host: &Host, dir: &Path) -> Result<Metadata, Error> {
    let cargo = host.ambient.cargo().ok_or_else(no_cargo)?;
    let manifest = dir.join("Cargo.toml");
    let command = Command::new(cargo.to_string_lossy(), dir)
        .args(METADATA)
        .args([manifest.to_string_lossy()])
        .envs(&host.ambient.for_builds())
        .env("CARGO_TERM_COLOR", "never");
    read_metadata(&host.output(&command)?)
}

/// cargo's errors are for the user to fix.
pub(super) fn read_metadata(said: &Output) -> Result<Metadata, Error> {
    if !said.finished.status.success() {
        let reason = said.finished.stderr.text();
        return Err(Error::usage(format!("cargo cannot read this workspace:\n{}", reason.trim_end())));
    }
    Ok(MetadataCommand::parse(said.text()).context("cargo metadata printed unreadable output")?)
}

pub(super) fn no_cargo() -> Error {
    Error::usage("cargo is not on PATH; install Rust from rustup.rs, then run again")
}
