//! Cargo's own configuration files, as they apply to a workspace.

use std::path::{Path, PathBuf};

use compatrix_model::lockset::{old_cargo, patch};
use toml::Table;

use crate::sys::environment::Ambient;
use crate::sys::files;

/// A configuration file.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// The configuration files for a cargo that is started in this folder, the nearest first (Cargo reference,
/// "Hierarchical structure"). Files that cannot be read are left out; cargo says so itself.
pub(crate) fn files(ambient: &Ambient, dir: &Path) -> Vec<ConfigFile> {
    let home = ambient.rust_homes().into_iter().find_map(|(name, home)| (name == "CARGO_HOME").then_some(home));
    let mut folders: Vec<PathBuf> = dir.ancestors().map(|dir| dir.join(".cargo")).collect();
    folders.extend(home.filter(|home| !folders.contains(home)));
    let one = |folder: PathBuf| {
        // Of two, cargo takes the one with the older name.
        let mut paths = ["config", "config.toml"].map(|name| folder.join(name)).into_iter();
        paths.find_map(|path| files::read_text(&path).ok().map(|text| ConfigFile { path, text }))
    };
    folders.into_iter().filter_map(one).collect()
}

/// The same with the files that they name under `include` (cargo's reference, "Including extra configuration files").
pub(crate) fn with_included(files: Vec<ConfigFile>) -> Vec<ConfigFile> {
    let mut all: Vec<ConfigFile> = Vec::new();
    let mut todo: Vec<ConfigFile> = files.into_iter().rev().collect();
    while let Some(file) = todo.pop() {
        if all.iter().any(|known| known.path == file.path) {
            continue;
        }
        let table: Table = file.text.parse().unwrap_or_default();
        let dir = file.path.parent().unwrap_or(Path::new("/"));
        let read = |path: &str| {
            let path = plain(&dir.join(path));
            files::read_text(&path).ok().map(|text| ConfigFile { path, text })
        };
        todo.extend(included(&table).into_iter().filter_map(read));
        all.push(file);
    }
    all
}

/// `include = "a.toml"`, or a list of paths or of tables with a `path`.
fn included(table: &Table) -> Vec<&str> {
    fn path(value: &toml::Value) -> Option<&str> {
        value.as_str().or_else(|| value.get("path")?.as_str())
    }
    match table.get("include") {
        Some(toml::Value::Array(all)) => all.iter().filter_map(path).collect(),
        one => one.and_then(path).into_iter().collect(),
    }
}

/// All of it merged, as cargo does, with the paths of patches made absolute.
pub(crate) fn merged(ambient: &Ambient, dir: &Path) -> Table {
    let parsed = files(ambient, dir).into_iter().filter_map(|ConfigFile { path, text }| {
        let mut table: Table = text.parse().ok()?;
        let origin = path.parent()?.parent()?;
        patch::with_paths(&mut table, &|path| Some(plain(&origin.join(path)).to_string_lossy().into_owned()));
        Some(table)
    });
    parsed.fold(Table::new(), old_cargo::merged)
}

/// The path without `.` and `..`.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_comes_first_and_the_older_name_wins() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        for (path, text) in [
            ("home/config.toml", "[build]\njobs = 1\n[net]\nretry = 1\n"),
            ("a/.cargo/config.toml", "[build]\njobs = \"default\"\n[patch.crates-io]\nx = { path = \"../x\" }\n"),
            ("a/b/.cargo/config", "[term]\nquiet = true\n"),
            ("a/b/.cargo/config.toml", "[build]\njobs = 7\n"),
        ] {
            files::write(&dir.join(path), text.as_bytes()).unwrap();
        }
        let ambient = Ambient::of([("CARGO_HOME", dir.join("home").to_str().unwrap())]);
        let merged = merged(&ambient, &dir.join("a/b"));
        assert_eq!(merged["build"]["jobs"].as_str(), Some("default"));
        assert_eq!(merged["net"]["retry"].as_integer(), Some(1));
        assert_eq!(merged["term"]["quiet"].as_bool(), Some(true));
        assert_eq!(merged["patch"]["crates-io"]["x"]["path"].as_str(), dir.join("x").to_str());
    }

    #[test]
    fn included_files_count_too_and_none_twice() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        for (path, text) in [
            (
                "a/.cargo/config.toml",
                "include = [\"x.toml\", { path = \"../y.toml\", optional = true }, \"none.toml\"]\n",
            ),
            ("a/.cargo/x.toml", "include = \"config.toml\"\n"),
            ("a/y.toml", "[build]\n"),
        ] {
            files::write(&dir.join(path), text.as_bytes()).unwrap();
        }
        let home = dir.join("home");
        let ambient = Ambient::of([("CARGO_HOME", home.to_str().unwrap())]);
        let found = with_included(files(&ambient, &dir.join("a")));
        let below = |file: &ConfigFile| file.path.strip_prefix(dir).map(crate::sys::files::slashed);
        let found: Vec<String> = found.iter().filter_map(|file| below(file).ok()).collect();
        assert_eq!(found, ["a/.cargo/config.toml", "a/y.toml", "a/.cargo/x.toml"]);
    }
}
