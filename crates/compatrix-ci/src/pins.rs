//! `ci/actions.toml`: version and commit of each action, digest of each image.

mod bump;
mod uses;

use std::collections::BTreeMap;

use semver::Version;
use toml::de::{DeTable, DeValue};
use toml::Spanned;

use shaped_toml::nearest;

pub use bump::{adopt, bumped, Bump, Refusal};
pub use uses::{fingerprint, uses, Reference, Use, CHECKSUM};

/// Path relative to the root.
pub const FILE: &str = "ci/actions.toml";

/// The initial [`FILE`] for a workspace that has none.
pub const FIRST: &str = include_str!("pins/first.toml");

/// The pins of actions and images.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pins {
    /// By the action's repository: `actions/cache`, which also covers `actions/cache/restore`.
    pub actions: BTreeMap<String, Pin>,
    /// Digests (`sha256:…`) by image and tag: `debian:bookworm`.
    pub images: BTreeMap<String, String>,
}

/// A version and its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The full version: `v7.0.1`.
    pub version: String,
    /// The commit: 40 hex digits.
    pub sha: String,
}

impl Pins {
    /// Parses the file.
    ///
    /// # Errors
    /// All problems of the file, each with its line.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut reader = PinsReader { text, pins: Self::default(), problems: Vec::new() };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let start = error.span().map_or(text.len(), |span| span.start);
            reader.problem(start, format!("not TOML: {}", error.message()));
        }
        if errors.is_empty() {
            reader.root(root.get_ref());
        }
        if reader.problems.is_empty() {
            return Ok(reader.pins);
        }
        reader.problems.sort_by_key(|(line, _)| *line);
        Err(reader.problems.into_iter().map(|(line, what)| format!("{FILE}: line {line}: {what}")).collect())
    }

    /// The pins of [`FIRST`].
    pub fn first() -> Self {
        Self::parse(FIRST).expect("a file of this crate, parsed by a test")
    }

    /// The pin of an action, or of its repository.
    pub fn action(&self, action: &str) -> Option<&Pin> {
        self.actions.get(&repository(action))
    }

    /// Names the actions and images without a pin, with the lines to add; `None` if all have one.
    pub fn missing<'a>(
        &self,
        actions: impl IntoIterator<Item = &'a str>,
        images: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        let mut lines = BTreeMap::new();
        for action in actions.into_iter().map(repository).filter(|action| !self.actions.contains_key(action)) {
            let known = Self::first().actions.remove(&action);
            let (version, sha) = known.map_or_else(
                || ("v0.0.0".to_owned(), "the commit of that version, 40 hex digits".to_owned()),
                |pin| (pin.version, pin.sha),
            );
            lines.insert(
                format!("the action {action}"),
                format!("[action.\"{action}\"]\nversion = \"{version}\"\nsha = \"{sha}\"\n"),
            );
        }
        for image in images.into_iter().filter(|image| !self.images.contains_key(*image)) {
            let known = Self::first().images.remove(image);
            let digest = known.unwrap_or_else(|| "sha256:the digest of that image".to_owned());
            lines.insert(format!("the image {image}"), format!("[image.\"{image}\"]\ndigest = \"{digest}\"\n"));
        }
        if lines.is_empty() {
            return None;
        }
        let (names, lines): (Vec<String>, Vec<String>) = lines.into_iter().unzip();
        let (has, it) = if names.len() == 1 { ("has", "it") } else { ("have", "them") };
        Some(format!("{} {has} no pin; add {it} to {FILE}:\n\n{}", names.join(" and "), lines.join("\n")))
    }
}

/// The `owner/name` of an action, without a path in the repository.
pub(crate) fn repository(action: &str) -> String {
    action.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")
}

/// Parses a version as actions spell it: `v7.0.1`.
pub(crate) fn version(text: &str) -> Option<Version> {
    let version = Version::parse(text.strip_prefix('v')?).ok()?;
    (version.pre.is_empty() && version.build.is_empty()).then_some(version)
}

/// Whether it is a full SHA-1 in lower case.
pub fn is_sha(text: &str) -> bool {
    is_hex(text, 40)
}

/// Whether it is an image digest: `sha256:` and 64 hex digits.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| is_hex(hex, 64))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a repository or image name is safe: nothing special to YAML or a shell.
fn is_name(text: &str, slashes: std::ops::RangeInclusive<usize>, also: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c) || also.contains(c);
    let slashed = slashes.contains(&text.matches('/').count());
    slashed && text.chars().all(plain) && text.split(['/', ':']).all(|part| !part.is_empty() && !part.starts_with('.'))
}

struct PinsReader<'a> {
    text: &'a str,
    pins: Pins,
    problems: Vec<(usize, String)>,
}

type Value<'v> = Spanned<DeValue<'v>>;

impl PinsReader<'_> {
    fn problem(&mut self, at: usize, what: impl Into<String>) {
        let line = self.text[..at.min(self.text.len())].bytes().filter(|b| *b == b'\n').count() + 1;
        self.problems.push((line, what.into()));
    }

    fn root(&mut self, root: &DeTable<'_>) {
        for (key, value) in root {
            match key.get_ref().as_ref() {
                "action" => self.each(value, Self::action),
                "image" => self.each(value, Self::image),
                other => self.unknown(key.span().start, other, &["action", "image"]),
            }
        }
    }

    fn each(&mut self, value: &Value<'_>, read: fn(&mut Self, &str, usize, &DeTable<'_>)) {
        let Some(table) = value.get_ref().as_table() else {
            return self.problem(value.span().start, "expected tables, `[action.\"owner/name\"]`");
        };
        for (name, value) in table {
            match value.get_ref().as_table() {
                Some(table) => read(self, name.get_ref(), name.span().start, table),
                None => self.problem(name.span().start, format!("`{}` is not a table", name.get_ref())),
            }
        }
    }

    fn action(&mut self, name: &str, at: usize, table: &DeTable<'_>) {
        if !is_name(name, 1..=1, "") {
            self.problem(at, format!("`{name}` is not an action's repository; write `owner/name`"));
        }
        let before = self.problems.len();
        let [tag, sha] = self.texts(at, table, ["version", "sha"]);
        if let Some((tag, at)) = tag.as_ref().filter(|(tag, _)| version(tag).is_none()) {
            self.problem(*at, format!("`{tag}` is not a full version of an action; write `v7.0.1`"));
        }
        if let Some((sha, at)) = sha.as_ref().filter(|(sha, _)| !is_sha(sha)) {
            self.problem(
                *at,
                format!(
                    "`{sha}` is not a full commit; write all 40 hex digits in lower case, as `git rev-parse` prints them"
                ),
            );
        }
        if let (Some((version, _)), Some((sha, _)), true) = (tag, sha, before == self.problems.len()) {
            self.pins.actions.insert(name.to_owned(), Pin { version, sha });
        }
    }

    fn image(&mut self, name: &str, at: usize, table: &DeTable<'_>) {
        if !is_name(name, 0..=3, ":") || name.matches(':').count() != 1 {
            self.problem(at, format!("`{name}` is not an image with a tag; write `debian:bookworm`"));
        }
        let [digest] = self.texts(at, table, ["digest"]);
        let Some((digest, at)) = digest else { return };
        if is_digest(&digest) {
            self.pins.images.insert(name.to_owned(), digest);
        } else {
            self.problem(at, format!("`{digest}` is not a digest; write `sha256:` and 64 hex digits in lower case"));
        }
    }

    /// The strings of these keys with their positions; reports missing, mistyped and unknown keys.
    fn texts<const N: usize>(
        &mut self,
        at: usize,
        table: &DeTable<'_>,
        keys: [&str; N],
    ) -> [Option<(String, usize)>; N] {
        for (key, _) in table {
            if !keys.contains(&key.get_ref().as_ref()) {
                self.unknown(key.span().start, key.get_ref(), &keys);
            }
        }
        keys.map(|key| {
            let Some(value) = table.get(key) else {
                self.problem(at, format!("`{key}` is missing"));
                return None;
            };
            let text = value.get_ref().as_str().map(|text| (text.to_owned(), value.span().start));
            if text.is_none() {
                self.problem(value.span().start, format!("`{key}` is not a string; put it in quotes"));
            }
            text
        })
    }

    fn unknown(&mut self, at: usize, key: &str, known: &[&str]) {
        let meant = nearest(key, known.iter().copied()).map_or_else(
            || format!("known keys are {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        self.problem(at, format!("unknown key `{key}`; {meant}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &[&str]) {
        let problems = Pins::parse(text).expect_err("a broken file");
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.contains(expected), "{problem:?} has no {expected:?}");
        }
    }

    #[test]
    fn the_first_file_has_what_workflows_need() {
        let pins = Pins::parse(FIRST).unwrap();
        let actions: Vec<&str> = pins.actions.keys().map(String::as_str).collect();
        assert_eq!(
            actions,
            [
                "Swatinem/rust-cache",
                "actions/cache",
                "actions/checkout",
                "actions/download-artifact",
                "actions/upload-artifact",
                "github/codeql-action"
            ]
        );
        assert_eq!(pins.action("actions/cache/restore"), pins.action("actions/cache"));
        assert_eq!(pins.images.len(), 3);
    }

    #[test]
    fn each_thing_that_is_wrong_is_told_with_its_line() {
        let sha = "3d3c42e5aac5ba805825da76410c181273ba90b1";
        let action = |version: &str, sha: &str| format!("[action.\"a/b\"]\nversion = \"{version}\"\nsha = \"{sha}\"\n");
        assert!(Pins::parse(&action("v1.2.3", sha)).is_ok());
        refused(&action("v7", sha), &["line 2: `v7` is not a full version"]);
        refused(&action("7.0.1", sha), &["line 2: `7.0.1`"]);
        refused(&action("v1.2.3-rc.1", sha), &["line 2"]);
        refused(&action("v1.2.3", &sha[1..]), &["line 3: `d3c"]);
        refused(&action("v1.2.3", &sha.to_uppercase()), &["line 3"]);
        refused(&action("v1", "main"), &["line 2", "line 3: `main` is not a full commit"]);
        refused("[action.\"a/b\"]\nversion = \"v1.2.3\"\n", &["line 1: `sha` is missing"]);
        refused(&format!("{}extra = 1\n", action("v1.2.3", sha)), &["line 4: unknown key `extra`"]);
        refused(
            &action("v1.2.3", sha).replace("sha =", "hsa ="),
            &["line 1: `sha`", "line 3: unknown key `hsa`; did you mean `sha`?"],
        );
        refused("[action.\"a/b/c\"]\n", &["line 1: `a/b/c`", "`version`", "`sha`"]);
        refused("[action.\"a/b: ${{ x }}\"]\n", &["is not an action's repository", "`version`", "`sha`"]);
        refused("[actoin.x]\n", &["line 1: unknown key `actoin`; did you mean `action`?"]);
        refused("action = 1\n", &["line 1: expected tables"]);
        refused("[image.\"debian:bookworm\"]\ndigest = \"sha256:abc\"\n", &["line 2: `sha256:abc` is not a digest"]);
        refused("[image.debian]\ndigest = \"x\"\n", &["line 1: `debian` is not an image", "line 2"]);
        refused("[image.\"debian:bookworm\"]\ndigest = 7\n", &["line 2: `digest` is not a string"]);
        refused("\n[action\n", &["line 2: not TOML"]);
    }

    #[test]
    fn what_has_no_pin_is_told_with_the_lines_to_add() {
        let first = Pins::first();
        assert_eq!(first.missing(["actions/cache/restore", "actions/checkout"], ["debian:bookworm"]), None);
        let told = Pins::default().missing(["actions/cache/save"], []).unwrap();
        let pin = first.action("actions/cache").unwrap();
        assert!(told.contains("the action actions/cache has no pin; add it to ci/actions.toml"), "{told}");
        assert!(
            told.contains(&format!("[action.\"actions/cache\"]\nversion = \"{}\"\nsha = \"{}\"", pin.version, pin.sha))
        );
        let told = first.missing(["else/where"], ["debian:sid"]).unwrap();
        assert!(told.contains("[image.\"debian:sid\"]\ndigest = \"sha256:") && told.contains("have no pin"), "{told}");
    }
}
