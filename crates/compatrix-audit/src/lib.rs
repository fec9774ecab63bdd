//! Audits a workspace and its host: missing tools, promises that cannot hold, promises that are not tested, and a
//! first spec.
//!
//! **Invariant:** no I/O, no clock, no environment. The engine gathers the facts; this crate judges them.

pub mod doctor;
pub mod first_spec;
pub mod lint;
pub mod manifest;
pub mod promise;
