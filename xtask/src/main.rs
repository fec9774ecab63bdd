//! `cargo xtask`: the compatrix command line for this repository, and its own chores.

mod bench;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Compatrix for this repository, and its own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = compatrix::cli::EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: compatrix::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Compatrix(Box<compatrix::Command>),
    /// Benchmark `compat` and `leak-check` against hand-written scripts (docs/PERFORMANCE.md)
    SelfBench(bench::Args),
}

fn main() -> ExitCode {
    if let Some(code) = compatrix::stand_in() {
        return code;
    }
    let cli: Cli = compatrix::cli::parse(compatrix::arguments());
    match cli.command {
        Command::Compatrix(command) => compatrix::run(&cli.global, &command),
        Command::SelfBench(args) => bench::run(&args),
    }
}
