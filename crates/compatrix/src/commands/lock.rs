//! `lock`: the locksets of old toolchains, made, repaired or checked.

use compatrix_engine::deps::locks::make;
use compatrix_engine::deps::locks::make::Wanted;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::Limits;
use compatrix_render::locks;

use crate::cli::{command_name, Format, Global, LockArgs};
use crate::progress;
use crate::terminal::Terminal;
use crate::workspace::{command_of_pages, processors, Opened};

pub(crate) fn run(global: &Global, args: &LockArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    if opened.parsed.spec.locks.is_empty() {
        return Err(Error::usage(
            "the spec has no [[lock]], so every toolchain uses Cargo.lock; docs/LOCKSETS.md says when one is needed",
        ));
    }
    let limits = Limits {
        jobs: processors(),
        offline: args.offline || args.check,
        no_install: args.no_install || args.check,
        fresh: false,
        hermetic: false,
    };
    let session = opened.session(limits, !args.check, terminal)?;
    let wanted = Wanted { check: args.check, update: args.update, repair: args.repair };
    let command = command_of_pages(&opened.root);
    let reports =
        progress::during(terminal, |events| make::all(&session, &opened.parsed, &args.names, wanted, command, events))?;
    match args.format {
        Format::Human => {
            reports.iter().for_each(|(name, report)| terminal.print(&locks::human(name, report, command_name())));
        }
        Format::Json => terminal.print(&locks::json(&reports)),
    }
    Ok(u8::from(reports.iter().any(|(_, report)| report.fails())))
}
