//! A package's manifest as it would be without its workspace: what it inherits is written out.
//!
//! Rules: Cargo reference, "Workspaces", the `package` and `dependencies` tables, and "Inheriting a dependency from a
//! workspace".

use toml::{Table, Value};

/// The tables of dependencies, with the spellings that old manifests use.
pub(super) const DEPENDENCIES: [&str; 5] =
    ["dependencies", "build-dependencies", "dev-dependencies", "build_dependencies", "dev_dependencies"];

/// The manifest of a package that stands alone. `root` is its workspace's root manifest, which may be the same; `to_root`
/// leads from its folder to the root's.
pub fn standing_alone(manifest: &Table, root: &Table, to_root: &str) -> Table {
    let inherited = |table: &str, key: &str| root.get("workspace")?.get(table)?.get(key).cloned();
    let mut alone = manifest.clone();
    for table in ["workspace", "profile", "patch", "replace"] {
        alone.remove(table);
    }
    if let Some(Value::Table(package)) = alone.get_mut("package") {
        package.remove("workspace");
        for (key, value) in package.iter_mut().filter(|(_, value)| is_inherited(value)) {
            let Some(mut found) = inherited("package", key) else { continue };
            if let ("readme" | "license-file", Value::String(path)) = (key.as_str(), &mut found) {
                *path = below(to_root, path);
            }
            *value = found;
        }
    }
    if alone.get("lints").is_some_and(is_inherited) {
        match root.get("workspace").and_then(|workspace| workspace.get("lints")) {
            Some(lints) => alone.insert("lints".to_owned(), lints.clone()),
            None => alone.remove("lints"),
        };
    }
    for_each_dependency(&mut alone, &mut |_, key, value| {
        if is_inherited(value) {
            if let Some(found) = inherited("dependencies", key) {
                *value = dependency(found, value, to_root);
            }
        }
    });
    alone
}

/// Calls with each dependency of a manifest: its table's name, its key, its value.
pub(super) fn for_each_dependency(manifest: &mut Table, act: &mut dyn FnMut(&str, &str, &mut Value)) {
    let mut one = |table: &mut Table| {
        for kind in DEPENDENCIES {
            if let Some(Value::Table(dependencies)) = table.get_mut(kind) {
                for (key, value) in dependencies.iter_mut() {
                    act(kind, key, value);
                }
            }
        }
    };
    one(manifest);
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, table) in targets.iter_mut() {
            if let Value::Table(table) = table {
                one(table);
            }
        }
    }
}

pub(super) fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// The workspace's dependency with what the member adds.
fn dependency(found: Value, own: &Value, to_root: &str) -> Value {
    let mut found = match found {
        Value::Table(table) => table,
        other => Table::from_iter([("version".to_owned(), other)]),
    };
    if let Some(Value::String(path)) = found.get_mut("path") {
        *path = below(to_root, path);
    }
    let defaults = |value: &Value| value.get("default-features").or(value.get("default_features"))?.as_bool();
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    if let Value::Table(own_table) = own {
        let mut features = list(found.get("features"));
        for feature in list(own_table.get("features")) {
            if !features.contains(&feature) {
                features.push(feature);
            }
        }
        if !features.is_empty() {
            found.insert("features".to_owned(), Value::Array(features));
        }
        for (key, value) in own_table {
            if !["workspace", "features", "default-features", "default_features"].contains(&key.as_str()) {
                found.insert(key.clone(), value.clone());
            }
        }
    }
    // Only a workspace can switch them off, and a member can only switch them on again.
    if defaults(&Value::Table(found.clone())) == Some(false) && defaults(own) == Some(true) {
        found.remove("default_features");
        found.insert("default-features".to_owned(), Value::Boolean(true));
    }
    Value::Table(found)
}

fn below(dir: &str, path: &str) -> String {
    match dir.is_empty() || path.starts_with('/') {
        true => path.to_owned(),
        false => format!("{dir}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inherited_is_written_out() {
        let root: Table = r#"
[workspace.package]
version = "1.2.3"
edition = "2021"
readme = "README.md"
[workspace.lints.rust]
unsafe_code = "forbid"
[workspace.dependencies]
plain = "1"
some = { version = "2", default-features = false, features = ["a"] }
local = { path = "local" }
[profile.dev]
debug = 0
"#
        .parse()
        .unwrap();
        let member: Table = r#"
[package]
name = "m"
version.workspace = true
edition = { workspace = true }
readme.workspace = true
workspace = ".."
[lints]
workspace = true
[features]
f = ["plain"]
[dependencies]
plain = { workspace = true, optional = true }
local.workspace = true
[target.'cfg(unix)'.dev-dependencies]
some = { workspace = true, features = ["b", "a"], default-features = true }
"#
        .parse()
        .unwrap();
        let alone: Table = r#"
[package]
name = "m"
version = "1.2.3"
edition = "2021"
readme = "../README.md"
[lints.rust]
unsafe_code = "forbid"
[features]
f = ["plain"]
[dependencies]
plain = { version = "1", optional = true }
local = { path = "../local" }
[target.'cfg(unix)'.dev-dependencies]
some = { version = "2", default-features = true, features = ["a", "b"] }
"#
        .parse()
        .unwrap();
        assert_eq!(standing_alone(&member, &root, ".."), alone);
    }

    #[test]
    fn a_root_loses_what_only_a_root_has() {
        let root: Table = "[package]\nname = \"r\"\n[workspace]\nmembers = [\"m\"]\n[profile.dev]\ndebug = 0\n\
                           [patch.crates-io]\na = { path = \"a\" }\n[replace]\n"
            .parse()
            .unwrap();
        let alone = standing_alone(&root, &root, "");
        assert_eq!(alone.keys().collect::<Vec<_>>(), ["package"]);
    }
}
