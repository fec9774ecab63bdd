//! What each error says: what happened, then what to do about it.

use crate::error::Error;
use std::fmt;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotFound { path } => {
                write!(f, "no file at {}: check the path", path.display())
            }
            Error::CannotOpen { path, .. } => write!(
                f,
                "cannot open {}: give the path of a readable file, in a folder that SQLite may write \
                 where a write-ahead log lies beside it",
                path.display()
            ),
            Error::NotADatabase { path } => {
                write!(f, "{} is no SQLite database: give the path of a `main.sqlite` of Things 3", path.display())
            }
            Error::Truncated { path, expected, found } => {
                write!(f, "{} ends after {found} of {expected} bytes: copy the whole file again", path.display())
            }
            Error::Corrupt { detail, .. } => {
                write!(f, "the database is damaged ({detail}): restore a backup")
            }
            Error::NeedsRecovery { .. } => f.write_str(
                "an interrupted writer left a journal that a read-only connection cannot apply: \
                 open the database in Things 3 once, or read-write",
            ),
            Error::UnknownVintage { found } => write!(
                f,
                "database version {found} is not known here (known: 18, 24, 26): look for a newer things-store, or open it \
                 read-only with `OpenOptions::best_effort`"
            ),
            Error::Replaced { path } => {
                write!(f, "another program moved, deleted or replaced {}: open it again", path.display())
            }
            Error::Migrated { opened, found: Some(found) } => {
                write!(f, "another program migrated the database from version {opened} to {found}: open it again")
            }
            Error::Migrated { opened, found: None } => write!(
                f,
                "another program changed the database, which had version {opened} and now has none: open it again"
            ),
            Error::UnreadableVintage { found: Some(found) } => write!(
                f,
                "`Meta.databaseVersion` is no property list with one integer but `{found}`: check that this \
                 is a database of Things 3"
            ),
            Error::UnreadableVintage { found: None } => {
                f.write_str("`Meta` has no row `databaseVersion`: check that this is a database of Things 3")
            }
            Error::MissingTable { table } => {
                write!(f, "there is no table `{table}`: check that this is a database of Things 3")
            }
            Error::MissingColumn { table, column } => {
                write!(f, "table `{table}` has no column `{column}`: check that the database was not altered")
            }
            Error::BadValue { column, found } => {
                write!(f, "`{column}` holds {found}, which it cannot mean: fix that row in Things 3")
            }
            Error::Locked { attempts, waited, .. } => write!(
                f,
                "the database stayed locked for {attempts} attempts over {waited:?}: try again when the \
                 other writer has finished, or allow a longer back-off"
            ),
            Error::ReadOnly => {
                f.write_str("the store is read-only: open it with `open_read_write`, on a file that may be written")
            }
            Error::NoSuch { what, id } => {
                write!(f, "there is no {what} `{id}`: read the list again and retry")
            }
            Error::NotAllowed { id, why } => write!(f, "cannot change `{id}`: {why}"),
            Error::SqliteTooOld { needed, found, .. } => write!(
                f,
                "this needs sqlite {needed} and {found} is in use: link a newer one, or use the feature `bundled`"
            ),
            Error::PoolExhausted { waited, .. } => {
                write!(f, "no connection became free within {waited:?}: return them sooner, or allow more of them")
            }
            Error::InvalidOption { option, value, needs } => write!(f, "`{option}` is {value}: it needs {needs}"),
            Error::BreakerOpen { retry_after } => {
                write!(f, "the database has failed repeatedly and is left alone: try again in {retry_after:?}")
            }
            Error::Interrupted => f.write_str("the operation was cancelled: nothing was changed, ask again if needed"),
            Error::TimedOut { limit } => write!(
                f,
                "the operation took longer than {limit:?}: ask for less at once, or allow a longer query timeout"
            ),
            Error::DiskFull { .. } => {
                f.write_str("there is no room left for the change: make room and apply it again, nothing was changed")
            }
            Error::Io { code, source } => write!(
                f,
                "the system could not read or write the database: check the disk and its mount \
                 (code {code}, {source})"
            ),
            Error::Poisoned { what } => {
                write!(f, "a thread panicked while it used {what}: open the database again")
            }
            Error::Sqlite { code: Some(code), source } => write!(f, "sqlite failed with code {code}: {source}"),
            Error::Sqlite { code: None, source } => write!(f, "sqlite failed: {source}"),
        }
    }
}
