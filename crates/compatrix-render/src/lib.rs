//! Renders Compatrix's pages and reports as text.
//!
//! **Invariant:** no I/O, no clock, no environment. Each function takes data and returns a `String`. The caller writes,
//! compares (`--check`) or prints it, so all three see the same text.
//!
//! Start at [`Matrix`](compatrix_model::results::matrix::Matrix), the results that [`grid`], [`junit`], [`json`] and
//! [`summary`] render, or at [`mod@page`], which renders committed evidence. [`spec_reference`] is the reference page of
//! the spec, [`mod@doctor`] the report on host and workspace, and [`blocks`] the layout shared by all grids.

pub mod badge;
pub mod bench;
pub mod bench_comment;
pub mod blocks;
pub mod choice;
pub mod ci_cost;
pub mod doctor;
pub mod drift;
pub mod first_spec;
pub mod fixtures;
pub mod freshness;
pub mod github;
pub mod grid;
pub mod json;
pub mod junit;
pub mod leaks;
pub mod locks;
pub mod look;
mod markdown;
pub mod merged;
mod notes;
pub mod page;
pub mod plan_json;
pub mod plan_table;
pub mod plans;
pub mod record;
pub mod rehearsal;
pub mod reliability;
pub mod sarif;
pub mod spec_reference;
pub mod summary;
pub mod svg;
pub mod timings;
pub mod why;
pub mod workflow_drift;
