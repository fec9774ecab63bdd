//! Serves a Things 3 database: MCP over stdio, Arrow Flight and metrics over loopback.
//!
//! [`main`] is the whole program. Its parts can be used without a process: [`Served`] is an open database, [`mcp`]
//! speaks the Model Context Protocol over any pair of streams, [`flight`] is a gRPC service, [`columns`] turns tasks
//! into Arrow record batches.
//!
//! Nothing is written unless the database was opened with writes allowed. Standard output belongs to MCP; the log goes
//! to standard error.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

// What is asked and answered, in the words of the store.
pub mod answer;
pub mod columns;
pub mod filter;
mod moment;
// The database, off the threads that talk to clients.
mod database;
mod telemetry;
// The ways in.
pub mod flight;
pub mod mcp;
mod scrape;
// The program.
mod args;
mod end;
mod run;

pub use args::Args;
pub use database::{Failure, Options, Served};
pub use end::End;
pub use run::{main, run};
