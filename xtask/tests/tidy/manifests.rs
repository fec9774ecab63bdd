//! Rules of manifests and the lockfile: reasons, what the oldest toolchain can read.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::{files_ending, lines, root, text, Violations};

/// `(section, line number, name)` of every dependency of a manifest.
pub(crate) fn dependencies(text: &str) -> Vec<(String, usize, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (n, line) in lines(text) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
            let table = section.split_once("dependencies.").map(|(_, name)| name.to_owned());
            found.extend(table.map(|name| (section.clone(), n, name)));
        } else if section.ends_with("dependencies") {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            if !name.is_empty() && !name.starts_with('#') {
                found.push((section.clone(), n, name.trim_matches('"').to_owned()));
            }
        }
    }
    found
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let mut violations = Violations::default();
    let mut used = BTreeSet::new();
    for file in files_ending("Cargo.toml") {
        let manifest = text(&file).unwrap_or_default();
        let all: Vec<&str> = manifest.lines().collect();
        for (section, n, name) in dependencies(&manifest) {
            let line = all[n - 1];
            if section != "workspace.dependencies" {
                used.insert(name.clone());
                if line.contains("workspace = true") {
                    continue;
                }
            } else if line.contains("path = ") {
                continue;
            }
            let above = n.checked_sub(2).is_some_and(|above| all[above].starts_with('#'));
            if !above && !line.contains(" # ") && !line.contains("}\t#") {
                violations.add(&file, n, format!("`{name}` does not say what it is for, in a comment"));
            }
        }
    }
    let manifest = text("Cargo.toml").unwrap_or_default();
    for (section, n, name) in dependencies(&manifest) {
        if section == "workspace.dependencies" && !used.contains(&name) {
            violations.add("Cargo.toml", n, format!("no crate uses `{name}`"));
        }
    }
    violations.none();
}

#[test]
fn the_oldest_toolchain_can_read_the_lockfile() {
    let mut violations = Violations::default();
    let lock = text("Cargo.lock").unwrap_or_default();
    if !lock.lines().any(|line| line == "version = 3") {
        violations.add("Cargo.lock", 1, "not of format 3, the newest that cargo 1.70 reads");
    }
    violations.none();
}

/// `cargo metadata` of what is compiled on 64-bit Linux.
pub(crate) fn metadata() -> Value {
    let args = ["metadata", "--offline", "--locked", "--format-version=1"];
    let output = Command::new(env!("CARGO"))
        .args(args)
        .arg("--filter-platform=x86_64-unknown-linux-gnu")
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}
