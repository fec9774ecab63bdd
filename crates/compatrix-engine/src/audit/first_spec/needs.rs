//! The Rust that manifests, the lockfile and locked dependencies need.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use compatrix_audit::first_spec::Needs;
use compatrix_audit::manifest::lock_format;
use compatrix_model::release;
use semver::Version;

use crate::find::manifest_text::ManifestText;
use crate::find::workspace::ask;
use crate::sys::environment::Ambient;
use crate::sys::files;

/// What a cargo reads before it builds: the lockfile, the root's resolver, and the newest edition of a member.
pub(super) fn readers(lockfile: Option<&str>, manifest: &ManifestText, members: &[(&Package, String)]) -> Vec<Needs> {
    let mut needs = Vec::new();
    let mut add = |rust: Option<Version>, what: String| {
        needs.extend(rust.map(|rust| Needs { rust, what }));
    };
    if let Some(Ok(format)) = lockfile.map(|text| lock_format("Cargo.lock", text)) {
        add(
            release::of_lockfile(format.value),
            format!("lockfile format {} (Cargo.lock:{})", format.value, format.line),
        );
    }
    for keys in [["workspace", "resolver"], ["package", "resolver"]] {
        if let Some(resolver) = manifest.text(&keys) {
            add(release::of_resolver(&resolver), format!("resolver {resolver} ({})", manifest.place(&keys)));
        }
    }
    let newest = members.iter().max_by_key(|(package, _)| release::of_edition(package.edition.as_str()));
    if let Some((package, at)) = newest {
        add(
            release::of_edition(package.edition.as_str()),
            format!("edition {} of `{}` ({at})", package.edition, package.name),
        );
    }
    needs
}

/// By member: its locked dependencies that declare a Rust or have an edition that needs one. Empty where cargo cannot say it
/// without network.
pub(super) fn of_dependencies(ambient: &Ambient, root: &Path, lockfile: &str) -> BTreeMap<String, Vec<Needs>> {
    let has_others = lockfile.lines().any(|line| line.starts_with("source = "));
    let Some(metadata) = has_others.then(|| resolved(ambient, root)).flatten() else { return BTreeMap::new() };
    let packages: BTreeMap<&PackageId, &Package> =
        metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let nodes: BTreeMap<&PackageId, Vec<(&PackageId, bool)>> = metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|node| {
            let only_dev = |kinds: &[cargo_metadata::DepKindInfo]| {
                !kinds.is_empty() && kinds.iter().all(|kind| kind.kind == DependencyKind::Development)
            };
            (&node.id, node.deps.iter().map(|used| (&used.pkg, only_dev(&used.dep_kinds))).collect())
        })
        .collect();
    let of = |start: &PackageId| -> Vec<Needs> {
        let mut seen = BTreeSet::from([start]);
        let mut todo = vec![start];
        while let Some(id) = todo.pop() {
            for (used, dev) in nodes.get(id).into_iter().flatten() {
                if (!dev || id == start) && seen.insert(used) {
                    todo.push(used);
                }
            }
        }
        seen.into_iter().filter_map(|id| need(packages.get(id)?)).collect()
    };
    metadata.workspace_members.iter().filter_map(|id| Some((packages.get(id)?.name.to_string(), of(id)))).collect()
}

fn need(package: &Package) -> Option<Needs> {
    package.source.as_ref()?;
    let said = package.rust_version.clone();
    let parses = release::of_edition(package.edition.as_str());
    let rust = said.into_iter().chain(parses).max()?;
    Some(Needs { rust, what: format!("{} {}", package.name, package.version) })
}

/// cargo's resolution, from the lockfile and what is downloaded: of all targets, otherwise of this host's.
fn resolved(ambient: &Ambient, root: &Path) -> Option<Metadata> {
    let cargo = ambient.cargo()?;
    let manifest = root.join("Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let fixed = ["metadata", "--format-version", "1", "--offline", "--locked", "--manifest-path", &*manifest];
    let read = |more: &[&str]| {
        let said = ask(ambient, &cargo, root, &[&fixed[..], more].concat()).ok()?;
        said.finished.status.success().then(|| MetadataCommand::parse(said.text()).ok()).flatten()
    };
    read(&[]).or_else(|| {
        let rustc = ambient.find("rustc")?;
        let said = ask(ambient, &rustc, root, &["-vV"]).ok()?;
        let host = said.text().lines().find_map(|line| line.strip_prefix("host: "))?.to_owned();
        read(&[&format!("--filter-platform={host}")])
    })
}

/// The text of the lockfile.
pub(super) fn lockfile(root: &Path) -> Option<String> {
    files::read_text(&root.join("Cargo.lock")).ok()
}
