//! Locksets: what they are for, how one is had on the way, and what is said where none helps.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

use crate::registry::{Published, Registry, PLAIN};
use crate::support::{finish, judged, totals, Ran, Workspace};

/// The toolchain `here` is in the group; 1.60, its lowest, stands for one that is not on this machine.
const AXIS: &str = "[axis]\nrust = [\"1.60\", HERE]\n";
const LOCK: &str = "[[lock]]\nname = \"old\"\nrust = [\"1.60\", \"here\"]\n";
const BUILD: &str = "[[suite]]\nname = \"lib\"\nkind = \"build\"\n";

const PACKAGE: &str = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[profile.dev]\ndebug = 0\n";

/// Says that it needs a Rust newer than 1.60.
const NEW: Published =
    Published { name: "new", manifest: "edition = \"2021\"\nrust-version = \"1.80\"\n", rust: Some("1.80"), ..PLAIN };
/// Says nothing, and depends on that.
const MID: Published = Published {
    name: "mid",
    manifest: "edition = \"2021\"\n[dependencies]\nnew = \"1\"\n",
    dependencies: &[("new", "1", None)],
    ..PLAIN
};

const A: Published = Published { name: "a", rust: Some("1.56"), ..PLAIN };

fn workspace(spec: &str, manifest: &str) -> Workspace {
    Workspace::new(&format!("{AXIS}{spec}"))
        .file("Cargo.toml", &format!("{PACKAGE}{manifest}"))
        .tests("#[test]\nfn t() {}\n")
}

fn run(registry: &Registry, workspace: &Workspace, args: &[&str]) -> Ran {
    finish(registry.command(workspace, args))
}

fn compat(registry: &Registry, workspace: &Workspace) -> Ran {
    run(registry, workspace, &["compat", "--no-install", "--format", "json", "--cell", "rust=here"])
}

#[test]
fn only_what_suites_build_counts() {
    let registry = Registry::new(&[NEW, MID]);
    let dev = "[dev-dependencies]\nmid = \"1\"\n";
    let optional = "[features]\ntls = [\"dep:new\"]\n[dependencies]\nnew = { version = \"1\", optional = true }\n";
    let through = "[features]\nall = [\"mid\"]\n[dependencies]\nmid = { version = \"1\", optional = true }\n";
    let windows = "[target.'cfg(windows)'.dependencies]\nnew = \"1\"\n";
    let sets = "[axis.features]\ndefault = []\nall = [\"tls\"]\n";
    let skip =
        "[[rule]]\nwhen = { rust = [\"1.60\", \"here\"], features = \"all\" }\nexpect = \"skip\"\nreason = \"x\"\n";
    let elsewhere = format!("{BUILD}[[suite]]\nname = \"tests\"\nwhen.rust = \">=9.0\"\n");
    for (what, spec, manifest, counts) in [
        ("a dev-dependency's dependency", "".to_owned(), dev, true),
        ("the same of suites that only build", BUILD.to_owned(), dev, false),
        ("the same with tests on other toolchains", elsewhere, dev, false),
        ("an optional dependency that no set uses", String::new(), optional, false),
        ("one that a set uses", sets.to_owned(), optional, true),
        ("one of a set that is skipped here", format!("{sets}{skip}"), optional, false),
        ("one behind the feature of its name", String::new(), through, false),
        ("one of a platform that is not claimed", String::new(), windows, false),
        ("a claimed platform", "[claims.platforms]\nt = [\"windows-x86_64\"]\n".to_owned(), windows, true),
        ("a build-dependency", BUILD.to_owned(), "[build-dependencies]\nnew = \"1\"\n", true),
    ] {
        let made = workspace(&format!("{spec}{LOCK}"), manifest);
        let json = run(&registry, &made, &["lock", "--format", "json"]).expect(0).json();
        let too_new = json[0]["too_new"].as_array().unwrap_or_else(|| panic!("{what}: {json:#}"));
        assert_eq!(!too_new.is_empty(), counts, "{what}: {json:#}");
        // What is left is a workspace that cargo takes.
        let ran = compat(&registry, &made);
        let json = ran.json();
        assert!(json["rows"].as_array().unwrap().iter().any(|row| row["verdict"] == "ok"), "{what}: {json:#}");
        assert!(json["rows"].as_array().unwrap().iter().all(|row| row["verdict"] != "error"), "{what}: {json:#}");
    }
}

#[test]
fn a_lockset_that_is_missing_or_stale_is_made_on_the_way_and_lock_writes_the_same() {
    let registry = Registry::new(&[A, Published { version: "1.1.0", rust: Some("1.80"), ..A }]);
    let made = workspace(LOCK, "[dependencies]\na = \"1\"\n");
    made.assert_tree_unchanged(|| {
        let plan = run(&registry, &made, &["plan", "--no-install"]);
        plan.expect(0).prints(&["choose versions for Rust 1.60.0", "compat/locks/old.lock is not there"]);
        let ran = compat(&registry, &made);
        assert_eq!(judged(&ran.expect(0).json(), "rust=here").0, "ok");
        ran.says(&["compat/locks/old.lock is not there", "kept in target/compat", "`lock`", "commit it"]);
    });
    run(&registry, &made, &["lock", "--offline"]).expect(0).prints(&["written"]);
    let text = std::fs::read_to_string(made.path("compat/locks/old.lock")).unwrap();
    assert!(text.contains("name = \"a\"\nversion = \"1.0.0\""), "{text}");
    let ran = compat(&registry, &made);
    assert_eq!(totals(&ran.expect(0).json()), [0, 0, 1], "the same versions: the result is known");
    assert!(!ran.stderr.contains("old.lock"), "{}", ran.stderr);

    made.write("Cargo.toml", format!("{PACKAGE}[dependencies]\na = \"1.0\"\n"));
    let ran = compat(&registry, &made);
    assert_eq!(judged(&ran.expect(0).json(), "rust=here").0, "ok");
    ran.says(&["compat/locks/old.lock does not fit the manifests"]);
    // An edit was meant, so it is not passed over.
    run(&registry, &made, &["lock"]).expect(0);
    let text = std::fs::read_to_string(made.path("compat/locks/old.lock")).unwrap();
    made.write("compat/locks/old.lock", text.replace("1.0.0", "1.1.0"));
    let json = compat(&registry, &made).expect(0).json();
    let (verdict, _, cause) = judged(&json, "rust=here");
    assert_eq!(verdict, "unproven");
    assert!(cause.contains("was edited by hand") && cause.contains("`lock old`"), "{cause}");
}

#[test]
fn a_job_of_ci_has_the_committed_lockset_or_ends_as_a_mistake_of_the_workspace() {
    let registry = Registry::new(&[A]);
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let ci = format!("[profile.local]\n[ci.runners]\n{platform} = \"runner\"\n[ci.push]\ncompat = \"local\"\n");
    let made = workspace(&format!("{LOCK}{ci}"), "[dependencies]\na = \"1\"\n");
    let event = ["compat", "--no-install", "--event", "push"];
    run(&registry, &made, &event).expect(2).says(&["compat/locks/old.lock is not there", "run the command `lock old`"]);
    run(&registry, &made, &["lock"]).expect(0);
    run(&registry, &made, &event).expect(0).prints(&["1 ok"]);
}

#[test]
fn what_the_packages_demand_themselves_is_named_and_no_lockset_changes_it() {
    let registry = Registry::new(&[NEW]);
    let member =
        |name: &str, keys: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = {keys}");
    let made = workspace(LOCK, "[dependencies]\nlocal = { path = \"local\" }\n")
        .file("local/Cargo.toml", &member("local", "\"2024\"\n"))
        .file("local/src/lib.rs", "");
    let ran = run(&registry, &made, &["lock"]);
    ran.expect(1).prints(&["local itself needs Rust 1.85 (its edition 2024), which no lockset changes"]);
    let ran = run(&registry, &made, &["lock", "--repair"]);
    ran.expect(1).prints(&["local itself needs Rust 1.85", "by what packages declare"]);
    made.write("local/Cargo.toml", member("local", "\"2021\"\nrust-version = \"1.70\"\n"));
    run(&registry, &made, &["lock"]).expect(0).prints(&["local itself needs Rust 1.70 (its `rust-version`)"]);
}

#[test]
fn a_requirement_that_nothing_meets_is_a_mistake_of_the_workspace() {
    let registry = Registry::new(&[A]);
    for (dependency, named) in [("a = \"7\"", "a"), ("gone = \"1\"", "gone")] {
        let made = workspace(LOCK, &format!("[dependencies]\n{dependency}\n"));
        // Without a lockfile every command needs one first, and with one `lock` finds out itself.
        std::fs::remove_file(made.path("Cargo.lock")).unwrap();
        run(&registry, &made, &["lock"]).expect(2).says(&["none could be made", named]);
        made.write("Cargo.lock", "version = 4\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n");
        let said = format!("no version of {named} meets all requirements");
        run(&registry, &made, &["lock"]).expect(2).prints(&[&said]);
        run(&registry, &made, &["lock", "--repair"]).expect(1).prints(&["no versions meet all requirements"]);
    }
}

#[test]
fn only_tests_that_need_more_are_told_from_the_packages() {
    let registry = Registry::new(&[NEW, MID]);
    let made = workspace(LOCK, "[dev-dependencies]\nmid = \"1\"\n");
    let ran = run(&registry, &made, &["lock", "--repair"]);
    ran.expect(1).prints(&[
        "new 1.0.0 needs Rust 1.80; it comes by mid 1.0.0, which made requires as `^1`",
        "only its tests need more",
        "kind = \"build\"",
        "the lowest Rust with versions that should work: 1.80, by what packages declare (no toolchain 1.80 is installed",
    ]);
}

#[test]
fn without_a_group_each_message_names_the_lines_to_add() {
    let registry = Registry::new(&[NEW]);
    let made = workspace("", "[dependencies]\nnew = \"1\"\n");
    std::fs::remove_file(made.path("Cargo.lock")).unwrap();
    let ran = run(&registry, &made, &["lock"]);
    ran.expect(2).says(&[
        "has no [[lock]]",
        "new 1.0.0 in Cargo.lock needs Rust 1.80",
        "[[lock]]\nrust = \"<1.80\"",
        "help locksets",
    ]);
    // The lines are valid, and help.
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).unwrap();
    made.write("compat/matrix.toml", format!("{spec}[[lock]]\nrust = \"<1.80\"\n"));
    run(&registry, &made, &["lock"]).expect(0).prints(&["compat/locks/below-1.80.lock (1.60): written"]);
}
