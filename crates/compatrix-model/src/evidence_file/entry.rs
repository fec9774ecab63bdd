//! Entries of committed evidence: what of a record is kept, and which record counts of each suite and cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::leaks::LeakEvidence;
use super::scrub::{base_name, one_line, scrub_paths};
use crate::cell::CellId;
use crate::evidence::{Contradiction, Measurements, Proof, Record, SqliteProof, Stated, TestFailure};
use crate::linkage::Linkage;
use crate::matrix_spec::SuiteKind;
use crate::meaning::Meaning;
use crate::outcome::Outcome;
use crate::time_limit::without_clock;

/// The format that [`EvidenceFile::to_text`] writes.
pub const FORMAT: i64 = 2;

/// The oldest that is still read. It does not say what suites and values meant, so its entries are stale.
pub const OLDEST: i64 = 1;

/// How many failing tests an entry names.
const MAX_FAILING: usize = 10;

/// The evidence of one platform: at most one entry for each suite and cell, in that order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFile {
    platform: String,
    entries: BTreeMap<(String, CellId), Entry>,
}

/// One suite in one cell, as it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record without what differs between two runs of the same thing: no times, environment or machine paths, a
    /// compiled-in SQLite without the file that holds it, at most ten failing tests by name, and what a tool found beside
    /// it.
    pub record: Arc<Record>,
    /// What a tool found, for suites of kind `leak`.
    pub leaks: Option<LeakEvidence>,
    /// What its suite and its values meant when it was recorded; `None` in files of format 1.
    pub meaning: Option<Meaning>,
    /// When the commit of its sources was made, `2026-11-21T15:47:32Z`, so that text order is time order; `None` without git
    /// and in files of format 1.
    pub date: Option<String>,
}

impl EvidenceFile {
    /// Evidence of a platform of which nothing is known yet.
    pub fn empty(platform: impl Into<String>) -> Self {
        Self { platform: platform.into(), entries: BTreeMap::new() }
    }

    /// The evidence in the platform's ledger records. Of several records of one suite and cell the last one started
    /// counts, but a record that says nothing of the project (unavailable) never hides one that does. Trouble of our own
    /// ([`Outcome::Infrastructure`]) is no evidence and is left out, as is what another platform proves.
    pub fn from_records(platform: impl Into<String>, records: impl IntoIterator<Item = Record>) -> Self {
        let mut file = Self::empty(platform);
        let mut chosen: BTreeMap<(String, CellId), Record> = BTreeMap::new();
        for record in records {
            let elsewhere = record.proof.as_ref().is_some_and(|proof| proof.platform != file.platform);
            // A tool that was not proven has shown nothing.
            let unproven = record.leaks.as_ref().is_some_and(|leaks| !leaks.canary.is_proven());
            if record.outcome == Outcome::Infrastructure || unproven || elsewhere {
                continue;
            }
            let key = (record.suite.clone(), record.cell.clone());
            let rank = |r: &Record| (says_something(r.outcome), r.started, r.duration_ms);
            // At the same second: any rule will do, as long as it does not depend on the order of the records.
            let later = |old: &Record| {
                rank(&record)
                    .cmp(&rank(old))
                    .then_with(|| {
                        (&record.key, record.outcome, &record.cause).cmp(&(&old.key, old.outcome, &old.cause))
                    })
                    .is_gt()
            };
            if chosen.get(&key).is_none_or(later) {
                chosen.insert(key, record);
            }
        }
        file.entries = chosen.into_iter().map(|(key, record)| (key, Entry::new(record))).collect();
        file
    }

    /// The platform, `linux-x86_64`.
    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// The entries, by suite and cell.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> + '_ {
        self.entries.values()
    }

    /// The entry of a suite and cell.
    pub fn entry(&self, suite: &str, cell: &CellId) -> Option<&Entry> {
        self.entries.get(&(suite.to_owned(), cell.clone()))
    }

    /// Adds an entry in place of the one of the same suite and cell.
    pub fn insert(&mut self, entry: Entry) {
        self.entries.insert((entry.record.suite.clone(), entry.record.cell.clone()), entry);
    }

    /// Changes every entry in place.
    pub fn change(&mut self, mut act: impl FnMut(&mut Entry)) {
        self.entries.values_mut().for_each(&mut act);
    }

    /// Leaves only the entries of which this holds (evidence of cells that the spec no longer has).
    pub fn retain(&mut self, mut keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(|_, entry| keep(entry));
    }

    /// This evidence with the newer one laid over it. An entry that says nothing of the project (unavailable) does not
    /// replace one that does. Merging the same twice changes nothing.
    ///
    /// The newer file must be of the same platform; if it is not, this one stays as it is.
    pub fn merge(mut self, newer: EvidenceFile) -> EvidenceFile {
        if newer.platform != self.platform {
            return self;
        }
        for (key, entry) in newer.entries {
            let keep = |old: &Entry| says_something(old.record.outcome) && !says_something(entry.record.outcome);
            if !self.entries.get(&key).is_some_and(keep) {
                self.entries.insert(key, entry);
            }
        }
        self
    }
}

impl Entry {
    /// What of a record is worth committing.
    pub fn new(mut record: Record) -> Self {
        let leaks = record.leaks.take().and_then(LeakEvidence::new);
        let mut failing = sorted(record.failures.into_iter().map(|f| scrub_paths(&f.test)).collect());
        failing.truncate(MAX_FAILING);
        let record = Record {
            cause: one_line(&without_clock(&record.cause)),
            failures: failing.into_iter().map(failure).collect(),
            measured: record.measured.and_then(Measurements::lasting),
            proof: record.proof.map(reduced),
            started: 0,
            duration_ms: 0,
            executables_ms: 0,
            ..record
        };
        Self { record: Arc::new(record), leaks, meaning: None, date: None }
    }

    /// What in it cannot be true, in a file of this platform; of several things the first. `kind` as for
    /// [`Record::contradiction`].
    pub fn contradiction(&self, platform: &str, kind: Option<&SuiteKind>) -> Option<Contradiction> {
        let report = self.leaks.as_ref();
        let errors = |leaks: &LeakEvidence| leaks.findings.iter().filter(|finding| finding.is_error()).count();
        let leaks = report.map(|leaks| (leaks.ran, errors(leaks)));
        let stated = Stated { leaks, ..self.record.stated() };
        let trouble = (self.record.outcome == Outcome::Infrastructure).then_some(Contradiction::NoEvidence);
        trouble.or_else(|| stated.contradiction(kind)).or_else(|| stated.elsewhere(platform))
    }
}

/// A failing test of which the name alone is known.
pub(super) fn failure(test: String) -> TestFailure {
    TestFailure { executable: String::new(), test, output: String::new() }
}

/// What of a proof is worth committing.
fn reduced(mut proof: Proof) -> Proof {
    let rustc = proof.toolchain.rustc.lines().map(str::trim_end).filter(|line| !line.is_empty());
    proof.toolchain.rustc = rustc.collect::<Vec<_>>().join("\n");
    proof.toolchain.cargo = proof.toolchain.cargo.trim().to_owned();
    let sqlite = proof.sqlite.map(|sqlite| {
        let (file, sha256) = match sqlite.linkage {
            Linkage::Static => Default::default(),
            Linkage::Dynamic => (base_name(&sqlite.file).to_owned(), sqlite.sha256),
        };
        SqliteProof { file, sha256, compile_options: sorted(sqlite.compile_options), ..sqlite }
    });
    Proof {
        features: sorted(proof.features),
        not_promised: sorted(proof.not_promised),
        sqlite,
        executables: sorted(proof.executables),
        env: BTreeMap::new(),
        ..proof
    }
}

/// Whether the outcome says anything of the project.
fn says_something(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Passed
        | Outcome::Failed
        | Outcome::BuildFailed
        | Outcome::Crashed
        | Outcome::TimedOut
        | Outcome::Misidentified => true,
        Outcome::Unavailable | Outcome::NotPromised | Outcome::Infrastructure => false,
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}
