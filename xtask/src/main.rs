//! `cargo xtask`: the compatrix command line for this repository, and its own chores.

use std::process::ExitCode;

fn main() -> ExitCode {
    compatrix::main()
}
