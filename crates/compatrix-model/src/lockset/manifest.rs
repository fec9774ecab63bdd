//! Rewrites manifests for a stage, with minimal changes to the user's.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use toml::{Table, Value};

use super::inherit::{for_each_dependency, is_inherited};
use super::left_out::{leave_out, LeftOut};
use super::old_cargo::for_every_cargo;
use super::patch::{self, Patched};
use super::used::Used;
use crate::release;

/// The first Rust of all.
const OLDEST: Version = Version::new(1, 0, 0);

/// The changes to a member's manifest.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// The `rust-version` to set instead of the package's.
    pub rust: Option<Version>,
    /// Whether that is for the packages under test only. The others keep what they demand.
    pub rust_of_tested: bool,
    /// Whether to remove dev-dependencies.
    pub without_dev: bool,
    /// Platforms (`cfg(…)` or triples, as spelled in manifests) whose dependencies are removed.
    pub without_targets: Vec<String>,
    /// Further requirements on direct dependencies, by package name: `<0.40.0`.
    pub limits: BTreeMap<String, Vec<String>>,
    /// Whether a dependency of another platform may switch on a feature here: with cargo's first resolver.
    pub everywhere: bool,
    /// By package, what of it is on: other features are left without effect, other optional dependencies are removed.
    /// Packages that it does not have are left out of the stage. `None` keeps all.
    pub used: Option<BTreeMap<String, Used>>,
    /// The packages that `[patch]` replaces, with the kind of their source; others are left out of it. `None` keeps all.
    pub patched: Option<Vec<Patched>>,
}

/// The member's manifest in the stage.
pub fn member(manifest: &Table, edit: &Edit) -> Table {
    let mut staged = manifest.clone();
    let name = staged.get("package").and_then(|package| package.get("name")).and_then(Value::as_str).map(str::to_owned);
    if let (Some(rust), Some(Value::Table(package))) = (&edit.rust, staged.get_mut("package")) {
        // cargo refuses an edition that needs a newer Rust than the package says.
        let edition = package.get("edition").and_then(Value::as_str).map(cargo_for_edition);
        let rust = edition.as_ref().map_or(rust, |edition| edition.max(rust));
        package.insert("rust-version".to_owned(), Value::String(rust.to_string()));
    }
    for_each_dependency(&mut staged, &mut |_, key, value| limit(key, value, &edit.limits));
    let used = name.zip(edit.used.as_ref()).and_then(|(name, used)| used.get(&name));
    let what = LeftOut { dev: edit.without_dev, targets: &edit.without_targets, used, everywhere: edit.everywhere };
    leave_out(&mut staged, what);
    for_every_cargo(&mut staged, false);
    staged
}

/// Adds requirements to an existing one.
fn limit(key: &str, value: &mut Value, limits: &BTreeMap<String, Vec<String>>) {
    let name = value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned();
    let Some(further) = limits.get(&name) else { return };
    let required = match value {
        Value::String(required) => required,
        Value::Table(table) => match table.get_mut("version") {
            Some(Value::String(required)) => required,
            _ => return,
        },
        _ => return,
    };
    // The comma means "and", except that a lone `*` is not allowed in a list.
    let all = std::iter::once(required.as_str()).chain(further.iter().map(String::as_str));
    *required = all.filter(|text| text.trim() != "*").collect::<Vec<_>>().join(", ");
}

/// Adds the names of the packages that a member's manifest depends on itself; `root` is for what it inherits.
pub fn dependency_names(manifest: &Table, root: &Table, names: &mut BTreeSet<String>) {
    let inherited = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    for_each_dependency(&mut manifest.clone(), &mut |_, key, value| {
        let value = match is_inherited(value) {
            true => inherited.and_then(|all| all.get(key)).unwrap_or(value),
            false => value,
        };
        names.insert(value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned());
    });
}

/// The root manifest in the stage: these members, this resolver, and its package only if it is a member.
pub fn root(
    manifest: &Table,
    members: &[String],
    resolver: &str,
    edit: Option<&Edit>,
    limits: &BTreeMap<String, Vec<String>>,
    patched: Option<&[Patched]>,
) -> Table {
    let mut staged = match edit {
        Some(edit) => member(manifest, edit),
        None => {
            // Keys allowed in a virtual manifest.
            let kept = ["workspace", "profile", "patch", "replace"];
            manifest
                .iter()
                .filter(|(key, _)| kept.contains(&key.as_str()))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        }
    };
    if edit.is_none() {
        for_every_cargo(&mut staged, true);
    }
    if let Some(patched) = patched {
        patch::keep(&mut staged, patched);
    }
    let workspace = staged.entry("workspace").or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(workspace) = workspace {
        workspace.remove("default-members");
        let list = members.iter().map(|member| Value::String(member.clone())).collect();
        workspace.insert("members".to_owned(), Value::Array(list));
        workspace.remove("resolver");
        if let Some(Value::Table(dependencies)) = workspace.get_mut("dependencies") {
            dependencies.iter_mut().for_each(|(key, value)| limit(key, value, limits));
        }
    }
    // What cargo takes anyway stays unsaid, unless it was said: cargos before 1.51 do not know the key.
    let is_implied = said_resolver(manifest).is_none() && self::resolver(&staged) == resolver;
    if let (false, Some(Value::Table(workspace))) = (is_implied, staged.get_mut("workspace")) {
        workspace.insert("resolver".to_owned(), Value::String(resolver.to_owned()));
    }
    staged
}

/// A package that does nothing but require: its manifest. `pins` are requirements by package name; each is a dependency
/// of its own, since a graph may hold several versions of one package.
pub fn pins(name: &str, rust: Option<&Version>, pins: &BTreeMap<String, Vec<String>>) -> String {
    let text = |text: &str| Value::String(text.to_owned());
    let mut package = Table::from_iter([
        ("name".to_owned(), text(name)),
        ("version".to_owned(), text("0.0.0")),
        ("edition".to_owned(), text("2021")),
    ]);
    if let Some(rust) = rust {
        package.insert("rust-version".to_owned(), text(&rust.to_string()));
    }
    let mut dependencies = Table::new();
    for (name, requirement) in pins.iter().flat_map(|(name, list)| list.iter().map(move |req| (name, req))) {
        let dependency = Table::from_iter([
            ("package".to_owned(), text(name)),
            ("version".to_owned(), text(requirement)),
            ("default-features".to_owned(), Value::Boolean(false)),
        ]);
        dependencies.insert(format!("pin-{}", dependencies.len()), Value::Table(dependency));
    }
    let manifest = Table::from_iter([
        ("package".to_owned(), Value::Table(package)),
        ("dependencies".to_owned(), Value::Table(dependencies)),
    ]);
    manifest.to_string()
}

/// The root manifest with one more member.
pub fn with_member(root: &str, member: &str) -> String {
    let mut table: Table = root.parse().unwrap_or_default();
    if let Some(Value::Array(members)) = table.get_mut("workspace").and_then(|w| w.get_mut("members")) {
        members.push(Value::String(member.to_owned()));
    }
    table.to_string()
}

/// The parts of a manifest that determine its dependencies, for hashing.
pub fn requirements(manifest: &Table) -> Table {
    fn only(table: &Table, keys: &[&str]) -> Table {
        table.iter().filter(|(key, _)| keys.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
    }
    const PACKAGE: [&str; 5] = ["name", "version", "rust-version", "links", "edition"];
    let mut kept = only(
        manifest,
        &["dependencies", "build-dependencies", "dev-dependencies", "target", "features", "patch", "replace"],
    );
    if let Some(Value::Table(package)) = manifest.get("package") {
        kept.insert("package".to_owned(), Value::Table(only(package, &PACKAGE)));
    }
    if let Some(Value::Table(workspace)) = manifest.get("workspace") {
        let mut workspace = only(workspace, &["dependencies", "package", "exclude"]);
        if let Some(Value::Table(package)) = workspace.get_mut("package") {
            *package = only(package, &PACKAGE);
        }
        kept.insert("workspace".to_owned(), Value::Table(workspace));
    }
    kept
}

/// The resolver that cargo uses for the workspace of this root manifest: its own words, else what its edition implies
/// (Cargo reference, "Resolver versions"). Resolver 3 differs from 2 only in which versions are chosen, and is not known
/// to cargos before 1.84: with a lockfile, 2 does the same.
pub fn resolver(manifest: &Table) -> &'static str {
    match said_resolver(manifest) {
        Some("1") => "1",
        Some(_) => "2",
        None => match edition(manifest).as_deref() {
            Some("2021" | "2024") => "2",
            _ => "1",
        },
    }
}

/// The resolver that a root manifest names.
fn said_resolver(manifest: &Table) -> Option<&str> {
    let said = |table: &str| manifest.get(table).and_then(|table| table.get("resolver")).and_then(Value::as_str);
    said("workspace").or_else(|| said("package"))
}

/// The edition of the manifest's package, possibly inherited; `None` without a package.
fn edition(manifest: &Table) -> Option<String> {
    let own = manifest.get("package")?.get("edition");
    let inherited = || manifest.get("workspace")?.get("package")?.get("edition");
    let edition = own.and_then(Value::as_str).or_else(|| inherited()?.as_str());
    Some(edition.unwrap_or("2015").to_owned())
}

/// The lowest cargo that can read a manifest of this edition; of one that is not known, the newest that is.
pub fn cargo_for_edition(edition: &str) -> Version {
    release::of_edition(edition).or_else(|| release::of_edition("2024")).unwrap_or(OLDEST)
}

/// The lowest cargo that can read a lockfile of this format; of one that is not known, the newest that is.
pub fn cargo_for_lockfile(format: u32) -> Version {
    release::of_lockfile(i64::from(format)).or_else(|| release::of_lockfile(4)).unwrap_or(OLDEST)
}

/// The lowest cargo that supports the root manifest's resolver.
pub fn cargo_for_resolver(manifest: &Table) -> Version {
    let asked = ["workspace", "package"].iter().filter_map(|table| manifest.get(*table)?.get("resolver")?.as_str());
    asked.max().and_then(release::of_resolver).unwrap_or(OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn a_member_differs_only_in_what_is_asked_for() {
        let manifest = table(
            r#"
[package]
name = "a"
version = "0.1.0"
rust-version.workspace = true
[dependencies]
rusqlite = { version = ">=0.31, <0.42", optional = true }
local = { path = "../local" }
any = "*"
[dev-dependencies]
proptest = "1"
renamed = { package = "rusqlite", version = "0.31" }
[target.'cfg(windows)'.dependencies]
windows-sys = "0.59"
[target.'cfg(unix)'.dev-dependencies]
nix = "0.29"
"#,
        );
        assert_eq!(member(&manifest, &Edit::default()), manifest);
        let limits = BTreeMap::from([
            ("rusqlite".to_owned(), vec!["<0.40.0".to_owned()]),
            ("any".to_owned(), vec!["<2".to_owned()]),
            ("local".to_owned(), vec!["<1".to_owned()]),
        ]);
        let edit = Edit {
            rust: Some(Version::new(1, 63, 0)),
            limits: limits.clone(),
            without_targets: vec!["cfg(windows)".to_owned()],
            ..Edit::default()
        };
        let staged = member(&manifest, &edit);
        assert_eq!(staged["package"]["rust-version"].as_str(), Some("1.63.0"));
        assert_eq!(staged["dependencies"]["rusqlite"]["version"].as_str(), Some(">=0.31, <0.42, <0.40.0"));
        assert_eq!(staged["dependencies"]["any"].as_str(), Some("<2"));
        assert_eq!(staged["dependencies"]["local"], manifest["dependencies"]["local"], "no version, no requirement");
        assert_eq!(staged["dev-dependencies"]["renamed"]["version"].as_str(), Some("0.31, <0.40.0"));
        assert!(staged["target"].get("cfg(windows)").is_none());
        let staged = member(&manifest, &Edit { without_dev: true, ..Edit::default() });
        assert!(staged.get("dev-dependencies").is_none());
        assert!(staged["target"].get("cfg(unix)").is_none());
    }

    #[test]
    fn a_root_that_is_not_under_test_becomes_virtual() {
        let manifest = table(
            r#"
[package]
name = "top"
version = "0.1.0"
edition = "2021"
[dependencies]
x = "1"
[workspace]
members = ["crates/*"]
default-members = ["."]
exclude = ["old"]
[workspace.dependencies]
rusqlite = "0.31"
[profile.dev]
debug = 1
[features]
f = []
"#,
        );
        let limits = BTreeMap::from([("rusqlite".to_owned(), vec!["<0.32".to_owned()])]);
        let staged = root(&manifest, &["crates/a".to_owned()], "2", None, &limits, None);
        let keys: Vec<&str> = staged.keys().map(String::as_str).collect();
        assert_eq!(keys, ["profile", "workspace"]);
        let workspace = &staged["workspace"];
        assert_eq!(workspace["members"], Value::Array(vec!["crates/a".into()]));
        assert_eq!(workspace["exclude"], Value::Array(vec!["old".into()]));
        assert_eq!(workspace["dependencies"]["rusqlite"].as_str(), Some("0.31, <0.32"));
        assert!(workspace.get("default-members").is_none());
        let staged = root(&manifest, &[".".to_owned()], "2", Some(&Edit::default()), &BTreeMap::new(), None);
        assert_eq!(staged["package"], manifest["package"]);
        assert_eq!(staged["features"], manifest["features"]);
    }

    #[test]
    fn a_resolver_that_cargo_takes_anyway_stays_unsaid() {
        let edition =
            |edition: &str| format!("[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"{edition}\"\n");
        let staged = |text: &str, is_package: bool| {
            let manifest = table(text);
            let edit = is_package.then(Edit::default);
            let staged = root(&manifest, &[".".to_owned()], resolver(&manifest), edit.as_ref(), &BTreeMap::new(), None);
            staged["workspace"].get("resolver").and_then(Value::as_str).map(str::to_owned)
        };
        assert_eq!(staged(&edition("2018"), true), None, "Rust 1.48 does not know the key");
        assert_eq!(staged(&edition("2021"), true), None);
        assert_eq!(staged(&edition("2021"), false).as_deref(), Some("2"), "without the package nothing implies it");
        assert_eq!(staged("[workspace]\nmembers = []\n", false), None);
        assert_eq!(staged("[workspace]\nresolver = \"1\"\n", false).as_deref(), Some("1"));
        let both = edition("2021") + "[workspace]\nresolver = \"1\"\n";
        assert_eq!(staged(&both, true).as_deref(), Some("1"));
    }

    #[test]
    fn the_resolver_is_the_one_that_cargo_uses() {
        for (text, expected) in [
            ("[workspace]\nresolver = \"3\"", "2"),
            ("[workspace]\nresolver = \"1\"", "1"),
            ("[workspace]\n", "1"),
            ("[package]\nname = \"a\"\nedition = \"2018\"", "1"),
            ("[package]\nname = \"a\"\nedition = \"2024\"", "2"),
            ("[package]\nname = \"a\"\nresolver = \"2\"", "2"),
            ("[package]\nname = \"a\"\nedition.workspace = true\n[workspace.package]\nedition = \"2021\"", "2"),
        ] {
            assert_eq!(resolver(&table(text)), expected, "{text}");
        }
        assert_eq!(cargo_for_resolver(&table("[workspace]\nresolver = \"3\"")), Version::new(1, 84, 0));
    }
}
