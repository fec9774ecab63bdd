//! What running came to, judged once: rows, matrices of them, ranks, and the exit code.
//!
//! [`intake::Judge`] takes a record over: it applies the leak policy, holds the outcome against what the spec expects and
//! gives a [`row::Row`]. Grid, JSON, JUnit, SARIF, summaries and exit codes read rows; nothing judges a second time.

pub mod compare;
pub mod exit;
pub mod intake;
pub mod matrix;
pub mod merged;
pub mod rank;
pub mod row;
#[cfg(test)]
mod tests;
