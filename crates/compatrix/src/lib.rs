//! The command line of Compatrix, as a library: an adopter's xtask calls [`main`] and is done.
//!
//! **Invariant:** thin. It parses arguments, calls the engine, and hands what comes back to the renderers; it decides
//! nothing about cells, outcomes or verdicts itself, and starts no process.

mod ci;
pub mod cli;
mod commands;
mod matrix;
mod progress;
mod terminal;
mod walk;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

pub use cli::{Command, Global};
pub use compatrix_engine::error::Error;
pub use compatrix_model as model;
pub use compatrix_model::leak::{planted, Tool};

/// The Rust on that page is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/ADOPTING.md")]
pub struct Adopting;

/// The whole program: reads the arguments of this process, runs the command, gives the exit code.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     compatrix::main()
/// }
/// ```
pub fn main() -> ExitCode {
    if let Some(code) = stand_in() {
        return code;
    }
    // `cargo compatrix …` starts `cargo-compatrix compatrix …`.
    let mut args: Vec<std::ffi::OsString> = std::env::args_os().collect();
    if cli::is_cargo_subcommand() && args.get(1).is_some_and(|arg| arg == "compatrix") {
        args.remove(1);
    }
    let cli = cli::Cli::parse_from(args);
    run(&cli.global, &cli.command)
}

/// The generated pages of the spec, as the command `schema` writes them: paths below the workspace root, and texts.
/// `program` is how the command is started there: `cargo xtask`.
pub fn spec_pages(program: &str) -> [(String, String); 2] {
    commands::schema::pages(program)
}

/// To be called first in `main`: when builds start this executable in place of the C compiler, acts as that and gives the
/// exit code.
pub fn stand_in() -> Option<ExitCode> {
    compatrix_engine::cc::act()
}

/// The ledger of the workspace at this root, for programs that look at results.
///
/// # Errors
/// It cannot be opened.
pub fn ledger(root: &std::path::Path) -> Result<compatrix_engine::ledger::Ledger, Error> {
    let path = compatrix_engine::session::compat_dir(root).join("ledger.sqlite");
    Ok(compatrix_engine::ledger::Ledger::open(&path)?.ledger)
}

/// What the artifact of each job of an event begins with in the workspace at this root, and the suites in cells that it must
/// tell of; for programs that make artifacts.
///
/// # Errors
/// There is no such workspace, spec or event.
pub fn artifacts_of(
    root: &std::path::Path,
    event: model::ci::Event,
    work: model::ci::Work,
) -> Result<Vec<(model::ci::artifact::Header, Vec<(String, model::cell::CellId)>)>, Error> {
    let global = Global { root: Some(root.to_owned()), color: cli::When::Never, quiet: true };
    let terminal = terminal::Terminal::new(&global);
    let opened = workspace::Opened::new(&global, &terminal)?;
    let session = opened.session(workspace::no_work(), false, &terminal)?;
    ci::artifacts_of(&opened, &session, event, work)
}

/// Runs one command; errors are printed to stderr.
pub fn run(global: &Global, command: &Command) -> ExitCode {
    let terminal = terminal::Terminal::new(global);
    match commands::run(global, command, &terminal) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
