//! The locked packages and who uses whom, as cargo resolves them, without network.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use compatrix_audit::lint::{Graph, GraphPackage, Lint, Unchecked, Use};

use super::gathered::DoctorFacts;
use super::members::metadata;
use crate::sys::files;
use crate::sys::host::Host;

/// A target that there is none of: the way to lock a package that is never compiled.
const NO_TARGET: &str = "cfg(any())";

/// The flags of every query: no network, unchanged lockfile.
const FIXED: [&str; 2] = ["--offline", "--locked"];

pub(super) fn gather(host: &Host, gathered: &mut DoctorFacts) {
    let unchecked =
        |reason: String, mend: &str| Unchecked { id: Lint::MsrvBelowDependency, reason, mend: mend.to_owned() };
    if gathered.findings.iter().any(|finding| finding.id == Lint::WorkspaceUnreadable) {
        let reason = "locked dependencies could not be checked: cargo cannot read the workspace".to_owned();
        gathered.unchecked.push(unchecked(reason, "fix the problem above, then run this again"));
        return;
    }
    if !files::exists(&host.root.join("Cargo.lock")) {
        let reason = "locked dependencies could not be checked: there is no Cargo.lock".to_owned();
        gathered.unchecked.push(unchecked(reason, "`cargo generate-lockfile` makes one"));
        return;
    }
    match resolve(host) {
        Ok((graph, None)) => gathered.facts.graph = graph,
        Ok((graph, Some(left_out))) => {
            gathered.facts.graph = graph;
            gathered.unchecked.push(unchecked(left_out, "`cargo fetch --locked` downloads what is missing"));
        }
        Err(reason) => {
            let mend = if ["--offline", "download", "no matching package"].iter().any(|sign| reason.contains(sign)) {
                "`cargo fetch --locked` downloads what is missing"
            } else {
                "`cargo metadata --locked` shows when cargo can resolve them"
            };
            let reason = format!("locked dependencies could not be checked: {reason}");
            gathered.unchecked.push(unchecked(reason, mend));
        }
    }
}

/// The graph and what it lacks, or why there is no graph.
fn resolve(host: &Host) -> Result<(Graph, Option<String>), String> {
    let ask = |more: &[&str]| {
        let text = metadata(host, &[&FIXED, more].concat())?;
        MetadataCommand::parse(text).map_err(|error| error.to_string())
    };
    if let Ok(all) = ask(&["--all-features"]) {
        return Ok((graph(&all, ask(&[]).ok().as_ref()), None));
    }
    // Packages for this host are the ones downloaded.
    let platform = format!("--filter-platform={}", triple(host)?);
    if let Ok(all) = ask(&["--all-features", &platform]) {
        let left_out = "dependencies of other targets than this host's could not be checked: they are not downloaded";
        return Ok((graph(&all, ask(&[&platform]).ok().as_ref()), Some(left_out.to_owned())));
    }
    let default = ask(&[&platform])?;
    let left_out =
        "dependencies of optional features and of other targets than this host's could not be checked: they \
                    are not downloaded";
    Ok((graph(&default, None), Some(left_out.to_owned())))
}

/// The target that the toolchain on PATH compiles for.
fn triple(host: &Host) -> Result<String, String> {
    let rustc = host.ambient.find("rustc").ok_or("rustc is not on PATH")?;
    let said = host.ask(&rustc, &["-vV"]).map_err(|error| format!("{error:#}"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not say what it compiles for".to_owned())
}

/// The graph with all features; dependencies that the default graph lacks are optional.
fn graph(all: &Metadata, default: Option<&Metadata>) -> Graph {
    let positions: BTreeMap<&PackageId, usize> = all.packages.iter().enumerate().map(|(n, p)| (&p.id, n)).collect();
    let pairs = |metadata: &Metadata| -> BTreeSet<(PackageId, PackageId)> {
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        nodes.flat_map(|node| node.deps.iter().map(|used| (node.id.clone(), used.pkg.clone()))).collect()
    };
    let always = default.map(pairs);
    let mut packages: Vec<GraphPackage> = all
        .packages
        .iter()
        .map(|package| GraphPackage {
            name: package.name.to_string(),
            version: package.version.to_string(),
            rust_version: package.rust_version.as_ref().map(|rust| {
                let rust = rust.to_string();
                rust.strip_suffix(".0").map_or(rust.clone(), str::to_owned)
            }),
            edition: package.edition.to_string(),
            local: package.source.is_none(),
            uses: Vec::new(),
        })
        .collect();
    for node in all.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let Some(&from) = positions.get(&node.id) else { continue };
        for used in &node.deps {
            let Some(&to) = positions.get(&used.pkg) else { continue };
            let is_none = |kind: &&cargo_metadata::DepKindInfo| {
                kind.target.as_ref().is_some_and(|target| target.to_string() == NO_TARGET)
            };
            let kinds = || used.dep_kinds.iter().filter(|kind| !is_none(kind));
            if kinds().next().is_none() {
                continue;
            }
            let mut built = kinds().filter(|kind| kind.kind != DependencyKind::Development).peekable();
            packages[from].uses.push(Use {
                package: to,
                dev: built.peek().is_none(),
                some_targets: built.peek().is_some() && built.all(|kind| kind.target.is_some()),
                optional: always.as_ref().is_some_and(|always| !always.contains(&(node.id.clone(), used.pkg.clone()))),
            });
        }
    }
    Graph { packages }
}
