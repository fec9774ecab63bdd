//! Compilers, small sources, and the files of this machine as another system sees them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use compatrix_binary::load::{resolve, Environment, Files, Object, Resolved};
use compatrix_binary::read;

/// A compiler for one system.
pub(crate) struct Compiler {
    words: Vec<String>,
    env: Vec<(&'static str, String)>,
}

impl Compiler {
    pub(crate) fn linux() -> Option<Self> {
        Self::of(&["gcc"])
    }

    pub(crate) fn musl() -> Option<Self> {
        Self::of(&["musl-gcc"])
    }

    pub(crate) fn windows() -> Option<Self> {
        Self::of(&["x86_64-w64-mingw32-gcc"])
    }

    /// zig's clang: `ci/platforms/install` puts it into the user's cache.
    pub(crate) fn zig(target: &str) -> Option<Self> {
        let python = platforms().join("zig/bin/python");
        let mut found = Self::of(&[&python.to_string_lossy(), "-m", "ziglang", "cc", "-target", target])?;
        let cache = platforms().join("zig-cache").to_string_lossy().into_owned();
        found.env = vec![("ZIG_GLOBAL_CACHE_DIR", cache.clone()), ("ZIG_LOCAL_CACHE_DIR", cache)];
        Some(found)
    }

    fn of(words: &[&str]) -> Option<Self> {
        let found = Command::new(words[0]).arg("--version").output().is_ok();
        if !found {
            println!("skipped: there is no {}; ci/platforms/install makes it", words[0]);
        }
        found.then(|| Self { words: words.iter().map(|word| (*word).to_owned()).collect(), env: Vec::new() })
    }

    /// Compiles a source in this folder.
    #[track_caller]
    pub(crate) fn make(&self, dir: &Path, out: &str, source: &str, args: &[&str]) -> PathBuf {
        let path = dir.join(out);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = dir.join(format!("{}.c", out.replace('/', "_")));
        std::fs::write(&file, source).unwrap();
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).envs(self.env.clone()).current_dir(dir);
        command.arg("-w").arg("-o").arg(&path).arg(&file).args(args);
        let made = command.output().unwrap();
        assert!(made.status.success(), "{command:?}: {}", String::from_utf8_lossy(&made.stderr));
        path
    }
}

/// What `ci/platforms/install` makes.
pub(crate) fn platforms() -> PathBuf {
    let named = std::env::var_os("COMPATRIX_PLATFORMS").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = || cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    named.or_else(|| Some(cache()?.join("compatrix/platforms"))).unwrap_or_default()
}

/// A library that says it is this SQLite. The digit makes its source id.
pub(crate) fn sqlite(version: &str, digit: char) -> String {
    format!(
        "const char sqlite3_version[] = \"{version}\";\nconst char *sqlite3_libversion(void) {{ return sqlite3_version; }}\n\
         const char *sqlite3_sourceid(void) {{ return \"{}\"; }}\n\
         static const char *const sqlite3azCompileOpt[] = {{ \"THREADSAFE=1\", \"COMPILER=a b-1.2\", \"ENABLE_FTS5\" }};\n\
         const char *sqlite3_compileoption_get(int n) {{ return n >= 0 && n < 3 ? sqlite3azCompileOpt[n] : 0; }}\n",
        id(digit)
    )
}

pub(crate) fn id(digit: char) -> String {
    format!("2024-05-23 13:25:27 {}", digit.to_string().repeat(64))
}

/// A program that prints the source id of its SQLite.
pub(crate) const ASKS: &str = "const char *sqlite3_sourceid(void);\nint puts(const char *);\n\
                        int main(void) { puts(sqlite3_sourceid()); return 0; }\n";

/// A library between the program and SQLite.
pub(crate) const BETWEEN: &str =
    "const char *sqlite3_sourceid(void);\nconst char *between(void) { return sqlite3_sourceid(); }\n";

pub(crate) const ASKS_BETWEEN: &str =
    "const char *between(void);\nint puts(const char *);\nint main(void) { puts(between()); return 0; }\n";

/// Files of this machine: drives of Windows are folders.
pub(crate) struct Disk {
    pub(crate) drives: Vec<(&'static str, PathBuf)>,
}

impl Disk {
    pub(crate) fn here() -> Self {
        Self { drives: Vec::new() }
    }

    /// What is below this folder alone, as another system would have it at the same paths.
    fn path(&self, path: &str) -> Option<PathBuf> {
        let Some((_, folder)) = self.drives.iter().find(|(drive, _)| path.starts_with(drive)) else {
            return self.drives.is_empty().then(|| PathBuf::from(path));
        };
        // Without regard to case, as Windows has it.
        path[2..].split('\\').filter(|part| !part.is_empty()).try_fold(folder.clone(), |at, part| {
            let exact = at.join(part);
            if exact.exists() {
                return Some(exact);
            }
            let mut all = std::fs::read_dir(&at).ok()?.flatten();
            all.find(|one| one.file_name().to_string_lossy().eq_ignore_ascii_case(part)).map(|one| one.path())
        })
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(self.path(path)?).ok()
    }

    fn is_folder(&self, path: &str) -> bool {
        self.path(path).is_some_and(|path| path.is_dir())
    }

    fn real(&self, path: &str) -> String {
        let real = self.path(path).and_then(|path| path.canonicalize().ok());
        real.map_or_else(|| path.to_owned(), |path| path.to_string_lossy().into_owned())
    }
}

pub(crate) fn object(path: &str, files: &dyn Files) -> Object {
    let bytes = files.read(path).unwrap_or_else(|| panic!("{path} is not there"));
    Object { path: path.to_owned(), binary: read(&bytes, None).unwrap_or_else(|error| panic!("{path} {error}")) }
}

/// Which SQLite an executable gets.
pub(crate) fn which(path: &str, environment: &Environment, files: &dyn Files) -> Resolved {
    let wanted = |name: &str| name.starts_with("libsqlite3.") || name.eq_ignore_ascii_case("sqlite3.dll");
    let harmless = |name: &str| !name.contains("between");
    resolve(&object(path, files), environment, files, &wanted, &harmless)
}

pub(crate) fn variables(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
