//! The Rust releases that introduced editions, resolvers and lockfile formats. Sources: The Cargo Book, release notes.

use semver::Version;

/// The first Rust whose cargo parses an edition. Source: The Cargo Book and the Rust release notes.
pub fn of_edition(edition: &str) -> Option<Version> {
    let minor = match edition {
        "2015" => 0,
        "2018" => 31,
        "2021" => 56,
        "2024" => 85,
        _ => return None,
    };
    Some(Version::new(1, minor, 0))
}

/// The first Rust whose cargo reads a lockfile of this format; `None` for formats that are not known.
pub fn of_lockfile(format: i64) -> Option<Version> {
    match format {
        1 | 2 => Some(Version::new(1, 0, 0)),
        3 => Some(Version::new(1, 53, 0)),
        4 => Some(Version::new(1, 78, 0)),
        _ => None,
    }
}

/// The first Rust whose cargo supports a resolver.
pub fn of_resolver(resolver: &str) -> Option<Version> {
    match resolver {
        "1" => Some(Version::new(1, 0, 0)),
        "2" => Some(Version::new(1, 51, 0)),
        "3" => Some(Version::new(1, 84, 0)),
        _ => None,
    }
}
