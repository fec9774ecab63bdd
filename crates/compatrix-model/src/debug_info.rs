//! How much debug information there is.

use serde::{Deserialize, Serialize};

/// How much debug information a build has. Not a part of a build's id: it changes no result of a test that does not
/// read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DebugInfo {
    /// As much as the profile asks for.
    #[default]
    Full,
    /// The profile's `debug` is off.
    None,
}

impl DebugInfo {
    /// Whether it is as much as the profile asks for.
    pub fn is_full(&self) -> bool {
        *self == DebugInfo::Full
    }
}
