//! The result of `lock` per group: the lockset is valid, was written, or cannot exist.

use std::collections::BTreeMap;

use semver::Version;

use super::steps::Resolution;

/// The result for one group.
#[derive(Debug, Clone)]
pub struct MadeLockset {
    /// The file, below the root.
    pub file: String,
    /// The Rust that it is for; absent if no toolchain's version is known.
    pub rust: Option<Version>,
    /// The names of the values that use it.
    pub toolchains: Vec<String>,
    /// What was done, or why not.
    pub state: LockState,
    /// The number of external packages in it.
    pub packages: usize,
    /// Packages in it that declare a newer Rust.
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
    /// Versions of packages that had to be held back, by name: pins to paste into the spec.
    pub pins: BTreeMap<String, Version>,
    /// Resolutions that it took.
    pub resolutions: usize,
    /// The number of builds; `None` if the toolchain is not installed, so that nothing was built.
    pub builds: usize,
    /// Why a package under test still does not compile, if so.
    pub own_failure: Option<String>,
}

/// Why there is no lockset, and the lowest Rust that has one.
#[derive(Debug, Clone)]
pub struct Floor {
    /// The obstacles: one line each.
    pub because: Vec<String>,
    /// The lowest Rust for which compatible versions exist, according to the packages' declarations.
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
