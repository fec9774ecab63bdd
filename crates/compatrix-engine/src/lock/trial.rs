//! One build of a lockset that is only tried, with a real toolchain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use compatrix_model::axis::{Deps, ValueName};
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::lockset::Lockset;
use compatrix_model::needs::Needs;
use compatrix_model::plan::{Build, DebugInfo, Targets, AMBIENT_TOOLCHAIN};

use crate::build::environment;
use crate::deps::locks::Resolver;
use crate::deps::stage::resolved::Resolved;
use crate::deps::stage::{self, Stage};
use crate::find::facts::ToolchainFacts;
use crate::find::layout::StagedMember;
use crate::sys::process::Command;

/// The result of a trial.
pub(super) enum Said {
    Works,
    /// What cargo said, the packages of the workspace whose manifests it refused named as it names others.
    Failed(String),
}

/// Checks what the suites build, each set of features for itself, served from disk. With `ignore_rust` no package is refused
/// for the Rust that it declares.
///
/// # Errors
/// The machine fails, or cargo refuses the stage.
pub(super) fn build(
    resolver: &Resolver<'_>,
    group: &str,
    (toolchain, ignore_rust): (&ToolchainFacts, bool),
    (edit, needs): (&Edit, &Needs),
    resolved: &Resolved,
) -> Result<Said> {
    let (host, layout) = (resolver.host, resolver.sources.layout);
    let dir = resolver.dir.with_file_name("repair");
    let stage = stage::trial(host, layout, &dir, edit, resolved, &resolver.platforms)?;
    let target = host.dir.join("build").join(format!("repair@{group}"));
    let environment = environment(host, toolchain, None, resolved.all || host.limits.offline)?;
    for part in parts(resolver, needs) {
        let mut args = vec!["check".to_owned(), "--locked".to_owned()];
        if needs.dev || needs.sets.is_empty() {
            args.push("--tests".to_owned());
        }
        if ignore_rust {
            args.push("--ignore-rust-version".to_owned());
        }
        args.extend(["--target-dir".to_owned(), target.to_string_lossy().into_owned()]);
        args.extend(manifest_of_one(resolver, &stage, &part));
        args.extend(part.cargo_arguments());
        let mut command = Command::new(&toolchain.cargo, &stage.root)
            .args(args)
            .envs(&environment)
            .env("RUSTC", toolchain.rustc.clone())
            .env("RUSTDOC", toolchain.rustdoc());
        command.timeout = Some(std::time::Duration::from_secs(1800));
        let finished = host.run(&command)?;
        if !finished.status.success() {
            return Ok(Said::Failed(named(resolver, &stage, finished.stderr.text())));
        }
    }
    Ok(Said::Works)
}

/// The builds of each selection of features.
fn parts(resolver: &Resolver<'_>, needs: &Needs) -> Vec<Build> {
    let targets = match needs.dev || needs.sets.is_empty() {
        true => Targets::Tests { doctests: false },
        false => Targets::Packages,
    };
    let build = |features| Build {
        toolchain: ValueName::new(AMBIENT_TOOLCHAIN).expect("a valid name"),
        linkage: None,
        against: None,
        features,
        lockset: Lockset::new(Deps::Lockset, None),
        staged: true,
        targets,
        target: None,
        sanitizer: None,
        debug: DebugInfo::Full,
        left_out: BTreeSet::new(),
    };
    if needs.sets.is_empty() {
        let default = || ["default".to_owned()].into();
        let tested = resolver.sources.layout.members.iter().filter(|member| member.under_test);
        return vec![build(tested.map(|member| (member.name().to_owned(), default())).collect::<BTreeMap<_, _>>())];
    }
    needs.sets.iter().flat_map(|set| build(set.clone()).each()).filter(|build| !build.features.is_empty()).collect()
}

/// With cargo's first resolver, features are only given to the package that cargo stands in.
fn manifest_of_one(resolver: &Resolver<'_>, stage: &Stage, part: &Build) -> Vec<String> {
    let layout = resolver.sources.layout;
    let built = |member: &&StagedMember| part.features.contains_key(member.name());
    match layout.members.iter().filter(built).collect::<Vec<_>>().as_slice() {
        [one] if one.dir != layout.root => {
            let manifest = stage::place(layout, Some(stage), &one.dir).join("Cargo.toml");
            vec!["--manifest-path".to_owned(), manifest.to_string_lossy().into_owned()]
        }
        _ => Vec::new(),
    }
}

/// The output, with the folder of a refused manifest of the workspace as `NAME-VERSION`, as those of others are.
fn named(resolver: &Resolver<'_>, stage: &Stage, output: String) -> String {
    let layout = resolver.sources.layout;
    let Some((_, rest)) = output.split_once("failed to parse manifest at `") else { return output };
    let path = rest.split('`').next().unwrap_or_default().to_owned();
    let Some(dir) = Path::new(&path).parent() else { return output };
    match layout.package_in(&stage::origin(layout, Some(stage), dir)) {
        Some(name) => output.replace(&path, &format!("/{name}-0.0.0/Cargo.toml")),
        None => output,
    }
}
