//! `lock`: the locksets of old toolchains, made, repaired or checked.

use compatrix_engine::lock::{self, LockOptions};
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::Limits;
use compatrix_model::results::exit;
use compatrix_render::locks;

use crate::cli::{command_name, Format, Global, LockArgs};
use crate::progress;
use crate::terminal::Terminal;
use crate::workspace::{command_of_pages, processors, Opened, SPEC};

pub(crate) fn run(global: &Global, args: &LockArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let limits = Limits {
        jobs: processors(),
        serial: false,
        offline: args.offline || args.check,
        no_install: args.no_install || args.check,
        fresh: false,
        hermetic: false,
        committed: false,
    };
    let session = opened.session(limits, !args.check, terminal)?;
    if opened.parsed.spec.locks.is_empty() {
        let (group, why) = lock::new_group(&session, &opened.parsed)?;
        return Err(Error::usage(format!(
            "the spec has no [[lock]]: {why}. Add to {SPEC}:\n\n{}\nthen run `{program} lock`; `{program} help locksets` \
             explains it",
            group.lines(),
            program = command_name()
        )));
    }
    let options = LockOptions { check: args.check, update: args.update, repair: args.repair };
    let command = command_of_pages(&opened.root);
    let made = progress::during(terminal, |events| {
        lock::all(&session, &opened.parsed, &args.names, options, command, events)
    })?;
    match args.format {
        Format::Human => {
            made.iter().for_each(|(name, made)| terminal.print(&locks::human(name, made, command_name())));
        }
        Format::Json => terminal.print(&locks::json(&made)),
    }
    Ok(exit::of_locksets(made.iter().map(|(_, made)| made)).number())
}
