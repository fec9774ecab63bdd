//! `compat`: run the matrix.

use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_model::matrix_spec::Work;
use compatrix_render::{grid, json, junit, summary};

use crate::ci;
use crate::cli::{CompatArgs, Format, Global};
use crate::terminal::Terminal;
use crate::walk::walk;
use crate::workspace::Opened;

pub(crate) fn run(global: &Global, args: &CompatArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let selection = ci::selection(&opened, &args.selection, &args.ci, Work::Compat)?;
    let profile = opened.compat_profile(&selection.profile)?;
    let of_ci = (&args.ci, Work::Compat);
    if args.dry_run {
        return super::plan::show(&opened, &selection, of_ci, &profile, args.format, terminal);
    }
    let done = walk(&opened, &selection, of_ci, &profile, terminal)?;
    let matrix = &done.walked.matrix;
    match args.format {
        Format::Human => terminal.print(&grid::report(matrix, &terminal.look())),
        Format::Json => terminal.print(&json::json(matrix)),
    }
    if let Some(path) = &args.junit {
        files::write(path, junit::junit(matrix, "compatrix").as_bytes())?;
        terminal.say("Wrote", &path.display().to_string());
    }
    if let Some(path) = opened.ambient.get("GITHUB_STEP_SUMMARY") {
        files::append(std::path::Path::new(path), summary::summary(matrix, "Compatibility").as_bytes())?;
    }
    if done.walked.interrupted {
        return Err(Error::Interrupted);
    }
    ci::write_artifact(&done, args.ci.evidence.as_deref(), terminal)?;
    Ok(ci::exit_code(&opened, &done, args.missing))
}
