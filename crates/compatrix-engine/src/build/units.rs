//! Units: what cargo compiled in a target folder, each with a note of what it read.
//!
//! cargo compares times: a file that is put back with an older date, a vendored crate, a compiler that was replaced under
//! its name leave a unit fresh. So every unit has a note beside cargo's fingerprint, of the content of what it read and of
//! what compiled it. A unit whose note no longer holds, or that has none, loses its fingerprint before the build, and
//! cargo compiles it again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use compatrix_model::dep_info::{self, Named};
use compatrix_model::hash::Sha256;
use serde::{Deserialize, Serialize};

use crate::find::input::{Input, Looked, States};
use crate::find::surroundings::Surroundings;
use crate::sys::files;
use crate::sys::host::Host;

/// Our file in a unit's folder of `.fingerprint`.
pub(super) const NOTE: &str = "compatrix-read.json";
/// The folder of a target folder's profile with one folder for each unit.
const FINGERPRINTS: &str = ".fingerprint";

/// The system's clock for files may be this much behind.
const TICK: Duration = Duration::from_millis(10);

/// What a unit read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// As [`Surroundings::compiler`].
    compiler: Sha256,
    /// As [`Surroundings::settings`], where local files are read: others look at nothing that it holds but what they name.
    settings: Option<Sha256>,
    /// The sources, where a build script names no inputs, so that all of its package is one.
    sources: Option<Sha256>,
    /// What was read of this machine's files and variables: nothing of a registry's packages, whose content cargo checks.
    read: Vec<(Input, String)>,
}

/// What the units of a build are held against.
#[derive(Debug, Clone)]
pub(super) struct Ground<'a> {
    pub(super) host: &'a Host,
    pub(super) target: &'a Path,
    pub(super) now: Surroundings,
    pub(super) sources: Sha256,
    /// The environment that cargo gets.
    pub(super) env: BTreeMap<String, String>,
    /// The folders in which cargo starts rustc for local packages.
    pub(super) bases: Vec<PathBuf>,
    /// The folders of packages with build scripts, by the start of their unit's name.
    pub(super) packages: BTreeMap<String, PathBuf>,
}

/// The inputs of all units that a build used.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    pub(super) states: States,
    /// Whether it is known what each unit read.
    pub(super) is_whole: bool,
}

/// The units of a build.
#[derive(Debug, Clone, Default)]
pub(super) struct Used {
    pub(super) hashes: BTreeSet<String>,
    /// Names of crates whose products bear no hash.
    pub(super) crates: BTreeSet<String>,
}

impl Used {
    fn has(&self, unit: &Unit, dependency_files: &[PathBuf]) -> bool {
        let is_of_crate = |path: &PathBuf| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            stem.rsplit_once('-').is_some_and(|(name, _)| self.crates.contains(name))
        };
        self.hashes.contains(&unit.hash) || dependency_files.iter().any(is_of_crate)
    }
}

/// Takes the fingerprints of stale units away. `fresh`: of all units that read local files.
///
/// # Errors
/// A folder cannot be removed.
pub(super) fn drop_stale(ground: &Ground<'_>, fresh: bool) -> Result<()> {
    let mut looked = Looked::default();
    let mut dropped: BTreeSet<String> = BTreeSet::new();
    for unit in units(ground.target)? {
        let note = files::read(&unit.dir.join(NOTE)).ok().and_then(|text| serde_json::from_slice::<Note>(&text).ok());
        let holds = |note: Note| {
            let is_local = note.settings.is_some();
            note.compiler == ground.now.compiler
                && !(fresh && is_local)
                && note.settings.is_none_or(|settings| settings == ground.now.settings)
                && note.sources.is_none_or(|sources| sources == ground.sources)
                && {
                    let now = looked.states(ground.host, &ground.env, note.read.iter().map(|(input, _)| input));
                    note.read.iter().all(|(input, then)| now[input].as_ref() == Some(then))
                }
        };
        if !note.is_some_and(holds) {
            files::remove(&unit.dir)?;
            dropped.extend(unit.package().map(str::to_owned));
        }
    }
    // Miri's own units of the same packages have no notes.
    for unit in
        miri_profiles(ground.target)?.iter().map(|profile| units_of(profile)).collect::<Result<Vec<_>>>()?.concat()
    {
        if unit.package().is_some_and(|package| dropped.contains(package)) {
            files::remove(&unit.dir)?;
        }
    }
    Ok(())
}

/// Notes what each unit read, and gathers it for those that the build used; of a build that failed all count.
///
/// # Errors
/// A note cannot be written.
pub(super) fn note(ground: &Ground<'_>, since: SystemTime, used: Option<&Used>) -> Result<Read> {
    let mut read = Read { states: States::new(), is_whole: true };
    let mut looked = Looked::default();
    let noted = dependency_files(ground.target)?;
    for unit in units(ground.target)? {
        let dependency_files = noted.get(&unit.hash).map_or(&[][..], Vec::as_slice);
        let found = inputs(ground, &unit, dependency_files);
        let states = looked.states(ground.host, &ground.env, &found.inputs);
        let known: Option<Vec<(Input, String)>> =
            states.iter().map(|(input, state)| Some((input.clone(), state.clone()?))).collect();
        match known.filter(|_| found.is_whole) {
            Some(known) => {
                let note = Note {
                    compiler: ground.now.compiler,
                    settings: found.is_local.then_some(ground.now.settings),
                    sources: found.all_sources.then_some(ground.sources),
                    read: known,
                };
                files::write_if_changed(&unit.dir.join(NOTE), &serde_json::to_vec(&note)?)?;
            }
            // Without a note it is compiled again, and writes what was missing.
            None => files::remove(&unit.dir.join(NOTE))?,
        }
        if used.is_none_or(|used| used.has(&unit, dependency_files)) {
            read.is_whole &= found.is_whole;
            read.states.extend(states);
        }
    }
    // Written while the build ran, perhaps by a build script of its own: what was compiled is not known for sure.
    read.is_whole &= !read.states.keys().any(|input| {
        let path = input.path(ground.host).filter(|path| !path.is_dir());
        path.and_then(|path| files::changed(&path)).is_some_and(|changed| changed >= since)
    });
    Ok(read)
}

/// The crates for which rustc wrote a dependency file since this moment.
///
/// # Errors
/// A folder cannot be read.
pub(super) fn noted_since(target: &Path, since: SystemTime) -> Result<BTreeSet<String>> {
    let new = |path: &PathBuf| files::changed(path).is_some_and(|changed| changed + TICK >= since);
    let name = |path: PathBuf| Some(path.file_stem()?.to_string_lossy().rsplit_once('-')?.0.to_owned());
    Ok(dependency_files(target)?.into_values().flatten().filter(new).filter_map(name).collect())
}

/// A unit's folder in `.fingerprint`: `demo-0a1b2c`.
#[derive(Clone)]
struct Unit {
    dir: PathBuf,
    name: String,
    hash: String,
    /// The profile's folder.
    profile: PathBuf,
}

impl Unit {
    fn package(&self) -> Option<&str> {
        Some(self.name.rsplit_once('-')?.0)
    }
}

fn units(target: &Path) -> Result<Vec<Unit>> {
    Ok(profiles(target)?.iter().map(|profile| units_of(profile)).collect::<Result<Vec<_>>>()?.concat())
}

fn units_of(profile: &Path) -> Result<Vec<Unit>> {
    let unit = |dir: PathBuf| {
        let name = dir.file_name()?.to_string_lossy().into_owned();
        let hash = name.rsplit_once('-')?.1.to_owned();
        Some(Unit { hash, name, profile: profile.to_owned(), dir })
    };
    Ok(files::list(&profile.join(FINGERPRINTS))?.into_iter().filter_map(unit).collect())
}

/// The folders below a target folder in which cargo keeps Miri's units: `miri/TRIPLE/debug`.
fn miri_profiles(target: &Path) -> Result<Vec<PathBuf>> {
    profiles(&target.join("miri"))
}

/// The folders below a target folder in which cargo keeps units: `debug`, or `TRIPLE/debug`.
pub(super) fn profiles(target: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in files::list(target)?.into_iter().filter(|path| files::is_own_dir(path)) {
        let below = if files::exists(&path.join(FINGERPRINTS)) { vec![path] } else { files::list(&path)? };
        found.extend(below.into_iter().filter(|path| files::exists(&path.join(FINGERPRINTS))));
    }
    Ok(found)
}

/// The dependency files of a target folder by the hash in their names.
fn dependency_files(target: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for profile in profiles(target)? {
        let scripts = files::list(&profile.join("build"))?;
        let dirs = [profile.join("deps"), profile.join("examples")].into_iter().chain(scripts);
        for path in dirs.flat_map(|dir| files::list(&dir).unwrap_or_default()) {
            if path.extension().is_none_or(|extension| extension != "d") {
                continue;
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if let Some((_, hash)) = stem.rsplit_once('-') {
                found.entry(hash.to_owned()).or_default().push(path);
            }
        }
    }
    Ok(found)
}

/// What a unit names.
#[derive(Default)]
struct Found {
    inputs: BTreeSet<Input>,
    is_local: bool,
    all_sources: bool,
    is_whole: bool,
}

fn inputs(ground: &Ground<'_>, unit: &Unit, dependency_files: &[PathBuf]) -> Found {
    let mut found = Found { is_whole: true, ..Found::default() };
    for path in dependency_files {
        let Some(named) = files::read_text(path).ok().and_then(|text| dep_info::of_rustc(&text)) else {
            found.is_whole = false;
            continue;
        };
        let files = files_of(ground, &named, &ground.bases);
        if files.iter().any(|file| matches!(file, Input::File(_))) {
            found.is_local = true;
            found.inputs.extend(files);
        }
    }
    if is_run_of_script(&unit.dir) {
        let output = files::read_text(&unit.profile.join("build").join(&unit.name).join("output")).unwrap_or_default();
        let package = ground.packages.get(&unit.name);
        let libraries = dep_info::libraries_of_build_script(&output);
        let paths = libraries.into_iter().filter(|path| files::exists(Path::new(path))).collect();
        found.inputs.extend(files_of(ground, &Named { paths, ..Named::default() }, &[]));
        match dep_info::of_build_script(&output) {
            Some(named) => {
                let files = files_of(ground, &named, &package.cloned().into_iter().collect::<Vec<_>>());
                found.is_local |= package.is_some();
                found.inputs.extend(files);
            }
            None if package.is_some() => (found.is_local, found.all_sources) = (true, true),
            None => {}
        }
    }
    found
}

/// Whether the unit is the run of a build script, and not its compilation.
fn is_run_of_script(dir: &Path) -> bool {
    let is_run = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("run-build-script"));
    files::list(dir).unwrap_or_default().iter().any(is_run)
}

/// The inputs of these names: variables, and files outside of what cargo and we keep ourselves.
fn files_of(ground: &Ground<'_>, named: &Named, bases: &[PathBuf]) -> BTreeSet<Input> {
    let mut inputs: BTreeSet<Input> = named.variables.iter().map(|name| Input::Variable(name.clone())).collect();
    for path in &named.paths {
        let path = Path::new(path);
        let candidates: Vec<PathBuf> = match path.is_absolute() {
            true => vec![path.to_owned()],
            false => bases.iter().map(|base| base.join(path)).collect(),
        };
        let there: Vec<&PathBuf> = candidates.iter().filter(|path| files::exists(path)).collect();
        // One that is gone counts as absent where the first folder has it.
        let there = if there.is_empty() { candidates.first().into_iter().collect() } else { there };
        for path in there {
            let real = files::real(path).unwrap_or_else(|_| crate::find::cargo_config::plain(path));
            if !is_kept_by_tools(ground.host, &real) {
                inputs.insert(Input::at(ground.host, &real));
            }
        }
    }
    inputs
}

/// Below our own folder, or where cargo keeps packages of registries and git, which it checks itself, or in a toolchain,
/// which counts as a whole.
pub(super) fn is_kept_by_tools(host: &Host, path: &Path) -> bool {
    let of_rust = host.ambient.rust_homes().into_iter().any(|(name, home)| {
        let home = files::real(&home).unwrap_or(home);
        match name {
            "CARGO_HOME" => path.starts_with(home.join("registry")) || path.starts_with(home.join("git")),
            _ => path.starts_with(home.join("toolchains")),
        }
    });
    of_rust || path.starts_with(&host.dir)
}
