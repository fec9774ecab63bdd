//! Finds the leak tools available for each toolchain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use compatrix_leak::{valgrind as report, Tool};
use compatrix_model::axis::ValueName;
use compatrix_model::facts::Availability;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::Sanitizer;
use semver::Version;

use crate::find::c_compiler;
use crate::find::facts::{LeakToolFacts, ToolchainFacts};
use crate::sys::files;
use crate::sys::host::Host;

/// What is known of each tool that the spec's suites name, for each of these toolchains that is here. What is the same for
/// all of them is found out once.
pub(crate) fn find_all(
    host: &Host,
    spec: &Spec,
    toolchains: &BTreeMap<ValueName, Availability<ToolchainFacts>>,
) -> BTreeMap<(Tool, ValueName), Availability<LeakToolFacts>> {
    let here: Vec<(&ValueName, &ToolchainFacts)> =
        toolchains.iter().filter_map(|(name, found)| Some((name, found.ready()?))).collect();
    let tools: BTreeSet<Tool> = spec.suites.iter().filter_map(|suite| Some(suite.leak()?.tool)).collect();
    let mut found = BTreeMap::new();
    for tool in tools.into_iter().filter(|_| !here.is_empty()) {
        let each: Vec<Availability<LeakToolFacts>> = match tool {
            Tool::Valgrind => vec![valgrind(host); here.len()],
            Tool::Resources => vec![resources(host); here.len()],
            Tool::Asan | Tool::Lsan => here.iter().map(|(_, toolchain)| sanitizer(tool, toolchain)).collect(),
            Tool::Miri => here.iter().map(|(_, toolchain)| miri(host, toolchain)).collect(),
        };
        found.extend(here.iter().map(|(name, _)| (tool, (*name).clone())).zip(each));
    }
    found
}

/// The oldest valgrind known to read rustc's output and to support all options used here.
const OLDEST_VALGRIND: Version = Version::new(3, 15, 0);

/// The installed valgrind. One without a version is tried anyway: the canary shows whether it works.
fn valgrind(host: &Host) -> Availability<LeakToolFacts> {
    let Some(program) = host.ambient.find("valgrind") else {
        let reason = "no valgrind on PATH; `apt-get install valgrind` or its like installs it".to_owned();
        return Availability::Missing { reason };
    };
    let version = host.ask_version(&program).unwrap_or_default();
    let version = version.lines().next().unwrap_or_default().trim().to_owned();
    if report::version(&version).is_some_and(|version| version < OLDEST_VALGRIND) {
        let reason = format!("{version} at {} is too old; {OLDEST_VALGRIND} or later is needed", program.display());
        return Availability::Missing { reason };
    }
    let version = Some(version).filter(|version| !version.is_empty());
    Availability::Ready(LeakToolFacts { program: program.to_string_lossy().into_owned(), version })
}

/// Whether a C compiler and glibc are here.
fn resources(host: &Host) -> Availability<LeakToolFacts> {
    let missing = |reason: String| Availability::Missing { reason };
    if std::env::consts::OS != "linux" {
        return missing(format!("leftovers of tests can be detected only on Linux, not on {}", std::env::consts::OS));
    }
    let glibc = host.ambient.find("getconf").map(|getconf| host.ask(&getconf, &["GNU_LIBC_VERSION"]));
    let Some(Ok(glibc)) = glibc else {
        return missing("the C library is not glibc (`getconf GNU_LIBC_VERSION` has no answer)".to_owned());
    };
    let program = c_compiler::words(host).into_iter().next().unwrap_or_default();
    let Some(program) = host.ambient.find(&program) else {
        return missing(format!("no C compiler (`{program}`); `apt-get install gcc` or its like installs one"));
    };
    let said = host.ask(&program, &["-dumpfullversion", "-dumpversion"]).unwrap_or_default();
    let version = Some(format!("cc {}, {glibc}", said.lines().next().unwrap_or_default()));
    Availability::Ready(LeakToolFacts { program: program.to_string_lossy().into_owned(), version })
}

/// Whether this toolchain can build executables with the sanitizer.
fn sanitizer(tool: Tool, toolchain: &ToolchainFacts) -> Availability<LeakToolFacts> {
    let missing = |reason: String| Availability::Missing { reason };
    let title = tool.title();
    let Some(sanitizer) = Sanitizer::of(tool) else { return missing(format!("{title} is not a sanitizer")) };
    if !toolchain.host.contains("linux") {
        return missing(format!("{title} is supported only on Linux, not on {}", toolchain.host));
    }
    if !toolchain.version.pre.starts_with("nightly") && !toolchain.version.pre.starts_with("dev") {
        return missing(format!("{title} needs a nightly toolchain, but {} is not one", toolchain.version));
    }
    let runtime = sanitizer_runtime(sanitizer);
    if !sanitizer_runtimes(toolchain).iter().any(|name| name == runtime) {
        return missing(format!(
            "this nightly, {}, has no runtime of {title} (`*_rt.{runtime}.a`); `rustup toolchain install nightly` brings \
             one that has it",
            toolchain.version
        ));
    }
    let version = toolchain.rustc_verbose.lines().next().map(str::to_owned);
    Availability::Ready(LeakToolFacts { program: toolchain.rustc.clone(), version })
}

/// The part of file names and symbols that is the sanitizer's.
pub(crate) fn sanitizer_runtime(sanitizer: Sanitizer) -> &'static str {
    match sanitizer {
        Sanitizer::Address => "asan",
        Sanitizer::Leak => "lsan",
    }
}

/// The sanitizers of which this toolchain has the runtime, as its files are named: `asan`, `lsan` … They are
/// `librustc-nightly_rt.asan.a`, on macOS with `.dylib`.
pub(crate) fn sanitizer_runtimes(toolchain: &ToolchainFacts) -> Vec<String> {
    let Some(sysroot) = Path::new(&toolchain.rustc).ancestors().nth(2) else { return Vec::new() };
    let files = files::list(&sysroot.join("lib/rustlib").join(&toolchain.host).join("lib")).unwrap_or_default();
    let runtime = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let (_, runtime) = name.strip_prefix("librustc-")?.split_once("_rt.")?;
        Some(runtime.split('.').next()?.to_owned())
    };
    files.into_iter().filter_map(runtime).collect()
}

/// Whether this toolchain has Miri, and the sources of the standard library that it interprets.
fn miri(host: &Host, toolchain: &ToolchainFacts) -> Availability<LeakToolFacts> {
    let bin = Path::new(&toolchain.rustc).parent().unwrap_or(Path::new(""));
    let program = bin.join("cargo-miri");
    let sources = bin.with_file_name("lib").join("rustlib/src/rust/library");
    let has_miri = files::exists(&program) && files::exists(&bin.join("miri"));
    if !has_miri || !files::exists(&sources) {
        return Availability::Missing { reason: miri_missing(toolchain, bin, has_miri) };
    }
    let version = files::stamp(&program).and_then(|stamp| {
        let name = format!("miri {}", program.display());
        host.memo.fact(&name, &stamp, || host.ask(&program, &["miri", "--version"]))
    });
    match version {
        Ok(version) => {
            let version = Some(version).filter(|version| !version.is_empty());
            Availability::Ready(LeakToolFacts { program: program.to_string_lossy().into_owned(), version })
        }
        Err(error) => Availability::Missing { reason: format!("Miri does not run: {error:#}") },
    }
}

/// Why a toolchain has no Miri, with the command that brings it.
fn miri_missing(toolchain: &ToolchainFacts, bin: &Path, has_miri: bool) -> String {
    let pre = toolchain.version.pre.as_str();
    if !pre.starts_with("nightly") && !pre.starts_with("dev") {
        return format!(
            "Miri needs a nightly toolchain, but {} is not one; `rustup toolchain install nightly --component miri --component \
             rust-src` installs one",
            toolchain.version
        );
    }
    let (lacks, components) =
        if has_miri { ("the sources of the standard library", "rust-src") } else { ("Miri", "miri rust-src") };
    // Below the `toolchains` of rustup the folder has the toolchain's name.
    let root = bin.parent().filter(|root| root.parent().is_some_and(|parent| parent.ends_with("toolchains")));
    match root.and_then(Path::file_name).map(|name| name.to_string_lossy()) {
        Some(name) => {
            let name = name.strip_suffix(&format!("-{}", toolchain.host)).unwrap_or(&name);
            let reason = format!("this nightly, {}, lacks {lacks}", toolchain.version);
            format!("{reason}; `rustup component add {components} --toolchain {name}` installs it")
        }
        None => format!(
            "{} lacks {lacks}; Miri needs bin/cargo-miri, bin/miri and lib/rustlib/src/rust/library in a toolchain \
             (`rustup component add {components} --toolchain nightly` puts them into rustup's own)",
            bin.with_file_name("").display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toolchain(version: &str, host: &str, rustc: &Path) -> ToolchainFacts {
        ToolchainFacts {
            rustc: rustc.join("bin/rustc").to_string_lossy().into_owned(),
            cargo: String::new(),
            version: Version::parse(version).unwrap(),
            rustc_verbose: format!("rustc {version} (abc 2026-05-19)\nbinary: rustc"),
            cargo_version: String::new(),
            host: host.to_owned(),
            packages: None,
            sources: None,
            root: None,
            misnamed: None,
        }
    }

    #[test]
    fn who_has_no_sanitizer_is_told_why() {
        let sysroot = tempfile::tempdir().unwrap();
        let why = |version: &str, host: &str| match sanitizer(Tool::Asan, &toolchain(version, host, sysroot.path())) {
            Availability::Missing { reason } => reason,
            Availability::Ready(facts) => facts.version.unwrap_or_default(),
            Availability::Obtainable { how } => how,
        };
        let linux = "x86_64-unknown-linux-gnu";
        assert_eq!(why("1.95.0", linux), "AddressSanitizer needs a nightly toolchain, but 1.95.0 is not one");
        assert!(why("1.97.0-nightly", "aarch64-apple-darwin").contains("only on Linux"));
        assert!(why("1.97.0-nightly", linux).contains("has no runtime of AddressSanitizer (`*_rt.asan.a`)"));
        let lib = sysroot.path().join("lib/rustlib").join(linux).join("lib");
        files::make_dir(&lib).unwrap();
        files::write(&lib.join("librustc-nightly_rt.lsan.a"), b"").unwrap();
        assert!(why("1.97.0-nightly", linux).contains("has no runtime"));
        files::write(&lib.join("librustc-nightly_rt.asan.a"), b"").unwrap();
        assert_eq!(why("1.97.0-nightly", linux), "rustc 1.97.0-nightly (abc 2026-05-19)");
    }

    #[test]
    fn what_is_missing_comes_with_the_command_that_brings_it() {
        let of = |version: &str, bin: &str, has_miri| {
            let toolchain = ToolchainFacts {
                version: version.parse().unwrap(),
                host: "x86_64-unknown-linux-gnu".to_owned(),
                cargo_version: String::new(),
                rustc: format!("{bin}/rustc"),
                cargo: format!("{bin}/cargo"),
                rustc_verbose: String::new(),
                packages: None,
                sources: None,
                root: None,
                misnamed: None,
            };
            miri_missing(&toolchain, Path::new(bin), has_miri)
        };
        let dated = "/r/toolchains/nightly-2026-04-05-x86_64-unknown-linux-gnu/bin";
        let said = of("1.97.0-nightly", dated, false);
        assert!(said.contains("`rustup component add miri rust-src --toolchain nightly-2026-04-05`"), "{said}");
        let said = of("1.97.0-nightly", "/r/toolchains/nightly-x86_64-unknown-linux-gnu/bin", true);
        assert!(said.contains("lacks the sources of the standard library"), "{said}");
        assert!(said.contains("`rustup component add rust-src --toolchain nightly`"), "{said}");
        let said = of("1.97.0-nightly", "/opt/rust/bin", false);
        assert!(said.contains(" lacks Miri; Miri needs bin/cargo-miri"), "{said}");
        let said = of("1.95.0", "/r/toolchains/stable-x86_64-unknown-linux-gnu/bin", false);
        assert!(said.contains("needs a nightly toolchain, but 1.95.0 is not one"), "{said}");
    }
}
