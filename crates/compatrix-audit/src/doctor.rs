//! What a host has and lacks for a spec: each check with what it is needed for and the command that mends it.
//!
//! Pure: the engine finds out [`HostTools`], [`checks`] makes of them what is told.

mod check;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;

use crate::lint::{Finding, Unchecked};
use compatrix_model::axis::ValueName;
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::Severity;

pub use check::checks;

/// What the engine found on the host.
#[derive(Debug, Clone, Default)]
pub struct HostTools {
    /// How the user starts us, `cargo xtask`.
    pub program: String,
    /// What installs packages here.
    pub packages: Packages,
    /// The cargo that the engine asks.
    pub cargo: Option<Tool>,
    /// rustup.
    pub rustup: Option<Tool>,
    /// Each value of the `rust` axis; of the toolchain on PATH where there is no such axis.
    pub toolchains: BTreeMap<ValueName, Availability<Toolchain>>,
    /// The C compiler: path and first line of its version; or why there is none.
    pub c_compiler: Option<Tool>,
    /// pkg-config.
    pub pkg_config: Option<Tool>,
    /// The SQLite of the host; or why there is none.
    pub sqlite: Option<Result<HostSqlite, String>>,
    /// valgrind.
    pub valgrind: Option<Tool>,
    /// The nightly toolchain.
    pub nightly: Option<Nightly>,
    /// git.
    pub git: Option<Tool>,
    /// apt-get.
    pub apt_get: Option<Tool>,
    /// dpkg-deb.
    pub dpkg_deb: Option<Tool>,
    /// The room where things are made.
    pub disks: Vec<Disk>,
}

/// A program that is here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tool {
    /// Its path.
    pub path: String,
    /// What it says of its version; empty where it says nothing.
    pub version: String,
    /// Why it is of no use, where it does not answer.
    pub broken: Option<String>,
}

/// A toolchain of the `rust` axis that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// Of rustc.
    pub version: Version,
    /// Path of rustc.
    pub path: String,
}

/// The SQLite of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSqlite {
    /// `None` where it is none that we can read.
    pub version: Option<Version>,
    /// Path of the shared library.
    pub library: String,
    /// Whether there is a `libsqlite3.so` to link with.
    pub links: bool,
    /// Path of `sqlite3.h`.
    pub header: Option<String>,
}

/// A nightly toolchain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nightly {
    /// Its rustup name.
    pub name: String,
    /// The first line of `rustc -V`.
    pub version: String,
    /// Its folder.
    pub sysroot: String,
    /// Whether it has miri.
    pub miri: bool,
    /// Whether it has the standard library's source.
    pub rust_src: bool,
    /// The sanitizers whose runtime it has: `address`, `leak`, `memory`, `thread`.
    pub sanitizers: Vec<String>,
}

/// The room on a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// What is made there: `target/compat`, `the cache`.
    pub what: String,
    /// The folder, or the nearest above it that exists.
    pub path: String,
    /// Bytes free to this user; or why that is not known.
    pub free: Result<u64, String>,
}

/// What installs packages on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Packages {
    /// apt-get; with sudo where the user is not root.
    Apt {
        /// Whether the user is root.
        root: bool,
    },
    /// Homebrew.
    Brew,
    /// Something else.
    #[default]
    Other,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is here and will do.
    Ok,
    /// It is here but may not do, or will be made when it is needed.
    Warning,
    /// It is not here.
    Missing,
}

/// One check of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is checked, stable: `c-compiler`.
    pub id: &'static str,
    /// The same for people; of the check `toolchain`, its value.
    pub name: String,
    /// How it came out.
    pub status: Status,
    /// Whether this spec cannot do without it.
    pub required: bool,
    /// What was found: a version, a reason.
    pub found: String,
    /// Where; empty where it has no place.
    pub path: String,
    /// What it is needed for.
    pub needed_for: String,
    /// The command, or the words, that mend it; empty where nothing has to be mended.
    pub mend: String,
}

impl Check {
    /// Whether the exit code tells of it.
    pub fn fails(&self) -> bool {
        self.required && self.status == Status::Missing
    }
}

/// The ids of all checks.
pub const CHECKS: [&str; 16] = [
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
    "disk",
];

/// The number that changes when a reader of the document must.
pub const FORMAT: u32 = 1;

/// All that the doctor has to say: the document of `--format json`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// `linux-x86_64`.
    pub platform: String,
    /// The workspace's root; absent where there is no workspace.
    pub root: Option<String>,
    /// Whether there is a spec.
    pub spec: SpecState,
    /// The host.
    pub checks: Vec<Check>,
    /// The workspace.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub unchecked: Vec<Unchecked>,
    /// How much of each there is.
    pub counts: Counts,
}

/// What became of the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpecState {
    /// It is valid.
    Valid,
    /// It has errors, so that nothing is known of what it claims.
    Broken,
    /// There is none.
    Absent,
}

/// How much of each kind there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Checks that are missing though required, and findings that are errors. Not zero: exit code 1.
    pub errors: usize,
    /// Checks and findings that warn.
    pub warnings: usize,
    /// Checks of what is missing and not required here.
    pub missing: usize,
    /// Checks that are fine.
    pub ok: usize,
    /// Lints that could not look at everything.
    pub unchecked: usize,
}

impl Report {
    /// Counts what it has.
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
