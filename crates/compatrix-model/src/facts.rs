//! What the planner may know of a host: which values are available there, and their versions.
//!
//! Never how or where they were found: the engine keeps that to itself, so that a plan can also be made for a host that
//! is not here. What is not known yet is `None`.

mod features;
mod habit;

use std::collections::BTreeMap;

use compatrix_leak::Tool;
use semver::Version;

use crate::axis::{AxisName, ValueName};
use crate::condition::Versions;
use crate::lockset::Lockset;

pub use features::{Bundling, Difference, PackageFacts, Unbundled};
pub use habit::Habit;

/// Of values that are in none of the maps nothing is known: they were not looked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanFacts {
    /// `linux-x86_64` and so on: operating system, then architecture.
    pub platform: String,
    /// By value of the `rust` axis.
    pub toolchains: BTreeMap<ValueName, Availability<ToolchainVersions>>,
    /// By value of the `sqlite` axis.
    pub sqlite: BTreeMap<ValueName, Availability<Option<Version>>>,
    /// The toolchains that are in a root, a whole userland: by value of the `rust` axis, what each value of the `sqlite` axis
    /// is in it.
    pub roots: BTreeMap<ValueName, BTreeMap<ValueName, Availability<Option<Version>>>>,
    /// By value of the `os` axis, what each value of the `sqlite` axis is for that target.
    pub libraries: BTreeMap<ValueName, BTreeMap<ValueName, Availability<Option<Version>>>>,
    /// By value of the `schema` axis.
    pub fixtures: BTreeMap<ValueName, Availability<()>>,
    /// By value of the `os` axis: whether this host is such a system, or can start programs of it.
    pub systems: BTreeMap<ValueName, Availability<()>>,
    /// Whether a toolchain can compile for a target, by value of the `rust` axis, then of the `os` axis.
    pub stds: BTreeMap<(ValueName, ValueName), Availability<()>>,
    /// The packages under test.
    pub packages: Vec<PackageFacts>,
    /// Whether a stage with the lockset can be built without network; the workspace's own Cargo.lock is among them.
    pub locksets: BTreeMap<Lockset, Availability<()>>,
    /// The lowest cargo that can read every manifest of the workspace and its lockfile; an older one needs a stage.
    pub readable_from: Option<Version>,
    /// Whether every build is to be staged and served its dependencies from disk.
    pub hermetic: bool,
    /// Whether cargo's configuration says how much debug information builds have, or the profile has none: then nothing is
    /// switched off.
    pub debug_is_settled: bool,
    /// By tool of suites of kind `leak`, and by the value of the `rust` axis whose executables it is to check.
    pub leak_tools: BTreeMap<(Tool, ValueName), Availability<()>>,
    /// For order and estimates only.
    pub durations: Durations,
}

/// Whether a value is available on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability<T> {
    /// It is here.
    Ready(T),
    /// It is not here, but a provision of the plan can make or install it.
    Obtainable {
        /// The command that provides it, for display: `rustup toolchain install 1.70 --profile minimal`.
        how: String,
    },
    /// It is not available here.
    Missing {
        /// The reason, with advice.
        reason: String,
    },
}

/// The versions of a toolchain. Distributions pair a rustc with a cargo of another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolchainVersions {
    /// With its pre-release.
    pub rustc: Version,
    /// `None` where it is not known; then it is taken to be rustc's.
    pub cargo: Option<Version>,
}

/// What builds and runs took before, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durations {
    /// By build id, with its doctests.
    pub builds: BTreeMap<String, u64>,
    /// The doctests alone, by the id of their build.
    pub doctests: BTreeMap<String, u64>,
    /// By suite name and cell id.
    pub runs: BTreeMap<(String, String), u64>,
    /// The average run, by suite name and build id; for runs never seen.
    pub averages: BTreeMap<(String, String), u64>,
    /// What runs wanted of the machine, by suite name and cell id.
    pub habits: BTreeMap<(String, String), Habit>,
}

impl<T> Availability<T> {
    /// What is here, if it is.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Availability::Ready(ready) => Some(ready),
            Availability::Obtainable { .. } | Availability::Missing { .. } => None,
        }
    }

    /// The same of something that is known of it.
    pub fn map<U>(&self, known: impl FnOnce(&T) -> U) -> Availability<U> {
        match self {
            Availability::Ready(ready) => Availability::Ready(known(ready)),
            Availability::Obtainable { how } => Availability::Obtainable { how: how.clone() },
            Availability::Missing { reason } => Availability::Missing { reason: reason.clone() },
        }
    }
}

impl ToolchainVersions {
    /// cargo's version without pre-release; rustc's where it is not known.
    pub fn cargo(&self) -> Version {
        let version = self.cargo.as_ref().unwrap_or(&self.rustc);
        Version::new(version.major, version.minor, version.patch)
    }
}

impl PlanFacts {
    /// The versions that values resolve to on this host.
    pub fn versions(&self) -> Versions {
        let toolchains = self.toolchains.iter();
        let toolchains = toolchains.filter_map(|(value, found)| Some(("rust", value, found.ready()?.rustc.clone())));
        let sqlite = self.sqlite.iter();
        let sqlite = sqlite.filter_map(|(value, found)| Some(("sqlite", value, found.ready()?.clone()?)));
        // What is in a root alone has its version from there; what is also outside has it from outside.
        let in_roots = self.roots.values().flatten();
        let in_roots = in_roots.filter_map(|(value, found)| Some(("sqlite", value, found.ready()?.clone()?)));
        let known = toolchains
            .chain(in_roots)
            .chain(sqlite)
            .filter_map(|(axis, value, version)| Some(((AxisName::new(axis).ok()?, value.clone()), version)));
        known.collect()
    }
}
