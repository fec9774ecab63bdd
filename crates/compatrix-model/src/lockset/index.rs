//! The index line of a package, as a registry on disk serves it to cargo.
//!
//! Format: Cargo reference, "Registry Index", JSON schema. A line is made from what cargo metadata says of the package.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A package as served by the index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Served {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its .crate file.
    pub checksum: String,
    /// Its dependencies, without dev-dependencies.
    pub dependencies: Vec<ServedDependency>,
    /// Its features, those of optional dependencies included.
    pub features: BTreeMap<String, Vec<String>>,
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

/// The package's line. What features say of dependencies that it does not have is left out, since cargo refuses a line
/// that refers to what is not there.
pub fn line(served: &Served) -> String {
    let names: BTreeSet<&str> = served.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
    let optional = |name: &str| served.dependencies.iter().any(|d| d.optional && d.name == name);
    let means_something = |value: &str| match value.strip_prefix("dep:") {
        Some(name) => names.contains(name),
        None => match value.split_once('/') {
            Some((name, _)) => names.contains(name.trim_end_matches('?')),
            None => served.features.contains_key(value) || optional(value),
        },
    };
    let mut features: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut features2: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, values) in &served.features {
        let kept: Vec<&str> = values.iter().map(String::as_str).filter(|value| means_something(value)).collect();
        // Cargo before 1.60 does not know these two spellings, so the index keeps them separate.
        let new = kept.iter().any(|value| value.starts_with("dep:") || value.contains("?/"));
        if new { &mut features2 } else { &mut features }.insert(name, kept);
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
    fn features_that_mean_what_is_not_there_are_left_out() {
        let list = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        let served = Served {
            name: "a".into(),
            version: "1.0.0".into(),
            checksum: "00".into(),
            dependencies: vec![dependency("kept", true), dependency("always", false)],
            features: BTreeMap::from([
                ("default".into(), list(&["std", "gone", "kept"])),
                ("std".into(), list(&["always/std", "windows/std", "windows?/x"])),
                ("kept".into(), list(&["dep:kept"])),
                ("windows".into(), list(&["dep:windows"])),
            ]),
            links: Some("z".into()),
        };
        let line: serde_json::Value = serde_json::from_str(&line(&served)).unwrap();
        assert_eq!(line["features"]["default"], serde_json::json!(["std", "kept"]));
        assert_eq!(line["features"]["std"], serde_json::json!(["always/std"]));
        assert_eq!(line["features"]["windows"], serde_json::json!([]), "who asks for it must find it");
        assert_eq!(line["features2"]["kept"], serde_json::json!(["dep:kept"]));
        assert_eq!((&line["v"], &line["links"]), (&serde_json::json!(2), &serde_json::json!("z")));
        assert_eq!(line["deps"][0]["default_features"], true);
    }
}
