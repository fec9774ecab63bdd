//! Facts about the host and the workspace, found out once by the engine and handed to the planner.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_leak::Tool;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::axis::{AxisName, ValueName};
use crate::condition::Versions;
use crate::evidence::Sha256;
use crate::lockset::Lockset;

/// All that the planner may know of this host.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostFacts {
    /// `linux-x86_64` and so on: operating system, then architecture.
    pub platform: String,
    /// What is known of each value of the `rust` axis.
    pub toolchains: BTreeMap<ValueName, Availability<ToolchainFacts>>,
    /// What is known of each value of the `sqlite` axis.
    pub sqlite: BTreeMap<ValueName, Availability<SqliteFacts>>,
    /// What is known of each value of the `schema` axis.
    pub fixtures: BTreeMap<ValueName, Availability<FixtureFacts>>,
    /// The packages under test.
    pub packages: Vec<PackageFacts>,
    /// Hash of the sources of the packages under test and their path dependencies.
    pub sources: Sha256,
    /// What is known of each lockset that cells can use; the workspace's own Cargo.lock is always among them.
    pub locksets: BTreeMap<Lockset, LocksetFacts>,
    /// The lowest cargo that can read every manifest of the workspace and its lockfile; an older one needs a stage.
    pub readable_from: Option<Version>,
    /// Whether every build is to be staged and served its dependencies from disk.
    pub hermetic: bool,
    /// What is known of each tool of suites of kind `leak` for executables of each value of the `rust` axis.
    pub leak_tools: BTreeMap<(Tool, ValueName), Availability<LeakToolFacts>>,
    /// Durations seen before, by build id and by suite and cell; for order and estimate only.
    pub durations: Durations,
}

/// Whether a value can be had on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability<T> {
    /// It is here.
    Ready(T),
    /// It is not here but can be made or installed, by a provision of the plan.
    Obtainable {
        /// What will be done, for people (`rustup toolchain install 1.70 --profile minimal`).
        how: String,
    },
    /// It cannot be had here, and why.
    Missing {
        /// Why, for people, with what to do about it.
        reason: String,
    },
}

/// A toolchain that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolchainFacts {
    /// Absolute path of `rustc`.
    pub rustc: String,
    /// Absolute path of `cargo`.
    pub cargo: String,
    /// rustc's version, pre-release included.
    pub version: Version,
    /// All of `rustc -Vv`.
    pub rustc_verbose: String,
    /// The line of `cargo -V`.
    pub cargo_version: String,
    /// The target triple that it compiles for by default.
    pub host: String,
    /// Of a distribution's toolchain, its packages: `rustc 1.63.0+dfsg1-2, cargo 0.66.0+ds1-1 of bookworm`.
    #[serde(default)]
    pub origin: String,
}

/// A SQLite that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqliteFacts {
    /// `sqlite3_libversion()`, as far as it can be known before a build.
    pub version: Version,
    /// `sqlite3_sourceid()`; empty for the host's, which is asked only when it runs.
    pub source_id: String,
    /// The shared library; absent for `bundled`.
    pub library: Option<String>,
    /// Hash of that library; empty for `bundled`.
    pub sha256: Sha256,
    /// Folder to link against; absent for `bundled`.
    pub link_dir: Option<String>,
    /// Folder of `sqlite3.h`; absent for `bundled`, and where the host has none.
    pub include_dir: Option<String>,
}

/// A tool that looks for leaks and is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeakToolFacts {
    /// Absolute path of the program; of `asan` and `lsan` the compiler that has it built in.
    pub program: String,
    /// What it says it is: `valgrind-3.19.0`; empty where it does not say.
    pub version: String,
}

/// What is known of a lockset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocksetFacts {
    /// Hash of the versions that the packages under test use; empty while it is not known.
    pub sha256: Sha256,
    /// Whether a stage with it can be built without network.
    pub staged: Availability<()>,
}

/// A fixture that is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixtureFacts {
    /// Folder of the built files.
    pub dir: String,
    /// The vintage that its TOML names.
    pub vintage: i64,
    /// Hash of the recipe.
    pub sha256: Sha256,
}

/// A package under test.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PackageFacts {
    /// Its name.
    pub name: String,
    /// Its features, each with what it switches on, as cargo metadata gives them.
    pub features: BTreeMap<String, Vec<String>>,
    /// Its feature that compiles SQLite in, where one was found.
    pub bundled_feature: Option<String>,
    /// Whether its manifest has SQLite compiled in without any feature of its own: `bundled` stands at a dependency.
    pub always_bundled: bool,
    /// Whether SQLite is among its dependencies at all.
    pub links_sqlite: bool,
    /// The source file of each of its targets, by the target's name, relative to the workspace's root.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    /// Its folder, absolute.
    pub dir: String,
}

/// Predicted milliseconds of a build never seen: the first of a lane compiles all dependencies.
pub const FIRST_BUILD_MS: u64 = 40_000;
/// Predicted milliseconds of a later build of a lane never seen.
pub const LATER_BUILD_MS: u64 = 10_000;
/// Predicted milliseconds of a run never seen.
pub const RUN_MS: u64 = 300;

/// Predicted milliseconds of a run under a tool that looks for leaks, never seen.
pub const LEAK_RUN_MS: u64 = 30_000;

/// Durations seen before, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durations {
    /// By build id.
    pub builds: BTreeMap<String, u64>,
    /// By suite name and cell id.
    pub runs: BTreeMap<(String, String), u64>,
    /// By suite name and build id, what a run takes on average; for runs that are not seen.
    pub averages: BTreeMap<(String, String), u64>,
}

impl ToolchainFacts {
    /// cargo's own version, without pre-release; rustc's where its line cannot be read. Distributions pair a rustc with
    /// a cargo of another version.
    pub fn cargo(&self) -> Version {
        let said = self.cargo_version.split(' ').nth(1).and_then(|text| Version::parse(text).ok());
        let version = said.as_ref().unwrap_or(&self.version);
        Version::new(version.major, version.minor, version.patch)
    }
}

impl HostFacts {
    /// What is known of a lockset.
    pub fn lockset(&self, lockset: &Lockset) -> Option<&LocksetFacts> {
        self.locksets.get(lockset)
    }
}

impl PackageFacts {
    /// The features that are on when these are asked for, `default` resolved, without names of optional dependencies
    /// and features of other packages.
    pub fn resolve_features(&self, default_features: bool, enable: &[String]) -> BTreeSet<String> {
        let mut todo: Vec<&str> = enable.iter().map(String::as_str).collect();
        if default_features {
            todo.push("default");
        }
        let mut on = BTreeSet::new();
        while let Some(name) = todo.pop() {
            if let Some(implied) = self.features.get(name) {
                if on.insert(name.to_owned()) {
                    todo.extend(implied.iter().map(String::as_str));
                }
            }
        }
        on.remove("default");
        on
    }
}

impl HostFacts {
    /// The versions that values stand for on this host.
    pub fn versions(&self) -> Versions {
        fn add<T>(
            versions: &mut Versions,
            axis: &str,
            facts: &BTreeMap<ValueName, Availability<T>>,
            version: impl Fn(&T) -> Version,
        ) {
            let Ok(axis) = AxisName::new(axis) else { return };
            for (value, availability) in facts {
                if let Availability::Ready(ready) = availability {
                    versions.insert((axis.clone(), value.clone()), version(ready));
                }
            }
        }
        let mut versions = Versions::new();
        add(&mut versions, "rust", &self.toolchains, |t| t.version.clone());
        add(&mut versions, "sqlite", &self.sqlite, |s| s.version.clone());
        versions
    }
}
