//! Rules of Rust files: headings, sizes, words.

use crate::{files_ending, lines, text, Violations};

/// The longest a file may be, in lines.
const LONGEST: usize = 500;

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

#[test]
fn nothing_is_unsafe() {
    let mut violations = Violations::default();
    for (file, text) in rust_files() {
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
        let forbids = || text(&own).is_some_and(|text| text.contains("#![forbid(unsafe_code)]"));
        if !text(file).unwrap_or_default().contains("[lints]\nworkspace = true") && !forbids() {
            violations.add(file, 1, "neither takes the workspace's lints nor forbids unsafe_code itself");
        }
    }
    violations.none();
}

#[test]
fn the_architecture_names_every_module() {
    let mut violations = Violations::default();
    let page = text("docs/ARCHITECTURE.md").unwrap_or_default();
    for (file, text) in rust_files().filter(|(file, _)| file.starts_with("crates/compatrix")) {
        if !file.ends_with("/src/lib.rs") {
            continue;
        }
        for (n, line) in lines(&text) {
            let line = line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
            if let Some(module) = line.filter(|module| !page.contains(&format!("`{module}`"))) {
                violations.add(&file, n, format!("docs/ARCHITECTURE.md has no line for `{module}`"));
            }
        }
    }
    violations.none();
}
