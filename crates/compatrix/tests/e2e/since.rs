//! `--since`: what a change can affect, as git tells it.

#![allow(clippy::disallowed_methods, reason = "tests move files and start git")]

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::{commit, git, Workspace, FIXTURE};

const SPEC: &str = "[axis]\nrust = [HERE]\nschema = \"fixtures/*\"\n";

/// Two fixtures, a package that is not under test, all committed.
fn made() -> Workspace {
    let made = Workspace::new(SPEC);
    for name in ["one", "two"] {
        made.write(&format!("compat/fixtures/{name}/fixture.toml"), FIXTURE);
        made.write(&format!("compat/fixtures/{name}/schema.sql"), "CREATE TABLE t (x);\nINSERT INTO t VALUES (1);\n");
    }
    // A package in a folder of its own, so that not all of the workspace is its source.
    made.write("Cargo.toml", "[workspace]\nmembers = [\"made\", \"other\"]\nresolver = \"2\"\n");
    for name in ["made", "other"] {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
        made.write(&format!("{name}/Cargo.toml"), manifest);
        made.write(&format!("{name}/src/lib.rs"), "#[test]\nfn works() {}\n");
    }
    let entry = |name: &str| format!("\n[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
    made.write("Cargo.lock", format!("version = 3\n{}{}", entry("made"), entry("other")));
    std::fs::remove_dir_all(made.path("tests")).expect("removes");
    std::fs::remove_dir_all(made.path("src")).expect("removes");
    made.write(".gitignore", "/target\n*.ignored\n");
    git(&made, &["init", "--quiet", "--initial-branch=main"]);
    commit(&made);
    made
}

/// The schemas of the cells that changes since this revision affect, and why.
#[track_caller]
fn since(made: &Workspace, rev: &str) -> (Vec<String>, String) {
    let plan = made.run(&["plan", "--since", rev, "--format", "json"]).expect(0).json();
    let cell = |run: &serde_json::Value| run["cell"].as_str().map(|cell| cell.replace("rust=here schema=", ""));
    let runs: BTreeSet<String> = plan["runs"].as_array().into_iter().flatten().filter_map(cell).collect();
    (runs.into_iter().collect(), plan["since"]["why"].to_string())
}

#[test]
fn changes_select_cells_whether_they_are_committed_or_not() {
    let made = made();
    let before = made.tree();
    assert_eq!(since(&made, "HEAD").0, [""; 0]);
    let ran = made.run(&["compat", "--since", "HEAD"]);
    ran.expect(0).prints(&["no cells", "since HEAD: 0 files changed, 0 of 2 cells affected"]).never_says("Built");

    // What is no part of it, whether git knows it or not; what git ignores.
    made.write("README.md", "words");
    made.write("other/src/lib.rs", "pub fn more() {}");
    made.write("made/x.ignored", "");
    assert_eq!(since(&made, "HEAD").0, [""; 0]);
    commit(&made);
    // A fixture, changed and not committed; a new file in another, known only as untracked.
    made.write("compat/fixtures/one/schema.sql", "CREATE TABLE t (x, y);\nINSERT INTO t VALUES (1, 2);\n");
    assert_eq!(
        since(&made, "HEAD"),
        (vec!["one".to_owned()], "[\"schema=one: compat/fixtures/one/schema.sql\"]".into())
    );
    made.write("compat/fixtures/two/more.sql", "");
    assert_eq!(since(&made, "HEAD").0, ["one", "two"]);
    commit(&made);
    assert_eq!((since(&made, "HEAD").0, since(&made, "HEAD~2").0), (vec![], vec!["one".to_owned(), "two".to_owned()]));
    // A file that moves out of the package is a change of the package.
    made.write("made/src/gone.rs", "// a module\n");
    commit(&made);
    std::fs::rename(made.path("made/src/gone.rs"), made.path("other/src/gone.rs")).expect("moves");
    let (cells, why) = since(&made, "HEAD");
    assert_eq!((cells.len(), why.as_str()), (2, "[\"all cells: made/src/gone.rs\"]"));
    let index = std::fs::metadata(made.path(".git/index")).and_then(|meta| meta.modified()).expect("a time");
    made.run(&["compat", "--since", "HEAD"]).expect(0).prints(&["2 of 2 cells affected"]);
    let after = std::fs::metadata(made.path(".git/index")).and_then(|meta| meta.modified()).expect("a time");
    assert_eq!(index, after, "git's own files are the user's too");
    drop(before);
}

#[test]
fn files_that_say_too_little_by_their_name_are_looked_into() {
    let made = made();
    let lock = std::fs::read_to_string(made.path("Cargo.lock")).expect("reads");
    made.write(
        "Cargo.lock",
        lock.replace("name = \"other\"\nversion = \"0.1.0\"", "name = \"other\"\nversion = \"0.2.0\""),
    );
    made.write("other/Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.2.0\"\nedition = \"2021\"\n");
    assert_eq!(since(&made, "HEAD").0, [""; 0], "the package under test does not use it");
    made.write("Cargo.toml", "# a comment\n[workspace]\nmembers = [\"other\", \"made\"]\nresolver = \"2\"\n");
    assert_eq!(since(&made, "HEAD").0, [""; 0]);
    commit(&made);
    made.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"other\", \"made\"]\nresolver = \"2\"\n[profile.dev]\ndebug = 0\n",
    );
    assert_eq!(since(&made, "HEAD"), (vec!["one".into(), "two".into()], "[\"all cells: Cargo.toml\"]".into()));
    git(&made, &["checkout", "--quiet", "Cargo.toml"]);

    // The spec: a comment, then a suite of other arguments, then a fixture more.
    let spec = std::fs::read_to_string(made.path("compat/matrix.toml")).expect("reads");
    made.write("compat/matrix.toml", format!("# a comment\n{spec}"));
    assert_eq!(since(&made, "HEAD").0, [""; 0]);
    made.write("compat/matrix.toml", format!("{spec}[[suite]]\nname = \"tests\"\nargs = [\"--quiet\"]\n"));
    assert_eq!(since(&made, "HEAD").0, ["one", "two"]);
    made.write("compat/matrix.toml", &spec);
    made.write("compat/fixtures/three/fixture.toml", FIXTURE);
    made.write("compat/fixtures/three/schema.sql", "CREATE TABLE t (x);\nINSERT INTO t VALUES (1);\n");
    assert_eq!(since(&made, "HEAD").0, ["three"]);
}

#[test]
fn what_cannot_be_compared_is_told() {
    let made = made();
    for rev in ["no-such-branch", "--upload-pack=x", "", "HEAD:Cargo.toml"] {
        let since = format!("--since={rev}");
        made.run(&["plan", &since]).expect(2).says(&["git knows no revision", "git fetch origin"]);
        made.run(&["compat", &since]).expect(2).never_says("Built");
    }
    let bare = Workspace::new("[axis]\nrust = [HERE]\n");
    bare.run(&["plan", "--since", "HEAD"]).expect(2).says(&["is not in a git repository", "--since"]);
}

#[test]
fn a_workspace_below_the_top_of_its_repository_sees_what_is_its_own() {
    let made = made();
    std::fs::remove_dir_all(made.path(".git")).expect("removes");
    let top = made.root().parent().expect("a folder").to_owned();
    std::fs::write(top.join(".gitignore"), "/cache\n").expect("writes");
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        crate::support::clean(&mut command);
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(args).current_dir(&top);
        assert!(command.status().expect("starts git").success());
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "x"]);
    std::fs::write(top.join("README.md"), "words").expect("writes");
    assert_eq!(since(&made, "HEAD").0, [""; 0]);
    made.write("compat/fixtures/one/schema.sql", "CREATE TABLE t (x);\n\nINSERT INTO t VALUES (1);\n");
    assert_eq!(since(&made, "HEAD").0, ["one"]);
    made.write("made/src/ä ö.rs", "// a name that git would quote\n");
    assert_eq!(since(&made, "HEAD").1, "[\"all cells: ws/made/src/ä ö.rs\"]");
}
