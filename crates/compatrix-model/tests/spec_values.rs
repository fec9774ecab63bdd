//! What a valid spec becomes, and the language of conditions, as tables.

use std::time::Duration;

use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::cell::CellId;
use compatrix_model::condition::{Condition, Match, Versions};
use compatrix_model::matrix_spec::{
    contradictions, Contradiction, Expect, OptionSet, Piece, Spec, SqliteSettings, SuiteKind, Template,
};
use compatrix_model::spec_text::{expired, parse, parse_bytes, Parsed};

const FULL: &str = r#"
version = 1

[project]
packages = ["a", "b"]
evidence = "evidence"

[claims]
rust = "1.70"
sqlite = "3.35"
schema = ["v18"]
platforms = { tier2 = ["macos-aarch64"], tier1 = ["linux-x86_64", "windows-x86_64"] }
packages.b = { rust = "1.65" }

[axis.features]
z-default = []
json = ["json", "dep/feature"]
minimal = { default-features = false, features = ["pool"] }

[axis.speed]
env = "SPEED"
values = { slow = "1 m/s", fast = "" }

[axis]
schema = ["v24*", "fixtures/v18"]
sqlite = ["host", "bundled", "3.35.4"]
rust = ["1.70", "nightly-2026-05-19", { name = "debian", path = "opt/rust" }]

[axis.mode]
env = "MODE"
values = ["on", "off"]

[sqlite]
bundled-feature = "bundled"
options = "bundled"
compile-options = ["SQLITE_ENABLE_FTS5", "SQLITE_THREADSAFE=2"]

[[suite]]
name = "fast"
timeout = "1500ms"
retries = 2
args = ["--test-threads=1"]
env = { Z = "{{{rust.name}}} at {speed.name}", FIXTURE = "{schema.database}", DIR = "{schema.dir}/x" }
when = { speed = "fast" }

[[suite]]
name = "slow"
doctests = true

[[rule]]
when = { sqlite = ["<3.36", "host"], mode = "o*" }
expect = "fail"
reason = "old"
issue = "https://example.org/1"
until = 2027-06-30

[profile.one]
when = { rust = "1.70" }
suites = ["slow"]
[profile.local]
when = [{ rust = "1.70" }, { sqlite = "bundled" }]
"#;

fn fixtures() -> Vec<String> {
    ["v24-10k", "v18", "v24", ".hidden", "v24-9"].map(str::to_owned).to_vec()
}

#[track_caller]
fn read(text: &str) -> Parsed {
    parse(text, "matrix.toml", &fixtures()).unwrap_or_else(|e| panic!("{}", e.render(false, 100)))
}

fn spec() -> Spec {
    read(FULL).spec
}

#[test]
fn every_key_arrives_where_it_belongs() {
    let spec = spec();
    assert_eq!(spec.project.packages, ["a", "b"]);
    assert_eq!((&*spec.project.report, &*spec.project.evidence), ("docs/COMPATIBILITY.md", "evidence"));
    let claims = &spec.claims;
    let rust = claims.rust.as_ref().unwrap();
    assert_eq!((rust.text.as_str(), rust.version.to_string()), ("1.70", "1.70.0".to_owned()));
    let of = |package: &str| claims.rust_of(package).map(|claim| claim.version.to_string());
    assert_eq!((of("a").as_deref(), of("b").as_deref()), (Some("1.70.0"), Some("1.65.0")), "its own, or that of all");
    assert_eq!(claims.sqlite.as_ref().unwrap().version.to_string(), "3.35.0");
    assert_eq!(claims.schema, ["v18"]);
    let tiers: Vec<&str> = claims.platforms.iter().map(|(tier, _)| tier.as_str()).collect();
    assert_eq!(tiers, ["tier2", "tier1"], "tiers keep the order of the spec");
    assert_eq!(spec.sqlite.bundled_feature.as_deref(), Some("bundled"));
    assert_eq!(spec.sqlite.compile_options, ["SQLITE_ENABLE_FTS5", "SQLITE_THREADSAFE=2"]);
    assert_eq!(spec.sqlite.options, OptionSet::Bundled);

    let suite = &spec.suites[0];
    assert_eq!(
        (suite.name.as_str(), suite.kind.clone(), suite.doctests, suite.retries),
        ("fast", SuiteKind::Test, false, 2)
    );
    assert_eq!(suite.timeout, Duration::from_millis(1500));
    assert_eq!(suite.args, ["--test-threads=1"]);
    assert_eq!(suite.when.to_string(), "speed=fast");
    let text = |text: &str| Piece::Text(text.to_owned());
    let name = |axis: &str| Piece::ValueName(axis.to_owned());
    let env = [
        ("Z", vec![text("{"), name("rust"), text("} at "), name("speed")]),
        ("FIXTURE", vec![Piece::SchemaDatabase]),
        ("DIR", vec![Piece::SchemaDir, text("/x")]),
    ];
    let spelled: Vec<String> = suite.env.iter().map(|(_, template)| template.to_string()).collect();
    assert_eq!(spelled, ["{{{rust.name}}} at {speed.name}", "{schema.database}", "{schema.dir}/x"], "as in the spec");
    assert_eq!(suite.env, env.map(|(key, pieces)| (key.to_owned(), Template(pieces))));
    assert_eq!((spec.suites[1].doctests, spec.suites[1].timeout), (true, Duration::from_secs(300)));

    let rule = &spec.rules[0];
    assert_eq!(rule.when.to_string(), "sqlite<3.36|host mode=o*");
    assert_eq!((rule.expect, rule.reason.as_str(), rule.line), (Expect::Fail, "old", 50));
    assert_eq!((rule.issue.as_deref(), rule.until.as_deref()), (Some("https://example.org/1"), Some("2027-06-30")));

    let profile = spec.profile("one").unwrap();
    assert_eq!((profile.when.len(), profile.suites.as_slice()), (1, &["slow".to_owned()][..]));
    assert_eq!(spec.profile("local").unwrap().when.len(), 2);
    let error = spec.profile("lokal").unwrap_err();
    assert_eq!(error.to_string(), "unknown profile `lokal`; did you mean `local`? (known: `local`, `one`)");
    assert!(spec.suite("fast").is_ok() && spec.suite("fats").unwrap_err().to_string().contains("did you mean `fast`?"));
}

#[test]
fn pins_of_a_profile_go_to_the_command_whose_suites_can_meet_them() {
    let spec = read(
        "project.packages = ['a']\naxis.rust = ['1.70', 'stable', 'nightly']\n[[suite]]\nname = 'tests'\n\
         when = { rust = ['1.70', 'stable'] }\n[[suite]]\nname = 'leaks'\nkind = 'leak'\ntool = 'miri'\n\
         when = { rust = ['stable', 'nightly'] }\n\
         [profile.some]\npin = [{ rust = '1.70' }, { rust = 'stable' }, { rust = 'nightly' }]\n",
    )
    .spec;
    let pins = |leak: bool| {
        let profile = spec.narrowed(spec.profile("some").unwrap(), |suite| suite.leak().is_some() == leak).unwrap();
        profile.pin.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(pins(false), ["rust=1.70", "rust=stable"]);
    assert_eq!(pins(true), ["rust=stable", "rust=nightly"]);
    assert!(spec.narrowed(spec.profile("some").unwrap(), |_| false).is_none());
}

#[test]
fn axes_stand_in_canonical_order_and_values_in_the_order_of_the_spec() {
    let space = spec().space;
    let axes: Vec<String> = space
        .axes()
        .iter()
        .map(|axis| {
            let values: Vec<&str> = axis.values.iter().map(|v| v.name.as_str()).collect();
            format!("{}: {}", axis.name, values.join(" "))
        })
        .collect();
    let expected = [
        "rust: 1.70 nightly-2026-05-19 debian",
        "sqlite: host bundled 3.35.4",
        "schema: v24 v24-9 v24-10k v18",
        "features: z-default json minimal",
        "speed: slow fast",
        "mode: on off",
    ];
    assert_eq!(axes, expected);
    let setting = |axis: &str, n: usize| space.axis(axis).unwrap().1.values[n].setting.clone();
    assert_eq!(setting("rust", 1), Setting::RustupToolchain("nightly-2026-05-19".into()));
    assert_eq!(setting("rust", 2), Setting::PathToolchain("opt/rust".into()));
    assert_eq!(setting("sqlite", 0), Setting::SqliteHost);
    assert_eq!(setting("sqlite", 1), Setting::SqliteBundled);
    assert_eq!(setting("sqlite", 2), Setting::SqliteExact("3.35.4".parse().unwrap()));
    assert_eq!(setting("schema", 3), Setting::Fixture("v18".into()));
    let features = |on, list: &[&str]| Setting::Features {
        default_features: on,
        enable: list.iter().map(|f| f.to_string()).collect(),
    };
    assert_eq!(setting("features", 0), features(true, &[]));
    assert_eq!(setting("features", 1), features(true, &["json", "dep/feature"]));
    assert_eq!(setting("features", 2), features(false, &["pool"]));
    assert_eq!(setting("speed", 0), Setting::Env("1 m/s".into()));
    assert_eq!(setting("mode", 1), Setting::Env("off".into()));
    assert_eq!(space.axis("speed").unwrap().1.kind, AxisKind::Env { var: "SPEED".into() });
}

#[test]
fn a_spec_that_says_little_means_the_usual() {
    let spec = read("project.packages = ['a']\naxis.rust = ['stable']").spec;
    let suite = &spec.suites[0];
    assert_eq!((spec.suites.len(), suite.name.as_str(), suite.timeout), (1, "tests", Duration::from_secs(300)));
    assert_eq!((suite.doctests, suite.retries, suite.when.is_everything()), (false, 0, true));
    assert_eq!(spec.project.evidence, "compat/evidence");
    let local = spec.profile("local").unwrap();
    assert!(local.when.is_empty() && local.suites.is_empty());
    assert!(spec.rules.is_empty() && spec.claims.rust.is_none() && spec.sqlite == SqliteSettings::default());
}

#[test]
fn expressions_that_mean_something() {
    /// The expression read, printed, and the number of cells it surely admits.
    #[track_caller]
    fn check(text: &str, printed: &str, cells: usize) {
        let space = spec().space;
        let condition = Condition::parse_expr(text, &space).unwrap_or_else(|e| panic!("{}", e.render(false, 100)));
        assert_eq!(condition.to_string(), printed);
        assert_eq!(Condition::parse_expr(printed, &space).unwrap(), condition);
        let matcher = condition.matcher(&space, &Versions::new());
        let admitted = space.cells().filter(|cell| matcher.holds(&space.coords(*cell))).count();
        assert_eq!(admitted, cells, "{text}");
    }
    // 3 × 3 × 4 × 3 × 2 × 2 = 432 cells.
    check("rust=1.70", "rust=1.70", 144);
    check("  rust=1.70\t sqlite=host|bundled ", "rust=1.70 sqlite=host|bundled", 96);
    check("schema=v24*", "schema=v24*", 324);
    check("schema=v24-?", "schema=v24-?", 108);
    check("sqlite<3.38", "sqlite<3.38", 144);
    check("sqlite=<3.38", "sqlite<3.38", 144);
    check("sqlite>=3.35,<3.46", "sqlite>=3.35,<3.46", 144);
    check("sqlite=bundled|<3.38", "sqlite=bundled|<3.38", 288);
    check("sqlite==3.35", "sqlite==3.35", 144);
    check("sqlite~3.35", "sqlite~3.35", 144);
    check("sqlite>=3.35 sqlite<3.46", "sqlite>=3.35 sqlite<3.46", 144);
    check("schema=v24* schema=*k", "schema=v24* schema=*k", 108);
    // No value surely has such a version, but `nightly-…` and `debian` may.
    check("rust>1.80", "rust>1.80", 0);
    check("mode=on speed=fast", "mode=on speed=fast", 108);
}

#[test]
fn expressions_that_mean_nothing() {
    /// Message, place, nearest valid text.
    #[track_caller]
    fn check(text: &str, expected: &[(&str, usize, Option<&str>)]) {
        let diagnostics = Condition::parse_expr(text, &spec().space).expect_err(text);
        let found: Vec<_> =
            diagnostics.list.iter().map(|d| (d.message.as_str(), d.column, d.nearest.as_deref())).collect();
        assert_eq!(found, expected, "{text}");
    }
    check("", &[("an empty expression names no cells", 1, None)]);
    check("rust", &[("`rust` is not a term", 1, Some("rust=1.70"))]);
    check("bundled", &[("`bundled` is not a term", 1, Some("sqlite=bundled"))]);
    check("rst=1.70", &[("unknown axis `rst`", 1, Some("rust"))]);
    check("=1.70", &[("unknown axis ``", 1, None)]);
    check("rust=", &[("a value of the axis `rust` is missing", 6, None)]);
    check("rust=1.70|", &[("a value of the axis `rust` is missing", 11, None)]);
    check("sqlite=bundeled", &[("unknown value `bundeled` of the axis `sqlite`", 8, Some("bundled"))]);
    check("sqlite=3.35", &[("unknown value `3.35` of the axis `sqlite`", 8, Some("3.35.4"))]);
    check(
        "rust=1.7 sqlite=hots mode=offf",
        &[
            ("unknown value `1.7` of the axis `rust`", 6, Some("1.70")),
            ("unknown value `hots` of the axis `sqlite`", 17, Some("host")),
            ("unknown value `offf` of the axis `mode`", 27, Some("off")),
        ],
    );
    check("schema=v25*", &[("no value of the axis `schema` meets `v25*`", 8, None)]);
    check("schema>=24", &[("values of the axis `schema` have no versions to compare with `>=24`", 7, None)]);
    check("rust!=1.70", &[("`!` is not part of the language", 5, None)]);
    check("mode=on mode=off", &[("no cell can match all of these terms", 1, None)]);
    check(
        "sqlite>= 3.35",
        &[
            ("`>=` is not a version requirement: unexpected end of input while parsing major version number", 7, None),
            ("`3.35` is not a term", 10, None),
        ],
    );
}

#[test]
fn versions_of_the_host_decide_what_the_spec_cannot() {
    let space = spec().space;
    let condition = Condition::parse_expr("rust>=1.97", &space).unwrap();
    let cell: CellId =
        "rust=nightly-2026-05-19 sqlite=host schema=v18 features=json speed=fast mode=on".parse().unwrap();
    let coords = space.coords(space.find(&cell).unwrap());
    assert_eq!(condition.matcher(&space, &Versions::new()).matches(&coords), Match::Unknown);
    let mut versions = Versions::new();
    let key = ("rust".parse().unwrap(), "nightly-2026-05-19".parse().unwrap());
    // A pre-release counts as the release that it leads to.
    versions.insert(key, "1.97.0-nightly".parse().unwrap());
    assert_eq!(condition.matcher(&space, &versions).matches(&coords), Match::Yes);
}

#[test]
fn rules_expire_the_day_after_their_last() {
    let parsed = read(FULL);
    for (today, count) in [("2027-06-30", 0), ("2027-07-01", 1), ("2026-12-31", 0)] {
        assert_eq!(expired(&parsed.spec, today).len(), count, "{today}");
        assert_eq!(parsed.expired(today).list.len(), count, "{today}");
    }
    let warning = &parsed.expired("2030-01-01").list[0];
    assert_eq!((warning.line, warning.message.as_str()), (55, "the rule of line 50 expired on 2027-06-30"));
}

#[test]
fn contradictions_are_those_that_a_look_at_every_cell_finds() {
    let conditions = [
        "rust=1.70",
        "sqlite<3.38",
        "sqlite=host schema=v24*",
        "features=json",
        "rust=debian mode=on",
        "mode=off",
        "rust<1.80 features=minimal",
        "schema=v18",
        "sqlite=bundled speed=fast",
        "rust>1.80",
    ];
    let spec = spec();
    let (space, versions) = (&spec.space, Versions::new());
    for a in conditions {
        for b in conditions {
            let rule = |text, expect| {
                let mut rule = spec.rules[0].clone();
                rule.when = Condition::parse_expr(text, space).unwrap();
                rule.expect = expect;
                rule
            };
            let rules = [rule(a, Expect::Fail), rule(b, Expect::Skip)];
            let matchers = rules.clone().map(|rule| rule.when.matcher(space, &versions));
            let both = |cell| matchers.iter().all(|m| m.holds(&space.coords(cell)));
            let naive = space.cells().find(|cell| both(*cell)).map(|cell| space.id(cell));
            let found = contradictions(&rules, space, &versions);
            let expected: Vec<_> = naive.map(|cell| Contradiction { first: 0, second: 1, cell }).into_iter().collect();
            assert_eq!(found, expected, "{a} and {b}");
            let same = [rule(a, Expect::Skip), rule(b, Expect::Skip)];
            assert!(contradictions(&same, space, &versions).is_empty());
        }
    }
}

#[test]
fn diagnostics_are_data_too() {
    let text = "project.packages = []\naxis.sqlite = [\"bundeled\"]\n";
    let diagnostics = parse(text, "compat/matrix.toml", &[]).unwrap_err();
    assert_eq!(
        diagnostics.to_string(),
        "compat/matrix.toml:1:20: error: `packages` is empty\n\
         compat/matrix.toml:2:16: error: `bundeled` is not a SQLite"
    );
    let json = serde_json::to_value(&diagnostics).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2);
    let second = &json[1];
    assert_eq!((second["severity"].as_str(), second["file"].as_str()), (Some("error"), Some("compat/matrix.toml")));
    assert_eq!((second["line"].as_u64(), second["column"].as_u64()), (Some(2), Some(16)));
    assert_eq!((second["found"].as_str(), second["nearest"].as_str()), (Some("\"bundeled\""), Some("bundled")));
    assert_eq!(second["known"][1], "host");
    assert!(diagnostics.render(true, 100).contains("\u{1b}["));
    assert!(!diagnostics.render(false, 100).contains('\u{1b}'));
    let bytes = parse_bytes(b"a = 1\n\xff", "x", &[]).unwrap_err();
    assert_eq!((bytes.list[0].line, bytes.list[0].column), (2, 1));
}

#[test]
fn a_distribution_s_name_means_its_packages() {
    let spec = read(
        "project.packages = ['a']\naxis.rust = ['stable', 'debian-12']\naxis.sqlite = ['debian-12', 'debian-13']\n\
         [distro.debian-12]\napt = { suite = 'bookworm', rust = 'rustc-web=1.85.0+dfsg3-1~deb12u3', cargo = 'cargo-web', \
         sqlite = 'libsqlite3-0' }\n\
         [distro.debian-13.apt]\nsuite = 'trixie'\nsqlite = 'libsqlite3-0'\n\
         sources = ['deb [signed-by=k.gpg] http://x/debian trixie main']\n",
    )
    .spec;
    let setting = |axis: &str, n: usize| spec.space.axis(axis).unwrap().1.values[n].setting.clone();
    assert_eq!(setting("rust", 0), Setting::RustupToolchain("stable".into()));
    let Setting::DistroToolchain(rust) = setting("rust", 1) else { panic!("no toolchain") };
    assert_eq!(rust.to_string(), "rustc-web=1.85.0+dfsg3-1~deb12u3 cargo-web of bookworm");
    assert!(rust.sources.is_empty());
    let Setting::DistroSqlite(sqlite) = setting("sqlite", 0) else { panic!("no SQLite") };
    assert_eq!(sqlite.to_string(), "libsqlite3-0 of bookworm");
    let Setting::DistroSqlite(sqlite) = setting("sqlite", 1) else { panic!("no SQLite") };
    assert_eq!(sqlite.sources.len(), 1);
    assert_eq!(sqlite.sources[0].options["Signed-By"], "k.gpg");
}
