//! `compat`: run the matrix.

use std::sync::mpsc;

use compatrix_engine::clock;
use compatrix_engine::error::Error;
use compatrix_engine::files;
use compatrix_render::{grid, json, junit, summary};

use crate::cli::{CompatArgs, Format, Global, Missing};
use crate::terminal::Terminal;
use crate::workspace::{asked, limits, no_cells, Opened};
use crate::{matrix, progress};

pub(crate) fn run(global: &Global, args: &CompatArgs, terminal: &Terminal) -> Result<u8, Error> {
    if args.dry_run {
        return super::plan::run(global, &args.selection, terminal);
    }
    let started = clock::instant();
    let opened = Opened::new(global, terminal)?;
    let profile = opened.profile(&args.selection.profile)?;
    let conditions = opened.conditions(&args.selection.cells)?;
    let session = opened.session(limits(&args.selection), true, terminal)?;

    let (sender, receiver) = mpsc::channel();
    let walked = std::thread::scope(|scope| {
        scope.spawn(|| progress::show(terminal, receiver));
        // The sender goes with the walk, so that the progress ends when it does.
        let sender = sender;
        session.walk(&opened.parsed, profile, &conditions, &asked(&args.selection), &opened.today, &sender)
    })?;
    if walked.plan.runs.is_empty() && walked.plan.skips.is_empty() && !walked.plan.narrowed.may_be_empty() {
        return Err(no_cells(&opened.parsed.spec, &args.selection.profile, !conditions.is_empty()));
    }
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let matrix = matrix::of_walk(&opened.parsed.spec, &walked, &opened.today, elapsed);
    match args.selection.format {
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
