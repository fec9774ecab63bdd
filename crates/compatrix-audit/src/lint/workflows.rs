//! Lints the repository's own workflows: matrices beside the spec's.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::matrix_spec::Spec;
use shaped_toml::Severity;

use super::context::Context;
use super::finding::{Finding, Lint};
use crate::promise::{CargoCommand, Promise, PromiseKind, PromiseSource};

pub(super) fn lint(context: &Context<'_>, found: &mut Vec<Finding>) {
    if let Some(spec) = context.spec.filter(|spec| spec.ci.is_some()) {
        by_hand(context, spec, found);
    }
}

/// Hand-written matrices of Rust or SQLite versions next to those of `gen-ci`: nothing keeps them in line with the spec.
/// Generated workflows contain no promises.
fn by_hand(context: &Context<'_>, spec: &Spec, found: &mut Vec<Finding>) {
    let in_matrix = |promise: &&Promise| {
        let of_axis = matches!(promise.kind, PromiseKind::Rust(_) | PromiseKind::Sqlite(_));
        promise.source == PromiseSource::Workflow && promise.key.starts_with("matrix.") && of_axis
    };
    let mut files: BTreeMap<&str, &Promise> = BTreeMap::new();
    for promise in context.facts.promises.iter().filter(in_matrix) {
        files.entry(&promise.file).or_insert(promise);
    }
    for first in files.into_values() {
        let more = only_there(context, spec, &first.file);
        let program = &context.facts.program;
        let (what, mend) = if more.is_empty() {
            (
                "hand-written matrix, although the spec's `[ci]` generates one".to_owned(),
                format!("generate the matrix with `{program} gen-ci`, and remove this one"),
            )
        } else {
            (
                "hand-written matrix beside the one of the spec's `[ci]`; it also tests what the spec does not"
                    .to_owned(),
                format!(
                    "keep it for what is listed, or add that to the spec first; `{program} gen-ci` covers the rest"
                ),
            )
        };
        found.push(Finding {
            id: Lint::MatrixByHand,
            severity: Severity::Warning,
            file: first.file.clone(),
            line: Some(first.line),
            quote: first.text.clone(),
            what,
            mend,
            items: more,
        });
    }
}

/// What a workflow tests and the spec's CI does not: platforms, sets of features, packages.
fn only_there(context: &Context<'_>, spec: &Spec, file: &str) -> Vec<String> {
    let facts = context.facts;
    let ours: BTreeSet<&str> =
        spec.ci.iter().flat_map(|ci| &ci.runners).map(|(platform, _)| platform.as_str()).collect();
    let covers = |platform: &str| {
        ours.iter().any(|own| *own == platform || own.split('-').next().is_some_and(|system| system == platform))
    };
    let mut more = BTreeSet::new();
    let commands: Vec<&CargoCommand> = facts.commands.iter().filter(|command| command.file == file).collect();
    let named =
        facts.promises.iter().filter(|promise| promise.file == file).filter_map(|promise| match &promise.kind {
            PromiseKind::Platform(platform) => Some(platform.clone()),
            _ => None,
        });
    let of_commands = commands.iter().filter(|command| command.builds()).flat_map(|command| command.platforms());
    more.extend(named.chain(of_commands).filter(|platform| !covers(platform)));
    for command in commands.iter().filter(|command| command.builds()) {
        if let Some(set) = features_of(command).filter(|_| !has_set(spec, command)) {
            more.insert(format!("{set} ({file}:{})", command.line));
        }
        let missing = command.packages.iter().filter(|package| !spec.project.packages.contains(package));
        more.extend(missing.map(|package| format!("the package `{package}` ({file}:{})", command.line)));
        if let Some(target) = &command.target {
            more.insert(format!("`--target {target}` ({file}:{})", command.line));
        }
    }
    more.into_iter().collect()
}

/// The features of a command as its flags; `None` for the default.
fn features_of(command: &CargoCommand) -> Option<String> {
    let features = &command.features;
    let mut flags = Vec::new();
    if features.no_default {
        flags.push("--no-default-features".to_owned());
    }
    if features.all {
        flags.push("--all-features".to_owned());
    }
    if !features.list.is_empty() {
        flags.push(format!("--features {}", features.list.join(",")));
    }
    if let Some(sweep) = &features.sweep {
        flags.push(if sweep.powerset { "--feature-powerset" } else { "--each-feature" }.to_owned());
    }
    (!flags.is_empty()).then(|| format!("`{}`", flags.join(" ")))
}

/// Whether a value of the axis `features` switches the same on.
fn has_set(spec: &Spec, command: &CargoCommand) -> bool {
    let asked = &command.features;
    if asked.all || asked.sweep.is_some() {
        return false;
    }
    let wanted: BTreeSet<&str> = asked.list.iter().map(String::as_str).collect();
    let axis = spec.space.axis_of(&AxisKind::Features);
    axis.into_iter().flat_map(|(_, axis)| &axis.values).any(|value| match &value.setting {
        Setting::Features { default_features, enable } => {
            *default_features != asked.no_default
                && enable.iter().map(String::as_str).collect::<BTreeSet<_>>() == wanted
        }
        _ => false,
    })
}
