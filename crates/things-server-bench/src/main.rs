//! The program `things-server`, as a program of this package: cargo tells a bench only where those are.

use std::process::ExitCode;

fn main() -> ExitCode {
    things_server::main()
}
