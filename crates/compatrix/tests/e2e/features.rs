//! Features by cargo's rules: what is recorded is what plain cargo reports for the same arguments, and where that is not
//! what the spec asks for, people see it.

#![allow(clippy::disallowed_methods, reason = "tests start cargo")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{clean, commit, finish, git, judged, row, sysroot, Workspace};

const SETS: &str = "[axis]\nrust = [HERE]\n[axis.features]\ndefault = []\njson = [\"json\"]\n\
                    bare = { default-features = false }\nbare-json = { default-features = false, features = [\"json\"] }\n";

/// What cargo's command line is for each of these sets.
const ARGUMENTS: [(&str, &[&str]); 4] = [
    ("default", &[]),
    ("json", &["--features", "json"]),
    ("bare", &["--no-default-features"]),
    ("bare-json", &["--no-default-features", "--features", "json"]),
];

fn package(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}")
}

/// A workspace of `made`, with these further lines in its manifest, and two helpers that can do more.
fn made(spec: &str, more: &str) -> Workspace {
    let members = "[workspace]\nmembers = [\"helper\", \"other-thing\"]\nresolver = \"RESOLVER\"\n";
    let more =
        if more.contains("resolver") { more.to_owned() } else { more.to_owned() + &members.replace("RESOLVER", "2") };
    let library = "pub fn more() -> bool { cfg!(feature = \"more\") }\n";
    let made = Workspace::new(spec)
        .file("Cargo.toml", &package("made", &more))
        .file("helper/Cargo.toml", &package("helper", "[features]\nmore = []\n"))
        .file("helper/src/lib.rs", library)
        .file("other-thing/Cargo.toml", &package("other-thing", "[features]\nmore = []\n"))
        .file("other-thing/src/lib.rs", library);
    lock(&made);
    made
}

fn cargo(made: &Workspace, args: &[&str]) -> String {
    let mut cargo = Command::new(Path::new(sysroot()).join("bin/cargo"));
    clean(&mut cargo);
    cargo.args(args).arg("--offline").current_dir(made.root()).env("CARGO_TARGET_DIR", made.path("../plain"));
    let ran = finish(cargo);
    ran.expect(0);
    ran.stdout
}

fn lock(made: &Workspace) {
    std::fs::remove_file(made.path("Cargo.lock")).expect("is there");
    cargo(made, &["generate-lockfile"]);
}

/// The features of the package's tests, as plain cargo reports them.
fn plain(made: &Workspace, package: &str, args: &[&str]) -> BTreeSet<String> {
    let said = cargo(made, &[&["test", "--no-run", "--message-format=json"], args].concat());
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_tests = messages.filter(|message| {
        let manifest = message["manifest_path"].as_str().unwrap_or_default();
        let is_root = Path::new(manifest).parent() == Some(&made.root());
        message["profile"]["test"] == true && (manifest.contains(&format!("/{package}/")) || is_root)
    });
    of_tests.flat_map(|message| texts(&message["features"])).collect()
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
}

#[test]
#[track_caller]
fn the_recorded_features_are_those_of_plain_cargo() {
    let optional = "helper = { path = \"helper\", optional = true }\n";
    let renamed = "oo = { path = \"other-thing\", package = \"other-thing\", optional = true }\n";
    let with = |features: &str, dependencies: &str| format!("[features]\n{features}\n[dependencies]\n{dependencies}");
    let dev = "[dev-dependencies]\nmade = { path = \".\", features = [\"testing\"] }\n";
    let cases = [
        with("default = [\"helper/more\"]\njson = []", "helper = { path = \"helper\" }\n"),
        with("default = [\"dep:helper\", \"helper?/more\"]\njson = [\"helper/more\"]", optional),
        with("default = [\"oo\", \"oo?/more\"]\njson = [\"dep:helper\"]", &format!("{optional}{renamed}")),
        with("default = [\"json\"]\njson = [\"helper/more\"]", optional),
        with("json = [\"helper\"]", optional),
        with("default = [\"std\"]\nstd = []\njson = [\"std\"]\ntesting = []", "") + dev,
    ];
    for more in &cases {
        let made = made(SETS, more);
        let json = made.json(0, &[]);
        for (set, args) in ARGUMENTS {
            let proof = &row(&json, &format!("features={set}"))["record"]["proof"];
            let expected = plain(&made, "made", args);
            assert_eq!(texts(&proof["features"]), expected, "{set} of {more}");
        }
    }
}

#[test]
fn defaults_are_there_by_name_and_with_all_that_they_list() {
    let tests = "#[test]\nfn all() { assert!(cfg!(feature = \"default\") && helper::more() && oo::more()); }\n";
    let made = made(
        "[axis]\nrust = [HERE]\n",
        "[features]\ndefault = [\"dep:helper\", \"helper?/more\", \"oo/more\"]\n[dependencies]\n\
         helper = { path = \"helper\", optional = true }\n\
         oo = { path = \"other-thing\", package = \"other-thing\", optional = true }\n",
    )
    .tests(tests);
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "ok");
}

#[test]
fn what_a_dev_dependency_switches_on_is_told() {
    let more = "[features]\ndefault = [\"std\"]\nstd = []\n[dev-dependencies]\nmade = { path = \".\" }\n";
    let made = made("[axis]\nrust = [HERE]\n[axis.features]\nbare = { default-features = false }\n", more);
    let json = made.json(0, &[]);
    let bare = row(&json, "features=bare");
    let differences = &bare["record"]["proof"]["differences"];
    assert_eq!(texts(&differences["added_features"]), ["default", "std"].map(str::to_owned).into());
    assert!(bare["notes"][0].as_str().is_some_and(|note| note.contains("`default`, `std`")), "{bare:#}");
    made.run(&["compat"]).expect(0).prints(&["built otherwise than asked", "features=bare: cargo also switched on"]);
}

#[test]
fn a_test_target_that_is_left_out_is_told_in_grid_json_page_and_evidence() {
    let more = "[features]\njson = []\n[[test]]\nname = \"big\"\nrequired-features = [\"json\"]\n";
    let spec = "[axis]\nrust = [HERE]\n[axis.features]\ndefault = []\njson = [\"json\"]\n";
    let big: String = (0..50).map(|n| format!("#[test]\nfn t{n}() {{}}\n")).collect();
    let made = made(spec, more).file("tests/big.rs", &big);
    git(&made, &["init", "-q"]);
    commit(&made);
    let ran = made.run(&["compat"]);
    ran.expect(0).prints(&["features=default: not built: `test big` (requires the feature `json`); 1 test ran"]);
    assert!(!ran.stdout.contains("features=json:"), "{ran}");
    let json = made.json(0, &[]);
    let left_out = &row(&json, "features=default")["record"]["proof"]["differences"]["left_out"];
    assert_eq!(*left_out, serde_json::json!([{ "target": "test big", "requires": ["json"] }]));
    made.run(&["evidence", "record"]).expect(0);
    made.run(&["report"]).expect(0);
    let page = std::fs::read_to_string(made.path("docs/COMPATIBILITY.md")).expect("a page");
    assert!(page.contains("## Built otherwise than asked") && page.contains("test big"), "{page}");
}

#[test]
fn a_workspace_s_packages_unite_their_features_and_it_is_told() {
    for resolver in ["1", "2"] {
        let spec = "[axis]\nrust = [HERE]\n[axis.features]\nbare = { default-features = false }\ny = [\"y\"]\n";
        let a = "[features]\ndefault = [\"x\"]\nx = []\n";
        let b = "[features]\ny = []\n[dev-dependencies]\na-one = { path = \"../a-one\" }\n";
        let members = format!("[workspace]\nmembers = [\"a-one\", \"b-two\"]\nresolver = \"{resolver}\"\n");
        let tests = "#[test]\nfn runs() {}\n";
        let made =
            Workspace::of_files("ws", &[("Cargo.toml", &members), ("Cargo.lock", ""), ("a-one/src/lib.rs", tests)])
                .file("a-one/Cargo.toml", &package("a-one", a))
                .file("b-two/Cargo.toml", &package("b-two", b))
                .file("b-two/src/lib.rs", tests);
        let spec = format!("[project]\npackages = [\"a-one\", \"b-two\"]\n{}", crate::support::with_here(spec));
        made.write("compat/matrix.toml", spec);
        lock(&made);
        let json = made.json(0, &[]);
        let proof = |set: &str| row(&json, &format!("features={set}"))["record"]["proof"].clone();
        assert_eq!(texts(&proof("y")["features"]), ["a-one/default", "a-one/x", "b-two/y"].map(str::to_owned).into());
        let added = &proof("bare")["differences"]["added_features"];
        assert_eq!(texts(added), ["a-one/default", "a-one/x"].map(str::to_owned).into(), "resolver {resolver}");
        let args = ["-p", "a-one", "-p", "b-two", "--no-default-features"];
        assert_eq!(plain(&made, "a-one", &args), ["default", "x"].map(str::to_owned).into());
    }
}

#[test]
fn packages_that_only_build_are_built_one_by_one() {
    let spec = "[axis]\nrust = [HERE]\n[[suite]]\nname = \"lib\"\nkind = \"build\"\n";
    let more = "pub fn n() -> bool { helper::extra() }\n";
    let members = "[workspace]\nmembers = [\"a\", \"b\", \"helper\"]\nresolver = \"2\"\n";
    let of = |feature: &str| format!("[dependencies]\nhelper = {{ path = \"../helper\"{feature} }}\n");
    let made = Workspace::of_files("ws", &[("Cargo.toml", members), ("Cargo.lock", ""), ("a/src/lib.rs", more)])
        .file("a/Cargo.toml", &package("a", &of("")))
        .file("b/Cargo.toml", &package("b", &of(", features = [\"more\"]")))
        .file("b/src/lib.rs", more)
        .file("helper/Cargo.toml", &package("helper", "[features]\nmore = []\n"))
        .file("helper/src/lib.rs", "#[cfg(feature = \"more\")]\npub fn extra() -> bool { true }\n");
    made.write(
        "compat/matrix.toml",
        format!("[project]\npackages = [\"a\", \"b\"]\n{}", crate::support::with_here(spec)),
    );
    lock(&made);
    let (verdict, outcome, cause) = judged(&made.json(1, &[]), "rust=here");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "build-failed"), "{cause}");
    assert!(cause.starts_with("`a` alone: ") && !cause.contains("`b` alone"), "{cause}");
    let ran = made.run(&["repro", "rust=here"]);
    let each = ran.expect(0).stdout.lines().filter(|line| line.contains(" build ")).count();
    assert_eq!(each, 2, "{ran}");
    made.write("a/Cargo.toml", package("a", &of(", features = [\"more\"]")));
    assert_eq!(judged(&made.json(0, &[]), "rust=here").0, "ok");
}
