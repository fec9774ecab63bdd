//! `cargo compatrix`: the command line, for workspaces without an xtask.

use std::process::ExitCode;

fn main() -> ExitCode {
    compatrix::main()
}
