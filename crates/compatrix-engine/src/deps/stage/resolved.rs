//! What cargo resolved, from its metadata and its lockfile: what is needed, and what a registry on disk must serve.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{anyhow, bail, Result};
use cargo_metadata::{Dependency, DependencyKind, Metadata, Package, PackageId};
use compatrix_model::lockset::features::{self, Named};
use compatrix_model::lockset::file::{Locked, Lockfile, REGISTRY};
use compatrix_model::lockset::index::{Served, ServedDependency};
use compatrix_model::lockset::manifest::cargo_for_edition;
use compatrix_model::lockset::steps::Resolution;
use semver::Version;

use super::platforms::Platforms;
use super::registry::Crate;

/// The package that carries pins in a stage that is only resolved.
pub(crate) const PINS: &str = "compatrix-pins";

/// The result of a resolution.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// All of the lockfile that is needed.
    pub lock: Lockfile,
    /// The part that is needed without the members' dev-dependencies.
    pub lock_without_dev: Lockfile,
    /// The packages to serve.
    pub crates: Vec<Crate>,
    /// Whether these are all that are not in the workspace.
    pub all: bool,
    /// External packages with their `rust-version` and their dependents.
    pub packages: Vec<Resolution>,
}

/// Reads cargo's metadata and lockfile. `everywhere`: whether dependencies of other platforms may switch on features.
///
/// # Errors
/// They do not fit together, or a package is not where cargo keeps those that it has fetched.
pub(super) fn read(metadata: &Metadata, lock: &Lockfile, platforms: &Platforms, everywhere: bool) -> Result<Resolved> {
    let resolve = metadata.resolve.as_ref().ok_or_else(|| anyhow!("cargo metadata has no resolution"))?;
    let packages: BTreeMap<&PackageId, &Package> = metadata.packages.iter().map(|p| (&p.id, p)).collect();
    // The package that carries pins depends on much that is not needed.
    let members: BTreeSet<&PackageId> =
        metadata.workspace_members.iter().filter(|id| packages[id].name.as_str() != PINS).collect();
    let position = |package: &Package| {
        let source = package.source.as_ref().map(|source| without_fragment(&source.repr));
        let of = |locked: &Locked, source: Option<&str>| {
            locked.name == package.name.as_str()
                && locked.version == package.version.to_string()
                && locked.source.as_deref().map(without_fragment) == source
        };
        // A package of `paths` in cargo's configuration is local, but not in the lockfile.
        let at = |source: Option<&str>| lock.packages.iter().position(|locked| of(locked, source));
        at(source)
            .or_else(|| source.is_none().then(|| at(Some(REGISTRY)))?)
            .ok_or_else(|| anyhow!("cargo resolved {} {}, which is not in its lockfile", package.name, package.version))
    };
    let replaced: Vec<(usize, usize)> =
        (0..lock.packages.len()).filter_map(|n| Some((n, lock.replacement(n)?))).collect();
    let mut edges: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut without_dev: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut parents: BTreeMap<&PackageId, Vec<&PackageId>> = BTreeMap::new();
    for node in &resolve.nodes {
        let from = position(packages[&node.id])?;
        edges.entry(from).or_default();
        for dependency in node.deps.iter().filter(|_| packages[&node.id].name.as_str() != PINS) {
            let to = position(packages[&dependency.pkg])?;
            parents.entry(&dependency.pkg).or_default().push(&node.id);
            // A `[replace]` stands between the two, and metadata does not show it.
            let replaced = replaced.iter().filter(|(_, by)| *by == to).map(|(of, _)| *of);
            let steps = replaced.flat_map(|of| [(from, of), (of, to)]).chain([(from, to)]);
            let dev = dependency.dep_kinds.iter().all(|kind| kind.kind == DependencyKind::Development);
            for (from, to) in steps {
                edges.entry(from).or_default().insert(to);
                if !dev {
                    without_dev.entry(from).or_default().insert(to);
                }
            }
        }
    }
    let roots = || members.iter().map(|id| position(packages[id])).collect::<Result<Vec<_>>>();
    let admitted =
        |edges: &BTreeMap<usize, BTreeSet<usize>>, from, to| edges.get(&from).is_some_and(|set| set.contains(&to));
    let all = lock.reach(roots()?, |from, to| admitted(&edges, from, to));
    let some = lock.reach(roots()?, |from, to| admitted(&without_dev, from, to));

    let mut foreign: Vec<&Package> = Vec::new();
    for package in resolve.nodes.iter().map(|node| packages[&node.id]).filter(|package| package.source.is_some()) {
        if all.contains(&position(package)?) {
            foreign.push(package);
        }
    }
    let mut crates = Vec::new();
    let mut elsewhere = false;
    for package in &foreign {
        let locked = &lock.packages[position(package)?];
        match &locked.checksum {
            Some(checksum) if locked.source.as_deref() == Some(REGISTRY) => {
                let entry = served(package, checksum, platforms, everywhere);
                crates.push(Crate { entry, file: Some(crate_file(package)?) });
            }
            _ => elsewhere = true,
        }
    }
    let overridden = |package: &&Package| -> Result<Option<usize>> {
        let at = position(package)?;
        Ok((package.source.is_none() && lock.packages[at].source.is_some()).then_some(at))
    };
    let local = resolve.nodes.iter().map(|node| packages[&node.id]);
    let overridden: Vec<usize> = local.filter_map(|package| overridden(&package).transpose()).collect::<Result<_>>()?;
    // cargo looks up what local packages stand in for, but needs no file of it.
    let replaced = replaced.iter().map(|(of, _)| *of).chain(overridden).filter(|of| all.contains(of));
    for package in replaced.map(|of| &lock.packages[of]) {
        let checksum = package.checksum.clone().unwrap_or_default();
        let (name, version) = (package.name.clone(), package.version.clone());
        crates.push(Crate { entry: Served { name, version, checksum, ..Served::default() }, file: None });
    }
    let index: BTreeMap<&PackageId, usize> = foreign.iter().enumerate().map(|(n, p)| (&p.id, n)).collect();
    let resolution = |package: &&Package| {
        let edition = cargo_for_edition(package.edition.as_str());
        let declared = package.rust_version.clone();
        let by_edition =
            edition >= Version::new(1, 56, 0) && declared.as_ref().is_none_or(|declared| edition > *declared);
        let above = parents.get(&package.id).map(Vec::as_slice).unwrap_or_default();
        let required = |id: &&PackageId| {
            let member = packages[*id];
            let dependency =
                member.dependencies.iter().find(|d| d.name == package.name.as_str() && d.req.matches(&package.version));
            (member.name.to_string(), dependency.map(|d| d.req.to_string()).unwrap_or_default())
        };
        Resolution {
            name: package.name.to_string(),
            version: package.version.clone(),
            needs: if by_edition { Some(edition) } else { declared.clone() },
            declared: !by_edition,
            fixed: package.source.as_ref().is_none_or(|source| source.repr.starts_with("git+")),
            parents: above.iter().filter_map(|id| index.get(*id).copied()).collect(),
            members: above.iter().filter(|id| !index.contains_key(**id)).map(required).collect(),
        }
    };
    Ok(Resolved {
        packages: foreign.iter().map(resolution).collect(),
        lock: lock.keep(&all, |from, to| admitted(&edges, from, to)),
        lock_without_dev: lock.keep(&some, |from, to| admitted(&without_dev, from, to)),
        crates,
        all: !elsewhere,
    })
}

/// A git source in a lockfile ends in the commit, in metadata too; what is compared is the rest.
fn without_fragment(source: &str) -> &str {
    source.split_once('#').map_or(source, |(source, _)| source)
}

/// The package as served by the registry on disk: without dev-dependencies and without those of other platforms.
fn served(package: &Package, checksum: &str, platforms: &Platforms, everywhere: bool) -> Served {
    let is_dev = |dependency: &Dependency| dependency.kind == DependencyKind::Development;
    let here = |dependency: &Dependency| {
        dependency.target.as_ref().is_none_or(|target| platforms.matches(&target.to_string()))
    };
    let named = |dependency: &Dependency| Named {
        name: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
        optional: dependency.optional,
        asks: format!("{} {} {:?}", dependency.name, dependency.req, dependency.source),
    };
    let needed: Vec<Named> = package.dependencies.iter().filter(|d| !is_dev(d) && here(d)).map(named).collect();
    let (kept, left_out): (Vec<&Dependency>, Vec<&Dependency>) =
        package.dependencies.iter().partition(|d| !is_dev(d) && (here(d) || features::stays(&named(d), &needed)));
    let dependency = |dependency: &Dependency| ServedDependency {
        name: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
        req: dependency.req.to_string(),
        features: dependency.features.clone(),
        optional: dependency.optional,
        default_features: dependency.uses_default_features,
        target: dependency.target.as_ref().map(ToString::to_string),
        kind: if dependency.kind == DependencyKind::Build { "build" } else { "normal" },
        package: dependency.rename.as_ref().map(|_| dependency.name.clone()),
    };
    Served {
        name: package.name.to_string(),
        version: package.version.to_string(),
        checksum: checksum.to_owned(),
        dependencies: kept.into_iter().map(dependency).collect(),
        left_out: left_out.into_iter().map(named).collect(),
        everywhere,
        features: package.features.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        links: package.links.clone(),
    }
}

/// The .crate file of a package that cargo has fetched: `registry/cache/…` beside `registry/src/…` (Cargo reference,
/// "Cargo Home").
fn crate_file(package: &Package) -> Result<PathBuf> {
    let dir = package.manifest_path.parent().ok_or_else(|| anyhow!("{} has no folder", package.name))?;
    let registry = dir.parent().and_then(|source| Some((source.file_name()?, source.parent()?)));
    let (name, above) = registry.ok_or_else(|| anyhow!("{dir} is not in cargo's registry folder"))?;
    let (Some("src"), Some(home)) = (above.file_name(), above.parent()) else {
        bail!(
            "{} {} is not from cargo's registry folder but from {dir}: with vendored sources an old cargo cannot be served",
            package.name,
            package.version
        );
    };
    Ok(home.join("cache").join(name).join(format!("{}-{}.crate", package.name, package.version)).into_std_path_buf())
}
