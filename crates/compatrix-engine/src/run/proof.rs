//! Proves a run: identifies the compiler and the SQLite of the executables, and compares them with the plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use compatrix_model::evidence::{Differences, ExecutableProof, FixtureProof, Proof, SqliteProof, ToolchainProof};
use compatrix_model::hash::or_empty;
use compatrix_model::linkage::Linkage;
use semver::Version;

use crate::build::inspect;
use crate::build::{Executable, Product};
use crate::find::sqlite;
use crate::run::features;
use crate::run::inputs;
use crate::run::inputs::RunInputs;
use crate::sys::files;
use crate::sys::host::Host;

/// Identifies what is about to run. The second part says how it differs from the plan, if it does.
pub(crate) fn prove(
    host: &Host,
    inputs: &RunInputs<'_>,
    product: &Product,
    env: BTreeMap<String, String>,
) -> Result<(Proof, Option<String>)> {
    let mut mismatch = wrong_compiler(inputs, product);
    let sqlite = match prove_sqlite(host, inputs, product)? {
        Identified::As(proof) => Some(proof),
        Identified::None => None,
        Identified::Wrong(proof, reason) => {
            mismatch = mismatch.or(Some(reason));
            proof
        }
    };
    let proof = Proof { sqlite, env, ..proof_of_product(inputs, product) };
    Ok((proof, mismatch))
}

/// The proof of a build: its products, and the features that cargo reports.
pub(crate) fn proof_of_product(inputs: &RunInputs<'_>, product: &Product) -> Proof {
    let (features, differences) = features::built(inputs, product);
    Proof { features, differences, executables: executables(product), ..proof_of_inputs(inputs) }
}

/// The products with their hashes, and the programs and libraries that tests can start or load.
fn executables(product: &Product) -> Vec<ExecutableProof> {
    let one = |name: String, e: &Executable| ExecutableProof { name, sha256: e.inspection.sha256 };
    let tests = product.executables.iter().map(|e| one(e.target.clone(), e));
    tests.chain(product.programs.iter().map(|e| one(format!("{} {}", e.kind.word(), e.target), e))).collect()
}

/// The products built by another compiler than planned, if any.
pub(crate) fn wrong_compiler(inputs: &RunInputs<'_>, product: &Product) -> Option<String> {
    let release = inputs.toolchain.version.to_string();
    product.executables.iter().rev().find_map(|executable| {
        let makers = &executable.inspection.rustc;
        let wrong = !makers.is_empty() && !makers.contains(&release);
        wrong.then(|| format!("{} was made by rustc {}, not {release}", executable.target, makers.join(", ")))
    })
}

/// The proof before a build: the planned compiler and sources.
pub(crate) fn proof_of_inputs(inputs: &RunInputs<'_>) -> Proof {
    Proof {
        platform: Host::platform(),
        toolchain: ToolchainProof {
            release: inputs.toolchain.version.to_string(),
            rustc: inputs.toolchain.rustc_verbose.clone(),
            cargo: inputs.toolchain.cargo_version.clone(),
            packages: inputs.toolchain.packages.clone(),
        },
        source: inputs.source.clone(),
        features: features::planned(inputs),
        differences: Differences::default(),
        sqlite: None,
        fixture: inputs.fixture.map(|(name, fixture)| FixtureProof {
            name: name.to_owned(),
            vintage: fixture.vintage,
            sha256: fixture.sha256,
        }),
        executables: Vec::new(),
        env: BTreeMap::new(),
    }
}

/// The identification of a run's SQLite.
enum Identified {
    /// As planned.
    As(SqliteProof),
    /// There is none, and none was planned.
    None,
    /// Not as planned, with the difference.
    Wrong(Option<SqliteProof>, String),
}

fn prove_sqlite(host: &Host, inputs: &RunInputs<'_>, product: &Product) -> Result<Identified> {
    let mut dynamic: Option<PathBuf> = None;
    let mut fixed: Option<(&Executable, &String)> = None;
    for executable in &product.executables {
        let path = inputs::library_path_of(inputs, &executable.recorded);
        match inspect::resolved_sqlite(host, &executable.path, executable.inspection.sha256, path.as_deref()) {
            Ok(found) => dynamic = dynamic.or(found),
            Err(error) => return Ok(Identified::Wrong(None, format!("{error:#}"))),
        }
        fixed = fixed.or(executable.inspection.source_id.as_ref().map(|id| (executable, id)));
    }
    let dynamic = dynamic.map(|library| prove_library(host, &library)).transpose()?;
    let fixed = fixed.map(|(executable, id)| prove_compiled_in(host, executable, id, product)).transpose()?;
    Ok(match (inputs.build.linkage, dynamic, fixed) {
        (None, None, None) => Identified::None,
        (None, Some(proof), _) | (None, None, Some(proof)) => Identified::As(proof),
        (Some(Linkage::Static), None, Some(proof)) => Identified::As(proof),
        (Some(Linkage::Static), Some(proof), _) => {
            let reason = format!("planned SQLite compiled in, but the loader gives {} {}", proof.file, proof.version);
            Identified::Wrong(Some(proof), reason)
        }
        (Some(Linkage::Dynamic), _, Some(proof)) => {
            let reason = format!(
                "planned a shared SQLite, but {} is compiled in; a libsqlite3-sys before 0.27 cannot be told otherwise: \
                 make `bundled` a feature of the package",
                proof.version
            );
            Identified::Wrong(Some(proof), reason)
        }
        (Some(Linkage::Dynamic), Some(proof), None) => match inputs.sqlite {
            Some(planned) if planned.sha256 != proof.sha256 => {
                let reason = format!(
                    "planned SQLite {} with SHA-256 {:.12}…, but the loader gives {} {} with {:.12}…; \
                     remove that folder and run again, if it is compatrix's cache",
                    planned.version.as_ref().map_or_else(|| "of an unknown version".to_owned(), Version::to_string),
                    or_empty::text(&planned.sha256),
                    proof.file,
                    proof.version,
                    or_empty::text(&proof.sha256)
                );
                Identified::Wrong(Some(proof), reason)
            }
            _ => Identified::As(proof),
        },
        (Some(Linkage::Static | Linkage::Dynamic), None, None) => {
            Identified::Wrong(None, "no test executable uses SQLite at all".to_owned())
        }
    })
}

fn prove_library(host: &Host, library: &Path) -> Result<SqliteProof> {
    let file = library.canonicalize().with_context(|| format!("cannot find {}", library.display()))?;
    let sha256 = files::sha256(&file, &host.memo)?;
    // The library may not be a SQLite at all; then only its hash is known.
    let said = sqlite::of_library(host, &file).ok();
    let (version, source_id, compile_options) = match said {
        Some(said) => (said.version, Some(said.source_id), said.compile_options),
        None => ("unknown".to_owned(), None, Vec::new()),
    };
    let file = file.to_string_lossy().into_owned();
    Ok(SqliteProof { linkage: Linkage::Dynamic, file, sha256: Some(sha256), version, source_id, compile_options })
}

/// The bundled SQLite: its source id is in the executable; the static library with that id has the rest.
fn prove_compiled_in(host: &Host, executable: &Executable, id: &str, product: &Product) -> Result<SqliteProof> {
    let said = product.archive.as_ref().map(|archive| sqlite::of_archive(host, archive)).transpose()?;
    let said = said.filter(|said| said.source_id == *id);
    Ok(SqliteProof {
        linkage: Linkage::Static,
        file: executable.path.to_string_lossy().into_owned(),
        sha256: Some(executable.inspection.sha256),
        version: said.as_ref().map_or_else(|| "unknown".to_owned(), |said| said.version.clone()),
        source_id: Some(id.to_owned()),
        compile_options: said.map(|said| said.compile_options).unwrap_or_default(),
    })
}
