//! What a workspace without a spec has: read from cargo, manifests and the files that people wrote. It changes nothing, and
//! decides nothing about the spec: `compatrix_audit::first_spec` does.

mod below;
mod files_of;
mod needs;
mod tables;
mod taken_in;
pub mod trial;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, Package, TargetKind};
use compatrix_audit::first_spec::{Bundling, Found, Member, Noted, SqliteUse};

use crate::audit::doctor::promises_in;
use crate::find::manifest_text::{shown, ManifestText};
use crate::find::{bundling, fixture, workspace};
use crate::sys::environment::Ambient;
use crate::sys::error::Error;
use crate::sys::files;

pub use below::packages_below;
pub use taken_in::{taken_in, TakenIn};

/// Reads all of it.
///
/// # Errors
/// cargo cannot read the workspace.
pub fn gather(ambient: &Ambient, root: &Path) -> Result<Found, Error> {
    let metadata = workspace::members(ambient, root)?;
    let root_text = ManifestText::read(root, &root.join("Cargo.toml"))?;
    let lockfile = needs::lockfile(root);
    let mut needs = lockfile.as_ref().map(|text| needs::of_dependencies(ambient, root, text)).unwrap_or_default();
    let (mut members, mut dirs, mut paths, mut editions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for package in &metadata.packages {
        let path = package.manifest_path.as_std_path();
        dirs.extend(path.parent().map(Path::to_owned));
        paths.push(path.to_owned());
        let manifest = ManifestText::read(root, path)?;
        let mut member = member(package, &manifest, &root_text, &metadata);
        member.needs = needs.remove(&member.name).unwrap_or_default();
        members.push(member);
        editions.push((package, manifest.place(&["package", "edition"])));
    }
    let (scanned, mut unread) = promises_in(root, &dirs);
    Ok(Found {
        readers: needs::readers(lockfile.as_deref(), &root_text, &editions),
        below: repository(root).map(|top| shown(&top, root)).unwrap_or_default(),
        first_resolver: workspace::gives_features_to_one(root_text.all()),
        outside: below::outside(root, &paths),
        locked: lockfile.is_some(),
        members,
        promises: scanned.promises,
        not_taken: scanned.not_taken,
        commands: scanned.commands,
        fixtures: fixture::names(root)?,
        docs: files_of::docs(root),
        toolchain: workspace::noted_channel(root),
        env: files_of::cargo_env(root, &mut unread),
        threads: files_of::threads(root),
        unread,
    })
}

/// The folder of the repository that this folder is below, other than itself.
fn repository(root: &Path) -> Option<PathBuf> {
    let top = root.ancestors().find(|folder| files::exists(&folder.join(".git")))?;
    (top != root).then(|| top.to_owned())
}

fn member(package: &Package, manifest: &ManifestText, root: &ManifestText, metadata: &Metadata) -> Member {
    let libraries = [TargetKind::Lib, TargetKind::RLib, TargetKind::DyLib, TargetKind::ProcMacro, TargetKind::CDyLib];
    let library = package.targets.iter().find(|target| target.kind.iter().any(|kind| libraries.contains(kind)));
    let unpublished = package.publish.as_ref().is_some_and(Vec::is_empty);
    let defaults = metadata.workspace_default_members.get(..).unwrap_or_default();
    Member {
        name: package.name.to_string(),
        manifest: manifest.path.clone(),
        unpublished: unpublished.then(|| manifest.place(&["package", "publish"])),
        default_member: defaults.is_empty() || defaults.contains(&package.id),
        test_targets: package.targets.iter().any(|target| target.kind.contains(&TargetKind::Test)),
        dependencies: package.dependencies.iter().any(|dependency| dependency.path.is_none()),
        needs: Vec::new(),
        docs_rs: tables::docs_rs(package, manifest),
        combinations: tables::combinations(package, manifest),
        fuzz: tables::is_fuzz(package),
        library: library.is_some(),
        doctests: library.is_some_and(|target| target.doctest),
        rust_version: rust_version(package, manifest, root),
        features: package.features.iter().map(|(name, list)| (name.clone(), list.clone())).collect(),
        features_at: manifest.place(&["features"]),
        sqlite: sqlite_use(package, manifest, metadata, &mut Vec::new()),
    }
}

/// The package's value as spelled, or the one that it inherits.
fn rust_version(package: &Package, manifest: &ManifestText, root: &ManifestText) -> Option<Noted> {
    let version = package.rust_version.as_ref()?;
    let (own, inherited) = (["package", "rust-version"], ["workspace", "package", "rust-version"]);
    let own = manifest.text(&own).map(|text| Noted::new(text, manifest.place(&own)));
    let inherited = || root.text(&inherited).map(|text| Noted::new(text, root.place(&inherited)));
    own.or_else(inherited).or_else(|| Some(Noted::new(version.to_string(), manifest.place(&["package"]))))
}

/// How the package uses SQLite: directly, or through a member that does.
fn sqlite_use(
    package: &Package,
    manifest: &ManifestText,
    metadata: &Metadata,
    seen: &mut Vec<String>,
) -> Option<SqliteUse> {
    seen.push(package.name.to_string());
    let features: BTreeMap<&str, &Vec<String>> =
        package.features.iter().map(|(name, list)| (name.as_str(), list)).collect();
    let dependencies = || package.dependencies.iter().filter(|one| one.kind != DependencyKind::Build);
    let direct = dependencies().find_map(|dependency| {
        let name = dependency.rename.as_deref().unwrap_or(&dependency.name);
        let own = dependency.name.as_str();
        let is_sqlite = |feature: &str| feature.contains("sqlite");
        // For crates that support several databases, a feature decides; it may be behind a feature of the package.
        let by_feature = ["sqlx", "diesel", "sea-orm", "refinery", "refinery-core", "deadpool-diesel"].contains(&own);
        let asked = dependency.features.iter().any(|feature| is_sqlite(feature));
        let forwarded = features.iter().find(|(_, list)| {
            let mut items = list.iter().map(|item| item.replace('?', ""));
            items.any(|item| item.split_once('/').is_some_and(|(dep, feature)| dep == name && is_sqlite(feature)))
        });
        if by_feature && !asked {
            let (feature, _) = forwarded?;
            return Some((dependency, Some((*feature).to_owned())));
        }
        let is_one = by_feature || own.contains("sqlite");
        let enabling = || {
            let enables = |item: &String| *item == format!("dep:{name}") || item == name;
            let mut found: Vec<&str> =
                features.iter().filter(|(_, list)| list.iter().any(enables)).map(|(feature, _)| *feature).collect();
            // The implicit feature of an optional dependency has its name.
            found.sort_by_key(|feature| (*feature == "default", feature.len()));
            found.first().map(|feature| (*feature).to_owned())
        };
        is_one.then(|| (dependency, if dependency.optional { enabling() } else { None }))
    });
    if let Some((dependency, behind)) = direct {
        let name = dependency.rename.as_deref().unwrap_or(&dependency.name);
        let bundling = match (bundling::always(package), bundling::likely_feature(package)) {
            (Some(one), _) if one.kind == DependencyKind::Normal => Bundling::Always,
            (Some(_), _) => Bundling::InTests,
            (None, Some(feature)) => Bundling::Feature(feature),
            (None, None) => Bundling::Never,
        };
        let table = if dependency.kind == DependencyKind::Development { "dev-dependencies" } else { "dependencies" };
        let through = Noted::new(name, manifest.place(&[table, name]));
        return Some(SqliteUse { through, behind: behind.filter(|name| name != "default"), bundling });
    }
    dependencies().filter(|dependency| dependency.path.is_some()).find_map(|dependency| {
        let member = metadata.packages.iter().find(|one| *one.name == dependency.name)?;
        if seen.contains(&member.name) {
            return None;
        }
        let of_member = sqlite_use(member, manifest, metadata, seen)?;
        let name = dependency.rename.as_deref().unwrap_or(&dependency.name);
        let bundling = match bundling::likely_feature(package) {
            Some(feature) => Bundling::Feature(feature),
            None if !bundling::is_always(package, &metadata.packages) => Bundling::Never,
            None if dependency.kind == DependencyKind::Development => Bundling::InTests,
            None => Bundling::Always,
        };
        let through = Noted::new(&of_member.through.value, manifest.place(&["dependencies", name]));
        Some(SqliteUse { through, behind: None, bundling })
    })
}
