//! Distributions: their own rustc, cargo and SQLite, downloaded by apt into the user's cache, without root and without
//! installing anything.
//!
//! What is here is found without network. What is not is fetched by [`provide_all`], and apt checks all signatures. The
//! libraries of a distribution reach its own rustc and cargo alone; of its SQLite there is one folder with one library.

mod apt;
mod packages;
mod trouble;
mod unpack;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use compatrix_model::apt::{Request, Source};
use compatrix_model::axis::ValueName;
use compatrix_model::condition::partial_version;
use compatrix_model::facts::Availability;
use serde::{Deserialize, Serialize};

use crate::find::facts::{SqliteFacts, ToolchainFacts};
use crate::find::toolchain;
use crate::sys::files;
use crate::sys::host::Host;
use apt::Apt;
use trouble::Trouble;
use unpack::Note;

/// For how long what could not be had is not tried again, in seconds.
const REMEMBER_FAILURE: i64 = 3600;
/// Changes when the folders are made differently.
const FORMAT: &str = "compatrix distro 1";

/// What is made of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A rustc and a cargo, with all that they need to run.
    Toolchain,
    /// A shared SQLite, and nothing else.
    Sqlite,
}

/// A value to provide.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The value of the axis.
    pub value: ValueName,
    /// What it stands for.
    pub request: Request,
    /// What is made of it.
    pub part: Part,
}

/// What came of provisions.
#[derive(Debug, Default)]
pub struct Provided {
    /// Of toolchains.
    pub toolchains: BTreeMap<ValueName, Availability<ToolchainFacts>>,
    /// Of SQLite libraries.
    pub sqlite: BTreeMap<ValueName, Availability<SqliteFacts>>,
}

/// Why something could not be had, and when.
#[derive(Debug, Serialize, Deserialize)]
struct Failure {
    reason: String,
    at: i64,
}

/// The toolchain of a distribution, as far as it is known without network.
pub fn find_toolchain(host: &Host, request: &Request) -> Availability<ToolchainFacts> {
    find(host, request, Part::Toolchain, toolchain_facts)
}

/// The SQLite of a distribution, as far as it is known without network.
pub fn find_sqlite(host: &Host, request: &Request) -> Availability<SqliteFacts> {
    find(host, request, Part::Sqlite, sqlite_facts)
}

fn find<T>(
    host: &Host,
    request: &Request,
    part: Part,
    facts: fn(&Host, &Request, &Path, &Note) -> anyhow::Result<T>,
) -> Availability<T> {
    let missing = |reason: String| Availability::Missing { reason: format!("{request}: {reason}") };
    let lacking = apt::PROGRAMS.iter().find(|program| host.ambient.find(program).is_none());
    let cannot_fetch = host.limits.offline || host.limits.no_install || lacking.is_some();
    let settled = !host.limits.fresh || cannot_fetch;
    if let Some((dir, note)) = known(host, request, part).filter(|_| settled) {
        match note.lacks(host) {
            Ok(Some(lack)) => return missing(format!("{lack}; try it on a host whose system is as new")),
            // It runs here since this host has a newer one.
            Ok(None) if note.too_new => {}
            Ok(None) => {
                let mend = format!("remove {} and run again", dir.display());
                return match facts(host, request, &dir, &note) {
                    Ok(facts) => Availability::Ready(facts),
                    Err(error) => missing(format!("{error:#}; {mend}")),
                };
            }
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
        return missing(format!("not downloaded yet, and {flag} is given; run once without it"));
    }
    match remembered(host, request, part) {
        Some(failure) => Availability::Missing { reason: failure.reason },
        None => Availability::Obtainable { how: how(request) },
    }
}

fn how(request: &Request) -> String {
    format!("{request}, by apt")
}

/// Where it is written which folder a request led to.
fn pointer(host: &Host, request: &Request, part: Part) -> PathBuf {
    let sources: Vec<String> = request.sources.iter().map(ToString::to_string).collect();
    let parts = [FORMAT.to_owned(), format!("{part:?}"), request.to_string(), std::env::consts::ARCH.to_owned()];
    let hash = files::hash_parts(parts.iter().chain(&sources).map(String::as_str));
    host.cache.join("distro").join("requests").join(format!("{hash:.16}"))
}

/// The folder that this request led to, if it is whole.
fn known(host: &Host, request: &Request, part: Part) -> Option<(PathBuf, Note)> {
    let name = files::read_text(&pointer(host, request, part)).ok()?;
    let dir = host.cache.join("distro").join(name.trim());
    let note = whole(&dir, part)?;
    Some((dir, note))
}

/// The note of a folder from which nothing was taken since it was made.
fn whole(dir: &Path, part: Part) -> Option<Note> {
    let note = Note::read(dir)?;
    let started = match part {
        Part::Toolchain => dir.join("root").join(&note.bin).join("rustc"),
        Part::Sqlite => unpack::library(dir),
    };
    (note.too_new || files::exists(&started)).then_some(note)
}

fn toolchain_facts(host: &Host, request: &Request, dir: &Path, note: &Note) -> anyhow::Result<ToolchainFacts> {
    let mut facts = toolchain::facts(host, &dir.join("root").join(&note.bin))?;
    let is_named = |name: &str| request.packages.iter().any(|package| package.name == name);
    let named = note.packages.iter().filter(|package| is_named(&package.name));
    let named: Vec<String> = named.map(|package| format!("{} {}", package.name, package.version)).collect();
    facts.packages = Some(format!("{} of {}", named.join(", "), note.suite));
    Ok(facts)
}

fn sqlite_facts(_host: &Host, _request: &Request, dir: &Path, note: &Note) -> anyhow::Result<SqliteFacts> {
    let said = note.sqlite.as_ref().ok_or_else(|| anyhow!("its note says nothing of a SQLite"))?;
    let library = unpack::library(dir);
    Ok(SqliteFacts {
        version: Some(partial_version(&said.version).ok_or_else(|| anyhow!("no version: {:?}", said.version))?),
        sha256: Some(said.sha256),
        link_dir: library.parent().map(|dir| dir.to_string_lossy().into_owned()),
        library: Some(library.to_string_lossy().into_owned()),
        // Another package has it, and nothing is compiled against this library where there is a choice.
        include_dir: None,
    })
}

fn failure_name(request: &Request, part: Part) -> String {
    let sources: Vec<String> = request.sources.iter().map(ToString::to_string).collect();
    format!("apt-failure {part:?} {request} {}", sources.join(" "))
}

fn remembered(host: &Host, request: &Request, part: Part) -> Option<Failure> {
    if host.limits.fresh {
        return None;
    }
    let failure: Failure = serde_json::from_str(&host.memo.get(&failure_name(request, part), "")?).ok()?;
    (0..REMEMBER_FAILURE).contains(&(host.now - failure.at)).then_some(failure)
}

/// Provides values one after another; what is known of each afterwards. `tell` hears of each that begins.
///
/// When one fails because its archive cannot be reached, others of the same sources are not tried: the reason is the same.
///
/// # Errors
/// Our side failed: the disk is full, a process cannot be started.
pub fn provide_all(host: &Host, wanted: &[Wanted], tell: &mut dyn FnMut(&str)) -> anyhow::Result<Provided> {
    let mut provided = Provided::default();
    let mut unreached: Vec<(&[Source], String)> = Vec::new();
    for Wanted { value, request, part } in wanted {
        if host.supervisor.is_interrupted() {
            break;
        }
        let result = match unreached.iter().find(|(sources, _)| *sources == request.sources) {
            Some((_, reason)) => Err(Trouble::Unavailable(reason.clone())),
            None => {
                tell(&how(request));
                provide(host, request, *part)
            }
        };
        let reason = match result {
            Ok(()) => None,
            Err(Trouble::Interrupted) => break,
            // What a tool failed of that the user ended is no reason to remember.
            Err(_) if host.supervisor.is_interrupted() => break,
            Err(Trouble::Ours(error)) => return Err(error.context(request.to_string())),
            Err(Trouble::NoNetwork(reason)) => {
                unreached.push((&request.sources, reason.clone()));
                Some(reason)
            }
            Err(Trouble::Unavailable(reason) | Trouble::Outdated(reason)) => Some(reason),
        };
        let reason = reason.map(|reason| format!("{request}: {reason}"));
        // What was here before is no worse for it.
        let stay = reason.is_some() && known(host, request, *part).is_some_and(|(_, note)| !note.too_new);
        if let (Some(reason), false) = (&reason, stay) {
            let failure = Failure { reason: reason.clone(), at: host.now };
            if let Ok(text) = serde_json::to_string(&failure) {
                host.memo.put(&failure_name(request, *part), "", &text);
            }
        }
        if let (Some(reason), true) = (&reason, stay) {
            tell(&format!("{reason}; the one in the cache is used"));
        }
        let reason = reason.filter(|_| !stay);
        match part {
            Part::Toolchain => {
                let found = after(host, request, *part, reason, toolchain_facts);
                provided.toolchains.insert(value.clone(), found);
            }
            Part::Sqlite => {
                let found = after(host, request, *part, reason, sqlite_facts);
                provided.sqlite.insert(value.clone(), found);
            }
        }
    }
    Ok(provided)
}

/// What is known after a provision.
fn after<T>(
    host: &Host,
    request: &Request,
    part: Part,
    reason: Option<String>,
    facts: fn(&Host, &Request, &Path, &Note) -> anyhow::Result<T>,
) -> Availability<T> {
    match reason {
        Some(reason) => Availability::Missing { reason },
        None => {
            let limits = crate::sys::host::Limits { fresh: false, ..host.limits };
            find(&Host { limits, ..host.clone() }, request, part, facts)
        }
    }
}

/// Downloads and unpacks what a request asks for, and notes where it is.
fn provide(host: &Host, request: &Request, part: Part) -> Result<(), Trouble> {
    let folders = host.cache.join("distro");
    files::make_dir(&folders).map_err(Trouble::Ours)?;
    files::make_dir(&host.cache.join("apt")).map_err(Trouble::Ours)?;
    // Another workspace's orchestrator may be at it; apt's state and the folders are written by one at a time.
    let _lock = lock(host, &folders.join(".lock"))?;
    // What a killed one left half made.
    for path in files::list(&folders)? {
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".making")) {
            files::remove_dir(&path)?;
        }
    }
    let apt = Apt::open(host, request)?;
    apt.update(false)?;
    let made = match make(host, &apt, request, part) {
        // The lists are older than the archive; once more with new ones.
        Err(Trouble::Outdated(_)) => apt.update(true).and_then(|()| make(host, &apt, request, part)),
        made => made,
    };
    apt.tidy();
    let name = made?;
    files::write(&pointer(host, request, part), name.as_bytes())?;
    Ok(())
}

/// Waits for the lock, as long as the user does.
fn lock(host: &Host, path: &Path) -> Result<std::fs::File, Trouble> {
    loop {
        if let Some(lock) = files::try_lock_exclusive(path).map_err(Trouble::Ours)? {
            return Ok(lock);
        }
        if host.supervisor.is_interrupted() {
            return Err(Trouble::Interrupted);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Makes the folder of a request, if there is none yet; its name.
fn make(host: &Host, apt: &Apt<'_>, request: &Request, part: Part) -> Result<String, Trouble> {
    let names: Vec<String> = request.packages.iter().map(ToString::to_string).collect();
    let packages = apt.resolve(&names, part == Part::Toolchain)?;
    let kind = format!("{part:?}");
    let hashes = packages.iter().flat_map(|p| [p.name.as_str(), p.version.as_str(), p.sha256.as_str()]);
    let hash = files::hash_parts([FORMAT, &kind].into_iter().chain(hashes));
    let name = format!("{}-{hash:.12}", request.suite.replace('/', "-"));
    let folders = host.cache.join("distro");
    let dir = folders.join(&name);
    if let Some(note) = whole(&dir, part) {
        if !note.too_new || note.lacks(host)?.is_some() {
            return Ok(name);
        }
    }
    let scratch = tempfile::Builder::new().prefix(".making").tempdir_in(&folders).map_err(anyhow::Error::from)?;
    let debs = scratch.path().join("debs");
    apt.download(&packages, &debs)?;
    let note =
        Note { suite: request.suite.clone(), packages, glibc: None, too_new: false, bin: String::new(), sqlite: None };
    let patchelf = || patchelf(host, apt, scratch.path());
    unpack::unpack(host, scratch.path(), &debs, part, note, &patchelf)?;
    files::remove_dir(&scratch.path().join("patchelf"))?;
    if host.supervisor.is_interrupted() {
        return Err(Trouble::Interrupted);
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
    let fetch = || -> Result<PathBuf, Trouble> {
        let packages = apt.resolve(&["patchelf".to_owned()], false)?;
        apt.download(&packages, &dir.join("debs"))?;
        unpack::extract(host, &dir.join("debs"), &dir.join("root"))?;
        Ok(dir.join("root/usr/bin/patchelf"))
    };
    fetch().map_err(|trouble| match trouble {
        Trouble::Ours(error) => error,
        Trouble::Interrupted => anyhow!("interrupted"),
        Trouble::Unavailable(reason) | Trouble::NoNetwork(reason) | Trouble::Outdated(reason) => {
            anyhow!("patchelf could not be had, which a toolchain of a distribution needs ({reason}); install it")
        }
    })
}
