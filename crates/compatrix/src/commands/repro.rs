//! `repro`: the shell lines that do by hand what one cell does.

use compatrix_engine::session::repro;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::Limits;

use crate::cli::{Global, ReproArgs};
use crate::progress;
use crate::terminal::Terminal;
use crate::workspace::{processors, Opened};

pub(crate) fn run(global: &Global, args: &ReproArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    if let Some(suite) = &args.suite {
        opened.parsed.spec.suite(suite).map_err(|unknown| Error::Usage(unknown.to_string()))?;
    }
    let (condition, _) = opened.cell(&args.cell)?;
    let packages = opened.packages(&args.packages)?;
    let limits = Limits {
        jobs: processors(),
        serial: false,
        offline: false,
        no_install: false,
        fresh: false,
        hermetic: false,
        committed: false,
    };
    let session = opened.session(limits, true, terminal)?;
    let lines = progress::during(terminal, |events| {
        repro::lines(&session, &opened.parsed, &condition, (args.suite.as_deref(), &packages), events)
    })?;
    terminal.print(&lines.join("\n"));
    Ok(0)
}
