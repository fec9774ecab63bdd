//! The available SQLite versions: the amalgamations in libsqlite3-sys crates.

use semver::Version;

use crate::condition::partial_version;

/// Available SQLite versions, each with the libsqlite3-sys version whose package holds its `sqlite3/sqlite3.c`
/// and `sqlite3.h`; ascending. Source: those packages on crates.io.
pub const AMALGAMATIONS: &[(&str, &str)] = &[
    ("3.33.0", "0.20.1"),
    ("3.35.4", "0.22.2"),
    ("3.37.0", "0.23.2"),
    ("3.38.2", "0.24.2"),
    ("3.39.2", "0.25.2"),
    ("3.41.2", "0.26.0"),
    ("3.44.0", "0.27.0"),
    ("3.45.0", "0.28.0"),
    ("3.46.0", "0.30.1"),
    ("3.49.1", "0.32.0"),
    ("3.50.2", "0.35.0"),
    ("3.51.1", "0.36.0"),
    ("3.51.3", "0.37.0"),
    ("3.53.2", "0.38.1"),
    ("3.54.1", "0.39.1"),
];

/// The libsqlite3-sys version that carries this SQLite.
pub fn crate_version(sqlite: &Version) -> Option<Version> {
    known().find(|(version, _)| version == sqlite).map(|(_, carrier)| carrier)
}

/// The nearest available versions: the next lower and the next higher, excluding the version itself.
pub fn neighbours(sqlite: &Version) -> (Option<Version>, Option<Version>) {
    let lower = known().map(|(version, _)| version).filter(|version| version < sqlite).last();
    let higher = known().map(|(version, _)| version).find(|version| version > sqlite);
    (lower, higher)
}

fn known() -> impl Iterator<Item = (Version, Version)> {
    AMALGAMATIONS.iter().filter_map(|(sqlite, carrier)| Some((partial_version(sqlite)?, partial_version(carrier)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn every_row_is_read_and_the_order_ascends() {
        let rows: Vec<_> = known().collect();
        assert_eq!(rows.len(), AMALGAMATIONS.len());
        assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
    }

    #[test]
    fn neighbours_of_versions_within_below_above_and_on_the_ladder() {
        #[track_caller]
        fn check(sqlite: &str, lower: Option<&str>, higher: Option<&str>) {
            let text = |v: Option<Version>| v.map(|v| v.to_string());
            let (low, high) = neighbours(&version(sqlite));
            assert_eq!((text(low).as_deref(), text(high).as_deref()), (lower, higher), "{sqlite}");
        }
        check("3.38.0", Some("3.37.0"), Some("3.38.2"));
        check("3.46.0", Some("3.45.0"), Some("3.49.1"));
        check("3.8.0", None, Some("3.33.0"));
        check("4.0.0", Some("3.54.1"), None);
        assert_eq!(crate_version(&version("3.46.0")), Some(version("0.30.1")));
        assert_eq!(crate_version(&version("3.46.1")), None);
    }
}
