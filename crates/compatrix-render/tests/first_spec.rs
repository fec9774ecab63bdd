//! A first spec: what it says for a few workspaces, and that our own parser reads whatever is drafted.

mod common;

use std::collections::BTreeMap;

use compatrix_audit::first_spec::{draft, Bundling, DocsRs, Found, Member, Needs, Noted, SqliteUse};
use compatrix_audit::promise::{CargoCommand, CommandFeatures, NotTaken, Promise, PromiseKind, PromiseSource, Sweep};
use compatrix_model::spec_text;
use compatrix_model::spec_text::Parsed;
use compatrix_render::first_spec::first_spec;
use proptest::prelude::*;
use semver::Version;

fn parsed(found: &Found) -> (String, Parsed) {
    let text = first_spec(&draft(found), "cargo compatrix");
    match spec_text::parse(&text, "compat/matrix.toml", &found.fixtures) {
        Ok(parsed) => {
            // A promise that no value can prove is to be seen; nothing else may be odd.
            let warnings = parsed.warnings.to_string();
            let odd = warnings.lines().find(|line| !line.contains("the claim stays unproven"));
            assert_eq!(odd, None, "{text}");
            (text, parsed)
        }
        Err(problems) => panic!("{problems}\n{text}"),
    }
}

fn features(list: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    list.iter().map(|(name, on)| ((*name).to_owned(), on.iter().map(|s| (*s).to_owned()).collect())).collect()
}

fn promise(file: &str, line: usize, source: PromiseSource, kind: PromiseKind, text: &str) -> Promise {
    let key = if source == PromiseSource::Workflow { "matrix.rust".to_owned() } else { String::new() };
    Promise { file: file.to_owned(), line, source, kind, key, spelled: None, text: text.to_owned() }
}

/// A library with SQLite behind a feature, promises old and new, a page by hand, a member that is not published.
fn rich() -> Found {
    let store = Member {
        name: "store".to_owned(),
        manifest: "crates/store/Cargo.toml".to_owned(),
        library: true,
        doctests: true,
        rust_version: Some(Noted::new("1.70", "Cargo.toml:9, rust-version")),
        features: features(&[
            ("default", &["sqlite"]),
            ("sqlite", &["dep:rusqlite"]),
            ("bundled", &["rusqlite/bundled"]),
            ("json", &[]),
            ("_private", &[]),
        ]),
        features_at: "crates/store/Cargo.toml:12".to_owned(),
        sqlite: Some(SqliteUse {
            through: Noted::new("rusqlite", "crates/store/Cargo.toml:20"),
            behind: Some("sqlite".to_owned()),
            bundling: Bundling::Feature("bundled".to_owned()),
        }),
        ..Member::default()
    };
    let tool = Member {
        name: "tool".to_owned(),
        manifest: "tool/Cargo.toml".to_owned(),
        unpublished: Some("tool/Cargo.toml:5".to_owned()),
        ..Member::default()
    };
    let lowest = |version: &str| PromiseKind::LowestRust(version.to_owned());
    let rust = |version: &str| PromiseKind::Rust(version.to_owned());
    Found {
        members: vec![store, tool],
        promises: vec![
            promise("README.md", 7, PromiseSource::Readme, lowest("1.65"), "MSRV: Rust 1.65, but see \"the\\ page\""),
            promise(
                "README.md",
                8,
                PromiseSource::Readme,
                PromiseKind::LowestSqlite("3.35".to_owned()),
                "SQLite 3.35+",
            ),
            promise(".github/workflows/ci.yml", 11, PromiseSource::Workflow, rust("1.75.0"), "- 1.75.0"),
            promise(".github/workflows/ci.yml", 11, PromiseSource::Workflow, rust("nightly"), "- nightly"),
            promise(
                ".github/workflows/ci.yml",
                9,
                PromiseSource::Workflow,
                PromiseKind::Platform("linux-x86_64".to_owned()),
                "runs-on: ubuntu-latest",
            ),
            promise("README.md", 9, PromiseSource::Readme, PromiseKind::Platform("windows".to_owned()), "Windows too"),
        ],
        fixtures: vec!["v1".to_owned()],
        docs: vec!["compatibility.md".to_owned()],
        toolchain: None,
        env: vec![
            ("APP_MODE".to_owned(), Noted::new("a {b}", ".cargo/config.toml:2")),
            ("PATH".to_owned(), Noted::new("/x", ".cargo/config.toml:3")),
        ],
        threads: Some(Noted::new("--test-threads=1", ".github/workflows/ci.yml:20")),
        unread: vec![".github/workflows/odd.yml: line 3 is no YAML; it was not read".to_owned()],
        locked: true,
        readers: vec![Needs { rust: Version::new(1, 78, 0), what: "lockfile format 4 (Cargo.lock:3)".to_owned() }],
        outside: vec![Noted::new("checks/Cargo.toml", "the package `store-checks` has tests")],
        not_taken: vec![NotTaken::new(
            ".github/workflows/ci.yml",
            31,
            "- uses: dtolnay/rust-toolchain@1.400.0",
            "no such Rust is out",
        )],
        commands: vec![CargoCommand {
            file: ".github/workflows/ci.yml".to_owned(),
            line: 15,
            verb: "check".to_owned(),
            toolchain: Some("1.65".to_owned()),
            packages: vec!["store".to_owned()],
            ..CargoCommand::default()
        }],
        ..Found::default()
    }
}

#[test]
fn a_rich_workspace_reads_as_the_golden_file_says() {
    let (text, parsed) = parsed(&rich());
    common::golden("first-spec.toml", &text);
    let space = &parsed.spec.space;
    let axes: Vec<String> = space
        .axes()
        .iter()
        .map(|axis| {
            format!("{}: {}", axis.name, axis.values.iter().map(|v| v.name.to_string()).collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(
        axes,
        [
            "rust: 1.65 1.70 1.75.0 stable nightly",
            "sqlite: bundled host 3.35.4 3.54.1",
            "schema: v1",
            "features: default minimal json"
        ]
    );
    assert_eq!(parsed.spec.project.report, "docs/COMPATIBILITY-TESTED.md");
    assert_eq!(parsed.spec.claims.rust.as_ref().map(|claim| claim.text.as_str()), Some("1.70"));
}

#[test]
fn a_workspace_that_promises_nothing_has_a_spec_all_the_same() {
    let member = Member { name: "bare".to_owned(), manifest: "Cargo.toml".to_owned(), ..Member::default() };
    let (text, parsed) = parsed(&Found { members: vec![member], ..Found::default() });
    assert_eq!(parsed.spec.space.cells().count(), 1);
    assert!(!text.to_lowercase().contains("sqlite"), "{text}");
    assert!(text.contains("# Found no `rust-version`"), "{text}");
}

fn any_noted(value: impl Strategy<Value = String>) -> impl Strategy<Value = Noted> {
    (value, any::<String>()).prop_map(|(value, why)| Noted { value, why })
}

fn any_version() -> impl Strategy<Value = String> {
    prop_oneof![Just("1.70".to_owned()), "[0-9]{1,2}(\\.[0-9]{1,3}){0,3}", "3\\.[0-9]{1,2}(\\.[0-9])?", any::<String>()]
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z_][a-z0-9_-]{0,6}", 1 => "[a-zé+./ \"{}]{1,5}", 1 => Just("all".to_owned()), 1 => Just("minimal".to_owned())]
}

prop_compose! {
    fn any_member()(
        name in "[a-z][a-z0-9_-]{0,8}",
        manifest in any::<String>(),
        unpublished in proptest::option::of(any::<String>()),
        library in any::<bool>(),
        doctests in any::<bool>(),
        rust_version in proptest::option::of(any_noted(any_version())),
        features in proptest::collection::btree_map(any_name(), proptest::collection::vec(any_name(), 0..3), 0..7),
        sqlite in proptest::option::of((any_noted("[a-z]{1,8}"), proptest::option::of(any_name()), 0..4)),
        docs_rs in proptest::option::of((any::<bool>(), any::<bool>(), proptest::collection::vec(any_name(), 0..4))),
        needs in proptest::collection::vec(any_needs(), 0..3),
    ) -> Member {
        let sqlite = sqlite.map(|(through, behind, bundling)| {
            let bundling = match bundling {
                0 => Bundling::Feature("bundled".to_owned()),
                1 => Bundling::Always,
                2 => Bundling::InTests,
                _ => Bundling::Never,
            };
            // Cargo knows the feature, so it is one of the package's and spelled as those are.
            let behind = behind.filter(|name| features.contains_key(name) && name.chars().all(|c| c.is_ascii_alphanumeric()));
            SqliteUse { through, behind, bundling }
        });
        let features_at = manifest.clone();
        let docs_rs = docs_rs.map(|(all, no_default, list)| DocsRs { all, no_default, list, at: manifest.clone() });
        Member {
            name, manifest, unpublished, library, doctests, rust_version, features, features_at, sqlite, docs_rs, needs,
            default_member: true,
            ..Member::default()
        }
    }
}

fn any_needs() -> impl Strategy<Value = Needs> {
    (50..90_u64, any::<String>()).prop_map(|(minor, what)| Needs { rust: Version::new(1, minor, 0), what })
}

prop_compose! {
    fn any_command()(
        file in any::<String>(),
        line in 1..99_usize,
        verb in prop_oneof![Just("test".to_owned()), Just("check".to_owned())],
        toolchain in proptest::option::of(any_version()),
        (no_default, all) in any::<(bool, bool)>(),
        list in proptest::collection::vec(any_name(), 0..4),
        sweep in proptest::option::of((any::<bool>(), proptest::option::of(1..4_usize), proptest::collection::vec(any_name(), 0..3))),
    ) -> CargoCommand {
        let sweep = sweep.map(|(powerset, depth, group)| Sweep {
            powerset, depth, exclude: group.iter().take(1).cloned().collect(), mutually_exclusive: vec![group], ..Sweep::default()
        });
        let features = CommandFeatures { no_default, all, list, unknown: line % 5 == 0, sweep };
        CargoCommand { file, line, verb, toolchain, features, ..CargoCommand::default() }
    }
}

fn any_promise() -> impl Strategy<Value = Promise> {
    let kind = prop_oneof![
        any_version().prop_map(PromiseKind::LowestRust),
        prop_oneof![any_version(), Just("nightly".to_owned()), Just("nightly-2024-02-30".to_owned())]
            .prop_map(PromiseKind::Rust),
        any_version().prop_map(PromiseKind::LowestSqlite),
        any_version().prop_map(PromiseKind::Sqlite),
        prop_oneof![Just("windows".to_owned()), Just("linux-x86_64".to_owned()), "[a-z]{1,6}-[a-z0-9]{1,6}"]
            .prop_map(PromiseKind::Platform),
    ];
    let source = prop_oneof![Just(PromiseSource::Readme), Just(PromiseSource::Page), Just(PromiseSource::Workflow)];
    (any::<String>(), 1..99_usize, source, kind, proptest::option::of(any_version()), any::<String>()).prop_map(
        |(file, line, source, kind, spelled, text)| Promise {
            file,
            line,
            source,
            kind,
            key: String::new(),
            spelled,
            text,
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_found_gives_a_spec_that_can_be_read(
        members in proptest::collection::vec(any_member(), 1..5),
        promises in proptest::collection::vec(any_promise(), 0..12),
        fixtures in proptest::collection::btree_set("[a-z][a-z0-9]{0,4}", 0..3),
        docs in proptest::collection::vec(prop_oneof![Just("compatibility.md".to_owned()), Just("compatibility-tested.svg".to_owned())], 0..3),
        toolchain in proptest::option::of(any_noted(prop_oneof![any_version(), Just("nightly".to_owned())])),
        env in proptest::collection::btree_map(any_name().prop_map(|n| n.to_uppercase()), any_noted(any::<String>()), 0..4),
        threads in proptest::option::of(any_noted("--test-threads=[1-9]")),
        unread in proptest::collection::vec(any::<String>(), 0..2),
        (commands, readers) in (proptest::collection::vec(any_command(), 0..5), proptest::collection::vec(any_needs(), 0..2)),
        not_taken in proptest::collection::vec((any::<String>(), any::<String>()), 0..3),
    ) {
        let mut names = std::collections::BTreeSet::new();
        let members: Vec<Member> = members.into_iter().filter(|member| names.insert(member.name.clone())).collect();
        let found = Found {
            members,
            promises,
            fixtures: fixtures.into_iter().collect(),
            docs,
            toolchain,
            env: env.into_iter().collect(),
            threads,
            unread,
            commands,
            readers,
            not_taken: not_taken.iter().map(|(text, because)| NotTaken::new(text, 3, text, because.as_str())).collect(),
            ..Found::default()
        };
        let (text, parsed) = parsed(&found);
        prop_assert!(parsed.spec.space.cells().next().is_some());
        prop_assert!(parsed.spec.profiles.contains_key("local") && parsed.spec.profiles.contains_key("full"));
        let packages = found.members.iter().map(|member| member.name.clone()).collect();
        prop_assert!(parsed.unknown_packages(&packages).is_empty());
        let features = found.members.iter().flat_map(|member| member.features.keys().cloned()).collect();
        prop_assert!(parsed.unknown_features(&features).is_empty(), "{}\n{text}", parsed.unknown_features(&features));
    }
}
