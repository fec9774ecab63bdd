//! Failures of another kind than the last recorded one: that of the committed evidence, or else of the ledger.

use std::collections::HashMap;

use compatrix_model::cell::CellId;
use compatrix_model::evidence::Record;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::outcome::Outcome;
use compatrix_model::results::another_kind::another_kind;
use compatrix_model::results::row::Row;

use crate::committed::evidence;
use crate::ledger::Ledger;
use crate::sys::error::Error;
use crate::sys::host::Host;

/// The newest records of the ledger before a walk, by suite and cell.
#[derive(Debug, Default)]
pub(super) struct Before {
    records: HashMap<(String, String), Record>,
}

impl Before {
    /// Of these suites and cells.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) fn of<'c>(ledger: &Ledger, runs: impl Iterator<Item = (&'c str, &'c CellId)>) -> Result<Self, Error> {
        let mut before = Self::default();
        for (suite, cell) in runs {
            let cell = cell.to_string();
            if let Some(record) = ledger.newest(suite, &cell)?.filter(|record| record.outcome != Outcome::Passed) {
                before.records.insert((suite.to_owned(), cell), record);
            }
        }
        Ok(before)
    }

    /// Notes in these rows how their failures differ in kind from those before.
    pub(super) fn compare(mut self, host: &Host, spec: &Spec, rows: &mut [Option<Row>]) {
        let failed = |row: &Row| !row.reused && row.outcome().is_some_and(|outcome| outcome != Outcome::Passed);
        if !rows.iter().flatten().any(failed) {
            return;
        }
        // What is committed was looked at by somebody. Evidence that cannot be read is no matter of a run.
        let committed = evidence::read_all(&host.root, spec).unwrap_or_default();
        for file in committed.iter().filter(|file| file.platform() == Host::platform()) {
            for entry in file.entries() {
                let record = &entry.record;
                self.records.insert((record.suite.clone(), record.cell.to_string()), Record::clone(record));
            }
        }
        for row in rows.iter_mut().flatten().filter(|row| failed(row)) {
            let before = self.records.get(&(row.suite.clone(), row.cell.to_string()));
            row.another_kind = before.zip(row.record()).and_then(|(before, now)| another_kind(before, now));
        }
    }
}
