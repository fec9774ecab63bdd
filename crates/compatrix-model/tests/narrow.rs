//! What narrowing promises: shards are the plan and nothing twice, changes select what they can affect.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_model::axis::{AxisKind, ValueName};
use compatrix_model::condition::Condition;
use compatrix_model::facts::{Availability, PlanFacts, ToolchainVersions};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::narrow::{plan_narrowed, Narrow};
use compatrix_model::plan::since::{affected, fate, Fate, Ground, Looked, OldSpec};
use compatrix_model::plan::{Choice, Plan};
use compatrix_model::plan::{Part, Shard, Since};
use compatrix_model::spec_text::parse;
use proptest::prelude::*;
use semver::Version;

fn spec(text: &str) -> Spec {
    let text = format!("[project]\npackages = [\"store\"]\n{text}");
    let fixtures = ["v18", "v24"].map(str::to_owned);
    parse(&text, "matrix.toml", &fixtures).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100))).spec
}

/// A host that has all toolchains but these, and all fixtures.
fn host(spec: &Spec, missing: &[&str]) -> PlanFacts {
    let mut facts = PlanFacts::default();
    for value in spec.space.axis_of(&AxisKind::Rust).into_iter().flat_map(|(_, axis)| &axis.values) {
        let toolchain = ToolchainVersions { rustc: Version::new(1, 90, 0), cargo: None };
        let state = match missing.contains(&value.name.as_str()) {
            true => Availability::Missing { reason: "not here".to_owned() },
            false => Availability::Ready(toolchain),
        };
        facts.toolchains.insert(value.name.clone(), state);
    }
    for value in spec.space.axis_of(&AxisKind::Schema).into_iter().flat_map(|(_, axis)| &axis.values) {
        facts.fixtures.insert(value.name.clone(), Availability::Ready(()));
    }
    facts
}

fn narrowed(spec: &Spec, facts: &PlanFacts, narrow: Narrow) -> Plan {
    plan_narrowed(spec, &Choice { profile: &spec.profiles["local"], cells: &[], packages: &[] }, facts, &narrow).0
}

fn cells(plan: &Plan) -> Vec<(usize, u128)> {
    let runs = plan.runs.iter().map(|run| (run.suite, run.cell.0));
    runs.chain(plan.skips.iter().map(|skip| (skip.suite, skip.cell.0))).collect()
}

proptest! {
    #[test]
    fn shards_are_the_plan_and_share_nothing(
        rusts in 1usize..5, values in 1usize..6, of in 1usize..9, missing in 0usize..3,
        times in proptest::collection::vec((0usize..40, 1u64..100_000), 0..40),
        pairwise in any::<bool>(),
    ) {
        let names: Vec<String> = (0..rusts).map(|n| format!("1.{}", 70 + n)).collect();
        let texts: Vec<String> = (0..values).map(|n| format!("v{n}")).collect();
        let strategy = if pairwise { "pairwise" } else { "all" };
        let spec = spec(&format!(
            "[axis]\nrust = {names:?}\nfeatures = {{ default = [], none = {{ default-features = false }} }}\n\
             [axis.own]\nenv = \"OWN\"\nvalues = {texts:?}\n[profile.local]\nstrategy = \"{strategy}\"\n"
        ));
        let missing: Vec<&str> = names.iter().take(missing).map(String::as_str).collect();
        let mut facts = host(&spec, &missing);
        let whole = narrowed(&spec, &facts, Narrow::default());
        for (n, ms) in times {
            if let Some(build) = whole.builds.get(n) {
                facts.durations.builds.insert(build.id(), ms);
            }
            if let Some(run) = whole.runs.get(n) {
                facts.durations.runs.insert(("tests".to_owned(), spec.space.id(run.cell).to_string()), ms / 10);
            }
        }
        let mut seen: BTreeSet<(usize, u128)> = BTreeSet::new();
        let mut builds: BTreeSet<String> = BTreeSet::new();
        let (mut deals, mut longest) = (BTreeSet::new(), BTreeSet::new());
        let mut loads = Vec::new();
        for number in 1..=of {
            let shard: Shard = format!("{number}/{of}").parse().unwrap();
            let plan = narrowed(&spec, &facts, Narrow { shard: Some(shard), since: None, ..Narrow::default() });
            for cell in cells(&plan) {
                prop_assert!(seen.insert(cell), "{cell:?} is in two shards");
            }
            for build in &plan.builds {
                prop_assert!(builds.insert(build.id()), "{} is in two shards", build.id());
            }
            let dealt = plan.narrowed.shard.clone().unwrap();
            prop_assert_eq!((dealt.builds, dealt.runs), (plan.builds.len(), plan.runs.len()));
            prop_assert_eq!((dealt.builds_of, dealt.runs_of), (whole.builds.len(), whole.runs.len()));
            loads.push(dealt.predicted_ms);
            deals.insert(dealt.deal);
            longest.insert(dealt.longest_ms);
        }
        prop_assert_eq!(seen, cells(&whole).into_iter().collect());
        prop_assert_eq!(builds, whole.builds.iter().map(|build| build.id()).collect());
        prop_assert_eq!((deals.len(), longest), (1, BTreeSet::from([*loads.iter().max().unwrap()])));
        if facts.durations.builds.is_empty() {
            // No more shards are empty than there must be.
            let empty = loads.iter().filter(|load| **load == 0).count();
            prop_assert_eq!(empty, of.saturating_sub(whole.builds.len()));
        }
    }
}

fn ground() -> Ground {
    let set = |list: &[&str]| list.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>();
    let name = |text: &str| ValueName::new(text).unwrap();
    Ground {
        root: "rs".to_owned(),
        sources: set(&["rs/crates/store", "shared/codec"]),
        sources_elsewhere: false,
        fixtures: BTreeMap::from([
            (name("v18"), set(&["rs/compat/fixtures/v18", "rs/compat/fixtures/common.sql"])),
            (name("v24"), set(&["rs/compat/fixtures/v24", "rs/compat/fixtures/common.sql"])),
        ]),
        locks: BTreeMap::from([(
            "rs/compat/locks/old.lock".to_owned(),
            Condition::parse_expr("rust=1.70", &spec(SPEC).space).unwrap(),
        )]),
        harmless: set(&["rs/docs/COMPATIBILITY.md", "rs/compat/evidence", "rs/target"]),
    }
}

const SPEC: &str = "[axis]\nrust = [\"1.70\", \"1.80\"]\nschema = \"fixtures/*\"\n";

#[test]
fn what_a_changed_file_can_affect() {
    #[track_caller]
    fn check(path: &str, expected: &Fate) {
        assert_eq!(fate(path, &ground()), *expected, "{path}");
    }
    let fixtures = |names: &[&str]| Fate::Fixtures(names.iter().map(|name| ValueName::new(*name).unwrap()).collect());
    for path in [
        "rs/crates/store/src/lib.rs",
        "rs/crates/store/README.md",
        "shared/codec/Cargo.toml",
        "shared/codec",
        "shared",
        "rs/.cargo/config.toml",
        ".cargo/config",
        "rust-toolchain.toml",
        "rs/rust-toolchain",
        "rs/compat/locks/unheard-of.lock",
    ] {
        check(path, &Fate::Everything);
    }
    for path in [
        "README.md",
        "rs/README.md",
        "rs/docs/COMPATIBILITY.md",
        "rs/crates/store-extra/src/lib.rs",
        "rs/crates/other/.cargo/config.toml",
        "rs/crates/other/rust-toolchain",
        "other/.cargo/config.toml",
        "rs/my-rust-toolchain",
        "rs/compat/fixtures/README.md",
        "rs/compat/fixtures/v99/fixture.toml",
        "rs/compat/evidence/linux-x86_64.toml",
        "Cargo.lock",
        "Cargo.toml",
        "compat/matrix.toml",
    ] {
        check(path, &Fate::Nothing);
    }
    check("rs/compat/fixtures/v18/data.sql", &fixtures(&["v18"]));
    check("rs/compat/fixtures/common.sql", &fixtures(&["v18", "v24"]));
    check("rs/compat/matrix.toml", &Fate::Spec);
    check("rs/Cargo.lock", &Fate::Lockfile);
    check("rs/Cargo.toml", &Fate::RootManifest);
    assert!(matches!(fate("rs/compat/locks/old.lock", &ground()), Fate::Cells(_)));

    // A fixture that tests of every cell can read, and what is ours all the same.
    let mut read = ground();
    read.sources.insert("rs/compat/fixtures/v18".to_owned());
    read.sources.insert("rs/compat/evidence".to_owned());
    assert_eq!(fate("rs/compat/fixtures/v18/data.sql", &read), Fate::Everything);
    assert_eq!(fate("rs/compat/fixtures/v24/data.sql", &read), fixtures(&["v24"]));
    assert_eq!(fate("rs/compat/evidence/x.toml", &read), Fate::Nothing);

    let at_root = Ground { root: String::new(), sources: BTreeSet::from([String::new()]), ..Ground::default() };
    assert_eq!(fate("src/lib.rs", &at_root), Fate::Everything);
    assert_eq!(fate("Cargo.toml", &at_root), Fate::Everything);
    assert_eq!(fate("Cargo.lock", &at_root), Fate::Lockfile);
    assert_eq!(fate("compat/matrix.toml", &at_root), Fate::Spec);
}

/// What of the plan of `new` is affected by a change of these files, and of the spec from `old`.
fn since(old: Option<&str>, new: &str, paths: &[&str]) -> (Vec<String>, Since) {
    let spec_now = spec(new);
    let facts = host(&spec_now, &[]);
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let looked = Looked { spec: old.map(|old| OldSpec::Read(Box::new(spec(old)))), ..Looked::default() };
    let affected = affected("main", "local", &paths, &ground(), looked);
    let plan = narrowed(&spec_now, &facts, Narrow { since: Some(affected), shard: None, ..Narrow::default() });
    let part: Part = plan.runs.iter().map(|run| (run.suite, run.cell)).collect();
    let ids = part.iter().map(|(suite, cell)| format!("{} {}", spec_now.suites[*suite].name, spec_now.space.id(*cell)));
    (ids.collect(), plan.narrowed.since.unwrap())
}

#[test]
fn changes_select_their_cells() {
    let (cells, told) = since(None, SPEC, &["rs/README.md"]);
    assert_eq!((cells.len(), told.affected, told.of, told.changed), (0, 0, 4, 1));
    let (cells, told) = since(None, SPEC, &["rs/README.md", "rs/compat/fixtures/v18/data.sql"]);
    assert_eq!(cells, ["tests rust=1.70 schema=v18", "tests rust=1.80 schema=v18"]);
    assert_eq!(told.why, ["schema=v18: rs/compat/fixtures/v18/data.sql"]);
    let (cells, _) = since(None, SPEC, &["rs/compat/locks/old.lock"]);
    assert_eq!(cells, ["tests rust=1.70 schema=v18", "tests rust=1.70 schema=v24"]);
    let (cells, told) = since(None, SPEC, &["rs/crates/store/src/lib.rs"]);
    assert_eq!((cells.len(), told.why), (4, vec!["all cells: rs/crates/store/src/lib.rs".to_owned()]));
    // Looked into, and found to change nothing.
    assert_eq!(since(None, SPEC, &["rs/Cargo.toml", "rs/Cargo.lock"]).0.len(), 0);
}

#[test]
fn a_change_of_the_spec_selects_what_it_describes_differently() {
    let matrix = &["rs/compat/matrix.toml"];
    let (cells, told) = since(Some(SPEC), SPEC, matrix);
    assert_eq!((cells.len(), told.why.len()), (0, 0), "claims, comments and the like");
    let more = SPEC.replace("\"1.80\"", "\"1.80\", \"1.85\"");
    let (cells, told) = since(Some(SPEC), &more, matrix);
    assert_eq!(cells, ["tests rust=1.85 schema=v18", "tests rust=1.85 schema=v24"]);
    assert_eq!(told.why, ["compat/matrix.toml: 2 new or described differently"]);
    assert_eq!(since(Some(&more), SPEC, matrix).0.len(), 0, "a value less is nothing to run");

    let suite = |rest: &str| format!("{SPEC}[[suite]]\nname = \"tests\"\n{rest}");
    assert_eq!(since(Some(SPEC), &suite(""), matrix).0.len(), 0, "the same suite, spelled out");
    assert_eq!(since(Some(&suite("")), &suite("args = [\"x\"]\n"), matrix).0.len(), 4);
    let only = suite("when = { schema = \"v18\" }\n");
    assert_eq!(since(Some(&only), &suite(""), matrix).0, ["tests rust=1.70 schema=v24", "tests rust=1.80 schema=v24"]);
    let two = suite("[[suite]]\nname = \"more\"\n");
    let added = since(Some(&suite("")), &two, matrix).0;
    assert!(added.len() == 4 && added.iter().all(|cell| cell.starts_with("more ")), "{added:?}");

    let rule = |expect: &str| {
        format!(
            "{SPEC}[[rule]]\nwhen = {{ rust = \"1.70\", schema = \"v18\" }}\nexpect = \"{expect}\"\nreason = \"so\"\n"
        )
    };
    assert_eq!(since(Some(SPEC), &rule("fail"), matrix).0, ["tests rust=1.70 schema=v18"]);
    assert_eq!(since(Some(&rule("skip")), SPEC, matrix).0, ["tests rust=1.70 schema=v18"]);

    let profile = |rest: &str| format!("{SPEC}[profile.local]\n{rest}");
    let narrow = profile("when = { rust = \"1.70\" }\n");
    assert_eq!(since(Some(&narrow), SPEC, matrix).0, ["tests rust=1.80 schema=v18", "tests rust=1.80 schema=v24"]);
    let ci = format!("{SPEC}[ci.runners]\nlinux-x86_64 = \"x\"\n[ci.push]\ncompat = \"local\"\n");
    assert_eq!(since(Some(SPEC), &ci, matrix).0.len(), 0, "where and when cells run changes none of them");
    assert_eq!(since(Some(&ci), &ci.replace("\"x\"", "\"y\""), matrix).0.len(), 0);
    let (cells, told) = since(Some(SPEC), &format!("{SPEC}[sqlite]\noptions = \"none\"\n"), matrix);
    assert_eq!(cells.len(), 4);
    assert!(told.why[0].contains("SQLite"), "{:?}", told.why);
}

#[test]
fn a_spec_that_cannot_be_read_affects_everything() {
    let paths = ["rs/compat/matrix.toml".to_owned()];
    let now = spec(SPEC);
    let facts = host(&now, &[]);
    for looked in [Looked::default(), Looked { spec: Some(OldSpec::Absent), ..Looked::default() }] {
        let affected = affected("main", "local", &paths, &ground(), looked);
        let plan = narrowed(&now, &facts, Narrow { since: Some(affected), shard: None, ..Narrow::default() });
        assert_eq!(plan.runs.len(), 4);
    }
}
