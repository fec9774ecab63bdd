//! Parses apt's output: the packages that it would install, their stanzas, and which of them are needed here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Sections of shared libraries. Source: Debian Policy 2.4; Ubuntu puts the component before it (`universe/libs`).
const LIBRARIES: [&str; 2] = ["libs", "oldlibs"];

/// The source package of the C library, which stays the host's: its loader starts every program here.
const C_LIBRARY: &str = "glibc";

/// A package of this version, as its archive describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DebPackage {
    pub(super) name: String,
    pub(super) version: String,
    /// The hash of its file; apt checks the file against it.
    pub(super) sha256: String,
    #[serde(skip)]
    section: String,
    #[serde(skip)]
    pub(super) source: String,
    /// Names in `Depends` and `Pre-Depends`, of all alternatives.
    #[serde(skip)]
    depends: Vec<String>,
    #[serde(skip)]
    provides: Vec<String>,
}

impl DebPackage {
    /// One of which nothing but name and version are known.
    pub(super) fn of(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            sha256: String::new(),
            section: String::new(),
            source: String::new(),
            depends: Vec::new(),
            provides: Vec::new(),
        }
    }
}

/// The packages, `name=version`, that a simulated installation names: `Inst rustc (1.63.0+dfsg1-2 Debian:12 [amd64])`.
pub(super) fn simulated(said: &str) -> Vec<String> {
    let line = |line: &str| {
        let mut words = line.strip_prefix("Inst ")?.split(' ');
        let name = words.next()?;
        let version = words.find_map(|word| word.strip_prefix('('))?;
        Some(format!("{name}={}", version.trim_end_matches(')')))
    };
    said.lines().filter_map(line).collect()
}

/// Reads the stanzas of `apt-cache show`; of those of one name the first counts.
pub(super) fn stanzas(said: &str) -> Vec<DebPackage> {
    let mut packages: BTreeMap<String, DebPackage> = BTreeMap::new();
    for stanza in said.split("\n\n") {
        let field = |name: &str| {
            stanza.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim())).unwrap_or_default()
        };
        let names = |text: &str| -> Vec<String> {
            let words = text.split([',', '|']).filter_map(|word| word.split([' ', '(']).find(|word| !word.is_empty()));
            // `python3:any` is the package python3.
            words.map(|word| word.split(':').next().unwrap_or_default().to_owned()).collect()
        };
        let name = field("Package");
        if name.is_empty() || packages.contains_key(name) {
            continue;
        }
        let source = field("Source").split(' ').next().filter(|source| !source.is_empty()).unwrap_or(name);
        let package = DebPackage {
            name: name.to_owned(),
            version: field("Version").to_owned(),
            sha256: field("SHA256").to_owned(),
            section: field("Section").rsplit('/').next().unwrap_or_default().to_owned(),
            source: source.to_owned(),
            depends: [names(field("Pre-Depends")), names(field("Depends"))].concat(),
            provides: names(field("Provides")),
        };
        packages.insert(name.to_owned(), package);
    }
    packages.into_values().collect()
}

/// Of the packages that apt would install for the wanted ones, those that are needed to run them here: shared libraries
/// other than the C library, and what was built from the same source. Compilers, linkers and data are the host's.
pub(super) fn needed(packages: &[DebPackage], wanted: &[&str]) -> Vec<DebPackage> {
    let sources: BTreeSet<&str> =
        packages.iter().filter(|p| wanted.contains(&p.name.as_str())).map(|p| p.source.as_str()).collect();
    let keep = |package: &DebPackage| {
        let library = LIBRARIES.contains(&package.section.as_str()) && package.source != C_LIBRARY;
        library || sources.contains(package.source.as_str())
    };
    let mut kept: BTreeMap<&str, &DebPackage> = BTreeMap::new();
    let mut todo: Vec<&str> = wanted.to_vec();
    while let Some(name) = todo.pop() {
        let is = |package: &&DebPackage| package.name == name || package.provides.iter().any(|other| other == name);
        for package in packages.iter().filter(is) {
            let take = wanted.contains(&package.name.as_str()) || keep(package);
            if take && kept.insert(package.name.as_str(), package).is_none() {
                todo.extend(package.depends.iter().map(String::as_str));
            }
        }
    }
    kept.into_values().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMULATED: &str = "\
Reading package lists...
The following NEW packages will be installed:
  cargo rustc
Inst libc6 (2.36-9+deb12u10 Debian:12.11/oldstable [amd64]) []
Inst rustc (1.63.0+dfsg1-2 Debian:12.11/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst gcc-12-base [12.1-1] (12.2.0-14 Debian:12.11/oldstable [amd64])
Conf rustc (1.63.0+dfsg1-2 Debian:12.11/oldstable [amd64])
";

    const STANZAS: &str = "\
Package: rustc
Version: 1.63.0+dfsg1-2
Section: rust
SHA256: aa
Depends: libc6 (>= 2.34), libgcc-s1 (>= 3.0), libstd-rust-dev (= 1.63.0+dfsg1-2), gcc, libc-dev, binutils (>= 2.26)

Package: cargo
Version: 0.66.0
Section: rust
Depends: rustc (>= 1.24), binutils, gcc | clang | c-compiler, libfoo-virtual

Package: libstd-rust-dev
Source: rustc
Version: 1.63.0+dfsg1-2
Section: rust
Depends: libstd-rust-1.63 (= 1.63.0+dfsg1-2)

Package: libstd-rust-1.63
Source: rustc (1.63.0)
Version: 1.63.0+dfsg1-2
Section: universe/libs
Pre-Depends: libgcc-s1:any

Package: libgcc-s1
Source: gcc-12
Section: libs
Depends: gcc-12-base, libc6

Package: libc6
Source: glibc
Section: libs
Depends: libcrypt1

Package: libfoo9
Section: oldlibs
Provides: libfoo-virtual (= 9), libother

Package: gcc-12-base
Section: libs

Package: libcrypt1
Section: libs

Package: gcc
Section: devel
Depends: libgomp1

Package: libgomp1
Section: libs

Package: rustc
Version: 1.0
";

    #[test]
    fn what_apt_would_install_is_read() {
        let read = ["libc6=2.36-9+deb12u10", "rustc=1.63.0+dfsg1-2", "gcc-12-base=12.2.0-14"];
        assert_eq!(simulated(SIMULATED), read);
        assert!(simulated("E: Unable to locate package x").is_empty());
    }

    #[test]
    fn of_what_apt_would_install_only_libraries_and_parts_of_the_same_source_are_needed() {
        let all = stanzas(STANZAS);
        assert_eq!(all.iter().find(|p| p.name == "rustc").map(|p| p.version.as_str()), Some("1.63.0+dfsg1-2"));
        let names = |wanted: &[&str]| needed(&all, wanted).into_iter().map(|p| p.name).collect::<Vec<_>>();
        let expected = ["cargo", "gcc-12-base", "libfoo9", "libgcc-s1", "libstd-rust-1.63", "libstd-rust-dev", "rustc"];
        assert_eq!(names(&["rustc", "cargo"]), expected);
        assert!(names(&["nothing"]).is_empty());
    }
}
