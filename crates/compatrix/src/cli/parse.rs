//! Parsing, with a hint where somebody asks for a command of cargo's.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::Parser;

use super::command_name;

/// cargo's commands that people expect here, with what does that for every cell.
const OF_CARGO: [(&[&str], &str); 3] = [
    (&["test", "t", "nextest"], "`compat` runs the tests in every cell of the matrix"),
    (
        &["check", "c", "build", "b", "clippy"],
        "`compat` builds every cell of the matrix; a suite of `kind = \"build\"` runs nothing",
    ),
    (&["run", "r"], "`compat` runs every cell of the matrix, and `repro` prints the commands of one"),
];

/// Parses these arguments; ends the process with the documented code where they are none.
pub fn parse<C: Parser>(args: Vec<OsString>) -> C {
    let error = match C::try_parse_from(args) {
        Ok(cli) => return cli,
        Err(error) => error,
    };
    match hint(&error) {
        Some(hint) => C::command().error(ErrorKind::InvalidSubcommand, hint).exit(),
        None => error.exit(),
    }
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
        assert!(matches!(Xtask::try_parse_from(["xtask", "chore"]).unwrap().command, Own::Chore));
        let help = Xtask::try_parse_from(["xtask", "help", "locksets"]).unwrap();
        assert!(matches!(help.command, Own::Compatrix(_)));
        assert_eq!(Xtask::try_parse_from(["xtask", "--help"]).unwrap_err().kind(), ErrorKind::DisplayHelp);
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
