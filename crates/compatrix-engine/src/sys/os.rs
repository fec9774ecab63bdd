//! What differs between systems: one facade. Each system has a folder with the same names, so that callers know of none.
//!
//! What a system lacks is said by type: nothing, or a reason. Nothing here panics because a system is another one.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
pub(crate) mod words;

#[cfg(unix)]
pub(crate) use unix::{children, cores, env, machine, meta};
#[cfg(windows)]
pub(crate) use windows::{children, cores, env, machine, meta};

/// The variable that marks our child processes, so that those which escape their group can be found: the workspace's
/// mark, our process id, the kind of process and its number. What they start inherits it.
pub const MARK: &str = "COMPATRIX_MARK";
