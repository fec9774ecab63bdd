//! The program `things-server`, as a program of this package: cargo tells a bench only where those are. With
//! [`SERVE`] it is the server that is compared with it.

use std::process::ExitCode;

use things_server_bench::{serve, SERVE};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    match (args.next(), args.next()) {
        (Some(first), Some(database)) if first == SERVE => {
            serve(&database);
            ExitCode::SUCCESS
        }
        _ => things_server::main(),
    }
}
