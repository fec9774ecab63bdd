//! What the planner promises: each chosen cell once, builds only from build inputs, provisions only where needed.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_model::axis::{AxisKind, Setting, ValueName};
use compatrix_model::condition::Condition;
use compatrix_model::expect::Expectations;
use compatrix_model::facts::{Availability, PackageFacts, PlanFacts, ToolchainVersions};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{plan, plan_part, Choice, DebugInfo, Part, Plan, Provision, SkipReason};
use compatrix_model::spec_text::parse;
use compatrix_model::verdict::Expectation;
use proptest::prelude::*;
use semver::Version;

fn spec(axes: &str, rest: &str) -> Spec {
    let text = format!("version = 1\n[project]\npackages = [\"store\"]\n[axis]\n{axes}\n{rest}");
    let fixtures = ["v18", "v24"].map(str::to_owned);
    parse(&text, "matrix.toml", &fixtures).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100))).spec
}

fn name(text: &str) -> ValueName {
    ValueName::new(text).unwrap()
}

/// A host that has everything that the spec names but these values: `missing` cannot be had, `obtainable` can be made.
fn host(spec: &Spec, missing: &[&str], obtainable: &[&str]) -> PlanFacts {
    fn state<T>(value: &str, ready: T, missing: &[&str], obtainable: &[&str]) -> Availability<T> {
        if missing.contains(&value) {
            Availability::Missing { reason: format!("{value} is not to be had") }
        } else if obtainable.contains(&value) {
            Availability::Obtainable { how: format!("make {value}") }
        } else {
            Availability::Ready(ready)
        }
    }
    let mut facts = PlanFacts { platform: "linux-x86_64".into(), ..PlanFacts::default() };
    for axis in spec.space.axes() {
        for value in &axis.values {
            let text = value.name.as_str();
            match axis.kind {
                AxisKind::Rust => {
                    let rustc = compatrix_model::condition::partial_version(text).unwrap_or(Version::new(1, 95, 0));
                    let ready = ToolchainVersions { rustc, cargo: None };
                    facts.toolchains.insert(value.name.clone(), state(text, ready, missing, obtainable));
                }
                AxisKind::Sqlite => {
                    let version = match &value.setting {
                        Setting::SqliteExact(version) => version.clone(),
                        _ => Version::new(3, 40, 1),
                    };
                    facts.sqlite.insert(value.name.clone(), state(text, Some(version), missing, obtainable));
                }
                AxisKind::Schema => {
                    facts.fixtures.insert(value.name.clone(), state(text, (), missing, obtainable));
                }
                AxisKind::Features | AxisKind::Deps | AxisKind::Os | AxisKind::Env { .. } => {}
            }
        }
    }
    let feature = |name: &str, on: &[&str]| (name.to_owned(), on.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>());
    facts.packages = vec![PackageFacts {
        name: "store".into(),
        features: BTreeMap::from([
            feature("default", &["bundled", "pool"]),
            feature("bundled", &["rusqlite/bundled"]),
            feature("pool", &["dep:r2d2"]),
            feature("json", &[]),
        ]),
        bundled_feature: Some("bundled".into()),
        always_bundled: false,
        links_sqlite: true,
        ..PackageFacts::default()
    }];
    facts
}

fn planned(spec: &Spec, facts: &PlanFacts, cells: &[&str]) -> Plan {
    let cells: Vec<Condition> = cells.iter().map(|c| Condition::parse_expr(c, &spec.space).unwrap()).collect();
    plan(spec, &Choice { profile: &spec.profiles["local"], cells: &cells, packages: &[] }, facts)
}

const AXES: &str = r#"
rust = ["1.70", "stable"]
sqlite = ["bundled", "host", "3.35.4", "3.46.0"]
schema = ["v18", "v24"]
features = { default = [], json = ["json"], minimal = { default-features = false } }
"#;

#[test]
fn build_ids_show_what_is_compiled_and_cells_share_builds() {
    let spec = spec(AXES, "");
    let plan = planned(&spec, &host(&spec, &[], &[]), &["rust=stable"]);
    assert_eq!(plan.runs.len(), 4 * 2 * 3);
    let ids: Vec<String> = plan.builds.iter().map(|build| build.id()).collect();
    assert_eq!(
        ids,
        [
            "rust=stable sqlite=bundled features=bundled,default,pool",
            "rust=stable sqlite=bundled features=bundled,default,json,pool",
            "rust=stable sqlite=bundled features=bundled",
            "rust=stable sqlite=dynamic features=pool",
            "rust=stable sqlite=dynamic features=json,pool",
            "rust=stable sqlite=dynamic features=none",
        ]
    );
    assert_eq!(plan.runs_per_build(), [2, 2, 2, 6, 6, 6]);
    assert_eq!(plan.builds[1].cargo_arguments().join(" "), "--package store --features bundled,json,pool");
}

#[test]
fn feature_sets_that_come_to_the_same_are_one_build() {
    let axes = r#"features = { default = [], spelled = { default-features = false, features = ["default"] } }"#;
    let spec = spec(axes, "");
    let plan = planned(&spec, &host(&spec, &[], &[]), &[]);
    assert_eq!((plan.runs.len(), plan.builds.len()), (2, 1));
    assert_eq!(plan.builds[0].toolchain.as_str(), "default");
    assert_eq!(plan.builds[0].linkage, None);
}

#[test]
fn dynamic_builds_link_against_the_newest_that_can_be_had_whatever_is_chosen() {
    let spec = spec(AXES, "");
    let link = |missing: &[&str], cells: &[&str]| {
        let plan = planned(&spec, &host(&spec, missing, &[]), cells);
        let found: BTreeSet<String> =
            plan.builds.iter().filter_map(|build| build.against.as_ref().map(ToString::to_string)).collect();
        found.into_iter().collect::<Vec<_>>().join(",")
    };
    assert_eq!(link(&[], &[]), "3.46.0");
    assert_eq!(link(&[], &["sqlite=3.35.4"]), "3.46.0", "the choice does not change what is built");
    assert_eq!(link(&["3.46.0"], &[]), "3.35.4");
    assert_eq!(link(&["3.46.0", "3.35.4"], &[]), "host");
}

#[test]
fn what_cannot_be_had_is_skipped_with_its_reason_once() {
    let spec = spec(AXES, "");
    let plan = planned(&spec, &host(&spec, &["1.70"], &[]), &["features=default"]);
    assert_eq!((plan.runs.len(), plan.skips.len()), (8, 8));
    let reason = SkipReason::Unavailable { value: "rust=1.70".into(), reason: "1.70 is not to be had".into() };
    assert_eq!(plan.reasons, [reason]);
    assert!(plan.builds.iter().all(|build| build.toolchain.as_str() == "stable"));
}

#[test]
fn only_what_chosen_cells_and_their_builds_need_is_provided() {
    let spec = spec(AXES, "");
    let facts = host(&spec, &[], &["1.70", "3.46.0", "3.35.4", "v18"]);
    let of = |cell: &str| planned(&spec, &facts, &[cell]).provisions;
    assert_eq!(of("rust=stable sqlite=bundled schema=v24 features=default"), []);
    assert_eq!(
        of("rust=1.70 sqlite=bundled schema=v18 features=default"),
        [Provision::Toolchain(name("1.70")), Provision::Fixture(name("v18"))]
    );
    // The host's SQLite runs there, but the build links against the newest.
    assert_eq!(of("rust=stable sqlite=host schema=v24 features=default"), [Provision::Sqlite(name("3.46.0"))]);
}

#[test]
fn a_skip_rule_leaves_cells_out_and_a_suite_runs_only_where_it_may() {
    let rest = r#"
[[suite]]
name = "tests"
[[suite]]
name = "few"
when = { sqlite = "bundled" }
[[rule]]
when = { rust = "1.70", features = "json" }
expect = "skip"
reason = "no such thing"
"#;
    let spec = spec(AXES, rest);
    let plan = planned(&spec, &host(&spec, &[], &[]), &["rust=1.70 schema=v18"]);
    // 4 SQLites and 2 feature sets for `tests`, bundled alone for `few`; json is left out in both.
    assert_eq!(plan.runs.iter().filter(|run| run.suite == 0).count(), 8);
    assert_eq!(plan.runs.iter().filter(|run| run.suite == 1).count(), 2);
    assert_eq!(plan.skips.len(), 5);
    assert_eq!(plan.reasons, [SkipReason::Excluded { reason: "no such thing".into() }]);
}

#[test]
fn a_version_that_is_not_known_hides_no_cell() {
    let rest = r#"
[[suite]]
name = "tests"
when = { rust = ">=1.60" }
[[rule]]
when = { rust = "<1.50" }
expect = "skip"
reason = "too old"
"#;
    let spec = spec("rust = [\"1.70\", \"beta\"]", rest);
    // It is not to be had: not tried, with its own reason; also where a covering array or `--cell` chooses.
    let missing = host(&spec, &["beta"], &[]);
    let plan = planned(&spec, &missing, &[]);
    assert_eq!((plan.runs.len(), plan.skips.len()), (1, 1));
    let reason = |of: &str| SkipReason::Unavailable { value: "rust=beta".into(), reason: of.into() };
    assert_eq!(plan.reasons, [reason("beta is not to be had")]);
    assert_eq!(planned(&spec, &missing, &["rust>=1.65"]).skips.len(), 1);
    // It can be installed, so that it is, and its version then decides.
    let plan = planned(&spec, &host(&spec, &[], &["beta"]), &[]);
    assert_eq!((plan.runs.len(), plan.provisions.as_slice()), (2, &[Provision::Toolchain(name("beta"))][..]));
    // In a part that was decided before, what the version leaves out is said.
    let mut known = host(&spec, &[], &[]);
    let old = ToolchainVersions { rustc: Version::new(1, 55, 0), cargo: None };
    known.toolchains.insert(name("beta"), Availability::Ready(old));
    assert_eq!(planned(&spec, &known, &[]).skips, []);
    let part: Part = plan.runs.iter().map(|run| (run.suite, run.cell)).collect();
    let profile = &spec.profiles["local"];
    let again = plan_part(&spec, &Choice { profile, cells: &[], packages: &[] }, &known, &part);
    // Nothing is missing of it, so it is not as if it could not be tried.
    let why = "it is 1.55.0 here, which `when` of the suite `tests` does not admit";
    assert_eq!(again.reasons, [SkipReason::NotPromised { value: "rust=beta".into(), reason: why.into() }]);
    // It is here, and says nothing of itself.
    let spec = self::spec("sqlite = [\"bundled\"]", "[[suite]]\nname = \"tests\"\nwhen = { sqlite = \">=3.40\" }\n");
    let mut facts = host(&spec, &[], &[]);
    facts.sqlite.insert(name("bundled"), Availability::Ready(None));
    let plan = planned(&spec, &facts, &[]);
    assert_eq!((plan.runs.len(), plan.skips.len()), (0, 1));
    assert!(matches!(&plan.reasons[0], SkipReason::Unavailable { reason, .. } if reason.contains("is not known")));
}

#[test]
fn a_package_without_a_bundling_feature_says_so() {
    let spec = spec(r#"sqlite = ["bundled", "host"]"#, "");
    let mut facts = host(&spec, &[], &[]);
    facts.packages[0].bundled_feature = None;
    let plan = planned(&spec, &facts, &[]);
    assert_eq!((plan.runs.len(), plan.skips.len()), (1, 1));
    let SkipReason::Unavailable { value, reason } = &plan.reasons[0] else { panic!("{:?}", plan.reasons) };
    assert_eq!(value, "sqlite=bundled");
    assert!(reason.contains("`bundled-feature` under [sqlite]"), "{reason}");
    // What a dependency always has needs no feature, and one package of several is enough.
    let mut other = facts.packages[0].clone();
    other.name = "other".into();
    facts.packages[0].always_bundled = true;
    assert_eq!(planned(&spec, &facts, &[]).runs.len(), 2);
    facts.packages.push(other);
    let plan = planned(&spec, &facts, &[]);
    assert_eq!((plan.runs.len(), plan.skips.len()), (2, 0));
    assert_eq!(
        plan.builds[0].cargo_arguments().join(" "),
        "--package other --package store --no-default-features --features \
         other/bundled,other/default,other/pool,store/bundled,store/default,store/pool"
    );
}

const RUSTS: [&str; 4] = ["1.70", "1.75", "stable", "nightly"];
const SQLITES: [&str; 5] = ["bundled", "host", "3.35.4", "3.46.0", "3.50.2"];

fn some(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(of, 1..=of.len())
}

fn list(values: &[&str]) -> String {
    format!("{values:?}")
}

proptest! {
    #[test]
    fn every_chosen_cell_is_run_or_skipped_exactly_once(
        rusts in some(&RUSTS), sqlites in some(&SQLITES), missing in some(&["1.70", "host", "3.46.0", "v18"]), obtainable in some(&["1.75", "3.35.4", "v24"]),
    ) {
        let axes = format!("rust = {}\nsqlite = {}\nschema = [\"v18\", \"v24\"]", list(&rusts), list(&sqlites));
        let spec = spec(&axes, "");
        let facts = host(&spec, &missing, &obtainable);
        let plan = planned(&spec, &facts, &[]);
        let mut cells: Vec<u128> = plan.runs.iter().map(|run| run.cell.0).chain(plan.skips.iter().map(|skip| skip.cell.0)).collect();
        cells.sort_unstable();
        prop_assert_eq!(cells, (0..spec.space.len()).collect::<Vec<_>>());
        prop_assert!(plan.runs_per_build().iter().all(|runs| *runs > 0));
        let distinct: BTreeSet<_> = plan.builds.iter().collect();
        prop_assert_eq!(distinct.len(), plan.builds.len());
        prop_assert_eq!(&plan, &planned(&spec, &facts, &[]), "the same inputs give the same plan");
    }

    #[test]
    fn more_sqlites_or_schemas_cost_runs_and_no_builds(extra in some(&["3.35.4", "3.46.0", "3.50.2"])) {
        let with = |sqlites: &[&str], schemas: &[&str]| {
            let spec = spec(&format!("rust = [\"stable\"]\nsqlite = {}\nschema = {}", list(sqlites), list(schemas)), "");
            let plan = planned(&spec, &host(&spec, &[], &[]), &[]);
            (plan.builds.len(), plan.runs.len())
        };
        let (builds, runs) = with(&["bundled", "host"], &["v18"]);
        let more: Vec<&str> = ["bundled", "host"].into_iter().chain(extra.iter().copied()).collect();
        prop_assert_eq!(with(&more, &["v18", "v24"]), (builds, (runs + extra.len()) * 2));
    }
}

#[test]
fn names_that_the_workspace_does_not_have_are_shown_where_they_stand() {
    let text = "version = 1\n[project]\npackages = [\"stor\"]\n[axis.features]\ndefault = []\njson = [\"jsonn\"]\n";
    let parsed = parse(text, "matrix.toml", &[]).unwrap();
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let packages = parsed.unknown_packages(&set(&["store", "xtask"]));
    assert_eq!(
        packages.to_string().lines().next().unwrap(),
        "matrix.toml:3:13: error: package `stor` is not in this workspace"
    );
    assert!(packages.render(false, 80).contains("did you mean `store`?"), "{}", packages.render(false, 80));
    let features = parsed.unknown_features(&set(&["json", "pool"]));
    assert!(
        features.to_string().starts_with("matrix.toml:6:9: error: no package under test has a feature `jsonn`"),
        "{features}"
    );
    assert!(
        parsed.unknown_packages(&set(&["stor"])).is_empty() && parsed.unknown_features(&set(&["jsonn"])).is_empty()
    );
}

/// A host whose toolchains are of these versions, rustc's and cargo's, and that has these locksets served.
fn host_with_locks(spec: &Spec, cargos: &[(&str, &str, &str)], locksets: &[&str]) -> PlanFacts {
    let mut facts = host(spec, &[], &[]);
    for (value, rustc, cargo) in cargos {
        let Some(Availability::Ready(toolchain)) = facts.toolchains.get_mut(&name(value)) else { panic!("{value}") };
        *toolchain = ToolchainVersions { rustc: rustc.parse().unwrap(), cargo: Some(cargo.parse().unwrap()) };
    }
    facts.readable_from = Some(Version::new(1, 78, 0));
    for lockset in compatrix_model::lockset::all(&spec.locks, &spec.space, &facts.versions(), |_| BTreeSet::new()) {
        let staged = if locksets.contains(&lockset.to_string().as_str()) {
            Availability::Ready(())
        } else {
            Availability::Obtainable { how: format!("fetch {lockset}") }
        };
        facts.locksets.insert(lockset, staged);
    }
    facts
}

const OLD: &str = "[[lock]]\nname = \"old\"\nrust = \"<1.75\"\n";

#[test]
fn toolchains_of_a_group_are_built_in_a_stage_with_its_lockset() {
    let spec = spec("rust = [\"1.70\", \"1.75\", \"stable\"]\nsqlite = [\"bundled\"]", OLD);
    let facts = host_with_locks(&spec, &[("1.75", "1.75.0", "1.75.0"), ("stable", "1.95.0", "1.95.0")], &["locked"]);
    let plan = planned(&spec, &facts, &[]);
    let seen: Vec<(String, Option<String>, String)> =
        plan.builds.iter().map(|b| (b.lockset.to_string(), b.stage(), b.lane())).collect();
    let expected = [
        ("old", Some("old"), "1.70@old"),
        // In no group, but its cargo cannot read the workspace as it stands.
        ("locked", Some("locked"), "1.75@locked"),
        ("locked", None, "stable"),
    ];
    let expected =
        expected.map(|(lockset, stage, lane)| (lockset.to_owned(), stage.map(str::to_owned), lane.to_owned()));
    assert_eq!(seen, expected);
    assert_eq!(plan.builds[0].id(), "rust=1.70 sqlite=bundled features=bundled,default,pool lockset=old");
    assert!(plan.provisions.contains(&Provision::Lockset("old".into())), "{:?}", plan.provisions);
    assert!(!plan.provisions.contains(&Provision::Lockset("locked".into())), "it is served already");
}

#[test]
fn a_distribution_s_cargo_counts_and_not_its_rustc() {
    let spec = spec("rust = [\"stable\"]", "");
    let staged = |rustc, cargo| {
        let facts = host_with_locks(&spec, &[("stable", rustc, cargo)], &["locked"]);
        planned(&spec, &facts, &[]).builds[0].staged
    };
    assert!(!staged("1.63.0", "1.78.0"));
    assert!(staged("1.95.0", "1.65.0"));
}

#[test]
fn the_deps_axis_is_a_build_input_and_hermetic_stages_all() {
    let spec = spec("rust = [\"1.70\", \"stable\"]\ndeps = [\"locked\", \"lockset\", \"minimal\", \"latest\"]", OLD);
    let mut facts = host_with_locks(&spec, &[("1.70", "1.70.0", "1.70.0")], &[]);
    facts.readable_from = Some(Version::new(1, 56, 0));
    let locksets: Vec<String> = planned(&spec, &facts, &[]).builds.iter().map(|b| b.lockset.to_string()).collect();
    assert_eq!(locksets, ["locked", "old", "minimal-old", "latest-old", "locked", "minimal", "latest"]);
    facts.hermetic = true;
    assert!(planned(&spec, &facts, &[]).builds.iter().all(|build| build.staged));
    let missing = Availability::Missing { reason: "no network".to_owned() };
    for (_, staged) in facts.locksets.iter_mut().filter(|(lockset, _)| lockset.to_string() == "minimal") {
        *staged = missing.clone();
    }
    let plan = planned(&spec, &facts, &["rust=stable deps=minimal"]);
    let expected = SkipReason::Unavailable { value: "deps=minimal".into(), reason: "no network".into() };
    assert_eq!((plan.runs.len(), plan.reasons), (0, vec![expected]));
}

#[test]
fn a_suite_that_only_builds_leaves_dev_dependencies_out() {
    let spec =
        spec("rust = [\"stable\"]", "[[suite]]\nname = \"msrv\"\nkind = \"build\"\n[[suite]]\nname = \"tests\"\n");
    let plan = planned(&spec, &host_with_locks(&spec, &[], &["locked"]), &[]);
    let stages: Vec<_> = plan.builds.iter().map(|build| (build.id(), build.stage())).collect();
    assert_eq!(
        stages,
        [
            (
                "rust=stable features=bundled,default,pool without=tests".to_owned(),
                Some("locked.without-dev".to_owned())
            ),
            ("rust=stable features=bundled,default,pool".to_owned(), None),
        ]
    );
}

#[test]
fn builds_are_named_by_their_feature_sets() {
    let names = |axes: &str, rest: &str, cells: &[&str]| {
        let spec = spec(axes, rest);
        let cells: Vec<Condition> =
            cells.iter().map(|cell| Condition::parse_expr(cell, &spec.space).unwrap()).collect();
        let choice = Choice { profile: &spec.profiles["all"], cells: &cells, packages: &[] };
        plan(&spec, &choice, &host(&spec, &[], &[])).build_names(&spec.space)
    };
    let all = "[profile.all]\nstrategy = \"all\"\n";
    let sets = "rust = [\"stable\"]\n[axis.features]\ndefault = []\nminimal = { default-features = false }\njson = [\"json\"]\n\
                again = [\"json\"]\nmore = [\"json\"]\nlast = [\"json\"]\n";
    // The features of `default` are `pool` and `default`: no name lists them.
    let four = "rust=stable features=json|again|more|…";
    assert_eq!(names(sets, all, &[]), ["rust=stable features=default", "rust=stable features=minimal", four]);
    assert_eq!(names(sets, all, &["features=again"]), ["rust=stable features=again"]);
    assert_eq!(names("rust = [\"1.70\", \"stable\"]\n", all, &[]), ["rust=1.70", "rust=stable"], "no axis, no set");
}

#[test]
fn no_cell_vanishes_because_a_value_is_not_here() {
    // One line for each place of a spec that may ask for a version.
    let places = [
        "[[suite]]\nname = \"s\"\nwhen = { rust = \"<1.90\" }\n",
        "[[suite]]\nname = \"s\"\nwhen = { rust = \">=1.60, <3\" }\n",
        "[[suite]]\nname = \"s\"\nwhen = { rust = [\"1.70\", \">=1.96\"] }\n",
        "[[suite]]\nname = \"s\"\nwhen = { sqlite = \">=3.40\" }\n",
        "[profile.local]\nwhen = { rust = [\"1.70\", \"~1.96\"] }\n",
        "[profile.local]\nstrategy = \"pairwise\"\nwhen = { rust = \"<1.90\", sqlite = \"<4\" }\n",
        "[profile.local]\nbudget = 4\nwhen = { sqlite = \">=3.40\" }\n",
        "[profile.local]\nstrategy = \"pairwise\"\n[[profile.local.pin]]\nrust = \">=1.96\"\n",
        "[[rule]]\nwhen = { rust = \">=1.96\" }\nexpect = \"fail\"\nreason = \"r\"\n",
        "[[rule]]\nwhen = { rust = \">=1.96\" }\nexpect = \"skip\"\nreason = \"r\"\n",
        "[[rule]]\nwhen = { sqlite = \"<3.38\" }\nexpect = \"skip\"\nreason = \"r\"\n",
        "[[lock]]\nrust = \"<1.80\"\n",
    ];
    for place in places {
        let spec = spec("rust = [\"1.70\", \"beta\"]\nsqlite = [\"host\", \"3.46.0\"]\ndeps = [\"lockset\"]", place);
        let facts = host(&spec, &["beta", "host"], &[]);
        let plan = planned(&spec, &facts, &[]);
        let planned: BTreeSet<String> = plan.skips.iter().map(|skip| spec.space.id(skip.cell).to_string()).collect();
        let of = |value: &str| planned.iter().any(|cell| cell.split(' ').any(|part| part == value));
        assert!(of("rust=beta") && of("sqlite=host"), "{place}{planned:?}");
        assert!(plan.skips.iter().all(|skip| plan.reasons[skip.reason].is_unavailable()), "{place}{:?}", plan.reasons);
        assert!(plan.runs.iter().all(|run| !spec.space.id(run.cell).to_string().contains("beta")), "{place}");
        let expected = Expectations::new(&spec, &facts.versions(), None);
        let known = |cell| expected.of(&spec.space.coords(cell)) != Expectation::Pass;
        assert!(!plan.skips.iter().any(|skip| known(skip.cell)), "{place}what cannot be decided is not known");
    }
}

/// Suite, toolchain and debug information of each run, each once, in their order.
fn debug_of(plan: &Plan, spec: &Spec) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for run in &plan.runs {
        let build = &plan.builds[run.build];
        let line = format!("{} {} {:?}", spec.suites[run.suite].name, build.toolchain, build.debug);
        if !found.contains(&line) {
            found.push(line);
        }
    }
    found.sort();
    found
}

#[test]
fn tests_are_built_without_debug_information_unless_something_of_their_lane_reads_it() {
    let of = |suites: &str, settled: bool| {
        let spec = spec(AXES, suites);
        let facts = PlanFacts { debug_is_settled: settled, ..host(&spec, &[], &[]) };
        debug_of(&planned(&spec, &facts, &[]), &spec)
    };
    assert_eq!(of("", false), ["tests 1.70 None", "tests stable None"]);
    assert_eq!(of("", true), ["tests 1.70 Full", "tests stable Full"]);
    let full = "[[suite]]\nname = \"full\"\ndebug = \"full\"\n";
    assert_eq!(of(full, false), ["full 1.70 Full", "full stable Full"]);
    let compiles = "[[suite]]\nname = \"tests\"\n[[suite]]\nname = \"compiles\"\nkind = \"build\"\n";
    let apart = ["compiles 1.70 Full", "compiles stable Full", "tests 1.70 None", "tests stable None"];
    assert_eq!(of(compiles, false), apart);
    for other in ["debug = \"full\"", "kind = \"leak\"\ntool = \"resources\"", "kind = \"leak\"\ntool = \"miri\""] {
        let suites = format!(
            "[[suite]]\nname = \"tests\"\n[[suite]]\nname = \"other\"\n{other}\nwhen = {{ rust = \"stable\", features = \"json\" }}\n"
        );
        let found = of(&suites, false);
        assert_eq!(found, ["other stable Full", "tests 1.70 None", "tests stable Full"], "{other}");
    }
    let asan = "[[suite]]\nname = \"tests\"\n[[suite]]\nname = \"asan\"\nkind = \"leak\"\ntool = \"asan\"\n";
    assert_eq!(of(asan, false), ["asan 1.70 Full", "asan stable Full", "tests 1.70 None", "tests stable None"]);
}

#[test]
fn a_build_that_a_suite_needs_in_full_serves_the_others_too() {
    let suites = "[[suite]]\nname = \"tests\"\n[[suite]]\nname = \"full\"\ndebug = \"full\"\n";
    let spec = spec(AXES, suites);
    let plan = planned(&spec, &host(&spec, &[], &[]), &["rust=stable"]);
    assert_eq!((plan.builds.len(), plan.runs.len()), (6, 2 * 4 * 2 * 3));
    assert!(
        plan.builds.iter().all(|build| build.debug == DebugInfo::Full) && plan.runs.iter().all(|run| run.build < 6)
    );
}
