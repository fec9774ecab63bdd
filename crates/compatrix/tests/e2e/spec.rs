//! Bad specs and bad command lines: exit code 2, and a message that says where, what, and what to do.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use crate::support::Workspace;

/// A whole spec, whatever it is.
fn spec(text: impl AsRef<[u8]>) -> Workspace {
    let made = Workspace::bare();
    made.write("compat/matrix.toml", text);
    made
}

const GOOD: &str = "[project]\npackages = [\"made\"]\n[axis]\nrust = [\"stable\"]\n[axis.features]\ndefault = []\n";

/// Every command that reads the spec refuses it, and nothing is written.
#[track_caller]
fn refused(made: &Workspace, texts: &[&str]) {
    for command in [&["compat"][..], &["plan"], &["compat", "--dry-run"], &["fixtures", "list"]] {
        let ran = made.run(command);
        ran.expect(2).says(texts);
        assert_eq!(ran.stdout, "", "{ran}");
    }
    assert!(!made.path("target").exists(), "nothing is made for a spec that is wrong");
}

#[test]
fn a_missing_spec_says_where_it_should_be() {
    let made = Workspace::bare();
    refused(&made, &["no spec at", "compat/matrix.toml"]);
}

#[test]
fn a_spec_that_is_empty_or_no_text_is_refused() {
    refused(&spec(""), &["compat/matrix.toml:1:1", "the spec is empty"]);
    refused(&spec(b"[project]\npackages = [\"\xff\xfe\"]\n"), &["compat/matrix.toml", "UTF-8"]);
    refused(&spec(b"\x7fELF\0\0\0\0"), &["compat/matrix.toml"]);
}

#[test]
fn errors_of_the_spec_come_all_at_once_with_place_and_nearest_name() {
    let made = spec(
        "[project]\npackage = [\"made\"]\n[axis]\nrust = []\nschema = \"fixtures/*\"\n[profil.local]\nstrategy = \"al\"\n",
    );
    refused(&made, &["compat/matrix.toml:2:1", "^^^^^^^", "`package`", "`packages`", "`profil`", "`profile`", "4:"]);
}

#[test]
fn a_syntax_error_has_a_caret() {
    refused(&spec("[project\npackages = [\"made\"]\n"), &["compat/matrix.toml:1:9", "^"]);
}

#[test]
fn a_package_that_is_not_there_names_its_neighbour() {
    let made = spec(GOOD.replace("made", "maid"));
    made.run(&["compat"]).expect(2).says(&["compat/matrix.toml:2:", "`maid`", "`made`", "^"]);
}

#[test]
fn a_feature_that_is_not_there_names_its_neighbour() {
    let made = spec(format!("{GOOD}extra = [\"jason\"]\n"));
    made.run(&["compat"]).expect(2).says(&["`jason`", "did you mean `json`?"]);
}

#[test]
fn a_toolchain_that_is_nonsense_is_no_toolchain() {
    refused(
        &spec(GOOD.replace("\"stable\"", "\"stable please\"")),
        &["compat/matrix.toml:4:9", "`stable please`", "^"],
    );
    refused(&spec(GOOD.replace("\"stable\"", "\"stabel\"")), &["compat/matrix.toml:4:9", "`stabel`", "`stable`"]);
}

#[test]
fn a_lockfile_that_cannot_be_read_is_an_error_with_its_path() {
    let made = spec(GOOD);
    made.write("Cargo.lock", "version = [");
    made.run(&["compat"]).expect(2).says(&["Cargo.lock"]);
}

#[test]
fn a_manifest_that_cargo_refuses_is_told_in_cargo_s_words() {
    let made = spec(GOOD);
    made.write("Cargo.toml", "[package]\nname = \"made\"\n[nonsense\n");
    made.run(&["compat"]).expect(2).says(&["Cargo.toml"]);
}

#[test]
fn a_cell_expression_names_the_nearest_axis_and_value() {
    let made = spec(GOOD);
    let cell = |expr: &str| made.run(&["compat", "--cell", expr]);
    cell("rsut=stable").expect(2).says(&["`rsut`", "`rust`", "^"]);
    cell("features=defalt").expect(2).says(&["`defalt`", "`default`", "^"]);
    cell("").expect(2);
    cell("rust=").expect(2);
    made.run(&["compat", "--profile", "locl"]).expect(2).says(&["`locl`", "`local`"]);
    made.run(&["repro", "rust=stable"]).expect(2).says(&["is not one cell", "features"]);
    assert!(!made.compat("ledger.sqlite").exists());
}

#[test]
fn a_choice_without_cells_is_never_a_success() {
    let made = spec(format!("{GOOD}json = [\"json\"]\n[profile.local.when]\nfeatures = \"default\"\n"));
    let ran = made.run(&["compat", "--cell", "features=json"]);
    ran.expect(2).says(&["no cell of the profile `local` meets --cell"]);
    made.run(&["plan", "--cell", "features=json"]).expect(2);
}

#[test]
fn a_root_that_is_no_workspace_is_told() {
    let made = Workspace::bare();
    let run = |root: &str| {
        let mut command = std::process::Command::new(crate::support::PROGRAM);
        crate::support::clean(&mut command);
        command.args(["compatrix", "plan", "--root", root]);
        crate::support::finish(command)
    };
    run("/no/such/folder").expect(2).says(&["/no/such/folder is not a directory"]);
    run("/proc").expect(2).says(&["no cargo workspace at /proc"]);
    drop(made);
}
