//! The server over in-memory streams, over real pipes, and as clients that nobody here wrote see it.
//!
//! The database is the matrix's fixture, or `compat/fixtures/v24` where no matrix runs.
#![allow(clippy::disallowed_methods, reason = "tests start programs and make files")]

mod clients;
mod flights;
mod hostile;
mod process;
mod scraping;
mod support;
mod talking;
mod tools;
