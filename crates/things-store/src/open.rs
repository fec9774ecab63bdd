//! Opens a file: the checks, their order, and the error for each refusal.
//!
//! Nothing here writes. A refused file is left unchanged, even if read-write access was requested: it is
//! checked through a read-only connection first, because closing the last read-write connection would move
//! a write-ahead log into the file.

use crate::backoff::{retry, Sleep};
use crate::error::{Error, Result};
use crate::header::{self, Diagnosis};
use crate::options::OpenOptions;
use crate::origin::{beside, is_empty, Origin};
use crate::schema;
use crate::statement;
use crate::version::{database_version, VersionError};
use crate::vintage::Vintage;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::collections::HashSet;
use std::fs::{self, Metadata};
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

/// What opening found.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) vintage: Vintage,
    pub(crate) origin: Origin,
}

/// Opens and checks the database at `path`, waiting for locks by `sleep` as `options` say, as long as `may_go_on`.
pub(crate) fn open(
    path: &Path,
    access: Access,
    options: &OpenOptions,
    sleep: &dyn Sleep,
    may_go_on: &dyn Fn() -> Result<()>,
) -> Result<Opened> {
    // Writing needs a version that is known: nobody can say what another one asks of a writer.
    let best_effort = options.best_effort && access == Access::ReadOnly;
    // Before it is opened: what is put in its place meanwhile is noticed then.
    let file = look(path)?;
    let checked = |mode| {
        retry(&options.backoff, sleep, || {
            may_go_on()?;
            let attempt = |mode| {
                let connection = connect(path, mode)?;
                let version = check(&connection, path, best_effort)?;
                Ok((connection, (version, mode == Mode::Frozen)))
            };
            match (attempt(mode), access) {
                (Err(error), Access::ReadOnly) if may_be_frozen(path, &error) => {
                    // If that cannot be opened either, the first error is the news.
                    attempt(Mode::Frozen).map_err(|second| match second {
                        Error::CannotOpen { .. } => error,
                        found_inside => found_inside,
                    })
                }
                (result, _) => result,
            }
        })
    };
    let (connection, (version, frozen)) =
        checked_first(access, |access| checked(access.into()), |access| connect(path, access.into()))?;
    let origin = Origin::new(path, &file, frozen, version.number);
    Ok(Opened { connection, vintage: version.vintage, origin })
}

/// How SQLite opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    ReadOnly,
    ReadWrite,
    /// Read-only, without locks, and without files beside it.
    Frozen,
}

impl From<Access> for Mode {
    fn from(access: Access) -> Mode {
        match access {
            Access::ReadOnly => Mode::ReadOnly,
            Access::ReadWrite => Mode::ReadWrite,
        }
    }
}

/// Whether `error` may be because SQLite cannot make the files beside `path` that a database in WAL mode needs, although
/// there is nothing in them: such a database can be read as it is, for all of it is in its file.
fn may_be_frozen(path: &Path, error: &Error) -> bool {
    let refused = match error {
        Error::CannotOpen { .. } | Error::ReadOnly => true,
        // Somebody writes, or did, if it is a journal that has to be applied.
        Error::NeedsRecovery { source } => !is_of_a_journal(&**source),
        _ => false,
    };
    refused && is_empty(&beside(path, "-wal")) && is_empty(&beside(path, "-journal"))
}

fn is_of_a_journal(source: &(dyn std::error::Error + 'static)) -> bool {
    let code = source.downcast_ref().and_then(rusqlite::Error::sqlite_error).map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_READONLY_ROLLBACK)
}

/// Checks through a read-only connection, whatever was asked for.
fn checked_first<C, V>(
    access: Access,
    checked: impl Fn(Access) -> Result<(C, V)>,
    connect: impl FnOnce(Access) -> Result<C>,
) -> Result<(C, V)> {
    match (checked(Access::ReadOnly), access) {
        (Ok((_, version)), Access::ReadWrite) => Ok((connect(access)?, version)),
        // Only writing can finish what an interrupted writer began, and writing was asked for.
        (Err(Error::NeedsRecovery { .. }), Access::ReadWrite) => checked(access),
        (result, _) => result,
    }
}

/// The file at `path`, if it may be a database.
fn look(path: &Path) -> Result<Metadata> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            Err(Error::CannotOpen { path: path.to_owned(), source: "it is a folder".into() })
        }
        // SQLite takes an empty file for a new database; to everybody else it is not a database.
        Ok(found) if found.len() == 0 => Err(Error::NotADatabase { path: path.to_owned() }),
        Ok(found) => Ok(found),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::NotFound { path: path.to_owned() }),
        Err(error) => Err(Error::CannotOpen { path: path.to_owned(), source: error.into() }),
    }
}

fn connect(path: &Path, mode: Mode) -> Result<Connection> {
    look(path)?;
    // No CREATE: a path that is wrong must not become an empty database. A path is a path, unless there is no other way to
    // say `immutable`.
    let (name, flags) = match mode {
        Mode::ReadOnly => (path.to_owned(), OpenFlags::SQLITE_OPEN_READ_ONLY),
        Mode::ReadWrite => (path.to_owned(), OpenFlags::SQLITE_OPEN_READ_WRITE),
        Mode::Frozen => (frozen_uri(path).into(), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI),
    };
    let connection = Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| Error::CannotOpen { path: path.to_owned(), source: error.into() })?;
    prepare(&connection).map_err(|error| refused(path, error))?;
    Ok(connection)
}

/// Settings of the connection. None of them touches the file.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // The back-off of this crate waits, visibly and within bounds; SQLite's own would add to it.
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_prepared_statement_cache_capacity(statement::KEPT);
    // A database from elsewhere may hold views, triggers and cells that were made to do harm.
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")
}

/// The path as a URI with `immutable`. A path that is no UTF-8 has none that would find it; the error says so.
fn frozen_uri(path: &Path) -> String {
    let absolute = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = "file:".to_owned();
    for byte in absolute.to_string_lossy().bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' | b':' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// A version, and the vintage that it is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    number: i64,
    vintage: Vintage,
}

fn check(connection: &Connection, path: &Path, best_effort: bool) -> Result<Version> {
    let refused = |error| refused(path, error);
    // One state for all of the checks. A check that fails takes the connection with it.
    connection.execute_batch("BEGIN").map_err(refused)?;
    look_into(connection, path, schema::META, &["key", "value"])?;
    check_length(connection, path)?;
    let number = database_version(connection).map_err(|error| match error {
        VersionError::Sqlite(error) => refused(error),
        VersionError::Unreadable(error) => error,
    })?;
    let complete = |vintage| {
        schema::required(vintage)
            .into_iter()
            .try_for_each(|(table, columns)| look_into(connection, path, table, &columns))
    };
    let vintage = vintage_for(number, best_effort, complete)?;
    connection.execute_batch("ROLLBACK").map_err(refused)?;
    Ok(Version { number, vintage })
}

/// The vintage as which to read version `number`: its own, or with best effort the nearest that is `complete`.
fn vintage_for(number: i64, best_effort: bool, complete: impl Fn(Vintage) -> Result<()>) -> Result<Vintage> {
    if let Some(vintage) = Vintage::from_database_version(number) {
        return complete(vintage).map(|()| vintage);
    }
    if !best_effort {
        return Err(Error::UnknownVintage { found: number });
    }
    let mut lacks = None;
    for vintage in Vintage::nearest(number) {
        match complete(vintage) {
            Ok(()) => return Ok(vintage),
            Err(error @ (Error::MissingTable { .. } | Error::MissingColumn { .. })) => {
                lacks.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    // What the nearest one lacks says most.
    Err(lacks.unwrap_or(Error::UnknownVintage { found: number }))
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
