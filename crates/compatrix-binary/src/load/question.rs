//! The question to a loader and its answer, and the one thing that all loaders do: try a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::binary::{Binary, Format, Machine, Unreadable, When};
use crate::read::read;

/// The files of the target system, by its own paths.
pub trait Files {
    /// The contents; `None` if there is no such file, or if it cannot be read. On Windows the case of names is of no
    /// matter, on macOS it is as the file system has it.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// Whether there is such a folder.
    fn is_folder(&self, path: &str) -> bool;

    /// The path without symbolic links.
    fn real(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// Which loader is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loader {
    /// ld.so(8).
    Glibc,
    /// `ldso/dynlink.c` of musl.
    Musl,
    /// dyld(1).
    Dyld,
    /// Microsoft's "Dynamic-link library search order".
    Windows,
}

/// What the loader's answer hangs on, beside the files.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The variables of the process.
    pub variables: BTreeMap<String, String>,
    /// The current folder of the process.
    pub current: String,
    /// glibc: the folders below each folder that are searched before it, in this order (`glibc-hwcaps/x86-64-v3`); what
    /// `ld.so --help` calls "searched".
    pub hwcaps: Vec<String>,
    /// glibc: the folders that are searched last; those of the usual distributions if it is empty.
    pub defaults: Vec<String>,
    /// glibc: what `$LIB` stands for.
    pub lib: String,
    /// glibc: what `$PLATFORM` stands for.
    pub platform: String,
    /// Windows: its folders.
    pub windows: WindowsFolders,
}

/// Where a library was found, if it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// In this file.
    File(String),
    /// In the loader itself, or in what the system has built in: no file of its own.
    Builtin,
    /// In dyld's shared cache under this path: there is no file, and only a probe on that system can identify it.
    SharedCache(String),
    /// Nowhere.
    Missing {
        /// Where the loader looked, in order, with what stopped it at that file.
        searched: Vec<String>,
    },
    /// The loader stops at a file that it cannot load.
    Refused {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// It cannot be said from files.
    Uncertain {
        /// Why not.
        why: String,
    },
}

/// A library that an executable gets, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// The name that was asked for.
    pub name: String,
    /// Who asked: the path of a file, or a variable such as `LD_PRELOAD`.
    pub by: String,
    /// When the loader looks for it.
    pub when: When,
    /// What it finds.
    pub found: Found,
}

/// The answer to the question about one library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The executable names no library at all, and has no loader.
    Static,
    /// Nothing that it loads is that library.
    NotNeeded,
    /// It gets this file.
    File(String),
    /// It gets the one in dyld's shared cache.
    SharedCache(String),
    /// The library, or one that might bring it, is nowhere.
    NotFound {
        /// As it was asked for.
        name: String,
        /// Where the loader looks, in order.
        searched: Vec<String>,
    },
    /// The loader stops, or the files do not say.
    Unknown {
        /// Why, as the rest of a sentence about the executable.
        why: String,
    },
}

/// An executable with its path.
#[derive(Debug, Clone)]
pub struct Object {
    /// Where it is, without symbolic links if it is the executable.
    pub path: String,
    /// What it asks for.
    pub binary: Binary,
}

impl Loader {
    /// The loader of an executable, by its format and the interpreter that it names.
    pub fn of(binary: &Binary) -> Loader {
        match binary.format {
            Format::MachO => Loader::Dyld,
            Format::Pe => Loader::Windows,
            Format::Elf => {
                let named = |name: &str| name.rsplit('/').next().unwrap_or(name).starts_with("ld-musl-");
                let needs_musl = || binary.needs.iter().any(|need| need.name.starts_with("libc.musl-"));
                match binary.interpreter.as_deref() {
                    Some(interpreter) if named(interpreter) => Loader::Musl,
                    None if needs_musl() => Loader::Musl,
                    _ => Loader::Glibc,
                }
            }
        }
    }
}

impl fmt::Display for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Loader::Glibc => "glibc's loader",
            Loader::Musl => "musl's loader",
            Loader::Dyld => "dyld",
            Loader::Windows => "Windows",
        })
    }
}

/// Where Windows, or a prefix of wine, keeps its own.
#[derive(Debug, Clone, Default)]
pub struct WindowsFolders {
    /// `C:\Windows\System32`; of 32-bit programs SysWOW64.
    pub system32: String,
    /// `C:\Windows\System`.
    pub system: String,
    /// `C:\Windows`.
    pub windows: String,
    /// The names under `HKLM\…\Session Manager\KnownDLLs`, in lower case.
    pub known: BTreeSet<String>,
    /// Whether SafeDllSearchMode is off.
    pub is_unsafe: bool,
    /// Whether it is wine, which passes over a DLL of another architecture; of Windows that is not documented.
    pub is_wine: bool,
}

/// A file that a loader tries.
pub(super) enum Tried {
    /// It can be loaded.
    Loadable(Binary),
    /// There is none.
    None,
    /// It is for another processor, or of another width.
    Other(Machine),
    /// It is no library, or a damaged one.
    Bad(String),
}

/// Tries a file as a library for an executable of this format and machine.
pub(super) fn tried(files: &dyn Files, path: &str, format: Format, machine: &Machine) -> Tried {
    let Some(bytes) = files.read(path) else { return Tried::None };
    match read(&bytes, Some(machine)) {
        Ok(binary) if binary.format != format => Tried::Bad(format!("is a {} file", binary.format)),
        Ok(binary) if binary.machine != *machine => Tried::Other(binary.machine),
        Ok(binary) => Tried::Loadable(binary),
        Err(Unreadable::Slices { has, .. }) if has.len() == 1 => Tried::Other(has[0].clone()),
        Err(error) => Tried::Bad(error.to_string()),
    }
}
