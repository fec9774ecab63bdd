//! Unpacks a closure of packages into a folder, makes it run on this host, and adds a note on its contents.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail, Context, Result};
use compatrix_model::hash::Sha256;
use serde::{Deserialize, Serialize};

use super::packages::DebPackage;
use crate::sys::elf;
use crate::sys::elf::Glibc;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// The shared library's name, which is also its soname.
const LIBRARY: &str = "libsqlite3.so.0";
/// The note in the folder, written last.
pub(super) const NOTE: &str = "built.json";
/// The programs of a toolchain.
const TOOLS: [&str; 3] = ["rustc", "cargo", "rustdoc"];

/// The kind of contents. The variants' names are part of folder names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    /// A rustc and a cargo, with all that they need to run.
    Toolchain,
    /// Only a shared SQLite.
    Sqlite,
    /// A whole userland.
    Root,
}

/// Identifies a SQLite library.
pub(crate) type Identify<'a> = dyn Fn(&Path) -> Result<LibraryNote> + Sync + 'a;

/// The contents of a folder's note.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) suite: String,
    /// The packages in it.
    pub(super) packages: Vec<DebPackage>,
    /// The oldest glibc that runs it, `2.36`; `None` if it needs none.
    pub(super) glibc: Option<String>,
    /// Whether this host's glibc was too old, so that nothing but this note was kept.
    pub(super) too_new: bool,
    /// Of a toolchain: its folder of programs, relative.
    pub(super) bin: String,
    /// The identity of a SQLite.
    pub(super) sqlite: Option<LibraryNote>,
    /// Of a root: `Debian 13, glibc 2.41`.
    #[serde(default)]
    pub(super) system: Option<String>,
    /// Whether it was made with the rights of root, because user namespaces did not allow it otherwise.
    #[serde(default)]
    pub(super) with_root: bool,
}

/// The version and source id of a SQLite.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LibraryNote {
    pub(crate) version: String,
    pub(crate) source_id: String,
    pub(crate) sha256: Sha256,
}

impl Note {
    /// The note of a folder, if it is whole.
    pub(super) fn read(dir: &Path) -> Option<Self> {
        serde_json::from_str(&files::read_text(&dir.join(NOTE)).ok()?).ok()
    }

    /// The version of glibc that it needs and this host does not have.
    pub(super) fn lacks(&self, host: &Host) -> Result<Option<String>> {
        let Some(needed) = &self.glibc else { return Ok(None) };
        let ours = host_glibc(host)?;
        let newer = elf::glibc(needed) > elf::glibc(&ours);
        Ok(newer.then(|| format!("needs glibc {needed}, and this host has {ours}")))
    }
}

/// The host's glibc, `2.36`.
fn host_glibc(host: &Host) -> Result<String> {
    let stamp = files::stamp(Path::new("/etc/ld.so.cache")).unwrap_or_default();
    host.memo.fact("glibc", &stamp, || {
        let getconf = host.ambient.find("getconf").ok_or_else(|| anyhow!("getconf is not on PATH"))?;
        let said = host.ask(&getconf, &["GNU_LIBC_VERSION"])?;
        let version = said.strip_prefix("glibc ").ok_or_else(|| anyhow!("the host's C library is not glibc"))?;
        Ok(version.to_owned())
    })
}

/// The library of an unpacked SQLite, alone in its folder.
pub(super) fn library(dir: &Path) -> PathBuf {
    dir.join("lib").join(LIBRARY)
}

/// Packages on their way into a folder.
pub(super) struct Unpacking<'a> {
    pub(super) host: &'a Host,
    /// The folder that is made, and renamed later.
    pub(super) scratch: &'a Path,
    /// Where the packages are.
    pub(super) debs: &'a Path,
    /// Returns the path of patchelf.
    pub(super) patchelf: &'a dyn Fn() -> Result<PathBuf>,
    pub(super) identify: &'a Identify<'a>,
}

impl Unpacking<'_> {
    /// Unpacks, removes unneeded files, and writes the note.
    pub(super) fn run(&self, contents: Contents, mut note: Note) -> Result<()> {
        let (host, scratch, debs) = (self.host, self.scratch, self.debs);
        let root = scratch.join("root");
        extract(host, debs, &root)?;
        let files = walk(&root)?;
        let started: Vec<PathBuf> = match contents {
            Contents::Toolchain => {
                note.bin = bin(&root, &files)?;
                let tools = TOOLS.iter().map(|tool| root.join(&note.bin).join(tool)).filter(|tool| tool.exists());
                tools.map(|tool| within(&root, &tool)).collect::<Result<_>>()?
            }
            Contents::Sqlite => {
                let found = files.iter().find(|path| path.file_name().is_some_and(|name| name == LIBRARY));
                let found = found.ok_or_else(|| anyhow!("there is no {LIBRARY} in {}", named(&note.packages)))?;
                let own = library(scratch);
                files::make_dir(&scratch.join("lib"))?;
                files::copy(&within(&root, found)?, &own)?;
                files::symlink(LIBRARY, &own.with_file_name("libsqlite3.so"))?;
                vec![own]
            }
            Contents::Root => bail!("a root is not unpacked"),
        };
        let libraries = files.iter().filter(|path| contents == Contents::Toolchain && is_library(path)).cloned();
        let needed: Vec<Glibc> = started
            .iter()
            .cloned()
            .chain(libraries)
            .filter(|path| path.is_file())
            .map(|path| Ok(elf::needed_glibc(&files::read(&path)?)))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect();
        note.glibc = needed.into_iter().max().map(|(major, minor)| format!("{major}.{minor}"));
        if note.lacks(host)?.is_some() {
            // The reason is worth keeping, the files are not.
            note.too_new = true;
            files::remove_dir(&root)?;
            files::remove_dir(&scratch.join("lib"))?;
        } else if contents == Contents::Toolchain {
            let folders = library_folders(&root, &files);
            let patchelf = (self.patchelf)()?;
            for library in files.iter().filter(|path| is_library(path) && !path.is_symlink()) {
                // What names folders itself (DT_RUNPATH) is not looked up for by what its program names.
                if !host.ask(&patchelf, &["--print-rpath", &library.to_string_lossy()])?.is_empty() {
                    name_folders(host, &patchelf, &root, library, &folders)?;
                }
            }
            for tool in &started {
                name_folders(host, &patchelf, &root, tool, &folders)?;
                check_libraries(host, &root, tool)?;
            }
        } else {
            files::remove_dir(&root)?;
            let own = library(scratch);
            note.sqlite = Some((self.identify)(&own)?);
        }
        files::write(&scratch.join(NOTE), serde_json::to_string_pretty(&note)?.as_bytes())?;
        Ok(())
    }
}

/// Unpacks all packages of a folder into one, and removes them. Nothing is written outside of it, whatever symbolic links
/// a package brings; no script of a package is run.
pub(super) fn extract(host: &Host, debs: &Path, root: &Path) -> Result<()> {
    let program = host.ambient.find("dpkg-deb").ok_or_else(|| anyhow!("dpkg-deb is not on PATH"))?;
    files::make_dir(root)?;
    let inside = real(root)?;
    let part = debs.join("part");
    for deb in files::list(debs)?.iter().filter(|path| path.extension().is_some_and(|e| e == "deb")) {
        files::remove_dir(&part)?;
        host.ask(&program, &["-x", &deb.to_string_lossy(), &part.to_string_lossy()])?;
        for file in walk(&part)? {
            let target = root.join(file.strip_prefix(&part)?);
            let folder = target.parent().unwrap_or(root);
            files::make_dir(folder)?;
            if !real(folder)?.starts_with(&inside) {
                bail!("{} would be written outside of its folder", target.display());
            }
            files::rename(&file, &target)?;
        }
    }
    files::remove_dir(debs)
}

/// Every file below a folder, symbolic links as such.
fn walk(dir: &Path) -> Result<Vec<PathBuf>> {
    let (mut todo, mut found) = (vec![dir.to_owned()], Vec::new());
    while let Some(next) = todo.pop() {
        for path in files::list(&next)? {
            match path.is_dir() && !path.is_symlink() {
                true => todo.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}

fn named(packages: &[DebPackage]) -> String {
    packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn real(path: &Path) -> Result<PathBuf> {
    files::real(path).with_context(|| format!("cannot find {}", path.display()))
}

/// The target of a path if below this folder: a package's link may lead to the host's files.
fn within(root: &Path, path: &Path) -> Result<PathBuf> {
    let found = real(path)?;
    if !found.starts_with(real(root)?) {
        bail!("{} leads to {}, which is not of these packages", path.display(), found.display());
    }
    Ok(found)
}

/// The relative folder with both rustc and cargo: `usr/bin`, or `usr/lib/rust-1.80/bin` if a release has several.
fn bin(root: &Path, files: &[PathBuf]) -> Result<String> {
    let rustcs = files.iter().filter(|path| path.file_name().is_some_and(|name| name == "rustc"));
    let folders = rustcs.filter_map(|path| path.parent()).filter(|dir| dir.join("cargo").exists());
    let found = folders.min_by_key(|dir| dir.components().count());
    let dir = found.ok_or_else(|| anyhow!("no folder of these packages has both rustc and cargo"))?;
    Ok(dir.strip_prefix(root)?.to_string_lossy().into_owned())
}

fn is_library(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let version = name.split_once(".so").map(|(_, version)| version);
    name.starts_with("lib") && version.is_some_and(|v| v.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The folders with shared libraries, the outermost first; those of rustc's targets are not for programs.
fn library_folders(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let with = files.iter().filter(|path| is_library(path)).filter_map(|path| path.parent()?.strip_prefix(root).ok());
    let mut folders: Vec<&Path> = with.filter(|dir| !dir.iter().any(|part| part == "rustlib")).collect();
    folders.sort_by_key(|dir| (dir.components().count(), dir.to_owned()));
    folders.dedup();
    folders.into_iter().map(|dir| dir.to_string_lossy().into_owned()).collect()
}

/// Writes into a program or library where its libraries are, so that no environment variable has to say it: what it starts, build
/// scripts and tests among it, must not find them.
fn name_folders(host: &Host, patchelf: &Path, root: &Path, file: &Path, folders: &[String]) -> Result<()> {
    let inside = file.parent().and_then(|dir| dir.strip_prefix(root).ok()).map_or(0, |dir| dir.components().count());
    let up = "/..".repeat(inside);
    let paths: Vec<String> = folders.iter().map(|folder| format!("$ORIGIN{up}/{folder}")).collect();
    // DT_RPATH, which counts for the libraries of libraries too; DT_RUNPATH does not. ld.so(8).
    let args = ["--force-rpath", "--set-rpath", &paths.join(":"), &file.to_string_lossy()];
    host.ask(patchelf, &args).map(drop)
}

/// Asks the loader whether a program finds its libraries; ld.so(8), LD_TRACE_LOADED_OBJECTS.
fn check_libraries(host: &Host, root: &Path, tool: &Path) -> Result<()> {
    let env = host.ambient.for_builds();
    let traced = Command::new(tool.to_string_lossy(), root).envs(&env).env("LD_TRACE_LOADED_OBJECTS", "1");
    let finished = host.run(&traced)?;
    let said = finished.stdout.text();
    let missing: Vec<&str> = said.lines().map(str::trim).filter(|line| line.ends_with("not found")).collect();
    if !missing.is_empty() || !finished.status.success() {
        let why = if missing.is_empty() { last_lines(&finished.stderr.text(), 1) } else { missing.join("; ") };
        bail!("{} does not find its libraries: {why}", tool.file_name().unwrap_or_default().to_string_lossy());
    }
    Ok(())
}
