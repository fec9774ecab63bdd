//! Covering arrays under constraints: few rows that together contain every possible tuple of values.
//!
//! **Invariant:** axes and values are plain numbers here; this crate knows nothing of their meaning.

mod chance;
mod domain;
mod generate;
mod tuples;

pub use domain::{Area, Domain, Rules, Values};
pub use generate::{row_within, rows, Row};
pub use tuples::{count, Tuples};
