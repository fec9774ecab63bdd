//! Opening a file: what is checked, in which order, and what each refusal means.
//!
//! Nothing here writes. A file that is refused is left as it was, also where read-write was asked for: it is
//! checked through a read-only connection first, because closing the last read-write connection would move
//! a write-ahead log into the file.

use crate::backoff::{retry, Backoff, Sleep};
use crate::error::{Error, Result};
use crate::header::{self, Diagnosis};
use crate::schema;
use crate::vintage::{parse_database_version, Vintage};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::Path;
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
    let opened = retry(backoff, sleep, || {
        let connection = connect(path, Access::ReadOnly)?;
        let vintage = check(&connection, path)?;
        Ok((connection, vintage))
    })?;
    match access {
        Access::ReadOnly => Ok(opened),
        Access::ReadWrite => Ok((connect(path, access)?, opened.1)),
    }
}

fn connect(path: &Path, access: Access) -> Result<Connection> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            return Err(Error::CannotOpen { path: path.to_owned(), source: "it is a folder".into() })
        }
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
    let tables = tables(connection).map_err(refused)?;
    let meta = tables.get(schema::META).ok_or(Error::MissingTable { table: schema::META })?;
    require_columns(schema::META, meta, &["key", "value"])?;
    let vintage = vintage(connection).map_err(refused)??;
    let required = schema::required(vintage);
    for (table, columns) in &required {
        let found = tables.get(*table).ok_or(Error::MissingTable { table })?;
        require_columns(table, found, columns)?;
    }
    // The root page of every table, so that its damage shows here and not in the middle of some list.
    let roots: Vec<String> =
        required.iter().map(|(table, _)| format!("(SELECT 1 FROM \"{table}\" NOT INDEXED LIMIT 1)")).collect();
    connection.query_row(&format!("SELECT {}", roots.join(", ")), [], |_| Ok(())).map_err(refused)?;
    Ok(vintage)
}

fn require_columns(table: &'static str, found: &HashSet<String>, columns: &[&'static str]) -> Result<()> {
    match columns.iter().find(|column| !found.contains(**column)) {
        Some(column) => Err(Error::MissingColumn { table, column }),
        None => Ok(()),
    }
}

/// Every table with its columns.
fn tables(connection: &Connection) -> rusqlite::Result<HashMap<String, HashSet<String>>> {
    let mut statement = connection.prepare(
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table'",
    )?;
    let mut rows = statement.query([])?;
    let mut tables = HashMap::<String, HashSet<String>>::new();
    while let Some(row) = rows.next()? {
        tables.entry(row.get(0)?).or_default().insert(row.get(1)?);
    }
    Ok(tables)
}

fn vintage(connection: &Connection) -> rusqlite::Result<Result<Vintage>> {
    let found = connection
        .query_row("SELECT \"value\" FROM \"Meta\" WHERE \"key\" = 'databaseVersion'", [], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                ValueRef::Integer(integer) => Some(integer.to_string()),
                ValueRef::Real(real) => Some(real.to_string()),
                ValueRef::Null => None,
            })
        })
        .optional()?
        .flatten();
    let Some(version) = found.as_deref().and_then(parse_database_version) else {
        return Ok(Err(Error::UnreadableVintage { found: found.map(|text| text.chars().take(200).collect()) }));
    };
    Ok(Vintage::from_database_version(version).ok_or(Error::UnknownVintage { found: version }))
}

/// Why SQLite refused the file, as precisely as the file itself tells.
fn refused(path: &Path, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {}
        Some(ErrorCode::CannotOpen) => return Error::CannotOpen { path: path.to_owned(), source: error.into() },
        _ => return Error::sqlite(error),
    }
    match read_start(path) {
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
