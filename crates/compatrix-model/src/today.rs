//! Today's sources and dependency versions: what is current, so that every other result is stale.

use std::collections::BTreeSet;

use crate::cell::CellId;
use crate::evidence::{Record, Sha256};
use crate::evidence_file::EvidenceFile;

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
        source.is_some_and(|source| self.matches(&record.cell, &source.sources, &source.lockset))
    }

    /// How many entries of committed evidence were built from other sources or dependency versions.
    pub fn stale(&self, evidence: &[EvidenceFile]) -> usize {
        let entries = evidence.iter().flat_map(EvidenceFile::entries);
        let built = entries.filter_map(|entry| Some((&entry.cell, entry.build.as_ref()?)));
        built.filter(|(cell, build)| !self.matches(cell, &build.origin.sources, &build.lockset)).count()
    }

    fn matches(&self, cell: &CellId, sources: &str, lockset: &str) -> bool {
        // Versions that each build resolves again are in no committed file to compare with.
        let moving = cell.value("deps").is_some_and(|deps| ["minimal", "latest"].contains(&deps.as_str()));
        self.sources == sources && (moving || self.locksets.contains(lockset))
    }
}
