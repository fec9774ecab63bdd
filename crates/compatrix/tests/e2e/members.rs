//! A workspace of several packages: what belongs to the one under test, and what does not.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use crate::support::{judged, totals, with_here, Workspace};

fn member(name: &str, more: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\ndoctest = false\n\
         [features]\nextra = []\n{more}"
    )
}

/// `alpha` uses `beta`; `gamma` stands alone and does not compile.
fn made(packages: &str, features: &str) -> Workspace {
    let spec = format!("[project]\npackages = {packages}\n[axis]\nrust = [HERE]\n[axis.features]\n{features}");
    let lock = "version = 3\n\n[[package]]\nname = \"alpha\"\nversion = \"0.1.0\"\ndependencies = [\n \"beta\",\n]\n\n\
                [[package]]\nname = \"beta\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"gamma\"\nversion = \"0.1.0\"\n";
    let test = "#[test]\nfn works() { assert_eq!(1 + 1, 2); }\n";
    let made = Workspace::bare()
        .file("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\"]\n[profile.dev]\ndebug = 0\n")
        .file("Cargo.lock", lock)
        .file("crates/alpha/Cargo.toml", &member("alpha", "[dependencies]\nbeta = { path = \"../beta\" }\n"))
        .file("crates/alpha/src/lib.rs", &format!("pub use beta::two;\n{test}"))
        .file("crates/beta/Cargo.toml", &member("beta", ""))
        .file(
            "crates/beta/src/lib.rs",
            &format!("pub fn two() -> u32 {{ 2 }}\n{test}{test}").replacen("works", "first", 1),
        )
        .file("crates/gamma/Cargo.toml", &member("gamma", ""))
        .file("crates/gamma/src/lib.rs", "nonsense\n")
        .file("compat/matrix.toml", &with_here(&spec));
    std::fs::remove_dir_all(made.path("src")).expect("removes");
    std::fs::remove_dir_all(made.path("tests")).expect("removes");
    made
}

#[test]
fn only_what_the_package_is_made_of_counts() {
    let made = made("[\"alpha\"]", "default = []\n");
    let json = made.json(0, &[]);
    assert_eq!(json["rows"][0]["tests"]["passed"], 1, "of alpha alone");
    made.write("crates/gamma/src/lib.rs", "more nonsense\n");
    made.write("README.md", "a word\n");
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 1], "gamma is no part of alpha");
    made.write("crates/beta/src/lib.rs", "pub fn two() -> u32 { 1 + 1 }\n");
    assert_eq!(totals(&made.json(0, &[])), [1, 1, 0], "beta is");
    let manifest = std::fs::read_to_string(made.path("Cargo.toml")).expect("a manifest");
    made.write("Cargo.toml", manifest.replace("debug = 0", "debug = 0\nopt-level = 1"));
    assert_eq!(totals(&made.json(0, &[])), [1, 1, 0], "and so is the profile");
}

#[test]
fn several_packages_are_built_and_run_together() {
    let made = made("[\"alpha\", \"beta\"]", "default = []\nextra = [\"extra\"]\n");
    let json = made.json(0, &[]);
    assert_eq!(json["rows"][0]["tests"]["passed"], 3, "of both");
    assert_eq!(
        crate::support::row(&json, "features=extra")["record"]["proof"]["features"],
        serde_json::json!(["alpha/extra", "beta/extra"])
    );
    made.write("crates/beta/src/lib.rs", "pub fn two() -> u32 { 2 }\n#[test]\nfn fails() { panic!(\"beta\") }\n");
    let json = made.json(1, &[]);
    assert_eq!(judged(&json, "features=default").2, "1 of 1 tests failed in beta, first fails");
}

#[test]
fn a_package_that_does_not_compile_is_broken_by_name() {
    let made = made("[\"gamma\"]", "default = []\n");
    let json = made.json(1, &[]);
    let (_, outcome, cause) = judged(&json, "features=default");
    assert_eq!(outcome, "build-failed");
    assert!(cause.contains("crates/gamma/src/lib.rs:1"), "{cause}");
}
