//! The commands, one file each.

mod bench;
mod ci;
mod compat;
mod doctor;
mod evidence;
mod fixtures;
mod gen_ci;
mod help;
mod init;
mod leak;
mod lock;
mod merge;
mod plan;
mod report;
mod repro;
pub(crate) mod schema;

use compatrix_engine::sys::error::Error;

use crate::cli::{self, Command, EvidenceCommand, Global};
use crate::terminal::Terminal;

/// Runs a command and gives its exit code.
pub(crate) fn run(global: &Global, command: &Command, terminal: &Terminal) -> Result<u8, Error> {
    match command {
        Command::Init(args) => init::run(global, args, terminal),
        Command::Compat(args) => compat::run(global, args, terminal),
        Command::Plan(args) => plan::run(global, args, terminal),
        Command::LeakCheck(args) => leak::run(global, args, terminal),
        Command::Bench(args) => bench::run(global, args, terminal),
        Command::GenCi(args) => gen_ci::run(global, args, terminal),
        Command::Ci(command) => ci::run(global, command, terminal),
        Command::Report(args) => report::run(global, args, terminal),
        Command::Lock(args) => lock::run(global, args, terminal),
        Command::Evidence(EvidenceCommand::Record { cells, packages, keep }) => {
            evidence::record(global, (cells, packages), *keep, terminal)
        }
        Command::Evidence(EvidenceCommand::Merge(args)) => merge::run(global, args, terminal),
        Command::Evidence(EvidenceCommand::Show { cell, format }) => evidence::show(global, cell, *format, terminal),
        Command::Fixtures(command) => fixtures::run(global, command, terminal),
        Command::Doctor(args) => doctor::run(global, args, terminal),
        Command::Repro(args) => repro::run(global, args, terminal),
        Command::Schema(args) => schema::run(global, args, terminal),
        Command::Help { words } => help::run(words, terminal),
        Command::Completions { shell } => {
            let mut command = <cli::Cli as clap::CommandFactory>::command();
            let name = if cli::is_cargo_subcommand() { "cargo-compatrix" } else { "xtask" };
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, name, &mut script);
            terminal.print(&String::from_utf8_lossy(&script));
            Ok(0)
        }
    }
}
