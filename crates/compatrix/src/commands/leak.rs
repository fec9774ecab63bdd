//! `leak-check`: the suites of kind `leak`.

use compatrix_engine::error::Error;
use compatrix_engine::files;
use compatrix_model::spec::SuiteKind;
use compatrix_render::{grid, json, junit};

use crate::cli::{Format, Global, LeakArgs, LeakFormat, Missing};
use crate::matrix;
use crate::terminal::Terminal;
use crate::walk::{walk, Done};
use crate::workspace::Opened;

pub(crate) fn run(global: &Global, args: &LeakArgs, terminal: &Terminal) -> Result<u8, Error> {
    let mut opened = Opened::new(global, terminal)?;
    for suite in &mut opened.parsed.spec.suites {
        if let (SuiteKind::Leak(leak), false) = (&mut suite.kind, args.errors_for.is_empty()) {
            leak.errors_for = args.errors_for.iter().copied().collect();
        }
    }
    let profile = opened.leak_profile(&args.selection.profile, &args.tools)?;
    if args.dry_run {
        let format = if args.format == LeakFormat::Human { Format::Human } else { Format::Json };
        return super::plan::show(&opened, &args.selection, &profile, format, terminal);
    }
    let Done { walked, matrix } = walk(&opened, &args.selection, &profile, terminal)?;
    match args.format {
        LeakFormat::Human => terminal.print(&grid::report(&matrix, &terminal.look())),
        LeakFormat::Json | LeakFormat::Sarif => terminal.print(&json::json(&matrix)),
    }
    if let Some(path) = &args.junit {
        files::write(path, junit::junit(&matrix, "compatrix").as_bytes())?;
        terminal.say("Wrote", &path.display().to_string());
    }
    if walked.interrupted {
        return Err(Error::Interrupted);
    }
    Ok(matrix::exit_code(&matrix, args.missing == Missing::Fail))
}
