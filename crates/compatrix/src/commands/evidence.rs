//! `evidence record` and `evidence show`: proof from the ledger, committed or shown.

use compatrix_engine::committed::{evidence, plans};
use compatrix_engine::find::workspace;
use compatrix_engine::session::today::{self, TodaysResults};
use compatrix_engine::session::Session;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::Host;
use compatrix_model::cell::{CellId, CellIdError};
use compatrix_model::evidence::Record;
use compatrix_render::record::describe;

use crate::cli::{command_name, Format, Global};
use crate::terminal::Terminal;
use crate::workspace::{no_work, Opened};

/// The most results that are refused by name.
const MAX_REFUSED: usize = 5;

pub(crate) fn record(
    global: &Global,
    (cells, packages): (&[String], &[String]),
    keep: bool,
    terminal: &Terminal,
) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let session = opened.session(no_work(), false, terminal)?;
    let spec = &opened.parsed.spec;
    let conditions = opened.conditions(cells)?;
    let packages = opened.packages(packages)?;
    let TodaysResults { records, earlier, refused } = today::results(&session, &opened.parsed, &conditions, &packages)?;
    for why in refused.iter().take(MAX_REFUSED) {
        terminal.warning(&format!("a result in the ledger contradicts itself and is not recorded: {why}"));
    }
    if records.is_empty() {
        let others = match earlier {
            0 => String::new(),
            1 => " (1 is of other sources, or of what means something else now)".to_owned(),
            n => format!(" ({n} are of other sources, or of what means something else now)"),
        };
        let changed = evidence::changed_by_runs(&session.host, &opened.parsed)?;
        let remedy = match changed.first().filter(|_| earlier > 0) {
            Some((file, who)) => {
                format!("`{file}` was changed while {who}: restore it, or run `{} compat` again", command_name())
            }
            None => format!("run `{} compat` first", command_name()),
        };
        return Err(Error::usage(format!("the ledger has no result for today's inputs{others}; {remedy}")));
    }
    let (count, is_dirty) = (records.len(), |record: &Record| record.proof.as_ref().is_some_and(|p| p.source.dirty));
    let dirty = records.iter().any(is_dirty);
    let recorded = evidence::record(&session.host, spec, &Host::platform(), records, keep, &opened.today)?;
    let sources = evidence::today(&session.host, &opened.parsed)?.sources;
    plans::note(&opened.root, spec, &sources, &evidence::read_all_known(&opened.root, spec)?)?;
    let of = format!("{count} results of this machine, {} in all", recorded.entries);
    terminal.say("Wrote", &format!("{}: {of}", recorded.file));
    for dropped in &recorded.dropped {
        terminal.say("Dropped", dropped);
    }
    if dirty {
        terminal.warning("the packages under test have uncommitted changes; the evidence says so");
    }
    if let Some(why) = workspace::without_commit(&session.host) {
        terminal.warning(&format!("the evidence names no commit of this workspace: {why}"));
    }
    Ok(0)
}

pub(crate) fn show(global: &Global, cell: &str, format: Format, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let session = opened.session(no_work(), false, terminal)?;
    let id: CellId = cell.parse().map_err(|error: CellIdError| Error::Usage(error.to_string()))?;
    let records = newest_of(&opened, &session, &id)?;
    if records.is_empty() {
        // Perhaps it is only misspelled.
        opened.cell(cell)?;
        return Err(Error::usage(format!(
            "the ledger has no result of `{id}`; run `{} compat --cell '{id}'`",
            command_name()
        )));
    }
    match format {
        Format::Json => terminal.print(&serde_json::to_string_pretty(&records).map_err(anyhow::Error::from)?),
        Format::Human => terminal.print(&records.iter().map(describe).collect::<Vec<_>>().join("\n")),
    }
    Ok(0)
}

fn newest_of(opened: &Opened, session: &Session, cell: &CellId) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    for suite in &opened.parsed.spec.suites {
        records.extend(session.ledger.newest(&suite.name, &cell.to_string())?);
    }
    Ok(records)
}
