//! Inspects a test executable: what is in the file.

use std::path::Path;

use anyhow::Result;
use compatrix_binary::{rustc, sqlite, Binary, Format, Unreadable};
use compatrix_model::hash::Sha256;
use serde::{Deserialize, Serialize};

use crate::sys::files;
use crate::sys::host::Host;

pub(crate) use compatrix_binary::sqlite::CompiledIn;

/// How the file name of SQLite's shared library begins on Unix.
pub(super) const SQLITE: &str = "libsqlite3.";

/// Whether a file name is that of a SQLite: on Unix, on Windows (MSYS2 and Windows itself have names of their own).
pub(crate) fn is_sqlite(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with(SQLITE) || ["sqlite3.dll", "libsqlite3-0.dll", "winsqlite3.dll"].contains(&name.as_str())
}

/// The contents of an executable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inspection {
    /// The file's hash.
    pub sha256: Sha256,
    /// Whether SQLite is compiled in.
    pub compiled_in: CompiledIn,
    /// How it gets a SQLite while it runs, if it seems to.
    pub at_run_time: Option<AtRunTime>,
    /// What it asks its loader for, or why that is not known.
    pub asks: Result<Binary, Unreadable>,
    /// The rustc releases recorded in it (`rustc version 1.95.0`), if any.
    pub rustc: Vec<String>,
    /// The marks of compilers in the names of Rust's runtime, if any: what is left where no release is recorded.
    pub marks: Vec<String>,
}

impl Inspection {
    /// The loader that starts it; `None` of a static executable, of a shared library, and of what is no executable.
    pub(crate) fn loader(&self) -> Option<&str> {
        self.asks.as_ref().ok().filter(|asks| asks.format == Format::Elf)?.interpreter.as_deref()
    }

    /// The shared libraries that it names itself.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &str> {
        self.asks.iter().flat_map(Binary::needed)
    }

    /// Its format and architecture: `ELF x86_64`; `None` of what no loader takes.
    pub(crate) fn machine(&self) -> Option<String> {
        self.asks.as_ref().ok().map(|asks| format!("{} {}", asks.format, asks.machine))
    }

    /// The folders in which the loader is to look for them.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &str> {
        let all = self.asks.iter().flat_map(|asks| asks.rpath.iter().chain(&asks.runpath));
        all.map(String::as_str).filter(|folder| !folder.is_empty())
    }
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
    host.memo.fact(&format!("inspection 5 {}", path.display()), &files::stamp(path)?, || {
        let bytes = files::read(path)?;
        let asks = compatrix_binary::read(&bytes, None);
        let needs: Vec<&str> = asks.iter().flat_map(Binary::needed).collect();
        Ok(Inspection {
            sha256: files::hash_bytes(&bytes),
            compiled_in: sqlite::compiled_in(&bytes, None),
            at_run_time: at_run_time(&bytes, &needs),
            rustc: rustc::releases(&bytes),
            marks: rustc::marks(&bytes),
            asks,
        })
    })
}

fn at_run_time(bytes: &[u8], needs: &[&str]) -> Option<AtRunTime> {
    let has = |text: &str| memchr::memmem::find(bytes, text.as_bytes()).is_some();
    // What libsqlite3-sys panics with where its functions are to come from the process that loads the extension.
    if has("SQLite API not initialized") {
        return Some(AtRunTime::Extension);
    }
    let named = needs.iter().any(|library| is_sqlite(library.rsplit('/').next().unwrap_or(library)));
    let opens = ["libsqlite3.so", "libsqlite3.dylib", "sqlite3.dll"].into_iter().any(has);
    (!named && opens).then_some(AtRunTime::Opens)
}
