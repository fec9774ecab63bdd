//! Cells of other targets: which SQLite they get, and what has to be made for it.

use compatrix_model::axis::ValueName;
use compatrix_model::condition::Condition;
use compatrix_model::facts::{Availability, PackageFacts, PlanFacts, ToolchainVersions};
use compatrix_model::linkage::Linkage;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{plan, Choice, Plan, Provision, SkipReason};
use compatrix_model::spec_text::parse;
use semver::Version;

const SPEC: &str = "version = 1\n[project]\npackages = [\"store\"]\n[axis]\nrust = [\"stable\"]\n\
                    sqlite = [\"bundled\", \"host\", \"3.46.0\", \"3.50.2\"]\n\
                    os = { here = {}, win = { target = \"x86_64-pc-windows-gnu\", runner = \"wine64\" }, \
                    mac = { target = \"aarch64-apple-darwin\", runner = \"./on-a-mac.sh\" }, \
                    arm = { target = \"aarch64-unknown-linux-gnu\", runner = \"qemu-aarch64\" } }\n";

fn name(text: &str) -> ValueName {
    ValueName::new(text).unwrap()
}

fn spec() -> Spec {
    parse(SPEC, "matrix.toml", &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100))).spec
}

/// A host with both targets, where 3.46.0 is still to be made for Windows and 3.50.2 cannot be.
fn facts() -> PlanFacts {
    let ready = |version: &str| Availability::Ready(Some(version.parse::<Version>().unwrap()));
    let mut facts = PlanFacts { platform: "linux-x86_64".into(), ..PlanFacts::default() };
    let rustc = Version::new(1, 96, 0);
    facts.toolchains.insert(name("stable"), Availability::Ready(ToolchainVersions { rustc, cargo: None }));
    for (value, version) in [("bundled", "3.51.0"), ("host", "3.40.1"), ("3.46.0", "3.46.0"), ("3.50.2", "3.50.2")] {
        facts.sqlite.insert(name(value), ready(version));
    }
    for os in ["here", "win", "mac", "arm"] {
        facts.systems.insert(name(os), Availability::Ready(()));
        facts.stds.insert((name("stable"), name(os)), Availability::Ready(()));
    }
    let of_windows = [
        (name("bundled"), ready("3.51.0")),
        (name("host"), Availability::Missing { reason: "this library is of this host".to_owned() }),
        (name("3.46.0"), Availability::Obtainable { how: "build SQLite 3.46.0".to_owned() }),
        (name("3.50.2"), Availability::Missing { reason: "it does not compile".to_owned() }),
    ];
    facts.libraries.insert(name("win"), of_windows.into());
    let of_macos = (name("3.46.0"), Availability::Obtainable { how: "build SQLite 3.46.0".to_owned() });
    facts.libraries.insert(name("mac"), [of_macos].into());
    facts.packages = vec![PackageFacts {
        name: "store".to_owned(),
        bundled_feature: Some("bundled".to_owned()),
        links_sqlite: true,
        relinkable: true,
        ..PackageFacts::default()
    }];
    facts
}

fn planned(cell: &str) -> Plan {
    let spec = spec();
    let cells = [Condition::parse_expr(cell, &spec.space).unwrap()];
    plan(&spec, &Choice { profile: &spec.profiles["local"], cells: &cells, packages: &[] }, &facts())
}

fn reason(cell: &str) -> String {
    let plan = planned(cell);
    assert!(plan.runs.is_empty(), "{cell}");
    match &plan.reasons[..] {
        [SkipReason::Unavailable { reason, .. }] => reason.clone(),
        other => panic!("{cell}: {other:?}"),
    }
}

#[test]
fn an_exact_sqlite_is_made_for_the_target_and_linked() {
    let plan = planned("rust=stable sqlite=3.46.0 os=win");
    assert_eq!(plan.provisions, [Provision::SqliteForTarget(name("win"), name("3.46.0"))]);
    let [build] = &plan.builds[..] else { panic!("{:?}", plan.builds) };
    // The newest exact version of this host cannot be had for Windows.
    assert_eq!((build.linkage, build.against.as_ref()), (Some(Linkage::Dynamic), Some(&name("3.46.0"))));
    assert_eq!(build.os(), Some(&name("win")));
    let mac = planned("rust=stable sqlite=3.46.0 os=mac");
    assert_eq!(mac.provisions, [Provision::SqliteForTarget(name("mac"), name("3.46.0"))]);
    assert_eq!(mac.builds[0].against.as_ref(), Some(&name("3.46.0")));
    // Of this host everything is here, and nothing is made.
    let here = planned("rust=stable sqlite=3.46.0 os=here");
    assert_eq!((here.provisions.as_slice(), here.builds[0].against.as_ref()), (&[][..], Some(&name("3.50.2"))));
    assert_eq!(planned("rust=stable sqlite=bundled os=win").provisions, []);
}

#[test]
fn a_sqlite_that_no_program_of_the_target_can_load_is_unproven_with_the_reason() {
    assert_eq!(reason("rust=stable sqlite=3.50.2 os=win"), "it does not compile");
    assert_eq!(reason("rust=stable sqlite=host os=win"), "this library is of this host");
    let arm = reason("rust=stable sqlite=3.46.0 os=arm");
    assert!(arm.contains("not built as shared libraries of aarch64-unknown-linux-gnu"), "{arm}");
    assert!(planned("rust=stable sqlite=bundled os=arm").reasons.is_empty());
}
