//! The loader's question without a loader: which libraries would an executable get?
//!
//! Each loader's search order is in a file of its own, by its documentation. Where the documentation leaves it open, or
//! the answer hangs on something outside of files (a registry, a manifest), the answer is [`Found::Uncertain`].

mod cache;
mod dyld;
mod glibc;
mod musl;
mod paths;
mod windows;

use std::collections::BTreeMap;
use std::fmt;

use crate::binary::{read, Binary, Format, Kind, Machine, When};

pub use windows::WindowsFolders;

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
        /// Its name.
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

/// All libraries that an executable gets, in the order in which its loader looks for them; each file once.
pub fn libraries(executable: &Object, environment: &Environment, files: &dyn Files) -> Vec<Library> {
    match Loader::of(&executable.binary) {
        Loader::Glibc => glibc::libraries(executable, environment, files),
        Loader::Musl => musl::libraries(executable, environment, files),
        Loader::Dyld => dyld::libraries(executable, environment, files),
        Loader::Windows => windows::libraries(executable, environment, files),
    }
}

/// The first library that `wanted` takes by its file name, among all that the executable gets.
///
/// A library that is not found might have brought it. So if nothing else did, the answer is that one, unless `harmless`
/// says of its file name that it loads nothing of the kind.
pub fn resolve(
    executable: &Object,
    environment: &Environment,
    files: &dyn Files,
    wanted: &dyn Fn(&str) -> bool,
    harmless: &dyn Fn(&str) -> bool,
) -> Resolved {
    let is_static = executable.binary.needs.is_empty() && executable.binary.interpreter.is_none();
    if is_static && executable.binary.kind == Kind::Program {
        return Resolved::Static;
    }
    let all = libraries(executable, environment, files);
    let is_wanted = |library: &&Library| {
        wanted(paths::file_name(&library.name))
            || matches!(&library.found, Found::File(path) | Found::SharedCache(path) if wanted(paths::file_name(path)))
    };
    // One that is not there and may be missing is none; another may be.
    let counts = |library: &&Library| library.when != When::IfThere || !matches!(library.found, Found::Missing { .. });
    if let Some(first) = all.iter().filter(is_wanted).find(counts) {
        return answer(first);
    }
    let lost = all.iter().filter(counts).find(|library| {
        !harmless(paths::file_name(&library.name))
            && matches!(library.found, Found::Missing { .. } | Found::Refused { .. } | Found::Uncertain { .. })
    });
    lost.map_or(Resolved::NotNeeded, answer)
}

fn answer(library: &Library) -> Resolved {
    match &library.found {
        Found::File(path) => Resolved::File(path.clone()),
        Found::SharedCache(path) => Resolved::SharedCache(path.clone()),
        Found::Missing { searched } => Resolved::NotFound { name: library.name.clone(), searched: searched.clone() },
        Found::Refused { path, why } => {
            Resolved::Unknown { why: format!("is given {path} by its loader, which {why}") }
        }
        Found::Uncertain { why } => Resolved::Unknown { why: format!("asks for {}: {why}", library.name) },
        Found::Builtin => Resolved::Unknown { why: format!("gets {} from the system itself", library.name) },
    }
}

/// A file that a loader tries.
enum Tried {
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
fn tried(files: &dyn Files, path: &str, format: Format, machine: &Machine) -> Tried {
    let Some(bytes) = files.read(path) else { return Tried::None };
    match read(&bytes, Some(machine)) {
        Ok(binary) if binary.format != format => Tried::Bad(format!("is a {} file", binary.format)),
        Ok(binary) if binary.machine != *machine => Tried::Other(binary.machine),
        Ok(binary) => Tried::Loadable(binary),
        Err(crate::Unreadable::Slices { has, .. }) if has.len() == 1 => Tried::Other(has[0].clone()),
        Err(error) => Tried::Bad(error.to_string()),
    }
}
