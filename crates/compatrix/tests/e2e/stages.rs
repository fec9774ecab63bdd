//! Stages: what is built in one is what cargo would have built in place.

#![allow(clippy::disallowed_methods, reason = "tests read and write files and start cargo")]

use std::process::Command;

use crate::registry::{Published, Registry, PLAIN};
use crate::support::{clean, finish, judged, old_toolchain, with_here, Ran, Workspace};

const SPEC: &str = "[axis]\nrust = [HERE]\n";

/// A package of edition 2021, with this below its version.
fn manifest(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n{more}")
}

/// Green without a lockfile, with one in a stage, and in place.
fn green_everywhere(made: &Workspace, command: impl Fn(&[&str]) -> Command) {
    let green = |args: &[&str]| {
        let ran: Ran = finish(command(&[&["compat", "--format", "json", "--fresh"], args].concat()));
        let json = ran.expect(0).json();
        let cause = &json["rows"][0]["cause"];
        assert_eq!(judged(&json, "rust=here"), ("ok".into(), "passed".into(), String::new()), "{args:?} {cause}");
    };
    let _ = std::fs::remove_file(made.path("Cargo.lock"));
    green(&[]);
    let mut cargo = Command::new("cargo");
    clean(&mut cargo);
    let environment = command(&[]);
    let variables =
        environment.get_envs().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("CARGO_")));
    cargo.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    finish({
        cargo.arg("generate-lockfile").current_dir(made.root());
        cargo
    })
    .expect(0);
    green(&["--hermetic"]);
    green(&[]);
}

fn of_files(files: &[(&str, &str)], package: &str) -> Workspace {
    let made = Workspace::of_files("ws", files);
    made.write("compat/matrix.toml", with_here(&format!("[project]\npackages = [\"{package}\"]\n{SPEC}")));
    made
}

#[test]
fn files_beside_the_workspace() {
    let test = "#[test]\nfn by_the_manifest() {\n    let file = concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../testdata/x\");\n    \
                assert_eq!(std::fs::read_to_string(file).unwrap(), \"hello\");\n}\n\
                #[test]\nfn by_include() { assert_eq!(include_str!(\"../../testdata/x\"), \"hello\"); }\n";
    let made = of_files(
        &[
            ("Cargo.toml", &manifest("made", "")),
            ("build.rs", "fn main() { assert_eq!(include_str!(\"../testdata/x\"), \"hello\"); }\n"),
            ("src/lib.rs", ""),
            ("tests/it.rs", test),
            ("../testdata/x", "hello"),
        ],
        "made",
    );
    green_everywhere(&made, |args| made.command(args));
}

#[test]
fn a_workspace_inside_its_dependency() {
    let made = of_files(
        &[
            ("../Cargo.toml", &manifest("top", "[workspace]\nexclude = [\"ws\"]\n")),
            ("../src/lib.rs", "pub fn two() -> u32 { 2 }\n"),
            ("Cargo.toml", &manifest("made", "[dependencies]\ntop = { path = \"..\" }\n")),
            ("src/lib.rs", "#[test]\nfn two() { assert_eq!(top::two(), 2); }\n"),
        ],
        "made",
    );
    green_everywhere(&made, |args| made.command(args));
}

#[test]
fn packages_from_outside_inherit_from_their_own_workspace() {
    let workspace =
        "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n[workspace.package]\nversion = \"7.0.0\"\n\
                     [workspace.dependencies]\nb = { path = \"b\" }\n";
    let a =
        "[package]\nname = \"a\"\nversion.workspace = true\nedition = \"2021\"\n[dependencies]\nb.workspace = true\n\
             [target.'cfg(windows)'.dependencies]\nonly = \"1\"\n[dev-dependencies]\nonly = \"1\"\n";
    let registry = Registry::new(&[Published { name: "only", ..PLAIN }, Published { name: "b", ..PLAIN }]);
    let made = of_files(
        &[
            ("../other/Cargo.toml", workspace),
            ("../other/a/Cargo.toml", a),
            (
                "../other/a/src/lib.rs",
                "pub fn all() -> (u32, &'static str) { (b::one(), env!(\"CARGO_PKG_VERSION\")) }\n",
            ),
            ("../other/b/Cargo.toml", &manifest("b", "")),
            ("../other/b/src/lib.rs", "pub fn one() -> u32 { 1 }\n"),
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"it\"]\nresolver = \"2\"\n\
                [patch.crates-io]\nb = { path = \"../other/b\" }\nonly = { path = \"unused\" }\n",
            ),
            ("unused/Cargo.toml", "[package]\nname = \"only\"\nversion = \"9.0.0\"\nedition = \"2021\"\n"),
            ("unused/src/lib.rs", ""),
            ("it/Cargo.toml", &manifest("it", "[dependencies]\na = { path = \"../../other/a\" }\nb = \"1\"\n")),
            (
                "it/src/lib.rs",
                "#[test]\nfn all() {\n    assert_eq!(a::all(), (1, \"7.0.0\"));\n    \
                assert_eq!(b::one(), 1, \"by the patch\");\n}\n",
            ),
        ],
        "it",
    );
    green_everywhere(&made, |args| registry.command(&made, args));
}

#[test]
fn packages_that_stand_in_for_those_of_a_registry() {
    let registry = Registry::new(&[Published { name: "a", ..PLAIN }, Published { name: "b", ..PLAIN }]);
    let more = "[dependencies]\na = \"1\"\nb = \"1\"\n[replace]\n\"a:1.0.0\" = { path = \"../a\" }\n";
    let made = of_files(
        &[
            ("../a/Cargo.toml", &manifest("a", "")),
            ("../a/src/lib.rs", "pub fn one() -> u32 { 1 }\n"),
            ("../b/Cargo.toml", &manifest("b", "")),
            ("../b/src/lib.rs", "pub fn two() -> u32 { 2 }\n"),
            ("Cargo.toml", &manifest("made", more)),
            (".cargo/config.toml", "paths = [\"../b\"]\n"),
            ("src/lib.rs", "#[test]\nfn local() { assert_eq!((a::one(), b::two()), (1, 2)); }\n"),
        ],
        "made",
    );
    green_everywhere(&made, |args| registry.command(&made, args));
}

#[test]
fn features_that_name_what_other_platforms_have() {
    // As rusqlite 0.40: needed here, optional elsewhere, and features that name it as optional.
    let twice = Published {
        name: "twice",
        manifest: "edition = \"2021\"\n[features]\nmore = [\"both?/more\", \"wasm?/x\", \"dep:wasm\"]\nboth = [\"dep:both\"]\n\
                   [target.'cfg(not(windows))'.dependencies]\nboth = \"1\"\n[target.'cfg(windows)'.dependencies]\n\
                   both = { version = \"1.0\", optional = true }\nwasm = { version = \"1\", optional = true }\n",
        lib: "pub fn more() -> bool { both::MORE }\n",
        dependencies: &[
            ("both", "1", Some("cfg(not(windows))")),
            ("?both", "1.0", Some("cfg(windows)")),
            ("?wasm", "1", Some("cfg(windows)")),
        ],
        features: "{\"more\": [\"both?/more\", \"wasm?/x\", \"dep:wasm\"], \"both\": [\"dep:both\"]}",
        ..PLAIN
    };
    let both = Published {
        name: "both",
        manifest: "edition = \"2021\"\n[features]\nmore = []\n",
        lib: "pub const MORE: bool = cfg!(feature = \"more\");\n",
        features: "{\"more\": []}",
        ..PLAIN
    };
    let wasm = Published {
        name: "wasm",
        manifest: "edition = \"2021\"\n[features]\nx = []\n",
        features: "{\"x\": []}",
        ..PLAIN
    };
    let registry = Registry::new(&[twice, both, wasm]);
    let more = "[features]\ndefault = [\"js\"]\njs = [\"wasm\", \"both?/more\"]\n[dependencies]\n\
                twice = { version = \"1\", features = [\"more\"] }\n[target.'cfg(windows)'.dependencies]\n\
                wasm = { version = \"1\", optional = true }\nboth = { version = \"1\", optional = true }\n";
    let test = "#[test]\nfn as_cargo_does() {\n    assert!(twice::more());\n    \
                assert!(cfg!(feature = \"wasm\"), \"a feature is on wherever its dependency is\");\n}\n";
    let made = of_files(&[("Cargo.toml", &manifest("made", more)), ("src/lib.rs", test)], "made");
    green_everywhere(&made, |args| registry.command(&made, args));
}

#[test]
fn dev_dependencies_that_switch_features_on_are_not_missed_by_a_build() {
    let registry = Registry::new(&[
        Published {
            name: "a",
            manifest: "edition = \"2021\"\n[features]\nd = [\"dep:b\"]\n[dependencies]\nb = { version = \"1\", optional = true }\n",
            dependencies: &[("?b", "1", None)],
            features: "{\"d\": [\"dep:b\"]}",
            ..PLAIN
        },
        Published { name: "b", ..PLAIN },
    ]);
    let more = "[dependencies]\na = \"1\"\n[dev-dependencies]\na = { version = \"1\", features = [\"d\"] }\n";
    let made = of_files(&[("Cargo.toml", &manifest("made", more)), ("src/lib.rs", "")], "made");
    made.write(
        "compat/matrix.toml",
        with_here(&format!("{SPEC}[[suite]]\nname = \"msrv\"\nkind = \"build\"\n[project]\npackages = [\"made\"]\n")),
    );
    let json = finish(registry.command(&made, &["compat", "--format", "json"])).expect(0).json();
    assert_eq!(judged(&json, "rust=here").0, "ok");
}

/// A virtual root with one member and this configuration, tested with an old cargo.
fn with_old_cargo(root: &str, config: &str) -> Option<Workspace> {
    let Some(old) = old_toolchain() else {
        eprintln!(
            "skipped: no cargo older than 1.78 in the cache; `cargo xtask compat --manifest-path ci/old-toolchain/Cargo.toml` brings one"
        );
        return None;
    };
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", &format!("[workspace]\nmembers = [\"it\"]\nresolver = \"2\"\n{root}")),
            ("Cargo.lock", "version = 3\n\n[[package]]\nname = \"it\"\nversion = \"1.0.0\"\n"),
            (".cargo/config.toml", config),
            ("it/Cargo.toml", &manifest("it", "")),
            ("it/src/lib.rs", "#[test]\nfn works() { assert_eq!(env!(\"HERE\"), \"x\"); }\n"),
        ],
    );
    made.write(
        "compat/matrix.toml",
        format!("[project]\npackages = [\"it\"]\n[axis]\nrust = [{{ name = \"old\", path = {old:?} }}]\n"),
    );
    Some(made)
}

#[test]
fn what_an_old_cargo_cannot_read_is_written_otherwise() {
    let root = "[profile.dev]\ndebug = \"line-tables-only\"\n";
    let config = "[build]\njobs = \"default\"\n[env]\nHERE = \"x\"\n[profile.test]\ndebug = \"limited\"\n";
    let Some(made) = with_old_cargo(root, config) else { return };
    made.assert_tree_unchanged(|| assert_eq!(judged(&made.json(0, &[]), "rust=old").0, "ok"));
}

#[test]
fn a_stage_that_cargo_refuses_is_not_the_crate_s_fault() {
    let Some(made) = with_old_cargo("", "[target.x86_64-unknown-linux-gnu]\nrustdocflags = [\"-Wx\"]\n") else {
        return;
    };
    // Nothing else makes this cargo need one.
    let json = made.json(3, &["--hermetic"]);
    let (verdict, outcome, cause) = judged(&json, "rust=old");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("error", "infrastructure"));
    assert!(cause.starts_with("our stage: ") && cause.contains(".cargo/config.toml"), "{cause}");
}

#[test]
fn a_stage_takes_blanks_other_letters_and_links_that_lead_outside() {
    let made = Workspace::of_files(
        "wörk späce",
        &[
            ("Cargo.toml", &manifest("made", "")),
            ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"made\"\nversion = \"1.0.0\"\n"),
            ("src/lib.rs", ""),
            (
                "tests/it.rs",
                "#[test]\nfn works() {\n    assert_eq!(include_str!(\"../däta/word\").trim(), \"out\");\n}\n",
            ),
            ("../outside/word", "out\n"),
        ],
    );
    std::os::unix::fs::symlink("../outside", made.path("däta")).unwrap();
    let old = old_toolchain();
    let toolchains = match &old {
        Some(old) => format!("HERE, {{ name = \"old\", path = {old:?} }}"),
        None => "HERE".to_owned(),
    };
    let spec = format!("[project]\npackages = [\"made\"]\n[axis]\nrust = [{toolchains}]\n");
    made.write("compat/matrix.toml", with_here(&spec));
    made.assert_tree_unchanged(|| {
        let json = made.json(0, &["--hermetic"]);
        let rows = json["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 1 + usize::from(old.is_some()));
        assert!(rows.iter().all(|row| row["verdict"] == "ok"), "{json:#}");
    });
}

/// A workspace that old cargos cannot even read: a member of edition 2024, resolver 3, a lockfile of format 4. Beside it
/// a library that claims an older Rust.
fn unreadable(spec: &str) -> Workspace {
    let made = Workspace::of_files("ws", &[
        ("Cargo.toml", "[workspace]\nmembers = [\"lib\", \"new\", \"part\"]\nresolver = \"3\"\n[workspace.package]\nedition = \"2024\"\n"),
        ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"lib\"\nversion = \"0.1.0\"\ndependencies = [\n \"part\",\n]\n\n\
            [[package]]\nname = \"new\"\nversion = \"0.1.0\"\ndependencies = [\n \"lib\",\n]\n\n\
            [[package]]\nname = \"part\"\nversion = \"0.1.0\"\ndependencies = [\n \"new\",\n]\n"),
        ("lib/Cargo.toml", "[package]\nname = \"lib\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version = \"1.60\"\n\
            [dependencies]\npart = { path = \"../part\" }\n"),
        ("lib/src/lib.rs", "pub fn two() -> u32 { part::ONE * 2 }\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn two() {\n        \
            assert_eq!(super::two(), 2);\n    }\n}\n"),
        ("lib/tests/data.rs", "#[test]\nfn files_of_the_root_are_there() {\n    \
            assert_eq!(include_str!(\"../../DATA\"), \"data\");\n    \
            assert!(std::path::Path::new(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../DATA\")).exists());\n}\n"),
        ("DATA", "data"),
        // Its own tests want what an old cargo cannot read; they are not under test.
        ("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2018\"\n\
            [dev-dependencies]\nnew = { path = \"../new\" }\n"),
        ("part/src/lib.rs", "pub const ONE: u32 = 1;\n"),
        ("new/Cargo.toml", "[package]\nname = \"new\"\nversion = \"0.1.0\"\nedition.workspace = true\n\
            [dependencies]\nlib = { path = \"../lib\" }\n"),
        ("new/src/lib.rs", "pub fn f() { if let Some(_) = Some(1) && true {} }\n"),
    ]);
    made.write("compat/matrix.toml", with_here(&format!("[project]\npackages = [\"lib\"]\n{spec}")));
    made
}

#[test]
fn a_stage_has_only_what_is_under_test() {
    let made = unreadable("[axis]\nrust = [HERE]\n");
    made.assert_tree_unchanged(|| {
        let json = made.json(0, &["--hermetic"]);
        assert_eq!(judged(&json, "rust=here").0, "ok");
        let staged = made.compat("stage/locked/tests/ws");
        let root = std::fs::read_to_string(staged.join("Cargo.toml")).unwrap();
        assert!(root.contains("resolver = \"2\"") && !root.contains("\"new\""), "{root}");
        let lock = std::fs::read_to_string(staged.join("Cargo.lock")).unwrap();
        assert!(lock.contains("version = 3") && !lock.contains("name = \"new\""), "{lock}");
        // The same in place: another build, the same sources and versions.
        assert_eq!(judged(&made.json(0, &["--fresh"]), "rust=here").0, "ok");
    });
}

#[test]
fn a_toolchain_that_cannot_read_the_workspace_tests_the_library_in_it() {
    let Some(old) = old_toolchain() else {
        eprintln!(
            "skipped: no cargo older than 1.78 in the cache; `cargo xtask compat --manifest-path ci/old-toolchain/Cargo.toml` brings one"
        );
        return;
    };
    let made = unreadable(&format!("[axis]\nrust = [HERE, {{ name = \"old\", path = {old:?} }}]\n"));
    made.assert_tree_unchanged(|| {
        let ran = made.run(&["compat", "--format", "json"]);
        let json = ran.expect(0).json();
        assert_eq!(judged(&json, "rust=old"), ("ok".into(), "passed".into(), String::new()));
        assert_eq!(judged(&json, "rust=here").0, "ok");
        let plan = made.run(&["plan", "--format", "json"]).expect(0).json();
        let staged: Vec<bool> = plan["builds"].as_array().unwrap().iter().map(|b| b["staged"] == true).collect();
        assert_eq!(staged, [false, true], "the new one builds in place, the old one in a stage");
    });
}

#[test]
fn a_suite_that_only_builds_needs_no_dev_dependencies() {
    let made = unreadable("[axis]\nrust = [HERE]\n[[suite]]\nname = \"msrv\"\nkind = \"build\"\n");
    // A dev-dependency that no registry has; in place nothing could be resolved.
    let manifest = std::fs::read_to_string(made.path("part/Cargo.toml")).unwrap();
    made.write("part/Cargo.toml", manifest.replace("new = { path = \"../new\" }\n", ""));
    made.assert_tree_unchanged(|| {
        let json = made.json(0, &[]);
        assert_eq!(judged(&json, "rust=here"), ("ok".into(), "passed".into(), String::new()));
        let staged = std::fs::read_to_string(made.compat("stage/locked/packages/ws/lib/Cargo.toml")).unwrap();
        assert!(!staged.contains("dev-dependencies"), "{staged}");
    });
    made.write("lib/src/lib.rs", "pub fn two() -> u32 { part::TWO }\n");
    assert_eq!(judged(&made.json(1, &[]), "rust=here").1, "build-failed");
}
