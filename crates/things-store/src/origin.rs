//! What was opened, and whether it is still that: another program may delete, replace or migrate a database while it is
//! open.
//!
//! SQLite goes on with a file that is no longer at its path, and with names of columns that have got another meaning. Here
//! both are errors, found before or within the read that they would spoil.

use crate::error::{Error, Result};
use crate::version::{database_version, VersionError};
use rusqlite::Connection;
use std::cell::Cell;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// The file and the version that a store was opened with.
#[derive(Debug)]
pub(crate) struct Origin {
    /// As given, but independent of the working directory.
    path: PathBuf,
    file: Identity,
    /// Of a file that SQLite does not lock: what it looked like.
    frozen: Option<Metadata>,
    version: i64,
    /// SQLite's number for the last state whose version was looked up.
    state: Cell<Option<i64>>,
}

/// What stays the same while a file is written to, where the system shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity(Option<(u64, u64)>);

impl Identity {
    pub(crate) fn of(file: &Metadata) -> Identity {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Identity(Some((file.dev(), file.ino())))
        }
        // Windows does not let go of a file that is open.
        #[cfg(not(unix))]
        {
            let _ = file;
            Identity(None)
        }
    }
}

/// Tells files apart that exist at the same time: what is kept for one must never be given for another.
#[cfg(any(feature = "cache", feature = "changes"))]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    file: Identity,
    /// Where the system does not show the identity of a file, and keeps the path for it while it is open.
    path: Option<PathBuf>,
}

/// SQLite's number for the state that `connection` reads. It changes when another connection has committed, and means
/// nothing to any other.
pub(crate) fn data_version(connection: &Connection) -> Result<i64> {
    let statement = connection.prepare_cached("PRAGMA data_version");
    statement.and_then(|mut statement| statement.query_row([], |row| row.get(0))).map_err(Error::sqlite)
}

/// `path`, independent of the working directory from now on.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    match std::env::current_dir() {
        Ok(folder) => folder.join(path),
        Err(_) => path.to_owned(),
    }
}

/// Whether nobody has written to a file between the two looks at it.
fn looks_the_same(one: &Metadata, other: &Metadata) -> bool {
    one.len() == other.len() && one.modified().ok() == other.modified().ok()
}

impl Origin {
    /// For the `file` that was at `path` before it was opened. A `frozen` one is read without locks.
    pub(crate) fn new(path: &Path, file: &Metadata, frozen: bool, version: i64) -> Origin {
        let frozen = frozen.then(|| file.clone());
        Origin { path: absolute(path), file: Identity::of(file), frozen, version, state: Cell::default() }
    }

    /// `Meta.databaseVersion` when it was opened.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// Identifies the file.
    #[cfg(any(feature = "cache", feature = "changes"))]
    pub(crate) fn id(&self) -> FileId {
        FileId { file: self.file, path: self.file.0.is_none().then(|| self.path.clone()) }
    }

    /// Whether the file is read without locks.
    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Whether a file that is read without locks is as it was. No lock holds off who would write to it, so what is read in
    /// pieces asks for each of them.
    pub(crate) fn still_frozen(&self) -> Result<()> {
        match self.is_frozen() {
            true => self.in_place(),
            false => Ok(()),
        }
    }

    /// Whether the path still leads to the file that was opened.
    pub(crate) fn in_place(&self) -> Result<()> {
        let found = fs::metadata(&self.path).ok();
        let same = found.filter(|found| Identity::of(found) == self.file);
        let as_it_was = |found: &Metadata| match &self.frozen {
            Some(looked) => looks_the_same(looked, found) && is_empty(&beside(&self.path, "-wal")),
            None => true,
        };
        match same.filter(as_it_was) {
            Some(_) => Ok(()),
            None => Err(Error::Replaced { path: self.path.clone() }),
        }
    }

    /// Whether the state that is being read is of the version that was opened. To be asked within the transaction of the
    /// read; it looks up the version only after a commit of somebody else.
    pub(crate) fn same_version(&self, connection: &Connection) -> Result<()> {
        let state = data_version(connection)?;
        if self.state.get() == Some(state) {
            return Ok(());
        }
        let found = match database_version(connection) {
            Ok(found) => Some(found),
            Err(VersionError::Unreadable(_)) => None,
            Err(VersionError::Sqlite(error)) => match Error::sqlite(error) {
                Error::Sqlite { .. } => None,
                // Locked is no news about the version.
                other => return Err(other),
            },
        };
        if found != Some(self.version) {
            return Err(Error::Migrated { opened: self.version, found });
        }
        self.state.set(Some(state));
        Ok(())
    }
}

/// The file that SQLite keeps beside the database at `path` under this suffix; if `path` is a link, where that leads to.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into_os_string();
    name.push(suffix);
    name.into()
}

/// Whether there is nothing at `path`, or a file with nothing in it.
pub(crate) fn is_empty(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |file| file.len() == 0)
}
