//! Today's sources, dependency versions and fixtures, to detect stale results.

use std::collections::BTreeMap;

use crate::axis::Deps;
use crate::evidence::SourceProof;
use crate::hash::Sha256;
use crate::lockset::Lockset;

/// What the work tree has of all that evidence is made from.
#[derive(Debug, Clone)]
pub struct Today {
    /// Hash of every source file under test.
    pub sources: Sha256,
    /// The committed lockfiles: the workspace's own, and those of `[[lock]]` that are there.
    pub locksets: BTreeMap<Lockset, Sha256>,
    /// The recipe of each fixture, by its name.
    pub fixtures: BTreeMap<String, Sha256>,
}

impl Today {
    /// Whether a record with this proof was made with the dependency versions that this lockset has today. Those that each
    /// build resolves again are in no committed file to compare with.
    pub fn has(&self, lockset: &Lockset, source: &SourceProof) -> bool {
        match lockset.deps {
            Deps::Minimal | Deps::Latest => true,
            Deps::Locked | Deps::Lockset => {
                source.lockset.is_some() && self.locksets.get(lockset) == source.lockset.as_ref()
            }
        }
    }
}
