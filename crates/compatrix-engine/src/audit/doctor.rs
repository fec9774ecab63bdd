//! Gathers facts for the doctor about the host and the workspace.
//!
//! It judges nothing, and it makes nothing below the workspace: questions that need a folder have a temporary one. What
//! cannot be found out is told with its reason; one broken thing hides no other.

mod gathered;
mod graph;
mod inputs;
mod members;
mod promises;
#[cfg(test)]
mod tests;
mod tools;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use compatrix_audit::lint::{BuildScript, Lint, Unchecked};
use compatrix_audit::manifest;
use compatrix_model::matrix_spec::Spec;

use crate::find::cargo_config;
use crate::find::manifest_text::shown;
use crate::sys::environment::Ambient;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::{Host, Limits};
use crate::sys::memo::Memo;
use crate::sys::recording::Recording;
use crate::sys::supervisor::Supervisor;

pub use gathered::DoctorFacts;
pub use promises::scan as promises_in;
pub use tools::tools;

/// The spec, relative to the root.
const SPEC: &str = "compat/matrix.toml";

/// A host to examine, and the temporary folder that it works in.
#[derive(Debug)]
pub struct Examined {
    /// Works in the temporary folder.
    pub host: Host,
    _scratch: tempfile::TempDir,
}

/// Prepares to examine the host, from this workspace root or any other folder.
///
/// # Errors
/// No temporary folder can be created, or signal handlers cannot be installed.
pub fn examine(root: &Path, ambient: Ambient) -> Result<Examined, Error> {
    let scratch =
        tempfile::tempdir().context("cannot make a temporary folder; set TMPDIR to one that can be written")?;
    let supervisor =
        Supervisor::new(&format!("{:.16}", files::hash_bytes(scratch.path().to_string_lossy().as_bytes())));
    supervisor.take_signals().context("signals")?;
    let dir = scratch.path().to_owned();
    let cache = ambient.cache_dir().unwrap_or_else(|| dir.join("cache"));
    let memo = Arc::new(Memo::default());
    // Nothing is installed here; these limits report a toolchain that could be installed as such.
    let limits = Limits {
        jobs: 1,
        serial: true,
        offline: false,
        no_install: false,
        fresh: false,
        hermetic: false,
        committed: false,
    };
    let now = crate::sys::clock::now();
    let host = Host {
        root: root.to_owned(),
        dir,
        cache,
        ambient,
        memo,
        supervisor,
        limits,
        now,
        recording: Recording::default(),
    };
    Ok(Examined { host, _scratch: scratch })
}

/// The root of the workspace of this folder, without cargo, which gives none where a member is broken: the nearest folder
/// above with a `[workspace]`, else the nearest with a manifest. Whether the workspace is in order is not its business.
pub fn nearest_root(start: &Path) -> Option<PathBuf> {
    let start = files::real(start).ok()?;
    let mut nearest = None;
    for folder in start.ancestors() {
        let Ok(text) = files::read_text(&folder.join("Cargo.toml")) else { continue };
        if text.lines().any(|line| line.trim_start().starts_with("[workspace")) {
            return Some(folder.to_owned());
        }
        nearest = nearest.or(Some(folder.to_owned()));
    }
    nearest
}

/// All facts that lints need about the workspace at the host's root, and about what its spec names. `program` is the command
/// prefix to show.
pub fn gather(host: &Host, program: &str, spec: Option<&Spec>) -> DoctorFacts {
    let mut gathered = DoctorFacts::default();
    gathered.facts.program = program.to_owned();
    members::gather(host, &mut gathered);
    build_scripts(host, &mut gathered);
    lockfile(host, &mut gathered);
    let configs = cargo_config::files(&host.ambient, &host.root).into_iter();
    gathered.facts.configs = configs.map(|file| (shown(&host.root, &file.path), file.text)).collect();
    gathered.facts.spec_text = files::read_text(&host.root.join(SPEC)).unwrap_or_default();
    graph::gather(host, &mut gathered);
    promises::gather(host, &mut gathered);
    if let Some(spec) = spec {
        inputs::gather(host, spec, &mut gathered);
    }
    gathered
}

/// The build scripts that manifests name, or that stand where cargo looks for one. What cannot be read, cargo reports.
fn build_scripts(host: &Host, gathered: &mut DoctorFacts) {
    let facts = &mut gathered.facts;
    for manifest in facts.members.iter().chain(&facts.outside) {
        let name = match manifest::key(&manifest.text, &["package", "build"]) {
            None => "build.rs".to_owned(),
            Some((_, Some(name))) => name,
            // `build = false`
            Some((_, None)) => continue,
        };
        let folder = manifest.folder();
        let file = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if let Ok(text) = files::read_text(&host.root.join(&file)) {
            facts.build_scripts.push(BuildScript { file, text });
        }
    }
}

fn lockfile(host: &Host, gathered: &mut DoctorFacts) {
    let path = host.root.join("Cargo.lock");
    if !files::exists(&path) {
        // The graph reports it.
        return;
    }
    let format = files::read_text(&path).map_err(|error| format!("{error:#}"));
    match format.and_then(|text| manifest::lock_format("Cargo.lock", &text)) {
        Ok(format) => gathered.facts.lock = Some(format),
        Err(reason) => gathered.unchecked.push(Unchecked {
            id: Lint::LockfileTooNew,
            reason: format!("the lockfile cannot be read: {reason}"),
            mend: "fix Cargo.lock, or regenerate it with `cargo generate-lockfile`".to_owned(),
        }),
    }
}
