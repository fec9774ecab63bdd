//! What commands select, case by case.

use super::*;
use crate::first_spec::found::DocsRs;

fn member(features: &[&str]) -> Member {
    let features = features.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
    let (name, manifest) = ("a".to_owned(), "Cargo.toml".to_owned());
    Member { name, manifest, features, default_member: true, ..Member::default() }
}

fn with_default(mut member: Member) -> Member {
    member.features.insert("default".to_owned(), vec!["b".to_owned()]);
    member
}

fn command(line: usize, features: CommandFeatures) -> CargoCommand {
    CargoCommand { file: "ci.yml".to_owned(), line, verb: "test".to_owned(), features, ..CargoCommand::default() }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

fn features(list: &[&str]) -> CommandFeatures {
    CommandFeatures { list: words(list), ..CommandFeatures::default() }
}

fn sweep(sweep: Sweep) -> CommandFeatures {
    CommandFeatures { sweep: Some(sweep), ..CommandFeatures::default() }
}

/// The sets, `-[a]` without default features, and the remarks.
#[track_caller]
fn check(of: &[&str], commands: Vec<CargoCommand>, expected: &[&str], remarks: &[&str]) {
    check_of(member(of), commands, expected, remarks);
}

#[track_caller]
fn check_of(member: Member, commands: Vec<CargoCommand>, expected: &[&str], remarks: &[&str]) {
    let found = Found { members: vec![member], commands, ..Found::default() };
    let selected = sets(&[&found.members[0]], &found);
    let show = |set: &FeatureSet| {
        let minus = if set.default_features { "" } else { "-" };
        format!("{}: {minus}[{}]", set.name, set.features.join(","))
    };
    assert_eq!(selected.sets.iter().map(show).collect::<Vec<_>>(), expected);
    assert_eq!(selected.remarks, remarks);
}

#[test]
fn features_of_plain_commands() {
    let none = || CommandFeatures { no_default: true, ..CommandFeatures::default() };
    let all = || CommandFeatures { all: true, ..CommandFeatures::default() };
    let commands = vec![
        command(1, CommandFeatures::default()),
        command(2, features(&["b", "a"])),
        command(3, features(&["a", "b"])),
        command(4, none()),
        command(5, CommandFeatures { list: words(&["a/c"]), ..none() }),
        command(6, all()),
    ];
    let expected = ["default: []", "b+a: [a,b]", "minimal: -[]", "minimal+c: -[c]", "all: [a,b,c]"];
    check(&["a", "b", "c", "default"], commands, &expected, &[]);
    let unknown = "ci.yml:1 asks for `x/y`, no feature of a package under test: its features are not known.";
    check(&["a"], vec![command(1, features(&["x/y"]))], &[], &[unknown]);
    // Only default features: the project says nothing about the others.
    check(&["a"], vec![command(1, CommandFeatures::default())], &[], &[]);
    let long = features(&["a-long-feature-name", "another-long-name", "third"]);
    let expected = ["default: []", "a-long-feature-name+2: [a-long-feature-name,another-long-name,third]"];
    check(&["a-long-feature-name", "another-long-name", "third"], vec![command(1, long)], &expected, &[]);
}

#[test]
fn commands_whose_features_are_not_known_are_no_source() {
    let unknown = |line| command(line, CommandFeatures { unknown: true, ..CommandFeatures::default() });
    let all = || command(2, CommandFeatures { all: true, ..CommandFeatures::default() });
    let said = "ci.yml:1: its features are not known, and in no set.";
    check(&["a"], vec![unknown(1), all()], &["default: []", "all: [a]"], &[said]);
    check(&["a"], vec![unknown(1)], &[], &[said]);
    let found = Found { members: vec![member(&["a"])], commands: vec![unknown(1), all()], ..Found::default() };
    let selected = sets(&[&found.members[0]], &found);
    assert_eq!(selected.sets[0].why, WHAT_USERS_GET);
}

#[test]
fn tools_that_run_the_tests() {
    let by = |verb: &str, no_run| {
        let all = CommandFeatures { all: true, ..CommandFeatures::default() };
        vec![CargoCommand { verb: verb.to_owned(), no_run, ..command(3, all) }]
    };
    for verb in ["llvm-cov", "tarpaulin", "careful", "miri"] {
        check(&["a"], by(verb, false), &["default: []", "all: [a]"], &[]);
    }
    check(&["a"], by("llvm-cov", true), &[], &[]);
    check(&["a"], by("clippy", false), &[], &[]);
}

#[test]
fn commands_for_something_else_are_named() {
    let of = |change: fn(&mut CargoCommand)| {
        let mut one = command(2, features(&["a"]));
        change(&mut one);
        vec![command(1, features(&["b"])), one]
    };
    let expected = ["default: []", "b: [b]"];
    let said = |what: &str| format!("ci.yml:2 {what}; its features are in no set.");
    let check = |commands, what: &str| check(&["a", "b"], commands, &expected, &[&said(what)]);
    check(of(|one| one.toolchain = Some("nightly-2026-01-01".to_owned())), "runs with a nightly");
    check(of(|one| one.target = Some("wasm32-unknown-unknown".to_owned())), "is for the target wasm32-unknown-unknown");
    check(of(|one| one.rustflags = Some("--cfg loom".to_owned())), "sets RUSTFLAGS that a spec cannot express");
    check(of(|one| one.runners = vec!["windows-2022".to_owned()]), "runs on windows-x86_64 only");
}

#[test]
fn sweeps_follow_cargo_hack() {
    let powerset = || Sweep { powerset: true, ..Sweep::default() };
    // Mutually exclusive: one of them in each set.
    let exclusive = Sweep { mutually_exclusive: vec![words(&["tls-a", "tls-b"])], ..powerset() };
    check(
        &["tls-a", "tls-b", "x", "y"],
        vec![command(1, sweep(exclusive))],
        &["default: []", "minimal: -[]", "all: -[tls-a,x,y]", "all+tls-b: -[tls-b,x,y]", "x: -[x]", "y: -[y]"],
        &[],
    );
    let one_of = Sweep { at_least_one_of: vec![words(&["p", "q"])], exclude: words(&["nightly"]), ..powerset() };
    check(
        &["nightly", "p", "q"],
        vec![command(1, sweep(one_of))],
        &["p: [p]", "minimal+p: -[p]", "all: -[p,q]", "q: -[q]"],
        &[],
    );
    let each = Sweep { exclude_no_default: true, ..Sweep::default() };
    check(&["a", "b"], vec![command(1, sweep(each))], &["default: []", "all: -[a,b]", "a: -[a]", "b: -[b]"], &[]);
    let deep = Sweep { depth: Some(2), ..powerset() };
    check(
        &["a", "b", "c", "d", "e"],
        vec![command(1, sweep(deep))],
        &["default: []", "minimal: -[]", "a: -[a]", "b: -[b]", "c: -[c]"],
        &["ci.yml:1, --feature-powerset: `d`, `e` alone are in no set, because each is a build."],
    );
}

#[test]
fn without_workflows_manifests_say_it() {
    let docs_rs = DocsRs { list: words(&["a", "nightly"]), at: "Cargo.toml:9".to_owned(), ..DocsRs::default() };
    check_of(
        Member { docs_rs: Some(docs_rs), ..with_default(member(&["a", "b", "nightly"])) },
        vec![command(1, CommandFeatures::default())],
        &["default: []", "docs-rs: [a]", "minimal: -[]"],
        &["In no set: `nightly`; docs.rs builds with a nightly."],
    );
    let configured = Sweep { powerset: true, exclude: words(&["b"]), ..Sweep::default() };
    check_of(
        Member { combinations: Some((configured, "Cargo.toml:12".to_owned())), ..member(&["a", "b"]) },
        vec![],
        &["default: []", "minimal: -[]", "a: -[a]"],
        &[],
    );
}

#[test]
fn sets_are_few() {
    let names: Vec<String> = (0..9).map(|n| format!("f{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let commands = names.iter().enumerate().map(|(n, name)| command(n + 1, features(&[name]))).collect();
    let found = Found { members: vec![member(&names)], commands, ..Found::default() };
    let mut selected = sets(&[&found.members[0]], &found);
    selected.say_left_out();
    assert_eq!(selected.sets.len(), MOST + 1);
    assert!(selected.remarks[0].starts_with("Left out, because each set is a build: `f6` (ci.yml:7, --features f6)"));
}

#[test]
fn sets_without_features_have_a_name_and_sets_of_the_axis_are_not_left_out() {
    let names: Vec<String> = (0..6).map(|n| format!("f{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut commands: Vec<CargoCommand> =
        names.iter().enumerate().map(|(n, name)| command(n + 1, features(&[name]))).collect();
    let none = || CommandFeatures { no_default: true, ..CommandFeatures::default() };
    commands.push(command(7, none()));
    commands.push(command(8, CommandFeatures::default()));
    commands.push(command(9, none()));
    let found = Found { members: vec![member(&names)], commands, ..Found::default() };
    let mut selected = sets(&[&found.members[0]], &found);
    selected.say_left_out();
    assert_eq!((selected.sets[0].name.as_str(), selected.sets[0].why.as_str()), ("default", "ci.yml:8"));
    let said = "Left out, because each set is a build: `minimal` (ci.yml:7, --no-default-features).";
    assert_eq!(selected.remarks, [said]);
}
