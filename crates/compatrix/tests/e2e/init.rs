//! A first spec: written from what is there, with its places; nothing that is there is changed.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use crate::support::Workspace;

const WORKFLOW: &str = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        rust: [\"1.65\", 1.70, stable]\n    steps:\n      - run: rustup default ${{ matrix.rust }}\n      - run: cargo test -- --test-threads=1\n";

/// A virtual workspace with a library, an executable that is not published, and what people wrote about them.
fn promising() -> Workspace {
    Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"lib\", \"tool\"]\n\n[workspace.package]\nrust-version = \"1.66\"\n"),
            ("Cargo.lock", "version = 3\n\n[[package]]\nname = \"lib\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"tool\"\nversion = \"0.1.0\"\n"),
            ("lib/Cargo.toml", "[package]\nname = \"lib\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version.workspace = true\n\n[features]\ndefault = [\"std\"]\nstd = []\njson = []\n"),
            ("lib/src/lib.rs", "#[test]\nfn works() {}\n"),
            ("tool/Cargo.toml", "[package]\nname = \"tool\"\nversion = \"0.1.0\"\nedition = \"2021\"\npublish = false\n"),
            ("tool/src/main.rs", "fn main() {}\n"),
            ("README.md", "# Lib\n\nMinimum supported Rust version: 1.56\n"),
            ("docs/COMPATIBILITY.md", "# Compatibility\n\nWe support Rust 1.60 and newer.\n"),
            (".github/workflows/ci.yml", WORKFLOW),
            (".cargo/config.toml", "[env]\nLIB_MODE = \"test\"\n"),
        ],
    )
}

#[test]
fn every_value_says_where_it_came_from() {
    let made = promising();
    let printed = made.assert_tree_unchanged(|| made.run(&["init", "--stdout"]));
    printed.expect(0).prints(&[
        "    \"lib\",  # lib/Cargo.toml",
        "# - `tool`: tool/Cargo.toml:5, publish = false",
        "report = \"docs/COMPATIBILITY-TESTED.md\"",
        "rust = \"1.66\"  # Cargo.toml:6",
        "    \"linux-x86_64\",  # .github/workflows/ci.yml:4, runs-on",
        "    \"1.56\",  # README.md:3: Minimum supported Rust version: 1.56; older than the claim",
        "    \"1.60\",  # docs/COMPATIBILITY.md:3: We support Rust 1.60 and newer.; older than the claim",
        "    \"1.70\",  # .github/workflows/ci.yml:7, matrix.rust, where YAML reads 1.7",
        "minimal = { default-features = false }",
        "json = [\"json\"]  # lib/Cargo.toml:7",
        "args = [\"--test-threads=1\"]  # .github/workflows/ci.yml:10",
        "LIB_MODE = \"test\"  # .cargo/config.toml:2",
        "rust = [\"1.56\", \"1.66\", \"stable\"]",
    ]);
    assert!(!printed.stdout.contains("sqlite"), "{printed}");
    assert!(!made.path("target").exists(), "nothing at all is made");

    let wrote = made.run(&["init"]);
    wrote.expect(0).says(&[
        "Wrote compat/matrix.toml, for lib",
        "Rust 1.66 and newer (Cargo.toml:6)",
        "docs/COMPATIBILITY-TESTED.md",
        "18 cells, 9 of them in the profile `local`",
        "`cargo compatrix compat` runs it",
    ]);
    assert_eq!(wrote.stdout, "", "it is no result for a pipe");
    assert_eq!(std::fs::read_to_string(made.path("compat/matrix.toml")).expect("written"), printed.stdout);
    made.run(&["plan"]).expect(0);

    // Nothing is overwritten, neither by `init` nor later.
    let again = made.assert_tree_unchanged(|| made.run(&["init"]));
    again.expect(2).says(&["compat/matrix.toml already exists", "`cargo compatrix init --stdout` prints"]);
    made.run(&["report"]).expect(0).says(&["Wrote docs/COMPATIBILITY-TESTED.md"]);
    let page = std::fs::read_to_string(made.path("docs/COMPATIBILITY.md")).expect("still there");
    assert!(page.starts_with("# Compatibility\n"), "{page}");
}

#[test]
fn a_page_by_hand_is_never_overwritten_by_the_report() {
    let made = promising();
    made.run(&["init"]).expect(0);
    let path = made.path("compat/matrix.toml");
    let spec = std::fs::read_to_string(&path).expect("a spec").replace("COMPATIBILITY-TESTED", "COMPATIBILITY");
    std::fs::write(&path, spec).expect("writes");
    for args in [&["report"][..], &["report", "--check"]] {
        let ran = made.assert_tree_unchanged(|| made.run(args));
        ran.expect(2).says(&["docs/COMPATIBILITY.md was not written by compatrix", "`report` under [project]"]);
    }
}

#[test]
fn from_nothing_to_a_grid_in_two_commands() {
    let made = Workspace::bare();
    made.run(&["init"]).expect(0).says(&["Wrote compat/matrix.toml, for made"]);
    let ran = made.run(&["compat"]);
    // Where rustup has no `stable`, and no network to get it, the cells are unproven.
    ran.expect(0).prints(&["stable", "default", "json"]);
    assert!(ran.stdout.contains("2 ok") || ran.stdout.contains("2 unproven"), "{ran}");
}

#[test]
fn it_finds_the_workspace_from_a_member_and_needs_no_git_and_no_lockfile() {
    let made = promising();
    std::fs::remove_file(made.path("Cargo.lock")).expect("removes");
    let mut command = std::process::Command::new(crate::support::PROGRAM);
    crate::support::clean(&mut command);
    command.args(["compatrix", "init"]).current_dir(made.path("lib/src"));
    command.env("XDG_CACHE_HOME", made.cache());
    crate::support::finish(command).expect(0).says(&["Wrote compat/matrix.toml", "there is no Cargo.lock", "stage"]);
    assert!(made.path("compat/matrix.toml").exists() && !made.path("Cargo.lock").exists());
}

#[test]
fn where_it_cannot_write_nothing_is_changed() {
    let made = promising().file("compat", "a file in the way\n");
    let ran = made.assert_tree_unchanged(|| made.run(&["init"]));
    ran.expect(2).says(&["compat is a file", "move or rename"]);
    // A link to nowhere is there, though it leads to no spec.
    std::fs::remove_file(made.path("compat")).expect("removes");
    std::fs::create_dir(made.path("compat")).expect("makes");
    std::os::unix::fs::symlink("/nowhere/at/all", made.path("compat/matrix.toml")).expect("links");
    let ran = made.run(&["init"]);
    ran.expect(2).says(&["compat/matrix.toml is a link to nowhere", "remove the link"]);
    assert!(made.path("compat/matrix.toml").is_symlink(), "the link is still there");
}

#[test]
fn what_cargo_cannot_read_is_told() {
    let made = promising().file("tool/Cargo.toml", "[package]\nname = \"tool\n");
    let ran = made.assert_tree_unchanged(|| made.run(&["init"]));
    ran.expect(2).says(&["cargo cannot read this workspace", "tool/Cargo.toml"]);
    // The root's own manifest, seen from the root and from a folder below; the package is no place to go to.
    let made = promising().file("Cargo.toml", "[package]\nname = \"broken\n");
    let ran = made.assert_tree_unchanged(|| made.run(&["init"]));
    ran.expect(2).says(&["cargo cannot read the workspace of", "Cargo.toml:2"]);
    let mut command = std::process::Command::new(crate::support::PROGRAM);
    crate::support::clean(&mut command);
    command.args(["compatrix", "init"]).current_dir(made.path("lib"));
    let ran = crate::support::finish(command);
    ran.expect(2).says(&["cargo cannot read the workspace of"]);
    assert!(!ran.stderr.contains("packages below") && !ran.stderr.contains("no cargo workspace"), "{ran}");
    // A workflow that is no YAML stops nobody.
    let made = promising().file(".github/workflows/odd.yml", "a: [1\nb: }\n").file("README.md", "\u{feff}no promise\n");
    made.write("docs/binary.md", [0xff, 0xfe, 0x00]);
    made.run(&["init", "--stdout"]).expect(0).prints(&["rust = \"1.66\""]);
    // No workspace at all.
    let empty = tempfile::tempdir().expect("a folder");
    let mut command = std::process::Command::new(crate::support::PROGRAM);
    crate::support::clean(&mut command);
    command.args(["init", "--root"]).arg(empty.path());
    crate::support::finish(command).expect(2).says(&["no cargo workspace at"]);
}

#[test]
fn a_pattern_that_takes_the_folder_of_the_spec_for_a_member() {
    let root = |more: &str| format!("[workspace]\nresolver = \"2\"\nmembers = [\"*\"]\nexclude = [\"target\"{more}]\n");
    let manifest = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    let made = Workspace::of_files(
        "ws",
        &[("Cargo.toml", &root("")), ("aa/Cargo.toml", &manifest("aa")), ("aa/src/lib.rs", "")],
    );
    let ran = made.assert_tree_unchanged(|| made.run(&["init", "--quick"]));
    ran.expect(2).says(&["`*` in `members`", "make Cargo.toml:4 `exclude = [\"target\", \"compat\"]`"]);
    // What it says to write is enough for cargo.
    made.write("Cargo.toml", root(", \"compat\""));
    made.run(&["init", "--quick"]).expect(0);
    made.run(&["plan"]).expect(0);
}

#[test]
fn every_way_to_use_sqlite_is_seen() {
    /// What `init` says of a library with this in its manifest.
    #[track_caller]
    fn check(more: &str, expected: &[&str]) {
        let manifest = format!("[package]\nname = \"lib\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}");
        let made = Workspace::of_files("ws", &[("Cargo.toml", &manifest), ("src/lib.rs", "")]);
        made.run(&["init", "--stdout"]).expect(0).prints(expected);
    }
    for none in [
        "",
        "[dependencies]\nsqlx = { version = \"0.8\", features = [\"postgres\"] }\n",
        "[build-dependencies]\nrusqlite = \"0.31\"\n",
    ] {
        let manifest = format!("[package]\nname = \"lib\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{none}");
        let made = Workspace::of_files("ws", &[("Cargo.toml", &manifest), ("src/lib.rs", "")]);
        let ran = made.run(&["init", "--stdout"]);
        assert!(!ran.expect(0).stdout.contains("sqlite"), "{ran}");
    }
    let by_feature =
        ["`rusqlite` uses SQLite: Cargo.toml:6.", "\"bundled\",  # compiled in, through the feature `bundled`"];
    check("[dependencies]\nrusqlite = \"0.31\"\n[features]\nbundled = [\"rusqlite/bundled\"]\n", &by_feature);
    let always = ["\"bundled\",  # compiled in, Cargo.toml:6", "so no other is tested"];
    check("[dependencies]\nrusqlite = { version = \"0.31\", features = [\"bundled\"] }\n", &always);
    check("[dependencies]\nsqlx = { version = \"0.8\", features = [\"sqlite\"] }\n", &always);
    check(
        "[dev-dependencies]\nrusqlite = { version = \"0.31\", features = [\"bundled\"] }\n",
        &["compiled into the tests, Cargo.toml:6", "\"host\""],
    );
    check(
        "[dependencies]\nlibsqlite3-sys = \"0.28\"\n",
        &["Nothing in the manifest compiles SQLite in", "\"host\"", "3.54.1"],
    );
    // Behind a feature: in each set.
    check(
        "[dependencies]\nrusqlite = { version = \"0.31\", optional = true }\n[features]\ndefault = [\"std\"]\nstd = []\n\
         db = [\"dep:rusqlite\"]\n",
        &["default = [\"db\"]", "minimal = { default-features = false, features = [\"db\"] }", "db = [\"db\"]"],
    );
    check(
        "[dependencies]\ndiesel = { version = \"2\", default-features = false }\n[features]\nlite = [\"diesel/sqlite\"]\n",
        &["`diesel` uses SQLite", "default = [\"lite\"]"],
    );
    check(
        "[dependencies]\nsql = { package = \"rusqlite\", version = \"0.31\", optional = true }\n",
        &["`sql` uses SQLite", "default = [\"sql\"]"],
    );
}

#[test]
fn sqlite_of_a_member_is_used_by_those_that_depend_on_it() {
    let core = "[package]\nname = \"core-of-it\"\nversion = \"0.1.0\"\nedition = \"2021\"\npublish = false\n[dependencies]\n\
                rusqlite = { version = \"0.31\", features = [\"bundled\"] }\n[dev-dependencies]\napi = { path = \"../api\" }\n";
    let api = "[package]\nname = \"api\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n\
               core-of-it = { path = \"../core\" }\n";
    let made = Workspace::of_files(
        "ws",
        &[
            ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"api\", \"core\"]\n"),
            ("api/Cargo.toml", api),
            ("api/src/lib.rs", ""),
            ("core/Cargo.toml", core),
            ("core/src/lib.rs", ""),
        ],
    );
    made.run(&["init", "--stdout"]).expect(0).prints(&[
        "    \"api\",  # api/Cargo.toml",
        "`rusqlite` uses SQLite: api/Cargo.toml:6.",
        "\"bundled\",  # compiled in, api/Cargo.toml:6",
    ]);
    // By a default feature of the member, which the other does not switch off; and if it does.
    let by_default = core.replace(", features = [\"bundled\"]", "")
        + "[features]\ndefault = [\"bundled\"]\nbundled = [\"rusqlite/bundled\"]\n";
    made.write("core/Cargo.toml", by_default);
    made.run(&["init", "--stdout"]).expect(0).prints(&["\"bundled\",  # compiled in, api/Cargo.toml:6"]);
    made.write("api/Cargo.toml", api.replace("\"../core\"", "\"../core\", default-features = false"));
    made.run(&["init", "--stdout"]).expect(0).prints(&["Nothing in the manifest compiles SQLite in"]);
}
