//! Windows: job objects for processes with all that they start. There is no process table by files, no affinity that a
//! child has of its parent's thread, and no mode of a file: what would be known by these is not known.

pub(crate) mod children;
pub(crate) mod env;
pub(crate) mod machine;
pub(crate) mod meta;
mod streams;
#[cfg(test)]
mod tests;

/// A child cannot be started on one core alone here.
pub(crate) mod cores {
    /// Where it cannot be done, it is not.
    pub(crate) fn on_core<T>(_: Option<usize>, act: impl FnOnce() -> T) -> T {
        act()
    }

    /// Where the system does not say.
    pub(crate) fn idlest() -> Option<usize> {
        None
    }
}
