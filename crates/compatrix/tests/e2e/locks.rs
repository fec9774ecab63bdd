//! Locksets: chosen, kept, checked, repaired; stages that are served from disk.

#![allow(clippy::disallowed_methods, reason = "tests read and write files and start cargo")]

use std::process::Command;

use crate::registry::{Published, Registry, PLAIN};
use crate::support::{clean, finish, judged, totals, Ran, Workspace};

/// A spec whose toolchain `here` is in the group `old`; 1.60 stands for one that is not on this machine.
const SPEC: &str = "[axis]\nrust = [\"1.60\", HERE]\n[[lock]]\nname = \"old\"\nrust = [\"1.60\", \"here\"]\n";

const MANIFEST: &str = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
                        [lib]\ntest = false\ndoctest = false\n[profile.dev]\ndebug = 0\n[dependencies]\n";

const A_OLD: Published = Published { name: "a", rust: Some("1.56"), lib: "pub const N: u32 = 10;\n", ..PLAIN };
const A_NEW: Published = Published {
    name: "a",
    version: "1.1.0",
    manifest: "edition = \"2021\"\nrust-version = \"1.80\"\n",
    rust: Some("1.80"),
    ..PLAIN
};

fn workspace(dependencies: &str) -> Workspace {
    let made = Workspace::new(SPEC).file("Cargo.toml", &format!("{MANIFEST}{dependencies}"));
    // As a stranger's: what is locked is the newest.
    made.tests("#[test]\nfn works() {\n    assert_eq!(a::N, 10);\n}\n")
}

fn lock(registry: &Registry, workspace: &Workspace, args: &[&str]) -> Ran {
    finish(registry.command(workspace, &[&["lock"], args].concat()))
}

/// cargo in the workspace, as its user would call it.
fn cargo(registry: &Registry, workspace: &Workspace, args: &[&str]) {
    let mut command = Command::new("cargo");
    clean(&mut command);
    command.args(args).current_dir(workspace.root());
    command.env("CARGO_HOME", registry.cargo_home()).env("CARGO_NET_OFFLINE", "false");
    finish(command).expect(0);
}

fn text(workspace: &Workspace) -> String {
    std::fs::read_to_string(workspace.path("compat/locks/old.lock")).expect("a lockset")
}

#[test]
fn a_lockset_is_chosen_for_the_lowest_toolchain_and_cells_are_built_with_it_without_network() {
    let registry = Registry::new(&[A_OLD, A_NEW]);
    let made = workspace("a = \"1\"\n");
    cargo(&registry, &made, &["generate-lockfile"]);
    let own = std::fs::read_to_string(made.path("Cargo.lock")).unwrap();
    assert!(own.contains("version = \"1.1.0\""), "{own}");
    lock(&registry, &made, &[]).expect(0).prints(&["compat/locks/old.lock (1.60, here): written", "Rust 1.60.0"]);
    let text = text(&made);
    assert!(text.contains("name = \"a\"\nversion = \"1.0.0\""), "{text}");
    assert!(text.contains("version = 3\n"), "an old cargo reads it: {text}");
    assert_eq!(std::fs::read_to_string(made.path("Cargo.lock")).unwrap(), own, "the workspace's own is as it was");

    lock(&registry, &made, &[]).expect(0).prints(&["valid"]);
    lock(&registry, &made, &["--check"]).expect(0);
    let ran = finish(registry.command(&made, &["compat", "--format", "json"]));
    ran.expect(0);
    made.write("compat/locks/another.lock", "# of other toolchains\n");
    made.assert_tree_unchanged(|| {
        let ran = finish(registry.command(&made, &["compat", "--format", "json"]));
        let json = ran.expect(0).json();
        assert_eq!(totals(&json), [0, 0, 1], "another lockset is no source");
        assert_eq!(judged(&json, "rust=here"), ("ok".into(), "passed".into(), String::new()), "a is 1.0.0");
        assert_eq!(judged(&json, "rust=1.60").0, "unproven");
        registry.stop();
        std::fs::remove_dir_all(made.compat("build")).unwrap();
        let again = finish(registry.command(&made, &["compat", "--format", "json", "--fresh"])).expect(0).json();
        assert_eq!(totals(&again), [1, 1, 0], "built again, and nobody answered");
        assert_eq!(judged(&again, "rust=here").0, "ok");
    });
}

#[test]
fn a_lockset_that_does_not_fit_is_told_and_made_anew() {
    let registry = Registry::new(&[A_OLD, A_NEW]);
    let made = workspace("a = \"1\"\n");
    lock(&registry, &made, &["--check"]).expect(1).prints(&["is not there", "lock old"]);
    lock(&registry, &made, &[]).expect(0);
    let good = text(&made);

    made.write("compat/locks/old.lock", good.replace("version = \"1.0.0\"", "version = \"1.1.0\""));
    lock(&registry, &made, &["--check"]).expect(1).prints(&["was edited by hand"]);
    made.write("compat/locks/old.lock", "version = 3\n");
    lock(&registry, &made, &["--check"]).expect(1).prints(&["was not made by compatrix"]);
    lock(&registry, &made, &[]).expect(0);
    assert_eq!(text(&made), good, "the same again");

    made.write("Cargo.toml", format!("{MANIFEST}a = \"1.0.0\"\n"));
    let ran = lock(&registry, &made, &["--check"]);
    ran.expect(1).prints(&["does not fit the manifests, pins or platforms of today"]);
    // What decides no dependency does not make it stale.
    made.write("Cargo.toml", format!("{MANIFEST}a = \"1\"\n").replace("version", "description = \"x\"\nversion"));
    lock(&registry, &made, &["--check"]).expect(0);
}

#[test]
fn a_toolchain_of_unknown_version_changes_no_lockset() {
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    // Nothing tells the version of `later`, which may be of the group; `newer` is promised for none that is.
    let spec = "[project]\npackages = [\"made\", \"newer\"]\n[claims.packages.newer]\nrust = \"1.89\"\n\
                [axis]\nrust = [\"1.60\", \"later\"]\n[distro.later]\napt = { suite = \"later\", rust = \"rustc\", cargo = \"cargo\" }\n\
                [[lock]]\nname = \"old\"\nrust = \"<1.80\"\n[profile.local]\nstrategy = \"all\"\n\
                [ci.runners]\nPLATFORM = \"runner\"\n[ci.push]\ncompat = \"local\"\n";
    let registry = Registry::new(&[A_OLD, A_NEW]);
    let members = "[workspace]\nmembers = [\"newer\"]\n";
    let newer = "[package]\nname = \"newer\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[features]\ndefault = [\"more\"]\nmore = []\n";
    let made = Workspace::new("")
        .file("compat/matrix.toml", &spec.replace("PLATFORM", &platform))
        .file("Cargo.toml", &format!("{MANIFEST}a = \"1\"\n{members}"))
        .file("newer/Cargo.toml", newer)
        .file("newer/src/lib.rs", "");
    cargo(&registry, &made, &["generate-lockfile"]);
    lock(&registry, &made, &[]).expect(0).prints(&["compat/locks/old.lock (1.60): written"]);
    lock(&registry, &made, &["--check"]).expect(0);
    let job = ["compat", "--event", "push", "--no-install", "--offline"];
    finish(registry.command(&made, &job)).expect(0).prints(&["2 unproven"]);
}

#[test]
fn pins_are_applied() {
    let registry = Registry::new(&[A_OLD, Published { version: "1.0.1", ..A_OLD }]);
    let made = workspace("a = \"1\"\n");
    lock(&registry, &made, &[]).expect(0);
    assert!(text(&made).contains("1.0.1"));
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).unwrap();
    made.write("compat/matrix.toml", format!("{spec}pin = {{ a = \"1.0.0\" }}\n"));
    lock(&registry, &made, &["--check"]).expect(1);
    lock(&registry, &made, &[]).expect(0);
    assert!(text(&made).contains("name = \"a\"\nversion = \"1.0.0\""), "{}", text(&made));
    made.write("compat/matrix.toml", format!("{spec}pin = {{ a = \"1.0.7\" }}\n"));
    lock(&registry, &made, &[]).expect(2).prints(&["no version of a meets all requirements and pins"]);
}

#[test]
fn what_other_platforms_need_is_left_out() {
    let windows = Published { name: "win", ..PLAIN };
    let a = Published {
        dependencies: &[("win", "1", Some("cfg(windows)"))],
        manifest: "edition = \"2021\"\n[target.'cfg(windows)'.dependencies]\nwin = \"1\"\n",
        ..A_OLD
    };
    let registry = Registry::new(&[windows, a]);
    let made = workspace("a = \"1\"\n[target.'cfg(windows)'.dependencies]\nwin = \"1\"\n");
    cargo(&registry, &made, &["generate-lockfile"]);
    lock(&registry, &made, &[]).expect(0);
    assert!(!text(&made).contains("win"), "{}", text(&made));
    let ran = finish(registry.command(&made, &["compat", "--format", "json", "--cell", "rust=here"]));
    assert_eq!(judged(&ran.expect(0).json(), "rust=here").0, "ok");
    // A claim asks for it.
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).unwrap();
    let claims = "[claims.platforms]\ntier2 = [\"windows-x86_64\"]\n";
    made.write("compat/matrix.toml", format!("{spec}{claims}"));
    lock(&registry, &made, &[]).expect(0);
    assert!(text(&made).contains("name = \"win\""), "{}", text(&made));
}

#[test]
fn a_dependency_for_another_platform_goes_though_its_package_is_needed_here() {
    let both = Published { name: "both", ..PLAIN };
    let a = Published {
        dependencies: &[("both", "1", Some("cfg(windows)"))],
        manifest: "edition = \"2021\"\n[target.'cfg(windows)'.dependencies]\nboth = \"1\"\n",
        ..A_OLD
    };
    let registry = Registry::new(&[both, a]);
    let made = workspace("a = \"1\"\nboth = \"1\"\n");
    cargo(&registry, &made, &["generate-lockfile"]);
    lock(&registry, &made, &[]).expect(0);
    let ran = finish(registry.command(&made, &["compat", "--format", "json", "--cell", "rust=here"]));
    assert_eq!(judged(&ran.expect(0).json(), "rust=here").0, "ok");
}

#[test]
fn repair_steps_back_what_is_in_the_way_and_says_what_to_pin() {
    // b 1.1 needs c 2, which says that it needs Rust 1.85; b itself says nothing. d has a manifest of edition 2024.
    let c1 = Published { name: "c", rust: Some("1.56"), ..PLAIN };
    let c2 = Published {
        version: "2.0.0",
        rust: Some("1.85"),
        manifest: "edition = \"2021\"\nrust-version = \"1.85\"\n",
        ..c1
    };
    let b1 = Published {
        name: "b",
        dependencies: &[("c", "1", None)],
        manifest: "edition = \"2021\"\n[dependencies]\nc = \"1\"\n",
        ..PLAIN
    };
    let b2 = Published {
        version: "1.1.0",
        dependencies: &[("c", "2", None)],
        manifest: "edition = \"2021\"\n[dependencies]\nc = \"2\"\n",
        ..b1
    };
    let d1 = Published { name: "d", ..PLAIN };
    let d2 = Published { version: "1.5.0", manifest: "edition = \"2024\"\n", ..d1 };
    let a = Published {
        dependencies: &[("b", "1", None), ("d", "1", None)],
        manifest: "edition = \"2021\"\n[dependencies]\nb = \"1\"\nd = \"1\"\n",
        ..A_OLD
    };
    let registry = Registry::new(&[a, b1, b2, c1, c2, d1, d2]);
    let made = workspace("a = \"1\"\n");
    let ran = lock(&registry, &made, &[]);
    ran.expect(0)
        .prints(&["2 of them need a newer Rust: c 2.0.0 (Rust 1.85), d 1.5.0 (Rust 1.85)", "lock --repair old"]);
    let ran = lock(&registry, &made, &["--repair", "--no-install"]);
    ran.expect(0).prints(&["pin = { b = \"1.0.0\", d = \"1.0.0\" }", "paste"]);
    let text = text(&made);
    assert!(text.contains("name = \"c\"\nversion = \"1.0.0\"") && !text.contains("1.1.0"), "{text}");
    // Pasted, they give the same when all is chosen anew.
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).unwrap();
    made.write("compat/matrix.toml", format!("{spec}pin = {{ b = \"1.0.0\", d = \"1.0.0\" }}\n"));
    lock(&registry, &made, &["--update"]).expect(0);
    let packages = |text: &str| text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    assert_eq!(packages(&self::text(&made)), packages(&text));
}

#[test]
fn where_no_version_is_old_enough_the_true_floor_is_named() {
    let registry = Registry::new(&[
        A_NEW,
        Published {
            version: "1.2.0",
            rust: Some("1.85"),
            manifest: "edition = \"2021\"\nrust-version = \"1.85\"\n",
            ..A_NEW
        },
    ]);
    let made = workspace("a = \"1.1\"\n");
    let ran = lock(&registry, &made, &["--repair", "--no-install", "--format", "json"]);
    let json = ran.expect(1).json();
    assert_eq!((&json[0]["state"], &json[0]["floor"]), (&"none".into(), &"1.80.0".into()), "{json:#}");
    let why = json[0]["why"].as_str().unwrap();
    assert!(why.contains("which made requires as `^1.1`") && why.contains("needs Rust 1.8"), "{why}");
    assert!(!made.path("compat/locks/old.lock").exists());
    let ran = lock(&registry, &made, &["--repair", "--no-install"]);
    ran.expect(1)
        .prints(&[
            "no versions work on Rust 1.60.0",
            "the lowest Rust with versions that should work: 1.80, by what packages",
        ])
        .prints(&["a 1.1.0, which made requires as `^1.1`, needs Rust 1.80"]);
}

#[test]
fn a_registry_that_does_not_answer_is_told_with_what_to_do() {
    let registry = Registry::new(&[A_OLD]);
    let made = workspace("a = \"1\"\n");
    let elsewhere = Workspace::new("[axis]\nrust = [HERE]\n").file("Cargo.toml", &format!("{MANIFEST}a = \"1\"\n"));
    cargo(&registry, &elsewhere, &["generate-lockfile"]);
    registry.stop();
    std::fs::remove_dir_all(registry.cargo_home()).unwrap();
    elsewhere.assert_tree_unchanged(|| {
        let ran = finish(registry.command(&elsewhere, &["compat", "--hermetic"]));
        ran.expect(0).prints(&["1 unproven"]).says(&["lockset locked", "run again with network access"]);
    });
    made.assert_tree_unchanged(|| {
        lock(&registry, &made, &[]).expect(3).says(&["run again with network access"]);
        lock(&registry, &made, &["--offline"]).expect(3).says(&["run once without --offline"]);
    });
}

#[test]
fn names_that_mean_nothing_are_refused() {
    let made = workspace("");
    made.run(&["lock", "new"]).expect(2).says(&["there is no [[lock]] named `new`", "`old`"]);
    Workspace::new("[axis]\nrust = [HERE]\n").run(&["lock"]).expect(2).says(&["has no [[lock]]"]);
}

#[test]
fn deps_is_an_axis() {
    let a = |version, lib| Published { version, lib, ..A_OLD };
    let registry = Registry::new(&[
        a("1.0.0", "pub const N: u32 = 0;\n"),
        a("1.0.1", "pub const N: u32 = 1;\n"),
        a("1.0.2", "pub const N: u32 = 2;\n"),
    ]);
    let has_nightly = finish({
        let mut command = Command::new("rustup");
        clean(&mut command);
        command.args(["which", "--toolchain", "nightly", "cargo"]);
        command
    });
    let minimal = if has_nightly.code == Some(0) { ", \"minimal\"" } else { "" };
    let spec = format!(
        "[axis]\nrust = [HERE]\ndeps = [\"locked\", \"lockset\", \"latest\"{minimal}]\n[[suite]]\nname = \"tests\"\n\
         env = {{ DEPS = \"{{deps.name}}\" }}\n"
    );
    let made = Workspace::new(&spec).file("Cargo.toml", &format!("{MANIFEST}a = \"1\"\n"));
    let made = made.tests(
        "#[test]\nfn works() {\n    let expected = match std::env::var(\"DEPS\").unwrap().as_str() {\n        \
         \"minimal\" => 0,\n        \"latest\" => 2,\n        _ => 1,\n    };\n    assert_eq!(a::N, expected);\n}\n",
    );
    cargo(&registry, &made, &["generate-lockfile"]);
    cargo(&registry, &made, &["update", "--package", "a", "--precise", "1.0.1"]);
    let plan = finish(registry.command(&made, &["plan"]));
    plan.expect(0).prints(&["lockset latest", "resolve and fetch the newest versions"]);
    let json = finish(registry.command(&made, &["compat", "--format", "json"])).expect(0).json();
    let cells = json["rows"].as_array().unwrap();
    assert!(cells.iter().all(|row| row["verdict"] == "ok"), "{json:#}");
    assert_eq!(totals(&json)[0] as usize, cells.len() - 1, "locked and lockset are one build");
    let again = finish(registry.command(&made, &["compat", "--format", "json"])).expect(0).json();
    assert_eq!(totals(&again)[..2], [0, 0], "the newest of a day is the newest");
}
