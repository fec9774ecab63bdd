//! What the planner makes of packages that promise different Rusts, and of a choice of packages.

use compatrix_model::axis::ValueName;
use compatrix_model::condition::partial_version;
use compatrix_model::facts::{Availability, PackageFacts, PlanFacts, ToolchainVersions};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{plan, Choice, SkipReason};
use compatrix_model::spec_text::parse;
use semver::Version;

const PACKAGES: &str = "[claims]\nrust = \"1.56\"\npackages.store = { rust = \"1.70\" }\n";

/// Two packages, of which `store` promises a newer Rust than `core`.
fn of_two(axes: &str, rest: &str) -> Spec {
    let text = format!("[project]\npackages = [\"store\", \"core\"]\n[axis]\n{axes}\n{PACKAGES}{rest}");
    parse(&text, "matrix.toml", &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100))).spec
}

/// A host of these packages that has every toolchain but these: `missing` is not available, `obtainable` can be installed.
fn host_of_two(spec: &Spec, missing: &[&str], obtainable: &[&str]) -> PlanFacts {
    let mut facts = PlanFacts { platform: "linux-x86_64".into(), ..PlanFacts::default() };
    for value in spec.space.axes().iter().flat_map(|axis| &axis.values) {
        let text = value.name.as_str();
        let state = if missing.contains(&text) {
            Availability::Missing { reason: format!("{text} is not to be had") }
        } else if obtainable.contains(&text) {
            Availability::Obtainable { how: format!("install {text}") }
        } else {
            Availability::Ready(version(&partial_version(text).unwrap_or(Version::new(1, 95, 0)).to_string()))
        };
        facts.toolchains.insert(value.name.clone(), state);
    }
    let package = |name: &str, default: &[&str]| PackageFacts {
        name: name.into(),
        features: default.iter().map(|feature| ((*feature).to_owned(), Vec::new())).collect(),
        ..PackageFacts::default()
    };
    facts.packages = vec![package("store", &["default"]), package("core", &[])];
    facts
}

fn version(text: &str) -> ToolchainVersions {
    ToolchainVersions { rustc: text.parse().unwrap(), cargo: None }
}

fn name(text: &str) -> ValueName {
    ValueName::new(text).unwrap()
}

/// What is built and what is not, as texts.
fn seen(spec: &Spec, facts: &PlanFacts, packages: &[&str]) -> (Vec<String>, Vec<String>) {
    let packages: Vec<String> = packages.iter().map(|name| (*name).to_owned()).collect();
    let choice = Choice { profile: &spec.profiles["local"], cells: &[], packages: &packages };
    let plan = plan(spec, &choice, facts);
    let skips = plan.skips.iter().map(|skip| match &plan.reasons[skip.reason] {
        SkipReason::NotPromised { value, reason } => format!("not promised: {value}: {reason}"),
        other => format!("{other:?}"),
    });
    (plan.builds.iter().map(|build| build.id()).collect(), skips.collect())
}

#[test]
fn packages_that_do_not_promise_a_rust_are_left_out_of_its_builds() {
    let spec = of_two("rust = [\"1.50\", \"1.60\", \"1.70\", \"beta\"]", "");
    let all = "features=core:none;store:default";
    let none = "not promised: rust=1.50: `core` promises Rust 1.56, `store` promises Rust 1.70";
    let (builds, skips) = seen(&spec, &host_of_two(&spec, &[], &["beta"]), &[]);
    assert_eq!(
        builds,
        ["rust=1.60 features=none packages=core".to_owned(), format!("rust=1.70 {all}"), format!("rust=beta {all}")]
    );
    assert_eq!(skips, [none]);
    // It is not installed and could not be; still nothing is missing of it.
    let (builds, skips) = seen(&spec, &host_of_two(&spec, &["1.50", "1.60"], &[]), &[]);
    assert_eq!((builds.len(), skips.len(), skips[0].as_str()), (2, 2, none));
    assert!(skips[1].contains("1.60 is not to be had"), "{skips:?}");
    // What was asked for, and of that what is promised.
    let facts = host_of_two(&spec, &[], &[]);
    let (builds, skips) = seen(&spec, &facts, &["store"]);
    let store = |rust: &str| format!("rust={rust} features=default packages=store");
    assert_eq!(builds, [store("1.70"), store("beta")]);
    assert_eq!(skips[1], "not promised: rust=1.60: `store` promises Rust 1.70");
    assert_eq!(seen(&spec, &facts, &["core", "store"]), seen(&spec, &facts, &[]), "all of them are no choice");
}

#[test]
fn the_version_of_a_toolchain_decides_before_its_name() {
    let spec = of_two("rust = [{ name = \"old\", path = \"x\" }, \"1.70\"]", "");
    let mut facts = host_of_two(&spec, &[], &[]);
    facts.toolchains.insert(name("old"), Availability::Ready(version("1.63.0")));
    assert_eq!(seen(&spec, &facts, &[]).0[0], "rust=old features=none packages=core");
    facts.toolchains.insert(name("old"), Availability::Obtainable { how: "install it".into() });
    assert_eq!(seen(&spec, &facts, &[]).0[0], "rust=old features=core:none;store:default");
    // Renamed, or replaced by another: what it says counts.
    let mut renamed = host_of_two(&spec, &[], &[]);
    renamed.toolchains.insert(name("1.70"), Availability::Ready(version("1.69.0")));
    assert!(seen(&spec, &renamed, &[]).0[1].ends_with("packages=core"));
}

#[test]
fn a_stage_is_of_the_packages_that_are_promised() {
    let spec = of_two("rust = [\"1.60\", \"1.70\"]", "[[lock]]\nname = \"old\"\nrust = \"<1.75\"\n");
    let facts = host_of_two(&spec, &[], &[]);
    let plan = plan(&spec, &Choice { profile: &spec.profiles["local"], cells: &[], packages: &[] }, &facts);
    let stages: Vec<_> = plan.builds.iter().map(|build| (build.lockset.to_string(), build.stage().unwrap())).collect();
    let of = |name: &str| (name.to_owned(), name.to_owned());
    assert_eq!(stages, [of("old.without-store"), of("old")]);
    assert_eq!(plan.builds[0].id(), "rust=1.60 features=none packages=core lockset=old");
    let versions = facts.versions();
    let all = compatrix_model::lockset::all(&spec.locks, &spec.space, &versions, |toolchain| {
        compatrix_model::promised::left_out(&spec, toolchain.unwrap(), &versions)
    });
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(all, ["locked", "old", "old.without-store"]);
}

#[test]
fn a_suite_builds_the_packages_that_it_names() {
    let suites = "[[suite]]\nname = \"all\"\n[[suite]]\nname = \"store\"\npackages = [\"store\"]\n\
                  [[suite]]\nname = \"check\"\nkind = \"command\"\ncommand = [\"check\"]\npackages = [\"core\"]\n";
    let spec = of_two("rust = [\"1.50\", \"1.60\", \"1.70\"]", suites);
    let facts = host_of_two(&spec, &[], &[]);
    let (builds, skips) = seen(&spec, &facts, &[]);
    let (store, core) = ("features=default packages=store", "features=none packages=core");
    let expected = [
        format!("rust=1.60 {core}"),
        "rust=1.70 features=core:none;store:default".to_owned(),
        format!("rust=1.70 {store}"),
        format!("rust=1.70 {core}"),
    ];
    assert_eq!(builds, expected);
    let (of_store, of_core) = ("`store` promises Rust 1.70", "`core` promises Rust 1.56");
    assert_eq!(
        skips,
        [
            format!("not promised: rust=1.50: {of_core}, {of_store}"),
            format!("not promised: rust=1.50: {of_store}"),
            format!("not promised: rust=1.50: {of_core}"),
            format!("not promised: rust=1.60: {of_store}"),
        ]
    );
    // On the command line a package chooses among suites, too: what was not asked for is not said to be missing.
    let (builds, skips) = seen(&spec, &facts, &["store"]);
    assert_eq!(builds, [format!("rust=1.70 {store}")]);
    assert_eq!(skips.len(), 4, "{skips:?}");
    assert!(skips.iter().all(|skip| skip.ends_with(of_store)), "{skips:?}");
}
