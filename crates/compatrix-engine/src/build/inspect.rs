//! Inspects a test executable: what is in the file.

use std::path::Path;

use anyhow::Result;
use compatrix_model::hash::Sha256;
use serde::{Deserialize, Serialize};

use super::machine;
use crate::find::sqlite;
use crate::sys::elf::{self, Defines};
use crate::sys::files;
use crate::sys::host::Host;

/// How the file name of SQLite's shared library begins.
pub(super) const SQLITE: &str = "libsqlite3.";

/// The file name of SQLite's library on Windows.
pub(crate) const DLL: &str = "sqlite3.dll";

/// The contents of an executable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inspection {
    /// The file's hash.
    pub sha256: Sha256,
    /// Its format and architecture: `ELF x86_64`; `None` if it is none that is known.
    #[serde(default)]
    pub machine: Option<String>,
    /// Whether SQLite is compiled in.
    pub compiled_in: CompiledIn,
    /// How it gets a SQLite while it runs, if it seems to.
    pub at_run_time: Option<AtRunTime>,
    /// The loader that starts it; `None` of a static executable and of a shared library.
    pub loader: Option<String>,
    /// The shared libraries that it names itself.
    pub needs: Vec<String>,
    /// The folders in which the loader is to look for them.
    pub folders: Vec<String>,
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
    host.memo.fact(&format!("inspection 2 {}", path.display()), &files::stamp(path)?, || {
        let bytes = files::read(path)?;
        let mut asks = elf::asks(&bytes);
        let machine = machine::of(&bytes);
        if machine.as_ref().is_some_and(|machine| machine.starts_with("PE")) && names_dll(&bytes) {
            asks.libraries.push(DLL.to_owned());
        }
        Ok(Inspection {
            sha256: files::hash_bytes(&bytes),
            machine,
            compiled_in: compiled_in(&bytes),
            at_run_time: at_run_time(&bytes, &asks.libraries),
            loader: asks.loader,
            needs: asks.libraries,
            folders: asks.folders,
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

/// Whether a Windows program has the name of SQLite's library in it, in which case it may load that one.
fn names_dll(bytes: &[u8]) -> bool {
    let is_name =
        |at: usize| bytes.get(at..at + DLL.len()).is_some_and(|text| text.eq_ignore_ascii_case(DLL.as_bytes()));
    memchr::memchr2_iter(b's', b'S', bytes).any(is_name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_makers_of_an_executable_are_read() {
        let bytes = b"x rustc version 1.95.0 (5980 2026)\0clang LLVM (rustc version 1.97.0-nightly (e50 2026))\0rustc version of";
        assert_eq!(rustc_versions(bytes), ["1.95.0", "1.97.0-nightly"]);
    }
}
