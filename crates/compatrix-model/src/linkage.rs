//! How SQLite gets into a process: one word for what a plan asks of a build and for what its proof finds.

use serde::{Deserialize, Serialize};

/// How SQLite gets into an executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linkage {
    /// Compiled in.
    Static,
    /// Found by the loader at start.
    Dynamic,
}

impl Linkage {
    /// The word of evidence files.
    pub fn as_str(self) -> &'static str {
        match self {
            Linkage::Static => "static",
            Linkage::Dynamic => "dynamic",
        }
    }
}
