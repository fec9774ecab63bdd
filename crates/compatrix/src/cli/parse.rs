//! Parsing, with a hint where somebody asks for a command of cargo's.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::Parser;

use super::command_name;

/// cargo's commands that people expect here, with what does that for every cell.
const OF_CARGO: [(&[&str], &str); 4] = [
    (&["test", "t", "nextest"], "`compat` runs the tests in every cell of the matrix"),
    (
        &["check", "c", "build", "b", "clippy"],
        "`compat` builds every cell of the matrix; a suite of `kind = \"build\"` runs nothing",
    ),
    (&["run", "r"], "`compat` runs every cell of the matrix, and `repro` prints the commands of one"),
    (&["bench"], "`compat` runs the tests in every cell of the matrix; it has no benchmarks"),
];

/// Parses these arguments; ends the process with the documented code where they are none.
pub fn parse<C: Parser>(args: Vec<OsString>) -> C {
    let error = match try_parse(args) {
        Ok(cli) => return cli,
        Err(error) => error,
    };
    match hint(&error) {
        Some(hint) => C::command().error(ErrorKind::InvalidSubcommand, hint).exit(),
        None => error.exit(),
    }
}

/// Also for an xtask that flattens our commands into its own: our `help` takes the place of clap's.
fn try_parse<C: Parser>(args: Vec<OsString>) -> Result<C, clap::Error> {
    let mut command = C::command().disable_help_subcommand(true);
    let matches = command.try_get_matches_from_mut(args)?;
    C::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// What to say to who asks for a command of cargo's.
fn hint(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(asked)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let (_, instead) = OF_CARGO.iter().find(|(names, _)| names.contains(&asked.as_str()))?;
    Some(format!("`{asked}` is a command of cargo; here {instead}: `{} compat`", command_name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;

    #[derive(Debug, Parser)]
    struct Xtask {
        #[command(subcommand)]
        command: Own,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Own {
        #[command(flatten)]
        Compatrix(Box<crate::Command>),
        Chore,
    }

    #[test]
    fn the_help_of_an_xtask_with_commands_of_its_own_is_ours() {
        let args = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(matches!(try_parse::<Xtask>(args(&["xtask", "chore"])).unwrap().command, Own::Chore));
        let help = try_parse::<Xtask>(args(&["xtask", "help", "locksets"])).unwrap();
        assert!(matches!(help.command, Own::Compatrix(_)));
        assert_eq!(try_parse::<Xtask>(args(&["xtask", "--help"])).unwrap_err().kind(), ErrorKind::DisplayHelp);
    }

    #[test]
    fn commands_of_cargo_lead_to_compat() {
        let said = |word: &str| Cli::try_parse_from(["cargo-compatrix", word]).err().and_then(|error| hint(&error));
        for word in ["test", "check", "build", "run", "t", "clippy"] {
            assert!(said(word).is_some_and(|said| said.contains("compat`") && said.contains(word)), "{word}");
        }
        assert_eq!((said("tset"), said("compat")), (None, None));
    }
}
