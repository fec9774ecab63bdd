//! What a host has and lacks for a spec: each check with what it is needed for and the command that mends it.
//!
//! Pure: the engine finds out [`HostTools`], [`checks`] makes of them what is told.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;

use crate::axis::{AxisKind, Setting, ValueName};
use crate::condition::partial_version;
use crate::facts::{Availability, SqliteFacts, ToolchainFacts};
use crate::lint::{Finding, Unchecked};
use crate::spec::{Severity, Spec};

/// The first cargo whose resolver minds `rust-version`, which locksets need.
const MSRV_AWARE: Version = Version::new(1, 84, 0);

/// With less room than this, a build is likely to fail, in bytes.
const TOO_LITTLE: u64 = 1 << 30;

/// With less room than this, a wide matrix may not fit, in bytes.
const LITTLE: u64 = 5 << 30;

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
    pub toolchains: BTreeMap<ValueName, Availability<ToolchainFacts>>,
    /// The C compiler: path and first line of its version; or why there is none.
    pub c_compiler: Option<Tool>,
    /// pkg-config.
    pub pkg_config: Option<Tool>,
    /// The SQLite of the host; or why there is none.
    pub sqlite: Option<Result<SqliteFacts, String>>,
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

/// What a spec cannot do without.
#[derive(Debug, Clone, Copy)]
struct Needs {
    /// Values of the `rust` axis that only rustup gets, and that are not here.
    rustup: bool,
    nightly: bool,
    /// The host's own SQLite.
    host_sqlite: bool,
}

impl Needs {
    fn of(spec: Option<&Spec>, host: &HostTools) -> Self {
        let values = |kind: AxisKind| {
            let axis = spec.and_then(|spec| spec.space.axis_of(&kind));
            axis.into_iter().flat_map(|(_, axis)| &axis.values)
        };
        let toolchains = || {
            values(AxisKind::Rust).filter_map(|value| match &value.setting {
                Setting::RustupToolchain(name) => Some((&value.name, name)),
                _ => None,
            })
        };
        let is_here = |value| matches!(host.toolchains.get(value), Some(Availability::Ready(_)));
        Self {
            rustup: toolchains().any(|(value, _)| !is_here(value)),
            nightly: toolchains().any(|(_, name)| name.starts_with("nightly")),
            host_sqlite: values(AxisKind::Sqlite).any(|value| matches!(value.setting, Setting::SqliteHost)),
        }
    }
}

/// The checks of a host for a spec, in the order in which they are told.
pub fn checks(host: &HostTools, spec: Option<&Spec>) -> Vec<Check> {
    let needs = Needs::of(spec, host);
    let mut checks = vec![cargo(host), rustup(host, needs)];
    checks.extend(host.toolchains.iter().map(|(name, found)| toolchain(host, name, found)));
    let tool = |id, name: &str, found: &Option<Tool>, required, needed_for: &str| {
        let mend = host.packages.install(id);
        of_tool(id, name, found.as_ref(), required, needed_for, mend)
    };
    checks.push(tool(
        "c-compiler",
        "C compiler",
        &host.c_compiler,
        true,
        "linking every build, compiling SQLite, asking libraries what they are",
    ));
    checks.push(tool(
        "pkg-config",
        "pkg-config",
        &host.pkg_config,
        false,
        "crates that look for the host's libraries with it",
    ));
    checks.extend(sqlite(host, needs));
    checks.push(tool("valgrind", "valgrind", &host.valgrind, false, "leak suites with valgrind"));
    checks.extend(nightly(host, needs));
    checks.push(tool("git", "git", &host.git, false, "the commit in evidence, and which sources have changes"));
    let distributions = "toolchains and SQLites of Debian's distributions";
    checks.push(tool("apt-get", "apt-get", &host.apt_get, false, distributions));
    checks.push(tool("dpkg-deb", "dpkg-deb", &host.dpkg_deb, false, distributions));
    checks.extend(host.disks.iter().map(disk));
    checks
}

fn of_tool(
    id: &'static str,
    name: &str,
    found: Option<&Tool>,
    required: bool,
    needed_for: &str,
    mend: String,
) -> Check {
    let (status, said, path, mend) = match found {
        Some(Tool { path, broken: Some(reason), .. }) => {
            (Status::Missing, format!("it does not answer: {reason}"), path.clone(), mend)
        }
        Some(tool) => (Status::Ok, tool.version.clone(), tool.path.clone(), String::new()),
        None => (Status::Missing, "not found".to_owned(), String::new(), mend),
    };
    Check { id, name: name.to_owned(), status, required, found: said, path, needed_for: needed_for.to_owned(), mend }
}

const GET_RUSTUP: &str = "install Rust as https://rustup.rs says";

fn cargo(host: &HostTools) -> Check {
    let needed_for = "everything; locksets need its resolver that minds `rust-version` (1.84)";
    let mut check = of_tool("cargo", "cargo", host.cargo.as_ref(), true, needed_for, GET_RUSTUP.to_owned());
    let version = check.found.split(' ').find_map(|word| partial_version(word.split('-').next().unwrap_or(word)));
    if version.is_some_and(|version| version < MSRV_AWARE) {
        check.status = Status::Warning;
        check.mend = if host.rustup.is_some() { "rustup update stable".to_owned() } else { GET_RUSTUP.to_owned() };
    }
    check
}

fn rustup(host: &HostTools, needs: Needs) -> Check {
    let needed_for = "the toolchains of the `rust` axis, by their names";
    of_tool("rustup", "rustup", host.rustup.as_ref(), needs.rustup, needed_for, GET_RUSTUP.to_owned())
}

fn toolchain(host: &HostTools, name: &ValueName, found: &Availability<ToolchainFacts>) -> Check {
    let (status, said, path, mend) = match found {
        Availability::Ready(facts) => {
            (Status::Ok, format!("rustc {}", facts.version), facts.rustc.clone(), String::new())
        }
        Availability::Obtainable { how } => {
            (Status::Warning, format!("not here; `{} compat` gets it", host.program), String::new(), how.clone())
        }
        Availability::Missing { reason } => (Status::Missing, reason.clone(), String::new(), String::new()),
    };
    Check {
        id: "toolchain",
        name: format!("Rust {name}"),
        status,
        // Its cells are unproven; that is no error of `compat` either.
        required: false,
        found: said,
        path,
        needed_for: format!("cells with rust={name}"),
        mend,
    }
}

fn sqlite(host: &HostTools, needs: Needs) -> Vec<Check> {
    let check = |id, name: &str, needed_for: &str, required, found: Result<(String, String), String>| {
        let (status, said, path) = match found {
            Ok((said, path)) => (Status::Ok, said, path),
            Err(reason) => (Status::Missing, reason, String::new()),
        };
        let mend = if status == Status::Ok { String::new() } else { host.packages.install(id) };
        Check {
            id,
            name: name.to_owned(),
            status,
            required,
            found: said,
            path,
            needed_for: needed_for.to_owned(),
            mend,
        }
    };
    let facts = match &host.sqlite {
        Some(Ok(facts)) => Ok(facts),
        Some(Err(reason)) => Err(reason.clone()),
        None => Err("not looked for: there is no C compiler to ask with".to_owned()),
    };
    let library = facts.clone().and_then(|facts| match &facts.link_dir {
        Some(_) => Ok((facts.version.to_string(), facts.library.clone().unwrap_or_default())),
        None => Err(format!("{} is here, but no libsqlite3.so to link with", facts.version)),
    });
    let header = facts.and_then(|facts| match &facts.include_dir {
        Some(dir) => Ok((String::new(), format!("{dir}/sqlite3.h"))),
        None => Err("no sqlite3.h".to_owned()),
    });
    vec![
        check("sqlite-library", "SQLite library", "cells with sqlite=host", needs.host_sqlite, library),
        check("sqlite-header", "SQLite header", "crates that make their bindings from it", false, header),
    ]
}

fn nightly(host: &HostTools, needs: Needs) -> Vec<Check> {
    let found = host.nightly.as_ref();
    let name = found.map_or("nightly", |nightly| nightly.name.as_str());
    let path = |nightly: &Nightly| nightly.sysroot.clone();
    let install = format!("rustup toolchain install {name} --profile minimal --no-self-update");
    let tool = found.map(|nightly| Tool { path: path(nightly), version: nightly.version.clone(), broken: None });
    let uses = if needs.nightly { "cells with it, Miri and the sanitizers" } else { "Miri and the sanitizers" };
    let mut checks = vec![of_tool("nightly", "nightly Rust", tool.as_ref(), false, uses, install)];
    let part = |id, label: &str, has: Option<String>, needed_for: &str, component: &str| {
        let tool = has.map(|version| Tool { version, ..Tool::default() });
        let mend = format!("rustup component add {component} --toolchain {name}");
        of_tool(id, label, tool.as_ref(), false, needed_for, mend)
    };
    let is = |has: fn(&Nightly) -> bool| found.filter(|nightly| has(nightly)).map(|_| String::new());
    checks.push(part("miri", "Miri", is(|n| n.miri), "leak suites with Miri", "miri"));
    checks.push(part("rust-src", "std's source", is(|n| n.rust_src), "Miri, which compiles std anew", "rust-src"));
    let sanitizers = found.filter(|nightly| nightly.sanitizers.iter().any(|s| s == "address" || s == "leak"));
    let mut check = part(
        "sanitizers",
        "sanitizers",
        sanitizers.map(|nightly| nightly.sanitizers.join(", ")),
        "leak suites with AddressSanitizer or LeakSanitizer",
        "rust-std",
    );
    if found.is_some() && check.status == Status::Missing {
        check.found = "this nightly has no runtimes for its target".to_owned();
    }
    checks.push(check);
    checks
}

fn disk(disk: &Disk) -> Check {
    let (status, found) = match &disk.free {
        Err(reason) => (Status::Warning, reason.clone()),
        Ok(free) => {
            let status = match *free {
                ..TOO_LITTLE => Status::Missing,
                TOO_LITTLE..LITTLE => Status::Warning,
                LITTLE.. => Status::Ok,
            };
            (status, format!("{} free", size(*free)))
        }
    };
    let mend = if status == Status::Ok {
        String::new()
    } else {
        format!("make room below {}; a matrix takes some gigabytes, `cargo clean` frees most", disk.path)
    };
    Check {
        id: "disk",
        name: format!("disk, {}", disk.what),
        status,
        required: true,
        found,
        path: disk.path.clone(),
        needed_for: "builds, SQLites, fixtures and the ledger".to_owned(),
        mend,
    }
}

/// Bytes for people: `67 GiB`, `512 MiB`.
fn size(bytes: u64) -> String {
    if bytes >= 10 << 30 {
        format!("{} GiB", bytes >> 30)
    } else if bytes >= 1 << 30 {
        let tenths = bytes * 10 / (1 << 30);
        format!("{}.{} GiB", tenths / 10, tenths % 10)
    } else {
        format!("{} MiB", bytes >> 20)
    }
}

impl Packages {
    /// The command that installs what a check misses.
    fn install(self, id: &str) -> String {
        let (apt, brew, name) = match id {
            "c-compiler" => ("gcc", "", "a C compiler"),
            "pkg-config" => ("pkg-config", "pkgconf", "pkg-config"),
            "sqlite-library" | "sqlite-header" => ("libsqlite3-dev", "sqlite", "SQLite's library and header"),
            "valgrind" => ("valgrind", "", "valgrind"),
            "git" => ("git", "git", "git"),
            "apt-get" => ("apt", "", "apt, which only Debian and its kin have"),
            "dpkg-deb" => ("dpkg", "dpkg", "dpkg"),
            other => (other, other, other),
        };
        match self {
            Packages::Apt { root: true } => format!("apt-get install {apt}"),
            Packages::Apt { root: false } => format!("sudo apt-get install {apt}"),
            Packages::Brew if id == "c-compiler" => "xcode-select --install".to_owned(),
            Packages::Brew if !brew.is_empty() => format!("brew install {brew}"),
            Packages::Brew | Packages::Other => format!("install {name}, as this system does it"),
        }
    }
}
