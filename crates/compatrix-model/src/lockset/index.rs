//! The index line of a package, as a registry on disk serves it to cargo.
//!
//! Format: Cargo reference, "Registry Index", JSON schema. A line is made from what cargo metadata says of the package.

use std::collections::BTreeMap;

use serde::Serialize;

use super::features::{self, Features, Named};

/// A package as served by the index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Served {
    /// As in the registry.
    pub name: String,
    /// The exact version.
    pub version: String,
    /// SHA-256 of its .crate file.
    pub checksum: String,
    /// Its dependencies that are served.
    pub dependencies: Vec<ServedDependency>,
    /// Those that are not: dev-dependencies, and those of other platforms.
    pub left_out: Vec<Named>,
    /// As [`features::without`] has it.
    pub everywhere: bool,
    /// Its features, those of optional dependencies included.
    pub features: Features,
    /// The native library that it links.
    pub links: Option<String>,
}

/// A dependency of a served package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServedDependency {
    /// The name in the depending package's code.
    pub name: String,
    /// The versions admitted.
    pub req: String,
    /// Requested features.
    pub features: Vec<String>,
    /// Whether it is optional.
    pub optional: bool,
    /// Whether its default features are enabled.
    pub default_features: bool,
    /// The platform that it is for; none for all.
    pub target: Option<String>,
    /// `normal` or `build`.
    pub kind: &'static str,
    /// The package's real name, if renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
}

/// The path of a package in the index: `3/s/syn`, `se/rd/serde`.
pub fn path(name: &str) -> String {
    let name = name.to_lowercase();
    match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    vers: &'a str,
    deps: &'a [ServedDependency],
    cksum: &'a str,
    features: BTreeMap<&'a str, Vec<&'a str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    features2: BTreeMap<&'a str, Vec<&'a str>>,
    yanked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<&'a str>,
    v: u32,
}

/// The package's line; cargo refuses one whose features refer to what is not there.
pub fn line(served: &Served) -> String {
    let kept = |one: &ServedDependency| Named { name: one.name.clone(), optional: one.optional, asks: String::new() };
    let kept: Vec<Named> = served.dependencies.iter().map(kept).collect();
    let left = features::without(&served.features, &kept, &served.left_out, served.everywhere);
    let mut features: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut features2: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, values) in left.iter().filter(|(name, _)| !is_implied(&left, name)) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        // Cargo before 1.60 does not know these two spellings, so the index keeps them separate.
        let new = values.iter().any(|value| value.starts_with("dep:") || value.contains("?/"));
        if new { &mut features2 } else { &mut features }.insert(name, values);
    }
    let v = if features2.is_empty() { 1 } else { 2 };
    let line = Line {
        name: &served.name,
        vers: &served.version,
        deps: &served.dependencies,
        cksum: &served.checksum,
        features,
        features2,
        yanked: false,
        links: served.links.as_deref(),
        v,
    };
    serde_json::to_string(&line).expect("a line of texts, numbers and lists is JSON")
}

/// Whether this is the feature that an optional dependency is without any word: cargo metadata lists it, and a cargo
/// before 1.60 can read a line only without it.
fn is_implied(features: &Features, name: &str) -> bool {
    let named = format!("dep:{name}");
    features.get(name).is_some_and(|values| *values == [named.as_str()])
        && features.values().flatten().filter(|value| **value == named).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, optional: bool) -> ServedDependency {
        ServedDependency {
            name: name.to_owned(),
            req: "^1".to_owned(),
            features: Vec::new(),
            optional,
            default_features: true,
            target: None,
            kind: "normal",
            package: None,
        }
    }

    #[test]
    fn paths() {
        let found: Vec<String> = ["a", "cc", "syn", "serde", "R2D2"].iter().map(|name| path(name)).collect();
        assert_eq!(found, ["1/a", "2/cc", "3/s/syn", "se/rd/serde", "r2/d2/r2d2"]);
    }

    #[test]
    fn a_line_is_one_that_cargo_takes() {
        let list = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        let gone = |name: &str| Named { name: name.to_owned(), optional: true, asks: name.to_owned() };
        let served = Served {
            name: "a".into(),
            version: "1.0.0".into(),
            checksum: "00".into(),
            dependencies: vec![dependency("kept", true), dependency("always", false), dependency("plain", true)],
            left_out: vec![gone("windows"), gone("always")],
            everywhere: false,
            features: BTreeMap::from([
                ("default".into(), list(&["std", "kept", "plain"])),
                ("std".into(), list(&["always?/std", "windows/std", "windows?/x"])),
                ("kept".into(), list(&["dep:kept"])),
                ("more".into(), list(&["dep:kept"])),
                ("plain".into(), list(&["dep:plain"])),
                ("windows".into(), list(&["dep:windows"])),
            ]),
            links: Some("z".into()),
        };
        let line: serde_json::Value = serde_json::from_str(&line(&served)).unwrap();
        assert_eq!(line["features"]["default"], serde_json::json!(["std", "kept", "plain"]));
        assert_eq!(line["features"]["std"], serde_json::json!(["always/std"]), "its optional twin is gone");
        assert_eq!(line["features"]["windows"], serde_json::json!([]), "who asks for it must find it");
        assert_eq!(line["features2"]["kept"], serde_json::json!(["dep:kept"]));
        assert!(line["features"].get("plain").is_none() && line["features2"].get("plain").is_none(), "it is implied");
        assert_eq!((&line["v"], &line["links"]), (&serde_json::json!(2), &serde_json::json!("z")));
        assert_eq!(line["deps"][0]["default_features"], true);
    }
}
