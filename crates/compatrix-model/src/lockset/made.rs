//! The result of `lock` per group: the lockset is valid, was written, or cannot exist.

use std::collections::BTreeMap;

use semver::Version;

use super::advice::short;
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
    /// Packages of the workspace that demand a newer Rust themselves, which no lockset changes.
    pub own: Vec<OwnDemand>,
}

/// A package of the workspace that demands a newer Rust than a lockset is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDemand {
    /// As its manifest spells it.
    pub package: String,
    /// The Rust that it demands.
    pub needs: Version,
    /// What says so: its `rust-version`, or its edition.
    pub by: String,
    /// Whether an older cargo can read its manifest at all.
    pub readable: bool,
}

impl OwnDemand {
    /// The demand as a sentence, with what to do.
    pub fn sentence(&self) -> String {
        let needs = short(&self.needs);
        format!(
            "{} itself needs Rust {needs} ({}), which no lockset changes: promise Rust {needs} for it (in [claims] or \
             [claims.packages.{}]), or change that",
            self.package, self.by, self.package
        )
    }
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
    /// Requirements or pins that no versions meet: a mistake in the workspace or the spec.
    Mistake(String),
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
    /// The number of builds.
    pub builds: usize,
    /// Why nothing was built, so that it is only what packages declare.
    pub not_built: Option<String>,
    /// Why a package under test still does not compile, if so.
    pub own_failure: Option<String>,
}

/// Why there is no lockset, and the lowest Rust that has one.
#[derive(Debug, Clone)]
pub struct Floor {
    /// The obstacles: one line each.
    pub because: Vec<String>,
    /// The lowest Rust for which compatible versions exist.
    pub rust: Option<FloorOf>,
    /// Whether only the tests are in the way: without dev-dependencies there is a lockset.
    pub only_tests: bool,
    /// Resolutions that it took.
    pub resolutions: usize,
    /// Builds that it took.
    pub builds: usize,
}

/// A floor, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FloorOf {
    /// The lowest that has versions.
    pub rust: Version,
    /// The packages that demand it, each with how it comes in.
    pub by: Vec<String>,
    /// Why no build has proven it; `None` if one has.
    pub not_proven: Option<String>,
}

impl MadeLockset {
    /// Whether a person has to correct the workspace or the spec first.
    pub fn is_mistake(&self) -> bool {
        matches!(self.state, LockState::Mistake(_))
    }

    /// Whether the group is left without a lockset that works.
    pub fn fails(&self) -> bool {
        match &self.state {
            LockState::Unchanged | LockState::Written => self.own.iter().any(|own| !own.readable),
            LockState::Repaired(repaired) => repaired.own_failure.is_some(),
            LockState::Stale(_) | LockState::Failed(_) | LockState::Mistake(_) | LockState::None(_) => true,
        }
    }
}
