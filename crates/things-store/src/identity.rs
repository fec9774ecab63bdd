//! Which file a path leads to, and whether it has changed: what is kept for one database must never be given for another
//! at the same path, nor for a later state of the same.
//!
//! Reads no content by itself: on Unix, closing any descriptor of a file gives up all locks that this process holds on it.

use crate::error::{Error, Result};
use rusqlite::Connection;
use std::path::Path;

/// A file, however it is called. Two files that exist at the same time differ in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId(Inner);

#[cfg(unix)]
type Inner = (u64, u64);

// An open database can be neither removed nor replaced there, so its path is as good.
#[cfg(not(unix))]
type Inner = std::path::PathBuf;

impl FileId {
    /// `None` if there is no such file, or its folder cannot be read.
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> Option<FileId> {
        use std::os::unix::fs::MetadataExt;
        let found = std::fs::metadata(path).ok()?;
        Some(FileId((found.dev(), found.ino())))
    }

    /// `None` if there is no such file, or its folder cannot be read.
    #[cfg(not(unix))]
    pub(crate) fn of(path: &Path) -> Option<FileId> {
        Some(FileId(std::fs::canonicalize(path).ok()?))
    }

    /// Runs `open`, and says which file it has opened: `None` if the path led to another one afterwards.
    pub(crate) fn around<T, E>(path: &Path, open: impl FnOnce() -> Result<T, E>) -> Result<(T, Option<FileId>), E> {
        let before = FileId::of(path);
        let opened = open()?;
        let same = before.filter(|before| FileId::of(path).as_ref() == Some(before));
        Ok((opened, same))
    }
}

/// A number that changes when another connection has committed. It means nothing to any other connection.
pub(crate) fn data_version(connection: &Connection) -> Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version").map_err(Error::sqlite)?;
    statement.query_row([], |row| row.get(0)).map_err(Error::sqlite)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/identity.rs");
    const OTHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs");

    #[test]
    fn a_file_is_itself_under_every_name() {
        let roundabout = concat!(env!("CARGO_MANIFEST_DIR"), "/src/../src/identity.rs");
        let here = FileId::of(Path::new(HERE));
        assert!(here.is_some());
        assert_eq!(here, FileId::of(Path::new(roundabout)));
        assert_ne!(here, FileId::of(Path::new(OTHER)));
        assert_eq!(FileId::of(Path::new("no/such/file")), None);
    }

    #[test]
    fn what_was_replaced_meanwhile_is_not_identified() {
        let opened = FileId::around(Path::new(HERE), || Ok::<_, ()>(1)).unwrap();
        assert_eq!(opened, (1, FileId::of(Path::new(HERE))));
        let gone = FileId::around(Path::new("no/such/file"), || Ok::<_, ()>(1)).unwrap();
        assert_eq!(gone, (1, None));
        assert_eq!(FileId::around(Path::new(HERE), || Err::<(), _>("locked")), Err("locked"));
    }
}
