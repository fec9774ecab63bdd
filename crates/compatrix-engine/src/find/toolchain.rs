//! Toolchains: finds installed ones, installs missing ones, and explains failures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail, Context, Result};
use compatrix_model::axis::ValueName;
use compatrix_model::facts::Availability;
use semver::Version;

use crate::find::facts::{RootFacts, ToolchainFacts};
use crate::find::root;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::os::meta;
use crate::sys::process::Command;
use crate::sys::supervisor::End;

fn missing(error: anyhow::Error) -> Availability<ToolchainFacts> {
    Availability::Missing { reason: format!("{error:#}") }
}

/// The toolchain on PATH, whatever `rustc` and `cargo` resolve to.
pub(crate) fn ambient(host: &Host) -> Result<ToolchainFacts> {
    let rustc = host.ambient.find("rustc").ok_or_else(|| anyhow!("no rustc on PATH; install Rust from rustup.rs"))?;
    let sysroot = host.ask(&rustc, &["--print", "sysroot"])?;
    facts(host, &Path::new(&sysroot).join("bin"))
}

/// The toolchain of this rustup name.
pub(crate) fn find_rustup(host: &Host, toolchain: &str) -> Availability<ToolchainFacts> {
    let Some(rustup) = host.ambient.find("rustup") else {
        return Availability::Missing {
            reason: format!("toolchain {toolchain} needs rustup, which is not on PATH; install it from rustup.rs"),
        };
    };
    match installed(host, &rustup, toolchain).or_else(|| installed_patch(host, &rustup, toolchain)) {
        Some(bin) => return facts(host, &bin).map_or_else(missing, Availability::Ready),
        None if host.limits.no_install || host.limits.offline => {
            let flag = if host.limits.offline { "--offline" } else { "--no-install" };
            return Availability::Missing {
                reason: format!("toolchain {toolchain} is not installed and {flag} is set; {}", mend(toolchain)),
            };
        }
        None => {}
    }
    match host.failure(&failure_name(toolchain)) {
        Some(reason) => Availability::Missing { reason },
        None => Availability::Obtainable { how: install_line(toolchain) },
    }
}

fn install_line(toolchain: &str) -> String {
    format!("rustup toolchain install {toolchain} --profile minimal --no-self-update")
}

fn mend(toolchain: &str) -> String {
    format!("`{}` installs it", install_line(toolchain))
}

fn failure_name(toolchain: &str) -> String {
    format!("install-failure {toolchain}")
}

/// The `bin` folder of the newest installed patch release, where a toolchain is named by its minor version: `1.95.0` is a 1.95.
fn installed_patch(host: &Host, rustup: &Path, toolchain: &str) -> Option<PathBuf> {
    let homes = host.ambient.rust_homes();
    let home = homes.into_iter().find_map(|(name, path)| (name == "RUSTUP_HOME").then_some(path))?;
    let folders = files::list(&home.join("toolchains")).ok()?;
    let names: Vec<String> =
        folders.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    patches(toolchain, &names).into_iter().find_map(|name| installed(host, rustup, &name))
}

/// The patch releases of a minor version among the folders of toolchains, the newest first.
fn patches(minor: &str, folders: &[String]) -> Vec<String> {
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    if minor.split('.').count() != 2 || minor.split('.').any(|part| number(part).is_none()) {
        return Vec::new();
    }
    let patch = |folder: &String| {
        let rest = folder.strip_prefix(minor)?.strip_prefix('.')?;
        number(rest.split('-').next()?)
    };
    let found: BTreeSet<u64> = folders.iter().filter_map(patch).collect();
    found.into_iter().rev().map(|patch| format!("{minor}.{patch}")).collect()
}

/// The `bin` folder of an installed toolchain. The answer of `rustup which` is remembered as long as rustup's own
/// folders do not change.
fn installed(host: &Host, rustup: &Path, toolchain: &str) -> Option<PathBuf> {
    let homes = host.ambient.rust_homes();
    let home = homes.into_iter().find_map(|(name, path)| (name == "RUSTUP_HOME").then_some(path))?;
    let stamps = [home.join("toolchains"), home.join("settings.toml")].map(|p| files::stamp(&p).unwrap_or_default());
    let name = format!("rustup which {toolchain}");
    let found: Result<Option<String>> = host.memo.fact(&name, &stamps.join(" "), || {
        // Without this, newer rustups install a missing toolchain implicitly.
        let command = Command::new(rustup.to_string_lossy(), &host.root)
            .args(["which", "--toolchain", toolchain, "rustc"])
            .envs(&host.ambient.for_builds())
            .env("RUSTUP_AUTO_INSTALL", "0");
        let finished = host.run(&command)?;
        if finished.end != End::Itself {
            // No answer, so nothing to remember.
            bail!("rustup was interrupted");
        }
        Ok(finished.status.success().then(|| finished.stdout.text().trim().to_owned()))
    });
    let rustc = PathBuf::from(found.ok()??);
    rustc.exists().then(|| rustc.parent().map(Path::to_owned))?
}

/// The versions of the rustc and cargo in this folder.
pub(crate) fn facts(host: &Host, bin: &Path) -> Result<ToolchainFacts> {
    facts_by(host, bin, &|program, args| host.ask(program, args))
}

/// The same of the toolchain in this root.
pub(crate) fn facts_in_root(host: &Host, bin: &Path, root: &RootFacts) -> Result<ToolchainFacts> {
    let found = facts_by(host, bin, &|program, args| root::ask(host, root, &program.to_string_lossy(), args))?;
    Ok(ToolchainFacts { root: Some(root.clone()), ..found })
}

fn facts_by(host: &Host, bin: &Path, ask: &dyn Fn(&Path, &[&str]) -> Result<String>) -> Result<ToolchainFacts> {
    let tool = |name: &str| {
        let path = bin.join(meta::program(name));
        if path.exists() {
            Ok(path)
        } else {
            Err(anyhow!("no {name} in {}; a toolchain folder has bin/rustc and bin/cargo", bin.display()))
        }
    };
    let (rustc, cargo) = (tool("rustc")?, tool("cargo")?);
    let stamp = format!("{} {}", files::stamp(&rustc)?, files::stamp(&cargo)?);
    host.memo.fact(&format!("toolchain {}", bin.display()), &stamp, || {
        let verbose = ask(&rustc, &["-Vv"])?;
        let line = |key: &str| {
            let found = verbose.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
            found.ok_or_else(|| anyhow!("`{} -Vv` has no line `{key}`", rustc.display()))
        };
        let release = line("release")?;
        Ok(ToolchainFacts {
            version: Version::parse(release).with_context(|| format!("rustc's release {release:?}"))?,
            host: line("host")?.to_owned(),
            cargo_version: ask(&cargo, &["-V"])?,
            rustc: rustc.to_string_lossy().into_owned(),
            cargo: cargo.to_string_lossy().into_owned(),
            rustc_verbose: verbose,
            packages: None,
            sources: None,
            misnamed: None,
            root: None,
        })
    })
}

/// Installs toolchains one after another; returns the facts afterwards.
///
/// When one fails because rustup cannot reach its server, the others are not tried: the reason is the same.
pub(crate) fn install_all(
    host: &Host,
    wanted: &[(ValueName, String)],
    mut tell: impl FnMut(&str),
) -> BTreeMap<ValueName, Availability<ToolchainFacts>> {
    let mut results = BTreeMap::new();
    let mut no_server: Option<String> = None;
    for (name, toolchain) in wanted {
        if host.supervisor.is_interrupted() {
            break;
        }
        let failure = match &no_server {
            Some(reason) => Err(reason.clone()),
            None => {
                tell(&install_line(toolchain));
                install(host, toolchain)
            }
        };
        let result = match failure {
            Ok(()) => find_rustup(host, toolchain),
            // Ended by the user: no reason to remember.
            Err(_) if host.supervisor.is_interrupted() => break,
            Err(reason) => {
                if is_network_trouble(&reason) {
                    no_server = Some(reason.clone());
                }
                let reason = format!("toolchain {toolchain} could not be installed: {reason}");
                host.remember_failure(&failure_name(toolchain), &reason);
                Availability::Missing { reason }
            }
        };
        results.insert(name.clone(), result);
    }
    results
}

fn install(host: &Host, toolchain: &str) -> Result<(), String> {
    let rustup = host.ambient.find("rustup").ok_or("rustup is not on PATH")?;
    let mut command = Command::new(rustup.to_string_lossy(), &host.root)
        .args(install_line(toolchain).split(' ').skip(1))
        .envs(&host.ambient.for_builds())
        // A single attempt, so that a host without network gets its answer within seconds.
        .env("RUSTUP_MAX_RETRIES", "0");
    command.timeout = Some(std::time::Duration::from_secs(600));
    let finished = host.run(&command).map_err(|error| format!("{error:#}"))?;
    if finished.status.success() {
        return Ok(());
    }
    let said = finished.stderr.text();
    // The name of rustup's temporary file is of no use to anybody.
    let errors = said.lines().filter_map(|line| line.trim().strip_prefix("error: "));
    let errors: Vec<&str> = errors.map(|error| error.split_once(" to '").map_or(error, |(start, _)| start)).collect();
    Err(if errors.is_empty() { last_lines(&said, 2) } else { errors.join("; ") })
}

/// Whether rustup failed to reach its server, as opposed to the server having no such toolchain.
fn is_network_trouble(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    ["could not download", "error sending request", "dns", "connect", "timed out", "network"]
        .iter()
        .any(|sign| reason.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minor_version_is_its_newest_patch() {
        let folders =
            ["1.95.0-x86_64-unknown-linux-gnu", "1.95.10-x86_64-unknown-linux-gnu", "1.95.2-x", "1.9.5-x", "stable-x"];
        let folders = folders.map(str::to_owned);
        assert_eq!(patches("1.95", &folders), ["1.95.10", "1.95.2", "1.95.0"]);
        assert_eq!(patches("1.9", &folders), ["1.9.5"]);
        for other in ["1.95.0", "1", "stable", "nightly-2026-01-01", "1.", ".", ""] {
            assert_eq!(patches(other, &folders), [""; 0], "{other}");
        }
    }
}
