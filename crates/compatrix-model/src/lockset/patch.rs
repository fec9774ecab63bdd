//! `[patch]`, `[replace]` and the paths that a manifest names.

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::inherit::for_each_dependency;

/// A package that may come of a `[patch]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patched {
    /// The package's name.
    pub name: String,
    /// Its source as in the lockfile; `None` for a path.
    pub source: Option<String>,
}

/// Keeps the entries of `[patch]` that these packages come of.
pub(super) fn keep(manifest: &mut Table, patched: &[Patched]) {
    let Some(Value::Table(patches)) = manifest.get_mut("patch") else { return };
    for (_, table) in patches.iter_mut() {
        if let Value::Table(table) = table {
            table.retain(|key, value| is_patched(key, value, patched));
        }
    }
    patches.retain(|_, table| table.as_table().is_none_or(|table| !table.is_empty()));
}

/// Whether a `[patch]` entry is used: one of these packages is from where it leads. cargo reads the manifests of all
/// entries, and of those that are not used an old one may refuse some.
fn is_patched(key: &str, value: &Value, patched: &[Patched]) -> bool {
    let name = value.get("package").and_then(Value::as_str).unwrap_or(key);
    patched.iter().filter(|one| one.name == name).any(|one| match &one.source {
        None => value.get("path").is_some(),
        Some(source) if source.starts_with("git+") => value.get("git").is_some(),
        Some(_) => value.get("path").is_none() && value.get("git").is_none(),
    })
}

/// Rewrites the paths that a manifest names: of dependencies, patches and its workspace's root.
pub fn with_paths(manifest: &mut Table, rewrite: &dyn Fn(&str) -> Option<String>) {
    let one = |value: &mut Value| {
        if let Some(Value::String(path)) = value.get_mut("path") {
            *path = rewrite(path).unwrap_or_else(|| path.clone());
        }
    };
    for_each_dependency(manifest, &mut |_, _, value| one(value));
    let all = |table: Option<&mut Value>| {
        table.and_then(Value::as_table_mut).into_iter().flatten().for_each(|(_, value)| one(value));
    };
    all(manifest.get_mut("workspace").and_then(|workspace| workspace.get_mut("dependencies")));
    all(manifest.get_mut("replace"));
    for (_, table) in manifest.get_mut("patch").and_then(Value::as_table_mut).into_iter().flatten() {
        all(Some(table));
    }
    if let Some(Value::String(path)) = manifest.get_mut("package").and_then(|package| package.get_mut("workspace")) {
        *path = rewrite(path).unwrap_or_else(|| path.clone());
    }
}

/// The paths of the dependencies that a manifest has for its users, and for their builds.
pub fn dependency_paths(manifest: &Table) -> Vec<String> {
    let mut paths = Vec::new();
    for_each_dependency(&mut manifest.clone(), &mut |_, _, value| {
        paths.extend(value.get("path").and_then(Value::as_str).map(str::to_owned));
    });
    paths
}

/// The paths of `[patch]` and `[replace]`, with the packages' names.
pub fn patched_paths(manifest: &Table) -> Vec<(String, String)> {
    let patches = manifest.get("patch").and_then(Value::as_table).into_iter().flatten();
    let tables = patches.map(|(_, table)| table).chain(manifest.get("replace")).filter_map(Value::as_table);
    let one = |(key, value): (&String, &Value)| {
        let path = value.get("path")?.as_str()?.to_owned();
        // `[replace]` names a package with its version: `a:1.0.0`, `a@1.0.0` or a URL that ends so.
        let plain = key.rsplit('#').next().unwrap_or(key).split([':', '@']).next().unwrap_or(key);
        Some((value.get("package").and_then(Value::as_str).unwrap_or(plain).to_owned(), path))
    };
    tables.flatten().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = r#"
[workspace.dependencies]
w = { path = "/w/w" }
[dependencies]
d = { path = "/w/d" }
[patch.crates-io]
a = { path = "/w/a" }
renamed = { package = "b", path = "../b" }
c = { git = "https://example.com/c" }
[patch."https://example.com/e"]
e = { path = "e" }
[replace]
"f:1.0.0" = { path = "f" }
"https://example.com/i#g@1.0.0" = { path = "g" }
"#;

    #[test]
    fn paths_of_patches_are_found_and_rewritten() {
        let mut root: Table = ROOT.parse().unwrap();
        let found = patched_paths(&root);
        let found: Vec<_> = found.iter().map(|(name, path)| format!("{name} {path}")).collect();
        assert_eq!(found, ["a /w/a", "b ../b", "e e", "f f", "g g"]);
        with_paths(&mut root, &|path| Some(path.strip_prefix("/w/")?.to_owned()));
        assert_eq!(root["workspace"]["dependencies"]["w"]["path"].as_str(), Some("w"));
        assert_eq!(root["dependencies"]["d"]["path"].as_str(), Some("d"));
        assert_eq!(root["patch"]["crates-io"]["a"]["path"].as_str(), Some("a"));
        assert_eq!(root["patch"]["crates-io"]["renamed"]["path"].as_str(), Some("../b"));
    }

    #[test]
    fn patches_that_nothing_comes_of_go() {
        let mut root: Table = ROOT.parse().unwrap();
        let one = |name: &str, source: Option<&str>| Patched { name: name.into(), source: source.map(str::to_owned) };
        let git = "git+https://example.com/c#0123";
        keep(&mut root, &[one("a", Some("registry+x")), one("b", None), one("c", Some(git)), one("e", Some(git))]);
        let left: Vec<&String> = root["patch"]["crates-io"].as_table().unwrap().keys().collect();
        assert_eq!(left, ["c", "renamed"]);
        assert!(root["patch"].get("https://example.com/e").is_none());
    }
}
