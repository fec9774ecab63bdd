//! The generated workflows on disk, and the workspace facts that they need.

use std::collections::BTreeMap;
use std::path::Path;

use compatrix_ci::exact_sqlite::exact_versions;
use compatrix_ci::generate::{workflows, Options, Program, XtaskPackage};
use compatrix_ci::pins;
use compatrix_ci::update::{Existing, FOLDER};
use compatrix_ci::workflow::Workflow;
use compatrix_ci::CiPlan;
use compatrix_model::matrix_spec::Spec;

use crate::find::{sqlite, workspace};
use crate::sys::error::Error;
use crate::sys::files;

/// The workflows and the pins of the work tree.
///
/// # Errors
/// A file cannot be read.
pub fn read(root: &Path) -> Result<Existing, Error> {
    let mut workflows = BTreeMap::new();
    for path in files::list(&root.join(FOLDER))? {
        let is_workflow = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
        if let Some(name) = path.file_name().filter(|_| is_workflow && path.is_file()) {
            let text = String::from_utf8_lossy(&files::read(&path)?).into_owned();
            workflows.insert(format!("{FOLDER}/{}", name.to_string_lossy()), text);
        }
    }
    let path = root.join(pins::FILE);
    let pins = files::exists(&path).then(|| files::read_text(&path)).transpose()?;
    Ok(Existing { workflows, pins })
}

/// The workflows for the spec. `version` is Compatrix's.
///
/// # Errors
/// A manifest cannot be read, or the spec runs nothing on any event.
pub fn wanted(root: &Path, spec: &Spec, plans: &[CiPlan], version: &str) -> Result<Vec<Workflow>, Error> {
    let binary = workspace::xtask_binary(root)?;
    let toolchain = workspace::channel(root).unwrap_or_else(|| "stable".to_owned());
    // Inputs of a platform's exact SQLite versions; a platform that loads none has no key.
    let sqlite_key = exact_versions(spec, plans).into_iter().map(|exact| {
        let versions = exact.versions.iter().map(|(_, version)| *version);
        (exact.platform.to_owned(), sqlite::content_key(versions, &spec.sqlite, exact.runner))
    });
    let sqlite_key: BTreeMap<String, String> = sqlite_key.collect();
    let options = Options {
        program: if binary.is_some() { Program::Xtask } else { Program::Compatrix },
        toolchain: &toolchain,
        xtask: binary.map(|binary| XtaskPackage { manifest: "xtask/Cargo.toml".to_owned(), binary }),
        sqlite_key: &sqlite_key,
        version,
    };
    let wanted = workflows(spec, plans, &options);
    if wanted.is_empty() {
        return Err(Error::usage(
            "[ci] in compat/matrix.toml runs nothing on any event; add `compat = \"local\"` under [ci.pull_request]",
        ));
    }
    Ok(wanted)
}
