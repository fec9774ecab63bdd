//! Toolchains in the configuration of other CI systems and in recipes of containers, and lockfiles for old toolchains.
//!
//! It reads lines, not YAML: these files have a dialect each, and every place is one line.

use std::collections::BTreeSet;

use super::kinds::{quoted, Promise, PromiseKind, PromiseSource};
use super::scanned::{NotTaken, Scanned};
use compatrix_model::condition::partial_version;

/// The configuration of another CI system.
pub(super) fn ci(file: &str, text: &str) -> Scanned {
    let mut found = Scanned::default();
    // The key whose list the line is in, with its indentation.
    let mut list: Option<(usize, bool)> = None;
    for (n, raw) in text.lines().enumerate() {
        let line = without_comment(raw);
        let indent = line.len() - line.trim_start().len();
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        let entry = trimmed.strip_prefix("- ").unwrap_or(trimmed);
        let (key, value) = entry.split_once(':').filter(|(key, _)| !key.contains([' ', '/'])).unwrap_or(("", entry));
        let (key, value) = (key.trim_matches('"'), value.trim());
        if list.is_some_and(|(above, _)| indent < above || (indent == above && !trimmed.starts_with('-'))) {
            list = None;
        }
        if !key.is_empty() && value.is_empty() {
            list = Some((indent, names_rust(key)));
        }
        let own = list.is_some_and(|(_, of_rust)| of_rust) && key.is_empty();
        let lowest = key.to_ascii_lowercase().contains("msrv");
        if let Some(version) = image(value).or_else(|| image(entry)) {
            add(file, n + 1, raw, "image", version, false, &mut found);
        } else if names_rust(key) || own {
            for version in value.split(|c: char| c.is_whitespace() || "[],'\"".contains(c)).filter_map(version) {
                add(file, n + 1, raw, if own { "list" } else { key }, version, lowest, &mut found);
            }
        }
        for version in of_command(entry) {
            add(file, n + 1, raw, "run", version, false, &mut found);
        }
    }
    let (lines, versions) = may_fail(text);
    let (out, promises): (Vec<_>, Vec<_>) =
        found.promises.into_iter().partition(|one| lines.contains(&one.line) || versions.contains(one.kind.value()));
    let not_taken = out.into_iter().map(|one| NotTaken::new(file, one.line, &one.text, "it may fail there"));
    Scanned { promises, not_taken: not_taken.collect(), ..found }
}

/// The lines of what may fail, and the versions that may fail wherever they stand: `allow_failures` of Travis lists jobs
/// by their keys, and `allow_failure` is a key of the job itself elsewhere.
fn may_fail(text: &str) -> (BTreeSet<usize>, BTreeSet<String>) {
    let lines: Vec<&str> = text.lines().map(without_comment).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let (mut found, mut versions) = (BTreeSet::new(), BTreeSet::new());
    for (n, line) in lines.iter().enumerate() {
        let key = line.trim().trim_start_matches("- ");
        if key.starts_with("allow_failures:") && !key.ends_with("true") {
            let inside = |line: &str| {
                let is_item = indent(line) == indent(lines[n]) && line.trim_start().starts_with('-');
                line.trim().is_empty() || indent(line) > indent(lines[n]) || is_item
            };
            let end = (n + 1..lines.len()).find(|at| !inside(lines[*at])).unwrap_or(lines.len());
            found.extend(n + 1..=end);
            for at in n + 1..end {
                let only_key = lines
                    .get(at + 1)
                    .filter(|_| at + 1 < end)
                    .is_none_or(|next| next.trim().is_empty() || next.trim_start().starts_with('-'));
                let rust = lines[at].trim().strip_prefix("- rust:").filter(|_| only_key);
                versions
                    .extend(rust.and_then(|value| version(value.trim().trim_matches(['"', '\'']))).map(str::to_owned));
            }
        } else if let Some("true") = ["allow_failure:", "allow_failures:", "continueOnError:"]
            .iter()
            .find_map(|name| key.strip_prefix(name).map(str::trim))
        {
            // Of the job that has it: what is indented below the same name at the margin.
            let at_margin = |at: &usize| !lines[*at].trim().is_empty() && indent(lines[*at]) == 0;
            let start = (0..=n).rev().find(at_margin).unwrap_or(0);
            let end = (n + 1..lines.len()).find(at_margin).unwrap_or(lines.len());
            found.extend(start + 1..=end);
        }
    }
    (found, versions)
}

/// A recipe of a container.
pub(super) fn container(file: &str, text: &str) -> Scanned {
    let mut found = Scanned::default();
    for (n, line) in text.lines().enumerate() {
        let words = without_comment(line);
        let from = words.trim_start().to_ascii_lowercase().starts_with("from ");
        let argument = words.trim_start().strip_prefix("ARG ").or_else(|| words.trim_start().strip_prefix("ENV "));
        let set = argument.and_then(|text| text.split_once(['=', ' '])).filter(|(name, _)| names_rust(name));
        let of_argument = set.and_then(|(_, value)| version(value.trim().trim_matches('"')));
        let of_image = words.split_whitespace().find_map(image).filter(|_| from);
        let first = of_image.or(of_argument).or_else(|| of_command(words).into_iter().next());
        if let Some(version) = first {
            let because = format!(
                "it builds a container with Rust {version}, which promises users nothing; add {version} to the `rust` axis to test it"
            );
            found.not_taken.push(NotTaken::new(file, n + 1, line, because));
        }
    }
    found
}

/// A lockfile for old toolchains, or with the lowest versions of dependencies.
pub(super) fn lockfile(file: &str, text: &str) -> Scanned {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let because = "a second lockfile; the spec has `[[lock]]` for toolchains that need versions of their own, \
                   and `cargo compatrix lock` writes it to compat/locks";
    Scanned { not_taken: vec![NotTaken::new(file, 1, line, because)], ..Scanned::default() }
}

fn add(file: &str, line: usize, raw: &str, key: &str, version: &str, lowest: bool, found: &mut Scanned) {
    let kind = if lowest { PromiseKind::LowestRust } else { PromiseKind::Rust };
    found.promises.push(Promise {
        file: file.to_owned(),
        line,
        source: PromiseSource::OtherCi,
        kind: kind(version.to_owned()),
        key: key.to_owned(),
        spelled: None,
        text: quoted(raw),
    });
}

fn without_comment(line: &str) -> &str {
    let end = line.match_indices('#').map(|(at, _)| at).find(|at| *at == 0 || line[..*at].ends_with([' ', '\t']));
    &line[..end.unwrap_or(line.len())]
}

/// Whether the name of a key or a variable is about the toolchain.
fn names_rust(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let names = |words: &[&str]| words.iter().any(|word| key.contains(word));
    names(&["rust", "toolchain", "msrv", "channel"])
        && !names(&["flags", "log", "backtrace", "target", "fmt", "home", "doc", "url", "hash", "sha"])
}

/// A version of Rust, perhaps with the suffix of an image or a platform: `1.65`, `1.65.0-slim`.
fn version(text: &str) -> Option<&str> {
    let first = text.split(['-', '@']).next()?;
    let is_rust = |version: &semver::Version| version.major == 1;
    (first.contains('.') && partial_version(first).as_ref().is_some_and(is_rust)).then_some(first)
}

/// The version of an image of Rust: `rust:1.65-slim`, `docker.io/library/rust:1.65`, `cimg/rust:1.65.0`.
fn image(text: &str) -> Option<&str> {
    text.split(|c: char| c.is_whitespace() || "\"'[],".contains(c)).find_map(|word| {
        let (name, tag) = word.rsplit_once(':')?;
        let own = name.rsplit('/').next()?;
        (own == "rust" || own.starts_with("rust-")).then(|| version(tag)).flatten()
    })
}

/// The toolchains of a command: `rustup default 1.65`, `cargo +1.65 test`, `--default-toolchain 1.65`.
fn of_command(line: &str) -> Vec<&str> {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';', '`'])).collect();
    let mut found: Vec<&str> = Vec::new();
    for (n, word) in words.iter().enumerate() {
        let after = |n: usize| words.get(n + 1).copied();
        match *word {
            "cargo" | "rustc" => found.extend(after(n).and_then(|next| next.strip_prefix('+')).and_then(version)),
            "--default-toolchain" => found.extend(after(n).and_then(version)),
            "rustup" => {
                let rest = words[n + 1..].iter().take_while(|word| !["&&", "||", "|"].contains(*word));
                found.extend(rest.filter_map(|word| version(word)));
            }
            _ => {}
        }
    }
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let found = ci(".gitlab-ci.yml", text);
        let shown: Vec<String> = found.promises.iter().map(|p| format!("{} {}", p.line, p.kind)).collect();
        assert_eq!(shown, expect, "{text}");
    }

    #[test]
    fn toolchains_of_other_ci_systems() {
        check("image: \"rust:1.65\"\ntest:\n  script: [cargo test]\n", &["1 Rust 1.65"]);
        check("test:\n  image: registry.example/library/rust:1.65.0-slim # rust:1.60\n", &["2 Rust 1.65.0"]);
        check("jobs:\n  t:\n    docker:\n      - image: cimg/rust:1.65.0\n", &["4 Rust 1.65.0"]);
        check("language: rust\nrust:\n  - 1.31.0\n  - stable\nos:\n  - 1.2.3\n", &["3 Rust 1.31.0"]);
        check("rust:\n- 1.31.0\n- 1.40.0\nos: linux\n", &["2 Rust 1.31.0", "3 Rust 1.40.0"]);
        check("matrix:\n  include:\n    - rust: 1.20.0\n    - env: A=1.30\n", &["3 Rust 1.20.0"]);
        check("variables:\n  MSRV: \"1.65\"\n  RUST_LOG: 1.1\n", &["2 Rust 1.65 and newer"]);
        check(
            "task:\n  install_script:\n    - rustup toolchain install 1.65\n    - cargo +1.66 test\n",
            &["3 Rust 1.65", "4 Rust 1.66"],
        );
        check("- script: curl x | sh -s -- -y --default-toolchain 1.65.0\n", &["1 Rust 1.65.0"]);
        check("environment:\n  matrix:\n    - channel: stable\n", &[]);
        check("rust: [1.65, 1.70]\n", &["1 Rust 1.65", "1 Rust 1.70"]);
        check("\t- image: rust:1.65\n\tbroken: [\n", &["1 Rust 1.65"]);
        check("image: rust:latest\ncache: 1.65\n", &[]);
    }

    #[test]
    fn what_may_fail_is_no_promise() {
        let travis = "rust:\n  - 1.31.0\n  - 1.20.0\nmatrix:\n  allow_failures:\n    - rust: 1.20.0\n    - rust: nightly\n  fast_finish: true\n";
        let found = ci(".travis.yml", travis);
        let lines: Vec<usize> = found.not_taken.iter().map(|one| one.line).collect();
        assert_eq!((found.promises.len(), found.promises[0].line, lines), (1, 2, vec![3, 6]));
        assert_eq!(found.not_taken[0].because, "it may fail there");
        // Only the job with that variable too.
        check("rust: [1.31.0]\njobs:\n  allow_failures:\n  - rust: 1.31.0\n    env: A=1\n", &["1 Rust 1.31.0"]);
        check("old:\n  image: rust:1.60\n  allow_failure: true\n\nnew:\n  image: rust:1.65\n", &["6 Rust 1.65"]);
        check("a:\n  image: rust:1.60\n  allow_failure: false\n", &["2 Rust 1.60"]);
    }

    #[test]
    fn containers_promise_nothing() {
        let text = "ARG RUST_VERSION=1.68\nFROM rust:${RUST_VERSION}-slim\nFROM --platform=x docker.io/rust:1.70 AS b\nFROM debian:12\n\
                    RUN rustup default 1.71\nENV VERSION 1.72\n";
        let found = container("Dockerfile", text);
        assert_eq!(found.promises, []);
        let lines: Vec<usize> = found.not_taken.iter().map(|one| one.line).collect();
        assert_eq!(lines, [1, 3, 5]);
    }
}
