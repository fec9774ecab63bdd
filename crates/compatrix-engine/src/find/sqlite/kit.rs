//! What an exact SQLite is built with and for: by the compiler of this system, by that of a root, or for another target.

use std::path::Path;

use anyhow::Result;

use super::identity::{self, Identity};
use crate::find::c_compiler;
use crate::find::facts::{Foreign, RootFacts};
use crate::find::root;
use crate::sys::files;
use crate::sys::host::Host;

/// The shared library's name here, which is also its soname.
const LIBRARY: &str = "libsqlite3.so.0";
/// Its name on Windows.
const DLL: &str = "sqlite3.dll";
/// Its file for macOS. No library of the system has this name: a run that loses DYLD_LIBRARY_PATH fails instead of finding
/// the system's SQLite in `/usr/lib`, and what Apple's own libraries ask for is not found here. So the name that the linker
/// looks for is in another folder.
const DYLIB: &str = "run/libsqlite3.exact.dylib";
/// What programs ask for that are linked with it: no folder, so that nothing but the variable finds it.
const INSTALL_NAME: &str = "@rpath/libsqlite3.exact.dylib";

/// Compiler and system of a library.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kit<'a> {
    /// Of this system.
    Here,
    /// A userland in the cache, by its own compiler.
    Root(&'a RootFacts),
    /// A target of Windows, by what compiles and starts its programs.
    Windows(&'a Foreign),
    /// The same of macOS.
    MacOs(&'a Foreign),
}

impl<'a> Kit<'a> {
    /// Of a target that shared libraries are made for.
    pub(crate) fn of_target(with: &'a Foreign) -> Self {
        if with.is_windows() {
            Kit::Windows(with)
        } else {
            Kit::MacOs(with)
        }
    }
}

impl Kit<'_> {
    /// The library's file name.
    pub(super) fn file(&self) -> &'static str {
        match self {
            Kit::Here | Kit::Root(_) => LIBRARY,
            Kit::Windows(_) => DLL,
            Kit::MacOs(_) => DYLIB,
        }
    }

    /// Distinguishes the kit's folders in the cache; `None` for this system.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Kit::Here => None,
            Kit::Root(root) => Some(&root.tree),
            Kit::Windows(with) | Kit::MacOs(with) => Some(&with.triple),
        }
    }

    /// Where it is built, as the end of a sentence.
    pub(super) fn place(&self) -> String {
        match self {
            Kit::Here => String::new(),
            Kit::Root(root) => format!(", in the root of {}", root.system),
            Kit::Windows(with) | Kit::MacOs(with) => format!(", for {}", with.triple),
        }
    }

    /// Why there is no compiler, if there is none. That of a root is taken to be there.
    pub(crate) fn lacks_compiler(&self, host: &Host) -> Option<String> {
        let (program, how) = match self {
            Kit::Root(_) => return None,
            Kit::Here => (c_compiler::words(host).into_iter().next().unwrap_or_default(), installs("gcc")),
            Kit::Windows(with) => (with.compiler.first().cloned().unwrap_or_default(), installs("gcc-mingw-w64")),
            Kit::MacOs(with) => {
                let variable = format!("CC_{}", with.triple.replace('-', "_"));
                let arch = with.triple.split('-').next().unwrap_or_default();
                let how = format!("the variable {variable} names one; zig's is `zig cc -target {arch}-macos`");
                match with.compiler.first() {
                    Some(program) => (program.clone(), how),
                    None => return Some(format!("a C compiler for {}: {how}", with.triple)),
                }
            }
        };
        host.ambient.find(&program).is_none().then(|| format!("a C compiler (`{program}`); {how}"))
    }

    /// What compiles and starts programs of the library's target.
    pub(super) fn foreign(&self) -> Option<&Foreign> {
        match self {
            Kit::Here | Kit::Root(_) => None,
            Kit::Windows(with) | Kit::MacOs(with) => Some(with),
        }
    }

    /// Those of these definitions that are true for this kit: `HAVE_` says what the C library of a Unix has.
    pub(super) fn definitions(&self, options: Vec<String>) -> Vec<String> {
        let is_windows = matches!(self, Kit::Windows(_));
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
        files::make_dir(library.parent().unwrap_or(dir))?;
        let inside = match self {
            Kit::Root(root) => Some(root::of_compiler(host, root, &[source, dir])),
            Kit::Here | Kit::Windows(_) | Kit::MacOs(_) => None,
        };
        // -O1 compiles three times faster than -O2, and only behaviour is tested here.
        let command = match self {
            Kit::Windows(with) => c_compiler::of_target(host, with, dir)?.args([
                "-O1",
                "-shared",
                "-static-libgcc",
                "-Wl,--out-implib,libsqlite3.dll.a",
                "-w",
            ]),
            Kit::MacOs(with) => c_compiler::of_target(host, with, dir)?.args([
                "-O1",
                "-fPIC",
                "-dynamiclib",
                "-install_name",
                INSTALL_NAME,
                "-w",
            ]),
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
            Kit::Windows(_) | Kit::MacOs(_) => command,
            Kit::Here | Kit::Root(_) => command.args(["-lpthread", "-ldl", "-lm"]),
        };
        c_compiler::compile(host, &command, what)?;
        match self {
            Kit::Here | Kit::Root(_) => files::symlink(LIBRARY, &dir.join("libsqlite3.so"))?,
            Kit::MacOs(_) => files::symlink(DYLIB, &dir.join("libsqlite3.dylib"))?,
            Kit::Windows(_) => {}
        }
        identity::of_any_library(host, (inside.as_ref(), self.foreign()), &library)
    }
}

/// How a package of this name is installed.
fn installs(package: &str) -> String {
    format!("`apt-get install {package}` or its like installs one")
}

#[cfg(test)]
mod tests {
    use compatrix_model::evidence::IdentifiedBy;

    use super::*;

    fn of(triple: &str, compiler: &[&str]) -> Foreign {
        let compiler = compiler.iter().map(|word| (*word).to_owned()).collect();
        Foreign { triple: triple.to_owned(), compiler, runner: Vec::new(), is_wine: false }
    }

    #[test]
    fn what_a_unix_has_is_not_said_of_windows() {
        let with = of("x86_64-pc-windows-gnu", &["x86_64-w64-mingw32-gcc"]);
        let windows = Kit::of_target(&with);
        let all = || ["SQLITE_ENABLE_FTS5", "HAVE_LOCALTIME_R=1", "HAVE_USLEEP"].map(str::to_owned).to_vec();
        assert_eq!(windows.definitions(all()), ["SQLITE_ENABLE_FTS5"]);
        assert_eq!(Kit::Here.definitions(all()), all());
        assert_eq!((windows.file(), Kit::Here.file()), ("sqlite3.dll", "libsqlite3.so.0"));
        let macos = of("aarch64-apple-darwin", &["clang"]);
        assert_eq!(Kit::of_target(&macos).definitions(all()), all(), "macOS is a Unix");
    }

    #[test]
    #[cfg(unix)] // `sh` is to be there
    fn where_no_compiler_is_it_says_what_names_one() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::for_test(dir.path());
        let lacks = |compiler: &[&str]| Kit::of_target(&of("x86_64-apple-darwin", compiler)).lacks_compiler(&host);
        let advice = "the variable CC_x86_64_apple_darwin names one; zig's is `zig cc -target x86_64-macos`";
        assert_eq!(lacks(&[]).unwrap(), format!("a C compiler for x86_64-apple-darwin: {advice}"));
        assert_eq!(lacks(&["no-such-cc", "-x"]).unwrap(), format!("a C compiler (`no-such-cc`); {advice}"));
        assert_eq!(lacks(&["sh"]), None);
        let windows = of("x86_64-pc-windows-gnu", &["no-such-cc"]);
        let advice = Kit::of_target(&windows).lacks_compiler(&host).unwrap();
        assert!(advice.contains("apt-get install gcc-mingw-w64"), "{advice}");
    }

    /// A source that says what SQLite does, instead of all of it.
    const SOURCE: &str = "const char sqlite3_version[] = \"3.46.0\";\n\
        const char *sqlite3_libversion(void) { return sqlite3_version; }\n\
        const char *sqlite3_sourceid(void) { return \"2024-05-23 13:25:27 \
        96c92aba00c8375bc32fafcdf12429c58bd8aabfcadab6683e35bbb9cdebf19e\"; }\n\
        static const char *const sqlite3azCompileOpt[] = {\n\
        #ifdef SQLITE_ENABLE_FTS5\n\"ENABLE_FTS5\",\n#endif\n\"THREADSAFE=1\" };\n\
        const char *sqlite3_compileoption_get(int n) { return (unsigned)n < 2 ? sqlite3azCompileOpt[n] : 0; }\n";

    /// zig as the C compiler of macOS, which `ci/platforms/install` puts into the user's cache; `None` where it is not.
    #[allow(clippy::disallowed_methods, reason = "where this machine has it")]
    fn zig(host: &Host, arch: &str) -> Option<Vec<String>> {
        let var = |name: &str| std::env::var_os(name).map(std::path::PathBuf::from);
        let cache = var("XDG_CACHE_HOME").or_else(|| Some(var("HOME")?.join(".cache")));
        let platforms = var("COMPATRIX_PLATFORMS").or_else(|| Some(cache?.join("compatrix/platforms")))?;
        let python = platforms.join("zig/bin/python");
        if !python.is_file() {
            println!("skipped: zig is not here; ci/platforms/install installs it");
            return None;
        }
        let (python, caches) = (python.display(), platforms.join("zig-cache").display().to_string());
        let script = format!(
            "#!/bin/sh\nexport ZIG_GLOBAL_CACHE_DIR='{caches}' ZIG_LOCAL_CACHE_DIR='{caches}'\n\
             exec '{python}' -m ziglang \"$@\"\n"
        );
        let zig = host.root.join("zig");
        files::write(&zig, script.as_bytes()).unwrap();
        files::make_executable(&zig).unwrap();
        let words = [zig.display().to_string(), "cc".to_owned(), "-target".to_owned(), format!("{arch}-macos")];
        Some(words.to_vec())
    }

    /// Nothing here starts a program of macOS: the library is read.
    #[test]
    fn a_dylib_is_made_and_read() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::for_test(dir.path());
        let Some(compiler) = zig(&host, "aarch64") else { return };
        let with = Foreign { triple: "aarch64-apple-darwin".to_owned(), compiler, runner: Vec::new(), is_wine: false };
        let kit = Kit::of_target(&with);
        let source = dir.path().join("source");
        files::make_dir(&source).unwrap();
        files::write(&source.join("sqlite3.c"), SOURCE.as_bytes()).unwrap();
        let options = kit.definitions(vec!["SQLITE_ENABLE_FTS5".to_owned()]);
        let said = kit.make(&host, (&source, dir.path()), &options, "SQLite").unwrap();
        assert_eq!((said.version.as_str(), said.by), ("3.46.0", IdentifiedBy::File));
        assert_eq!(said.source_id.split(' ').next(), Some("2024-05-23"));
        assert_eq!(said.compile_options, ["ENABLE_FTS5", "THREADSAFE=1"]);
        let library = dir.path().join(kit.file());
        let binary = compatrix_binary::read(&files::read(&library).unwrap(), None).unwrap();
        assert_eq!((binary.machine.0.as_str(), binary.name.as_deref()), ("aarch64", Some(INSTALL_NAME)));
        assert_eq!(files::real(&dir.path().join("libsqlite3.dylib")).unwrap(), files::real(&library).unwrap());
        files::write(&library, b"no library").unwrap();
        let error = identity::of_any_library(&host, (None, Some(&with)), &library).unwrap_err();
        assert!(error.is::<identity::SaysNothing>(), "as one that is damaged: {error}");
        assert!(error.to_string().ends_with("is no SQLite library"), "{error}");
    }
}
