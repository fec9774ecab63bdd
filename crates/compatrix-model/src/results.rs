//! Results, judged once: rows, matrices, ranks, and the exit code.
//!
//! [`intake::Judge`] judges a record: it applies the leak policy, compares the outcome with the spec's expectation and
//! returns a [`row::Row`]. Grid, JSON, JUnit, SARIF, summaries and exit codes read rows; nothing judges a second time.

pub mod compare;
pub mod doubt;
pub mod exit;
pub mod intake;
pub mod matrix;
pub mod merged;
pub mod neighbours;
pub mod rank;
pub mod row;
#[cfg(test)]
mod tests;
pub mod twins;
