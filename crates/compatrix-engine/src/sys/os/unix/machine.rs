//! What the machine is and where it says so.

use std::path::Path;
use std::time::Duration;

use rustix::time::{clock_gettime, ClockId};

/// Below this are the files in which the kernel describes processes and the machine. A system without `/proc` has none of
/// them, and then nothing is known.
pub(crate) const ROOT: Option<&str> = Some("/");

/// The unit of processor time, and bytes in a page of memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Units {
    pub(crate) ticks_per_second: u64,
    pub(crate) page: u64,
}

/// Those of this machine.
pub(crate) fn units() -> Units {
    let ticks_per_second = rustix::param::clock_ticks_per_second().max(1);
    Units { ticks_per_second, page: rustix::param::page_size() as u64 }
}

/// The processor time of this thread; zero if unknown.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// The kind of processor, and the name and release of the system (uname(2)).
pub(crate) fn processor_and_system() -> (String, String) {
    let system = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    (text(system.machine()), format!("{} {}", text(system.sysname()), text(system.release())))
}

/// Whether this process may do all, as one that installs packages must.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A number of the user that this process runs for.
pub(crate) fn user() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Bytes that may still be written where this folder is, or why that is not known.
pub(crate) fn free_room(dir: &Path) -> Result<u64, String> {
    match rustix::fs::statvfs(dir) {
        Ok(stat) => Ok(stat.f_bavail.saturating_mul(stat.f_frsize)),
        Err(error) => Err(format!("free space is unknown: {error}")),
    }
}
