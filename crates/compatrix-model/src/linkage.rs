//! How SQLite gets into a process: one word for what a plan asks of a build and for what its proof finds.

use serde::{Deserialize, Serialize};

/// Crates that link SQLite (`links` in their manifests): rusqlite's, sqlx's and diesel's; that of the crate `sqlite`;
/// libsql's.
pub const SQLITE_CRATES: [&str; 3] = ["libsqlite3-sys", "sqlite3-src", "libsql-ffi"];

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
