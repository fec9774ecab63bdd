//! Systems of the axis `os`: what starts programs of another target here, and which toolchains compile for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use compatrix_model::axis::{platform_of_target, Setting, System, ValueName};
use compatrix_model::facts::Availability;
use compatrix_model::hash::or_empty;
use compatrix_model::matrix_spec::Spec;

use crate::find::cargo_config;
use crate::find::facts::{StdFacts, SystemFacts, ToolchainFacts};
use crate::find::wine;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::Command;

/// How long a runner may take to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// The values of the axis, with what they mean.
fn systems(spec: &Spec) -> impl Iterator<Item = (&ValueName, &System)> {
    let axis = spec.space.axis_of(&compatrix_model::axis::AxisKind::Os).map(|(_, axis)| axis);
    axis.into_iter().flat_map(|axis| &axis.values).filter_map(|value| match &value.setting {
        Setting::Os(system) => Some((&value.name, system)),
        _ => None,
    })
}

/// The values that are targets, with their triples.
pub(crate) fn targets(spec: &Spec) -> impl Iterator<Item = (&ValueName, &str)> {
    systems(spec).filter_map(|(name, system)| match system {
        System::Target { triple, .. } => Some((name, triple.as_str())),
        System::Here | System::Machine { .. } => None,
    })
}

/// What is known of each value of the axis.
pub(crate) fn find_all(host: &Host, spec: &Spec) -> BTreeMap<ValueName, Availability<SystemFacts>> {
    // A label names a machine that GitHub prepares: no other machine proves what it does, whatever its platform.
    let is_job = host.ambient.get("GITHUB_ACTIONS") == Some("true");
    let runner = spec.ci.iter().flat_map(|ci| &ci.runners).find(|(platform, _)| *platform == Host::platform());
    let one = |system: &System| match system {
        System::Here => Availability::Ready(SystemFacts::default()),
        System::Machine { label, platform }
            if is_job && *platform == Host::platform() && runner.is_some_and(|(_, runner)| runner == label) =>
        {
            Availability::Ready(SystemFacts::default())
        }
        System::Machine { label, platform } => {
            Availability::Missing { reason: format!("only a CI job on {label} is this machine of {platform}") }
        }
        System::Target { triple, runner } => target(host, triple, runner),
    };
    systems(spec).map(|(name, system)| (name.clone(), one(system))).collect()
}

fn target(host: &Host, triple: &str, runner: &[String]) -> Availability<SystemFacts> {
    let missing = |reason: String| Availability::Missing { reason };
    let Some((word, rest)) = runner.split_first() else {
        let theirs = platform_of_target(triple);
        return match theirs == Host::platform() {
            true => Availability::Ready(SystemFacts::default()),
            false => missing(format!(
                "this host is {} and starts no programs of {triple} ({theirs}); name what does as its `runner`",
                Host::platform()
            )),
        };
    };
    let Some(program) = program(host, word) else {
        return missing(match word.contains('/') {
            true => format!("there is no program {word}, the runner"),
            false if wine::is_one(word) => format!("{word} is not on PATH: apt-get install {word}"),
            false if host.root.join(word).is_file() => {
                format!("`{word}`, the runner, is not on PATH; write `./{word}` for that of the workspace")
            }
            false if word.contains(char::is_whitespace) => {
                let words: Vec<String> = word.split_whitespace().map(|word| format!("{word:?}")).collect();
                format!("`{word}`, the runner, is one word and not on PATH; write a list: `[{}]`", words.join(", "))
            }
            false => format!("`{word}`, the runner, is not on PATH; install it"),
        });
    };
    let words: Vec<String> =
        std::iter::once(program.to_string_lossy().into_owned()).chain(rest.iter().cloned()).collect();
    let is_wine = wine::is_one(word);
    // A script of the workspace is known by its name and content, and may do anything if it is asked for a version.
    let asks = is_wine || !word.contains('/');
    let said = asks.then(|| version(host, &program)).flatten();
    let name = || Path::new(word).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let version = match said {
        Some(said) if is_wine => wine::spelled(&said),
        Some(said) => said,
        None if is_wine => return missing(format!("`{word} --version` does not answer; is this wine whole?")),
        None => name(),
    };
    let sha256 = files::sha256(&program, &host.memo).ok();
    let trouble = is_wine.then(|| host.failure(&wine::failure_name(&program))).flatten();
    match trouble {
        Some(reason) => missing(reason),
        None => {
            let version = if is_wine { wine::with_additions(host, &program, version) } else { version };
            let is_macos = platform_of_target(triple).starts_with("macos-");
            Availability::Ready(SystemFacts { runner: words, version: Some(version), sha256, is_wine, is_macos })
        }
    }
}

/// The file of a runner's first word: on PATH, or below the workspace root. Debian's wine64 is in neither (its `wine`
/// package has the command that starts it).
fn program(host: &Host, word: &str) -> Option<PathBuf> {
    let found = match word.contains('/') {
        true => Some(host.root.join(word)),
        false => host.ambient.find(word).or_else(|| wine::of_debian(word)),
    };
    found.filter(|path| path.is_file())
}

/// The first line that a program prints of its version.
fn version(host: &Host, program: &Path) -> Option<String> {
    let stamp = files::stamp(program).ok()?;
    let ask = || {
        let mut command = Command::new(program.to_string_lossy(), &host.root)
            .args(["--version"])
            .envs(&host.ambient.for_runs())
            .envs(&wine::quiet());
        command.timeout = Some(PATIENCE);
        let finished = host.run(&command)?;
        let said = finished.stdout.text();
        anyhow::ensure!(finished.status.success(), "it does not tell its version");
        Ok(said.lines().next().unwrap_or_default().trim().to_owned())
    };
    host.memo.fact(&format!("runner {}", program.display()), &stamp, ask).ok().filter(|said: &String| !said.is_empty())
}

/// Whether each toolchain that is here can compile for each target of the axis.
pub(crate) fn stds(
    host: &Host,
    spec: &Spec,
    toolchains: &BTreeMap<ValueName, Availability<ToolchainFacts>>,
) -> BTreeMap<(ValueName, ValueName), Availability<StdFacts>> {
    let mut found = BTreeMap::new();
    for (value, system) in systems(spec) {
        let System::Target { triple, .. } = system else { continue };
        for (name, toolchain) in toolchains {
            if let Availability::Ready(toolchain) = toolchain {
                found.insert((name.clone(), value.clone()), std_of(host, toolchain, name, triple));
            }
        }
    }
    found
}

fn std_of(host: &Host, toolchain: &ToolchainFacts, name: &ValueName, triple: &str) -> Availability<StdFacts> {
    let missing = |reason: String| Availability::Missing { reason };
    if toolchain.root.is_some() {
        return match libraries_in_root(toolchain, triple) {
            Some(libraries) => {
                let content = libraries.iter().filter(|path| path.is_file()).map(|path| line_of(host, path)).collect();
                Availability::Ready(StdFacts { built_from: None, content, linker: None })
            }
            None => missing(format!("{name} is in a root, which has no std for {triple}")),
        };
    }
    let ask = |what: &str| host.ask(Path::new(&toolchain.rustc), &["--print", what, "--target", triple]);
    let dir = match ask("target-libdir") {
        Ok(dir) => PathBuf::from(dir),
        Err(_) => return missing(unknown(host, toolchain, triple)),
    };
    let linker = linker(host, triple);
    if let Some(Err(reason)) = &linker {
        return missing(reason.clone());
    }
    let linker = linker.and_then(Result::ok);
    let libraries = files::list(&dir).unwrap_or_default();
    let has_std = libraries.iter().any(|path| file_name(path).starts_with("libstd-"));
    if has_std {
        let lines = libraries.iter().filter(|path| path.is_file()).map(|path| line_of(host, path));
        return Availability::Ready(StdFacts { built_from: None, content: lines.collect(), linker });
    }
    let sources = ask("sysroot").map(|sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library"));
    let lockfile = sources.ok().map(|sources| sources.join("Cargo.lock")).filter(|path| path.is_file());
    match lockfile {
        Some(lockfile) => {
            let of = toolchain.sources.clone().unwrap_or_else(|| format!("the sources of rustc {}", toolchain.version));
            let std = lockfile.with_file_name("std").join("src").join("lib.rs");
            let content = [&lockfile, &std].map(|path| line_of(host, path)).to_vec();
            Availability::Ready(StdFacts { built_from: Some(of), content, linker })
        }
        None => missing(match toolchain.packages {
            None => format!("no std for {triple} in {name}: rustup target add {triple}"),
            Some(_) => format!(
                "no std for {triple} in {name}, and no sources of it: name their package as `src` in the distribution's \
                 `apt`"
            ),
        }),
    }
}

/// The std of a toolchain in a root for this target, if it has one: its sysroot is where it is installed.
fn libraries_in_root(toolchain: &ToolchainFacts, triple: &str) -> Option<Vec<PathBuf>> {
    let prefix = Path::new(&toolchain.rustc).ancestors().nth(2)?;
    let found = files::list(&prefix.join("lib/rustlib").join(triple).join("lib")).ok()?;
    found.iter().any(|path| file_name(path).starts_with("libstd-")).then_some(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn line_of(host: &Host, path: &Path) -> String {
    format!("{} {}", file_name(path), or_empty::text(&files::sha256(path, &host.memo).ok()))
}

/// Why rustc does not know a target, with the one that was meant.
fn unknown(host: &Host, toolchain: &ToolchainFacts, triple: &str) -> String {
    let known = host.ask(Path::new(&toolchain.rustc), &["--print", "target-list"]).unwrap_or_default();
    let meant = shaped_toml::nearest(triple, known.lines()).map(|meant| format!("; did you mean `{meant}`?"));
    format!("rustc {} has no target `{triple}`{}", toolchain.version, meant.unwrap_or_default())
}

/// The prefix of the names of binutils and compiler for a target of MinGW-w64, and the package that has them.
const MINGW: [(&str, &str, &str); 2] = [
    ("x86_64-pc-windows-gnu", "x86_64-w64-mingw32", "gcc-mingw-w64-x86-64-win32"),
    ("i686-pc-windows-gnu", "i686-w64-mingw32", "gcc-mingw-w64-i686-win32"),
];

/// The linker and C compiler that a target gets where nothing is configured, or why there is none. Nothing is chosen where
/// plain cargo does not need it.
fn linker(host: &Host, triple: &str) -> Option<Result<String, String>> {
    let (_, prefix, package) = MINGW.iter().find(|(of, ..)| *of == triple)?;
    if is_configured(host, triple, "linker") {
        return None;
    }
    let name = format!("{prefix}-gcc");
    Some(match host.ambient.find(&name) {
        Some(_) => Ok(name),
        None => Err(format!("no linker for {triple}: apt-get install {package}, or configure one for cargo")),
    })
}

/// The C compiler that makes shared libraries for a target, with its arguments: the one that is configured for it, else
/// MinGW-w64's, or the one of a Mac. Empty if there is none; `None` for targets that no shared library is made for.
pub(crate) fn c_compiler(host: &Host, triple: &str) -> Option<Vec<String>> {
    let mingw = MINGW.iter().find(|(of, ..)| *of == triple).map(|(_, prefix, _)| format!("{prefix}-gcc"));
    let is_macos = triple.ends_with("-apple-darwin");
    if mingw.is_none() && !is_macos {
        return None;
    }
    let own = variables(host, triple);
    // What links programs for macOS is a C compiler, too; rustc passes it options of Apple's.
    let linker = || configured(host, triple, "linker").filter(|_| is_macos).map(|linker| vec![linker]);
    let of_mac = || is_macos && Host::platform().starts_with("macos-");
    let arch = if triple.starts_with("aarch64") { "arm64" } else { "x86_64" };
    let found = named_compiler(&own).map(words).or_else(|| of_cargo(host, triple).as_deref().map(words));
    let found = found.or_else(linker).or_else(|| mingw.map(|name| vec![name]));
    Some(found.or_else(|| of_mac().then(|| ["cc", "-arch", arch].map(str::to_owned).to_vec())).unwrap_or_default())
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The C compiler for a target in the `[env]` of cargo's configuration.
fn of_cargo(host: &Host, triple: &str) -> Option<String> {
    let config = cargo_config::merged(&host.ambient, &host.root);
    let env = config.get("env")?;
    let names = [format!("CC_{triple}"), format!("CC_{}", triple.replace('-', "_")), "TARGET_CC".to_owned()];
    let found = names.iter().find_map(|name| env.get(name))?;
    let is_relative = found.get("relative").and_then(toml::Value::as_bool).unwrap_or_default();
    let text = found.as_str().or_else(|| found.get("value")?.as_str())?;
    Some(if is_relative { host.root.join(text).to_string_lossy().into_owned() } else { text.to_owned() })
}

/// The C compiler that one of these variables of a target names, with its options.
pub(crate) fn named_compiler(own: &BTreeMap<String, String>) -> Option<&str> {
    let found = own.iter().find(|(name, _)| name.starts_with("CC_") || *name == "TARGET_CC");
    found.map(|(_, words)| words.as_str())
}

/// Whether cargo's configuration or our environment has this key for the target.
pub(crate) fn is_configured(host: &Host, triple: &str, key: &str) -> bool {
    configured(host, triple, key).is_some()
}

/// What our environment, or else cargo's configuration, has under this key for the target; of a list nothing.
fn configured(host: &Host, triple: &str, key: &str) -> Option<String> {
    let variable = format!("CARGO_TARGET_{}_{}", screaming(triple), key.to_uppercase());
    let table = cargo_config::merged(&host.ambient, &host.root);
    let of_target = table.get("target").and_then(|targets| targets.get(triple)).and_then(|target| target.get(key));
    let of_target = || of_target.map(|value| value.as_str().unwrap_or_default().to_owned());
    host.ambient.get(&variable).map(str::to_owned).or_else(of_target)
}

/// A triple as cargo spells it in variables.
pub(crate) fn screaming(triple: &str) -> String {
    triple.to_uppercase().replace(['-', '.'], "_")
}

/// The variables of ours that are about builds for this target: the `cc` crate's (`CC_x86_64-pc-windows-gnu`,
/// `CFLAGS_x86_64_pc_windows_gnu`, `TARGET_CC`) and cargo's (`CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER`).
pub(crate) fn variables(host: &Host, triple: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, value) in host.ambient.all() {
        let of_cc = ["CC", "CXX", "AR", "CFLAGS", "CXXFLAGS", "RANLIB"].iter().any(|what| {
            name == format!("{what}_{triple}")
                || name == format!("{what}_{}", triple.replace('-', "_"))
                || name == format!("TARGET_{what}")
        });
        let of_cargo = ["LINKER", "RUSTFLAGS", "RUNNER"]
            .iter()
            .any(|what| name == format!("CARGO_TARGET_{}_{what}", screaming(triple)));
        if of_cc || of_cargo {
            found.insert(name.to_owned(), value.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::environment::Ambient;

    #[test]
    fn the_compiler_of_a_target_is_the_configured_one() {
        let dir = tempfile::tempdir().unwrap();
        let of = |vars: &[(&str, &str)], config: &str, triple: &str| {
            let mut host = Host::for_test(dir.path());
            let var = |n: usize| vars.get(n).copied().unwrap_or(("UNUSED", ""));
            host.ambient = Ambient::of([var(0), var(1)]);
            files::write(&host.root.join(".cargo/config.toml"), config.as_bytes()).unwrap();
            c_compiler(&host, triple).map(|words| words.join(" "))
        };
        let (arm, win) = ("aarch64-apple-darwin", "x86_64-pc-windows-gnu");
        let (hyphens, plain) = (("CC_aarch64-apple-darwin", "a -x"), ("CC_aarch64_apple_darwin", "b"));
        assert_eq!(of(&[plain, hyphens], "", arm).as_deref(), Some("a -x"), "as cc-rs has it");
        assert_eq!(of(&[plain, ("TARGET_CC", "c")], "", arm).as_deref(), Some("b"));
        assert_eq!(of(&[("TARGET_CC", "c")], "[env]\nCC_aarch64_apple_darwin = \"d\"", arm).as_deref(), Some("c"));
        let config = "[env]\nCC_aarch64_apple_darwin = { value = \"cc\", relative = true }\n";
        assert_eq!(of(&[], config, arm).unwrap(), dir.path().join("cc").to_string_lossy());
        let linker = "[target.aarch64-apple-darwin]\nlinker = \"e\"\n";
        assert_eq!(of(&[], linker, arm).as_deref(), Some("e"));
        assert_eq!(of(&[plain], linker, arm).as_deref(), Some("b"));
        assert_eq!(of(&[("CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER", "f")], linker, arm).as_deref(), Some("f"));
        assert_eq!(of(&[], "", win).as_deref(), Some("x86_64-w64-mingw32-gcc"));
        assert_eq!(of(&[("CC_x86_64_pc_windows_gnu", "g -h")], "", win).as_deref(), Some("g -h"));
        assert_eq!(of(&[], "", "s390x-unknown-linux-gnu"), None);
        if !Host::platform().starts_with("macos-") {
            assert_eq!(of(&[], "", arm).as_deref(), Some(""), "this system has none");
        }
    }
}
