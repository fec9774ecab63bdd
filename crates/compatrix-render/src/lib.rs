//! Compatrix's pages and reports, as text.
//!
//! **Invariant:** no I/O, no clock, no environment: each function takes data and gives a `String`. Writing a file,
//! comparing it (`--check`) and printing it are the caller's, so all three see the same text.
//!
//! Start at [`matrix::Matrix`] (what was run) or at the page (what
//! the committed evidence shows).

pub mod blocks;
pub mod drift;
pub mod github;
pub mod grid;
pub mod json;
pub mod junit;
pub mod look;
mod markdown;
pub mod matrix;
pub mod page;
pub mod plan_table;
pub mod summary;
pub mod svg;
