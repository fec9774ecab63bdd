//! Features by cargo's rules, and which of them a build that links a shared SQLite is asked for.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_model::facts::{Bundling, Difference, PackageFacts, Unbundled};
use proptest::prelude::*;

fn package(features: &[(&str, &[&str])]) -> PackageFacts {
    let items = features.iter().flat_map(|(_, list)| list.iter());
    let bundling = items.filter_map(|item| {
        let bundling = match item.split_once('/')?.1 {
            "bundled" => Bundling::Alone,
            "bundled-full" => Bundling::WithMore,
            "bundled-sqlcipher" => Bundling::Cipher,
            _ => return None,
        };
        Some(((*item).to_owned(), bundling))
    });
    let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
    PackageFacts {
        name: "demo".into(),
        bundling: bundling.collect(),
        features: features.iter().map(|(name, list)| ((*name).to_owned(), owned(list))).collect(),
        ..PackageFacts::default()
    }
}

fn set(names: &str) -> BTreeSet<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

fn words(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn defaults_are_a_name_and_what_they_list_is_cargo_s_to_follow() {
    let demo = package(&[
        ("default", &["json", "dep:x", "helper/more", "y?/more"]),
        ("json", &["z/fast"]),
        ("z", &["dep:z"]),
        ("y", &["dep:y"]),
    ]);
    assert_eq!(words(&demo.resolve_features(true, &[])), "default json z");
    assert_eq!(words(&demo.resolve_features(false, &["y".into(), "of another package".into()])), "y");
    let bare = package(&[("json", &[])]);
    assert_eq!(words(&bare.resolve_features(true, &["json".into()])), "json", "it has no defaults");
}

#[test]
#[track_caller]
fn a_shared_sqlite_takes_out_the_bundling_feature_and_nothing_else() {
    let check = |features: &[(&str, &[&str])], on: &str, ask: &str, kept: &str| {
        let demo = package(features);
        let on = demo.resolve_features(false, &set(on).into_iter().collect::<Vec<_>>());
        let found = demo.without_bundling(&on, true);
        assert_eq!((words(&found.ask), words(&found.kept)), (ask.to_owned(), kept.to_owned()), "{features:?}");
    };
    let bundled: (&str, &[&str]) = ("bundled", &["rusqlite/bundled"]);
    check(&[("default", &["bundled", "json"]), bundled, ("json", &[])], "default", "json", "");
    // What a command line can spell goes on without the name.
    check(&[("default", &["bundled", "helper/more", "x?/y"]), bundled], "default", "helper/more x?/y", "");
    // What it cannot stays with it.
    check(&[("default", &["bundled", "dep:x"]), bundled], "default", "bundled default", "default");
    check(&[("default", &["bundled", "x"]), bundled, ("x", &["dep:x"])], "default", "x", "");
    // A feature that does more than to bundle is never taken out, whether by a dependency or by others of its own.
    check(&[("full", &["rusqlite/bundled-full"])], "full", "full", "full");
    check(&[("full", &["bundled", "json"]), bundled, ("json", &[])], "full", "bundled full json", "full");
    check(&[("all", &["own"]), ("own", &["bundled"]), bundled], "all", "", "");
    // The optional dependency that has SQLite in it stays, by its own name or not at all.
    let named: (&str, &[&str]) = ("rusqlite", &["dep:rusqlite"]);
    check(&[bundled, named], "bundled", "rusqlite", "");
    check(&[bundled, ("db", &["dep:rusqlite"])], "bundled", "bundled", "bundled");
    check(&[("bundled", &["dep:rusqlite", "rusqlite/bundled"]), ("db", &["dep:rusqlite"])], "bundled db", "db", "");
}

#[test]
fn several_packages_cannot_spell_the_feature_of_a_dependency() {
    let demo = package(&[("default", &["bundled", "helper/more"]), ("bundled", &["rusqlite/bundled"])]);
    let on = demo.resolve_features(true, &[]);
    assert_eq!(words(&demo.without_bundling(&on, false).kept), "default");
}

#[test]
fn sqlcipher_is_told_apart() {
    let demo = package(&[("encrypted", &["rusqlite/bundled-sqlcipher"])]);
    let found = demo.without_bundling(&set("encrypted"), true);
    assert_eq!(found, Unbundled { ask: set("encrypted"), kept: set("encrypted"), cipher: true });
}

#[test]
fn a_compiled_in_sqlite_adds_the_feature_only_where_none_leads_to_it() {
    let mut demo = package(&[("bundled", &["rusqlite/bundled"]), ("full", &["rusqlite/bundled-full"]), ("json", &[])]);
    demo.bundled_feature = Some("bundled".into());
    assert_eq!(words(&demo.with_bundling(set("json"))), "bundled json");
    assert_eq!(words(&demo.with_bundling(set("full"))), "full");
}

#[test]
fn what_cargo_reports_is_held_against_what_was_asked_and_named() {
    let demo = package(&[("default", &["std"]), ("std", &[]), ("bundled", &["rusqlite/bundled"]), ("json", &["std"])]);
    let found = demo.difference(&set("json"), &["json".into(), "bundled".into()], &set("default json std"));
    assert_eq!(found, Difference { added: set("default"), missing: set("bundled") });
    assert_eq!(demo.difference(&set("json"), &[], &set("json std")), Difference::default());
}

/// A table of features `f0`, `f1` …, each listing later ones and things of dependencies.
fn table() -> impl Strategy<Value = PackageFacts> {
    let item = prop_oneof![
        Just("rusqlite/bundled".to_owned()),
        Just("rusqlite/bundled-full".to_owned()),
        Just("helper/more".to_owned()),
        Just("opt?/more".to_owned()),
        Just("opt/more".to_owned()),
        Just("dep:opt".to_owned()),
        Just("dep:rusqlite".to_owned()),
        (1..6_usize).prop_map(|n| format!("f{n}")),
    ];
    prop::collection::vec(prop::collection::vec(item, 0..4), 6).prop_map(|lists| {
        let name = |n: usize| if n == 0 { "default".to_owned() } else { format!("f{n}") };
        let features: Vec<(String, Vec<String>)> = lists.into_iter().enumerate().map(|(n, l)| (name(n), l)).collect();
        let features: Vec<(&str, Vec<&str>)> =
            features.iter().map(|(n, l)| (n.as_str(), l.iter().map(String::as_str).collect())).collect();
        package(&features.iter().map(|(n, l)| (*n, l.as_slice())).collect::<Vec<_>>())
    })
}

/// All that features list, themselves included, and what is listed on the command line.
fn listed(facts: &PackageFacts, ask: &BTreeSet<String>) -> BTreeSet<String> {
    let on = facts.switched_on(ask.iter().map(String::as_str));
    let items: BTreeMap<&String, &Vec<String>> = facts.features.iter().filter(|(name, _)| on.contains(*name)).collect();
    items.values().flat_map(|list| list.iter().cloned()).chain(ask.iter().cloned()).collect()
}

proptest! {
    #[test]
    fn nothing_but_sqlite_is_lost(facts in table(), asked in prop::sample::subsequence(vec!["default", "f1", "f2", "f3"], 1..4)) {
        let asked: Vec<String> = asked.into_iter().map(str::to_owned).collect();
        let on = facts.resolve_features(false, &asked);
        let Unbundled { ask, kept, .. } = facts.without_bundling(&on, true);
        if !kept.is_empty() {
            prop_assert_eq!(ask, on, "it stays as it was");
            return Ok(());
        }
        let (before, after) = (listed(&facts, &on), listed(&facts, &ask));
        prop_assert!(!after.iter().any(|item| facts.bundling.contains_key(item)), "{:?}", after);
        let activates = |items: &BTreeSet<String>, name: &str| {
            items.iter().any(|item| *item == format!("dep:{name}") || item.starts_with(&format!("{name}/")))
        };
        for item in before.iter().filter(|item| item.contains('/') && !facts.bundling.contains_key(*item)) {
            prop_assert!(after.contains(item) || item.contains('?') && !activates(&before, "opt"), "{} of {:?}", item, before);
        }
        for name in ["opt", "rusqlite"] {
            let is_optional = facts.features.values().flatten().any(|item| *item == format!("dep:{name}"));
            prop_assert!(!is_optional || !activates(&before, name) || activates(&after, name), "{}", name);
        }
        // Names are lost of features alone that do nothing but bundle, and `default`.
        let bundles = |item: &String| *item == "rusqlite/bundled" || item.starts_with('f') || item.starts_with("dep:");
        for name in on.difference(&ask).filter(|name| *name != "default") {
            prop_assert!(facts.features[name].iter().all(bundles), "{}", name);
        }
    }
}
