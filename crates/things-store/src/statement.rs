//! Prepared statements, kept by their text: each is counted as found or as prepared.

use crate::error::{Error, Result};
use crate::telemetry::{Event, Telemetry};
use rusqlite::{CachedStatement, Connection, StatementStatus};

/// How many statements a connection keeps. The lists and their filters have fewer texts than this, because all that
/// varies is a parameter.
pub(crate) const KEPT: usize = 64;

/// The statement with this text, prepared now or before. Everything that a store runs for its callers comes from here, so
/// hits and misses together are the number of statements run.
pub(crate) fn prepare<'c>(
    connection: &'c Connection,
    text: &str,
    telemetry: &Telemetry,
) -> Result<CachedStatement<'c>> {
    let statement = connection.prepare_cached(text).map_err(Error::sqlite)?;
    // SQLite counts the runs of a statement; a new one has none.
    let is_new = statement.get_status(StatementStatus::Run) == 0;
    telemetry.note(if is_new { Event::StatementMiss } else { Event::StatementHit });
    Ok(statement)
}
