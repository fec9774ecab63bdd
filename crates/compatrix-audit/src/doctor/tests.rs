//! Each check as it is told, with and without what it looks for.

use semver::Version;

use super::check::size;
use super::*;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::spec_text;

fn tool(path: &str, version: &str) -> Option<Tool> {
    Some(Tool { path: path.to_owned(), version: version.to_owned(), broken: None })
}

/// A host that has all.
fn full() -> HostTools {
    let sqlite = HostSqlite {
        version: Some(Version::new(3, 40, 1)),
        library: "/lib/libsqlite3.so.0".to_owned(),
        links: true,
        header: Some("/usr/include/sqlite3.h".to_owned()),
    };
    HostTools {
        program: "cargo xtask".to_owned(),
        packages: Packages::Apt { root: true },
        cargo: tool("/bin/cargo", "cargo 1.95.0 (f2d3ce0bd 2026-03-21)"),
        rustup: tool("/bin/rustup", "rustup 1.29.0"),
        toolchains: BTreeMap::new(),
        c_compiler: tool("/bin/cc", "cc 12"),
        pkg_config: tool("/bin/pkg-config", "1.8.1"),
        sqlite: Some(Ok(sqlite)),
        valgrind: tool("/bin/valgrind", "valgrind-3.19.0"),
        nightly: Some(Nightly {
            name: "nightly".to_owned(),
            version: "rustc 1.97.0-nightly".to_owned(),
            sysroot: "/n".to_owned(),
            miri: true,
            rust_src: true,
            sanitizers: vec!["address".to_owned(), "leak".to_owned()],
        }),
        git: tool("/bin/git", "git version 2"),
        apt_get: tool("/bin/apt-get", "apt 2"),
        dpkg_deb: tool("/bin/dpkg-deb", ""),
        mmdebstrap: tool("/bin/mmdebstrap", "mmdebstrap 1.3.5"),
        bwrap: tool("/bin/bwrap", "bubblewrap 0.8.0"),
        targets: vec![Target {
            os: ValueName::new("windows-gnu").unwrap(),
            triple: "x86_64-pc-windows-gnu".to_owned(),
            runner: Availability::Ready(Tool { version: "wine 8.0".to_owned(), ..Tool::default() }),
            c_compiler: Some(Ok(Tool { version: "gcc 12".to_owned(), ..Tool::default() })),
        }],
        machine: Some(Share { cores: 2.0, cores_by: None, memory: Some(8 << 30), memory_by: None }),
        disks: vec![Disk { what: "target/compat".to_owned(), path: "/w".to_owned(), free: Ok(67 << 30) }],
    }
}

fn spec_of(axis: &str) -> Spec {
    spec_text::parse(&format!("[project]\npackages = [\"a\"]\n[axis]\n{axis}"), "m", &[])
        .unwrap_or_else(|e| panic!("{e}"))
        .spec
}

/// The checks that are not ok: `id status required | mend`.
#[track_caller]
fn check(host: &HostTools, spec: Option<&Spec>, expect: &[&str]) {
    let reported = checks(host, spec, true).into_iter().filter(|check| check.status != Status::Ok).map(|check| {
        assert!(!check.needed_for.is_empty() && !check.found.is_empty(), "{check:?}");
        let status = if check.status == Status::Warning { "warning" } else { "missing" };
        let required = if check.fails() { " required" } else { "" };
        format!("{} {status}{required} | {}", check.id, check.mend)
    });
    assert_eq!(reported.collect::<Vec<_>>(), expect);
}

const ROOT: &str = "rust = [\"debian-13\"]\n[distro.debian-13]\nroot = true\n\
                    apt = { suite = \"trixie\", rust = \"rustc\", cargo = \"cargo\" }\n";

#[test]
fn what_makes_and_enters_roots_is_checked_where_the_spec_has_one() {
    let mut host = full();
    host.mmdebstrap = None;
    host.bwrap = Some(Tool { broken: Some("no namespaces".to_owned()), ..Tool::default() });
    check(&host, Some(&spec_of("rust = [\"stable\"]\n")), &[]);
    let expect = ["mmdebstrap missing | apt-get install mmdebstrap", "bwrap missing | apt-get install bubblewrap"];
    check(&host, Some(&spec_of(ROOT)), &expect);
}

#[test]
fn what_starts_and_compiles_programs_of_targets_is_checked() {
    let mut host = full();
    let found = |reason: &str| Target {
        os: ValueName::new("windows-gnu").unwrap(),
        triple: "x86_64-pc-windows-gnu".to_owned(),
        runner: Availability::Missing { reason: reason.to_owned() },
        c_compiler: Some(Err("a C compiler (`x86_64-w64-mingw32-gcc`)".to_owned())),
    };
    host.targets = vec![found("wine64 is not on PATH")];
    check(&host, None, &["target-runner missing | ", "target-compiler missing | "]);
    let shown = checks(&full(), None, true).into_iter().find(|check| check.id == "target-runner").unwrap();
    assert_eq!((shown.name.as_str(), shown.found.as_str()), ("runner of windows-gnu", "wine 8.0"));
    assert_eq!(shown.needed_for, "cells with os=windows-gnu");
}

#[test]
fn a_host_that_has_all_is_quiet() {
    check(&full(), None, &[]);
    check(&full(), Some(&spec_of("rust = [\"stable\"]\nsqlite = [\"host\"]\n")), &[]);
    let ids: Vec<&str> = checks(&full(), Some(&spec_of(ROOT)), true).iter().map(|check| check.id).collect();
    let expect: Vec<&str> = CHECKS.into_iter().filter(|id| *id != "toolchain").collect();
    assert_eq!(ids, expect);
}

#[test]
fn a_host_that_has_nothing_is_told_all_commands() {
    let nothing = HostTools { packages: Packages::Apt { root: false }, ..HostTools::default() };
    let rustup = "install Rust from https://rustup.rs";
    let expect = [
        format!("cargo missing required | {rustup}"),
        format!("rustup missing | {rustup}"),
        "c-compiler missing required | sudo apt-get install gcc".to_owned(),
        "pkg-config missing | sudo apt-get install pkg-config".to_owned(),
        "sqlite-library missing | sudo apt-get install libsqlite3-dev".to_owned(),
        "sqlite-header missing | sudo apt-get install libsqlite3-dev".to_owned(),
        "valgrind missing | sudo apt-get install valgrind".to_owned(),
        "nightly missing | rustup toolchain install nightly --profile minimal --no-self-update".to_owned(),
        "miri missing | rustup component add miri --toolchain nightly".to_owned(),
        "rust-src missing | rustup component add rust-src --toolchain nightly".to_owned(),
        "sanitizers missing | rustup component add rust-std --toolchain nightly".to_owned(),
        "git missing | sudo apt-get install git".to_owned(),
        "apt-get missing | sudo apt-get install apt".to_owned(),
        "dpkg-deb missing | sudo apt-get install dpkg".to_owned(),
    ];
    check(&nothing, None, &expect.each_ref().map(String::as_str));
}

#[test]
fn commands_are_those_of_the_system() {
    let mend = |packages: Packages, id| packages.install(id);
    assert_eq!(mend(Packages::Apt { root: true }, "c-compiler"), "apt-get install gcc");
    assert_eq!(mend(Packages::Brew, "c-compiler"), "xcode-select --install");
    assert_eq!(mend(Packages::Brew, "sqlite-header"), "brew install sqlite");
    assert_eq!(mend(Packages::Brew, "valgrind"), "install valgrind with this system's package manager");
    assert_eq!(mend(Packages::Other, "git"), "install git with this system's package manager");
}

#[test]
fn what_the_spec_needs_is_required() {
    let named = spec_of("rust = [\"1.70\"]\n");
    let of_path = spec_of("rust = [{ name = \"here\", path = \"t\" }]\n");
    let value = |name: &str| ValueName::new(name).unwrap();
    let lacking = |reason: &str| Availability::Missing { reason: reason.to_owned() };
    let mut host = full();
    host.rustup = None;
    host.toolchains.insert(value("1.70"), lacking("needs rustup"));
    let rustup = "rustup missing required | install Rust from https://rustup.rs";
    check(&host, Some(&named), &[rustup, "toolchain missing | "]);
    let here = Toolchain { version: Version::new(1, 70, 0), path: "/t/bin/rustc".to_owned() };
    host.toolchains.insert(value("1.70"), Availability::Ready(here));
    check(&host, Some(&named), &["rustup missing | install Rust from https://rustup.rs"]);
    check(&host, Some(&of_path), &["rustup missing | install Rust from https://rustup.rs"]);

    let mut host = full();
    host.sqlite = Some(Err("no SQLite".to_owned()));
    let missing = |required| {
        [
            format!("sqlite-library missing{required} | apt-get install libsqlite3-dev"),
            "sqlite-header missing | apt-get install libsqlite3-dev".to_owned(),
        ]
    };
    let sqlite = |axis: &str| spec_of(&format!("sqlite = [\"{axis}\"]\n"));
    check(&host, Some(&sqlite("host")), &missing(" required").each_ref().map(String::as_str));
    check(&host, Some(&sqlite("bundled")), &missing("").each_ref().map(String::as_str));
}

#[test]
fn what_is_here_may_not_do() {
    let mut host = full();
    host.cargo = tool("/bin/cargo", "cargo 1.83.0 (5ffbef321 2024-10-29)");
    check(&host, None, &["cargo warning | rustup update stable"]);
    host.cargo = tool("/bin/cargo", "cargo 1.84.0-nightly (x 2024-10-29)");
    check(&host, None, &[]);

    let mut host = full();
    host.git = Some(Tool { broken: Some("no such toolchain".to_owned()), ..Tool::default() });
    check(&host, None, &["git missing | apt-get install git"]);

    let mut host = full();
    let name = ValueName::new("1.75").unwrap();
    host.toolchains.insert(name, Availability::Obtainable { how: "rustup toolchain install 1.75".to_owned() });
    check(&host, None, &["toolchain warning | rustup toolchain install 1.75"]);

    let mut host = full();
    if let Some(Ok(sqlite)) = &mut host.sqlite {
        sqlite.links = false;
        sqlite.header = None;
    }
    let apt = "apt-get install libsqlite3-dev";
    check(&host, None, &[&format!("sqlite-library missing | {apt}"), &format!("sqlite-header missing | {apt}")]);

    let mut host = full();
    if let Some(nightly) = &mut host.nightly {
        (nightly.miri, nightly.rust_src, nightly.sanitizers) = (false, false, vec!["memory".to_owned()]);
    }
    check(
        &host,
        None,
        &[
            "miri missing | rustup component add miri --toolchain nightly",
            "rust-src missing | rustup component add rust-src --toolchain nightly",
            "sanitizers missing | rustup component add rust-std --toolchain nightly",
        ],
    );
}

#[test]
fn room_is_told_in_three_steps() {
    let with = |free: Result<u64, String>| {
        let mut host = full();
        host.disks[0].free = free;
        host
    };
    let mend = "free up space in /w; a matrix takes several gigabytes, `cargo clean` frees most of it";
    check(&with(Ok(5 << 30)), None, &[]);
    check(&with(Ok((5 << 30) - 1)), None, &[&format!("disk warning | {mend}")]);
    check(&with(Ok((1 << 30) - 1)), None, &[&format!("disk missing required | {mend}")]);
    let unknown = "check that /w has several gigabytes of free space; a matrix takes as much";
    check(&with(Err("not known".to_owned())), None, &[&format!("disk warning | {unknown}")]);
    for (bytes, text) in [(67 << 30, "67 GiB"), (3 << 29, "1.5 GiB"), (512 << 20, "512 MiB"), (0, "0 MiB")] {
        assert_eq!(size(bytes), text);
    }
}

#[test]
fn what_limits_cores_and_memory_is_named() {
    let found = |cores, cores_by: Option<&str>, memory, memory_by: Option<&str>| {
        let (cores_by, memory_by) = (cores_by.map(str::to_owned), memory_by.map(str::to_owned));
        let host = HostTools { machine: Some(Share { cores, cores_by, memory, memory_by }), ..full() };
        let of_machine = checks(&host, None, true).into_iter().filter(|check| ["cores", "memory"].contains(&check.id));
        of_machine.map(|check| format!("{} {}", check.found, check.path)).collect::<Vec<_>>()
    };
    assert_eq!(found(2.0, None, Some(8 << 30), None), ["2 cores ", "8.0 GiB "]);
    assert_eq!(found(1.0, None, None, None), ["1 core "]);
    assert_eq!(found(1.0 / 3.0, Some("/g/a"), None, None), ["0.33 cores /g/a"]);
    assert_eq!(found(0.5, Some("/g/a"), Some(512 << 20), Some("/g")), ["0.5 cores /g/a", "512 MiB /g"]);
}

#[test]
fn the_counts_are_of_what_is_told() {
    let mut host = full();
    (host.c_compiler, host.valgrind) = (None, None);
    let mut report = Report {
        format: FORMAT,
        platform: "linux-x86_64".to_owned(),
        root: None,
        spec: SpecState::Absent,
        checks: checks(&host, None, true),
        findings: Vec::new(),
        unchecked: Vec::new(),
        counts: Counts::default(),
    };
    report.count();
    assert_eq!(report.counts, Counts { errors: 1, warnings: 0, missing: 1, ok: 17, unchecked: 0 });
}
