//! The command line of Compatrix, as a library: an adopter's xtask calls [`main`] and is done.
//!
//! **Invariant:** thin. It parses arguments, calls the engine and passes its results to the renderers. It decides nothing
//! about cells, outcomes or verdicts, and starts no process. No command uses another: what they share is outside of
//! `commands`.

pub mod cli;
mod commands;
mod dry_run;
mod event;
mod pages;
mod progress;
mod request;
mod sarif;
mod terminal;
mod timings;
mod walk;
mod workspace;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use compatrix_model::matrix_spec::{CiEvent, JobCommand};

pub use cli::{Command, Global};
pub use compatrix_engine::sys::error::Error;
pub use event::PlannedArtifact;

/// The crates without effects, for programs that make or read plans, artifacts and evidence.
pub mod pure {
    pub use compatrix_ci as ci;
    pub use compatrix_leak as leak;
    pub use compatrix_model as model;
}

/// The Rust on that page is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/ADOPTING.md")]
pub struct Adopting;

/// The whole program: parses the arguments of this process, runs the command and returns its exit code.
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
    let cli: cli::Cli = cli::parse(arguments());
    run(&cli.global, &cli.command)
}

/// The arguments of this process, for an xtask that parses them itself.
///
/// cargo starts `cargo-X X …` for `cargo X …`; the second `X` is removed. So a job of CI can use a compiled xtask, as
/// `cargo-handed-xtask` on PATH: with `CARGO_ALIAS_XTASK=handed-xtask`, `cargo xtask …` starts it.
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

/// The pages that `schema` writes: paths below the workspace root, and texts. `program` is how the user starts compatrix:
/// `cargo xtask`.
pub fn spec_pages(program: &str) -> [(String, String); 3] {
    commands::schema::pages(program)
}

/// Call this first in `main`: where builds start this executable in place of the C compiler, it acts as the compiler and
/// returns the exit code.
pub fn stand_in() -> Option<ExitCode> {
    compatrix_engine::build::act().or_else(compatrix_engine::bench::act)
}

/// The ledger of the workspace at this root, for programs that read results.
///
/// # Errors
/// It cannot be opened.
pub fn ledger(root: &Path) -> Result<compatrix_engine::ledger::Ledger, Error> {
    let path = compatrix_engine::sys::host::compat_dir(root).join("ledger.sqlite");
    Ok(compatrix_engine::ledger::Ledger::open(&path)?.ledger)
}

/// The artifacts that the jobs of an event upload in the workspace at this root, for programs that make artifacts.
///
/// # Errors
/// There is no such workspace, spec or event.
pub fn planned_artifacts(root: &Path, event: CiEvent, work: JobCommand) -> Result<Vec<PlannedArtifact>, Error> {
    let global = Global { root: Some(root.to_owned()), manifest_path: None, color: cli::When::Never, quiet: true };
    let terminal = terminal::Terminal::new(&global);
    let opened = workspace::Opened::new(&global, &terminal)?;
    let session = opened.session(workspace::no_work(), false, &terminal)?;
    event::planned_artifacts(&opened, &session, event, work)
}

/// Runs one command. Errors go to stderr.
pub fn run(global: &Global, command: &Command) -> ExitCode {
    let terminal = terminal::Terminal::new(global);
    let done = commands::run(global, command, &terminal);
    // What failed before has a code of its own.
    let done = done.and_then(|code| terminal.lost().map_or(Ok(code), Err));
    match done {
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
