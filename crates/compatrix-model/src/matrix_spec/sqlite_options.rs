//! What exact SQLite versions are compiled with.

/// A set of compile-time options to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OptionSet {
    /// Those of a distribution's shared library.
    #[default]
    Distribution,
    /// Those of libsqlite3-sys with its feature `bundled`.
    Bundled,
    /// None but SQLite's own defaults.
    None,
}

/// The options of Debian's library, for an amalgamation.
///
/// Source: `sqlite3_compileoption_get` of `libsqlite3.so.0` in the packages libsqlite3-0 3.34.1 (Debian 11),
/// 3.40.1-2+deb12u2 (12) and 3.46.1-7+deb13u2 (13): what all three have, and what each has whose version knows it
/// (ENABLE_JSON1, ENABLE_MATH_FUNCTIONS, MAX_DEFAULT_PAGE_SIZE). Left out are SQLite's own defaults, OMIT_LOOKASIDE, which
/// 13 no longer has, and ENABLE_UPDATE_DELETE_LIMIT, which needs a parser that the amalgamation does not have (SQLite's
/// "Compile-time Options"). The last lines are for the `config.h` of Debian's build, of which the library reports
/// HAVE_ISNAN only.
const DISTRIBUTION: &[&str] = &[
    "SQLITE_ENABLE_COLUMN_METADATA",
    "SQLITE_ENABLE_DBSTAT_VTAB",
    "SQLITE_ENABLE_FTS3",
    "SQLITE_ENABLE_FTS3_PARENTHESIS",
    "SQLITE_ENABLE_FTS3_TOKENIZER",
    "SQLITE_ENABLE_FTS4",
    "SQLITE_ENABLE_FTS5",
    "SQLITE_ENABLE_JSON1",
    "SQLITE_ENABLE_LOAD_EXTENSION",
    "SQLITE_ENABLE_MATH_FUNCTIONS",
    "SQLITE_ENABLE_PREUPDATE_HOOK",
    "SQLITE_ENABLE_RTREE",
    "SQLITE_ENABLE_SESSION",
    "SQLITE_ENABLE_STMTVTAB",
    "SQLITE_ENABLE_UNLOCK_NOTIFY",
    "SQLITE_LIKE_DOESNT_MATCH_BLOBS",
    "SQLITE_MAX_DEFAULT_PAGE_SIZE=32768",
    "SQLITE_MAX_SCHEMA_RETRY=25",
    "SQLITE_MAX_VARIABLE_NUMBER=250000",
    "SQLITE_SECURE_DELETE",
    "SQLITE_SOUNDEX",
    "SQLITE_TEMP_STORE=1",
    "SQLITE_THREADSAFE=1",
    "SQLITE_USE_URI",
    "HAVE_FDATASYNC=1",
    "HAVE_GMTIME_R=1",
    "HAVE_ISNAN=1",
    "HAVE_LOCALTIME_R=1",
    "HAVE_USLEEP=1",
];

/// The options of the bundled build on Linux. Source: `build.rs` of libsqlite3-sys 0.28.0.
const BUNDLED: &[&str] = &[
    "SQLITE_CORE",
    "SQLITE_DEFAULT_FOREIGN_KEYS=1",
    "SQLITE_ENABLE_API_ARMOR",
    "SQLITE_ENABLE_COLUMN_METADATA",
    "SQLITE_ENABLE_DBSTAT_VTAB",
    "SQLITE_ENABLE_FTS3",
    "SQLITE_ENABLE_FTS3_PARENTHESIS",
    "SQLITE_ENABLE_FTS5",
    "SQLITE_ENABLE_JSON1",
    "SQLITE_ENABLE_LOAD_EXTENSION=1",
    "SQLITE_ENABLE_MEMORY_MANAGEMENT",
    "SQLITE_ENABLE_RTREE",
    "SQLITE_ENABLE_STAT2",
    "SQLITE_ENABLE_STAT4",
    "SQLITE_SOUNDEX",
    "SQLITE_THREADSAFE=1",
    "SQLITE_USE_URI",
    "HAVE_USLEEP=1",
    "_POSIX_THREAD_SAFE_FUNCTIONS",
    "HAVE_ISNAN",
    "HAVE_LOCALTIME_R",
];

impl OptionSet {
    /// The words of the spec, each with its meaning.
    pub(super) const WORDS: &'static [(&'static str, &'static str)] = &[
        ("distribution", "Those of Debian's shared library: what most users of a system's SQLite have."),
        ("bundled", "Those of libsqlite3-sys with its feature `bundled`."),
        ("none", "SQLite's own defaults."),
    ];

    /// The set of this word of the spec.
    pub(super) fn of(word: &str) -> Option<OptionSet> {
        match word {
            "distribution" => Some(OptionSet::Distribution),
            "bundled" => Some(OptionSet::Bundled),
            "none" => Some(OptionSet::None),
            _ => None,
        }
    }

    /// The options of the set and these, `NAME` or `NAME=VALUE`; one that is named again has its last value.
    pub(super) fn with(self, added: &[String]) -> Vec<String> {
        let named = |option: &str| option.split('=').next().unwrap_or_default().to_owned();
        let set = match self {
            OptionSet::Distribution => DISTRIBUTION,
            OptionSet::Bundled => BUNDLED,
            OptionSet::None => &[],
        };
        let kept = set.iter().filter(|own| !added.iter().any(|more| named(more) == named(own)));
        kept.map(|option| (*option).to_owned()).chain(added.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_library_has_what_users_have_and_not_what_rusqlite_adds() {
        let has = |set: OptionSet, option: &str| set.with(&[]).iter().any(|one| one == option);
        assert!(!has(OptionSet::Distribution, "SQLITE_DEFAULT_FOREIGN_KEYS=1"), "no system's library enforces them");
        assert!(has(OptionSet::Bundled, "SQLITE_DEFAULT_FOREIGN_KEYS=1"));
        for option in ["SQLITE_ENABLE_UNLOCK_NOTIFY", "SQLITE_ENABLE_COLUMN_METADATA", "SQLITE_ENABLE_SESSION"] {
            assert!(has(OptionSet::Distribution, option), "{option}");
        }
        assert_eq!(OptionSet::default(), OptionSet::Distribution);
        assert_eq!(OptionSet::None.with(&[]), Vec::<String>::new());
    }

    #[test]
    fn an_option_of_the_spec_is_added_or_takes_the_place_of_its_namesake() {
        let added = ["SQLITE_THREADSAFE=2".to_owned(), "SQLITE_ENABLE_GEOPOLY".to_owned()];
        let all = OptionSet::Distribution.with(&added);
        assert_eq!(all.iter().filter(|one| one.starts_with("SQLITE_THREADSAFE")).count(), 1);
        assert!(all.ends_with(&added) && all.len() == DISTRIBUTION.len() + 1);
        assert_eq!(OptionSet::None.with(&added), added);
        assert_eq!(OptionSet::WORDS.iter().filter_map(|(word, _)| OptionSet::of(word)).count(), 3);
        assert_eq!(OptionSet::of("debian"), None);
    }
}
