//! What is measured of things-server: the program itself, over real pipes and sockets. The bench `served` measures it.

#![allow(clippy::disallowed_methods, reason = "benches start programs, and read the clock")]

mod delivery;
mod encoding;
mod json_http;
mod program;
mod talking;

use things_bench::Report;

pub use json_http::{serve, SERVE};

/// Runs all of them; `server` is the path of the program.
pub fn all(report: &mut Report, server: &str) {
    talking::talking(report, server);
    encoding::encoding(report);
    delivery::delivery(report, server);
}
