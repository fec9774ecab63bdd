//! `compat`: run the matrix.

use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_render::{grid, json, junit, summary};

use crate::cli::{CompatArgs, Format, Global};
use crate::dry_run;
use crate::request::Request;
use crate::terminal::Terminal;
use crate::timings;
use crate::walk::walk;
use crate::workspace::{append_step_summary, Opened};

pub(crate) fn run(global: &Global, args: &CompatArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let request = Request::compat(&opened, &args.selection, &args.event)?;
    if args.dry_run {
        return dry_run::show(&request, args.format, terminal);
    }
    let timings = timings::checked(args.timings.as_deref(), &[args.junit.as_deref(), args.event.evidence.as_deref()])?;
    let (done, wrote_timings) = walk(&request, timings.as_ref(), terminal)?;
    let matrix = &done.walked.matrix;
    match args.format {
        Format::Human => terminal.print(&grid::report(matrix, &terminal.look())),
        Format::Json => terminal.print(&json::json(matrix)),
    }
    if let Some(path) = &args.junit {
        files::write_output(path, junit::junit(matrix, "compatrix").as_bytes())?;
        terminal.say("Wrote", &path.display().to_string());
    }
    wrote_timings?;
    append_step_summary(&opened.ambient, || summary::summary(matrix, "Compatibility"))?;
    if done.walked.interrupted {
        return Err(Error::Interrupted);
    }
    done.write_artifact(args.event.evidence.as_deref(), terminal)?;
    Ok(done.exit_code(&opened.parsed.spec, args.missing))
}
