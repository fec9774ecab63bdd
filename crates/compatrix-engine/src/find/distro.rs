//! Distributions: their packages, downloaded by apt and unpacked in the user's cache, without root and without installing
//! anything.
//!
//! Present packages are found without network. [`provide_all`] fetches the rest, and apt checks all signatures. The
//! libraries of a distribution are visible only to its rustc and cargo; its SQLite is one library in one folder.
//! This module does not identify the rustc or SQLite in an unpacked folder; the caller does.

mod apt;
mod packages;
mod root;
mod trouble;
mod unpack;

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use compatrix_model::apt::{Request, Source};
use compatrix_model::axis::ValueName;
use compatrix_model::facts::Availability;

use semver::Version;

use crate::sys::files;
use crate::sys::host::{Host, Limits};
use apt::Apt;
use trouble::AptTrouble;
use unpack::{Identify, Note, Unpacking};

pub(crate) use unpack::{Contents, LibraryNote};

/// Changes when the folders are made differently.
const FORMAT: &str = "compatrix distro 1";

/// Packages to provide.
#[derive(Debug, Clone)]
pub(crate) struct WantedPackages {
    pub(crate) value: ValueName,
    pub(crate) request: Request,
    pub(crate) contents: Contents,
}

/// A request's packages, unpacked.
#[derive(Debug, Clone)]
pub(crate) struct Unpacked {
    /// The folder of all of it.
    pub(crate) dir: PathBuf,
    /// Of a toolchain its folder of programs, of a SQLite its library.
    pub(crate) place: PathBuf,
    /// The packages that the request names, with their versions and the suite.
    pub(crate) origin: String,
    /// Of a toolchain its package of sources of std, with its version.
    pub(crate) sources: Option<String>,
    /// The version of what the first of these packages brings, by its own version; `None` if that has none in it.
    pub(crate) upstream: Option<Version>,
    /// The identity of a SQLite, recorded when it was unpacked.
    pub(crate) library: Option<LibraryNote>,
    /// Of a root: `Debian 13, glibc 2.41`.
    pub(crate) system: Option<String>,
}

/// The packages of a request, as far as known without network.
pub(crate) fn find(host: &Host, request: &Request, contents: Contents) -> Availability<Unpacked> {
    let missing = |reason: String| Availability::Missing { reason: format!("{request}: {reason}") };
    let lacking = apt::PROGRAMS.iter().find(|program| host.ambient.find(program).is_none());
    let cannot_fetch = host.limits.offline || host.limits.no_install || lacking.is_some();
    let settled = !host.limits.fresh || cannot_fetch;
    let lacks_for_root = || if contents == Contents::Root { root::lacks(host) } else { None };
    if let Some((dir, note)) = known(host, request, contents).filter(|_| settled) {
        if let Some(lack) = lacks_for_root() {
            return missing(lack);
        }
        match note.lacks(host) {
            Ok(Some(lack)) => return missing(format!("{lack}; try it on a host whose system is as new")),
            // It runs here because this host has a newer one.
            Ok(None) if note.too_new => {}
            Ok(None) => return Availability::Ready(unpacked(request, contents, dir, note)),
            Err(error) => return missing(format!("{error:#}")),
        }
    }
    if let Some(program) = lacking {
        return missing(format!(
            "{program} is not on PATH; distributions are had by apt, on Debian, Ubuntu and their like"
        ));
    }
    if cannot_fetch {
        let flag = if host.limits.offline { "--offline" } else { "--no-install" };
        return missing(format!("not downloaded yet, and {flag} is set; run once without it"));
    }
    if let Some(lack) = lacks_for_root() {
        return missing(lack);
    }
    match host.failure(&failure_name(request, contents)) {
        Some(reason) => Availability::Missing { reason },
        None => Availability::Obtainable { how: how(request) },
    }
}

fn how(request: &Request) -> String {
    match request.root {
        true => format!("{request}, by mmdebstrap"),
        false => format!("{request}, by apt"),
    }
}

/// The file that records the folder of a request.
fn pointer(host: &Host, request: &Request, contents: Contents) -> PathBuf {
    let sources: Vec<String> = request.sources.iter().map(ToString::to_string).collect();
    let parts = [FORMAT.to_owned(), format!("{contents:?}"), request.to_string(), std::env::consts::ARCH.to_owned()];
    let hash = files::hash_parts(parts.iter().chain(&sources).map(String::as_str));
    host.cache.join("distro").join("requests").join(format!("{hash:.16}"))
}

/// The folder that this request led to, if it is whole.
fn known(host: &Host, request: &Request, contents: Contents) -> Option<(PathBuf, Note)> {
    let name = files::read_text(&pointer(host, request, contents)).ok()?;
    let dir = host.cache.join("distro").join(name.trim());
    let note = whole(&dir, contents)?;
    Some((dir, note))
}

/// The note of an unmodified folder.
fn whole(dir: &Path, contents: Contents) -> Option<Note> {
    let note = Note::read(dir)?;
    let place = place(dir, contents, &note);
    let started = if contents == Contents::Sqlite { place } else { place.join("rustc") };
    (note.too_new || files::exists(&started)).then_some(note)
}

fn unpacked(request: &Request, contents: Contents, dir: PathBuf, note: Note) -> Unpacked {
    let is_named = |name: &str| request.packages.iter().any(|package| package.name == name && !package.is_source());
    let is_source = |name: &str| request.packages.iter().any(|package| package.name == name && package.is_source());
    let sources = note.packages.iter().find(|package| is_source(&package.name));
    let sources = sources.map(|package| format!("{} {}", package.name, package.version));
    let named = note.packages.iter().filter(|package| is_named(&package.name));
    let named: Vec<String> = named.map(|package| format!("{} {}", package.name, package.version)).collect();
    let origin = format!("{} of {}", named.join(", "), note.suite);
    let of = |package: &&packages::DebPackage| match contents {
        Contents::Toolchain | Contents::Root => package.name.starts_with("rustc"),
        Contents::Sqlite => package.name.starts_with("libsqlite3"),
    };
    let upstream = note.packages.iter().filter(|package| is_named(&package.name)).find(of);
    let upstream = upstream.and_then(|package| upstream_version(&package.version));
    let (place, system) = (place(&dir, contents, &note), note.system);
    Unpacked { place, dir, origin, sources, upstream, library: note.sqlite, system }
}

/// The upstream version in a package's: `3.40.1` of `3.40.1-2+deb12u2` (deb-version(7)).
fn upstream_version(package: &str) -> Option<Version> {
    let after_epoch = package.split_once(':').map_or(package, |(_, rest)| rest);
    let end = after_epoch.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after_epoch.len());
    Version::parse(&after_epoch[..end]).ok()
}

/// The usable contents of a folder.
fn place(dir: &Path, contents: Contents, note: &Note) -> PathBuf {
    match contents {
        Contents::Toolchain | Contents::Root => dir.join("root").join(&note.bin),
        Contents::Sqlite => unpack::library(dir),
    }
}

fn failure_name(request: &Request, contents: Contents) -> String {
    let sources: Vec<String> = request.sources.iter().map(ToString::to_string).collect();
    format!("apt-failure {contents:?} {request} {}", sources.join(" "))
}

/// Provides packages one after another; returns the facts afterwards. `identify` identifies a SQLite library; `tell` is
/// called when a request starts.
///
/// When one fails because its archive cannot be reached, others of the same sources are not tried: the reason is the same.
///
/// # Errors
/// Our side failed: the disk is full, a process cannot be started.
pub(crate) fn provide_all(
    host: &Host,
    wanted: Vec<WantedPackages>,
    identify: &Identify<'_>,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<(WantedPackages, Availability<Unpacked>)>> {
    let mut provided = Vec::new();
    let mut unreached: Vec<(Vec<Source>, String)> = Vec::new();
    for wanted in wanted {
        let (request, contents) = (&wanted.request, wanted.contents);
        if host.supervisor.is_interrupted() {
            break;
        }
        let result = match unreached.iter().find(|(sources, _)| *sources == request.sources) {
            Some((_, reason)) => Err(AptTrouble::Unavailable(reason.clone())),
            None => {
                tell(&how(request));
                provide(host, request, contents, identify)
            }
        };
        let reason = match result {
            Ok(()) => None,
            Err(AptTrouble::Interrupted) => break,
            // A failure caused by an interrupt must not be remembered.
            Err(_) if host.supervisor.is_interrupted() => break,
            Err(AptTrouble::Ours(error)) => return Err(error.context(request.to_string())),
            Err(AptTrouble::NoNetwork(reason)) => {
                unreached.push((request.sources.clone(), reason.clone()));
                Some(reason)
            }
            Err(AptTrouble::Unavailable(reason) | AptTrouble::Outdated(reason)) => Some(reason),
        };
        let reason = reason.map(|reason| format!("{request}: {reason}"));
        // The existing folder is still usable.
        let stay = reason.is_some() && known(host, request, contents).is_some_and(|(_, note)| !note.too_new);
        if let (Some(reason), false) = (&reason, stay) {
            host.remember_failure(&failure_name(request, contents), reason);
        }
        if let (Some(reason), true) = (&reason, stay) {
            tell(&format!("{reason}; using the one in the cache"));
        }
        let known = match reason.filter(|_| !stay) {
            Some(reason) => Availability::Missing { reason },
            None => {
                let limits = Limits { fresh: false, ..host.limits };
                find(&Host { limits, ..host.clone() }, request, contents)
            }
        };
        provided.push((wanted, known));
    }
    Ok(provided)
}

/// Downloads and unpacks a request, and records its folder.
fn provide(host: &Host, request: &Request, contents: Contents, identify: &Identify<'_>) -> Result<(), AptTrouble> {
    let folders = host.cache.join("distro");
    files::make_dir(&folders).map_err(AptTrouble::Ours)?;
    files::make_dir(&host.cache.join("apt")).map_err(AptTrouble::Ours)?;
    // Another workspace's orchestrator may be at it; apt's state and the folders are written by one at a time.
    let _lock = lock(host, &folders.join(".lock"))?;
    // Remove leftovers of a killed process.
    for path in files::list(&folders)? {
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".making")) {
            files::remove_dir(&path)?;
        }
    }
    let apt = Apt::open(host, request)?;
    apt.update(false)?;
    let made = match make(host, &apt, request, contents, identify) {
        // The lists are older than the archive; once more with new ones.
        Err(AptTrouble::Outdated(_)) => apt.update(true).and_then(|()| make(host, &apt, request, contents, identify)),
        made => made,
    };
    apt.tidy();
    let name = made?;
    files::write(&pointer(host, request, contents), name.as_bytes())?;
    Ok(())
}

/// Waits for the lock, as long as the user does.
fn lock(host: &Host, path: &Path) -> Result<std::fs::File, AptTrouble> {
    loop {
        if let Some(lock) = files::try_lock_exclusive(path).map_err(AptTrouble::Ours)? {
            return Ok(lock);
        }
        if host.supervisor.is_interrupted() {
            return Err(AptTrouble::Interrupted);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Makes the folder of a request, if there is none yet; its name.
fn make(
    host: &Host,
    apt: &Apt<'_>,
    request: &Request,
    contents: Contents,
    identify: &Identify<'_>,
) -> Result<String, AptTrouble> {
    let wanted = if contents == Contents::Root { request.of_root() } else { request.packages.clone() };
    let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let packages = apt.resolve(&names, contents == Contents::Toolchain)?;
    let kind = format!("{contents:?}");
    let hashes = packages.iter().flat_map(|p| [p.name.as_str(), p.version.as_str(), p.sha256.as_str()]);
    let hash = files::hash_parts([FORMAT, &kind].into_iter().chain(hashes));
    let name = format!("{}-{hash:.12}", request.suite.replace('/', "-"));
    let folders = host.cache.join("distro");
    let dir = folders.join(&name);
    if let Some(note) = whole(&dir, contents) {
        if !note.too_new || note.lacks(host)?.is_some() {
            return Ok(name);
        }
    }
    let scratch = tempfile::Builder::new().prefix(".making").tempdir_in(&folders).map_err(anyhow::Error::from)?;
    if contents == Contents::Root {
        root::make(host, apt, request, scratch.path())?;
    } else {
        let debs = scratch.path().join("debs");
        apt.download(&packages, &debs)?;
        let note = Note { suite: request.suite.clone(), packages, ..Note::default() };
        let patchelf = || patchelf(host, apt, scratch.path());
        let unpacking = Unpacking { host, scratch: scratch.path(), debs: &debs, patchelf: &patchelf, identify };
        unpacking.run(contents, note)?;
        files::remove_dir(&scratch.path().join("patchelf"))?;
    }
    if host.supervisor.is_interrupted() {
        return Err(AptTrouble::Interrupted);
    }
    files::remove_dir(&dir)?;
    files::rename(&scratch.keep(), &dir)?;
    Ok(name)
}

/// The program that writes where a program's libraries are: the host's, else the distribution's, which needs no more than
/// apt itself does.
fn patchelf(host: &Host, apt: &Apt<'_>, scratch: &Path) -> anyhow::Result<PathBuf> {
    if let Some(program) = host.ambient.find("patchelf") {
        return Ok(program);
    }
    let dir = scratch.join("patchelf");
    let fetch = || -> Result<PathBuf, AptTrouble> {
        let packages = apt.resolve(&["patchelf".to_owned()], false)?;
        apt.download(&packages, &dir.join("debs"))?;
        unpack::extract(host, &dir.join("debs"), &dir.join("root"))?;
        Ok(dir.join("root/usr/bin/patchelf"))
    };
    fetch().map_err(|trouble| match trouble {
        AptTrouble::Ours(error) => error,
        AptTrouble::Interrupted => anyhow!("interrupted"),
        AptTrouble::Unavailable(reason) | AptTrouble::NoNetwork(reason) | AptTrouble::Outdated(reason) => {
            anyhow!("patchelf is not available, but a distribution's toolchain needs it ({reason}); install it")
        }
    })
}
