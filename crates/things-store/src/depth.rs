//! Counts the open snapshots of a store.

use crate::error::Result;
use std::cell::Cell;

/// How many snapshots of a store are open.
#[derive(Debug, Default)]
pub(crate) struct Depth(Cell<u32>);

impl Depth {
    /// Adds one, after calling `begin` if it is the first. If `begin` fails, nothing is added.
    pub(crate) fn enter(&self, begin: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.0.get() == 0 {
            begin()?;
        }
        self.0.set(self.0.get().saturating_add(1));
        Ok(())
    }

    /// Whether there are any.
    pub(crate) fn is_open(&self) -> bool {
        self.0.get() > 0
    }

    /// One less; whether that was the last.
    pub(crate) fn leave(&self) -> bool {
        self.0.set(self.0.get().saturating_sub(1));
        self.0.get() == 0
    }
}
