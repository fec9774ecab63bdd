//! Turns the tools found on the host into checks, one function per check.

use semver::Version;

use super::{Check, Disk, HostTools, Nightly, Packages, Share, Status, Target, Tool, Toolchain};
use compatrix_model::axis::{AxisKind, Setting, ValueName};
use compatrix_model::condition::partial_version;
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::Spec;

/// The first cargo with the MSRV-aware resolver, which locksets need.
const MSRV_AWARE: Version = Version::new(1, 84, 0);

/// Free bytes below which a build is likely to fail.
const TOO_LITTLE: u64 = 1 << 30;

/// Free bytes below which a large matrix may not fit.
const LITTLE: u64 = 5 << 30;

/// The tools that a spec needs.
#[derive(Debug, Clone, Copy)]
struct Needs {
    /// The `rust` axis has values that only rustup can install and that are missing.
    rustup: bool,
    nightly: bool,
    /// The `sqlite` axis has the value `host`.
    host_sqlite: bool,
    /// The workspace has something to do with SQLite, by its spec or by a locked package.
    sqlite: bool,
    /// The `rust` axis has a distribution with `root = true`.
    roots: bool,
}

impl Needs {
    fn of(spec: Option<&Spec>, host: &HostTools, uses_sqlite: bool) -> Self {
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
            sqlite: uses_sqlite || values(AxisKind::Sqlite).next().is_some(),
            roots: values(AxisKind::Rust)
                .any(|value| matches!(&value.setting, Setting::DistroToolchain(request) if request.root)),
        }
    }
}

/// The checks of a host for a spec, in report order. SQLite is checked where the spec has an axis for it, or a package of
/// the workspace uses it.
pub fn checks(host: &HostTools, spec: Option<&Spec>, uses_sqlite: bool) -> Vec<Check> {
    let needs = Needs::of(spec, host, uses_sqlite);
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
        if needs.sqlite {
            "linking every build, compiling SQLite, identifying libraries"
        } else {
            "linking every build, identifying libraries"
        },
    ));
    checks.push(tool("pkg-config", "pkg-config", &host.pkg_config, false, "crates that find host libraries with it"));
    if needs.sqlite {
        checks.extend(sqlite(host, needs));
    }
    checks.push(tool("valgrind", "valgrind", &host.valgrind, false, "leak suites with valgrind"));
    checks.extend(nightly(host, needs));
    checks.push(tool("git", "git", &host.git, false, "the commit in evidence, and detecting changed sources"));
    let distributions = if needs.sqlite {
        "toolchains and SQLite versions from Debian distributions"
    } else {
        "toolchains from Debian distributions"
    };
    checks.push(tool("apt-get", "apt-get", &host.apt_get, false, distributions));
    checks.push(tool("dpkg-deb", "dpkg-deb", &host.dpkg_deb, false, distributions));
    if needs.roots {
        checks.push(tool(
            "mmdebstrap",
            "mmdebstrap",
            &host.mmdebstrap,
            false,
            "making whole userlands of distributions",
        ));
        checks.push(tool("bwrap", "bubblewrap", &host.bwrap, false, "building and running cells in them"));
    }
    checks.extend(host.targets.iter().flat_map(target));
    checks.extend(host.machine.iter().flat_map(machine));
    checks.extend(host.disks.iter().map(|one| disk(one, needs)));
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
            (Status::Missing, format!("does not work: {reason}"), path.clone(), mend)
        }
        Some(tool) => (Status::Ok, tool.version.clone(), tool.path.clone(), String::new()),
        None => (Status::Missing, "not found".to_owned(), String::new(), mend),
    };
    Check { id, name: name.to_owned(), status, required, found: said, path, needed_for: needed_for.to_owned(), mend }
}

const GET_RUSTUP: &str = "install Rust from https://rustup.rs";

fn cargo(host: &HostTools) -> Check {
    let needed_for = "everything; locksets need its MSRV-aware resolver (1.84)";
    let broken = host.cargo.as_ref().is_some_and(|cargo| cargo.broken.is_some());
    let mend = if broken && host.rustup.is_some() {
        "make an installed toolchain the default: `rustup toolchain list`, `rustup default NAME`"
    } else {
        GET_RUSTUP
    };
    let mut check = of_tool("cargo", "cargo", host.cargo.as_ref(), true, needed_for, mend.to_owned());
    let version = check.found.split(' ').find_map(|word| partial_version(word.split('-').next().unwrap_or(word)));
    if version.is_some_and(|version| version < MSRV_AWARE) {
        check.status = Status::Warning;
        check.mend = if host.rustup.is_some() { "rustup update stable".to_owned() } else { GET_RUSTUP.to_owned() };
    }
    check
}

fn rustup(host: &HostTools, needs: Needs) -> Check {
    let needed_for = "the toolchains on the `rust` axis";
    of_tool("rustup", "rustup", host.rustup.as_ref(), needs.rustup, needed_for, GET_RUSTUP.to_owned())
}

fn toolchain(host: &HostTools, name: &ValueName, found: &Availability<Toolchain>) -> Check {
    let (status, said, path, mend) = match found {
        Availability::Ready(here) => (Status::Ok, format!("rustc {}", here.version), here.path.clone(), String::new()),
        Availability::Obtainable { how } => (
            Status::Warning,
            format!("not installed; `{} compat` installs it", host.program),
            String::new(),
            how.clone(),
        ),
        Availability::Missing { reason } => (Status::Missing, reason.clone(), String::new(), String::new()),
    };
    Check {
        id: "toolchain",
        name: format!("Rust {name}"),
        status,
        // `compat` reports its cells as unproven, not as an error.
        required: false,
        found: said,
        path,
        needed_for: format!("cells with rust={name}"),
        mend,
    }
}

/// The runner and the C compiler of a target. Without them `compat` reports its cells as unproven.
fn target(target: &Target) -> Vec<Check> {
    let Target { os, runner, c_compiler, .. } = target;
    let check = |id, name: String, found: Result<&Tool, &String>| {
        let (status, said, path) = match found {
            Ok(tool) => (Status::Ok, tool.version.clone(), tool.path.clone()),
            Err(reason) => (Status::Missing, reason.clone(), String::new()),
        };
        let needed_for = format!("cells with os={os}");
        Check { id, name, status, required: false, found: said, path, needed_for, mend: String::new() }
    };
    let starts = match runner {
        Availability::Ready(tool) => Ok(tool),
        Availability::Obtainable { how: reason } | Availability::Missing { reason } => Err(reason),
    };
    let compiler = c_compiler.as_ref().map(|found| check("target-compiler", format!("C for {os}"), found.as_ref()));
    [check("target-runner", format!("runner of {os}"), starts)].into_iter().chain(compiler).collect()
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
    let here = match &host.sqlite {
        Some(Ok(here)) => Ok(here),
        Some(Err(reason)) => Err(reason.clone()),
        None => Err("not checked: this needs a C compiler".to_owned()),
    };
    let library = here.clone().and_then(|here| {
        let version = here.version.as_ref().map_or_else(|| "an unknown version".to_owned(), Version::to_string);
        match here.links {
            true => Ok((version, here.library.clone())),
            false => Err(format!("{version} is installed, but there is no libsqlite3.so to link with")),
        }
    });
    let header = here.and_then(|here| match &here.header {
        Some(header) => Ok((String::new(), header.clone())),
        None => Err("no sqlite3.h".to_owned()),
    });
    vec![
        check("sqlite-library", "SQLite library", "cells with sqlite=host", needs.host_sqlite, library),
        check("sqlite-header", "SQLite header", "crates that generate bindings from it", false, header),
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
    checks.push(part("rust-src", "std's source", is(|n| n.rust_src), "Miri, which recompiles std", "rust-src"));
    let sanitizers = found.filter(|nightly| nightly.sanitizers.iter().any(|s| s == "address" || s == "leak"));
    let mut check = part(
        "sanitizers",
        "sanitizers",
        sanitizers.map(|nightly| nightly.sanitizers.join(", ")),
        "leak suites with AddressSanitizer or LeakSanitizer",
        "rust-std",
    );
    if found.is_some() && check.status == Status::Missing {
        check.found = "this nightly has no sanitizer runtimes for its target".to_owned();
    }
    checks.push(check);
    checks
}

/// Cores and memory, each with the control group that limits it.
fn machine(share: &Share) -> Vec<Check> {
    let check = |id, found, group: &Option<String>| Check {
        id,
        name: str::to_owned(id),
        status: Status::Ok,
        required: true,
        found,
        path: group.clone().unwrap_or_default(),
        needed_for: "builds and runs at once".to_owned(),
        mend: String::new(),
    };
    let cores = (share.cores * 100.0).round() / 100.0;
    let unit = if cores == 1.0 { "core" } else { "cores" };
    let memory = share.memory.map(|memory| check("memory", size(memory), &share.memory_by));
    [check("cores", format!("{cores} {unit}"), &share.cores_by)].into_iter().chain(memory).collect()
}

fn disk(disk: &Disk, needs: Needs) -> Check {
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
    let mend = match (&disk.free, status) {
        (_, Status::Ok) => String::new(),
        (Err(_), _) => format!("check that {} has several gigabytes of free space; a matrix takes as much", disk.path),
        (Ok(_), _) => {
            format!("free up space in {}; a matrix takes several gigabytes, `cargo clean` frees most of it", disk.path)
        }
    };
    Check {
        id: "disk",
        name: format!("disk, {}", disk.what),
        status,
        required: true,
        found,
        path: disk.path.clone(),
        needed_for: if needs.sqlite {
            "builds, SQLite libraries, fixtures and the ledger"
        } else {
            "builds and the ledger"
        }
        .to_owned(),
        mend,
    }
}

/// A size in binary units: `67 GiB`, `512 MiB`.
pub(super) fn size(bytes: u64) -> String {
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
    /// The command that installs what a check found missing.
    pub(super) fn install(self, id: &str) -> String {
        let (apt, brew, name) = match id {
            "c-compiler" => ("gcc", "", "a C compiler"),
            "pkg-config" => ("pkg-config", "pkgconf", "pkg-config"),
            "sqlite-library" | "sqlite-header" => ("libsqlite3-dev", "sqlite", "SQLite's library and header"),
            "valgrind" => ("valgrind", "", "valgrind"),
            "git" => ("git", "git", "git"),
            "apt-get" => ("apt", "", "apt, which only Debian-based systems have"),
            "dpkg-deb" => ("dpkg", "dpkg", "dpkg"),
            "mmdebstrap" => ("mmdebstrap", "", "mmdebstrap"),
            "bwrap" => ("bubblewrap", "", "bubblewrap"),
            other => (other, other, other),
        };
        match self {
            Packages::Apt { root: true } => format!("apt-get install {apt}"),
            Packages::Apt { root: false } => format!("sudo apt-get install {apt}"),
            Packages::Brew if id == "c-compiler" => "xcode-select --install".to_owned(),
            Packages::Brew if !brew.is_empty() => format!("brew install {brew}"),
            Packages::Brew | Packages::Other => format!("install {name} with this system's package manager"),
        }
    }
}
