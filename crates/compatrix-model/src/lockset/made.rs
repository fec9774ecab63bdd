//! What became of the lockset of each group: whether it fits, was written, or cannot exist.

use std::collections::BTreeMap;

use semver::Version;

use super::steps::Resolution;

/// What became of a group's lockset.
#[derive(Debug, Clone)]
pub struct MadeLockset {
    /// The file, below the root.
    pub file: String,
    /// The Rust that it is for; absent where no toolchain's version is known.
    pub rust: Option<Version>,
    /// Its toolchains.
    pub toolchains: Vec<String>,
    /// What was done, or why nothing was.
    pub state: LockState,
    /// How many packages it holds that are not in the workspace.
    pub packages: usize,
    /// Packages in it that say they need a newer Rust.
    pub too_new: Vec<Resolution>,
}

/// The end of `lock` for one group.
#[derive(Debug, Clone)]
pub enum LockState {
    /// It fits; nothing was done.
    Unchanged,
    /// It was written.
    Written,
    /// It does not fit, and was only to be checked: why.
    Stale(String),
    /// It could not be made, and why.
    Failed(String),
    /// It was found by building.
    Repaired(Repaired),
    /// There is none that works, and why.
    None(Floor),
}

/// A lockset that a search found.
#[derive(Debug, Clone)]
pub struct Repaired {
    /// The lockfile's text.
    pub lock: String,
    /// The versions that packages had to be held at, by name; the pins to paste into the spec.
    pub pins: BTreeMap<String, Version>,
    /// Resolutions that it took.
    pub resolutions: usize,
    /// Builds that it took; none where the toolchain is not installed, so that nothing was built.
    pub builds: usize,
    /// Why a package under test still does not compile, where one does not.
    pub own_failure: Option<String>,
}

/// Why there is no lockset, and the lowest Rust that has one.
#[derive(Debug, Clone)]
pub struct Floor {
    /// The obstacles: one line each.
    pub because: Vec<String>,
    /// The lowest Rust for which packages, by their own declarations, have versions that work together.
    pub rust: Option<Version>,
    /// Resolutions that it took.
    pub resolutions: usize,
    /// Builds that it took.
    pub builds: usize,
}

impl MadeLockset {
    /// Whether the group is left without a lockset that works.
    pub fn fails(&self) -> bool {
        match &self.state {
            LockState::Unchanged | LockState::Written => false,
            LockState::Repaired(repaired) => repaired.own_failure.is_some(),
            LockState::Stale(_) | LockState::Failed(_) | LockState::None(_) => true,
        }
    }
}
