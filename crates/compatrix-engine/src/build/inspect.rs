//! Inspects a test executable: its contents, and the libraries that the loader resolves for it.

use std::path::{Path, PathBuf};

use anyhow::{bail, Result};
use compatrix_model::hash::Sha256;
use serde::{Deserialize, Serialize};

use crate::find::sqlite;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// The contents of an executable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inspection {
    /// The file's hash.
    pub sha256: Sha256,
    /// The source id of the bundled SQLite, if any.
    pub source_id: Option<String>,
    /// The rustc releases recorded in it (`rustc version 1.95.0`), if any.
    pub rustc: Vec<String>,
}

/// Inspects an executable; remembered by its stamp.
pub(crate) fn executable(host: &Host, path: &Path) -> Result<Inspection> {
    host.memo.fact(&format!("executable {}", path.display()), &files::stamp(path)?, || {
        let bytes = files::read(path)?;
        Ok(Inspection {
            sha256: files::hash_bytes(&bytes),
            source_id: sqlite::source_id_in(&bytes),
            rustc: rustc_versions(&bytes),
        })
    })
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

/// The SQLite library that the loader resolves for an executable with this library path; `None` if it needs none.
///
/// With LD_TRACE_LOADED_OBJECTS, glibc's loader prints the libraries instead of starting the program, see ld.so(8).
///
/// # Errors
/// The loader does not find the library, or does not answer.
pub(crate) fn resolved_sqlite(
    host: &Host,
    executable: &Path,
    sha256: Sha256,
    library_path: Option<&str>,
) -> Result<Option<PathBuf>> {
    parse_loaded(&listed(host, executable, sha256, library_path)?)
}

/// The libraries that the loader would load.
fn listed(host: &Host, executable: &Path, sha256: Sha256, library_path: Option<&str>) -> Result<String> {
    let path = library_path.unwrap_or_default();
    let cache = files::stamp(Path::new("/etc/ld.so.cache")).unwrap_or_default();
    host.memo.fact(&format!("loader {} {path}", executable.display()), &format!("{sha256} {cache}"), || {
        let mut command = Command::new(executable.to_string_lossy(), &host.root).env("LD_TRACE_LOADED_OBJECTS", "1");
        if let Some(path) = library_path {
            command = command.env("LD_LIBRARY_PATH", path);
        }
        command.timeout = Some(std::time::Duration::from_secs(30));
        let finished = host.run(&command)?;
        if !finished.status.success() {
            bail!(
                "the loader does not report the libraries of {}: {}",
                executable.display(),
                last_lines(&finished.stderr.text(), 1)
            );
        }
        Ok(finished.stdout.text())
    })
}

fn parse_loaded(listed: &str) -> Result<Option<PathBuf>> {
    let Some(line) = listed.lines().map(str::trim).find(|line| line.starts_with("libsqlite3.")) else {
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
    fn the_makers_of_an_executable_are_read() {
        let bytes = b"x rustc version 1.95.0 (5980 2026)\0clang LLVM (rustc version 1.97.0-nightly (e50 2026))\0rustc version of";
        assert_eq!(rustc_versions(bytes), ["1.95.0", "1.97.0-nightly"]);
    }
}
