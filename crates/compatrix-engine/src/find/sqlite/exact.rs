//! Exact SQLite versions: the amalgamation of a libsqlite3-sys crate, built as a shared library into the user's cache.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{anyhow, bail, Context, Result};
use compatrix_model::axis::ValueName;
use compatrix_model::facts::Availability;
use compatrix_model::hash::Sha256;
use compatrix_model::matrix_spec::sqlite::{crate_version, neighbours};
use compatrix_model::matrix_spec::SqliteSettings;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::kit::Kit;
use crate::find::facts::{Promised, SqliteFacts};
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// What is in the folder of a version; another word for each other contents.
const CONTENTS: &str = "library, header, pkg-config";

/// The record of the build in that folder. It is written last, so a folder without it is incomplete.
const NOTE: &str = "built.json";

/// A version to build.
#[derive(Debug, Clone)]
pub(crate) struct ExactVersion {
    pub(crate) value: ValueName,
    pub(crate) version: Version,
}

/// The record next to a built library: its identity when it was built.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct BuiltLibrary {
    version: String,
    source_id: String,
    sha256: Sha256,
    options: Vec<String>,
    carrier: String,
}

/// The hash of all that libraries of these versions are made from, for a runner of this label: of committed files alone.
pub fn content_key<'a>(
    versions: impl IntoIterator<Item = &'a Version>,
    settings: &SqliteSettings,
    runner: &str,
) -> String {
    let versions = versions.into_iter().map(|version| {
        let carrier = crate_version(version).map_or_else(|| "none".to_owned(), |carrier| carrier.to_string());
        format!("{version} of {carrier}")
    });
    let parts: Vec<String> = versions.chain([runner.to_owned()]).chain(settings.compiled_with()).collect();
    files::hash_parts(parts.iter().map(String::as_str)).to_string()
}

/// The folder of a version built with these options and this kit.
fn folder(host: &Host, kit: Kit<'_>, version: &Version, settings: &SqliteSettings) -> PathBuf {
    let options = settings.compiled_with();
    let parts = options.iter().map(String::as_str).chain([std::env::consts::ARCH, CONTENTS]);
    let hash = files::hash_parts(parts.chain(kit.name()));
    host.cache.join("sqlite").join(format!("{version}-{hash:.12}"))
}

/// Whether the version is in the cache, can be built, or is not available.
pub(crate) fn find(
    host: &Host,
    kit: Kit<'_>,
    version: &Version,
    settings: &SqliteSettings,
) -> Result<Availability<SqliteFacts>> {
    let Some(carrier) = crate_version(version) else {
        let (lower, higher) = neighbours(version);
        let nearest: Vec<String> = [lower, higher].into_iter().flatten().map(|v| v.to_string()).collect();
        bail!("SQLite {version} is not available; the nearest available versions are {}", nearest.join(", "));
    };
    let dir = folder(host, kit, version, settings);
    if files::exists(&dir.join(NOTE)) {
        return Ok(Availability::Ready(read(kit, &dir, version)?));
    }
    if let Some(compiler) = kit.lacks_compiler(host) {
        bail!("SQLite {version} needs {compiler}");
    }
    let place = kit.place();
    Ok(Availability::Obtainable { how: format!("build SQLite {version} from libsqlite3-sys {carrier}{place}") })
}

/// The library as its folder's name and note have it. Whether it is still that one is seen when it is loaded.
fn read(kit: Kit<'_>, dir: &Path, version: &Version) -> Result<SqliteFacts> {
    let path = dir.join(NOTE);
    let built: BuiltLibrary = serde_json::from_str(&files::read_text(&path)?)
        .with_context(|| format!("{} cannot be read; remove its folder and run again", path.display()))?;
    let folder = dir.to_string_lossy().into_owned();
    Ok(SqliteFacts {
        version: Some(version.clone()),
        library: Some(dir.join(kit.file()).to_string_lossy().into_owned()),
        sha256: Some(built.sha256),
        link_dir: Some(folder.clone()),
        include_dir: Some(folder),
        promised: Some(Promised { version: version.clone(), by: format!("`{version}`") }),
        foreign: kit.foreign().cloned(),
    })
}

/// Builds versions in parallel; returns the facts afterwards. `tell` is called when a build starts.
pub(crate) fn build_all(
    host: &Host,
    kit: Kit<'_>,
    settings: &SqliteSettings,
    wanted: Vec<ExactVersion>,
    tell: &(dyn Fn(&str) + Sync),
) -> BTreeMap<ValueName, Availability<SqliteFacts>> {
    let queue = Mutex::new(wanted);
    let results = Mutex::new(BTreeMap::new());
    let lock = |m: &Mutex<Vec<ExactVersion>>| m.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
    std::thread::scope(|scope| {
        for _ in 0..host.limits.jobs.max(1) {
            scope.spawn(|| {
                while let Some(next) = lock(&queue) {
                    if host.supervisor.is_interrupted() {
                        break;
                    }
                    let result = match build(host, kit, &next.version, settings, tell) {
                        Ok(facts) => Availability::Ready(facts),
                        Err(error) => Availability::Missing {
                            reason: format!("SQLite {} could not be built{}: {error:#}", next.version, kit.place()),
                        },
                    };
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(next.value, result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn build(
    host: &Host,
    kit: Kit<'_>,
    version: &Version,
    settings: &SqliteSettings,
    tell: &dyn Fn(&str),
) -> Result<SqliteFacts> {
    let carrier = crate_version(version).ok_or_else(|| anyhow!("unknown version"))?;
    let dir = folder(host, kit, version, settings);
    let parent = host.cache.join("sqlite");
    files::make_dir(&parent)?;
    // Another workspace's orchestrator may build the same one at the same time.
    let _lock = files::lock_exclusive(&parent.join(format!(".{version}.lock")))?;
    if files::exists(&dir.join(NOTE)) {
        return read(kit, &dir, version);
    }
    tell(&format!("SQLite {version} from libsqlite3-sys {carrier}{}", kit.place()));
    let source = fetch(host, &carrier)?;
    let scratch = tempfile::Builder::new().prefix(".building").tempdir_in(&parent)?;
    let options = kit.definitions(settings.compiled_with());
    let said = kit.make(host, (&source, scratch.path()), &options, &format!("SQLite {version}"))?;
    if said.version != version.to_string() {
        bail!("libsqlite3-sys {carrier} contains SQLite {}, not {version}", said.version);
    }
    files::copy(&source.join("sqlite3.h"), &scratch.path().join("sqlite3.h"))?;
    files::write(&scratch.path().join("sqlite3.pc"), pkg_config(&dir, version).as_bytes())?;
    let built = BuiltLibrary {
        version: said.version,
        source_id: said.source_id,
        sha256: files::sha256(&scratch.path().join(kit.file()), &host.memo)?,
        options,
        carrier: carrier.to_string(),
    };
    files::write(&scratch.path().join(NOTE), serde_json::to_string_pretty(&built)?.as_bytes())?;
    files::remove_dir(&dir)?;
    files::rename(&scratch.keep(), &dir)?;
    read(kit, &dir, version)
}

/// Leads crates that ask pkg-config to the library in its folder; see pkg-config(1).
fn pkg_config(dir: &Path, version: &Version) -> String {
    let dir = dir.display();
    format!(
        "Name: SQLite\nDescription: SQLite {version}\nVersion: {version}\nLibs: -L\"{dir}\" -lsqlite3\nCflags: -I\"{dir}\"\n"
    )
}

/// The folder with `sqlite3.c` of a libsqlite3-sys version; cargo downloads it and checks its checksum.
fn fetch(host: &Host, carrier: &Version) -> Result<PathBuf> {
    let project = host.cache.join("fetch").join(format!("libsqlite3-sys-{carrier}"));
    let manifest = project.join("Cargo.toml");
    if !files::exists(&manifest) {
        let text = format!(
            "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n\
             [workspace]\n\n[dependencies]\n\
             libsqlite3-sys = {{ version = \"={carrier}\", default-features = false }}\n"
        );
        files::write(&project.join("lib.rs"), b"")?;
        files::write(&manifest, text.as_bytes())?;
    }
    let cargo = host.ambient.cargo().ok_or_else(|| anyhow!("cargo is not on PATH"))?;
    let offline = host.limits.offline.then_some("--offline");
    let mut command = Command::new(cargo.to_string_lossy(), &project)
        .args(["metadata", "--format-version", "1"])
        .args(offline)
        .envs(&host.ambient.for_builds());
    command.timeout = Some(std::time::Duration::from_secs(300));
    let output = host.output(&command)?;
    if !output.finished.status.success() {
        bail!("cargo cannot fetch libsqlite3-sys {carrier}: {}", last_lines(&output.finished.stderr.text(), 2));
    }
    let metadata = cargo_metadata::MetadataCommand::parse(output.text())?;
    let package = metadata.packages.iter().find(|p| p.name.as_str() == "libsqlite3-sys");
    let manifest = package.ok_or_else(|| anyhow!("cargo resolved no libsqlite3-sys"))?.manifest_path.as_std_path();
    let source = manifest.parent().unwrap_or(Path::new("")).join("sqlite3");
    if !files::exists(&source.join("sqlite3.c")) {
        bail!("libsqlite3-sys {carrier} has no sqlite3/sqlite3.c");
    }
    Ok(source)
}
