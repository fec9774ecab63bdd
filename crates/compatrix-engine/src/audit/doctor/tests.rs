//! Gathering from workspaces that are made here, broken ones too.
#![allow(clippy::disallowed_methods, reason = "tests make files")]

use super::members::relative;
use super::*;

/// A folder with these files.
fn made(texts: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in texts {
        files::write(&dir.path().join(path), text.as_bytes()).unwrap();
    }
    dir
}

#[cfg(unix)] // cargo is asked
fn gathered(dir: &tempfile::TempDir) -> DoctorFacts {
    let root = files::real(dir.path()).unwrap();
    let examined = examine(&root, Ambient::capture()).unwrap();
    gather(&examined.host, "cargo xtask", None)
}

fn package(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}")
}

#[test]
#[cfg(unix)] // cargo is asked
fn a_broken_member_does_not_hide_the_others() {
    let dir = made(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/not\"]\n"),
        ("crates/a/Cargo.toml", &package("a", "rust-version = \"1.70\"\n")),
        ("crates/a/src/lib.rs", ""),
        ("crates/b/Cargo.toml", "[package\n"),
        ("crates/not/Cargo.toml", "[package\n"),
        ("Cargo.lock", "version = 4\n"),
        ("README.md", "MSRV: 1.65\n"),
    ]);
    let found = gathered(&dir);
    let names: Vec<&str> = found.facts.members.iter().map(|m| m.file.as_str()).collect();
    assert_eq!(names, ["crates/a/Cargo.toml"]);
    assert_eq!(found.findings.len(), 1, "{:?}", found.findings);
    assert!(found.findings[0].what.starts_with("crates/b/Cargo.toml:1: "), "{}", found.findings[0].what);
    assert_eq!(found.facts.lock.map(|lock| lock.value), Some(4));
    assert_eq!(found.facts.promises.len(), 1);
    assert!(found.unchecked[0].reason.contains("cargo cannot read the workspace"), "{:?}", found.unchecked);
}

#[test]
#[cfg(unix)] // cargo is asked
fn what_only_cargo_refuses_is_told_in_its_words() {
    let dir = made(&[("Cargo.toml", "[workspace]\nmembers = [\"gone\"]\n")]);
    let found = gathered(&dir);
    assert_eq!(found.findings.len(), 1, "{:?}", found.findings);
    assert!(found.findings[0].what.contains("gone/Cargo.toml"), "{}", found.findings[0].what);
}

#[test]
#[cfg(unix)] // cargo is asked
fn path_dependencies_outside_are_read_too() {
    let dir = made(&[
        ("ws/Cargo.toml", &package("a", "[dependencies]\nb = { path = \"../b\" }\n[workspace]\n")),
        ("ws/src/lib.rs", ""),
        ("b/Cargo.toml", &package("b", "rust-version = \"1.80\"\n[dependencies]\nc = { path = \"c\" }\n")),
        ("b/src/lib.rs", ""),
        ("b/c/Cargo.toml", &package("c", "")),
        ("b/c/src/lib.rs", ""),
    ]);
    let root = files::real(&dir.path().join("ws")).unwrap();
    let found = gather(&examine(&root, Ambient::capture()).unwrap().host, "x", None);
    let names: Vec<&str> = found.facts.outside.iter().map(|m| m.file.as_str()).collect();
    assert_eq!(names, ["../b/Cargo.toml", "../b/c/Cargo.toml"]);
    assert!(found.unchecked[0].reason.contains("there is no Cargo.lock"), "{:?}", found.unchecked);
    assert_eq!(found.findings, []);
}

#[test]
#[cfg(unix)] // cargo is asked
fn locked_packages_that_are_not_here_are_not_taken_for_checked() {
    let lock =
        "version = 3\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\"no-such-package-here\"]\n\
                [[package]]\nname = \"no-such-package-here\"\nversion = \"1.0.0\"\n\
                source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
                checksum = \"0000000000000000000000000000000000000000000000000000000000000000\"\n";
    let manifest = package("a", "[dependencies]\nno-such-package-here = \"1\"\n");
    let dir = made(&[("Cargo.toml", &manifest), ("src/lib.rs", ""), ("Cargo.lock", lock)]);
    let found = gathered(&dir);
    assert!(found.facts.graph.packages.is_empty());
    assert_eq!(found.unchecked.len(), 1);
    assert!(found.unchecked[0].reason.contains("no-such-package-here"), "{}", found.unchecked[0].reason);
}

#[test]
fn links_that_leave_the_workspace_are_not_read() {
    let dir = made(&[("ws/Cargo.toml", &package("a", "")), ("ws/src/lib.rs", ""), ("README.md", "MSRV: 1.65\n")]);
    crate::sys::files::symlink("../README.md", &dir.path().join("ws/README.md")).unwrap();
    let root = files::real(&dir.path().join("ws")).unwrap();
    let found = gather(&examine(&root, Ambient::capture()).unwrap().host, "x", None);
    assert_eq!(found.facts.promises, []);
}

#[test]
fn roots_are_found_without_cargo() {
    let dir = made(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
        ("a/Cargo.toml", "[package\n"),
        ("a/src/lib.rs", ""),
        ("alone/Cargo.toml", &package("alone", "[workspace]\n")),
    ]);
    let root = files::real(dir.path()).unwrap();
    assert_eq!(nearest_root(&root.join("a/src")), Some(root.clone()));
    assert_eq!(nearest_root(&root.join("alone")), Some(root.join("alone")));
    assert_eq!(nearest_root(Path::new("/no/such/folder")), None);
}

#[test]
fn paths_are_told_from_the_root() {
    for (path, expect) in [("/w/a/Cargo.toml", "a/Cargo.toml"), ("/w/Cargo.toml", "Cargo.toml"), ("/b/c", "../b/c")] {
        assert_eq!(relative(Path::new("/w"), Path::new(path)), expect);
    }
}

#[test]
fn the_workflows_above_a_workspace_in_a_folder_are_read() {
    let workflow =
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-20.04\n    steps:\n      - run: cd in/ws && cargo +1.71 test\n      - uses: ./.github/actions/old\n";
    let action =
        "runs:\n  using: composite\n  steps:\n    - {run: cargo +1.72 b, working-directory: in/ws, shell: bash}\n";
    let dir = made(&[
        (".git/HEAD", "ref: refs/heads/main\n"),
        (".github/workflows/ci.yml", workflow),
        (".github/actions/old/action.yml", action),
        ("in/ws/Cargo.toml", &package("a", "")),
        ("in/ws/src/lib.rs", ""),
    ]);
    let root = files::real(dir.path()).unwrap().join("in/ws");
    let (found, unreadable) = promises_in(&root, std::slice::from_ref(&root));
    assert_eq!(unreadable, Vec::<String>::new());
    let promises: Vec<String> =
        found.promises.iter().map(|one| format!("{}:{} {}", one.file, one.line, one.kind)).collect();
    assert_eq!(
        promises,
        ["../../.github/actions/old/action.yml:4 Rust 1.72", "../../.github/workflows/ci.yml:6 Rust 1.71"]
    );
    let others: Vec<String> = found.not_taken.iter().map(|one| format!("{} {}", one.line, one.because)).collect();
    assert_eq!(others, ["4 `ubuntu-20.04` was retired by GitHub in April 2025"]);
}
