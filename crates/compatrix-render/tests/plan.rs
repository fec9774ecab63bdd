//! The plan as tables.

mod common;

use common::*;
use compatrix_model::axis::ValueName;
use compatrix_model::facts::{Availability, PackageFacts, PlanFacts, ToolchainVersions};
use compatrix_model::plan::{plan, Choice};
use compatrix_render::look::Look;
use compatrix_render::plan_table::plan_table;

const SPEC: &str = r#"
version = 1
[project]
packages = ["things-store"]
[axis]
rust = ["1.70", "1.75", "stable"]
sqlite = ["bundled", "host", "3.46.0"]
schema = "*"
[axis.features]
default = []
json = ["json"]
[[suite]]
name = "tests"
kind = "test"
doctests = true
[[rule]]
when = { rust = "stable", schema = "v18", features = "json" }
expect = "skip"
reason = "the same code as with 1.70"
[profile.local]
strategy = "all"
"#;

fn value(name: &str) -> ValueName {
    ValueName::new(name).unwrap()
}

fn facts() -> PlanFacts {
    let toolchain = |rustc: &str| Availability::Ready(ToolchainVersions { rustc: rustc.parse().unwrap(), cargo: None });
    let sqlite = |version: &str| Availability::Ready(Some(version.parse().unwrap()));
    let mut facts = PlanFacts { platform: "linux-x86_64".into(), ..PlanFacts::default() };
    facts.toolchains.insert(value("1.70"), toolchain("1.70.0"));
    let reason =
        "not installed and --offline was given; `rustup toolchain install 1.75 --profile minimal` installs it".into();
    facts.toolchains.insert(value("1.75"), Availability::Missing { reason });
    let how = "rustup toolchain install stable --profile minimal".into();
    facts.toolchains.insert(value("stable"), Availability::Obtainable { how });
    facts.sqlite.insert(value("bundled"), sqlite("3.45.0"));
    facts.sqlite.insert(value("host"), sqlite("3.40.1"));
    let how = "compile the amalgamation of libsqlite3-sys 0.30.1 with cc, about 15 s".into();
    facts.sqlite.insert(value("3.46.0"), Availability::Obtainable { how });
    facts.fixtures.insert(value("v18"), Availability::Ready(()));
    facts.fixtures.insert(value("v24"), Availability::Ready(()));
    facts.packages.push(PackageFacts {
        name: "things-store".into(),
        features: [("json".to_owned(), vec![]), ("bundled".to_owned(), vec![])].into(),
        bundled_feature: Some("bundled".into()),
        always_bundled: false,
        links_sqlite: true,
        ..PackageFacts::default()
    });
    facts
}

#[test]
fn a_plan_in_two_widths() {
    let fixtures = ["v18".to_owned(), "v24".to_owned()];
    let spec =
        compatrix_model::spec_text::parse(SPEC, "matrix.toml", &fixtures).unwrap_or_else(|e| panic!("{e:?}")).spec;
    let mut facts = facts();
    let choice = Choice { profile: &spec.profiles["local"], cells: &[], packages: &[] };
    let fresh = plan(&spec, &choice, &facts);
    golden("plan-80.txt", &plan_table(&spec, &fresh, &facts, &[], &Look::plain(80)));
    golden("plan-40.txt", &plan_table(&spec, &fresh, &facts, &[], &Look::plain(40)));

    // Durations of before make an estimate.
    for build in fresh.builds.iter().take(3) {
        facts.durations.builds.insert(build.id(), 41_500);
    }
    for cell in spec.space.cells().filter(|cell| cell.0 % 3 != 1) {
        facts.durations.runs.insert(("tests".into(), spec.space.id(cell).to_string()), 350);
    }
    golden("plan-timed.txt", &plan_table(&spec, &fresh, &facts, &[true, false, true], &Look::plain(80)));
    golden("plan-nothing.txt", &plan_table(&spec, &Default::default(), &facts, &[], &Look::plain(80)));
}
