//! SARIF of the leak suites of a workspace, for `leak-check` and `evidence merge`.

use std::path::{Path, PathBuf};

use compatrix_engine::find::facts::TestedPackage;
use compatrix_engine::sys::files;
use compatrix_leak::Usage;
use compatrix_model::results::matrix::Matrix;
use compatrix_render::sarif::{self, SarifOptions};

/// The findings of a matrix as SARIF.
pub(crate) fn sarif_of(root: &Path, packages: &[TestedPackage], matrix: &Matrix, usage: &Usage) -> String {
    let options = SarifOptions {
        version: env!("CARGO_PKG_VERSION"),
        about: env!("CARGO_PKG_REPOSITORY"),
        sources: &packages.iter().flat_map(|package| package.sources.clone()).collect(),
        manifest: &manifest(root, packages),
    };
    sarif::sarif(matrix, usage, &options)
}

/// The manifest of the first package under test, relative to the root.
fn manifest(root: &Path, packages: &[TestedPackage]) -> String {
    let dir = packages.first().map(|package| PathBuf::from(&package.dir)).unwrap_or_default();
    let relative = dir.strip_prefix(root).unwrap_or(Path::new(""));
    files::slashed(&relative.join("Cargo.toml"))
}
