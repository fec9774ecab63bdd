//! Places that contradict each other.

use super::*;

fn places(made: &Made) -> Vec<Vec<String>> {
    made.found().into_iter().filter(|finding| finding.id == Lint::ClaimDiffers).map(|finding| finding.items).collect()
}

#[test]
fn what_contradicts_is_one_finding_with_all_places() {
    let plain = || {
        one("rust-version = \"1.70\"")
            .file("README.md", "# a\n\nRequires Rust 1.65+.\n\n![](https://img.shields.io/badge/rust-1.60%2B-blue)\n")
            .file("clippy.toml", "msrv = \"1.60\"\n")
            .file("src/lib.rs", "//! MSRV: 1.70\n")
    };
    let before = plain().says(&["Warning claim-differs README.md:3"]);
    assert_eq!(
        before[0].items,
        [
            "Cargo.toml:3: Rust 1.70",
            "README.md:3: Rust 1.65",
            "README.md:5: Rust 1.60",
            "clippy.toml:1: Rust 1.60",
            "src/lib.rs:1: Rust 1.70"
        ]
    );
    assert!(
        before[0].what.contains("1.60 in README.md:5, but 1.65 in README.md:3 and 1.70 in Cargo.toml:3"),
        "{}",
        before[0].what
    );
    // After `init` has put all of them on the axis, too.
    let spec = "[claims]\nrust = \"1.70\"\n[axis]\nrust = [\"1.60\", \"1.65\", \"1.70\", \"stable\"]\n";
    let after = plain().spec(spec).says(&["Warning claim-differs README.md:3"]);
    assert!(after[0].items.contains(&"compat/matrix.toml:4: Rust 1.70".to_owned()), "{:?}", after[0].items);
}

#[test]
fn a_readme_that_promises_less_differs_too() {
    let with = |readme: &str| one("rust-version = \"1.70\"").spec(CLAIM).file("README.md", readme);
    with("Rust 1.80+").says(&["Warning claim-differs README.md:1"]);
    with("MSRV: 1.70.0").says(&[]);
    with("Does not support Rust 1.60").says(&[]);
    with("MSRV: 1.65\n\nRust 1.65+\n").says(&["Warning claim-differs README.md:1"]);
}

#[test]
fn without_a_manifest_the_pages_are_compared() {
    let made = one("").file("README.md", "MSRV: 1.65").file("clippy.toml", "msrv = \"1.60\"\n");
    let found = made.says(&["Warning claim-differs clippy.toml:1"]);
    assert!(found[0].mend.contains("as `rust-version`"), "{}", found[0].mend);
    one("").file("README.md", "MSRV: 1.65").says(&[]);
}

#[test]
fn each_package_is_compared_with_its_own_promise() {
    let member = |name: &str, rust: &str| format!("[package]\nname = \"{name}\"\nrust-version = \"{rust}\"\n");
    let both = |a: &str, b: &str| {
        made("[workspace]\n", &[("a/Cargo.toml", &member("a", a)), ("b/Cargo.toml", &member("b", b))])
    };
    // Packages may differ; a page of the workspace may name one of them.
    both("1.60", "1.70").file("README.md", "MSRV: 1.60").says(&[]);
    both("1.60", "1.70").file("README.md", "MSRV: 1.65").says(&["Warning claim-differs README.md:1"]);
    both("1.60", "1.70").file("b/README.md", "MSRV: 1.70").says(&[]);
    let found = both("1.60", "1.70").file("b/README.md", "MSRV: 1.60");
    assert_eq!(places(&found), [["b/Cargo.toml:3: Rust 1.70", "b/README.md:1: Rust 1.60"]]);
    // What both inherit or what the spec claims for both is one finding.
    let text = "[workspace]\n[workspace.package]\nrust-version = \"1.70\"\n";
    let inherits = |name: &str| format!("[package]\nname = \"{name}\"\nrust-version.workspace = true\n");
    let found = made(text, &[("a/Cargo.toml", &inherits("a")), ("b/Cargo.toml", &inherits("b"))])
        .file("README.md", "MSRV: 1.65");
    assert_eq!(places(&found), [["Cargo.toml:3: Rust 1.70", "README.md:1: Rust 1.65"]]);
    // A claim of its own.
    let spec = "[claims]\nrust = \"1.70\"\n[claims.packages.a]\nrust = \"1.60\"\n[axis]\nrust = [\"1.60\", \"1.70\"]\n";
    both("1.60", "1.70").spec(spec).says(&[]);
    both("1.65", "1.70").spec(spec).says(&["Error claim-differs a/Cargo.toml:3"]);
}

#[test]
fn sqlite_is_compared_too() {
    let spec = "[claims]\nsqlite = \"3.35\"\n[axis]\nrust = [\"stable\"]\nsqlite = [\"3.35.4\", \"3.46.0\"]\n";
    let found =
        one("").spec(spec).file("README.md", "SQLite 3.31 or newer").says(&["Warning claim-differs README.md:1"]);
    assert_eq!(found[0].items, ["compat/matrix.toml:4: SQLite 3.35", "README.md:1: SQLite 3.31"]);
}
