//! What a result is of: the sources as git has them, the workspace's tables, dependencies from folders, files that tests read.

#![allow(clippy::disallowed_methods, reason = "tests make files and links")]

use serde_json::Value;

use crate::support::{commit, git, judged, totals, with_here, Workspace};

const SPEC: &str = "[axis]\nrust = [HERE]\n";

/// A package `made` in a folder below the root, all committed.
fn below(spec: &str, test: &str) -> Workspace {
    let made = Workspace::new(spec);
    std::fs::remove_dir_all(made.path("tests")).expect("removes");
    std::fs::remove_dir_all(made.path("src")).expect("removes");
    made.write("Cargo.toml", "[workspace]\nmembers = [\"made\"]\nresolver = \"2\"\n");
    made.write("made/Cargo.toml", "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    made.write("made/src/lib.rs", "");
    made.write("made/tests/it.rs", test);
    made.write(".gitignore", "/target\n");
    git(&made, &["init", "--quiet", "--initial-branch=main"]);
    commit(&made);
    made
}

fn runs(json: &Value) -> u64 {
    totals(json)[1]
}

#[test]
fn data_beside_a_package_that_its_test_names_is_seen() {
    let test = "#[test]\nfn good() { assert_eq!(std::fs::read_to_string(\"../data/x\").unwrap(), \"good\"); }\n";
    let made = below(SPEC, test);
    made.write("data/x", "good");
    made.write("docs/y", "words");
    commit(&made);
    made.json(0, &[]);
    made.write("docs/y", "other words");
    assert_eq!(runs(&made.json(0, &[])), 0);
    made.run(&["compat", "--since", "HEAD"]).expect(0).prints(&["0 of 1 cells affected"]);
    made.write("data/x", "bad");
    made.run(&["compat", "--since", "HEAD"]).expect(1).prints(&["1 of 1 cells affected"]);
    std::fs::remove_file(made.path("data/x")).expect("removes");
    made.run(&["plan", "--since", "HEAD"]).expect(0).prints(&["1 of 1 cells affected"]);
}

#[test]
fn data_that_no_path_leads_to_is_told_and_can_be_named() {
    let test = "#[test]\nfn good() {\n    let dir = std::path::Path::new(\"..\");\n    for entry in std::fs::read_dir(dir.join([\"da\", \"ta\"].concat())).unwrap() {\n        \
                assert_eq!(std::fs::read_to_string(entry.unwrap().path()).unwrap(), \"good\");\n    }\n}\n";
    let made = below(SPEC, test);
    made.write("data/x", "good");
    commit(&made);
    let told = "made/tests/it.rs:3 names `..`: no key holds what tests read there";
    made.run(&["compat"]).expect(0).says(&[told, "`inputs = [\"data/**\"]` under [project]"]);
    made.run(&["doctor"]).expect(0).prints(&["inputs-unclear", "made/tests/it.rs:3"]);
    let spec = |inputs: &str| with_here(&format!("[project]\npackages = [\"made\"]\ninputs = [{inputs}]\n{SPEC}"));
    made.write("compat/matrix.toml", spec("\"data/**\", \"gone\""));
    commit(&made);
    made.run(&["compat"]).expect(0).never_says("no key holds").says(&["`gone` matches no file"]);
    made.write("data/x", "bad");
    made.run(&["compat", "--since", "HEAD"]).expect(1).prints(&["1 of 1 cells affected"]);
    // One that is gone is known by its name alone.
    std::fs::remove_file(made.path("data/x")).expect("removes");
    made.run(&["plan", "--since", "HEAD"]).expect(0).prints(&["1 of 1 cells affected"]);
    made.write("compat/matrix.toml", spec(""));
    made.run(&["compat"]).expect(0).never_says("no key holds");
}

#[test]
fn what_the_root_says_of_dependencies_is_seen() {
    let made = below(SPEC, "#[test]\nfn is_on() { assert!(dep::x()); }\n");
    let root = "[workspace]\nmembers = [\"made\", \"dep\"]\nresolver = \"2\"\n[workspace.dependencies]\n";
    made.write("Cargo.toml", format!("{root}dep = {{ path = \"dep\", features = [\"x\"] }}\n"));
    made.write(
        "dep/Cargo.toml",
        "[package]\nname = \"dep\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[features]\nx = []\n",
    );
    made.write("dep/src/lib.rs", "pub fn x() -> bool { cfg!(feature = \"x\") }\n");
    let own = std::fs::read_to_string(made.path("made/Cargo.toml")).expect("reads");
    made.write("made/Cargo.toml", own + "[dependencies]\ndep = { workspace = true }\n");
    let entry = |name: &str, more: &str| format!("\n[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n{more}");
    let lock = format!("version = 3\n{}{}", entry("dep", ""), entry("made", "dependencies = [\n \"dep\",\n]\n"));
    made.write("Cargo.lock", lock);
    commit(&made);
    made.json(0, &[]);
    made.write("Cargo.toml", format!("{root}dep = {{ path = \"dep\" }}\n"));
    assert_eq!(judged(&made.json(1, &["--since", "HEAD"]), "rust=here").1, "failed");
}

#[test]
fn a_patch_that_cargo_reads_only_here_and_a_vendored_package_are_sources() {
    // The patch lies below the root and is no member, so that cargo does not read it alone.
    let made = below(SPEC, "#[test]\nfn one() { assert_eq!((itoa::mine(), ryu::mine()), (1, 1)); }\n");
    let own = std::fs::read_to_string(made.path("made/Cargo.toml")).expect("reads");
    made.write("made/Cargo.toml", own + "[dependencies]\nitoa = \"1\"\nryu = \"1\"\n");
    made.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"made\"]\nresolver = \"2\"\n[patch.crates-io]\nitoa = { path = \"patched/itoa\" }\n",
    );
    let source = "[source.crates-io]\nreplace-with = \"own\"\n[source.own]\ndirectory = \"third\"\n";
    made.write(".cargo/config.toml", source);
    let checksum = "28d3b2b1366ec20994f1fd18c3c594f05c5dd4bc44d8bb0c1c632c8d6829481f";
    made.write("third/ryu/.cargo-checksum.json", format!("{{\"files\":{{}},\"package\":\"{checksum}\"}}"));
    for (dir, name, version) in [("patched/itoa", "itoa", "1.0.99"), ("third/ryu", "ryu", "1.0.20")] {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n");
        made.write(&format!("{dir}/Cargo.toml"), manifest);
        made.write(&format!("{dir}/src/lib.rs"), "pub fn mine() -> i32 { 1 }\n");
    }
    made.write(
        "Cargo.lock",
        format!(
            "version = 3\n\n[[package]]\nname = \"itoa\"\nversion = \"1.0.99\"\n\n[[package]]\nname = \"made\"\n\
             version = \"0.1.0\"\ndependencies = [\n \"itoa\",\n \"ryu\",\n]\n\n[[package]]\nname = \"ryu\"\nversion = \"1.0.20\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n"
        ),
    );
    commit(&made);
    made.json(0, &[]);
    for dir in ["patched/itoa", "third/ryu"] {
        made.run(&["plan", "--since", "HEAD"]).expect(0).prints(&["0 of 1 cells affected"]);
        made.write(&format!("{dir}/src/lib.rs"), "// more\npub fn mine() -> i32 { 1 }\n");
        made.run(&["plan", "--since", "HEAD"]).expect(0).prints(&["1 of 1 cells affected"]);
        assert_eq!(runs(&made.json(0, &[])), 1, "{dir}");
        commit(&made);
    }
}

#[test]
fn a_file_that_git_is_told_not_to_look_at_is_looked_at() {
    let made = below(SPEC, "#[test]\nfn works() {}\n");
    git(&made, &["update-index", "--assume-unchanged", "made/src/lib.rs"]);
    made.run(&["plan", "--since", "HEAD"]).expect(0).prints(&["0 of 1 cells affected"]);
    made.write("made/src/lib.rs", "// changed\n");
    made.run(&["plan", "--since", "HEAD"]).expect(0).prints(&["1 of 1 cells affected"]);
    made.json(0, &[]);
    made.run(&["evidence", "record"]).expect(0).says(&["uncommitted changes"]);
}

#[test]
fn where_there_is_no_repository_nothing_is_uncommitted() {
    let made = Workspace::new(SPEC);
    made.json(0, &[]);
    made.run(&["evidence", "record"])
        .expect(0)
        .never_says("uncommitted")
        .says(&["names no commit", "in no git repository"]);
    git(&made, &["init", "--quiet"]);
    made.json(0, &[]);
    made.run(&["evidence", "record"]).expect(0).says(&["uncommitted changes", "has no commit yet"]);
}

#[test]
fn a_package_that_its_repository_ignores_is_told() {
    let made = below(SPEC, "#[test]\nfn works() {}\n");
    made.write(".gitignore", "/target\n/made\n");
    git(&made, &["rm", "-r", "--quiet", "--cached", "made"]);
    made.run(&["compat"]).expect(2).says(&["no sources in", "git add --force"]);
}
