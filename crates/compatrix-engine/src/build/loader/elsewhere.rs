//! Executables whose loader is not here: of another system, another processor, or of a musl that is not installed. Their
//! files are searched as their loader would (`compatrix_binary::load`), by paths of this machine; a program of Windows runs
//! under wine here, whose drive `Z:` is `/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{bail, Result};
use compatrix_binary::load::{resolve, Environment, Files, Loader, Object, Resolved, WindowsFolders};
use compatrix_binary::{Binary, Format};

use crate::build::inspect::is_sqlite;
use crate::find::facts::SystemFacts;
use crate::sys::files;
use crate::sys::os::env::LIBRARY_PATH;

/// A SQLite that a loader gives to an executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// In this file.
    File(PathBuf),
    /// In dyld's shared cache under this path, where there is no file.
    SharedCache(PathBuf),
}

/// Whether the loader of an executable can be asked on this machine.
pub(super) fn has_its_loader_here(asks: &Binary) -> bool {
    let native = match std::env::consts::ARCH {
        "powerpc64" if cfg!(target_endian = "little") => "powerpc64le",
        native => native,
    };
    // A 64-bit system of Intel's runs 32-bit programs.
    let fits = asks.machine.0 == native || (native == "x86_64" && asks.machine.0 == "x86");
    let is_missing = asks.interpreter.as_ref().is_some_and(|loader| !files::exists(Path::new(loader)));
    asks.format == Format::Elf && fits && !(Loader::of(asks) == Loader::Musl && is_missing)
}

/// The SQLite that an executable would get; `None` if it needs none.
///
/// # Errors
/// It finds none, or one of its libraries that might bring it is nowhere.
pub(super) fn sqlite_of(
    (executable, dir): (&Path, &Path),
    asks: &Binary,
    library_path: Option<&str>,
    env: &BTreeMap<String, String>,
) -> Result<Option<Loaded>> {
    let disk = Disk { prefix: prefix(env) };
    let loader = Loader::of(asks);
    let path = files::real(executable).unwrap_or_else(|_| executable.to_owned());
    let object = Object { path: disk.theirs(loader, &path), binary: asks.clone() };
    let environment = environment(&disk, (loader, dir), library_path, env);
    let harmless = |name: &str| is_of_the_system(name) || is_of_another_system(name);
    match resolve(&object, &environment, &disk, &is_sqlite, &harmless) {
        Resolved::Static | Resolved::NotNeeded => Ok(None),
        Resolved::File(path) => Ok(Some(Loaded::File(disk.ours(&path).unwrap_or_else(|| path.into())))),
        Resolved::SharedCache(path) => Ok(Some(Loaded::SharedCache(path.into()))),
        Resolved::NotFound { name, searched } => {
            bail!("{loader} would find no {name} (looked for at {})", searched.join(", "))
        }
        Resolved::Unknown { why } => bail!("{} {why}", executable.display()),
    }
}

/// The variables by which a loader is led to these folders, joined by `:`: name and value. Wine takes WINEPATH before the
/// PATH of its own.
pub(super) fn leads(loader: Loader, folders: &str) -> (&'static str, String) {
    match loader {
        Loader::Glibc | Loader::Musl => ("LD_LIBRARY_PATH", folders.to_owned()),
        Loader::Dyld => ("DYLD_LIBRARY_PATH", folders.to_owned()),
        Loader::Windows => {
            let all: Vec<String> = folders.split(':').map(|folder| on_drive_z(Path::new(folder))).collect();
            ("WINEPATH", all.join(";"))
        }
    }
}

/// Where a loader looks for a SQLite of this name before it takes that of the cell, or where it would not be found: Windows
/// beside the executable, and where it is started; dyld in the folders that the executable names. On Windows names have any
/// case.
pub(super) fn before_others((executable, dir): (&Path, &Path), asks: &Binary, library: &str) -> Vec<PathBuf> {
    let leaf = library.strip_prefix("@rpath/").unwrap_or(library);
    if !is_sqlite(leaf) {
        return Vec::new();
    }
    match Loader::of(asks) {
        Loader::Windows => {}
        Loader::Dyld => {
            let own = executable.parent().unwrap_or(Path::new("/")).to_string_lossy();
            let of_own = |folder: &String| {
                let folder = folder.replace("@executable_path", &own).replace("@loader_path", &own);
                dir.join(folder).join(leaf)
            };
            return asks.runpath.iter().map(of_own).collect();
        }
        Loader::Glibc | Loader::Musl => return Vec::new(),
    }
    [executable.parent().unwrap_or(Path::new("/")), dir].map(|folder| folder.join(library)).to_vec()
}

/// The variables that lead programs of this system, and those under its runner, to these folders, joined by `:`. What starts
/// an executable is of this host, the executable itself may not be.
pub(crate) fn leads_to(folders: &str, system: Option<&SystemFacts>) -> BTreeMap<String, String> {
    let of_wine = system.filter(|system| system.is_wine).map(|_| leads(Loader::Windows, folders));
    let of_macos = system.filter(|system| system.is_macos).map(|_| leads(Loader::Dyld, folders));
    let of_host = (LIBRARY_PATH, folders.to_owned());
    [of_host].into_iter().chain(of_wine).chain(of_macos).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn environment(
    disk: &Disk,
    (loader, dir): (Loader, &Path),
    library_path: Option<&str>,
    env: &BTreeMap<String, String>,
) -> Environment {
    let obeyed = |name: &str| {
        let of_loader = ["LD_PRELOAD", "WINEPATH", "WINEDLLOVERRIDES"].contains(&name) || name.starts_with("DYLD_");
        of_loader && name != "LD_LIBRARY_PATH"
    };
    let variables = env.iter().filter(|(name, _)| obeyed(name)).map(|(name, value)| (name.clone(), value.clone()));
    let lead = library_path.map(|folders| leads(loader, folders)).map(|(name, value)| (name.to_owned(), value));
    let folder = |below: &str| format!("C:\\windows{below}");
    Environment {
        variables: variables.chain(lead).collect(),
        current: disk.theirs(loader, dir),
        windows: WindowsFolders {
            system32: folder("\\system32"),
            system: folder("\\system"),
            windows: folder(""),
            is_wine: true,
            ..WindowsFolders::default()
        },
        ..Environment::default()
    }
}

/// Whether a library is one of the C library and the compiler, none of which loads a SQLite.
pub(super) fn is_of_the_system(library: &str) -> bool {
    let name = library.split(".so").next().unwrap_or_default();
    matches!(name, "libc" | "libm" | "libpthread" | "libdl" | "librt" | "libutil" | "libgcc_s" | "linux-vdso")
        || name.starts_with("ld-")
        || name.starts_with("libc.musl-")
}

/// Libraries of Windows, which have no SQLite and may have no file without a prefix of wine.
fn is_of_another_system(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    const SYSTEM: [&str; 12] = [
        "kernel32.dll",
        "ntdll.dll",
        "msvcrt.dll",
        "ucrtbase.dll",
        "advapi32.dll",
        "user32.dll",
        "userenv.dll",
        "ws2_32.dll",
        "bcrypt.dll",
        "bcryptprimitives.dll",
        "shell32.dll",
        "ole32.dll",
    ];
    SYSTEM.contains(&name.as_str()) || name.starts_with("vcruntime")
}

/// The folder of wine's drives.
fn prefix(env: &BTreeMap<String, String>) -> Option<PathBuf> {
    let named = env.get("WINEPREFIX").map(PathBuf::from);
    named.or_else(|| env.get("HOME").map(|home| Path::new(home).join(".wine")))
}

/// The files of this machine, by the paths of the executable's system.
struct Disk {
    prefix: Option<PathBuf>,
}

fn on_drive_z(path: &Path) -> String {
    format!("Z:{}", path.to_string_lossy().replace('/', "\\"))
}

impl Disk {
    fn theirs(&self, loader: Loader, path: &Path) -> String {
        match loader {
            Loader::Windows => on_drive_z(path),
            Loader::Glibc | Loader::Musl | Loader::Dyld => path.to_string_lossy().into_owned(),
        }
    }

    /// The path here. Names on a drive are compared without their case, as Windows does.
    fn ours(&self, path: &str) -> Option<PathBuf> {
        let (drive, rest) = match path.split_at_checked(2) {
            Some((drive, rest)) if drive.ends_with(':') => (drive, rest),
            _ => return Some(path.into()),
        };
        let root = match drive.to_ascii_uppercase().as_str() {
            "Z:" => PathBuf::from("/"),
            "C:" => self.prefix.as_ref()?.join("drive_c"),
            _ => return None,
        };
        rest.split('\\').filter(|part| !part.is_empty()).try_fold(root, |folder, part| {
            let exact = folder.join(part);
            if files::exists(&exact) {
                return Some(exact);
            }
            let has_name = |path: &PathBuf| path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(part));
            files::list(&folder).ok()?.into_iter().find(has_name)
        })
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        files::read(&self.ours(path)?).ok()
    }

    fn is_folder(&self, path: &str) -> bool {
        self.ours(path).is_some_and(|path| path.is_dir())
    }

    fn real(&self, path: &str) -> String {
        let real = self.ours(path).and_then(|path| files::real(&path).ok());
        real.map_or_else(|| path.to_owned(), |path| path.to_string_lossy().into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")] // ELF's loaders
    #[allow(clippy::disallowed_methods, reason = "the test's own executable")]
    fn only_a_loader_of_this_machine_is_asked() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let own = compatrix_binary::read(&own, None).unwrap();
        assert!(has_its_loader_here(&own));
        let other = Binary { machine: compatrix_binary::Machine("s390x".to_owned()), ..own.clone() };
        assert!(!has_its_loader_here(&other));
        assert!(!has_its_loader_here(&Binary { format: Format::Pe, ..own.clone() }));
        let musl = |path: &str| Binary { interpreter: Some(path.to_owned()), ..own.clone() };
        assert!(!has_its_loader_here(&musl("/nowhere/ld-musl-x86_64.so.1")));
        // Nothing but that loader could start it, and to ask it says so.
        assert!(has_its_loader_here(&musl("/nowhere/ld-linux-x86-64.so.2")));
    }

    #[test]
    fn each_loader_is_led_by_its_variable() {
        for (loader, name, value) in [
            (Loader::Glibc, "LD_LIBRARY_PATH", "/a b:/c"),
            (Loader::Musl, "LD_LIBRARY_PATH", "/a b:/c"),
            (Loader::Dyld, "DYLD_LIBRARY_PATH", "/a b:/c"),
            (Loader::Windows, "WINEPATH", "Z:\\a b;Z:\\c"),
        ] {
            assert_eq!(leads(loader, "/a b:/c"), (name, value.to_owned()));
        }
        let of = |system: Option<SystemFacts>| leads_to("/a", system.as_ref()).into_keys().collect::<Vec<_>>();
        assert_eq!(of(None), [LIBRARY_PATH]);
        assert!(of(Some(SystemFacts { is_wine: true, ..SystemFacts::default() })).contains(&"WINEPATH".to_owned()));
        let macos = SystemFacts { is_macos: true, ..SystemFacts::default() };
        assert!(of(Some(macos)).contains(&"DYLD_LIBRARY_PATH".to_owned()));
    }

    /// dyld looks where the executable says before it gives up, so that a file there may become its SQLite.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "the test's own executable")]
    fn folders_that_a_mach_o_names_are_watched() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let own = compatrix_binary::read(&own, None).unwrap();
        let runpath = ["@loader_path/../lib", "@executable_path", "rel", "/opt"].map(str::to_owned).to_vec();
        let asks = Binary { format: Format::MachO, runpath, ..own };
        let place = (Path::new("/t/deps/it"), Path::new("/w"));
        let before = before_others(place, &asks, "@rpath/libsqlite3.exact.dylib");
        let file = |folder: &str| PathBuf::from(folder).join("libsqlite3.exact.dylib");
        assert_eq!(before, [file("/t/deps/../lib"), file("/t/deps"), file("/w/rel"), file("/opt")]);
        assert_eq!(before_others(place, &asks, "@rpath/libz.dylib"), [] as [PathBuf; 0]);
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "mingw makes the test's files")]
    fn a_program_of_windows_gets_the_library_in_front() {
        let dir = tempfile::tempdir().unwrap();
        let dir = files::real(dir.path()).unwrap();
        let make = |out: &str, source: &str, args: &[&str]| {
            let path = dir.join(out);
            files::make_dir(path.parent().unwrap()).unwrap();
            files::write(&dir.join("a.c"), source.as_bytes()).unwrap();
            let mut command = std::process::Command::new("x86_64-w64-mingw32-gcc");
            command.current_dir(&dir).arg("-o").arg(&path).arg("a.c").args(args);
            command.status().map(|status| assert!(status.success(), "{out}"))
        };
        let sqlite = "const char *sqlite3_sourceid(void) { return \"x\"; }\n";
        if make("planned/sqlite3.dll", sqlite, &["-shared"]).is_err() {
            println!("skipped: there is no x86_64-w64-mingw32-gcc; ci/platforms/install makes it");
            return;
        }
        let asks = "const char *sqlite3_sourceid(void);\nint main(void) { return !sqlite3_sourceid(); }\n";
        make("app/program.exe", asks, &["planned/sqlite3.dll"]).unwrap();
        let program = dir.join("app/program.exe");
        let binary = compatrix_binary::read(&files::read(&program).unwrap(), None).unwrap();
        let planned = dir.join("planned").to_string_lossy().into_owned();
        let env = BTreeMap::from([("WINEPREFIX".to_owned(), dir.join("prefix").to_string_lossy().into_owned())]);
        let found = || sqlite_of((&program, Path::new("/")), &binary, Some(&planned), &env);
        assert_eq!(found().unwrap(), Some(Loaded::File(dir.join("planned/sqlite3.dll"))));
        let before = before_others((&program, Path::new("/w")), &binary, "sqlite3.dll");
        assert_eq!(before, [dir.join("app/sqlite3.dll"), PathBuf::from("/w/sqlite3.dll")]);
        assert_eq!(before_others((&program, Path::new("/w")), &binary, "kernel32.dll"), [] as [PathBuf; 0]);
        // A lie: beside the program, by another case, goes before all paths.
        files::copy(&dir.join("planned/sqlite3.dll"), &dir.join("app/SQLITE3.dll")).unwrap();
        assert_eq!(found().unwrap(), Some(Loaded::File(dir.join("app/SQLITE3.dll"))));
        files::remove(&dir.join("app/SQLITE3.dll")).unwrap();
        files::remove(&dir.join("planned/sqlite3.dll")).unwrap();
        let error = found().unwrap_err().to_string();
        assert!(error.starts_with("Windows would find no sqlite3.dll (looked for at Z:\\"), "{error}");
    }
}
