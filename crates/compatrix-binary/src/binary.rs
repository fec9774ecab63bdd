//! A file of one of the three formats, as far as a loader cares.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a file asks its loader for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binary {
    /// How the file is written.
    pub format: Format,
    /// The processor that it is for.
    pub machine: Machine,
    /// Whether it is to be started or to be loaded.
    pub kind: Kind,
    /// The loader that it names: PT_INTERP of ELF, LC_LOAD_DYLINKER of Mach-O.
    pub interpreter: Option<String>,
    /// Its own name as a library: DT_SONAME, LC_ID_DYLIB, the name in the table of exports.
    pub name: Option<String>,
    /// The libraries that it names, in the order of the file.
    pub needs: Vec<Need>,
    /// The folders in DT_RPATH. An empty one is kept: it means the current folder.
    pub rpath: Vec<String>,
    /// The folders in DT_RUNPATH, or in LC_RPATH.
    pub runpath: Vec<String>,
    /// Whether the loader is to leave out its cache and its default folders (DF_1_NODEFLIB).
    pub no_defaults: bool,
}

impl Binary {
    /// One that names nothing.
    pub(crate) fn new(format: Format, machine: Machine, kind: Kind) -> Self {
        Self {
            format,
            machine,
            kind,
            interpreter: None,
            name: None,
            needs: Vec::new(),
            rpath: Vec::new(),
            runpath: Vec::new(),
            no_defaults: false,
        }
    }

    /// The names of the libraries that it names.
    pub fn needed(&self) -> impl Iterator<Item = &str> {
        self.needs.iter().map(|need| need.name.as_str())
    }
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Format {
    /// Linux and most of Unix: elf(5).
    Elf,
    /// macOS: `<mach-o/loader.h>`.
    MachO,
    /// Windows: Microsoft's "PE Format".
    Pe,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// It is started. A position-independent ELF executable is one that names an interpreter, or is marked as one.
    Program,
    /// It is loaded.
    Library,
}

/// A processor, by the word that rustc has for it; the number of the format where there is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Machine(pub String);

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A library that a file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// As the file has it: a bare name, a path, or one that begins with `@rpath`.
    pub name: String,
    /// When the loader looks for it.
    pub when: When,
}

/// When a loader looks for a library, and what it does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// At the start, which fails without.
    AtStart,
    /// At the start, which goes on without (LC_LOAD_WEAK_DYLIB).
    IfThere,
    /// When a function of it is called first (delayed import of PE, LC_LAZY_LOAD_DYLIB).
    OnFirstCall,
}

/// Why a file is no [`Binary`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unreadable {
    /// It is of none of the three formats.
    OtherFormat,
    /// It is to be linked before anything can load it.
    NotLinked(Format),
    /// A Mach-O file without load commands: nothing could start it.
    NoLoadCommands,
    /// A universal Mach-O file has no slice for the wanted machine, or several and none is wanted.
    Slices {
        /// What it has.
        has: Vec<Machine>,
        /// What was wanted.
        wanted: Option<Machine>,
    },
    /// It ends too early or contradicts itself.
    Damaged {
        /// The format that it begins as.
        format: Format,
        /// What is wrong.
        why: String,
    },
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Elf => "ELF",
            Format::MachO => "Mach-O",
            Format::Pe => "PE",
        })
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |all: &[Machine]| all.iter().map(|one| one.0.as_str()).collect::<Vec<_>>().join(", ");
        match self {
            Unreadable::OtherFormat => f.write_str("is no ELF, Mach-O or PE file"),
            Unreadable::NotLinked(format) => write!(f, "is an object file ({format}), which no loader takes"),
            Unreadable::NoLoadCommands => f.write_str("is a Mach-O file without load commands, which cannot be loaded"),
            Unreadable::Slices { has, wanted: Some(wanted) } => {
                write!(f, "is a universal Mach-O file of {}, without a slice for {wanted}", list(has))
            }
            Unreadable::Slices { has, wanted: None } => {
                write!(f, "is a universal Mach-O file of {}; which slice is meant is not known", list(has))
            }
            Unreadable::Damaged { format, why } => write!(f, "is a damaged {format} file: {why}"),
        }
    }
}

impl std::error::Error for Unreadable {}

impl Unreadable {
    pub(crate) fn damaged(format: Format, why: impl fmt::Display) -> Self {
        Unreadable::Damaged { format, why: why.to_string() }
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The text up to the first zero; `None` without one.
pub(crate) fn zero_ended(bytes: &[u8]) -> Option<&[u8]> {
    memchr::memchr(0, bytes).map(|end| &bytes[..end])
}
