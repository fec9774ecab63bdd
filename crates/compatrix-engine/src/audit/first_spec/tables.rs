//! `[package.metadata]` that says which features are built together.

use cargo_metadata::Package;
use compatrix_audit::first_spec::DocsRs;
use compatrix_audit::promise::Sweep;
use serde_json::Value;

use crate::find::manifest_text::ManifestText;

/// `[package.metadata.docs.rs]`.
pub(super) fn docs_rs(package: &Package, manifest: &ManifestText) -> Option<DocsRs> {
    let table = package.metadata.get("docs")?.get("rs")?;
    let flag = |key: &str| table.get(key).and_then(Value::as_bool).unwrap_or(false);
    let docs = DocsRs {
        all: flag("all-features"),
        no_default: flag("no-default-features"),
        list: texts(table.get("features")),
        at: format!("{}, for docs.rs", manifest.place(&["package", "metadata", "docs", "rs"])),
    };
    (docs.all || docs.no_default || !docs.list.is_empty()).then_some(docs)
}

/// What cargo-all-features and cargo-feature-combinations are told.
pub(super) fn combinations(package: &Package, manifest: &ManifestText) -> Option<(Sweep, String)> {
    let known = ["cargo-all-features", "cargo-feature-combinations", "feature-combinations", "cargo-hack"];
    let (name, table) = known.iter().find_map(|name| Some((*name, package.metadata.get(*name)?)))?;
    let either = |keys: &[&str]| keys.iter().flat_map(|key| texts(table.get(*key))).collect::<Vec<String>>();
    let sets = |keys: &[&str]| -> Vec<Vec<String>> {
        let lists = keys.iter().filter_map(|key| table.get(*key)?.as_array()).flatten();
        lists.map(|list| texts(Some(list))).filter(|list| list.len() > 1).collect()
    };
    let sweep = Sweep {
        powerset: true,
        depth: table.get("max_combination_size").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()),
        exclude: either(&["denylist", "exclude_features", "exclude-features"]),
        include: either(&["allowlist", "only_features", "include-features"]),
        mutually_exclusive: sets(&["skip_feature_sets", "exclude_feature_sets", "mutually-exclusive-features"]),
        at_least_one_of: sets(&["at-least-one-of"]),
        ..Sweep::default()
    };
    Some((sweep, manifest.place(&["package", "metadata", name])))
}

/// Whether it is a package of cargo-fuzz.
pub(super) fn is_fuzz(package: &Package) -> bool {
    let marked = package.metadata.get("cargo-fuzz").and_then(Value::as_bool) == Some(true);
    marked || package.dependencies.iter().any(|dependency| dependency.name == "libfuzzer-sys")
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
