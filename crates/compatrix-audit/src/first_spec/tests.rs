//! Findings and the drafts they lead to, case by case.

use super::*;
use crate::promise::{NotTaken, Promise, PromiseKind, PromiseSource};

fn member(name: &str) -> Member {
    Member { name: name.to_owned(), manifest: format!("{name}/Cargo.toml"), library: true, ..Member::default() }
}

fn with_features(name: &str, features: &[(&str, &[&str])]) -> Member {
    let list = |on: &[&str]| on.iter().map(|s| (*s).to_owned()).collect();
    Member { features: features.iter().map(|(name, on)| ((*name).to_owned(), list(on))).collect(), ..member(name) }
}

fn with_sqlite(bundling: Bundling) -> Member {
    let through = Noted::new("rusqlite", "Cargo.toml:9");
    Member { sqlite: Some(SqliteUse { through, behind: None, bundling }), ..member("a") }
}

fn promise(kind: PromiseKind) -> Promise {
    let text = kind.to_string();
    Promise {
        file: "README.md".to_owned(),
        line: 3,
        source: PromiseSource::Readme,
        kind,
        key: String::new(),
        spelled: None,
        text,
    }
}

fn of(members: Vec<Member>, promises: Vec<Promise>) -> Draft {
    draft(&Found { members, promises, ..Found::default() })
}

fn values(axis: &DraftAxis) -> Vec<&str> {
    axis.values.iter().map(|value| value.value.as_str()).collect()
}

#[test]
fn published_packages_are_under_test_else_libraries_else_all() {
    #[track_caller]
    fn check(members: Vec<Member>, expected: &[&str]) {
        let draft = of(members, Vec::new());
        assert_eq!(draft.packages.iter().map(|p| p.value.as_str()).collect::<Vec<_>>(), expected);
    }
    let hidden = |member: Member| Member { unpublished: Some("Cargo.toml:4".to_owned()), ..member };
    let tool = |name: &str| Member { library: false, ..member(name) };
    check(vec![member("a"), hidden(member("b")), member("xtask")], &["a"]);
    check(vec![hidden(member("a")), hidden(tool("b"))], &["a"]);
    check(vec![hidden(tool("a")), hidden(tool("b")), hidden(tool("xtask"))], &["a", "b"]);
    check(vec![hidden(tool("xtask"))], &["xtask"]);
}

#[test]
fn the_claim_holds_for_all_packages_and_older_promises_are_tested() {
    let msrv = |name: &str, version: &str| Member {
        rust_version: Some(Noted::new(version, format!("{name}/Cargo.toml:5"))),
        ..member(name)
    };
    let older = promise(PromiseKind::LowestRust("1.56".to_owned()));
    let draft = of(vec![msrv("a", "1.60"), msrv("b", "1.70.0")], vec![older.clone()]);
    assert_eq!(draft.claims.rust, Some(Noted::new("1.70.0", "b/Cargo.toml:5")));
    assert_eq!(draft.claims.packages, [("a".to_owned(), Noted::new("1.60", "a/Cargo.toml:5"))]);
    let other = "Other places promise another lowest Rust: 1.56 (README.md:3: ";
    assert!(draft.claims.remarks[0].starts_with(other), "{:?}", draft.claims.remarks);
    assert_eq!(values(&draft.rust), ["1.56", "1.60", "1.70.0", "stable"]);
    assert!(draft.rust.values[0].why.ends_with("; older than the claim"));
    // Without any `rust-version`, people's words are the claim.
    let draft = of(vec![member("a")], vec![older]);
    assert_eq!(draft.claims.rust.map(|claim| claim.value).as_deref(), Some("1.56"));
}

#[test]
fn nothing_is_said_to_be_found_where_something_was_dropped() {
    let remark = |found: &Found| draft(found).claims.remarks.join(" ");
    let mut found = Found { members: vec![member("a")], ..Found::default() };
    assert!(remark(&found).starts_with("Found no `rust-version`"));
    found.not_taken.push(NotTaken::new("README.md", 4, "Rust 1.400", "no such Rust is out"));
    assert!(remark(&found).starts_with("No promise of a lowest Rust was taken over"));
    assert_eq!(draft(&found).not_taken, found.not_taken);
    // Each subject for itself.
    let of = |places: &[(&str, &str)]| {
        let not_taken = places.iter().map(|(text, why)| NotTaken::new("README.md", 4, text, *why)).collect();
        remark(&Found { members: vec![with_sqlite(Bundling::Never)], not_taken, ..Found::default() })
    };
    let (no_rust, rust) = ("Found no `rust-version`", "No promise of a lowest Rust was taken over");
    let (no_sqlite, sqlite) = ("Found no promise of a lowest SQLite", "No promise of a lowest SQLite was taken over");
    let both = |text: &str, a: &str, b: &str| assert!(text.contains(a) && text.contains(b), "{text}");
    both(&of(&[("Needs SQLite 3.400", "no such version")]), no_rust, sqlite);
    both(&of(&[("- 1.400", "it is no version")]), rust, no_sqlite);
    both(&of(&[("MSRV: 1.20 with rusqlite", "it is history")]), rust, no_sqlite);
    both(&of(&[("runs-on: self-hosted", "the runner has no platform")]), no_rust, no_sqlite);
    both(&of(&[("SQLite 3.400", "no"), ("Rust 1.400", "no")]), rust, sqlite);
}

#[test]
fn files_in_the_folder_of_a_package_are_its_promise() {
    let said = |file: &str, source: PromiseSource, version: &str| Promise {
        file: file.to_owned(),
        source,
        ..promise(PromiseKind::LowestRust(version.to_owned()))
    };
    let readme = |file: &str, version: &str| said(file, PromiseSource::Readme, version);
    #[track_caller]
    fn check(members: Vec<Member>, promises: Vec<Promise>, common: &str, own: &[(&str, &str)], others: usize) {
        let claims = of(members, promises).claims;
        assert_eq!(claims.rust.map(|claim| claim.value).as_deref(), Some(common));
        let packages: Vec<(&str, &str)> =
            claims.packages.iter().map(|(name, claim)| (name.as_str(), claim.value.as_str())).collect();
        assert_eq!((packages, claims.remarks.len()), (own.to_vec(), others), "{:?}", claims.remarks);
    }
    let both = || vec![member("aa"), member("bb")];
    let two = || vec![readme("aa/README.md", "1.60"), readme("bb/README.md", "1.70")];
    check(both(), two(), "1.70", &[("aa", "1.60")], 0);
    let clippy = said("aa/clippy.toml", PromiseSource::Clippy, "1.60");
    check(both(), vec![clippy, readme("README.md", "1.65")], "1.65", &[("aa", "1.60")], 0);
    let with_root: Vec<Promise> = two().into_iter().chain([readme("README.md", "1.65")]).collect();
    check(both(), with_root, "1.65", &[("aa", "1.60"), ("bb", "1.70")], 0);
    // The manifest of a package comes before its README; that of another says nothing about it.
    let with_version =
        |name: &str, version: &str| Member { rust_version: Some(Noted::new(version, "Cargo.toml:5")), ..member(name) };
    check(vec![with_version("aa", "1.64"), member("bb")], two(), "1.64", &[("bb", "1.70")], 1);
    // A folder with a longer name is another's, and one package alone has every promise.
    check(both(), vec![readme("aab/README.md", "1.60")], "1.60", &[], 0);
    check(vec![member("aa")], two(), "1.60", &[], 1);
}

#[test]
fn many_toolchains_are_thinned_in_the_middle() {
    let all = (60..72).map(|minor| promise(PromiseKind::Rust(format!("1.{minor}")))).collect();
    let draft = of(vec![member("a")], all);
    let found = values(&draft.rust);
    assert_eq!((found.len(), found[0], found[5], found[6]), (7, "1.60", "1.71", "stable"));
    assert_eq!(draft.local, [("rust".to_owned(), vec!["1.60".to_owned(), "stable".to_owned()])]);
}

#[test]
fn a_pinned_nightly_takes_the_place_of_stable() {
    let toolchain = Some(Noted::new("nightly-2026-05-19", "rust-toolchain.toml:2"));
    let draft = draft(&Found { members: vec![member("a")], toolchain, ..Found::default() });
    assert_eq!(values(&draft.rust), ["nightly-2026-05-19"]);
}

#[test]
fn sqlites_follow_from_how_it_is_compiled_in_and_what_is_promised() {
    #[track_caller]
    fn check(bundling: Bundling, promises: &[&str], expected: &[&str]) {
        let promises = promises.iter().map(|v| promise(PromiseKind::LowestSqlite((*v).to_owned())));
        let draft = of(vec![with_sqlite(bundling)], promises.collect());
        assert_eq!(draft.sqlite.as_ref().map(values).unwrap_or_default(), expected);
    }
    let feature = || Bundling::Feature("bundled".to_owned());
    check(feature(), &["3.35"], &["bundled", "host", "3.35.4", "3.54.1"]);
    check(feature(), &["3.42"], &["bundled", "host", "3.44.0", "3.54.1"]);
    check(feature(), &[], &["bundled", "host", "3.54.1"]);
    check(feature(), &["99.0"], &["bundled", "host", "3.54.1"]);
    check(Bundling::InTests, &["3.35"], &["bundled", "host", "3.35.4", "3.54.1"]);
    check(Bundling::Never, &["3.8"], &["host", "3.33.0", "3.54.1"]);
    check(Bundling::Always, &[], &["bundled"]);
    check(Bundling::Always, &["3.46.0"], &["bundled", "host", "3.46.0", "3.54.1"]);
    assert_eq!(of(vec![member("a")], vec![promise(PromiseKind::LowestSqlite("3.35".to_owned()))]).sqlite, None);
}

#[test]
fn feature_sets_are_few_and_never_lose_sqlite() {
    let sets = |member: Member| -> Vec<String> {
        let show = |set: FeatureSet| {
            let minus = if set.default_features { "" } else { "-" };
            format!("{}: {minus}[{}]", set.name, set.features.join(","))
        };
        of(vec![member], Vec::new()).features.into_iter().map(show).collect()
    };
    assert!(sets(member("a")).is_empty(), "no features, no axis");
    assert_eq!(sets(with_features("a", &[("default", &[]), ("x", &[])])), ["default: []", "x: [x]"]);
    assert_eq!(
        sets(with_features("a", &[("default", &["std"]), ("std", &[]), ("nightly", &[]), ("_x", &[])])),
        ["default: []", "minimal: -[]"]
    );
    assert_eq!(
        sets(with_features("a", &[("p", &[]), ("q", &[]), ("r", &[]), ("s", &[])])),
        ["default: []", "all: [p,q,r,s]"]
    );
    let optional = Member {
        sqlite: with_sqlite(Bundling::Feature("bundled".to_owned()))
            .sqlite
            .map(|sqlite| SqliteUse { behind: Some("db".to_owned()), ..sqlite }),
        ..with_features(
            "a",
            &[("default", &["std"]), ("std", &[]), ("db", &["dep:rusqlite"]), ("x", &["db"]), ("bundled", &[])],
        )
    };
    assert_eq!(sets(optional), ["default: [db]", "minimal: -[db]", "db: [db]", "x: [x]"]);
}

#[test]
fn what_a_spec_has_no_word_for_is_told() {
    let env = vec![
        ("GOOD".to_owned(), Noted::new("{x}", ".cargo/config.toml:2")),
        ("CARGO_THING".to_owned(), Noted::new("1", ".cargo/config.toml:3")),
        ("not-a-name".to_owned(), Noted::new("1", ".cargo/config.toml:4")),
    ];
    let draft = draft(&Found { members: vec![member("a")], env, ..Found::default() });
    assert_eq!(draft.env, [("GOOD".to_owned(), Noted::new("{{x}}", ".cargo/config.toml:2"))]);
    assert_eq!(draft.remarks, [".cargo/config.toml:4: a spec cannot set the variable `not-a-name`"]);
}
