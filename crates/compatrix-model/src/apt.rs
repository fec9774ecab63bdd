//! Debian packages, suites and archives. Text only; the engine runs apt.

mod sources;
mod suite;

use std::fmt;

pub use sources::{for_suite, parse, parse_stanzas, Source, SourceError};
pub use suite::is_suite;

/// A request for packages of one suite of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `bookworm`, `bookworm-security`.
    pub suite: String,
    /// The packages named in the spec, each with its pin; dependencies are implied.
    pub packages: Vec<Package>,
    /// The sources; empty means the host's apt configuration.
    pub sources: Vec<Source>,
    /// Whether a whole userland of the suite is wanted, with these packages in it, rather than the packages alone.
    pub root: bool,
}

/// What a root has beside the packages that the spec names: what a build of Rust with C in it needs.
const OF_ROOTS: [&str; 5] = ["gcc", "libc6-dev", "pkg-config", "ca-certificates", "libsqlite3-dev"];

impl Request {
    /// The packages of a root: those of the spec, a C compiler with headers, and SQLite's headers, of the same version as
    /// its library if that is pinned.
    pub fn of_root(&self) -> Vec<Package> {
        let pinned =
            self.packages.iter().find(|package| package.name == "libsqlite3-0").and_then(|p| p.version.clone());
        let more = OF_ROOTS.iter().map(|name| Package {
            name: (*name).to_owned(),
            version: pinned.clone().filter(|_| *name == "libsqlite3-dev"),
        });
        let named = |name: &str| self.packages.iter().any(|package| package.name == name);
        self.packages.iter().cloned().chain(more.filter(|package| !named(&package.name))).collect()
    }

    /// Whether a toolchain's packages include the sources of std.
    pub fn has_sources(&self) -> bool {
        self.packages.iter().any(Package::is_source)
    }
}

/// A package, perhaps of one version only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The Debian package: `libsqlite3-0`.
    pub name: String,
    /// The pinned version, if any.
    pub version: Option<String>,
}

impl Package {
    /// Reads `rustc-web` or `rustc-web=1.85.0+dfsg3-1~deb12u3`. Source of both spellings: Debian Policy 5.6.1, 5.6.12.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, version) = text.split_once('=').map_or((text, None), |(name, version)| (name, Some(version)));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let named = name.len() >= 2 && name.starts_with(plain) && name.chars().all(|c| plain(c) || "+-.".contains(c));
        let versioned = version.is_none_or(|version| {
            let rest = version.chars().all(|c| c.is_ascii_alphanumeric() || ".+-~:".contains(c));
            version.starts_with(|c: char| c.is_ascii_digit()) && rest
        });
        (named && versioned).then(|| Self { name: name.to_owned(), version: version.map(str::to_owned) })
    }
}

impl Package {
    /// Whether it is of sources: nothing that runs here comes from it.
    pub fn is_source(&self) -> bool {
        self.name.ends_with("-src")
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}={version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl fmt::Display for Request {
    /// `rustc cargo of bookworm`; `a root of bookworm with rustc cargo`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.root {
            let packages: Vec<String> = self.packages.iter().map(Package::to_string).collect();
            return write!(f, "a root of {} with {}", self.suite, packages.join(" "));
        }
        for package in &self.packages {
            write!(f, "{package} ")?;
        }
        write!(f, "of {}", self.suite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_and_printed() {
        for good in ["rustc", "libsqlite3-0", "libstdc++6", "rustc-web=1.85.0+dfsg3-1~deb12u3", "a1=1:2.0-1+b1"] {
            assert_eq!(Package::parse(good).map(|p| p.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "a", "Rustc", "-x", "rustc=", "rustc=x1", "rustc 1", "a/b", "rustc=1 2", "../x", "a*", "ab=1=2"]
        {
            assert_eq!(Package::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_root_has_what_a_build_needs() {
        let of = |packages: &[&str]| {
            let packages = packages.iter().filter_map(|text| Package::parse(text)).collect();
            let request = Request { suite: "trixie".to_owned(), packages, sources: Vec::new(), root: true };
            let all: Vec<String> = request.of_root().iter().map(Package::to_string).collect();
            (request.to_string(), all.join(" "))
        };
        let (shown, all) = of(&["rustc", "cargo"]);
        assert_eq!(shown, "a root of trixie with rustc cargo");
        assert_eq!(all, "rustc cargo gcc libc6-dev pkg-config ca-certificates libsqlite3-dev");
        let (_, all) = of(&["rustc", "cargo", "libsqlite3-0=3.46.1-7", "gcc=1"]);
        assert_eq!(
            all,
            "rustc cargo libsqlite3-0=3.46.1-7 gcc=1 libc6-dev pkg-config ca-certificates libsqlite3-dev=3.46.1-7"
        );
    }
}
