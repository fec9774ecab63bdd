//! `compat`: run the matrix.

use compatrix_engine::error::Error;
use compatrix_engine::files;
use compatrix_render::{grid, json, junit, summary};

use crate::cli::{CompatArgs, Format, Global, Missing};
use crate::matrix;
use crate::terminal::Terminal;
use crate::walk::{walk, Done};
use crate::workspace::Opened;

pub(crate) fn run(global: &Global, args: &CompatArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let profile = opened.compat_profile(&args.selection.profile)?;
    if args.dry_run {
        return super::plan::show(&opened, &args.selection, &profile, args.format, terminal);
    }
    let Done { walked, matrix } = walk(&opened, &args.selection, &profile, terminal)?;
    match args.format {
        Format::Human => terminal.print(&grid::report(&matrix, &terminal.look())),
        Format::Json => terminal.print(&json::json(&matrix)),
    }
    if let Some(path) = &args.junit {
        files::write(path, junit::junit(&matrix, "compatrix").as_bytes())?;
        terminal.say("Wrote", &path.display().to_string());
    }
    if let Some(path) = opened.ambient.get("GITHUB_STEP_SUMMARY") {
        files::append(std::path::Path::new(path), summary::summary(&matrix, "Compatibility").as_bytes())?;
    }
    if walked.interrupted {
        return Err(Error::Interrupted);
    }
    Ok(matrix::exit_code(&matrix, args.missing == Missing::Fail))
}
