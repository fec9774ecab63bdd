//! The registry on disk of a stage: an index folder and .crate files, which cargo reads instead of using the network.
//!
//! Format: Cargo reference, "Source Replacement", local registry sources. What is served has been fetched by a new cargo,
//! and its checksums stand in the lockfile; so a cargo that cannot speak today's index protocol builds from it too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use compatrix_model::hash::Sha256;
use compatrix_model::lockset::index;
#[cfg(doc)]
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::lockset::old_cargo;
use compatrix_model::lockset::patch::Patched;
use compatrix_model::lockset::used::Used;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::sys::files;
use crate::sys::host::Host;

/// What is served for a lockset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServedLockset {
    /// Hash of all that it was made from.
    pub inputs: Sha256,
    /// When, in seconds since the Unix epoch.
    pub made: i64,
    /// Hash of the versions in it.
    pub sha256: Sha256,
    /// Why cargo does not take the stage, if it does not.
    pub refused: Option<String>,
    /// What its stages are made of.
    pub pruned: Pruned,
}

/// What a stage is made of, beside the user's tree and the registry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Pruned {
    /// The `rust-version` of the staged packages under test; `None` keeps theirs.
    pub rust: Option<Version>,
    /// What is on in each member, if a lockset is only for that; see [`Edit::used`].
    pub used: Option<BTreeMap<String, Used>>,
    /// Whether no tests are built, so that dev-dependencies are not there.
    pub without_dev: bool,
    /// The platforms of the local packages' manifests that are left out.
    pub without_targets: Vec<String>,
    /// The packages that patches may have put there.
    pub patched: Vec<Patched>,
    /// The lockfile.
    pub lock: String,
    /// The lockfile without packages that only dev-dependencies use.
    pub lock_without_dev: String,
    /// Whether every package that is not in the workspace is served from disk; else some come from elsewhere (git).
    pub all: bool,
}

impl ServedLockset {
    /// The packages served in this stage's folder.
    ///
    /// # Errors
    /// Nothing is, or its file cannot be read.
    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let path = dir.join("served.json");
        let text = files::read_text(&path)?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} cannot be read; remove its folder and run again", path.display()))
    }

    /// Writes it, last of all: who finds it finds the rest.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        files::write(&dir.join("served.json"), serde_json::to_string_pretty(self)?.as_bytes())
    }
}

/// A .crate file to serve.
#[derive(Debug, Clone)]
pub(crate) struct Crate {
    /// Its index entry.
    pub entry: index::Served,
    /// The file, in cargo's own cache; `None` for one that is only looked up.
    pub file: Option<PathBuf>,
}

/// Writes the registry into `registry` below this folder, replacing an existing one.
///
/// # Errors
/// A .crate file is not there or is not the one of the lockfile; a file cannot be written.
pub(crate) fn write(host: &Host, dir: &Path, crates: &[Crate]) -> Result<()> {
    let building = dir.join(".building-registry");
    files::remove_dir(&building)?;
    files::make_dir(&building.join("index"))?;
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Crate { entry, file } in crates {
        let name = format!("{}-{}.crate", entry.name, entry.version);
        if let Some(file) = file {
            let found = files::sha256(file, &host.memo)
                .with_context(|| format!("cargo has fetched {name}, but it is not in cargo's folder"))?;
            anyhow::ensure!(
                found.to_string() == entry.checksum,
                "{} has the hash {found}, but the lockfile says {}; remove it and run again",
                file.display(),
                entry.checksum
            );
            files::hard_link(file, &building.join(name))?;
        }
        lines.entry(index::path(&entry.name)).or_default().push(index::line(entry));
    }
    for (path, lines) in lines {
        files::write(&building.join("index").join(path), (lines.join("\n") + "\n").as_bytes())?;
    }
    let registry = dir.join("registry");
    files::remove_dir(&registry)?;
    files::rename(&building, &registry)
}

/// The cargo configuration of a stage that is served from this folder, with more of it. Where some packages come from
/// elsewhere, cargo may need the network for them.
pub(super) fn config(dir: &Path, all: bool, more: toml::Table) -> String {
    let mut registry = toml::Table::new();
    registry.insert("local-registry".into(), dir.join("registry").to_string_lossy().into_owned().into());
    let mut source = toml::Table::new();
    source.insert("crates-io".into(), toml::Table::from_iter([("replace-with".to_owned(), "compatrix".into())]).into());
    source.insert("compatrix".into(), registry.into());
    let mut config = toml::Table::from_iter([("source".to_owned(), source.into())]);
    if all {
        config.insert("net".into(), toml::Table::from_iter([("offline".to_owned(), true.into())]).into());
    }
    old_cargo::merged(config, more).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_toml_whatever_the_path() {
        let text = config(Path::new("/a b/\"é\"\\x"), true, toml::Table::new());
        let table: toml::Table = text.parse().unwrap();
        let registry = Path::new("/a b/\"é\"\\x").join("registry");
        assert_eq!(table["source"]["compatrix"]["local-registry"].as_str(), registry.to_str());
        assert_eq!(table["source"]["crates-io"]["replace-with"].as_str(), Some("compatrix"));
        assert_eq!(table["net"]["offline"].as_bool(), Some(true));
        assert!(!config(Path::new("/a"), false, toml::Table::new()).contains("offline"));
    }
}
