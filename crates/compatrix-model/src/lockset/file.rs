//! A Cargo.lock: read, pruned to what packages use, written as an old cargo reads it, and the header that says what a
//! lockset was made from.
//!
//! By hand, because the `cargo-lock` crate writes the same bytes but needs `url` and its Unicode tables, which would add
//! about a tenth to a cold build.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;

use semver::Version;
use serde::Deserialize;

/// The source of packages from the main registry, as lockfiles spell it.
pub const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A parsed Cargo.lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lockfile {
    /// The format: 1 to 4.
    pub format: u32,
    /// Its packages, in the file's order.
    pub packages: Vec<Locked>,
}

/// A package in a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Locked {
    /// The package's name.
    pub name: String,
    /// The exact version.
    pub version: String,
    /// The source; `None` for workspace packages and path dependencies.
    #[serde(default)]
    pub source: Option<String>,
    /// SHA-256 of its .crate file; `None` if the source has none.
    #[serde(default)]
    pub checksum: Option<String>,
    /// Its dependencies: `name`, `name version` or `name version (source)`, in the shortest unambiguous form.
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// The package that stands in its place by a `[replace]` of the root manifest, spelled as a dependency.
    #[serde(default)]
    pub replace: Option<String>,
}

/// The inputs of a lockset, recorded in comments at the top of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The lowest Rust that it was made for.
    pub rust: Version,
    /// Hash of the manifests, pins and platforms that it was made from.
    pub inputs: String,
    /// Hash of the text below the header, to detect manual edits.
    pub content: String,
}

/// Why a text is no lockfile, in the TOML parser's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockfileError(String);

impl fmt::Display for LockfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no lockfile that can be read: {}", self.0)
    }
}

impl std::error::Error for LockfileError {}

impl Lockfile {
    /// Reads a lockfile of any format.
    ///
    /// # Errors
    /// It is not TOML of a lockfile.
    pub fn parse(text: &str) -> Result<Self, LockfileError> {
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            version: Option<u32>,
            #[serde(default)]
            package: Vec<Locked>,
            #[serde(default)]
            metadata: BTreeMap<String, toml::Value>,
        }
        let file: File = toml::from_str(text).map_err(|error| LockfileError(error.message().to_owned()))?;
        // Formats 1 and 2 have no version; 1 has a separate table of checksums.
        let format = file.version.unwrap_or(if file.metadata.is_empty() { 2 } else { 1 });
        Ok(Self { format, packages: file.package })
    }

    /// Positions of a local package and of all that it may use, dev-dependencies included.
    pub fn closure(&self, name: &str) -> BTreeSet<usize> {
        let local = self.packages.iter().position(|p| p.name == name && p.source.is_none());
        self.reach(local.into_iter().collect(), |_, _| true)
    }

    /// Positions of these and of all that they lead to over the dependencies that are admitted: position of the package
    /// that depends, position of the one it depends on.
    pub fn reach(&self, start: Vec<usize>, admits: impl Fn(usize, usize) -> bool) -> BTreeSet<usize> {
        let by_name = self.by_name();
        let mut found = BTreeSet::new();
        let mut todo = start;
        while let Some(n) = todo.pop() {
            if !found.insert(n) {
                continue;
            }
            let package = &self.packages[n];
            let uses = package.dependencies.iter().chain(&package.replace);
            let uses = uses.flat_map(|text| self.resolve(&by_name, text));
            todo.extend(uses.filter(|&used| admits(n, used)));
        }
        found
    }

    /// The position of the package that stands in the place of this one.
    pub fn replacement(&self, n: usize) -> Option<usize> {
        self.resolve(&self.by_name(), self.packages[n].replace.as_ref()?).into_iter().find(|&other| other != n)
    }

    fn by_name(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (n, package) in self.packages.iter().enumerate() {
            by_name.entry(&package.name).or_default().push(n);
        }
        by_name
    }

    /// Positions that a dependency's text means.
    fn resolve<'a>(&'a self, by_name: &BTreeMap<&str, Vec<usize>>, text: &'a str) -> Vec<usize> {
        let mut words = text.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        let source = words.next().map(|source| source.trim_matches(['(', ')']));
        let candidates = by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let meant = candidates.iter().copied().filter(|&n| {
            let package = &self.packages[n];
            version.is_none_or(|version| package.version == version)
                && source.is_none_or(|source| package.source.as_deref() == Some(source))
        });
        meant.collect()
    }

    /// Only these packages and the dependencies among them that are admitted, as [`Lockfile::reach`] asks for them; in
    /// format 3. A dependency may be there for another platform only, though the package itself is needed here.
    ///
    /// Format 3 is read by every cargo from 1.53 on, 4 only from 1.78 on. They differ in how sources are encoded.
    pub fn keep(&self, kept: &BTreeSet<usize>, admits: impl Fn(usize, usize) -> bool) -> Lockfile {
        let by_name = self.by_name();
        let named = |package: &Locked| -> String {
            let same_name = kept.iter().filter(|&&n| self.packages[n].name == package.name);
            let (count, versions) = same_name.fold((0, 0), |(count, versions), &n| {
                (count + 1, versions + usize::from(self.packages[n].version == package.version))
            });
            match (count, versions, &package.source) {
                (1, _, _) => package.name.clone(),
                (_, 1, _) | (_, _, None) => format!("{} {}", package.name, package.version),
                (_, _, Some(source)) => format!("{} {} ({})", package.name, package.version, decoded(source)),
            }
        };
        let one = |&n: &usize| {
            let package = &self.packages[n];
            let uses = package.dependencies.iter().flat_map(|text| self.resolve(&by_name, text));
            let mut dependencies: Vec<String> = uses
                .filter(|&used| kept.contains(&used) && admits(n, used))
                .map(|used| named(&self.packages[used]))
                .collect();
            dependencies.sort();
            dependencies.dedup();
            let replacement = package.replace.as_ref().and_then(|text| {
                self.resolve(&by_name, text).into_iter().find(|&other| other != n && kept.contains(&other))
            });
            let replace = replacement.map(|other| named(&self.packages[other]));
            Locked { dependencies, replace, source: package.source.as_deref().map(decoded), ..package.clone() }
        };
        let mut packages: Vec<Locked> = kept.iter().map(one).collect();
        packages.sort_by(|a, b| {
            let version = |text: &str| Version::parse(text).ok();
            (&a.name, version(&a.version), &a.source).cmp(&(&b.name, version(&b.version), &b.source))
        });
        Lockfile { format: 3, packages }
    }

    /// One sorted line per package with all relevant facts, for hashing.
    pub fn lines(&self, of: &BTreeSet<usize>) -> Vec<String> {
        let mut lines: Vec<String> = of
            .iter()
            .map(|&n| &self.packages[n])
            .map(|p| format!("{} {} {:?} {:?}", p.name, p.version, p.source, p.checksum))
            .collect();
        lines.sort();
        lines
    }

    /// All positions.
    pub fn everything(&self) -> BTreeSet<usize> {
        (0..self.packages.len()).collect()
    }

    /// The file's text, as cargo writes it.
    pub fn to_text(&self) -> String {
        let mut out = format!(
            "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = {}\n",
            self.format
        );
        for package in &self.packages {
            let _ = write!(out, "\n[[package]]\nname = \"{}\"\nversion = \"{}\"\n", package.name, package.version);
            if let Some(source) = &package.source {
                let _ = writeln!(out, "source = \"{source}\"");
            }
            if let Some(checksum) = &package.checksum {
                let _ = writeln!(out, "checksum = \"{checksum}\"");
            }
            if !package.dependencies.is_empty() {
                let list: Vec<String> = package.dependencies.iter().map(|name| format!(" \"{name}\",\n")).collect();
                let _ = write!(out, "dependencies = [\n{}]\n", list.concat());
            }
            if let Some(replace) = &package.replace {
                let _ = writeln!(out, "replace = \"{replace}\"");
            }
        }
        out
    }
}

/// A source as formats before 4 spell it: the branch or tag of a git source is not percent-encoded there.
fn decoded(source: &str) -> String {
    let Some((before, query)) = source.split_once('?') else { return source.to_owned() };
    let bytes = query.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut n = 0;
    while n < bytes.len() {
        let hex = query.get(n + 1..n + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[n], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                n += 3;
            }
            (byte, _) => {
                out.push(byte);
                n += 1;
            }
        }
    }
    String::from_utf8(out).map_or_else(|_| source.to_owned(), |query| format!("{before}?{query}"))
}

const RUST: &str = "# compatrix: for Rust ";
const INPUTS: &str = "# compatrix: made from ";
const CONTENT: &str = "# compatrix: content ";

impl Header {
    /// The file: this header, then the lockfile's text without its comments.
    pub fn file(&self, command: &str, body: &str) -> String {
        format!(
            "# This file is @generated by `{command} lock` from compat/matrix.toml and the manifests. Not to be edited.\n\
             {RUST}{}\n{INPUTS}{}\n{CONTENT}{}\n{}",
            self.rust,
            self.inputs,
            self.content,
            body_of(body)
        )
    }

    /// Parses the header of a lockset's file; `None` if it is missing or incomplete.
    pub fn of(text: &str) -> Option<Header> {
        let line = |start: &str| text.lines().take(8).find_map(|line| line.strip_prefix(start)).map(str::trim);
        Some(Header {
            rust: line(RUST)?.parse().ok()?,
            inputs: line(INPUTS)?.to_owned(),
            content: line(CONTENT)?.to_owned(),
        })
    }
}

/// The text below the leading comments of a lockfile.
pub fn body_of(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "mine"
version = "0.1.0"
dependencies = [
 "a 1.0.0",
 "b",
]

[[package]]
name = "a"
version = "1.0.0"
source = "registry"

[[package]]
name = "a"
version = "2.0.0"
source = "registry"

[[package]]
name = "b"
version = "1.0.0"
source = "git+https://example.com/b?branch=feat%2Fx#0123"
dependencies = [
 "c",
]

[[package]]
name = "c"
version = "1.0.0"
source = "registry"
checksum = "00"

[[package]]
name = "other"
version = "0.1.0"
dependencies = [
 "a 2.0.0",
]
"#;

    #[test]
    fn the_lockset_of_a_package_is_only_what_it_uses() {
        let lock = Lockfile::parse(LOCK).unwrap();
        let names = |package: &str| -> Vec<String> {
            let closure = lock.closure(package);
            closure.iter().map(|&n| format!("{} {}", lock.packages[n].name, lock.packages[n].version)).collect()
        };
        assert_eq!(names("mine"), ["mine 0.1.0", "a 1.0.0", "b 1.0.0", "c 1.0.0"]);
        assert_eq!(names("other"), ["a 2.0.0", "other 0.1.0"]);
        assert_ne!(lock.lines(&lock.closure("mine")), lock.lines(&lock.closure("other")));
    }

    #[test]
    fn a_pruned_lockfile_is_of_format_3_and_names_are_as_short_as_cargo_writes_them() {
        let lock = Lockfile::parse(LOCK).unwrap();
        assert_eq!(lock.format, 4);
        let pruned = lock.keep(&lock.closure("mine"), |_, _| true);
        let mine = pruned.packages.iter().find(|p| p.name == "mine").unwrap();
        assert_eq!(mine.dependencies, ["a", "b"], "there is one `a` left, so its version is not named");
        let names: Vec<&str> = pruned.packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "mine"]);
        assert_eq!(pruned.packages[1].source.as_deref(), Some("git+https://example.com/b?branch=feat/x#0123"));
        let text = pruned.to_text();
        assert!(text.contains("version = 3\n"), "{text}");
        assert_eq!(Lockfile::parse(&text).unwrap(), pruned, "what is written is read again");
    }

    #[test]
    fn a_dependency_that_is_not_admitted_goes_though_its_package_stays() {
        let lock = Lockfile::parse(LOCK).unwrap();
        let at = |name: &str| lock.packages.iter().position(|p| p.name == name).unwrap();
        let (mine, b) = (at("mine"), at("b"));
        let pruned = lock.keep(&lock.closure("mine"), |from, to| (from, to) != (mine, b));
        let of = |name: &str| pruned.packages.iter().find(|p| p.name == name).unwrap().dependencies.clone();
        assert_eq!((of("mine"), of("b")), (vec!["a".to_owned()], vec!["c".to_owned()]));
    }

    #[test]
    fn formats_are_told_apart() {
        let format = |text: &str| Lockfile::parse(text).unwrap().format;
        assert_eq!(format("version = 4\n"), 4);
        assert_eq!(format("version = 3\n"), 3);
        assert_eq!(format("[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n"), 2);
        assert_eq!(format("[metadata]\n\"checksum a 0.1.0\" = \"00\"\n"), 1);
        assert!(Lockfile::parse("version = [").is_err());
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let header = Header { rust: Version::new(1, 63, 0), inputs: "ab".into(), content: "cd".into() };
        let text = header.file("cargo xtask", "# by cargo\n# more\nversion = 3\n");
        assert_eq!(Header::of(&text), Some(header));
        assert_eq!(body_of(&text), "version = 3\n");
        assert_eq!(Header::of("version = 3\n"), None);
        assert_eq!(Header::of("# compatrix: for Rust x\n"), None);
    }
}
