//! Functions of SQLite that not every library has: the option or the version that brings each.

/// What brings a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brought {
    /// Compile-time options, without `SQLITE_`, all of them.
    With(&'static [&'static str]),
    /// It is there unless this option leaves it out.
    Unless(&'static str),
    /// A release.
    Since(&'static str),
    /// An option; from this release on it is there by default.
    WithOrSince(&'static str, &'static str),
    /// SQLCipher or another SQLite with encryption.
    Encryption,
}

use Brought::{Encryption, Since, Unless, With, WithOrSince};

/// By function, or by its beginning with `*`; the first that matches counts.
///
/// Source: the `#if` lines around each function in SQLite's `sqlite3.c` of 3.35.4 and 3.54.1; SQLite's "Compile-time Options"
/// (`https://sqlite.org/compile.html`) and "Release History" (`https://sqlite.org/changes.html`), compared with the
/// functions that the `sqlite3.h` of 3.33.0 to 3.54.1 declare.
const FUNCTIONS: &[(&str, Brought)] = &[
    ("sqlite3_unlock_notify", With(&["ENABLE_UNLOCK_NOTIFY"])),
    ("sqlite3_column_database_name*", With(&["ENABLE_COLUMN_METADATA"])),
    ("sqlite3_column_table_name*", With(&["ENABLE_COLUMN_METADATA"])),
    ("sqlite3_column_origin_name*", With(&["ENABLE_COLUMN_METADATA"])),
    ("sqlite3_preupdate_*", With(&["ENABLE_PREUPDATE_HOOK"])),
    ("sqlite3session_*", With(&["ENABLE_SESSION", "ENABLE_PREUPDATE_HOOK"])),
    ("sqlite3changeset_*", With(&["ENABLE_SESSION", "ENABLE_PREUPDATE_HOOK"])),
    ("sqlite3changegroup_*", With(&["ENABLE_SESSION", "ENABLE_PREUPDATE_HOOK"])),
    ("sqlite3rebaser_*", With(&["ENABLE_SESSION", "ENABLE_PREUPDATE_HOOK"])),
    ("sqlite3_snapshot_*", With(&["ENABLE_SNAPSHOT"])),
    ("sqlite3_stmt_scanstatus*", With(&["ENABLE_STMT_SCANSTATUS"])),
    ("sqlite3_normalized_sql", With(&["ENABLE_NORMALIZE"])),
    ("sqlite3_carray_bind*", With(&["ENABLE_CARRAY"])),
    ("sqlite3rbu_*", With(&["ENABLE_RBU"])),
    ("sqlite3_serialize", WithOrSince("ENABLE_DESERIALIZE", "3.36.0")),
    ("sqlite3_deserialize", WithOrSince("ENABLE_DESERIALIZE", "3.36.0")),
    ("sqlite3_load_extension", Unless("OMIT_LOAD_EXTENSION")),
    ("sqlite3_enable_load_extension", Unless("OMIT_LOAD_EXTENSION")),
    ("sqlite3_compileoption_*", Unless("OMIT_COMPILEOPTION_DIAGS")),
    ("sqlite3_column_decltype*", Unless("OMIT_DECLTYPE")),
    ("sqlite3_progress_handler", Unless("OMIT_PROGRESS_CALLBACK")),
    ("sqlite3_set_authorizer", Unless("OMIT_AUTHORIZATION")),
    ("sqlite3_blob_*", Unless("OMIT_INCRBLOB")),
    ("sqlite3_complete*", Unless("OMIT_COMPLETE")),
    ("sqlite3_get_table", Unless("OMIT_GET_TABLE")),
    ("sqlite3_key*", Encryption),
    ("sqlite3_rekey*", Encryption),
    ("sqlite3_txn_state", Since("3.34.0")),
    ("sqlite3_autovacuum_pages", Since("3.37.0")),
    ("sqlite3_changes64", Since("3.37.0")),
    ("sqlite3_total_changes64", Since("3.37.0")),
    ("sqlite3_error_offset", Since("3.38.0")),
    ("sqlite3_vtab_distinct", Since("3.38.0")),
    ("sqlite3_vtab_in*", Since("3.38.0")),
    ("sqlite3_vtab_rhs_value", Since("3.38.0")),
    ("sqlite3_db_name", Since("3.39.0")),
    ("sqlite3_value_encoding", Since("3.40.0")),
    ("sqlite3_is_interrupted", Since("3.41.0")),
    ("sqlite3_stmt_explain", Since("3.43.0")),
    ("sqlite3_get_clientdata", Since("3.44.0")),
    ("sqlite3_set_clientdata", Since("3.44.0")),
    ("sqlite3_setlk_timeout", Since("3.50.0")),
    ("sqlite3_db_status64", Since("3.51.0")),
    ("sqlite3_set_errmsg", Since("3.51.0")),
];

/// What linkers and loaders say before the name of a symbol that they do not find: glibc's loader and lld, GNU ld, musl's.
const SIGNS: [&str; 3] = ["undefined symbol: ", "undefined reference to ", ": symbol not found"];

/// What brings the first function of SQLite that a linker or loader says is missing, in one sentence; `None` if it misses
/// none that is known.
pub fn explain_missing(said: &str) -> Option<String> {
    said.lines().filter_map(missing_in).find_map(explain)
}

/// What brings this function of SQLite, in one sentence; `None` if it is not known as one that may be missing.
pub fn explain(function: &str) -> Option<String> {
    let option = |names: &[&str]| names.iter().map(|name| format!("SQLITE_{name}")).collect::<Vec<_>>().join(" and ");
    const ADD: &str =
        "exact versions get it from `compile-options` under [sqlite], a bundled one from LIBSQLITE3_FLAGS";
    Some(match brought_by(function)? {
        With(names) => format!("a SQLite has `{function}` only with {}; {ADD}", option(names)),
        WithOrSince(name, since) => {
            format!("a SQLite before {since} has `{function}` only with {}; {ADD}", option(&[name]))
        }
        Unless(name) => format!("a SQLite compiled with {} has no `{function}`", option(&[name])),
        Since(since) => format!("`{function}` came with SQLite {since}"),
        Encryption => format!("`{function}` is not SQLite's, but of SQLCipher or another SQLite with encryption"),
    })
}

/// The function of SQLite that a line says is missing.
fn missing_in(line: &str) -> Option<&str> {
    SIGNS.iter().find(|sign| line.contains(*sign))?;
    let at = line.rfind("sqlite3")?;
    let rest = &line[at..];
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    rest[..end].contains('_').then_some(&rest[..end])
}

fn brought_by(function: &str) -> Option<Brought> {
    let matches = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => function.starts_with(start),
        None => function == pattern,
    };
    FUNCTIONS.iter().find(|(pattern, _)| matches(pattern)).map(|(_, brought)| *brought)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, words: &[&str]) {
        let explained = explain_missing(said).unwrap_or_default();
        assert!(words.iter().all(|word| explained.contains(word)), "{explained}");
        assert_eq!(explained.is_empty(), words.is_empty(), "{explained}");
    }

    #[test]
    fn what_a_loader_or_linker_misses_names_what_brings_it() {
        let glibc = |symbol: &str| format!("/t/deps/a-1: symbol lookup error: /t/deps/a-1: undefined symbol: {symbol}");
        check(&glibc("sqlite3_unlock_notify"), &["SQLITE_ENABLE_UNLOCK_NOTIFY", "compile-options"]);
        check(&glibc("sqlite3session_create"), &["SQLITE_ENABLE_SESSION and SQLITE_ENABLE_PREUPDATE_HOOK"]);
        check(&glibc("sqlite3_column_table_name"), &["SQLITE_ENABLE_COLUMN_METADATA"]);
        check(&glibc("sqlite3_changes64"), &["came with SQLite 3.37.0"]);
        check(&glibc("sqlite3_serialize"), &["before 3.36.0", "SQLITE_ENABLE_DESERIALIZE"]);
        check(&glibc("sqlite3_enable_load_extension"), &["SQLITE_OMIT_LOAD_EXTENSION"]);
        check(&glibc("sqlite3_key_v2"), &["SQLCipher"]);
        let ld = "  = note: rust-lld: error: x\n          /usr/bin/ld: /t/a.o: in function `a::f':\n  \
                  a.rs:7: undefined reference to `sqlite3_stmt_scanstatus_v2'\n collect2: error: ld returned 1";
        check(ld, &["SQLITE_ENABLE_STMT_SCANSTATUS"]);
        check("Error relocating /t/a: sqlite3_normalized_sql: symbol not found", &["SQLITE_ENABLE_NORMALIZE"]);
        check("rust-lld: error: undefined symbol: sqlite3_snapshot_get", &["SQLITE_ENABLE_SNAPSHOT"]);
    }

    #[test]
    fn what_is_not_sqlite_s_or_not_missing_is_not_explained() {
        check("/t/a: undefined symbol: EVP_EncryptInit", &[]);
        check("/t/a: undefined symbol: sqlite3_my_extension_of_nobody", &[]);
        check("thread main panicked: sqlite3_unlock_notify failed", &[]);
        check("", &[]);
    }

    #[test]
    fn no_row_hides_another() {
        for (n, (pattern, _)) in FUNCTIONS.iter().enumerate() {
            let name = pattern.trim_end_matches('*');
            let first = FUNCTIONS.iter().position(|(one, _)| match one.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == *one,
            });
            assert_eq!(first, Some(n), "{pattern}");
        }
    }
}
