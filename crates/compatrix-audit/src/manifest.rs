//! Reads the parts of manifests and lockfiles that lints need, with line numbers.
//!
//! `cargo metadata` gives no line numbers, and nothing at all if one member is broken. Pure: the engine reads the files.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};
use toml::Spanned;

/// A value and its 1-based line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value as written.
    pub value: T,
    /// 1-based line in the file.
    pub line: usize,
}

/// A key of a package: set directly, or inherited from `[workspace.package]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// `key = "value"`.
    Own(Located<String>),
    /// `key.workspace = true`, on this line.
    Inherited(usize),
}

/// A parsed `Cargo.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Path relative to the workspace root.
    pub file: String,
    /// The full text, for quoting lines.
    pub text: String,
    /// `[package]`; `None` for a virtual manifest.
    pub package: Option<PackageTable>,
    /// `[workspace]`; `None` for a plain member.
    pub workspace: Option<WorkspaceTable>,
    /// Dependencies that have a path, or may inherit one from `[workspace.dependencies]`.
    pub local: Vec<LocalDependency>,
}

/// The keys of `[package]` that lints read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageTable {
    /// The name, and the line of `[package]`'s `name`.
    pub name: Located<String>,
    /// `edition`; `None` means 2015.
    pub edition: Option<Field>,
    /// `rust-version`, the package's promise.
    pub rust_version: Option<Field>,
    /// `resolver`, which has an effect only in the root manifest.
    pub resolver: Option<Located<String>>,
}

/// The keys of `[workspace]` that lints read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkspaceTable {
    /// `members`, including globs.
    pub members: Vec<String>,
    /// `exclude`, relative paths.
    pub exclude: Vec<String>,
    /// `resolver`, for all members.
    pub resolver: Option<Located<String>>,
    /// `edition` of `[workspace.package]`.
    pub edition: Option<Located<String>>,
    /// `rust-version` of `[workspace.package]`.
    pub rust_version: Option<Located<String>>,
    /// The paths in `[workspace.dependencies]` by key.
    pub paths: BTreeMap<String, String>,
}

/// A dependency that may be a path dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDependency {
    /// Its key in the table.
    pub name: String,
    /// Its path relative to the manifest; `None` if inherited from the workspace.
    pub path: Option<String>,
    /// Whether it is a dev-dependency.
    pub dev: bool,
    /// Whether it is of a `[target]`.
    pub some_targets: bool,
    /// Whether builds with default features leave it out.
    pub optional: bool,
    /// 1-based line in the manifest.
    pub line: usize,
}

/// Parses the text of a `Cargo.toml`.
///
/// # Errors
/// The text is not valid TOML; the message starts with file and line.
pub fn read(file: &str, text: &str) -> Result<Manifest, String> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        format!("{file}:{line}: {}", error.message())
    })?;
    let at = At { text };
    let root = table.get_ref();
    let package = root.get("package").and_then(|package| at.package(package.get_ref()));
    let workspace = root.get("workspace").map(|workspace| at.workspace(workspace.get_ref()));
    let mut local = Vec::new();
    let on = by_default(root);
    at.dependencies(root, false, &on, &mut local);
    // `[target.'cfg(unix)'.dependencies]` and the like.
    for (_, target) in tables(root.get("target")) {
        at.dependencies(target, true, &on, &mut local);
    }
    Ok(Manifest { file: file.to_owned(), text: text.to_owned(), package, workspace, local })
}

impl Manifest {
    /// The package's `rust-version`, resolved through the workspace root if inherited.
    pub fn rust_version(&self, root: Option<&WorkspaceTable>) -> Option<Located<String>> {
        resolve(self.package.as_ref()?.rust_version.as_ref()?, root.and_then(|root| root.rust_version.as_ref()))
    }

    /// The package's edition; 2015 if it names none.
    pub fn edition(&self, root: Option<&WorkspaceTable>) -> Option<Located<String>> {
        let package = self.package.as_ref()?;
        let Some(edition) = &package.edition else {
            return Some(Located { value: "2015".to_owned(), line: package.name.line });
        };
        resolve(edition, root.and_then(|root| root.edition.as_ref()))
    }

    /// The manifest's folder relative to the workspace root; empty for the root itself.
    pub fn folder(&self) -> &str {
        self.file.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The folder of a dependency relative to the workspace root; `None` if it is not a path dependency.
    pub fn folder_of(&self, dependency: &LocalDependency, root: Option<&WorkspaceTable>) -> Option<String> {
        match &dependency.path {
            Some(path) => Some(join(self.folder(), path)),
            None => root?.paths.get(&dependency.name).map(|path| join("", path)),
        }
    }

    /// A line of the text by its 1-based number; empty if there is no such line.
    pub fn line(&self, line: usize) -> &str {
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default()
    }
}

/// A field's value, with the line in the package's manifest.
fn resolve(field: &Field, inherited: Option<&Located<String>>) -> Option<Located<String>> {
    match field {
        Field::Own(own) => Some(own.clone()),
        Field::Inherited(line) => Some(Located { value: inherited?.value.clone(), line: *line }),
    }
}

/// The format of a lockfile and its line. Formats 1 and 2 have no such line and count as 2 on line 1.
///
/// # Errors
/// The text is not a lockfile; the message starts with file and line.
pub fn lock_format(file: &str, text: &str) -> Result<Located<i64>, String> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        format!("{file}:{line}: {}", error.message())
    })?;
    let Some(version) = table.get_ref().get("version") else { return Ok(Located { value: 2, line: 1 }) };
    let value = match version.get_ref() {
        DeValue::Integer(number) => number.as_str().parse().ok(),
        _ => None,
    };
    let line = line_of(text, version.span().start);
    value.map(|value| Located { value, line }).ok_or_else(|| format!("{file}:{line}: `version` is not a number"))
}

/// Joins a folder and a relative path, resolving `..` lexically.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let absolute = if path.starts_with('/') { "/" } else { "" };
    format!("{absolute}{}", parts.join("/"))
}

/// The 1-based line of a key in a TOML text, and its value if that is a string.
pub fn key(text: &str, keys: &[&str]) -> Option<(usize, Option<String>)> {
    let root = DeTable::parse(text).ok()?;
    let mut table = root.get_ref();
    let (last, above) = keys.split_last()?;
    for key in above {
        table = match table.iter().find(|(name, _)| name.get_ref() == key)?.1.get_ref() {
            DeValue::Table(inner) => inner,
            _ => return None,
        };
    }
    let (key, value) = table.iter().find(|(name, _)| name.get_ref() == last)?;
    let value = match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    Some((line_of(text, key.span().start), value))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
}

/// The features that are on by default, and the optional dependencies that they switch on.
fn by_default(root: &DeTable<'_>) -> BTreeSet<String> {
    let features = root.get("features").and_then(|features| features.get_ref().as_table());
    let mut found = BTreeSet::new();
    let mut todo = vec!["default".to_owned()];
    while let Some(name) = todo.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        let list = features.and_then(|features| features.get(name.as_str())?.get_ref().as_array());
        for item in list.into_iter().flatten().filter_map(|item| item.get_ref().as_str()) {
            // `dep:a`, `a`, `a/b` switch `a` on; `a?/b` does not.
            let name = item.strip_prefix("dep:").unwrap_or(item).split('/').next().unwrap_or_default();
            if !name.ends_with('?') {
                todo.push(name.to_owned());
            }
        }
    }
    found
}

/// The sub-tables of a table.
fn tables<'a, 'i>(value: Option<&'a Spanned<DeValue<'i>>>) -> Vec<(&'a str, &'a DeTable<'i>)> {
    let Some(table) = value.and_then(|value| value.get_ref().as_table()) else { return Vec::new() };
    table.iter().filter_map(|(key, value)| Some((key.get_ref().as_ref(), value.get_ref().as_table()?))).collect()
}

/// Converts byte offsets to line numbers.
struct At<'t> {
    text: &'t str,
}

impl At<'_> {
    fn text(&self, value: Option<&Spanned<DeValue<'_>>>) -> Option<Located<String>> {
        let value = value?;
        let text = value.get_ref().as_str()?;
        Some(Located { value: text.to_owned(), line: line_of(self.text, value.span().start) })
    }

    fn field(&self, table: &DeTable<'_>, key: &str) -> Option<Field> {
        let value = table.get(key)?;
        if let Some(text) = self.text(Some(value)) {
            return Some(Field::Own(text));
        }
        let inherits = value.get_ref().as_table()?.get("workspace")?;
        let line = line_of(self.text, inherits.span().start);
        (inherits.get_ref().as_bool() == Some(true)).then_some(Field::Inherited(line))
    }

    fn package(&self, package: &DeValue<'_>) -> Option<PackageTable> {
        let table = package.as_table()?;
        Some(PackageTable {
            name: self.text(table.get("name"))?,
            edition: self.field(table, "edition"),
            rust_version: self.field(table, "rust-version"),
            resolver: self.text(table.get("resolver")),
        })
    }

    fn workspace(&self, workspace: &DeValue<'_>) -> WorkspaceTable {
        let Some(table) = workspace.as_table() else { return WorkspaceTable::default() };
        let package = table.get("package").and_then(|package| package.get_ref().as_table());
        let of_package = |key: &str| self.text(package.and_then(|package| package.get(key)));
        let list = |key: &str| {
            let items = table.get(key).and_then(|value| value.get_ref().as_array());
            items.into_iter().flatten().filter_map(|item| Some(item.get_ref().as_str()?.to_owned())).collect()
        };
        let paths = tables(table.get("dependencies")).into_iter();
        WorkspaceTable {
            members: list("members"),
            exclude: list("exclude"),
            resolver: self.text(table.get("resolver")),
            edition: of_package("edition"),
            rust_version: of_package("rust-version"),
            paths: paths
                .filter_map(|(name, table)| Some((name.to_owned(), self.text(table.get("path"))?.value)))
                .collect(),
        }
    }

    fn dependencies(
        &self,
        of: &DeTable<'_>,
        some_targets: bool,
        on: &BTreeSet<String>,
        found: &mut Vec<LocalDependency>,
    ) {
        for (section, dev) in [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)] {
            let Some(section) = of.get(section).and_then(|section| section.get_ref().as_table()) else { continue };
            for (key, value) in section {
                let Some(table) = value.get_ref().as_table() else { continue };
                let path = self.text(table.get("path")).map(|path| path.value);
                let inherits = table.get("workspace").is_some_and(|flag| flag.get_ref().as_bool() == Some(true));
                if path.is_some() || inherits {
                    let name = key.get_ref().to_string();
                    let optional = table.get("optional").is_some_and(|flag| flag.get_ref().as_bool() == Some(true));
                    let optional = optional && !on.contains(&name);
                    let line = line_of(self.text, key.span().start);
                    found.push(LocalDependency { name, path, dev, some_targets, optional, line });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"[workspace]
members = ["crates/*"]
resolver = "3"

[workspace.package]
rust-version = "1.70"
edition = "2021"

[workspace.dependencies]
a = { path = "crates/a" }
b = "1"

[package]
name = "made"
rust-version.workspace = true
edition = { workspace = true }

[dependencies]
a.workspace = true
b = { workspace = true }
serde = "1"

[target.'cfg(unix)'.dev-dependencies.c]
path = "../c"
"#;

    #[test]
    fn a_manifest_is_read_with_its_lines() {
        let manifest = read("Cargo.toml", MANIFEST).unwrap();
        let root = manifest.workspace.clone().unwrap();
        let located = |value: &str, line| Located { value: value.to_owned(), line };
        assert_eq!(root.resolver, Some(located("3", 3)));
        assert_eq!(root.rust_version, Some(located("1.70", 6)));
        assert_eq!(root.paths, BTreeMap::from([("a".to_owned(), "crates/a".to_owned())]));
        assert_eq!(manifest.rust_version(Some(&root)), Some(located("1.70", 15)));
        assert_eq!(manifest.edition(Some(&root)), Some(located("2021", 16)));
        assert_eq!(manifest.rust_version(None), None);
        let local: Vec<_> =
            manifest.local.iter().map(|d| (d.name.as_str(), d.path.as_deref(), d.dev, d.line)).collect();
        assert_eq!(local, [("a", None, false, 19), ("b", None, false, 20), ("c", Some("../c"), true, 23)]);
        assert_eq!(manifest.line(15), "rust-version.workspace = true");
        let folders: Vec<_> = manifest.local.iter().map(|d| manifest.folder_of(d, Some(&root))).collect();
        assert_eq!(folders, [Some("crates/a".to_owned()), None, Some("../c".to_owned())]);
        let nested = Manifest { file: "crates/x/Cargo.toml".to_owned(), ..manifest.clone() };
        assert_eq!(nested.folder_of(&nested.local[2], None).as_deref(), Some("crates/c"));
    }

    #[test]
    fn what_is_no_manifest_is_told_with_its_line() {
        assert!(read("a/Cargo.toml", "[package]\nname = \n").unwrap_err().starts_with("a/Cargo.toml:2: "));
        // Valid TOML with unexpected types: nothing is found, nothing panics.
        for odd in ["package = 1\nworkspace = []\ntarget = 2\ndependencies = 3\n", "", "[package]\nname = 5\n"] {
            assert_eq!(read("Cargo.toml", odd).unwrap().package, None, "{odd}");
        }
    }

    #[test]
    fn the_format_of_a_lockfile() {
        let format = |text| lock_format("Cargo.lock", text);
        assert_eq!(format("# x\nversion = 4\n"), Ok(Located { value: 4, line: 2 }));
        assert_eq!(format("[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"), Ok(Located { value: 2, line: 1 }));
        assert!(format("version = \"x\"").unwrap_err().starts_with("Cargo.lock:1: "));
        assert!(format("<<<<<<< HEAD\n").unwrap_err().starts_with("Cargo.lock:1: "));
    }
}
