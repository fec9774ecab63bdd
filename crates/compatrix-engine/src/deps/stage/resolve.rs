//! Resolution: a new cargo chooses and fetches dependency versions for a stage, and reports them.
//!
//! The lockfile that comes of it holds only what the packages under test need on the platforms that are asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail, Result};
use compatrix_model::lockset::file::Lockfile;
use compatrix_model::lockset::refusal;
use semver::Version;

use super::platforms::Platforms;
use super::resolved::{read, Resolved};
use crate::find::layout::Layout;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// The lowest cargo that chooses versions by `rust-version` (its changelog, 1.84).
const RESOLVES_BY_RUST: Version = Version::new(1, 84, 0);

/// Which versions to prefer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefer {
    /// Those compatible with the staged `rust-version`, according to the packages.
    Rust,
    Newest,
    /// The lowest that the members' own requirements admit; needs a nightly cargo.
    Lowest,
}

/// Why resolution failed.
#[derive(Debug)]
pub(crate) enum Unresolved {
    /// No version meets the requirements on this package.
    Package {
        name: String,
        /// cargo's error.
        said: String,
    },
    /// cargo does not take the stage; what it says.
    Refused(String),
    /// The registry cannot be reached; with advice.
    Network(String),
    /// Any other error; the message has advice.
    Other(anyhow::Error),
}

impl Unresolved {
    /// The error in one message.
    pub(crate) fn into_error(self) -> anyhow::Error {
        match self {
            Unresolved::Package { name, said } => {
                anyhow!("no version of {name} meets all requirements: {}", last_lines(&said, 2))
            }
            Unresolved::Refused(said) => anyhow!("{OUR_STAGE}: {said}"),
            Unresolved::Network(said) => anyhow!("{said}"),
            Unresolved::Other(error) => error,
        }
    }

    /// The same by whose fault it is: requirements that nothing meets are the workspace's, all else is the machine's.
    pub(crate) fn into_kind(self) -> Error {
        match self {
            Unresolved::Package { ref said, .. } if !is_offline(said) => Error::Usage(self.into_error().to_string()),
            Unresolved::Package { name, said } => anyhow!(
                "no version of {name} in cargo's cache meets all requirements: {}; run once without --offline",
                last_lines(&said, 2)
            )
            .into(),
            other => other.into_error().into(),
        }
    }
}

/// Whether cargo found no version only because it may not ask for more.
pub(crate) fn is_offline(said: &str) -> bool {
    said.contains("offline mode") || said.contains("--offline was specified")
}

/// How every message begins that is about a stage that a cargo refuses: then it is no fault of the crate.
pub(crate) const OUR_STAGE: &str = "our stage";

impl From<anyhow::Error> for Unresolved {
    fn from(error: anyhow::Error) -> Self {
        Unresolved::Other(error)
    }
}

/// Resolves the staged workspace whose root is this folder; its Cargo.lock is what is preferred, and is replaced.
///
/// # Errors
/// See [`Unresolved`].
pub(crate) fn resolve(
    host: &Host,
    (layout, root): (&Layout, &Path),
    prefer: Prefer,
    triples: &BTreeSet<&str>,
    platforms: &Platforms,
) -> Result<Resolved, Unresolved> {
    let cargo = cargo(host, prefer)?;
    if prefer == Prefer::Lowest {
        run(host, &cargo, root, prefer, &["generate-lockfile", "-Zdirect-minimal-versions"])?;
    }
    let mut args = vec!["metadata", "--format-version", "1", "--all-features"];
    for triple in triples {
        args.extend(["--filter-platform", triple]);
    }
    let metadata = run(host, &cargo, root, prefer, &args)?;
    let metadata = cargo_metadata::MetadataCommand::parse(metadata).map_err(anyhow::Error::from)?;
    let lock = Lockfile::parse(&files::read_text(&root.join("Cargo.lock"))?).map_err(|error| anyhow!("{error}"))?;
    Ok(read(&metadata, &lock, platforms, layout.features_everywhere())?)
}

/// The lockfile that cargo makes for the staged workspace whose root is this folder, which has none.
///
/// # Errors
/// See [`Unresolved`].
pub(crate) fn lockfile(host: &Host, root: &Path) -> Result<String, Unresolved> {
    let cargo = cargo(host, Prefer::Rust)?;
    run(host, &cargo, root, Prefer::Rust, &["generate-lockfile"])?;
    Ok(files::read_text(&root.join("Cargo.lock"))?)
}

/// Has cargo check the finished stage whose root is this folder, by its own rules: its manifests and what is served. The
/// lockfile then holds exactly what cargo needs of it, as `--locked` asks for; returns its text. `all`: whether everything
/// is served from disk.
///
/// # Errors
/// See [`Unresolved`].
pub(crate) fn settle(host: &Host, root: &Path, all: bool) -> Result<String, Unresolved> {
    let cargo = cargo(host, Prefer::Newest)?;
    let offline: &[&str] = if all { &["--offline"] } else { &[] };
    match run(host, &cargo, root, Prefer::Newest, &[&["update", "--workspace"], offline].concat()) {
        Ok(_) => Ok(files::read_text(&root.join("Cargo.lock"))?),
        // Everything was found before; what is missing now was left out by us.
        Err(Unresolved::Package { said, .. }) => Err(Unresolved::Refused(explain(&said, false).0)),
        Err(other) => Err(other),
    }
}

/// A cargo that can do it.
fn cargo(host: &Host, prefer: Prefer) -> Result<PathBuf> {
    if prefer == Prefer::Lowest {
        let rustup = host.ambient.find("rustup");
        let rustup =
            rustup.ok_or_else(|| anyhow!("the lowest versions need a nightly cargo, and rustup is not on PATH"))?;
        let found = host.ask(&rustup, &["which", "--toolchain", "nightly", "cargo"]);
        return found.map(PathBuf::from).map_err(|_| {
            anyhow!(
                "the lowest versions need a nightly cargo; `rustup toolchain install nightly --profile minimal` installs it"
            )
        });
    }
    let cargo = host.ambient.cargo().ok_or_else(|| anyhow!("cargo is not on PATH; install Rust from rustup.rs"))?;
    let said = host.ask_version(&cargo)?;
    let version = said.split(' ').nth(1).and_then(|text| Version::parse(text).ok());
    match version {
        Some(version) if version >= RESOLVES_BY_RUST => Ok(cargo),
        _ => bail!("locksets need cargo {RESOLVES_BY_RUST} or newer to choose versions, but this is {said}; run `rustup update stable`"),
    }
}

/// Runs cargo in a stage; its standard output.
fn run(host: &Host, cargo: &Path, root: &Path, prefer: Prefer, args: &[&str]) -> Result<String, Unresolved> {
    let preference = match prefer {
        Prefer::Rust => "fallback",
        Prefer::Newest | Prefer::Lowest => "allow",
    };
    let mut command = Command::new(cargo.to_string_lossy(), root)
        .args(args.iter().copied())
        .envs(&host.ambient.for_builds())
        .env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", preference)
        .env("CARGO_TERM_COLOR", "never");
    if host.limits.offline {
        command = command.env("CARGO_NET_OFFLINE", "true");
    }
    command.timeout = Some(std::time::Duration::from_secs(600));
    let output = host.output(&command)?;
    if output.finished.status.success() {
        return Ok(output.text());
    }
    let said = output.finished.stderr.text();
    if let Some(name) = refusal::unresolvable(&said) {
        return Err(Unresolved::Package { name, said });
    }
    let (explained, network) = explain(&said, host.limits.offline);
    Err(if network { Unresolved::Network(explained) } else { Unresolved::Refused(explained) })
}

/// cargo's first error with its last cause, and advice; whether it is about the network.
fn explain(said: &str, offline: bool) -> (String, bool) {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let first = lines.iter().find_map(|line| line.strip_prefix("error: "));
    let lower = said.to_lowercase();
    let network =
        ["dns", "could not resolve host", "download", "connect", "network", "timed out", "offline", "spurious"];
    // What was fetched and cannot be read has been downloaded.
    let network = !lower.contains("failed to parse manifest") && network.iter().any(|sign| lower.contains(sign));
    let advice = match (offline, network) {
        (true, true) => "; it is not in cargo's cache: run once without --offline",
        (false, true) => "; the registry cannot be reached: run again with network access, fetched packages are kept",
        (_, false) => "",
    };
    let explained = match first {
        Some(first) => format!("cargo cannot resolve the stage: {first} ({}){advice}", last_lines(said, 1)),
        None => format!("cargo cannot resolve the stage: {}{advice}", last_lines(said, 2)),
    };
    (explained, network)
}
