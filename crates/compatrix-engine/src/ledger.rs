//! The ledger: the SQLite database of every run on this machine, `target/compat/ledger.sqlite`.
//!
//! One writer (the thread that walks the plan), a commit for each result. A ledger that cannot be read is set aside
//! under another name, never deleted.

mod compared;
mod took;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{anyhow, bail, Context, Result};
use compatrix_model::evidence::Record;
use compatrix_model::facts::Durations;
use compatrix_model::hash::{or_empty, Sha256};
use compatrix_model::speed::SpeedReport;
use rusqlite::{params, Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior};

use crate::find::input::Input;
use crate::sys::memo::Memo;

pub(crate) use took::{doctests_of, Spent};

/// The schema's version, in `PRAGMA user_version`; each entry of [`MIGRATIONS`] leads to the next.
const VERSION: usize = MIGRATIONS.len();

/// Each brings a ledger from the version of its position to the next.
const MIGRATIONS: [&str; 4] = [
    "
    CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        suite TEXT NOT NULL,
        cell TEXT NOT NULL,
        key TEXT NOT NULL,
        outcome TEXT NOT NULL,
        duration_ms INTEGER NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
    CREATE INDEX records_by_key ON records (key);
    CREATE INDEX records_by_cell ON records (suite, cell);
    CREATE TABLE builds (
        id INTEGER PRIMARY KEY,
        build TEXT NOT NULL,
        ok INTEGER NOT NULL,
        wall_ms INTEGER NOT NULL,
        cpu_ms INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE facts (
        name TEXT PRIMARY KEY,
        stamp TEXT NOT NULL,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE reads (
        build TEXT PRIMARY KEY,
        inputs TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE records ADD COLUMN cpu_ms INTEGER;
    ALTER TABLE records ADD COLUMN wanted_ms INTEGER;
    ALTER TABLE records ADD COLUMN peak_memory INTEGER;
",
    "
    CREATE TABLE comparisons (
        id INTEGER PRIMARY KEY,
        head TEXT NOT NULL,
        at INTEGER NOT NULL,
        report TEXT NOT NULL
    ) STRICT;
",
];

/// Of so many builds the ledger knows what they read.
const MOST_READS: i64 = 5000;

/// The ledger, open.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
    path: PathBuf,
}

/// An opened ledger, and how it was recovered.
#[derive(Debug)]
pub struct OpenedLedger {
    /// A new one, after the old one was moved aside.
    pub ledger: Ledger,
    /// The facts saved earlier.
    pub memo: Memo,
    /// The path of the unreadable one.
    pub set_aside: Option<PathBuf>,
}

impl Ledger {
    /// Opens the ledger, making or migrating it as needed.
    ///
    /// # Errors
    /// It is locked by another program, cannot be written, or was made by a newer version.
    pub fn open(path: &Path) -> Result<OpenedLedger> {
        match Self::try_open(path) {
            Ok((ledger, memo)) => Ok(OpenedLedger { ledger, memo, set_aside: None }),
            Err(error) if is_damage(&error) => {
                let aside = set_aside(path)?;
                let (ledger, memo) = Self::try_open(path)?;
                Ok(OpenedLedger { ledger, memo, set_aside: Some(aside) })
            }
            Err(error) => Err(explain(error, path)),
        }
    }

    fn try_open(path: &Path) -> Result<(Self, Memo)> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // NORMAL in WAL mode: a commit survives the death of this process; one of the whole machine may lose the last.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")?;
        let before = version_of(&connection, path)?;
        let mut version = before;
        while version < VERSION {
            // Asked again, because another command may have done it meanwhile.
            let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
            version = version_of(&transaction, path)?;
            if let Some(migration) = MIGRATIONS.get(version) {
                version += 1;
                transaction.execute_batch(&format!("{migration} PRAGMA user_version = {version};"))?;
            }
            transaction.commit()?;
        }
        // Damage is to show now and not in the middle of a run, as far as that costs no time.
        for table in ["records", "builds"] {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))?;
        }
        if before == VERSION {
            // Proves early that it can be written.
            connection.execute_batch(&format!("BEGIN IMMEDIATE; PRAGMA user_version = {VERSION}; COMMIT;"))?;
        }
        let memo = memo(&connection)?;
        Ok((Self { connection, path: path.to_owned() }, memo))
    }

    /// Works with the database. Of an error it says what can be done about it; a ledger that proves damaged in the middle
    /// of work is set aside, so that the next start has a new one.
    fn with<T>(&self, act: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        act(&self.connection).map_err(|error| {
            if !is_damage(&error) {
                return explain(error, &self.path);
            }
            match set_aside(&self.path) {
                Ok(aside) => anyhow!(
                    "the ledger is damaged ({error:#}) and was set aside as {}; run again, and a new one begins",
                    aside.display()
                ),
                Err(trouble) => error.context(format!("the ledger is damaged, and {trouble:#}")),
            }
        })
    }

    /// Adds a record; it is committed when this returns.
    pub fn put(&self, record: &Record) -> Result<()> {
        self.insert(record, None)
    }

    /// Adds the report of a comparison; it is committed when this returns.
    pub(crate) fn put_speed(&self, report: &SpeedReport, at: i64) -> Result<()> {
        compared::put(&self.connection, report, at)
    }

    /// Adds the record of a run with what its processes took; it is committed when this returns.
    pub(crate) fn put_spent(&self, record: &Record, spent: &Spent) -> Result<()> {
        self.insert(record, Some(spent))
    }

    fn insert(&self, record: &Record, spent: Option<&Spent>) -> Result<()> {
        self.with(|connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO records (suite, cell, key, outcome, duration_ms, record, cpu_ms, wanted_ms, peak_memory) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            let integer = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let [suite, cell, key, outcome] = columns_of(record);
            insert
                .execute(params![
                    suite,
                    cell,
                    key,
                    outcome,
                    integer(record.duration_ms),
                    serde_json::to_string(record)?,
                    spent.map(|spent| integer(spent.cpu_ms)),
                    spent.map(|spent| integer(spent.wanted_ms)),
                    spent.map(|spent| integer(spent.peak_memory)),
                ])
                .context("cannot write to the ledger")?;
            Ok(())
        })
    }

    /// The newest record of this key; none if its row contradicts itself.
    pub fn by_key(&self, key: Sha256) -> Result<Option<Record>> {
        self.one(
            "SELECT suite, cell, key, outcome, record FROM records WHERE key = ? ORDER BY id DESC LIMIT 1",
            params![key.to_string()],
        )
    }

    /// The place of the newest record of this key among all records: later ones have higher places.
    pub(crate) fn place_of(&self, key: Sha256) -> Result<Option<i64>> {
        self.with(|connection| {
            let mut select = connection.prepare_cached("SELECT max(id) FROM records WHERE key = ?")?;
            Ok(select.query_row([key.to_string()], |row| row.get(0))?)
        })
    }

    /// The newest record of a suite in a cell, whatever its key.
    pub fn newest(&self, suite: &str, cell: &str) -> Result<Option<Record>> {
        self.one(
            "SELECT suite, cell, key, outcome, record FROM records WHERE suite = ? AND cell = ? ORDER BY id DESC LIMIT 1",
            params![suite, cell],
        )
    }

    fn one(&self, sql: &str, params: impl rusqlite::Params) -> Result<Option<Record>> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(sql)?;
            let column = |row: &rusqlite::Row<'_>, n: usize| row.get::<_, String>(n);
            let row = select.query_row(params, |row| {
                Ok(([column(row, 0)?, column(row, 1)?, column(row, 2)?, column(row, 3)?], column(row, 4)?))
            });
            // A record of another format is as good as none, and so is one that its own row contradicts: the cell runs
            // again.
            let record = row.optional()?.and_then(|(columns, text)| {
                let record: Record = serde_json::from_str(&text).ok()?;
                (columns_of(&record) == columns).then_some(record)
            });
            Ok(record)
        })
    }

    /// Every suite and cell that has a record.
    pub fn cells(&self) -> Result<Vec<(String, String)>> {
        self.with(|connection| {
            let mut select = connection.prepare("SELECT DISTINCT suite, cell FROM records ORDER BY suite, cell")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The inputs that the build of this key read, if that is known.
    pub(crate) fn reads(&self, build: Sha256) -> Result<Option<BTreeSet<Input>>> {
        self.with(|connection| {
            let mut select = connection.prepare_cached("SELECT inputs FROM reads WHERE build = ?")?;
            let text: Option<String> = select.query_row([build.to_string()], |row| row.get(0)).optional()?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
        })
    }

    /// The inputs that any build read, as far as is known.
    pub(crate) fn all_reads(&self) -> Result<BTreeSet<Input>> {
        self.with(|connection| {
            let mut select = connection.prepare("SELECT inputs FROM reads")?;
            let mut all = BTreeSet::new();
            for text in select.query_map([], |row| row.get::<_, String>(0))? {
                all.extend(serde_json::from_str::<BTreeSet<Input>>(&text?).unwrap_or_default());
            }
            Ok(all)
        })
    }

    /// Remembers what the build of this key read, and forgets the oldest of very many.
    pub(crate) fn put_reads(&self, build: Sha256, inputs: &BTreeSet<Input>, at: i64) -> Result<()> {
        self.with(|connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO reads (build, inputs, at) VALUES (?, ?, ?)")?
                .execute(params![build.to_string(), serde_json::to_string(inputs)?, at])
                .context("cannot write to the ledger")?;
            connection
                .prepare_cached(
                    "DELETE FROM reads WHERE at < (SELECT at FROM reads ORDER BY at DESC LIMIT 1 OFFSET ?)",
                )?
                .execute([MOST_READS])?;
            Ok(())
        })
    }

    /// Adds what a build took.
    pub(crate) fn put_build(&self, build: &str, ok: bool, spent: &Spent, at: i64) -> Result<()> {
        self.with(|connection| took::put_build(connection, build, ok, spent, at))
    }

    /// Every build done, without its doctests: its id and its processor time in milliseconds, oldest first.
    pub fn builds(&self) -> Result<Vec<(String, u64)>> {
        let cargos = self.with(took::cargos)?;
        Ok(cargos.into_iter().filter(|(name, _)| took::build_of(name).is_none()).collect())
    }

    /// The doctests of every build: the id of the build and their processor time in milliseconds, oldest first.
    pub fn doctests(&self) -> Result<Vec<(String, u64)>> {
        let cargos = self.with(took::cargos)?;
        Ok(cargos.into_iter().filter_map(|(name, ms)| Some((took::build_of(&name)?.to_owned(), ms))).collect())
    }

    /// What builds and runs took, the newest of each.
    pub fn durations(&self) -> Result<Durations> {
        self.with(took::durations)
    }

    /// Saves the facts found since.
    pub fn save_memo(&self, memo: &Memo) -> Result<()> {
        self.with(|connection| {
            let unsaved = memo.take_unsaved();
            if unsaved.is_empty() {
                return Ok(());
            }
            let transaction = connection.unchecked_transaction()?;
            for (name, stamp, value) in unsaved {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO facts (name, stamp, value) VALUES (?, ?, ?)")?
                    .execute(params![name, stamp, value])?;
            }
            transaction.commit()?;
            Ok(())
        })
    }
}

/// The version of a ledger's schema.
fn version_of(connection: &Connection, path: &Path) -> Result<usize> {
    let version: usize = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))?.try_into()?;
    if version > VERSION {
        bail!(
            "{} was written by a newer compatrix (format {version}, this one knows {VERSION}); \
             use that one, or move the file away",
            path.display()
        );
    }
    Ok(version)
}

/// What a row says of its record outside of it: suite, cell, key and outcome.
fn columns_of(record: &Record) -> [String; 4] {
    let key = or_empty::text(&record.key);
    [record.suite.clone(), record.cell.to_string(), key, record.outcome.as_str().to_owned()]
}

/// The facts saved earlier.
fn memo(connection: &Connection) -> Result<Memo> {
    let mut select = connection.prepare("SELECT name, stamp, value FROM facts")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(Memo::load(rows.collect::<Result<Vec<_>, _>>()?))
}

fn code(error: &anyhow::Error) -> Option<ErrorCode> {
    error.downcast_ref::<rusqlite::Error>()?.sqlite_error_code()
}

fn is_damage(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<rusqlite::Error>() {
        Some(rusqlite::Error::SqliteFailure(failure, message)) => {
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                // The right format version, but unexpected tables.
                || message.as_deref().is_some_and(|m| m.starts_with("no such table") || m.contains("already exists"))
        }
        // Compatrix never wrote such a value.
        Some(
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..),
        ) => true,
        _ => false,
    }
}

fn explain(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let path = path.display();
    match code(&error) {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            anyhow!("{path} is locked by another program; close it and run again")
        }
        Some(ErrorCode::ReadOnly) => anyhow!("{path} cannot be written; give yourself write permission and run again"),
        Some(ErrorCode::CannotOpen) => {
            anyhow!("{path} cannot be opened; make its folder writable, or move the file away")
        }
        Some(ErrorCode::DiskFull) => anyhow!("no space left for {path}; free some and run again"),
        _ => error.context(format!("the ledger {path}")),
    }
}

/// Renames an unreadable ledger, with its log, to a name that is free.
#[allow(clippy::disallowed_methods, reason = "the ledger's own files")]
fn set_aside(path: &Path) -> Result<PathBuf> {
    let suffixed = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    let free = (1..).map(|n| suffixed(&format!(".damaged-{n}"))).find(|p| !p.exists());
    let aside = free.ok_or_else(|| anyhow!("no free name beside {}", path.display()))?;
    std::fs::rename(path, &aside).with_context(|| format!("cannot set {} aside", path.display()))?;
    for suffix in ["-wal", "-shm"] {
        if suffixed(suffix).exists() {
            let target = PathBuf::from(format!("{}{suffix}", aside.display()));
            std::fs::rename(suffixed(suffix), target)
                .with_context(|| format!("cannot set {} aside", path.display()))?;
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_commands_that_open_a_ledger_at_once_make_and_migrate_it_once() {
        for version in 0..VERSION {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("ledger.sqlite");
            let first = Connection::open(&path).unwrap();
            first.execute_batch("PRAGMA journal_mode = WAL;").unwrap();
            let migrate =
                |to: usize| first.execute_batch(&format!("{} PRAGMA user_version = {};", MIGRATIONS[to], to + 1));
            (0..version).for_each(|to| migrate(to).unwrap());
            first.execute_batch("BEGIN IMMEDIATE;").unwrap();
            std::thread::scope(|scope| {
                let second = scope.spawn(|| Ledger::open(&path).map(|opened| opened.set_aside));
                // Until it waits for the first one; if it is late, this proves nothing but is not red.
                std::thread::sleep(Duration::from_millis(100));
                (version..VERSION).for_each(|to| migrate(to).unwrap());
                first.execute_batch("COMMIT;").unwrap();
                assert_eq!(second.join().unwrap().expect("opens"), None);
            });
        }
    }
}
