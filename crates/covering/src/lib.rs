//! Covering arrays under constraints: few rows that together contain every possible tuple of values.
//!
//! **Invariant:** it knows axes by number and values by number, and nothing of what they mean.

mod chance;
mod domain;
mod generate;
mod tuples;

pub use domain::{Area, Domain, Rules, Values};
pub use generate::{row_within, rows, Row};
pub use tuples::{count, Tuples};
