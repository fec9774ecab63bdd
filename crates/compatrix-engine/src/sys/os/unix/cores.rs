//! Pins processes to one core: a child has the affinity of the thread that starts it (sched_setaffinity(2)). Linux alone
//! can do that.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{idlest, on_core};

/// Where it cannot be done, it is not.
#[cfg(not(target_os = "linux"))]
pub(crate) fn on_core<T>(_: Option<usize>, act: impl FnOnce() -> T) -> T {
    act()
}

/// Where the system does not say.
#[cfg(not(target_os = "linux"))]
pub(crate) fn idlest() -> Option<usize> {
    None
}
