//! `ci/actions.toml`: the version and the commit of each action, the digest of each image.

use std::collections::BTreeMap;

/// Where the pins are, below the root.
pub const FILE: &str = "ci/actions.toml";

/// All pins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pins {
    /// By the repository of the action, `actions/cache`; of its parts (`actions/cache/restore`) the same holds.
    pub actions: BTreeMap<String, Pin>,
    /// By image and tag, `debian:bookworm`: `sha256:…`.
    pub images: BTreeMap<String, String>,
}

/// A version and the commit that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// `v7.0.1`.
    pub version: String,
    /// 40 hex digits.
    pub sha: String,
}

impl Pins {
    /// The pin of an action, or of the repository that it is a part of.
    pub fn action(&self, action: &str) -> Option<&Pin> {
        let repository = action.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
        self.actions.get(&repository)
    }
}
