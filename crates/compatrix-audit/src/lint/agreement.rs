//! Lints places that promise different lowest versions: the spec, manifests, READMEs, badges, Clippy's configuration. What
//! contradicts each other is one finding with all its places, whether there is a spec or not.

use std::collections::BTreeSet;

use compatrix_model::condition::partial_version;
use semver::Version;
use shaped_toml::Severity;

use super::context::Context;
use super::finding::{Finding, Lint};
use crate::manifest;
use crate::manifest::{Field, Manifest};
use crate::promise::{Promise, PromiseKind, PromiseSource};

/// The spec, relative to the root.
const SPEC: &str = "compat/matrix.toml";

/// What a place is; the order of [`Place::who`] decides which one the others should follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Manifest,
    Spec,
    Other,
}

/// A place that names a lowest version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    who: Who,
    file: String,
    line: Option<usize>,
    version: Version,
    /// As spelled there.
    text: String,
    quote: String,
}

pub(super) fn lint(context: &Context<'_>, found: &mut Vec<Finding>) {
    for group in merged(rust(context)) {
        found.extend(finding("Rust", &group, context));
    }
    for group in merged(vec![sqlite(context)]) {
        found.extend(finding("SQLite", &group, context));
    }
}

/// The places of each package.
fn rust(context: &Context<'_>) -> Vec<BTreeSet<Place>> {
    let promises: Vec<(Option<&Manifest>, Place)> = context
        .facts
        .promises
        .iter()
        .filter(|promise| matches!(promise.kind, PromiseKind::LowestRust(_)))
        .filter_map(|promise| Some((owner(context, promise), place_of(promise)?)))
        .collect();
    let members: Vec<(&Manifest, BTreeSet<Place>)> =
        context.facts.members.iter().map(|member| (member, own(context, member))).collect();
    let distinct: BTreeSet<&Version> =
        members.iter().flat_map(|(_, own)| own.iter().map(|place| &place.version)).collect();
    let mut groups = Vec::new();
    for (member, own) in &members {
        let mut group = own.clone();
        for (of, place) in &promises {
            let is_own = of.is_some_and(|of| of.file == member.file);
            // What the workspace says holds for each package, as long as they agree.
            if is_own || (of.is_none() && distinct.len() <= 1) {
                group.insert(place.clone());
            }
        }
        groups.push(group);
    }
    if distinct.len() > 1 {
        // Members with a Rust each: the workspace may name any of them.
        let all: BTreeSet<Place> = members.iter().flat_map(|(_, own)| own.clone()).collect();
        let strange = promises.iter().filter(|(of, place)| of.is_none() && !distinct.contains(&place.version));
        for (_, place) in strange {
            groups.push(all.iter().cloned().chain([place.clone()]).collect());
        }
    }
    groups
}

/// What a member's manifest and the spec say of it.
fn own(context: &Context<'_>, member: &Manifest) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    let root = context.facts.root.as_ref();
    let field = member.package.as_ref().and_then(|package| package.rust_version.as_ref());
    let inherited = root.and_then(|root| Some((root, root.workspace.as_ref()?.rust_version.as_ref()?)));
    let said = match field {
        Some(Field::Own(own)) => Some((member, own)),
        Some(Field::Inherited(_)) => inherited,
        None => None,
    };
    if let Some((file, said)) = said {
        let quote = file.line(said.line).trim().to_owned();
        places.extend(place(Who::Manifest, &file.file, Some(said.line), &said.value, quote));
    }
    let name = member.package.as_ref().map_or("", |package| package.name.value.as_str());
    if let Some(claim) = context.claim_of(name) {
        let text = &context.facts.spec_text;
        let of_package = manifest::key(text, &["claims", "packages", name, "rust"]);
        let line = of_package.or_else(|| manifest::key(text, &["claims", "rust"])).map(|(line, _)| line);
        let quote = line.and_then(|line| text.lines().nth(line - 1)).unwrap_or_default().trim().to_owned();
        places.extend(place(Who::Spec, SPEC, line, claim, quote));
    }
    places
}

/// The member whose file makes a promise; `None` if the file is of the workspace.
fn owner<'a>(context: &Context<'a>, promise: &Promise) -> Option<&'a Manifest> {
    let of_package = matches!(promise.source, PromiseSource::Readme | PromiseSource::Source | PromiseSource::Clippy);
    let members = context.facts.members.iter().filter(|member| {
        let folder = member.folder();
        folder.is_empty() || promise.file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    });
    // The innermost; a package at the root owns what no other does.
    let owner = members.max_by_key(|member| member.folder().len())?;
    (of_package || owner.folder().is_empty()).then_some(owner)
}

fn sqlite(context: &Context<'_>) -> BTreeSet<Place> {
    let promises = context.facts.promises.iter().filter(|promise| matches!(promise.kind, PromiseKind::LowestSqlite(_)));
    let mut places: BTreeSet<Place> = promises.filter_map(place_of).collect();
    if let Some(claim) = context.spec.and_then(|spec| spec.claims.sqlite.as_ref()) {
        let line = manifest::key(&context.facts.spec_text, &["claims", "sqlite"]).map(|(line, _)| line);
        places.extend(place(Who::Spec, SPEC, line, &claim.text, String::new()));
    }
    places
}

fn place_of(promise: &Promise) -> Option<Place> {
    place(Who::Other, &promise.file, Some(promise.line), promise.meant(), promise.text.clone())
}

fn place(who: Who, file: &str, line: Option<usize>, text: &str, quote: String) -> Option<Place> {
    let version = partial_version(text)?;
    Some(Place { who, file: file.to_owned(), line, version, text: text.to_owned(), quote })
}

/// The groups that contradict themselves; those with a place in common are one.
fn merged(groups: Vec<BTreeSet<Place>>) -> Vec<BTreeSet<Place>> {
    let mut found: Vec<BTreeSet<Place>> = Vec::new();
    let differs = |group: &BTreeSet<Place>| {
        group.iter().any(|place| group.first().is_some_and(|first| first.version != place.version))
    };
    for mut group in groups.into_iter().filter(differs) {
        let (same, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|other| other.iter().any(|place| group.contains(place)));
        group.extend(same.into_iter().flatten());
        found = others;
        found.push(group);
    }
    found
}

fn finding(of: &str, group: &BTreeSet<Place>, context: &Context<'_>) -> Option<Finding> {
    let lead = group.first()?;
    let manifests = group.iter().filter(|place| place.who == Who::Manifest);
    let highest = manifests.max_by_key(|place| place.version.clone());
    let claim = group.iter().filter(|place| place.who == Who::Spec).min_by_key(|place| place.version.clone());
    // cargo refuses to build below the manifest's Rust.
    let refused = claim.zip(highest).filter(|(claim, highest)| claim.version < highest.version);
    let other = group.iter().find(|place| place.version != lead.version && place.who == Who::Other);
    let at = refused.map(|(_, highest)| highest).or(other).unwrap_or(lead);
    let said = |place: &Place| format!("{} in {}", place.text, at_line(place));
    let lowest = group.iter().min_by_key(|place| place.version.clone())?;
    let what = match refused {
        Some((claim, highest)) => format!(
            "the spec claims Rust {}, but cargo refuses to build a package below its `rust-version` {}",
            claim.text,
            said(highest)
        ),
        None => {
            let mut versions: Vec<&Place> = Vec::new();
            for place in group {
                if !versions.iter().any(|known| known.version == place.version) {
                    versions.push(place);
                }
            }
            versions.sort_by(|a, b| a.version.cmp(&b.version));
            let list: Vec<String> = versions.into_iter().map(said).collect();
            let (first, others) = list.split_first()?;
            format!("the lowest {of} is {first}, but {}", others.join(" and "))
        }
    };
    let mend = match (lead.who, refused) {
        (_, Some((claim, highest))) => {
            format!("lower `rust-version` to {}, or claim Rust {}", claim.text, highest.text)
        }
        (Who::Manifest | Who::Spec, None) if lead.version == lowest.version => {
            format!("say {of} {} everywhere", lead.text)
        }
        (Who::Manifest | Who::Spec, None) => format!(
            "say {of} {} everywhere; or promise {} everywhere, and add it to the spec's `{}` axis",
            lead.text,
            lowest.text,
            of.to_lowercase()
        ),
        (Who::Other, None) if of == "Rust" => format!(
            "say the same everywhere, and as `rust-version` in Cargo.toml: `{} init` then claims it",
            context.facts.program
        ),
        (Who::Other, None) => "say the same everywhere".to_owned(),
    };
    Some(Finding {
        id: Lint::ClaimDiffers,
        severity: if refused.is_some() { Severity::Error } else { Severity::Warning },
        file: at.file.clone(),
        line: at.line,
        quote: at.quote.clone(),
        what,
        mend,
        items: group.iter().map(|place| format!("{}: {of} {}", at_line(place), place.text)).collect(),
    })
}

fn at_line(place: &Place) -> String {
    match place.line {
        Some(line) => format!("{}:{line}", place.file),
        None => place.file.clone(),
    }
}
