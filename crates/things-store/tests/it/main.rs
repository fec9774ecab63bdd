//! The integration tests, one executable.
//!
//! Each test that needs a database makes its own copy of `THINGS_STORE_FIXTURE` where that is set, and else
//! of every fixture in the repository. Where a fixture is meant to be refused, the same tests assert that it
//! is, with precisely the error that its `fixture.toml` names.

#![allow(clippy::disallowed_methods)] // Tests read the environment, make files and remove them.

mod support;

#[cfg(feature = "breaker")]
mod breaker;
#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "changes")]
mod changes;
mod clocks;
mod damage;
mod dates;
#[cfg(feature = "changes")]
mod feeds;
mod fixtures;
#[cfg(unix)]
mod frozen;
#[cfg(unix)]
mod full_disk;
#[cfg(feature = "json")]
mod json;
mod lists;
mod locking;
mod many;
mod moved;
mod observing;
mod opening;
mod organising;
mod plans;
#[cfg(feature = "pool")]
mod pool;
mod searching;
mod stopping;
mod streaming;
mod threads;
mod unchanged;
mod versions;
mod wal;
mod writing;
