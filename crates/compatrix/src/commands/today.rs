//! The sources and dependency versions of today, which evidence is held against.

use std::collections::BTreeSet;

use compatrix_engine::deps::locks;
use compatrix_engine::find::workspace;
use compatrix_engine::session::Session;
use compatrix_engine::sys::error::Error;
use compatrix_model::cell::CellId;
use compatrix_model::condition::Versions;
use compatrix_model::evidence::SourceProof;
use compatrix_model::hash::Sha256;

use crate::workspace::Opened;

/// The sources and dependency versions of today.
pub(super) struct Today {
    sources: Sha256,
    /// Whether the work tree differs from its commit.
    pub(super) dirty: bool,
    locksets: BTreeSet<Sha256>,
}

impl Today {
    pub(super) fn read(session: &Session, opened: &Opened) -> Result<Self, Error> {
        let workspace = workspace::read(&session.host, &opened.parsed)?;
        let versions = Versions::new();
        let sources = locks::Sources { spec: &opened.parsed.spec, layout: &workspace.layout, versions: &versions };
        let locksets = locks::of_today(&sources, workspace.source.lockset);
        let SourceProof { sources, dirty, .. } = workspace.source;
        Ok(Self { sources, dirty, locksets })
    }

    /// Whether a result of this cell, with these sources and dependency versions, is of today.
    pub(super) fn is_of(&self, cell: &CellId, sources: Sha256, lockset: Option<Sha256>) -> bool {
        // Versions that are resolved anew are in no committed file to hold them against.
        let moving = cell.value("deps").is_some_and(|deps| ["minimal", "latest"].contains(&deps.as_str()));
        self.sources == sources && (moving || lockset.is_some_and(|lockset| self.locksets.contains(&lockset)))
    }
}
