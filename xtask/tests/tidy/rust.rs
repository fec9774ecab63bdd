//! Rules of Rust files: headings, sizes, places, words.

use crate::{files_ending, lines, text, Violations};

/// The longest a file may be, in lines.
const LONGEST: usize = 500;

/// The shortest a file may be that is no root.
const SHORTEST: usize = 15;

fn rust_files() -> impl Iterator<Item = (String, String)> {
    files_ending(".rs").into_iter().map(|file| {
        let text = text(&file).unwrap_or_else(|| panic!("{file} is not UTF-8"));
        (file, text)
    })
}

/// Whether a file holds nothing but tests.
pub(crate) fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("/tests.rs") || file.ends_with("_tests.rs")
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut violations = Violations::default();
    for (file, text) in rust_files() {
        if !text.starts_with("//! ") {
            violations.add(&file, 1, "it does not begin with `//!`: what it is for, and what it must never do");
        }
    }
    violations.none();
}

#[test]
fn no_file_is_too_long() {
    let mut violations = Violations::default();
    for (file, text) in rust_files() {
        let count = text.lines().count();
        if count > LONGEST {
            violations.add(&file, count, format!("{count} lines; split it, {LONGEST} are the most"));
        }
    }
    violations.none();
}

#[test]
fn no_file_is_too_short() {
    let mut violations = Violations::default();
    let files = files_ending(".rs");
    for (file, text) in rust_files() {
        let count = text.lines().count();
        if count < SHORTEST && !is_root(&file, &files) {
            violations.add(
                &file,
                count,
                format!("{count} lines; they belong into another file, {SHORTEST} are the least"),
            );
        }
    }
    violations.none();
}

/// Whether a crate begins with this file, or a module with a folder of its own.
fn is_root(file: &str, files: &[String]) -> bool {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let is_target = ["bin", "tests", "examples", "benches"].iter().any(|kind| folder.ends_with(&format!("/{kind}")));
    let below = format!("{}/", file.trim_end_matches(".rs"));
    is_target || ["lib.rs", "main.rs", "mod.rs"].contains(&name) || files.iter().any(|other| other.starts_with(&below))
}

#[test]
fn a_module_stands_beside_its_folder() {
    let mut violations = Violations::default();
    for file in files_ending("/mod.rs").into_iter().filter(|file| is_misplaced(file)) {
        violations.add(&file, 1, format!("it is {}.rs, beside the folder", file.trim_end_matches("/mod.rs")));
    }
    violations.none();
}

/// Whether a `mod.rs` is outside of the folders of tests.
fn is_misplaced(file: &str) -> bool {
    !file.contains("/tests/")
}

#[test]
fn files_are_roots_or_not() {
    let files = ["a/src/b/c.rs", "a/src/b.rs", "a/src/lone.rs", "a/src/bin/e.rs", "a/tests/it.rs", "a/tests/it/mod.rs"];
    let files = files.map(str::to_owned);
    let roots: Vec<bool> = files.iter().map(|file| is_root(file, &files)).collect();
    assert_eq!(roots, [false, true, false, true, true, true]);
    assert!(is_misplaced("a/src/b/mod.rs") && !is_misplaced("a/tests/it/mod.rs"));
}

#[test]
fn nothing_is_left_to_do() {
    // Put together here, so that this file does not find itself.
    let words = ["to", "unimple", "db", "FIX"].into_iter().zip(["do!", "mented!", "g!", "ME"]);
    let words: Vec<String> = words.map(|(a, b)| format!("{a}{b}")).collect();
    let mut violations = Violations::default();
    for (file, text) in rust_files() {
        for (n, line) in lines(&text) {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                violations.add(&file, n, format!("`{word}` is left"));
            }
        }
    }
    violations.none();
}

/// The crate that C calls cannot do without. Each block there says why it is sound, which a lint sees to.
const UNSAFE: &str = "crates/things-ffi/";
const UNSAFE_SAYS_WHY: &str = "#![deny(clippy::undocumented_unsafe_blocks)]";

#[test]
fn nothing_is_unsafe() {
    let mut violations = Violations::default();
    for (file, text) in rust_files().filter(|(file, _)| !file.starts_with(UNSAFE)) {
        for (n, line) in lines(&text) {
            let line = line.split("//").next().unwrap_or_default();
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            // In a text it is only a word.
            if words.any(|word| word == "unsafe") && !line.contains('"') {
                violations.add(&file, n, "`unsafe`");
            }
        }
    }
    let manifest = text("Cargo.toml").unwrap_or_default();
    if !manifest.contains("\nunsafe_code = \"forbid\"\n") {
        violations.add("Cargo.toml", 1, "[workspace.lints.rust] does not forbid unsafe_code");
    }
    for file in files_ending("Cargo.toml").iter().filter(|file| *file != "Cargo.toml") {
        let own = file.replace("Cargo.toml", "src/lib.rs");
        let line = if own.starts_with(UNSAFE) { UNSAFE_SAYS_WHY } else { "#![forbid(unsafe_code)]" };
        let forbids = || text(&own).is_some_and(|text| text.contains(line));
        if !text(file).unwrap_or_default().contains("[lints]\nworkspace = true") && !forbids() {
            violations.add(file, 1, "neither takes the workspace's lints nor forbids unsafe_code itself");
        }
    }
    violations.none();
}
