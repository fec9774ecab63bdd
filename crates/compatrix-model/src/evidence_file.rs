//! Committed evidence: `compat/evidence/<platform>.toml`, what pages are made from.
//!
//! In memory an entry stands for itself; in the file whatever many entries share (sources, toolchains, builds, SQLite
//! libraries, fixtures) stands once in a table of its own, so that a change reads as a small diff. The text is a
//! function of the entries: sorted, numbered by first use, without durations, dates, machine paths or environment.

pub mod leaks;
mod read;
mod scrub;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use crate::cell::CellId;
use crate::evidence::{Counts, ExecutableProof, FixtureProof, Record, Sha256, SqliteLinkage, ToolchainProof};
use crate::outcome::Outcome;

pub use leaks::{FindingEvidence, LeakEvidence};
pub use read::EvidenceError;
pub use scrub::scrub_paths;

/// The format that [`EvidenceFile::to_text`] writes.
pub const FORMAT: i64 = 1;

/// How many failing tests an entry names.
const MAX_FAILING: usize = 10;

/// The evidence of one platform: at most one entry for each suite and cell, in that order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFile {
    platform: String,
    entries: BTreeMap<(String, CellId), Entry>,
}

/// One suite in one cell: a [`Record`] without what differs between two runs of the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The suite's name.
    pub suite: String,
    /// The cell.
    pub cell: CellId,
    /// What happened.
    pub outcome: Outcome,
    /// Why, in one line without machine paths; empty for a plain pass.
    pub cause: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Tests in the executables.
    pub tests: Counts,
    /// Documentation tests, where the suite has them.
    pub doctests: Option<Counts>,
    /// Names of failing tests, sorted, at most ten.
    pub failing: Vec<String>,
    /// Hash of all that could change the outcome.
    pub key: Sha256,
    /// What was built; absent when nothing could be started.
    pub build: Option<BuildEvidence>,
    /// The SQLite that was used.
    pub sqlite: Option<SqliteEvidence>,
    /// The fixture that was used.
    pub fixture: Option<FixtureProof>,
    /// What a tool found, for suites of kind `leak`.
    pub leaks: Option<LeakEvidence>,
}

/// What was built, and from what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuildEvidence {
    /// The sources.
    pub origin: Origin,
    /// Hash of the locked dependencies.
    pub lockset: Sha256,
    /// `release` of `rustc -Vv`.
    pub release: String,
    /// The lines of `rustc -Vv`.
    pub rustc: Vec<String>,
    /// The line of `cargo -V`.
    pub cargo: String,
    /// The packages of a distribution's toolchain; empty for others.
    pub packages: String,
    /// Features that were on, sorted.
    pub features: Vec<String>,
    /// Name and SHA-256 of each test executable, sorted.
    pub executables: Vec<(String, Sha256)>,
}

/// The sources that evidence belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The git commit, where there is one.
    pub commit: Option<String>,
    /// Whether files of the packages differed from that commit.
    pub dirty: bool,
    /// Hash of every source file of the packages under test and their path dependencies.
    pub sources: Sha256,
}

/// A SQLite that was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SqliteEvidence {
    /// How it is linked.
    pub linkage: Linkage,
    /// `sqlite3_libversion()`.
    pub version: String,
    /// `sqlite3_sourceid()`.
    pub source_id: String,
    /// `PRAGMA compile_options`, sorted.
    pub compile_options: Vec<String>,
}

/// How a SQLite got into the process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Linkage {
    /// Compiled into the executables, whose hashes stand with the build.
    Static,
    /// This shared library.
    Dynamic {
        /// Its file name, without the folder.
        file: String,
        /// Its hash.
        sha256: Sha256,
    },
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
        self.entries.insert((entry.suite.clone(), entry.cell.clone()), entry);
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
            let keep = |old: &Entry| says_something(old.outcome) && !says_something(entry.outcome);
            if !self.entries.get(&key).is_some_and(keep) {
                self.entries.insert(key, entry);
            }
        }
        self
    }

    /// The sources that the entries belong to, each once, with how many entries.
    pub fn origins(&self) -> BTreeMap<Origin, usize> {
        let mut origins = BTreeMap::new();
        for build in self.entries.values().filter_map(|entry| entry.build.as_ref()) {
            *origins.entry(build.origin.clone()).or_insert(0) += 1;
        }
        origins
    }
}

impl Entry {
    /// What of a record is worth committing.
    pub fn new(record: Record) -> Self {
        let mut failing: Vec<String> = record.failures.into_iter().map(|f| scrub_paths(&f.test)).collect();
        failing.sort();
        failing.dedup();
        failing.truncate(MAX_FAILING);
        let mut entry = Entry {
            suite: record.suite,
            cell: record.cell,
            outcome: record.outcome,
            cause: scrub::one_line(&record.cause),
            attempts: record.attempts,
            tests: record.tests,
            doctests: record.doctests,
            failing,
            key: record.key,
            build: None,
            sqlite: None,
            fixture: None,
            leaks: record.leaks.and_then(LeakEvidence::new),
        };
        if let Some(proof) = record.proof {
            let ToolchainProof { release, rustc, cargo, packages } = proof.toolchain;
            entry.build = Some(BuildEvidence {
                origin: Origin {
                    commit: proof.source.commit,
                    dirty: proof.source.dirty,
                    sources: proof.source.sources,
                },
                lockset: proof.source.lockset,
                release,
                rustc: rustc.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
                cargo: cargo.trim().to_owned(),
                packages,
                features: sorted(proof.features),
                executables: sorted(
                    proof.executables.into_iter().map(|ExecutableProof { name, sha256 }| (name, sha256)).collect(),
                ),
            });
            entry.sqlite = proof.sqlite.map(|sqlite| SqliteEvidence {
                linkage: match sqlite.linkage {
                    SqliteLinkage::Static => Linkage::Static,
                    SqliteLinkage::Dynamic => {
                        Linkage::Dynamic { file: scrub::base_name(&sqlite.file).to_owned(), sha256: sqlite.sha256 }
                    }
                },
                version: sqlite.version,
                source_id: sqlite.source_id,
                compile_options: sorted(sqlite.compile_options),
            });
            entry.fixture = proof.fixture;
        }
        entry
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
        Outcome::Unavailable | Outcome::Infrastructure => false,
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}
