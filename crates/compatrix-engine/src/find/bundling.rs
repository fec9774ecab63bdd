//! Which `dependency/feature` in a package's features compile SQLite in.
//!
//! Of a dependency in the workspace its own features tell. Those of others are known by name: a lockfile does not have
//! their features, and their manifests may not be here.

use std::collections::BTreeMap;

use cargo_metadata::{Dependency, Package};
use compatrix_model::facts::{Bundling, PackageFacts};
use compatrix_model::lockset::file::Lockfile;

/// How many features of features of members are looked through; more is a ring.
const DEPTH: usize = 8;

/// By `dependency/feature` as the package's features list it.
pub(crate) fn of_package(package: &Package, members: &[Package], lock: &Lockfile) -> BTreeMap<String, Bundling> {
    look(package, members, lock, DEPTH)
}

fn look(package: &Package, members: &[Package], lock: &Lockfile, depth: usize) -> BTreeMap<String, Bundling> {
    let items = package.features.values().flatten();
    let found = items.filter_map(|item| {
        let (name, feature) = item.split_once('/')?;
        let name = name.strip_suffix('?').unwrap_or(name);
        let dependency = package.dependencies.iter().find(|dependency| is_called(dependency, name))?;
        let member = members.iter().find(|member| dependency.path.is_some() && *member.name == dependency.name);
        let bundling = match member {
            Some(member) if depth > 0 => of_member(member, feature, members, lock, depth - 1)?,
            Some(_) => return None,
            None => by_name(feature).filter(|_| has_sqlite(lock, &dependency.name))?,
        };
        Some((item.clone(), bundling))
    });
    found.collect()
}

/// A dependency's name in its manifest.
fn is_called(dependency: &Dependency, name: &str) -> bool {
    dependency.rename.as_deref().unwrap_or(&dependency.name) == name
}

fn of_member(member: &Package, feature: &str, members: &[Package], lock: &Lockfile, depth: usize) -> Option<Bundling> {
    let facts = PackageFacts {
        features: member.features.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        bundling: look(member, members, lock, depth),
        ..PackageFacts::default()
    };
    facts.bundling_of(feature)
}

/// The names that crates around SQLite give to such features.
fn by_name(feature: &str) -> Option<Bundling> {
    let has = |part: &str| feature.split('-').any(|word| word == part);
    match feature {
        "bundled" | "sqlite-bundled" | "bundled-sqlite" => Some(Bundling::Alone),
        _ if has("bundled") && has("sqlcipher") => Some(Bundling::Cipher),
        // It is of Windows alone.
        "bundled-windows" => None,
        _ if has("bundled") => Some(Bundling::WithMore),
        _ => None,
    }
}

/// Whether a crate that links SQLite is among what this one depends on.
fn has_sqlite(lock: &Lockfile, name: &str) -> bool {
    let named = (0..lock.packages.len()).filter(|&n| lock.packages[n].name == name).collect();
    lock.reach(named, |_, _| true).iter().any(|&n| lock.packages[n].name.contains("sqlite"))
}

/// Whether this version of libsqlite3-sys links a shared SQLite if its environment says so, though a feature compiles one
/// in. `LIBSQLITE3_SYS_USE_PKG_CONFIG` is read since 0.27.
pub(crate) fn can_be_told_to_link(version: &str) -> bool {
    semver::Version::parse(version).is_ok_and(|version| (version.major, version.minor) >= (0, 27))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_features_tell_what_they_bring() {
        let cases = [
            ("bundled", Some(Bundling::Alone)),
            ("sqlite-bundled", Some(Bundling::Alone)),
            ("bundled-full", Some(Bundling::WithMore)),
            ("bundled-sqlcipher", Some(Bundling::Cipher)),
            ("bundled-sqlcipher-vendored-openssl", Some(Bundling::Cipher)),
            ("sqlite-unbundled", None),
            ("bundled_bindings", None),
            ("bundled-windows", None),
            ("functions", None),
        ];
        for (feature, bundling) in cases {
            assert_eq!(by_name(feature), bundling, "{feature}");
        }
    }

    #[test]
    fn the_environment_counts_since_0_27() {
        assert!(["0.27.0", "0.30.1", "1.0.0"].into_iter().all(can_be_told_to_link));
        assert!(!can_be_told_to_link("0.26.0") && !can_be_told_to_link(""));
    }
}
