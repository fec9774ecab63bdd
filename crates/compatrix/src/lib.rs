//! The command line of Compatrix, as a library: an adopter's xtask calls [`main`] and is done.
//!
//! **Invariant:** thin. It parses arguments, calls the engine, and hands what comes back to the renderers; it decides
//! nothing about cells, outcomes or verdicts itself, and starts no process.

mod ci;
pub mod cli;
mod commands;
mod progress;
mod rehearsal;
mod terminal;
mod walk;
mod workspace;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

pub use ci::Planned;
pub use cli::{Command, Global};
pub use compatrix_ci as ci_model;
pub use compatrix_engine::sys::error::Error;
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
    let cli = cli::Cli::parse_from(arguments());
    run(&cli.global, &cli.command)
}

/// The arguments of this process, for an xtask that parses them itself.
///
/// cargo starts `cargo-X X …` for `cargo X …`; the second `X` is taken off. So a job of CI can be handed an xtask that is
/// compiled already, as `cargo-handed-xtask` on PATH: with `CARGO_ALIAS_XTASK=handed-xtask`, `cargo xtask …` starts it.
pub fn arguments() -> Vec<OsString> {
    without_subcommand(std::env::args_os().collect())
}

fn without_subcommand(mut args: Vec<OsString>) -> Vec<OsString> {
    let name = args.first().and_then(|program| Path::new(program).file_stem()).unwrap_or_default();
    let subcommand = name.to_str().and_then(|name| name.strip_prefix("cargo-")).filter(|name| !name.is_empty());
    if subcommand.is_some_and(|subcommand| args.get(1).is_some_and(|arg| arg == subcommand)) {
        args.remove(1);
    }
    args
}

/// The generated pages of the spec, as the command `schema` writes them: paths below the workspace root, and texts.
/// `program` is how the command is started there: `cargo xtask`.
pub fn spec_pages(program: &str) -> [(String, String); 2] {
    commands::schema::pages(program)
}

/// To be called first in `main`: when builds start this executable in place of the C compiler, acts as that and gives the
/// exit code.
pub fn stand_in() -> Option<ExitCode> {
    compatrix_engine::build::cc::act()
}

/// The ledger of the workspace at this root, for programs that look at results.
///
/// # Errors
/// It cannot be opened.
pub fn ledger(root: &Path) -> Result<compatrix_engine::ledger::Ledger, Error> {
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
    event: model::matrix_spec::Event,
    work: model::matrix_spec::Work,
) -> Result<Vec<Planned>, Error> {
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
            ExitCode::from(error.exit_code().number())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_by_which_cargo_starts_us_is_no_argument() {
        for (args, expected) in [
            (&["/x/cargo-handed-xtask", "handed-xtask", "compat"][..], &["/x/cargo-handed-xtask", "compat"][..]),
            (&["cargo-compatrix.exe", "compatrix", "plan"], &["cargo-compatrix.exe", "plan"]),
            (&["cargo-compatrix", "plan"], &["cargo-compatrix", "plan"]),
            (&["/x/xtask", "xtask", "plan"], &["/x/xtask", "xtask", "plan"]),
            (&["cargo-handed-xtask"], &["cargo-handed-xtask"]),
            (&["cargo-", "", "plan"], &["cargo-", "", "plan"]),
        ] {
            let args = args.iter().map(OsString::from).collect();
            assert_eq!(without_subcommand(args), expected.iter().map(OsString::from).collect::<Vec<_>>());
        }
    }
}
