//! Lints manifests and the format of the lockfile.

use std::collections::BTreeSet;

use semver::Version;
use shaped_toml::Severity;

use crate::manifest::{Field, Manifest};

use super::context::{short, Context, Promised};
use super::finding::{Finding, Lint};
use compatrix_model::condition::partial_version;
use compatrix_model::release;

pub(super) fn lint(context: &Context<'_>, found: &mut Vec<Finding>) {
    not_inherited(context, found);
    claims(context, found);
    path_dependencies(context, found);
    editions(context, found);
    resolver(context, found);
    lockfile(context, found);
}

/// `workspace.package.rust-version` has an effect only if a package inherits it.
fn not_inherited(context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(root) = &context.facts.root else { return };
    let Some(said) = root.workspace.as_ref().and_then(|workspace| workspace.rust_version.as_ref()) else { return };
    let packages: Vec<_> = context.facts.members.iter().filter_map(|member| member.package.as_ref()).collect();
    let inherits = |field: &Option<Field>| matches!(field, Some(Field::Inherited(_)));
    if packages.is_empty() || packages.iter().any(|package| inherits(&package.rust_version)) {
        return;
    }
    let bare = packages.iter().filter(|package| package.rust_version.is_none()).count();
    let (severity, what) = if bare == 0 {
        (Severity::Warning, "every package sets `rust-version` itself, so this one has no effect".to_owned())
    } else {
        let what = format!(
            "no package inherits this, so Rust {} is not promised anywhere: cargo and its resolver ignore it",
            said.value
        );
        (Severity::Error, what)
    };
    let mend = "add `rust-version.workspace = true` to the `[package]` of each member, or remove it here".to_owned();
    let mut finding = Finding::at(Lint::MsrvNotInherited, severity, root, said.line, what, mend);
    if bare > 0 {
        finding.items = packages.iter().filter(|p| p.rust_version.is_none()).map(|p| p.name.value.clone()).collect();
    }
    found.push(finding);
}

/// What the spec claims belongs into the manifest, where cargo reads it.
fn claims(context: &Context<'_>, found: &mut Vec<Finding>) {
    for member in &context.facts.members {
        let Some(package) = &member.package else { continue };
        let Some(claim) = context.claim_of(&package.name.value) else { continue };
        let name = &package.name.value;
        if member.rust_version(context.root()).is_none() {
            let what = format!("the spec claims Rust {claim} for `{name}`, whose manifest has no `rust-version`");
            let mend = format!(
                "add `rust-version = \"{claim}\"` to its `[package]`: cargo then reports it to users, and the resolver \
                 picks compatible dependencies"
            );
            found.push(Finding::at(Lint::MsrvMissing, Severity::Warning, member, package.name.line, what, mend));
        }
    }
}

/// A package needs at least the Rust of its path dependencies.
fn path_dependencies(context: &Context<'_>, found: &mut Vec<Finding>) {
    let all = || context.facts.members.iter().chain(&context.facts.outside);
    for promised in &context.promised {
        for dependency in &promised.manifest.local {
            let Some(folder) = promised.manifest.folder_of(dependency, context.root()) else { continue };
            let Some(other) = all().find(|other| other.folder() == folder) else { continue };
            let root =
                context.facts.members.iter().any(|member| member.file == other.file).then(|| context.root()).flatten();
            let Some(needs) = other.rust_version(root) else { continue };
            if partial_version(&needs.value).is_none_or(|version| version <= promised.version) {
                continue;
            }
            let Promised { package, rust, by, manifest, .. } = promised;
            let only = if dependency.dev {
                " in its tests"
            } else if dependency.optional {
                " with features that are off by default"
            } else if dependency.some_targets {
                " on some targets"
            } else {
                ""
            };
            let severity = if only.is_empty() { Severity::Error } else { Severity::Warning };
            let what = format!(
                "`{package}` promises Rust {rust} ({by}), but depends{only} on `{}`, which needs Rust {}",
                dependency.name, needs.value
            );
            let mend = format!(
                "lower the `rust-version` in {} to {rust}, or raise the promise of `{package}` to {}",
                other.file, needs.value
            );
            let id = Lint::MsrvBelowPathDependency;
            found.push(Finding::at(id, severity, manifest, dependency.line, what, mend));
        }
    }
}

/// cargo parses the manifests of all members, whichever it builds, and those of all path dependencies.
fn editions(context: &Context<'_>, found: &mut Vec<Finding>) {
    let members = context.facts.members.iter().map(|member| (member, true));
    for (member, is_member) in members.chain(context.facts.outside.iter().map(|other| (other, false))) {
        let Some(edition) = member.edition(context.root().filter(|_| is_member)) else { continue };
        let Some(needs) = release::of_edition(&edition.value) else { continue };
        let name = member.package.as_ref().map_or("", |package| package.name.value.as_str());
        let own = context.promised.iter().find(|promised| promised.manifest.file == member.file);
        let (promised, severity, mend) = match own.filter(|own| own.version < needs) {
            Some(own) => {
                let mend = format!("use an older edition in `{name}`, or promise Rust {}", short(&needs));
                (own, Severity::Error, mend)
            }
            None => match user_below(context, member, &needs)
                .map(|user| (user, true))
                .or_else(|| below(context, &needs).filter(|_| is_member))
            {
                Some((user, true)) => {
                    let mend = format!(
                        "use an older edition in `{name}`, which `{}` depends on, or promise Rust {} for `{}`",
                        user.package,
                        short(&needs),
                        user.package
                    );
                    (user, Severity::Error, mend)
                }
                Some((lowest, false)) => {
                    let mend = format!(
                        "use an older edition in `{name}`, or exclude it from the workspace; cells run in a staged copy without \
                         it"
                    );
                    (lowest, Severity::Warning, mend)
                }
                None => continue,
            },
        };
        let what = format!(
            "edition {} needs Rust {}; `{}` promises Rust {} ({}), whose cargo rejects this manifest",
            edition.value,
            short(&needs),
            promised.package,
            promised.rust,
            promised.by
        );
        found.push(Finding::at(Lint::EditionTooNew, severity, member, edition.line, what, mend));
    }
}

/// The lowest promise, if it is below this Rust; `false`, as its package does not need the manifest in question.
fn below<'c>(context: &'c Context<'_>, needs: &Version) -> Option<(&'c Promised<'c>, bool)> {
    context.lowest().filter(|lowest| lowest.version < *needs).map(|lowest| (lowest, false))
}

/// A package that promises a Rust below this one and depends on the package of this manifest by paths, its tests aside.
fn user_below<'c>(context: &'c Context<'_>, used: &Manifest, needs: &Version) -> Option<&'c Promised<'c>> {
    let all: Vec<&Manifest> = context.facts.members.iter().chain(&context.facts.outside).collect();
    let below = context.promised.iter().filter(|promised| promised.version < *needs);
    let mut users = below.filter(|promised| {
        let mut seen = BTreeSet::new();
        let mut next = vec![promised.manifest];
        while let Some(manifest) = next.pop() {
            for dependency in manifest.local.iter().filter(|dependency| !dependency.dev) {
                let Some(folder) = manifest.folder_of(dependency, context.root()) else { continue };
                let Some(other) = all.iter().find(|other| other.folder() == folder) else { continue };
                if seen.insert(other.file.as_str()) {
                    next.push(other);
                }
            }
        }
        seen.contains(used.file.as_str())
    });
    users.next()
}

fn resolver(context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(root) = &context.facts.root else { return };
    let of_package = || root.package.as_ref()?.resolver.as_ref();
    let Some(resolver) = root.workspace.as_ref().and_then(|w| w.resolver.as_ref()).or_else(of_package) else { return };
    let (Some(needs), Some(lowest)) = (release::of_resolver(&resolver.value), context.lowest()) else { return };
    if lowest.version >= needs {
        return;
    }
    let what = format!(
        "resolver {} needs Rust {}; `{}` promises Rust {} ({}), whose cargo rejects this manifest",
        resolver.value,
        short(&needs),
        lowest.package,
        lowest.rust,
        lowest.by
    );
    let mend = "use `resolver = \"2\"`; with `resolver.incompatible-rust-versions = \"fallback\"` in .cargo/config.toml, a new \
                cargo resolves for old ones too"
        .to_owned();
    found.push(Finding::at(Lint::ResolverTooNew, Severity::Warning, root, resolver.line, what, mend));
}

fn lockfile(context: &Context<'_>, found: &mut Vec<Finding>) {
    let (Some(lock), Some(lowest)) = (&context.facts.lock, context.lowest()) else { return };
    let Some(needs) = release::of_lockfile(lock.value).filter(|needs| lowest.version < *needs) else { return };
    found.push(Finding {
        id: Lint::LockfileTooNew,
        severity: context.of_lockfile(&lowest.version),
        file: "Cargo.lock".to_owned(),
        line: Some(lock.line),
        quote: format!("version = {}", lock.value),
        what: format!(
            "lockfile format {} needs Rust {}; `{}` promises Rust {} ({}), whose cargo cannot read it",
            lock.value,
            short(&needs),
            lowest.package,
            lowest.rust,
            lowest.by
        ),
        mend: if context.is_served(&lowest.version) {
            context.lockset(lowest)
        } else {
            format!("{}, or regenerate this lockfile with a cargo before {}", context.lockset(lowest), short(&needs))
        },
        items: Vec::new(),
    });
}
