//! What the machine is. The kernel describes nothing by files.

use std::path::Path;
use std::time::Duration;

/// Where the kernel describes processes and the machine: nowhere.
pub(crate) const ROOT: Option<&str> = None;

/// The unit of processor time, and bytes in a page of memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Units {
    pub(crate) ticks_per_second: u64,
    pub(crate) page: u64,
}

/// Nothing is counted in them.
pub(crate) fn units() -> Units {
    Units { ticks_per_second: 1, page: 1 }
}

/// The processor time of this thread: not known.
pub(crate) fn thread_time() -> Duration {
    Duration::ZERO
}

/// The kind of processor, and the name of the system.
pub(crate) fn processor_and_system() -> (String, String) {
    (std::env::consts::ARCH.to_owned(), "Windows".to_owned())
}

/// Whether this process may install packages: no package manager here asks for that.
pub(crate) fn is_root() -> bool {
    false
}

/// A number of the user that this process runs for: users have none here.
pub(crate) fn user() -> u32 {
    0
}

/// Bytes that may still be written where this folder is: not known.
pub(crate) fn free_room(_: &Path) -> Result<u64, String> {
    Err("free space is unknown on Windows".to_owned())
}
