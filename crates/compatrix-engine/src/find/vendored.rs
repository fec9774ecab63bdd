//! Dependencies from a folder: `[source]` tables that put a directory in the place of a registry, and `paths` overrides. cargo
//! checks no more of them than their own list of checksums.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compatrix_model::lockset::file::Locked;
use toml::{Table, Value};

use crate::find::cargo_config::{self, plain};
use crate::sys::files;
use crate::sys::host::Host;

/// The folders of these packages, as configuration files in this folder and below it say. Those of the user and of the
/// machine do not count: there a folder stands for the same packages as the registry.
pub(super) fn folders<'p>(host: &Host, top: &Path, packages: impl Iterator<Item = &'p Locked>) -> BTreeSet<PathBuf> {
    let configs = cargo_config::files(&host.ambient, &host.root).into_iter().filter(|file| file.path.starts_with(top));
    let mut found = BTreeSet::new();
    let mut directories: BTreeSet<PathBuf> = BTreeSet::new();
    for config in configs {
        let (Ok(table), Some(origin)) = (config.text.parse::<Table>(), config.path.parent().and_then(Path::parent))
        else {
            continue;
        };
        let sources = table.get("source").and_then(Value::as_table).into_iter().flatten();
        let named = sources.filter_map(|(_, source)| source.get("directory")?.as_str());
        directories.extend(named.map(|path| plain(&origin.join(path))));
        let overrides = table.get("paths").and_then(Value::as_array).into_iter().flatten();
        found.extend(overrides.filter_map(Value::as_str).map(|path| plain(&origin.join(path))));
    }
    if directories.is_empty() {
        return found;
    }
    let listed: Vec<PathBuf> =
        directories.iter().flat_map(|dir| files::list(dir).unwrap_or_default()).filter(|dir| dir.is_dir()).collect();
    for package in packages.filter(|package| package.source.is_some()) {
        // `cargo vendor` names a folder so; cargo itself reads all.
        let likely =
            |dir: &&PathBuf| dir.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&package.name));
        let (likely, others): (Vec<&PathBuf>, Vec<&PathBuf>) = listed.iter().partition(likely);
        let all = likely.into_iter().chain(others);
        found.extend(all.into_iter().find(|dir| is_of(dir, package)).cloned());
    }
    found
}

/// Whether the manifest in this folder is that of this package.
fn is_of(dir: &Path, package: &Locked) -> bool {
    let Ok(text) = files::read_text(&dir.join("Cargo.toml")) else { return false };
    // The name stands in it, whatever else does: cheaper than to parse every manifest.
    if !text.contains(&package.name) || !text.contains(&package.version) {
        return false;
    }
    let manifest: Table = text.parse().unwrap_or_default();
    let of_package = |key: &str| manifest.get("package")?.get(key)?.as_str();
    of_package("name") == Some(package.name.as_str()) && of_package("version") == Some(package.version.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_the_repository_that_stands_for_a_registry_has_sources() {
        let dir = tempfile::tempdir().unwrap();
        let root = crate::sys::files::real(dir.path()).unwrap();
        let config = "[source.crates-io]\nreplace-with = \"own\"\n[source.own]\ndirectory = \"../third\"\n";
        files::write(&root.join("r/ws/.cargo/config.toml"), config.as_bytes()).unwrap();
        for (folder, name, version) in
            [("a", "a", "1.0.0"), ("a-2.0.0", "a", "2.0.0"), ("else", "b", "1.0.0"), ("c", "c", "1.0.0")]
        {
            let text = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n");
            files::write(&root.join("r/third").join(folder).join("Cargo.toml"), text.as_bytes()).unwrap();
        }
        let locked = |name: &str, version: &str| Locked {
            name: name.to_owned(),
            version: version.to_owned(),
            source: Some("registry+x".to_owned()),
            checksum: None,
            dependencies: Vec::new(),
            replace: None,
        };
        let host = Host::for_test(&root.join("r/ws"));
        let packages = [locked("a", "2.0.0"), locked("b", "1.0.0")];
        let found = folders(&host, &root.join("r"), packages.iter());
        let expected = ["a-2.0.0", "else"].map(|name| root.join("r/third").join(name));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(folders(&host, &root.join("elsewhere"), packages.iter()), BTreeSet::new());
    }
}
