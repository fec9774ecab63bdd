//! Checks a host against a spec: each check says what needs the tool and which command fixes it.
//!
//! Pure: the engine gathers [`HostTools`], and [`checks`] judges them.

mod check;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;
use shaped_toml::Severity;

use crate::lint::{Finding, Unchecked};
use compatrix_model::axis::ValueName;
use compatrix_model::condition::Versions;
use compatrix_model::facts::{Availability, PlanFacts, ToolchainVersions};

pub use check::checks;

/// The tools that the engine found on the host. `None` means not found.
#[derive(Debug, Clone, Default)]
pub struct HostTools {
    /// The command prefix to show: `cargo xtask`.
    pub program: String,
    /// The host's package manager.
    pub packages: Packages,
    /// The cargo that the engine calls.
    pub cargo: Option<Tool>,
    /// `rustup` on `PATH`.
    pub rustup: Option<Tool>,
    /// One entry per value of the `rust` axis; without that axis, the toolchain on `PATH`.
    pub toolchains: BTreeMap<ValueName, Availability<Toolchain>>,
    /// The C compiler; its version is the first line of `cc --version`.
    pub c_compiler: Option<Tool>,
    /// `pkg-config` on `PATH`.
    pub pkg_config: Option<Tool>,
    /// The host's SQLite, or why it is not usable; `None` if there was no C compiler to look for it.
    pub sqlite: Option<Result<HostSqlite, String>>,
    /// `valgrind` on `PATH`.
    pub valgrind: Option<Tool>,
    /// The nightly that leak suites use.
    pub nightly: Option<Nightly>,
    /// `git` on `PATH`.
    pub git: Option<Tool>,
    /// `apt-get` on `PATH`.
    pub apt_get: Option<Tool>,
    /// `dpkg-deb` on `PATH`.
    pub dpkg_deb: Option<Tool>,
    /// `mmdebstrap` on `PATH`, which makes roots.
    pub mmdebstrap: Option<Tool>,
    /// `bwrap` on `PATH`, which enters roots; broken if it may not.
    pub bwrap: Option<Tool>,
    /// The targets of the `os` axis.
    pub targets: Vec<Target>,
    /// What of the machine Compatrix may use.
    pub machine: Option<Share>,
    /// Free space in the folders that Compatrix writes to.
    pub disks: Vec<Disk>,
}

/// What of the machine Compatrix may use.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Cores: half a core is 0.5.
    pub cores: f64,
    /// The control group whose quota gives the cores, if one does.
    pub cores_by: Option<String>,
    /// Bytes of memory, if known.
    pub memory: Option<u64>,
    /// The control group whose limit gives the memory, if one does.
    pub memory_by: Option<String>,
}

impl HostTools {
    /// The versions that values of the `rust` axis stand for here.
    pub fn versions(&self) -> Versions {
        let versions = |here: &Toolchain| ToolchainVersions { rustc: here.version.clone(), cargo: None };
        let toolchains = self.toolchains.iter().map(|(value, found)| (value.clone(), found.map(versions))).collect();
        PlanFacts { toolchains, ..PlanFacts::default() }.versions()
    }
}

/// An installed program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tool {
    /// Absolute path; empty for a component without one.
    pub path: String,
    /// The first line of its version output; empty if there is none.
    pub version: String,
    /// Why it does not work; `None` if it does.
    pub broken: Option<String>,
}

/// A toolchain of the `rust` axis that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// The version of rustc.
    pub version: Version,
    /// Path of rustc.
    pub path: String,
}

/// A target of the `os` axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The value of the axis.
    pub os: ValueName,
    /// `x86_64-pc-windows-gnu`.
    pub triple: String,
    /// What starts its programs here.
    pub runner: Availability<Tool>,
    /// The C compiler for it, or what is missing and how to get it; `None` where the host's own is taken.
    pub c_compiler: Option<Result<Tool, String>>,
}

/// The SQLite that the loader finds on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSqlite {
    /// `None` if it is in no form that we know.
    pub version: Option<Version>,
    /// Path of the shared library.
    pub library: String,
    /// Whether there is a `libsqlite3.so` to link with.
    pub links: bool,
    /// Path of `sqlite3.h`.
    pub header: Option<String>,
}

/// A nightly toolchain and its components.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nightly {
    /// The rustup name: `nightly-2026-05-19`.
    pub name: String,
    /// The first line of `rustc -V`.
    pub version: String,
    /// The toolchain's root folder.
    pub sysroot: String,
    /// Whether the component `miri` is installed.
    pub miri: bool,
    /// Whether the component `rust-src` is installed.
    pub rust_src: bool,
    /// The sanitizers with a runtime for its target: `address`, `leak`, `memory`, `thread`.
    pub sanitizers: Vec<String>,
}

/// Free space on a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// What is stored there: `target/compat`, `the cache`.
    pub what: String,
    /// The folder, or its nearest existing parent.
    pub path: String,
    /// Bytes available to this user, or why they are unknown.
    pub free: Result<u64, String>,
}

/// The host's package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Packages {
    /// apt-get, with sudo unless the user is root.
    Apt {
        /// Whether this process runs as root.
        root: bool,
    },
    /// Homebrew.
    Brew,
    /// Any other; advice names the package without a command.
    #[default]
    Other,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Present and usable.
    Ok,
    /// Present but possibly insufficient, or provided on demand.
    Warning,
    /// Not present or not usable.
    Missing,
}

/// One check of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The stable id: `c-compiler`.
    pub id: &'static str,
    /// The display name; for `toolchain`, it includes the value.
    pub name: String,
    /// The result, before `required` is taken into account.
    pub status: Status,
    /// Whether this spec needs it.
    pub required: bool,
    /// The version found, or the reason why not.
    pub found: String,
    /// The path; empty if there is none.
    pub path: String,
    /// The purpose, as a phrase after "for".
    pub needed_for: String,
    /// The command or advice that fixes it; empty if nothing is wrong.
    pub mend: String,
}

impl Check {
    /// Whether this check makes the exit code 1.
    pub fn fails(&self) -> bool {
        self.required && self.status == Status::Missing
    }
}

/// Every [`Check::id`], in report order.
pub const CHECKS: [&str; 22] = [
    "cargo",
    "rustup",
    "toolchain",
    "c-compiler",
    "pkg-config",
    "sqlite-library",
    "sqlite-header",
    "valgrind",
    "nightly",
    "miri",
    "rust-src",
    "sanitizers",
    "git",
    "apt-get",
    "dpkg-deb",
    "mmdebstrap",
    "bwrap",
    "target-runner",
    "target-compiler",
    "cores",
    "memory",
    "disk",
];

/// The document's format version. It increases with every incompatible change.
pub const FORMAT: u32 = 1;

/// The complete report of `doctor`; also the document of `--format json`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// `linux-x86_64`.
    pub platform: String,
    /// The workspace root; `None` outside a workspace.
    pub root: Option<String>,
    /// Whether the spec exists and is valid.
    pub spec: SpecState,
    /// Checks of the host.
    pub checks: Vec<Check>,
    /// Findings of the lints in the workspace.
    pub findings: Vec<Finding>,
    /// Lints that could not check everything.
    pub unchecked: Vec<Unchecked>,
    /// The totals below the report.
    pub counts: Counts,
}

/// Whether there is a spec, and whether it is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecState {
    /// The spec was read without errors.
    Valid,
    /// The spec has errors, so its claims are unknown.
    Broken,
    /// There is no spec.
    Absent,
}

/// Counts of checks and findings by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Required tools that are missing, plus findings of severity error. If not zero, the exit code is 1.
    pub errors: usize,
    /// Checks and findings of severity warning.
    pub warnings: usize,
    /// Missing tools that this spec does not need.
    pub missing: usize,
    /// Checks that passed.
    pub ok: usize,
    /// Lints that could not check everything.
    pub unchecked: usize,
}

impl Report {
    /// Recomputes [`Report::counts`] from the other fields.
    pub fn count(&mut self) {
        let checks = |status| self.checks.iter().filter(|check| check.status == status && !check.fails()).count();
        let findings = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        self.counts = Counts {
            errors: self.checks.iter().filter(|check| check.fails()).count() + findings(Severity::Error),
            warnings: checks(Status::Warning) + findings(Severity::Warning),
            missing: checks(Status::Missing),
            ok: checks(Status::Ok),
            unchecked: self.unchecked.len(),
        };
    }
}
