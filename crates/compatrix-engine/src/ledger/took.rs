//! What builds and runs took: written after each, read to order, admit and forecast the next.

use anyhow::{Context, Result};
use compatrix_model::facts::{Durations, Habit};
use rusqlite::{params, Connection};

/// The end of the name of doctests among the builds: a cargo of their own makes and runs them.
const DOCTESTS: &str = " doctests";

/// The name under which the doctests of the build of this id are among the builds.
pub(crate) fn doctests_of(build: &str) -> String {
    format!("{build}{DOCTESTS}")
}

/// What the processes of a task took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Spent {
    /// Wall time in milliseconds.
    pub(crate) wall_ms: u64,
    /// Processor time in milliseconds.
    pub(crate) cpu_ms: u64,
    /// The time in milliseconds that their threads ran or waited for a core.
    pub(crate) wanted_ms: u64,
    /// The highest sum of their memory that was seen, in bytes.
    pub(crate) peak_memory: u64,
}

/// Adds what a build took.
pub(super) fn put_build(connection: &Connection, build: &str, ok: bool, spent: &Spent, at: i64) -> Result<()> {
    let integer = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    connection
        .prepare_cached("INSERT INTO builds (build, ok, wall_ms, cpu_ms, at) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![build, ok, integer(spent.wall_ms), integer(spent.cpu_ms), at])
        .context("cannot write to the ledger")?;
    Ok(())
}

/// Every cargo of a build and of doctests: its name and its processor time in milliseconds, oldest first.
pub(super) fn cargos(connection: &Connection) -> Result<Vec<(String, u64)>> {
    let mut select = connection.prepare("SELECT build, cpu_ms FROM builds ORDER BY id")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The build whose doctests have this name; none if it is that of a build.
pub(super) fn build_of(name: &str) -> Option<&str> {
    name.strip_suffix(DOCTESTS)
}

/// Durations seen before, the newest of each build and run.
pub(super) fn durations(connection: &Connection) -> Result<Durations> {
    let mut durations = Durations::default();
    let mut select = connection.prepare("SELECT build, wall_ms FROM builds WHERE ok ORDER BY id")?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    for row in rows {
        let (build, ms) = row?;
        match build_of(&build) {
            Some(of) => durations.doctests.insert(of.to_owned(), ms.unsigned_abs()),
            None => durations.builds.insert(build, ms.unsigned_abs()),
        };
    }
    for (build, ms) in &durations.doctests {
        *durations.builds.entry(build.clone()).or_default() += ms;
    }
    let mut select =
        connection.prepare("SELECT suite, cell, duration_ms FROM records WHERE outcome = 'passed' ORDER BY id")?;
    let rows = select.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get::<_, i64>(2)?)))?;
    for row in rows {
        let (run, ms) = row?;
        durations.runs.insert(run, ms.unsigned_abs());
    }
    // Of those that were cut short nothing is learned.
    let mut select = connection.prepare(
        "SELECT suite, cell, duration_ms, wanted_ms, peak_memory FROM records WHERE wanted_ms IS NOT NULL AND \
         duration_ms > 0 AND outcome <> 'infrastructure' ORDER BY id",
    )?;
    let number = |row: &rusqlite::Row<'_>, n: usize| row.get::<_, i64>(n).map(i64::unsigned_abs);
    let rows = select.query_map([], |row| {
        let (wall_ms, wanted_ms, peak_memory) = (number(row, 2)?, number(row, 3)?, number(row, 4)?);
        Ok(((row.get(0)?, row.get(1)?), Habit { ended: 1, wall_ms, wanted_ms, peak_memory }))
    })?;
    for row in rows {
        let (run, habit) = row?;
        durations.habits.insert(run, habit);
    }
    Ok(durations)
}
