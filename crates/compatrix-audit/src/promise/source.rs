//! The root of a crate and Clippy's configuration: documentation as in a README, and the `msrv` that Clippy reads.

use super::kinds::{quoted, Promise, PromiseKind, PromiseSource};
use super::prose;
use super::scanned::{NotTaken, Scanned};
use compatrix_model::condition::partial_version;

pub(super) fn scan(file: &str, text: &str) -> Scanned {
    let mut found = prose::scan(file, PromiseSource::Source, &documentation(text));
    // The quotes are of the source, not of the documentation alone.
    let lines: Vec<&str> = text.lines().collect();
    let quote = |line: usize| quoted(lines.get(line - 1).copied().unwrap_or_default());
    found.promises.iter_mut().for_each(|one| one.text = quote(one.line));
    found.not_taken.iter_mut().for_each(|one| one.text = quote(one.line));
    for (n, line) in lines.iter().enumerate() {
        let attribute = line.trim_start().strip_prefix("#![clippy::msrv");
        if let Some(version) = attribute.and_then(|rest| rest.split('"').nth(1)) {
            add(file, n + 1, line, version, PromiseSource::Source, &mut found);
        }
    }
    found
}

/// The documentation of the crate as a file of its own, with the lines where they are in the source.
fn documentation(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let begins = trimmed.strip_prefix("/*!");
        let words = match (inside, begins) {
            (false, Some(rest)) => {
                inside = true;
                rest
            }
            (true, _) => trimmed.strip_prefix("* ").unwrap_or(line),
            (false, None) => trimmed.strip_prefix("//!").map_or("", |rest| rest.strip_prefix(' ').unwrap_or(rest)),
        };
        if inside && words.contains("*/") {
            inside = false;
            out.push_str(words.split("*/").next().unwrap_or_default());
        } else {
            out.push_str(words);
        }
        out.push('\n');
    }
    out
}

/// `msrv = "1.65"` of `clippy.toml`.
pub(super) fn clippy(file: &str, text: &str) -> Scanned {
    let mut found = Scanned::default();
    if let Some((line, value)) = crate::manifest::key(text, &["msrv"]) {
        let quote = text.lines().nth(line - 1).unwrap_or_default();
        add(file, line, quote, &value.unwrap_or_default(), PromiseSource::Clippy, &mut found);
    } else if let Err(error) = text.parse::<toml::Table>() {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        let quote = text.lines().nth(line - 1).unwrap_or_default();
        found.not_taken.push(NotTaken::new(
            file,
            line,
            quote,
            "the file is no valid TOML, so Clippy's `msrv` is unknown",
        ));
    }
    found
}

fn add(file: &str, line: usize, quote: &str, version: &str, source: PromiseSource, found: &mut Scanned) {
    if partial_version(version).is_some_and(|version| version.major == 1) && version.contains('.') {
        let kind = PromiseKind::LowestRust(version.to_owned());
        let (file, key, text) = (file.to_owned(), "msrv".to_owned(), quoted(quote));
        found.promises.push(Promise { file, line, source, kind, key, spelled: None, text });
    } else {
        found.not_taken.push(NotTaken::new(file, line, quote, "the value is no version of Rust"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crate_roots_are_read_as_readmes_are() {
        let text =
            "#![no_std]\n//! # Demo\n//!\n//! Requires\n//! Rust 1.65 or later.\n\n//! ```\n//! MSRV 1.60\n//! ```\n\
                    #![clippy::msrv = \"1.64\"]\n/// Requires Rust 1.80+.\npub fn f() {} // MSRV 1.81\n";
        let found = scan("src/lib.rs", text);
        let shown: Vec<String> = found.promises.iter().map(|p| format!("{} {} {}", p.line, p.kind, p.text)).collect();
        assert_eq!(
            shown,
            ["5 Rust 1.65 and newer //! Rust 1.65 or later.", "10 Rust 1.64 and newer #![clippy::msrv = \"1.64\"]"]
        );
        let block = scan("src/lib.rs", "/*!\n * MSRV: 1.65\n */\n// MSRV: 1.60\n");
        assert_eq!(block.promises.len(), 1);
    }

    #[test]
    fn the_msrv_of_clippy() {
        assert_eq!(clippy("clippy.toml", "a = 1\nmsrv = \"1.60.0\"\n").promises[0].line, 2);
        assert_eq!(clippy("clippy.toml", "msrv = 1.60\n").not_taken.len(), 1);
        assert_eq!(clippy("clippy.toml", "a b\n").not_taken[0].line, 1);
        assert_eq!(clippy("clippy.toml", "b = 1\n"), Scanned::default());
    }
}
