//! Which file a path leads to, so that one put in its place is noticed.

use std::path::Path;

/// A file of this machine, for as long as somebody has it open. Equal only if it is the same file; on other systems than Unix
/// only whether there is one is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// There is none, or it cannot be seen.
    Absent,
    /// Device and inode.
    #[cfg(unix)]
    File(u64, u64),
    #[cfg(not(unix))]
    Present,
}

impl Identity {
    /// The one of the file at `path` now. Opens nothing: closing a database file by hand would give up SQLite's locks on it.
    pub(crate) fn of(path: &Path) -> Identity {
        match std::fs::metadata(path) {
            #[cfg(unix)]
            Ok(found) => {
                use std::os::unix::fs::MetadataExt;
                Identity::File(found.dev(), found.ino())
            }
            #[cfg(not(unix))]
            Ok(_) => Identity::Present,
            Err(_) => Identity::Absent,
        }
    }
}
