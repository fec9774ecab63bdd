//! Resolution: a new cargo chooses and fetches dependency versions for a stage, and reports them.
//!
//! The lockfile that comes of it holds only what the packages under test need on the platforms that are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{anyhow, bail, Result};
use cargo_metadata::cargo_platform::{Cfg, Platform};
use cargo_metadata::{DependencyKind, Metadata, Package, PackageId};
use compatrix_model::lockset::file::{Lockfile, REGISTRY};
use compatrix_model::lockset::index::{Served, ServedDependency};
use compatrix_model::lockset::manifest::cargo_for_edition;
use compatrix_model::lockset::refusal;
use compatrix_model::lockset::steps::Resolution;
use semver::Version;

use super::registry::Crate;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// The lowest cargo that chooses versions by `rust-version` (its changelog, 1.84).
const RESOLVES_BY_RUST: Version = Version::new(1, 84, 0);

/// The package that carries pins in a stage that is only resolved.
pub(crate) const PINS: &str = "compatrix-pins";

/// Which versions to prefer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefer {
    /// Those compatible with the staged `rust-version`, according to the packages.
    Rust,
    Newest,
    /// The lowest that the members' own requirements admit; needs a nightly cargo.
    Lowest,
}

/// The result of a resolution.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// All of the lockfile that is needed.
    pub lock: Lockfile,
    /// The part that is needed without the members' dev-dependencies.
    pub lock_without_dev: Lockfile,
    /// The packages to serve.
    pub crates: Vec<Crate>,
    /// Whether these are all that are not in the workspace.
    pub all: bool,
    /// External packages with their `rust-version` and their dependents.
    pub packages: Vec<Resolution>,
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
    /// Any other error; the message has advice.
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Unresolved {
    fn from(error: anyhow::Error) -> Self {
        Unresolved::Other(error)
    }
}

/// Target triples of platforms as spelled in claims; unknown ones are skipped.
pub(crate) fn triples<'p>(platforms: impl IntoIterator<Item = &'p str>) -> BTreeSet<&'static str> {
    const KNOWN: [(&str, &str); 6] = [
        ("linux-x86_64", "x86_64-unknown-linux-gnu"),
        ("linux-aarch64", "aarch64-unknown-linux-gnu"),
        ("macos-x86_64", "x86_64-apple-darwin"),
        ("macos-aarch64", "aarch64-apple-darwin"),
        ("windows-x86_64", "x86_64-pc-windows-msvc"),
        ("windows-aarch64", "aarch64-pc-windows-msvc"),
    ];
    let find = |platform: &str| KNOWN.iter().find(|(name, _)| *name == platform).map(|(_, triple)| *triple);
    platforms.into_iter().filter_map(find).collect()
}

/// The values of `cfg(…)` on the platforms.
#[derive(Debug)]
pub(crate) struct Platforms {
    triples: Vec<(String, Vec<Cfg>)>,
}

impl Platforms {
    /// Asks the rustc on PATH, which also knows targets without an installed standard library.
    ///
    /// # Errors
    /// There is no rustc, or it does not know a triple.
    pub(crate) fn ask(host: &Host, triples: &BTreeSet<&str>) -> Result<Self> {
        let rustc =
            host.ambient.find("rustc").ok_or_else(|| anyhow!("no rustc on PATH; install Rust from rustup.rs"))?;
        let stamp = host.ask_version(&rustc)?;
        let one = |triple: &&str| {
            let text: String = host
                .memo
                .fact(&format!("cfg {triple}"), &stamp, || host.ask(&rustc, &["--print", "cfg", "--target", triple]))?;
            Ok(((*triple).to_owned(), text.lines().filter_map(|line| Cfg::from_str(line).ok()).collect()))
        };
        Ok(Self { triples: triples.iter().map(one).collect::<Result<_>>()? })
    }

    /// Whether a `target` table applies to any of them; an unreadable condition counts as true.
    pub(crate) fn matches(&self, target: &str) -> bool {
        let Ok(platform) = Platform::from_str(target) else { return true };
        self.triples.iter().any(|(triple, cfgs)| platform.matches(triple, cfgs))
    }
}

/// Resolves the staged workspace whose root is this folder; its Cargo.lock is what is preferred, and is replaced.
///
/// # Errors
/// See [`Unresolved`].
pub(crate) fn resolve(
    host: &Host,
    root: &Path,
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
    Ok(read(&metadata, &lock, platforms)?)
}

/// The lockfile that cargo makes for the staged workspace whose root is this folder, which has none.
///
/// # Errors
/// See [`Unresolved`], in one message.
pub(crate) fn lockfile(host: &Host, root: &Path) -> Result<String> {
    let cargo = cargo(host, Prefer::Rust)?;
    match run(host, &cargo, root, Prefer::Rust, &["generate-lockfile"]) {
        Ok(_) => files::read_text(&root.join("Cargo.lock")),
        Err(Unresolved::Package { name, said }) => {
            bail!("no version of {name} meets all requirements: {}", last_lines(&said, 2))
        }
        Err(Unresolved::Other(error)) => Err(error),
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
    Err(Unresolved::Other(anyhow!("{}", explain(&said, host.limits.offline))))
}

/// cargo's first error with its last cause, and advice.
fn explain(said: &str, offline: bool) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let first = lines.iter().find_map(|line| line.strip_prefix("error: "));
    let lower = said.to_lowercase();
    let network =
        ["dns", "could not resolve host", "download", "connect", "network", "timed out", "offline", "spurious"];
    let advice = match (offline, network.iter().any(|sign| lower.contains(sign))) {
        (true, true) => "; it is not in cargo's cache: run once without --offline",
        (false, true) => "; the registry cannot be reached: run again with network access, fetched packages are kept",
        (_, false) => "",
    };
    match first {
        Some(first) => format!("cargo cannot resolve the stage: {first} ({}){advice}", last_lines(said, 1)),
        None => format!("cargo cannot resolve the stage: {}{advice}", last_lines(said, 2)),
    }
}

fn read(metadata: &Metadata, lock: &Lockfile, platforms: &Platforms) -> Result<Resolved> {
    let resolve = metadata.resolve.as_ref().ok_or_else(|| anyhow!("cargo metadata has no resolution"))?;
    let packages: BTreeMap<&PackageId, &Package> = metadata.packages.iter().map(|p| (&p.id, p)).collect();
    // The package that carries pins depends on much that is not needed.
    let members: BTreeSet<&PackageId> =
        metadata.workspace_members.iter().filter(|id| packages[id].name.as_str() != PINS).collect();
    let position = |package: &Package| {
        let source = package.source.as_ref().map(|source| source.repr.as_str());
        let found = lock.packages.iter().position(|locked| {
            locked.name == package.name.as_str()
                && locked.version == package.version.to_string()
                && locked.source.as_deref().map(without_fragment) == source.map(without_fragment)
        });
        found
            .ok_or_else(|| anyhow!("cargo resolved {} {}, which is not in its lockfile", package.name, package.version))
    };
    let mut edges: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut without_dev: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut parents: BTreeMap<&PackageId, Vec<&PackageId>> = BTreeMap::new();
    for node in &resolve.nodes {
        let from = position(packages[&node.id])?;
        edges.entry(from).or_default();
        for dependency in node.deps.iter().filter(|_| packages[&node.id].name.as_str() != PINS) {
            let to = position(packages[&dependency.pkg])?;
            parents.entry(&dependency.pkg).or_default().push(&node.id);
            edges.entry(from).or_default().insert(to);
            if dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development) {
                without_dev.entry(from).or_default().insert(to);
            }
        }
    }
    let roots = || members.iter().map(|id| position(packages[id])).collect::<Result<Vec<_>>>();
    let admitted =
        |edges: &BTreeMap<usize, BTreeSet<usize>>, from, to| edges.get(&from).is_some_and(|set| set.contains(&to));
    let all = lock.reach(roots()?, |from, to| admitted(&edges, from, to));
    let some = lock.reach(roots()?, |from, to| admitted(&without_dev, from, to));

    let mut foreign: Vec<&Package> = Vec::new();
    for package in resolve.nodes.iter().map(|node| packages[&node.id]).filter(|package| package.source.is_some()) {
        if all.contains(&position(package)?) {
            foreign.push(package);
        }
    }
    let mut crates = Vec::new();
    let mut elsewhere = false;
    for package in &foreign {
        let locked = &lock.packages[position(package)?];
        match &locked.checksum {
            Some(checksum) if locked.source.as_deref() == Some(REGISTRY) => {
                let entry = served(package, checksum, platforms);
                crates.push(Crate { entry, file: crate_file(package)? });
            }
            _ => elsewhere = true,
        }
    }
    let index: BTreeMap<&PackageId, usize> = foreign.iter().enumerate().map(|(n, p)| (&p.id, n)).collect();
    let resolution = |package: &&Package| {
        let edition = cargo_for_edition(package.edition.as_str());
        let declared = package.rust_version.clone();
        let by_edition =
            edition >= Version::new(1, 56, 0) && declared.as_ref().is_none_or(|declared| edition > *declared);
        let above = parents.get(&package.id).map(Vec::as_slice).unwrap_or_default();
        let required = |id: &&PackageId| {
            let member = packages[*id];
            let dependency =
                member.dependencies.iter().find(|d| d.name == package.name.as_str() && d.req.matches(&package.version));
            (member.name.to_string(), dependency.map(|d| d.req.to_string()).unwrap_or_default())
        };
        Resolution {
            name: package.name.to_string(),
            version: package.version.clone(),
            needs: if by_edition { Some(edition) } else { declared.clone() },
            declared: !by_edition,
            parents: above.iter().filter_map(|id| index.get(*id).copied()).collect(),
            members: above.iter().filter(|id| !index.contains_key(**id)).map(required).collect(),
        }
    };
    Ok(Resolved {
        packages: foreign.iter().map(resolution).collect(),
        lock: lock.keep(&all, |from, to| admitted(&edges, from, to)),
        lock_without_dev: lock.keep(&some, |from, to| admitted(&without_dev, from, to)),
        crates,
        all: !elsewhere,
    })
}

/// A git source in a lockfile ends in the commit, in metadata too; what is compared is the rest.
fn without_fragment(source: &str) -> &str {
    source.split_once('#').map_or(source, |(source, _)| source)
}

/// The package as served by the registry on disk: without dev-dependencies and without those of other platforms.
fn served(package: &Package, checksum: &str, platforms: &Platforms) -> Served {
    let kept = package.dependencies.iter().filter(|dependency| {
        let here = dependency.target.as_ref().is_none_or(|target| platforms.matches(&target.to_string()));
        here && dependency.kind != DependencyKind::Development
    });
    let dependency = |dependency: &cargo_metadata::Dependency| ServedDependency {
        name: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
        req: dependency.req.to_string(),
        features: dependency.features.clone(),
        optional: dependency.optional,
        default_features: dependency.uses_default_features,
        target: dependency.target.as_ref().map(ToString::to_string),
        kind: if dependency.kind == DependencyKind::Build { "build" } else { "normal" },
        package: dependency.rename.as_ref().map(|_| dependency.name.clone()),
    };
    Served {
        name: package.name.to_string(),
        version: package.version.to_string(),
        checksum: checksum.to_owned(),
        dependencies: kept.map(dependency).collect(),
        features: package.features.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        links: package.links.clone(),
    }
}

/// The .crate file of a package that cargo has fetched: `registry/cache/…` beside `registry/src/…` (Cargo reference,
/// "Cargo Home").
fn crate_file(package: &Package) -> Result<PathBuf> {
    let dir = package.manifest_path.parent().ok_or_else(|| anyhow!("{} has no folder", package.name))?;
    let registry = dir.parent().and_then(|source| Some((source.file_name()?, source.parent()?)));
    let (name, above) = registry.ok_or_else(|| anyhow!("{dir} is not in cargo's registry folder"))?;
    let (Some("src"), Some(home)) = (above.file_name(), above.parent()) else {
        bail!(
            "{} {} is not from cargo's registry folder but from {dir}: with vendored sources an old cargo cannot be served",
            package.name,
            package.version
        );
    };
    Ok(home.join("cache").join(name).join(format!("{}-{}.crate", package.name, package.version)).into_std_path_buf())
}
