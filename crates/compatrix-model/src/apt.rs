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
    /// `rustc cargo of bookworm`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
}
