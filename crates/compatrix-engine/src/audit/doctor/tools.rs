//! The host's tools: paths and versions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use compatrix_audit::doctor::{Disk, HostSqlite, HostTools, Nightly, Packages, Share, Target, Tool, Toolchain};
use compatrix_model::axis::{AxisKind, ValueName};
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::Spec;

use crate::find::facts::{Foreign, SqliteFacts, SystemFacts, ToolchainFacts};
use crate::find::{c_compiler, leak_tools, root, sqlite, system, toolchain};
use crate::provide;
use crate::sys::files;
use crate::sys::host::{compat_dir, last_lines, Host};
use crate::sys::machine::Machine;
use crate::sys::os::machine;
use crate::sys::process::Command;

/// File name parts of sanitizer runtimes, with the sanitizers' names.
const SANITIZERS: [(&str, &str); 4] = [("asan", "address"), ("lsan", "leak"), ("msan", "memory"), ("tsan", "thread")];

/// Examines the host's tools. `in_workspace` says whether the host's root is a workspace.
pub fn tools(host: &Host, spec: Option<&Spec>, in_workspace: bool, program: &str) -> HostTools {
    let axis = spec.and_then(|spec| spec.space.axis_of(&AxisKind::Rust)).map(|(_, axis)| axis);
    std::thread::scope(|scope| {
        let sqlite = scope.spawn(|| {
            let compiler = c_compiler::words(host).into_iter().next()?;
            host.ambient.find(&compiler)?;
            let found = sqlite::find_host(host).map_err(|error| format!("{error:#}"));
            Some(found.and_then(|found| match found {
                Availability::Ready(facts) => Ok(host_sqlite(facts)),
                Availability::Obtainable { how } => Err(how),
                Availability::Missing { reason } => Err(reason),
            }))
        });
        let nightly = scope.spawn(|| nightly(host, axis));
        let toolchains =
            scope.spawn(|| if spec.is_some() { provide::find_toolchains(host, axis) } else { Default::default() });
        let compiler = c_compiler::words(host);
        let found = HostTools {
            program: program.to_owned(),
            packages: packages(host),
            cargo: host.ambient.cargo().map(|path| tool(host, path, &["--version"])),
            rustup: find(host, "rustup", &["--version"]),
            c_compiler: compiler.first().and_then(|compiler| find(host, compiler, &["--version"])),
            pkg_config: find(host, "pkg-config", &["--version"]),
            valgrind: find(host, "valgrind", &["--version"]),
            git: find(host, "git", &["--version"]),
            apt_get: find(host, "apt-get", &["--version"]),
            dpkg_deb: find(host, "dpkg-deb", &["--version"]),
            mmdebstrap: find(host, "mmdebstrap", &["--version"]),
            bwrap: find(host, "bwrap", &["--version"])
                .map(|found| Tool { broken: found.broken.clone().or_else(|| root::cannot_enter(host)), ..found }),
            targets: spec.map(|spec| targets(host, spec)).unwrap_or_default(),
            machine: Some(share(Machine::look())),
            disks: disks(host, in_workspace),
            ..HostTools::default()
        };
        let checked = |facts: &ToolchainFacts| Toolchain { version: facts.version.clone(), path: facts.rustc.clone() };
        let toolchains = join(toolchains).iter().map(|(value, found)| (value.clone(), found.map(checked))).collect();
        HostTools { toolchains, nightly: join(nightly), sqlite: join(sqlite), ..found }
    })
}

fn join<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What starts and compiles programs of the targets of the `os` axis.
fn targets(host: &Host, spec: &Spec) -> Vec<Target> {
    let found = system::find_all(host, spec);
    let of = |(os, triple): (&ValueName, &str)| {
        let runner = |facts: &SystemFacts| Tool {
            path: facts.runner.first().cloned().unwrap_or_default(),
            version: facts.version.clone().unwrap_or_else(|| "this host starts its programs itself".to_owned()),
            broken: None,
        };
        let c_compiler = system::c_compiler(host, triple).map(|compiler| {
            let with = Foreign { triple: triple.to_owned(), compiler, runner: Vec::new(), is_wine: false };
            let here = with.compiler.first().and_then(|program| find(host, program, &["-dumpversion"]));
            here.ok_or_else(|| sqlite::Kit::of_target(&with).lacks_compiler(host).unwrap_or_default())
        });
        let runner = found.get(os)?.map(runner);
        Some(Target { os: os.clone(), triple: triple.to_owned(), runner, c_compiler })
    };
    system::targets(spec).filter_map(of).collect()
}

fn host_sqlite(facts: SqliteFacts) -> HostSqlite {
    HostSqlite {
        version: facts.version,
        library: facts.library.unwrap_or_default(),
        links: facts.link_dir.is_some(),
        header: facts.include_dir.map(|dir| format!("{dir}/sqlite3.h")),
    }
}

fn find(host: &Host, program: &str, question: &[&str]) -> Option<Tool> {
    Some(tool(host, host.ambient.find(program)?, question))
}

/// A program with the first line of its answer.
fn tool(host: &Host, path: PathBuf, question: &[&str]) -> Tool {
    let shown = path.to_string_lossy().into_owned();
    let mut command =
        Command::new(shown.clone(), &host.root).args(question.iter().copied()).envs(&host.ambient.for_builds());
    command.timeout = Some(Duration::from_secs(10));
    let answer = host.run(&command).map_err(|error| format!("{error:#}")).and_then(|finished| {
        if finished.status.success() {
            Ok(finished.stdout.text().lines().next().unwrap_or_default().trim().to_owned())
        } else {
            Err(last_lines(&finished.stderr.text(), 2))
        }
    });
    match answer {
        Ok(version) => Tool { path: shown, version, broken: None },
        Err(reason) => Tool { path: shown, version: String::new(), broken: Some(reason) },
    }
}

fn packages(host: &Host) -> Packages {
    if std::env::consts::OS == "macos" {
        Packages::Brew
    } else if host.ambient.find("apt-get").is_some() || files::exists(Path::new("/etc/debian_version")) {
        Packages::Apt { root: machine::is_root() }
    } else {
        Packages::Other
    }
}

/// The nightly of the axis, otherwise `nightly`, with its components.
fn nightly(host: &Host, axis: Option<&compatrix_model::axis::Axis>) -> Option<Nightly> {
    let of_axis =
        axis.and_then(|axis| axis.values.iter().map(|v| v.name.as_str()).find(|name| name.starts_with("nightly")));
    let name = of_axis.unwrap_or("nightly");
    let Availability::Ready(facts) = toolchain::find_rustup(host, name) else { return None };
    let sysroot = Path::new(&facts.rustc).parent()?.parent()?.to_owned();
    let runtimes = leak_tools::sanitizer_runtimes(&facts);
    let sanitizers = SANITIZERS
        .iter()
        .filter(|(runtime, _)| runtimes.iter().any(|r| r == runtime))
        .map(|(_, name)| (*name).to_owned());
    Some(Nightly {
        name: name.to_owned(),
        version: facts.rustc_verbose.lines().next().unwrap_or_default().to_owned(),
        miri: files::exists(&sysroot.join("bin/miri")) && files::exists(&sysroot.join("bin/cargo-miri")),
        rust_src: files::exists(&sysroot.join("lib/rustlib/src/rust/library/std/src/lib.rs")),
        sanitizers: sanitizers.collect(),
        sysroot: sysroot.to_string_lossy().into_owned(),
    })
}

fn share(machine: Machine) -> Share {
    let name = |group: Option<PathBuf>| group.map(|path| path.to_string_lossy().into_owned());
    Share {
        cores: machine.cores,
        memory: Some(machine.memory).filter(|memory| *memory != u64::MAX),
        cores_by: name(machine.cores_by),
        memory_by: name(machine.memory_by),
    }
}

/// The room where builds and where the cache are; once where both are on one file system.
fn disks(host: &Host, in_workspace: bool) -> Vec<Disk> {
    let target = in_workspace.then(|| ("target/compat", compat_dir(&host.root)));
    let cache = Some(("the cache", host.cache.clone()));
    let disk = |(what, path): (&str, PathBuf)| {
        let there = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_owned();
        let free = machine::free_room(&there);
        Disk { what: what.to_owned(), path: there.to_string_lossy().into_owned(), free }
    };
    [target, cache].into_iter().flatten().map(disk).collect()
}
