//! Rules of Rust files: headings, sizes, words, effects.

use crate::{files_ending, lines, text, Violations};

/// The longest a file may be, in lines.
const LONGEST: usize = 500;

/// Crates without effects.
const PURE: [&str; 2] = ["crates/compatrix-model/src/", "crates/compatrix-render/src/"];

fn rust_files() -> impl Iterator<Item = (String, String)> {
    files_ending(".rs").into_iter().map(|file| {
        let text = text(&file).unwrap_or_else(|| panic!("{file} is not UTF-8"));
        (file, text)
    })
}

/// The lines of a file that are no test and no comment.
fn code(file: &str, text: &str) -> Vec<(usize, String)> {
    if is_test(file) {
        return Vec::new();
    }
    let before_tests = lines(text).take_while(|(_, line)| line.trim() != "mod tests {");
    before_tests.map(|(n, line)| (n, line.split("//").next().unwrap_or_default().to_owned())).collect()
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
fn pure_crates_have_no_effects() {
    let effects = [
        "std::fs",
        "std::process",
        "std::env",
        "std::net",
        "std::thread",
        "SystemTime",
        "Instant",
        "stdin()",
        "print!",
        "println!",
    ];
    let mut violations = Violations::default();
    let pure = rust_files().filter(|(file, _)| PURE.iter().any(|path| file.starts_with(path)));
    for (file, text) in pure {
        for (n, line) in code(&file, &text) {
            for effect in effects.iter().filter(|effect| line.contains(**effect)) {
                violations.add(&file, n, format!("`{effect}` in a pure crate; effects belong into compatrix-engine"));
            }
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
