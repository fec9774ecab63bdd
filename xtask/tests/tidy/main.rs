//! The house rules, as tests. Each prints all its violations, as `file:line: what`.
#![allow(clippy::disallowed_methods, reason = "a test that reads the repository")]

mod comments;
mod guide;
mod layers;
mod manifests;
mod modules;
mod packages;
mod pages;
mod plans;
mod rings;
mod rust;
mod source;
mod systems;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use modules::Modules;

/// The workspace root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files that git tracks and those it would, relative to the root, sorted.
fn files() -> Vec<String> {
    let args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(args).current_dir(root()).output().expect("git starts");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("names are UTF-8");
    let mut files: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files.dedup();
    assert!(files.len() > 100, "only {} files found", files.len());
    files
}

/// The files whose name ends so.
fn files_ending(end: &str) -> Vec<String> {
    files().into_iter().filter(|file| file.ends_with(end)).collect()
}

/// A file's text; nothing where it is no text.
fn text(file: &str) -> Option<String> {
    let bytes = std::fs::read(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    String::from_utf8(bytes).ok()
}

/// Every crate of the workspace.
fn house() -> &'static [Modules] {
    static HOUSE: OnceLock<Vec<Modules>> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let files = files_ending(".rs").into_iter().filter(|file| !rust::is_test(file));
        let files: BTreeMap<String, String> = files.filter_map(|file| Some((file.clone(), text(&file)?))).collect();
        modules::crates(&files).unwrap_or_else(|error| panic!("{error}"))
    })
}

/// The lines of a file, numbered from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, line)| (n + 1, line))
}

/// What has gone against a rule.
#[derive(Default)]
struct Violations(Vec<String>);

impl Violations {
    fn add(&mut self, file: &str, line: usize, what: impl std::fmt::Display) {
        self.0.push(format!("{file}:{line}: {what}"));
    }

    /// Fails if there are any, naming all.
    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "{} against the house rules:\n{}", self.0.len(), self.0.join("\n"));
    }
}
