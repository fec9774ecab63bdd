//! The document of `plan --format json`.

use std::collections::BTreeSet;

use compatrix_model::cell::CellId;
use compatrix_model::facts::{Availability, PlanFacts};
use compatrix_model::linkage::Linkage;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{Build, DebugInfo, Plan, Provision, SkipReason, Targets};
use compatrix_model::results::matrix::Chosen;
use serde::Serialize;

use crate::choice::{self, ChoiceEntry};

/// The document's format version. It increases with every incompatible change.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    profile: &'a str,
    platform: &'a str,
    provisions: Vec<ProvisionEntry<'a>>,
    builds: Vec<BuildEntry<'a>>,
    runs: Vec<RunEntry<'a>>,
    skips: Vec<SkipEntry<'a>>,
    #[serde(flatten)]
    choice: ChoiceEntry<'a>,
}

#[derive(Serialize)]
struct ProvisionEntry<'a> {
    #[serde(flatten)]
    provision: &'a Provision,
    how: &'a str,
}

#[derive(Serialize)]
struct BuildEntry<'a> {
    id: String,
    /// As build lines and tables show it: with the names of feature sets.
    name: String,
    toolchain: &'a str,
    linkage: &'static str,
    /// After `cargo test` or `cargo build`, if one cargo makes it all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cargo_arguments: Vec<String>,
    /// Of each cargo, where packages are built one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cargo_arguments_each: Vec<Vec<String>>,
    /// The packages that are built.
    packages: Vec<&'a str>,
    /// Packages under test that are not in it, because the spec does not promise this Rust for them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    not_promised: &'a BTreeSet<String>,
    /// `locked`, a group's name, `minimal`, `latest`.
    lockset: String,
    /// Whether it is built in a stage.
    staged: bool,
    /// Whether test executables are built; otherwise only the packages, without dev-dependencies.
    tests: bool,
    doctests: bool,
    /// `full`, or `none` where nothing reads it.
    debug: DebugInfo,
    runs: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted_ms: Option<u64>,
}

#[derive(Serialize)]
struct RunEntry<'a> {
    suite: &'a str,
    cell: CellId,
    /// Index into the builds.
    build: usize,
    /// Whether its result is known and would be used again.
    known: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted_ms: Option<u64>,
}

#[derive(Serialize)]
struct SkipEntry<'a> {
    suite: &'a str,
    cell: CellId,
    reason: &'a SkipReason,
}

/// The plan of this profile as one JSON document. `facts` must be those that the plan was made from; `known` says of
/// each run whether its result is known.
pub fn plan_json(spec: &Spec, plan: &Plan, facts: &PlanFacts, known: &[bool], profile: &str) -> String {
    let shown = Chosen::of(plan);
    let runs_per_build = plan.runs_per_build();
    let names = plan.build_names(&spec.space);
    let builds = plan.builds.iter().zip(runs_per_build).zip(names).map(|((build, runs), name)| BuildEntry {
        id: build.id(),
        name,
        toolchain: build.toolchain.as_str(),
        linkage: match build.linkage {
            None => "own",
            Some(Linkage::Static) => "bundled",
            Some(Linkage::Dynamic) => "dynamic",
        },
        cargo_arguments: if build.each().len() == 1 { build.cargo_arguments() } else { Vec::new() },
        cargo_arguments_each: match build.each().as_slice() {
            [_] => Vec::new(),
            each => each.iter().map(Build::cargo_arguments).collect(),
        },
        packages: build.features.keys().map(String::as_str).collect(),
        not_promised: &build.lockset.left_out,
        lockset: build.lockset.to_string(),
        staged: build.staged,
        tests: build.targets != Targets::Packages,
        doctests: build.targets.doctests(),
        debug: build.debug,
        runs,
        predicted_ms: facts.durations.builds.get(&build.id()).copied(),
    });
    let runs = plan.runs.iter().enumerate().map(|(n, run)| {
        let known = known.get(n).copied().unwrap_or_default();
        let (suite, cell) = (&spec.suites[run.suite].name, spec.space.id(run.cell));
        let predicted_ms = facts.durations.runs.get(&(suite.clone(), cell.to_string())).copied();
        RunEntry { suite, cell, build: run.build, known, predicted_ms }
    });
    let skips = plan.skips.iter().map(|skip| SkipEntry {
        suite: &spec.suites[skip.suite].name,
        cell: spec.space.id(skip.cell),
        reason: &plan.reasons[skip.reason],
    });
    let document = Document {
        format: FORMAT,
        profile,
        platform: &facts.platform,
        provisions: plan
            .provisions
            .iter()
            .map(|provision| ProvisionEntry { provision, how: how(provision, facts) })
            .collect(),
        builds: builds.collect(),
        runs: runs.collect(),
        skips: skips.collect(),
        choice: choice::entry(&shown),
    };
    serde_json::to_string_pretty(&document).expect("plain data with text keys is always JSON")
}

/// How a provision is made, according to the facts.
fn how<'a>(provision: &Provision, facts: &'a PlanFacts) -> &'a str {
    fn of<T>(availability: Option<&Availability<T>>) -> &str {
        match availability {
            Some(Availability::Obtainable { how }) => how,
            Some(Availability::Ready(_) | Availability::Missing { .. }) | None => "",
        }
    }
    match provision {
        Provision::Toolchain(name) => of(facts.toolchains.get(name)),
        Provision::Sqlite(name) => of(facts.sqlite.get(name)),
        Provision::SqliteForTarget(os, name) => of(facts.libraries.get(os).and_then(|all| all.get(name))),
        Provision::SqliteInRoot(root, name) => of(facts.roots.get(root).and_then(|root| root.get(name))),
        Provision::Fixture(name) => of(facts.fixtures.get(name)),
        Provision::Lockset(name) => {
            of(facts.locksets.iter().find(|(lockset, _)| lockset.to_string() == *name).map(|(_, staged)| staged))
        }
    }
}
