//! What this host and this workspace were found to have, with all that builds and proofs need of it.
//!
//! The planner sees [`HostFacts::plan_facts`] and no more.

use std::collections::BTreeMap;
use std::path::Path;

use compatrix_leak::Tool;
use compatrix_model::axis::{platform_of_target, ValueName};
use compatrix_model::condition::Versions;
use compatrix_model::facts::{Availability, Durations, PackageFacts, PlanFacts, ToolchainVersions};
use compatrix_model::hash::Sha256;
use compatrix_model::lockset::Lockset;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::sys::enclosure::PATH;
use crate::sys::environment::Ambient;
use crate::sys::host::Host;
use crate::sys::os::env;

/// Found out once, and again where a provision changed it.
#[derive(Debug, Clone, PartialEq)]
pub struct HostFacts {
    /// `linux-x86_64` and so on: operating system, then architecture.
    pub platform: String,
    /// By value of the `rust` axis.
    pub toolchains: BTreeMap<ValueName, Availability<ToolchainFacts>>,
    /// By value of the `sqlite` axis.
    pub sqlite: BTreeMap<ValueName, Availability<SqliteFacts>>,
    /// The toolchains that are in a root, a whole userland: by value of the `rust` axis, what each value of the `sqlite` axis
    /// is in it.
    pub roots: BTreeMap<ValueName, BTreeMap<ValueName, Availability<SqliteFacts>>>,
    /// By value of the `os` axis, what each value of the `sqlite` axis is for that target.
    pub libraries: BTreeMap<ValueName, BTreeMap<ValueName, Availability<SqliteFacts>>>,
    /// By value of the `schema` axis.
    pub fixtures: BTreeMap<ValueName, Availability<FixtureFacts>>,
    /// By value of the `os` axis.
    pub systems: BTreeMap<ValueName, Availability<SystemFacts>>,
    /// How a toolchain compiles for a target, by value of the `rust` axis, then of the `os` axis.
    pub stds: BTreeMap<(ValueName, ValueName), Availability<StdFacts>>,
    /// The packages under test.
    pub packages: Vec<TestedPackage>,
    /// Hash of the sources of the packages under test and their path dependencies.
    pub sources: Sha256,
    /// Each lockset that cells can use; the workspace's own Cargo.lock is always among them.
    pub locksets: BTreeMap<Lockset, LocksetFacts>,
    /// The lowest cargo that can read every manifest of the workspace and its lockfile.
    pub readable_from: Version,
    /// Whether every build is to be staged and served its dependencies from disk.
    pub hermetic: bool,
    /// Whether it is settled how much debug information builds have, so that there is nothing to switch off.
    pub debug_is_settled: bool,
    /// By tool of suites of kind `leak`, and by the value of the `rust` axis whose executables it is to check.
    pub leak_tools: BTreeMap<(Tool, ValueName), Availability<LeakToolFacts>>,
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
    pub packages: Option<String>,
    /// Of a distribution's toolchain, the package of its sources of std, if it has one: `rust-src 1.85.1`.
    #[serde(default)]
    pub sources: Option<String>,
    /// How the compiler is another than the name of its value says; `None` if it is that one.
    #[serde(default)]
    pub misnamed: Option<String>,
    /// The root that it is in; `None` for one of this system.
    #[serde(default)]
    pub root: Option<RootFacts>,
}

/// A root: a whole userland that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFacts {
    /// Absolute path of bubblewrap.
    pub program: String,
    /// Its folder.
    pub tree: String,
    /// `Debian 13, glibc 2.41`.
    pub system: String,
    /// Folders of the workspace's packages that are not below its root.
    pub read: Vec<String>,
}

impl ToolchainFacts {
    /// For the planner.
    pub fn versions(&self) -> ToolchainVersions {
        let cargo = self.cargo_version.split(' ').nth(1).and_then(|text| Version::parse(text).ok());
        ToolchainVersions { rustc: self.version.clone(), cargo }
    }

    /// Absolute path of `rustdoc`.
    pub(crate) fn rustdoc(&self) -> String {
        Path::new(&self.rustc).with_file_name("rustdoc").to_string_lossy().into_owned()
    }

    /// The variables that lead whatever a build or a run starts to this toolchain: `rustc` and `cargo` by name find it,
    /// and no shim of rustup installs another.
    pub(crate) fn leads(&self, ambient: &Ambient) -> [(String, String); 2] {
        if self.root.is_some() {
            return [("PATH".to_owned(), PATH.to_owned()), ("RUSTUP_AUTO_INSTALL".to_owned(), "0".to_owned())];
        }
        let mut dirs: Vec<&Path> = Vec::new();
        for (name, path) in [("rustc", &self.rustc), ("cargo", &self.cargo)] {
            let dir = Path::new(path).parent().unwrap_or(Path::new("/"));
            // A folder with much else in it stays at its place, if it has the word anyway.
            let leads_here = ambient.find(name).is_some_and(|found| found == Path::new(path));
            if !leads_here && !dirs.contains(&dir) {
                dirs.push(dir);
            }
        }
        let dirs = dirs.iter().map(|dir| dir.to_string_lossy().into_owned());
        let path = dirs.chain(ambient.get("PATH").map(str::to_owned)).collect::<Vec<_>>().join(env::SEPARATOR);
        [("PATH".to_owned(), path), ("RUSTUP_AUTO_INSTALL".to_owned(), "0".to_owned())]
    }
}

/// What starts programs of a value of the `os` axis here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemFacts {
    /// The words before each executable, the program by its path; empty where this host starts them itself.
    pub runner: Vec<String>,
    /// What the runner says it is: `wine 8.0`.
    pub version: Option<String>,
    /// Hash of the runner's file.
    pub sha256: Option<Sha256>,
    /// Whether the runner is wine, which needs a prefix.
    pub is_wine: bool,
    /// Whether its programs are of macOS, whose loader has a variable of its own.
    pub is_macos: bool,
}

impl SystemFacts {
    /// Whether a runner starts the programs, not this host itself.
    pub(crate) fn has_runner(&self) -> bool {
        !self.runner.is_empty()
    }
}

/// How a toolchain compiles for another target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StdFacts {
    /// The sources that std is built from; `None` if the toolchain brings it.
    pub built_from: Option<String>,
    /// Files of std with their hashes.
    pub content: Vec<String>,
    /// The linker and C compiler that are chosen because none is configured.
    pub linker: Option<String>,
}

/// A SQLite that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteFacts {
    /// `sqlite3_libversion()`, as far as it can be known before a build.
    pub version: Option<Version>,
    /// The shared library; absent for `bundled`.
    pub library: Option<String>,
    /// Hash of that library.
    pub sha256: Option<Sha256>,
    /// Folder to link against; absent for `bundled`.
    pub link_dir: Option<String>,
    /// Folder of `sqlite3.h`; absent for `bundled`, and where the host has none.
    pub include_dir: Option<String>,
    /// The version that the value's name or package promises; `None` for `bundled` and `host`.
    pub promised: Option<Promised>,
    /// For a library of another target, what compiles and starts programs of it.
    pub foreign: Option<Foreign>,
}

/// What compiles and starts programs of another target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// rustc's name of the target.
    pub triple: String,
    /// The C compiler with its arguments; empty if none is known.
    pub compiler: Vec<String>,
    /// The words before each executable.
    pub runner: Vec<String>,
    /// Whether the runner is wine, which needs a prefix.
    pub is_wine: bool,
}

impl Foreign {
    /// Whether programs of the target can be started.
    pub(crate) fn starts(&self) -> bool {
        !self.runner.is_empty() || platform_of_target(&self.triple) == Host::platform()
    }

    /// Whether it is a target of Windows.
    pub(crate) fn is_windows(&self) -> bool {
        platform_of_target(&self.triple).starts_with("windows-")
    }
}

/// A promise of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    /// What the library must say it is.
    pub version: Version,
    /// Who says so: "`3.46.0`", `libsqlite3-0 3.40.1-2 of bookworm`.
    pub by: String,
}

/// A tool that looks for leaks and is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakToolFacts {
    /// Absolute path of the program; of `asan` and `lsan` the compiler that has it built in.
    pub program: String,
    /// What it says it is, if it says so: `valgrind-3.19.0`.
    pub version: Option<String>,
}

/// A lockset that cells can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocksetFacts {
    /// Hash of the versions that the packages under test use; `None` while it is not resolved.
    pub sha256: Option<Sha256>,
    /// Whether a stage with it can be built without network.
    pub staged: Availability<()>,
    /// Why the committed lockset is not usable, where its versions were chosen on the way.
    pub uncommitted: Option<String>,
}

/// A fixture that is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixtureFacts {
    /// Folder of the built files.
    pub dir: String,
    /// The vintage that its TOML names.
    pub vintage: i64,
    /// Hash of the recipe.
    pub sha256: Sha256,
}

/// A package under test, with where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedPackage {
    /// For the planner.
    pub facts: PackageFacts,
    /// Absolute.
    pub dir: String,
    /// The source file of each of its targets, by the target's name, relative to the workspace's root.
    pub sources: BTreeMap<String, String>,
    /// Its targets that require features.
    pub gated: Vec<GatedTarget>,
}

/// A target with `required-features`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatedTarget {
    /// cargo's word: `test`, `bin`, `example`.
    pub kind: String,
    /// As cargo calls it.
    pub name: String,
    /// The features.
    pub requires: Vec<String>,
    /// Whether `cargo test` makes tests of it.
    pub is_tested: bool,
}

impl HostFacts {
    /// What the planner may know of it. Durations are the ledger's.
    pub fn plan_facts(&self) -> PlanFacts {
        let locksets = self.locksets.iter().map(|(lockset, facts)| (lockset.clone(), facts.staged.clone()));
        PlanFacts {
            platform: self.platform.clone(),
            toolchains: each(&self.toolchains, ToolchainFacts::versions),
            sqlite: each(&self.sqlite, |sqlite| sqlite.version.clone()),
            roots: self.roots.iter().map(|(root, of)| (root.clone(), each(of, |s| s.version.clone()))).collect(),
            libraries: self.libraries.iter().map(|(os, of)| (os.clone(), each(of, |s| s.version.clone()))).collect(),
            fixtures: each(&self.fixtures, |_| ()),
            systems: each(&self.systems, |_| ()),
            stds: each(&self.stds, |_| ()),
            packages: self.packages.iter().map(|package| package.facts.clone()).collect(),
            locksets: locksets.collect(),
            readable_from: Some(self.readable_from.clone()),
            hermetic: self.hermetic,
            debug_is_settled: self.debug_is_settled,
            leak_tools: each(&self.leak_tools, |_| ()),
            durations: Durations::default(),
        }
    }

    /// The SQLite of this value for cells of this toolchain and this value of the `os` axis: in its root, if it is in one, or
    /// for its target.
    pub(crate) fn sqlite_of(
        &self,
        toolchain: &ValueName,
        os: Option<&ValueName>,
        sqlite: &ValueName,
    ) -> Option<&SqliteFacts> {
        let of_target = || self.libraries.get(os?);
        self.roots.get(toolchain).or_else(of_target).unwrap_or(&self.sqlite).get(sqlite)?.ready()
    }

    /// The versions that values stand for on this host.
    pub fn versions(&self) -> Versions {
        self.plan_facts().versions()
    }
}

fn each<K: Ord + Clone, T, U>(
    found: &BTreeMap<K, Availability<T>>,
    known: impl Fn(&T) -> U,
) -> BTreeMap<K, Availability<U>> {
    found.iter().map(|(value, availability)| (value.clone(), availability.map(&known))).collect()
}
