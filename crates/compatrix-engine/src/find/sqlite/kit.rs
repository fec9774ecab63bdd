//! What an exact SQLite is built with and for: by the compiler of this system, by that of a root, or for another target.

use std::path::Path;

use anyhow::Result;

use super::identity::{self, Identity};
use crate::find::c_compiler;
use crate::find::facts::{Foreign, RootFacts};
use crate::find::root;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::Command;

/// The shared library's name here, which is also its soname.
const LIBRARY: &str = "libsqlite3.so.0";
/// Its name on Windows.
const DLL: &str = "sqlite3.dll";

/// Compiler and system of a library.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kit<'a> {
    /// Of this system.
    Here,
    /// A userland in the cache, by its own compiler.
    Root(&'a RootFacts),
    /// Of a target of Windows.
    Windows {
        /// rustc's name of the target.
        triple: &'a str,
        /// What compiles and starts its programs.
        with: &'a Foreign,
    },
}

impl Kit<'_> {
    /// The library's file name.
    pub(super) fn file(&self) -> &'static str {
        match self {
            Kit::Here | Kit::Root(_) => LIBRARY,
            Kit::Windows { .. } => DLL,
        }
    }

    /// Distinguishes the kit's folders in the cache; `None` for this system.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Kit::Here => None,
            Kit::Root(root) => Some(&root.tree),
            Kit::Windows { triple, .. } => Some(triple),
        }
    }

    /// Where it is built, as the end of a sentence.
    pub(super) fn place(&self) -> String {
        match self {
            Kit::Here => String::new(),
            Kit::Root(root) => format!(", in the root of {}", root.system),
            Kit::Windows { triple, .. } => format!(", for {triple}"),
        }
    }

    /// Why there is no compiler, if there is none. That of a root is taken to be there.
    pub(super) fn lacks_compiler(&self, host: &Host) -> Option<String> {
        let program = match self {
            Kit::Root(_) => return None,
            Kit::Here => c_compiler::words(host).into_iter().next().unwrap_or_default(),
            Kit::Windows { with, .. } => with.compiler.clone(),
        };
        let package = if matches!(self, Kit::Here) { "gcc" } else { "gcc-mingw-w64" };
        let advice = format!("a C compiler (`{program}`); `apt-get install {package}` or its like installs one");
        host.ambient.find(&program).is_none().then_some(advice)
    }

    /// What compiles and starts programs of the library's target.
    pub(super) fn foreign(&self) -> Option<&Foreign> {
        match self {
            Kit::Here | Kit::Root(_) => None,
            Kit::Windows { with, .. } => Some(with),
        }
    }

    /// Those of these definitions that are true for this kit: `HAVE_` says what the C library of a Unix has.
    pub(super) fn definitions(&self, options: Vec<String>) -> Vec<String> {
        let is_windows = matches!(self, Kit::Windows { .. });
        options.into_iter().filter(|option| !(is_windows && option.starts_with("HAVE_"))).collect()
    }

    /// Compiles `sqlite3.c` of this folder into the library, with these definitions, and asks it which SQLite it is.
    ///
    /// # Errors
    /// It does not compile, or does not answer.
    pub(super) fn make(
        &self,
        host: &Host,
        (source, dir): (&Path, &Path),
        options: &[String],
        what: &str,
    ) -> Result<Identity> {
        let library = dir.join(self.file());
        let inside = match self {
            Kit::Root(root) => Some(root::of_compiler(host, root, source, &[dir.to_owned()])),
            Kit::Here | Kit::Windows { .. } => None,
        };
        // -O1 compiles three times faster than -O2, and only behaviour is tested here.
        let command = match self {
            Kit::Windows { with, .. } => Command::new(&with.compiler, dir)
                .args(["-O1", "-shared", "-static-libgcc", "-Wl,--out-implib,libsqlite3.dll.a", "-w"])
                .envs(&host.ambient.for_builds()),
            Kit::Here | Kit::Root(_) => c_compiler::cc(host, inside.as_ref(), dir)?.args([
                "-O1",
                "-fPIC",
                "-shared",
                &format!("-Wl,-soname,{LIBRARY}"),
                "-w",
            ]),
        };
        let command = command.args(options.iter().map(|option| format!("-D{option}"))).args([
            "-o",
            &library.to_string_lossy(),
            &source.join("sqlite3.c").to_string_lossy(),
        ]);
        let command = match self {
            Kit::Windows { .. } => command,
            Kit::Here | Kit::Root(_) => command.args(["-lpthread", "-ldl", "-lm"]),
        };
        c_compiler::compile(host, &command, what)?;
        if matches!(self, Kit::Here | Kit::Root(_)) {
            files::symlink(LIBRARY, &dir.join("libsqlite3.so"))?;
        }
        identity::of_any_library(host, (inside.as_ref(), self.foreign()), &library)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_unix_has_is_not_said_of_windows() {
        let with = Foreign { compiler: "x86_64-w64-mingw32-gcc".to_owned(), runner: Vec::new(), is_wine: false };
        let windows = Kit::Windows { triple: "x86_64-pc-windows-gnu", with: &with };
        let all = || ["SQLITE_ENABLE_FTS5", "HAVE_LOCALTIME_R=1", "HAVE_USLEEP"].map(str::to_owned).to_vec();
        assert_eq!(windows.definitions(all()), ["SQLITE_ENABLE_FTS5"]);
        assert_eq!(Kit::Here.definitions(all()), all());
        assert_eq!((windows.file(), Kit::Here.file()), ("sqlite3.dll", "libsqlite3.so.0"));
    }
}
