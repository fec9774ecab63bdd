//! Which crate links SQLite, and which features compile it in.
//!
//! Of a dependency in the workspace its own features tell. Those of others are known by name: a lockfile does not have
//! their features, and their manifests may not be here.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Dependency, DependencyKind, Package};
use compatrix_model::facts::{Bundling, PackageFacts};
use compatrix_model::linkage::SQLITE_CRATES;
use compatrix_model::lockset::file::{Locked, Lockfile};

/// How many features of features of members are looked through; more is a ring.
const DEPTH: usize = 8;

/// A locked crate that links SQLite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteCrate {
    pub name: String,
    /// As the lockfile has it.
    pub version: String,
}

impl SqliteCrate {
    /// This locked package, if it is one.
    pub(crate) fn of(package: &Locked) -> Option<Self> {
        let is_one = SQLITE_CRATES.contains(&package.name.as_str());
        is_one.then(|| Self { name: package.name.clone(), version: package.version.clone() })
    }

    /// Whether it is libsqlite3-sys, which its environment leads to a library; others ask pkg-config.
    pub(crate) fn reads_the_environment(&self) -> bool {
        self.name == "libsqlite3-sys"
    }

    /// Whether it links a shared SQLite if its environment says so, though a feature compiles one in.
    /// `LIBSQLITE3_SYS_USE_PKG_CONFIG` is read since libsqlite3-sys 0.27.
    pub(crate) fn can_be_told_to_link(&self) -> bool {
        let version = semver::Version::parse(&self.version);
        self.reads_the_environment() && version.is_ok_and(|version| (version.major, version.minor) >= (0, 27))
    }

    /// Whether it has its own SQLite, whatever features are on.
    pub(crate) fn always_compiles(&self) -> bool {
        self.name == "libsql-ffi"
    }
}

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
            None => brings(&dependency.name, feature).filter(|_| has_sqlite(lock, &dependency.name))?,
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

/// Crates for several databases whose SQLite is compiled in.
const WITH_SQLITE: [&str; 4] = ["sqlx", "sqlx-sqlite", "sea-orm", "sea-orm-migration"];

/// What a feature of this dependency brings, if it compiles SQLite in.
fn brings(dependency: &str, feature: &str) -> Option<Bundling> {
    match (dependency, feature) {
        // `sqlite-unbundled` does not (sqlx's README).
        ("sqlx" | "sqlx-sqlite", "sqlite") | ("sea-orm" | "sea-orm-migration", "sqlx-sqlite") => {
            Some(Bundling::WithMore)
        }
        (_, "vendored" | "static") if dependency.contains("sqlite") => Some(Bundling::Alone),
        _ => by_name(feature),
    }
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
    lock.reach(named, |_, _| true).iter().any(|&n| SqliteCrate::of(&lock.packages[n]).is_some())
}

/// The package's feature that compiles SQLite in: one that lists a `dependency/feature` that does. `bundling` says of an
/// item what it brings.
pub(crate) fn feature(package: &Package, bundling: impl Fn(&str) -> Option<Bundling>) -> Option<String> {
    let own = package.links.as_deref().is_some_and(|links| links.contains("sqlite"));
    let brings = |name: &str, list: &[String]| {
        let by_item = list.iter().filter_map(|item| bundling(item)).max();
        by_item.or_else(|| by_name(name).filter(|_| own))
    };
    let features = package.features.iter().filter(|(name, _)| *name != "default");
    let found = features.filter_map(|(name, list)| Some((brings(name, list)?, name)));
    // A feature named exactly `bundled` takes precedence, then one that brings no more than SQLite.
    found.min_by_key(|(bundling, name)| (*name != "bundled", *bundling, name.len())).map(|(_, name)| name.clone())
}

/// The same where there is no lockfile to ask.
pub(crate) fn likely_feature(package: &Package) -> Option<String> {
    feature(package, |item| {
        let (name, feature) = item.split_once('/')?;
        let name = name.strip_suffix('?').unwrap_or(name);
        let dependency = package.dependencies.iter().find(|dependency| is_called(dependency, name))?;
        brings(&dependency.name, feature)
    })
}

/// Whether SQLite is compiled in whatever features of the package are chosen: by a dependency, or by a member that the
/// package depends on, with the features that it asks of it.
pub(crate) fn is_always(package: &Package, members: &[Package]) -> bool {
    fn look<'p>(package: &'p Package, members: &'p [Package], seen: &mut BTreeSet<&'p str>) -> bool {
        if !seen.insert(package.name.as_str()) {
            return false;
        }
        if always(package).is_some() {
            return true;
        }
        let local = package.dependencies.iter().filter(|one| one.kind != DependencyKind::Build && one.path.is_some());
        local.into_iter().any(|dependency| {
            let Some(member) = members.iter().find(|member| *member.name == dependency.name) else { return false };
            let asked = dependency.features.iter().map(String::as_str);
            let asked: Vec<&str> = asked.chain(dependency.uses_default_features.then_some("default")).collect();
            likely_feature(member).is_some_and(|feature| switches_on(member, &asked, &feature))
                || look(member, members, seen)
        })
    }
    look(package, members, &mut BTreeSet::new())
}

/// Whether these features of a package switch another on.
fn switches_on(package: &Package, features: &[&str], wanted: &str) -> bool {
    let (mut todo, mut seen) = (features.to_vec(), BTreeSet::new());
    while let Some(name) = todo.pop() {
        if name == wanted {
            return true;
        }
        if seen.insert(name) {
            todo.extend(package.features.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

/// The dependency or dev-dependency that always compiles SQLite in, whichever features are chosen.
pub(crate) fn always(package: &Package) -> Option<&Dependency> {
    let mut used = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Build);
    used.find(|dependency| {
        let name = dependency.name.as_str();
        let is_one = name.contains("sqlite") || WITH_SQLITE.contains(&name);
        is_one && dependency.features.iter().any(|feature| brings(name, feature).is_some())
    })
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
    fn the_environment_counts_since_0_27_of_libsqlite3_sys() {
        let told = |name: &str, version: &str| {
            SqliteCrate { name: name.to_owned(), version: version.to_owned() }.can_be_told_to_link()
        };
        assert!(["0.27.0", "0.30.1", "1.0.0"].into_iter().all(|version| told("libsqlite3-sys", version)));
        assert!(!told("libsqlite3-sys", "0.26.0") && !told("libsqlite3-sys", "") && !told("sqlite3-src", "0.30.1"));
    }

    /// A package of this name with these features, depending on `dependencies`: name, and features asked for.
    fn package(links: Option<&str>, features: &[(&str, &[&str])], dependencies: &[(&str, &[&str])]) -> Package {
        let dependency = |(name, features): &(&str, &[&str])| {
            serde_json::json!({
                "name": name, "req": "*", "kind": null, "optional": false, "uses_default_features": true,
                "features": features, "source": "registry+x",
            })
        };
        let features: BTreeMap<&str, &[&str]> = features.iter().copied().collect();
        serde_json::from_value(serde_json::json!({
            "name": "p", "version": "0.1.0", "id": "p", "manifest_path": "/p/Cargo.toml", "targets": [], "links": links,
            "features": features, "dependencies": dependencies.iter().map(dependency).collect::<Vec<_>>(),
        }))
        .unwrap()
    }

    #[test]
    fn the_feature_that_compiles_sqlite_in_is_found_whichever_crate_links_it() {
        #[track_caller]
        fn check(features: &[(&str, &[&str])], dependencies: &[(&str, &[&str])], expected: Option<&str>) {
            assert_eq!(likely_feature(&package(None, features, dependencies)).as_deref(), expected);
        }
        check(&[("bundled", &["sqlite/bundled"])], &[("sqlite", &[])], Some("bundled"));
        check(&[("own", &["rusqlite/bundled-full"])], &[("rusqlite", &[])], Some("own"));
        check(&[("cipher", &["rusqlite/bundled-sqlcipher"])], &[("rusqlite", &[])], Some("cipher"));
        check(&[("vendored", &["rusqlite/bundled"]), ("all", &["vendored"])], &[("rusqlite", &[])], Some("vendored"));
        check(&[("db", &["dep:sqlx", "sqlx?/sqlite"])], &[("sqlx", &[])], Some("db"));
        check(&[("db", &["sqlx/sqlite-unbundled"])], &[("sqlx", &[])], None);
        check(&[("tls", &["openssl/vendored"])], &[("openssl", &[])], None);
        check(
            &[("aa", &["rusqlite/bundled-full"]), ("longer", &["rusqlite/bundled"])],
            &[("rusqlite", &[])],
            Some("longer"),
        );
        let itself = package(Some("sqlite3"), &[("bundled", &["cc"]), ("bundled_bindings", &[])], &[]);
        assert_eq!(likely_feature(&itself).as_deref(), Some("bundled"));
    }

    #[test]
    fn a_dependency_that_always_compiles_it_in_is_found() {
        let always = |name: &str, feature: &str| is_always(&package(None, &[], &[(name, &[feature])]), &[]);
        assert!(always("rusqlite", "bundled-sqlcipher") && always("sqlite", "bundled") && always("sqlx", "sqlite"));
        assert!(always("sea-orm", "sqlx-sqlite") && always("libsqlite3-sys", "bundled"));
        assert!(
            !always("sqlx", "sqlite-unbundled") && !always("openblas-src", "static") && !always("rusqlite", "blob")
        );
    }
}
