//! The C surface, called from Rust on databases: what it gives is what the store gives.
//!
//! Fixtures as in the tests of things-store: each test makes its own copy of `THINGS_STORE_FIXTURE` where that is set, and
//! else of every small fixture in the repository.

#![allow(clippy::disallowed_methods)] // Tests read the environment, make files and remove them.

// Each executable uses its part of it, and has other features.
#[allow(unknown_lints, dead_code, unused_imports, unexpected_cfgs)]
#[path = "../../../things-store/tests/it/support/mod.rs"]
mod support;

mod c;
mod changing;
mod reading;
mod statuses;
mod streams;
