//! Reports of `bench` in the ledger.

use anyhow::Result;
use compatrix_model::speed::SpeedReport;
use rusqlite::Connection;

/// Writes a report.
///
/// # Errors
/// The ledger cannot be written.
pub(super) fn put(connection: &Connection, report: &SpeedReport, at: i64) -> Result<()> {
    let head = report.head();
    let name = head.commit.as_ref().unwrap_or(&head.name);
    let mut insert = connection.prepare_cached("INSERT INTO comparisons (head, at, report) VALUES (?1, ?2, ?3)")?;
    insert.execute((name, at, serde_json::to_string(report)?))?;
    Ok(())
}
