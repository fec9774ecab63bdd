//! Inspects a test executable: its contents, and the libraries that the loader resolves for it.

use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use compatrix_model::hash::Sha256;
use serde::{Deserialize, Serialize};

use crate::find::sqlite;
use crate::sys::elf::{self, Defines};
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// How the file name of SQLite's shared library begins.
const SQLITE: &str = "libsqlite3.";

/// The contents of an executable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inspection {
    /// The file's hash.
    pub sha256: Sha256,
    /// Whether SQLite is compiled in.
    pub compiled_in: CompiledIn,
    /// How it gets a SQLite while it runs, if it seems to.
    pub at_run_time: Option<AtRunTime>,
    /// The loader that starts it; `None` of a static executable and of a shared library.
    pub loader: Option<String>,
    /// The shared libraries that it names itself.
    pub needs: Vec<String>,
    /// The rustc releases recorded in it (`rustc version 1.95.0`), if any.
    pub rustc: Vec<String>,
}

/// Whether SQLite is compiled into an executable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CompiledIn {
    /// Functions of SQLite are among its own symbols. The linker drops the source id if nothing asks for it: then the
    /// function that returns it is not there either.
    Yes { source_ids: Vec<String>, has_own_id: bool },
    /// None of its symbols is of SQLite.
    No,
    /// It is stripped of its symbols. A source id in it may be SQLite's, or a text of the program.
    Stripped { source_ids: Vec<String> },
}

/// How an executable gets at a SQLite that it neither has nor names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AtRunTime {
    /// As an extension that the SQLite of another process loads.
    Extension,
    /// It opens a library itself.
    Opens,
}

/// Inspects an executable; remembered by its stamp.
pub(crate) fn executable(host: &Host, path: &Path) -> Result<Inspection> {
    host.memo.fact(&format!("inspection {}", path.display()), &files::stamp(path)?, || {
        let bytes = files::read(path)?;
        let asks = elf::asks(&bytes);
        Ok(Inspection {
            sha256: files::hash_bytes(&bytes),
            compiled_in: compiled_in(&bytes),
            at_run_time: at_run_time(&bytes, &asks.libraries),
            loader: asks.loader,
            needs: asks.libraries,
            rustc: rustc_versions(&bytes),
        })
    })
}

/// SQLite's functions by their symbols. What ends with `_init` may be an extension's own (SQLite's "Run-Time Loadable
/// Extensions").
fn compiled_in(bytes: &[u8]) -> CompiledIn {
    let of_sqlite = |name: &[u8]| name.starts_with(b"sqlite3_") && !name.ends_with(b"_init");
    let source_ids = || sqlite::source_ids_in(bytes);
    match elf::defines(bytes, of_sqlite) {
        Defines::Yes => {
            let has_own_id = elf::defines(bytes, |name| name == b"sqlite3_sourceid") == Defines::Yes;
            CompiledIn::Yes { source_ids: source_ids(), has_own_id }
        }
        Defines::No => CompiledIn::No,
        Defines::NotKnown => CompiledIn::Stripped { source_ids: source_ids() },
    }
}

fn at_run_time(bytes: &[u8], needs: &[String]) -> Option<AtRunTime> {
    let has = |text: &str| memchr::memmem::find(bytes, text.as_bytes()).is_some();
    // What libsqlite3-sys panics with where its functions are to come from the process that loads the extension.
    if has("SQLite API not initialized") {
        return Some(AtRunTime::Extension);
    }
    let named = needs.iter().any(|library| library.starts_with(SQLITE));
    (!named && has("libsqlite3.so")).then_some(AtRunTime::Opens)
}

/// The releases in all `rustc version X` of these bytes (DW_AT_producer and `.comment`), sorted.
fn rustc_versions(bytes: &[u8]) -> Vec<String> {
    const SIGN: &[u8] = b"rustc version ";
    let mut found: Vec<String> = memchr::memmem::find_iter(bytes, SIGN)
        .filter_map(|at| {
            let rest = &bytes[at + SIGN.len()..];
            let end = rest.iter().take(40).position(|b| !(b.is_ascii_alphanumeric() || b"._-".contains(b)))?;
            let text = String::from_utf8_lossy(&rest[..end]).into_owned();
            text.starts_with(|c: char| c.is_ascii_digit()).then_some(text)
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The SQLite library that the loader resolves for an executable with this library path; `None` if it needs none. `loader`
/// is asked about a file that names none.
///
/// The executable itself is never started, but its loader, which prints the libraries. A file without loader and libraries
/// is static, and loads nothing. The answer is never remembered: a folder that the loader searches may be filled at any
/// time.
///
/// # Errors
/// The loader does not find the library, or does not answer.
pub(crate) fn resolved_sqlite(
    host: &Host,
    executable: &Path,
    inspection: &Inspection,
    loader: Option<&str>,
    library_path: Option<&str>,
) -> Result<Option<PathBuf>> {
    if inspection.needs.iter().all(|library| is_of_the_system(library)) {
        return Ok(None);
    }
    match inspection.loader.as_deref().or(loader) {
        Some(loader) => parse_loaded(&listed(host, executable, loader, library_path)?),
        None => Ok(None),
    }
}

/// Whether a library is one of the C library and the compiler, none of which loads a SQLite.
fn is_of_the_system(library: &str) -> bool {
    let name = library.split(".so").next().unwrap_or_default();
    matches!(name, "libc" | "libm" | "libpthread" | "libdl" | "librt" | "libutil" | "libgcc_s" | "linux-vdso")
        || name.starts_with("ld-")
        || name.starts_with("libc.musl-")
}

/// The libraries that the loader would load.
fn listed(host: &Host, executable: &Path, loader: &str, library_path: Option<&str>) -> Result<String> {
    let mut command = ask(loader, executable, &host.root);
    if let Some(path) = library_path {
        command = command.env("LD_LIBRARY_PATH", path);
    }
    command.timeout = Some(std::time::Duration::from_secs(30));
    let finished = host.run(&command).with_context(|| format!("{} needs the loader {loader}", executable.display()))?;
    if !finished.status.success() {
        bail!(
            "the loader does not report the libraries of {}: {}",
            executable.display(),
            last_lines(&finished.stderr.text(), 1)
        );
    }
    Ok(finished.stdout.text())
}

/// The loader started on this file so that it lists libraries. glibc's does so with LD_TRACE_LOADED_OBJECTS, and goes on
/// after one that it does not find; its `--list` stops there. Others may not know the variable, and would run the file;
/// musl's knows `--list` (ld.so(8); `ldso/dynlink.c` of musl).
fn ask(loader: &str, executable: &Path, root: &Path) -> Command {
    let name = Path::new(loader).file_name().unwrap_or_default().to_string_lossy();
    let is_glibc = ["ld-linux", "ld64.so", "ld.so", "ld-2."].iter().any(|start| name.starts_with(start));
    let file = executable.to_string_lossy().into_owned();
    let command = Command::new(loader, root);
    match is_glibc {
        true => command.args([file]).env("LD_TRACE_LOADED_OBJECTS", "1"),
        false => command.args(["--list".to_owned(), file]),
    }
}

fn parse_loaded(listed: &str) -> Result<Option<PathBuf>> {
    let Some(line) = listed.lines().map(str::trim).find(|line| line.starts_with(SQLITE)) else {
        return Ok(None);
    };
    match line.split_once("=> ").map(|(_, rest)| rest) {
        Some("not found") | None => bail!("the loader finds no {}", line.split(' ').next().unwrap_or_default()),
        Some(found) => Ok(Some(PathBuf::from(found.rsplit_once(" (").map_or(found, |(path, _)| path)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_s_list_is_read() {
        let list = "\tlinux-vdso.so.1 (0x7ff)\n\tlibsqlite3.so.0 => /a b/libsqlite3.so.0 (0x7f00)\n\tlibc.so.6 => /lib/libc.so.6 (0x7e)\n";
        assert_eq!(parse_loaded(list).unwrap(), Some(PathBuf::from("/a b/libsqlite3.so.0")));
        assert_eq!(parse_loaded("\tlibc.so.6 => /lib/libc.so.6 (0x7e)\n").unwrap(), None);
        let missing = parse_loaded("\tlibsqlite3.so.0 => not found\n").unwrap_err().to_string();
        assert_eq!(missing, "the loader finds no libsqlite3.so.0");
    }

    #[test]
    fn only_glibc_s_loader_is_trusted_with_the_variable() {
        for (loader, trusted) in [
            ("/lib64/ld-linux-x86-64.so.2", true),
            ("/lib/ld-linux-aarch64.so.1", true),
            ("/lib/ld-musl-x86_64.so.1", false),
            ("/own/ld", false),
        ] {
            let command = ask(loader, Path::new("/t/a"), Path::new("/"));
            assert_eq!(
                (command.program.as_str(), command.env.contains_key("LD_TRACE_LOADED_OBJECTS")),
                (loader, trusted)
            );
            assert_eq!(command.args.contains(&"--list".to_owned()), !trusted);
        }
    }

    #[test]
    fn the_loader_is_not_asked_about_libraries_of_the_system_alone() {
        for library in ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "libc.musl-x86_64.so.1"] {
            assert!(is_of_the_system(library), "{library}");
        }
        for library in ["libsqlite3.so.0", "libcurl.so.4", "libc++.so.1", "libown.so", "libcrypto.so.3"] {
            assert!(!is_of_the_system(library), "{library}");
        }
    }

    #[test]
    fn the_makers_of_an_executable_are_read() {
        let bytes = b"x rustc version 1.95.0 (5980 2026)\0clang LLVM (rustc version 1.97.0-nightly (e50 2026))\0rustc version of";
        assert_eq!(rustc_versions(bytes), ["1.95.0", "1.97.0-nightly"]);
    }
}
