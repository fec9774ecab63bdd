//! Lints locked dependencies: everything that a package uses must build on the Rust that the package promises.

use std::collections::BTreeMap;

use semver::Version;
use shaped_toml::Severity;

use super::context::{Context, Promised};
use super::facts::{Graph, GraphPackage};
use super::finding::{Finding, Lint};
use compatrix_model::condition::partial_version;
use compatrix_model::release;

/// How a package depends on a locked one, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// In every build.
    Always,
    /// Only with features that are off by default.
    Features,
    /// Only on some targets.
    SomeTargets,
    /// Only for its tests.
    Tests,
}

/// The key that groups equal findings of packages with the same promise.
type Same = (Lint, Reach, Version, Vec<String>);

pub(super) fn lint(context: &Context<'_>, found: &mut Vec<Finding>) {
    let graph = &context.facts.graph;
    let mut all: BTreeMap<Same, Vec<&Promised<'_>>> = BTreeMap::new();
    for promised in &context.promised {
        let Some(start) = graph.packages.iter().position(|p| p.local && p.name == promised.package) else { continue };
        let mut too_new: BTreeMap<(Lint, Reach), Vec<(Version, String)>> = BTreeMap::new();
        for (n, reach) in reached(graph, start) {
            let package = &graph.packages[n];
            if package.local {
                continue;
            }
            if let Some((lint, needs, item)) = needs(package).filter(|(_, needs, _)| *needs > promised.version) {
                too_new.entry((lint, reach)).or_default().push((needs, item));
            }
        }
        for ((lint, reach), mut packages) in too_new {
            // Highest required Rust first.
            packages.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            let items = packages.into_iter().map(|(_, item)| item).collect();
            all.entry((lint, reach, promised.version.clone(), items)).or_default().push(promised);
        }
    }
    found.extend(all.into_iter().filter_map(|(same, packages)| finding(context, same, &packages)));
}

/// The Rust that a locked package needs, and the lint for it: that of its edition if higher than its `rust-version`.
fn needs(package: &GraphPackage) -> Option<(Lint, Version, String)> {
    let GraphPackage { name, version, edition, .. } = package;
    let said = package.rust_version.as_deref().and_then(partial_version);
    let parses = release::of_edition(edition);
    match (said, parses) {
        (said, Some(parses)) if said.as_ref().is_none_or(|said| *said < parses) => {
            Some((Lint::EditionTooNew, parses, format!("{name} {version} (edition {edition})")))
        }
        (Some(said), _) => {
            let text = package.rust_version.clone().unwrap_or_default();
            Some((Lint::MsrvBelowDependency, said, format!("{name} {version} (Rust {text})")))
        }
        (None, _) => None,
    }
}

/// All packages that one package uses, each with its strongest kind of dependency. Dev-dependencies of others are not
/// built.
fn reached(graph: &Graph, start: usize) -> BTreeMap<usize, Reach> {
    let mut best: BTreeMap<usize, Reach> = BTreeMap::new();
    let mut todo = vec![(start, Reach::Always)];
    while let Some((n, reach)) = todo.pop() {
        if best.get(&n).is_some_and(|known| *known <= reach) {
            continue;
        }
        best.insert(n, reach);
        for used in graph.packages.get(n).into_iter().flat_map(|package| &package.uses) {
            if used.dev && n != start {
                continue;
            }
            let own = if used.dev {
                Reach::Tests
            } else if used.some_targets {
                Reach::SomeTargets
            } else if used.optional {
                Reach::Features
            } else {
                Reach::Always
            };
            todo.push((used.package, own.max(reach)));
        }
    }
    best.remove(&start);
    best
}

fn finding(context: &Context<'_>, same: Same, packages: &[&Promised<'_>]) -> Option<Finding> {
    let (lint, reach, _, items) = same;
    let first = packages.first()?;
    let Promised { rust, by, manifest, .. } = first;
    let names: Vec<String> = packages.iter().map(|promised| format!("`{}`", promised.package)).collect();
    let (promises, their) = if packages.len() == 1 { ("promises", *by) } else { ("promise", "their `rust-version`") };
    let promise = format!("{} {promises} Rust {rust} ({their})", names.join(", "));
    let (count, verb) = match items.len() {
        1 => ("a locked dependency".to_owned(), "needs"),
        n => (format!("{n} locked dependencies"), "need"),
    };
    let of = match reach {
        Reach::Always => "",
        Reach::Features => " for optional features",
        Reach::SomeTargets => " for some targets",
        Reach::Tests => " for tests",
    };
    let what = match lint {
        Lint::EditionTooNew => format!("{promise}, whose cargo cannot parse the edition of {count}{of}"),
        _ => format!("{promise}, but {count}{of} {verb} a newer Rust"),
    };
    let line = manifest
        .rust_version(context.root())
        .map(|own| own.line)
        .or_else(|| manifest.package.as_ref().map(|package| package.name.line))
        .unwrap_or(1);
    let severity = if reach == Reach::Always { context.of_lockfile(&first.version) } else { Severity::Warning };
    let mut finding = Finding::at(lint, severity, manifest, line, what, context.lockset(first));
    finding.items = items;
    Some(finding)
}
