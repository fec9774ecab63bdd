//! Opens a file: the checks, their order, and the error for each refusal.
//!
//! Nothing here writes. A refused file is left unchanged, even if read-write access was requested: it is
//! checked through a read-only connection first, because closing the last read-write connection would move
//! a write-ahead log into the file.

use crate::backoff::{retry, Backoff, Sleep};
use crate::error::{Error, Result};
use crate::header::{self, Diagnosis};
use crate::schema;
use crate::vintage::{parse_database_version, Vintage};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Whether a store may change its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// It never changes the file.
    ReadOnly,
    /// It may, by `Store::apply`.
    ReadWrite,
}

/// Opens and checks the database at `path`, waiting for locks as `backoff` says.
pub(crate) fn open(path: &Path, access: Access, backoff: &Backoff, sleep: &dyn Sleep) -> Result<(Connection, Vintage)> {
    let checked = |access| {
        retry(backoff, sleep, || {
            let connection = connect(path, access)?;
            let vintage = check(&connection, path)?;
            Ok((connection, vintage))
        })
    };
    checked_first(access, checked, |access| connect(path, access))
}

/// Checks through a read-only connection, whatever was asked for.
fn checked_first<C>(
    access: Access,
    checked: impl Fn(Access) -> Result<(C, Vintage)>,
    connect: impl FnOnce(Access) -> Result<C>,
) -> Result<(C, Vintage)> {
    match (checked(Access::ReadOnly), access) {
        (Ok((_, vintage)), Access::ReadWrite) => Ok((connect(access)?, vintage)),
        // Only writing can finish what an interrupted writer began, and writing was asked for.
        (Err(Error::NeedsRecovery { .. }), Access::ReadWrite) => checked(access),
        (result, _) => result,
    }
}

fn connect(path: &Path, access: Access) -> Result<Connection> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            return Err(Error::CannotOpen { path: path.to_owned(), source: "it is a folder".into() })
        }
        // SQLite takes an empty file for a new database; to everybody else it is not a database.
        Ok(found) if found.len() == 0 => return Err(Error::NotADatabase { path: path.to_owned() }),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::NotFound { path: path.to_owned() })
        }
        Err(error) => return Err(Error::CannotOpen { path: path.to_owned(), source: error.into() }),
    }
    // No CREATE: a path that is wrong must not become an empty database. No URI: a path is a path.
    let mode = match access {
        Access::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| Error::CannotOpen { path: path.to_owned(), source: error.into() })?;
    prepare(&connection).map_err(|error| refused(path, error))?;
    Ok(connection)
}

/// Settings of the connection. None of them touches the file.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // The back-off of this crate waits, visibly and within bounds; SQLite's own would add to it.
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_prepared_statement_cache_capacity(64);
    // A database from elsewhere may hold views, triggers and cells that were made to do harm.
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")
}

fn check(connection: &Connection, path: &Path) -> Result<Vintage> {
    let refused = |error| refused(path, error);
    // One state for all of the checks. A check that fails takes the connection with it.
    connection.execute_batch("BEGIN").map_err(refused)?;
    look_into(connection, path, schema::META, &["key", "value"])?;
    check_length(connection, path)?;
    let vintage = vintage(connection).map_err(refused)??;
    for (table, columns) in schema::required(vintage) {
        look_into(connection, path, table, &columns)?;
    }
    connection.execute_batch("ROLLBACK").map_err(refused)?;
    Ok(vintage)
}

/// SQLite itself refuses a file that lacks whole pages, but takes a last page cut short for one that ends in
/// zeros.
fn check_length(connection: &Connection, path: &Path) -> Result<()> {
    let expected: i64 = connection
        .query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| row.get(0))
        .map_err(|error| refused(path, error))?;
    let length = |path: &Path| fs::metadata(path).map(|file| file.len());
    // What is in the log need not be in the file yet.
    let log = length(&beside(path, "-wal")).unwrap_or(0);
    let found = length(path).map_err(|error| Error::CannotOpen { path: path.to_owned(), source: error.into() })?;
    whole(path, expected.unsigned_abs(), found, log)
}

/// Whether a file of `found` bytes, with a log of `log` bytes beside it, can hold its `expected` bytes.
fn whole(path: &Path, expected: u64, found: u64, log: u64) -> Result<()> {
    if log == 0 && found < expected {
        return Err(Error::Truncated { path: path.to_owned(), expected, found });
    }
    Ok(())
}

/// The file that SQLite keeps beside `path` under this suffix.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Reads the first row of a table: whether it is there with all `columns`, and whether its root page is sound.
/// Damage there shows now and not in the middle of some list.
fn look_into(connection: &Connection, path: &Path, table: &'static str, columns: &[&'static str]) -> Result<()> {
    // Qualified, for SQLite takes a quoted name that it does not know for a string.
    let names: Vec<String> = columns.iter().map(|column| format!("t.\"{column}\"")).collect();
    let sql = format!("SELECT {} FROM \"{table}\" t NOT INDEXED LIMIT 1", names.join(", "));
    match connection.query_row(&sql, [], |_| Ok(())).optional() {
        Ok(_) => Ok(()),
        Err(error) => match refused(path, error) {
            Error::Sqlite { code, source } => {
                let missing = missing(connection, table, columns).map_err(|error| refused(path, error))?;
                Err(missing.unwrap_or(Error::Sqlite { code, source }))
            }
            other => Err(other),
        },
    }
}

/// What of a table is not there.
fn missing(connection: &Connection, table: &'static str, columns: &[&'static str]) -> rusqlite::Result<Option<Error>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let found = statement.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<HashSet<String>>>()?;
    Ok(lacking(table, &found, columns))
}

/// The table or column that is missing, given the columns `found`; no columns mean no table.
fn lacking(table: &'static str, found: &HashSet<String>, columns: &[&'static str]) -> Option<Error> {
    if found.is_empty() {
        return Some(Error::MissingTable { table });
    }
    let column = columns.iter().find(|column| !found.contains(**column));
    column.map(|column| Error::MissingColumn { table, column })
}

/// The vintage that an open database has now.
#[cfg(feature = "pool")]
pub(crate) fn vintage_now(connection: &Connection) -> Result<Vintage> {
    vintage(connection).map_err(Error::sqlite)?
}

fn vintage(connection: &Connection) -> rusqlite::Result<Result<Vintage>> {
    let found = connection
        .query_row("SELECT \"value\" FROM \"Meta\" WHERE \"key\" = 'databaseVersion'", [], |row| {
            Ok(version_text(row.get_ref(0)?))
        })
        .optional()?
        .flatten();
    Ok(vintage_of(found.as_deref()))
}

/// `Meta.databaseVersion` as text, whatever it is stored as.
fn version_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(integer) => Some(integer.to_string()),
        ValueRef::Real(real) => Some(real.to_string()),
        ValueRef::Null => None,
    }
}

/// The vintage in `Meta.databaseVersion`.
fn vintage_of(found: Option<&str>) -> Result<Vintage> {
    let Some(version) = found.and_then(parse_database_version) else {
        return Err(Error::UnreadableVintage { found: found.map(|text| text.chars().take(200).collect()) });
    };
    Vintage::from_database_version(version).ok_or(Error::UnknownVintage { found: version })
}

/// Why SQLite refused the file, as precisely as its header allows.
fn refused(path: &Path, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {}
        Some(ErrorCode::CannotOpen) => return Error::CannotOpen { path: path.to_owned(), source: error.into() },
        _ => return Error::sqlite(error),
    }
    diagnosed(path, error, read_start(path))
}

/// Refines damage reported by SQLite, using the file's header.
fn diagnosed(path: &Path, error: rusqlite::Error, start: std::io::Result<Diagnosis>) -> Error {
    match start {
        Ok(Diagnosis::NotADatabase) => Error::NotADatabase { path: path.to_owned() },
        Ok(Diagnosis::Truncated { expected, found }) => Error::Truncated { path: path.to_owned(), expected, found },
        Ok(Diagnosis::Damaged) | Err(_) => Error::Corrupt { detail: error.to_string(), source: Some(error.into()) },
    }
}

/// Reads the header by hand.
///
/// Only for a file that SQLite has just refused: on Unix, closing any descriptor of a file gives up all locks
/// that this process holds on it, other connections' too.
/// See <https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>.
fn read_start(path: &Path) -> std::io::Result<Diagnosis> {
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    let mut start = Vec::with_capacity(header::LEN);
    file.take(header::LEN as u64).read_to_end(&mut start)?;
    Ok(header::diagnose(&start, length))
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
