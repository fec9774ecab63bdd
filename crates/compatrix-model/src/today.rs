//! Today's sources and dependency versions, to detect stale results.

use std::collections::BTreeSet;

use crate::cell::CellId;
use crate::evidence::Record;
use crate::evidence_file::EvidenceFile;
use crate::hash::Sha256;

/// The sources and dependency versions of the work tree.
#[derive(Debug, Clone)]
pub struct Today {
    /// Hash of every source file under test.
    pub sources: Sha256,
    /// Whether the work tree differs from its commit.
    pub dirty: bool,
    /// The hashes of all committed lockfiles: the workspace's own and those of `[[lock]]`.
    pub locksets: BTreeSet<Sha256>,
}

impl Today {
    /// Whether a record was made from today's sources and dependency versions.
    pub fn made(&self, record: &Record) -> bool {
        let source = record.proof.as_ref().map(|proof| &proof.source);
        source.is_some_and(|source| self.matches(&record.cell, source.sources, source.lockset))
    }

    /// The number of evidence entries built from other sources or dependency versions.
    pub fn stale(&self, evidence: &[EvidenceFile]) -> usize {
        let records = evidence.iter().flat_map(EvidenceFile::entries).map(|entry| &entry.record);
        records.filter(|record| record.proof.is_some() && !self.made(record)).count()
    }

    fn matches(&self, cell: &CellId, sources: Sha256, lockset: Option<Sha256>) -> bool {
        // Versions that each build resolves again are in no committed file to compare with.
        let moving = cell.value("deps").is_some_and(|deps| ["minimal", "latest"].contains(&deps.as_str()));
        self.sources == sources && (moving || lockset.is_some_and(|lockset| self.locksets.contains(&lockset)))
    }
}
