//! One variant for each thing that can go wrong, and the mapping from SQLite's codes.
//!
//! No type of the SQLite binding is part of the public surface: causes are boxed, so that the binding's
//! version stays the dependent's choice.

use rusqlite::{ffi, ErrorCode};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The cause below an [`Error`], most often SQLite's own message.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// `std::result::Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a database could not be opened, read or changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no file at the path.
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The file is there but the system or SQLite cannot open it: a folder, no permission, no room for `-shm`.
    CannotOpen {
        /// The path as given.
        path: PathBuf,
        /// What refused it.
        source: Cause,
    },
    /// The file does not begin as an SQLite database does.
    NotADatabase {
        /// The path as given.
        path: PathBuf,
    },
    /// The file is shorter than its own header promises.
    Truncated {
        /// The path as given.
        path: PathBuf,
        /// Bytes that the header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The content is damaged.
    Corrupt {
        /// What SQLite or the check found.
        detail: String,
        /// SQLite's error, if a query found the damage.
        source: Option<Cause>,
    },
    /// A journal of an interrupted writer must be applied first, which a read-only connection cannot do.
    NeedsRecovery {
        /// SQLite's error.
        source: Cause,
    },
    /// The database says that it is of a vintage this crate does not know.
    UnknownVintage {
        /// `Meta.databaseVersion`.
        found: i64,
    },
    /// Another program has moved, deleted or replaced the file since the store was opened.
    Replaced {
        /// Where the file was.
        path: PathBuf,
    },
    /// Another program has changed `Meta.databaseVersion` since the store was opened.
    Migrated {
        /// The version that was opened.
        opened: i64,
        /// The version now, where it can be read.
        found: Option<i64>,
    },
    /// `Meta.databaseVersion` is missing or is no property list with one integer.
    UnreadableVintage {
        /// The stored text, or `None` if the row is missing.
        found: Option<String>,
    },
    /// A table that this vintage must have is missing.
    MissingTable {
        /// Its name in SQL.
        table: &'static str,
    },
    /// A column that this vintage must have is missing.
    MissingColumn {
        /// Its name in SQL.
        table: &'static str,
        /// The column's name in SQL.
        column: &'static str,
    },
    /// A stored value has the wrong type or is outside what the column can mean.
    BadValue {
        /// `table.column`.
        column: String,
        /// The value, shortened.
        found: String,
    },
    /// Somebody else held the database for longer than the back-off allows.
    Locked {
        /// How often it was tried.
        attempts: u32,
        /// How long it was waited in all.
        waited: Duration,
        /// SQLite's error.
        source: Option<Cause>,
    },
    /// A change was asked of a store that was opened read-only, or of a file that may not be written.
    ReadOnly,
    /// A change names something that is not in the database.
    NoSuch {
        /// What it should be: `task`, `project`, `heading` or `area`.
        what: &'static str,
        /// Its identifier.
        id: String,
    },
    /// A change that makes no sense for this task, such as a project moved into a project.
    NotAllowed {
        /// The task.
        id: String,
        /// Why not, as a fragment.
        why: &'static str,
    },
    /// The SQLite in use lacks what the operation needs.
    SqliteTooOld {
        /// The version that brought it.
        needed: &'static str,
        /// The version in use.
        found: String,
        /// SQLite's error.
        source: Option<Cause>,
    },
    /// No connection of the pool became free in time.
    PoolExhausted {
        /// How long it was waited.
        waited: Duration,
        /// What the last attempt to connect said, if there was one.
        source: Option<Cause>,
    },
    /// An option has a value that nothing can be opened with. Nothing was opened.
    InvalidOption {
        /// The option, such as `backoff.first`.
        option: &'static str,
        /// What was given, as Rust shows it.
        value: String,
        /// What it has to be, as a fragment.
        needs: String,
    },
    /// The circuit breaker let nothing through, because the database has failed repeatedly.
    BreakerOpen {
        /// When the breaker lets the next attempt through.
        retry_after: Duration,
    },
    /// A canceller interrupted the operation.
    Interrupted,
    /// The operation took longer than the query timeout.
    TimedOut {
        /// The query timeout.
        limit: Duration,
    },
    /// There is no room left for the change. The database is as it was before.
    DiskFull {
        /// SQLite's error.
        source: Cause,
    },
    /// The system could not read or write the file.
    Io {
        /// SQLite's extended result code.
        code: i32,
        /// SQLite's error.
        source: Cause,
    },
    /// A thread panicked while it held a lock that the operation needs.
    Poisoned {
        /// What the lock protects.
        what: &'static str,
    },
    /// Any other failure of SQLite.
    Sqlite {
        /// SQLite's extended result code, or `None` for an error of the binding.
        code: Option<i32>,
        /// SQLite's error.
        source: Cause,
    },
}

/// The variants of [`Error`] without their content: for comparing, counting and naming.
///
/// # Examples
///
/// ```
/// use things_store::{ErrorKind, Store};
///
/// let error = Store::open("no/such/folder/main.sqlite").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.kind().as_str(), "not-found");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // Each is explained at the variant of `Error` with the same name.
pub enum ErrorKind {
    NotFound,
    CannotOpen,
    NotADatabase,
    Truncated,
    Corrupt,
    NeedsRecovery,
    UnknownVintage,
    Replaced,
    Migrated,
    UnreadableVintage,
    MissingTable,
    MissingColumn,
    BadValue,
    Locked,
    ReadOnly,
    NoSuch,
    NotAllowed,
    SqliteTooOld,
    PoolExhausted,
    InvalidOption,
    BreakerOpen,
    Interrupted,
    TimedOut,
    DiskFull,
    Io,
    Poisoned,
    Sqlite,
}

impl ErrorKind {
    /// The name in kebab case, such as `unknown-vintage`. It does not change between releases.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::NotFound => "not-found",
            ErrorKind::CannotOpen => "cannot-open",
            ErrorKind::NotADatabase => "not-a-database",
            ErrorKind::Truncated => "truncated",
            ErrorKind::Corrupt => "corrupt",
            ErrorKind::NeedsRecovery => "needs-recovery",
            ErrorKind::UnknownVintage => "unknown-vintage",
            ErrorKind::Replaced => "replaced",
            ErrorKind::Migrated => "migrated",
            ErrorKind::UnreadableVintage => "unreadable-vintage",
            ErrorKind::MissingTable => "missing-table",
            ErrorKind::MissingColumn => "missing-column",
            ErrorKind::BadValue => "bad-value",
            ErrorKind::Locked => "locked",
            ErrorKind::ReadOnly => "read-only",
            ErrorKind::NoSuch => "no-such",
            ErrorKind::NotAllowed => "not-allowed",
            ErrorKind::SqliteTooOld => "sqlite-too-old",
            ErrorKind::PoolExhausted => "pool-exhausted",
            ErrorKind::InvalidOption => "invalid-option",
            ErrorKind::BreakerOpen => "breaker-open",
            ErrorKind::Interrupted => "interrupted",
            ErrorKind::TimedOut => "timed-out",
            ErrorKind::DiskFull => "disk-full",
            ErrorKind::Io => "io",
            ErrorKind::Poisoned => "poisoned",
            ErrorKind::Sqlite => "sqlite",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `SQLITE_READONLY_CANTINIT`, which arrived in SQLite 3.22 and is not in the bindings for older ones.
const READONLY_CANTINIT: i32 = ffi::SQLITE_READONLY | (5 << 8);

impl Error {
    /// Which variant this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::NotFound { .. } => ErrorKind::NotFound,
            Error::CannotOpen { .. } => ErrorKind::CannotOpen,
            Error::NotADatabase { .. } => ErrorKind::NotADatabase,
            Error::Truncated { .. } => ErrorKind::Truncated,
            Error::Corrupt { .. } => ErrorKind::Corrupt,
            Error::NeedsRecovery { .. } => ErrorKind::NeedsRecovery,
            Error::UnknownVintage { .. } => ErrorKind::UnknownVintage,
            Error::Replaced { .. } => ErrorKind::Replaced,
            Error::Migrated { .. } => ErrorKind::Migrated,
            Error::UnreadableVintage { .. } => ErrorKind::UnreadableVintage,
            Error::MissingTable { .. } => ErrorKind::MissingTable,
            Error::MissingColumn { .. } => ErrorKind::MissingColumn,
            Error::BadValue { .. } => ErrorKind::BadValue,
            Error::Locked { .. } => ErrorKind::Locked,
            Error::ReadOnly => ErrorKind::ReadOnly,
            Error::NoSuch { .. } => ErrorKind::NoSuch,
            Error::NotAllowed { .. } => ErrorKind::NotAllowed,
            Error::SqliteTooOld { .. } => ErrorKind::SqliteTooOld,
            Error::PoolExhausted { .. } => ErrorKind::PoolExhausted,
            Error::InvalidOption { .. } => ErrorKind::InvalidOption,
            Error::BreakerOpen { .. } => ErrorKind::BreakerOpen,
            Error::Interrupted => ErrorKind::Interrupted,
            Error::TimedOut { .. } => ErrorKind::TimedOut,
            Error::DiskFull { .. } => ErrorKind::DiskFull,
            Error::Io { .. } => ErrorKind::Io,
            Error::Poisoned { .. } => ErrorKind::Poisoned,
            Error::Sqlite { .. } => ErrorKind::Sqlite,
        }
    }

    /// Maps SQLite's error to a variant by its code.
    pub(crate) fn sqlite(error: rusqlite::Error) -> Error {
        let (code, extended) = match error.sqlite_error() {
            Some(failure) => (Some(failure.code), failure.extended_code),
            None => return Error::Sqlite { code: None, source: error.into() },
        };
        match (code, extended) {
            (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => {
                Error::Locked { attempts: 1, waited: Duration::ZERO, source: Some(error.into()) }
            }
            // A page that ends early is damage of the file, not of the disk.
            (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _) | (_, ffi::SQLITE_IOERR_SHORT_READ) => {
                Error::Corrupt { detail: error.to_string(), source: Some(error.into()) }
            }
            (_, ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY | READONLY_CANTINIT) => {
                Error::NeedsRecovery { source: error.into() }
            }
            (Some(ErrorCode::ReadOnly), _) => Error::ReadOnly,
            (Some(ErrorCode::OperationInterrupted), _) => Error::Interrupted,
            (Some(ErrorCode::DiskFull), _) => Error::DiskFull { source: error.into() },
            (Some(ErrorCode::SystemIoFailure), code) => Error::Io { code, source: error.into() },
            (_, code) => Error::Sqlite { code: Some(code), source: error.into() },
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let cause = match self {
            Error::CannotOpen { source, .. }
            | Error::NeedsRecovery { source }
            | Error::DiskFull { source }
            | Error::Io { source, .. }
            | Error::Sqlite { source, .. } => source,
            Error::Corrupt { source, .. }
            | Error::Locked { source, .. }
            | Error::SqliteTooOld { source, .. }
            | Error::PoolExhausted { source, .. } => source.as_ref()?,
            Error::NotFound { .. }
            | Error::NotADatabase { .. }
            | Error::Truncated { .. }
            | Error::UnknownVintage { .. }
            | Error::Replaced { .. }
            | Error::Migrated { .. }
            | Error::UnreadableVintage { .. }
            | Error::MissingTable { .. }
            | Error::MissingColumn { .. }
            | Error::BadValue { .. }
            | Error::ReadOnly
            | Error::NoSuch { .. }
            | Error::NotAllowed { .. }
            | Error::InvalidOption { .. }
            | Error::BreakerOpen { .. }
            | Error::Interrupted
            | Error::TimedOut { .. }
            | Error::Poisoned { .. } => return None,
        };
        Some(cause.as_ref())
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
