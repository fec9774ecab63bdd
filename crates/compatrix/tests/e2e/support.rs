//! What the tests share: workspaces made for the occasion, the executable under test, what it said.

#![allow(clippy::disallowed_methods, reason = "tests start the executable and make its files")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use crate::tree::assert_tree_unchanged;

/// The executable under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-compatrix");

const MANIFEST: &str = r#"
[package]
name = "made"
version = "0.1.0"
edition = "2021"

[lib]
test = false
doctest = false

[features]
json = []

[profile.dev]
debug = 0
"#;

const LOCK: &str = "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n";

/// A test that passes.
pub(crate) const PASSES: &str = "#[test]\nfn works() {}\n";

/// A workspace in a temporary folder: one package `made` without dependencies, with one test executable `it`.
pub(crate) struct Workspace {
    dir: tempfile::TempDir,
    /// The root's name in it.
    name: &'static str,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Workspace {
    /// A workspace whose spec starts with `[project]` and goes on with this text. `HERE` in it is the toolchain that
    /// the tests themselves are built with.
    pub(crate) fn new(spec: &str) -> Self {
        let made = Self::bare();
        made.write("compat/matrix.toml", format!("[project]\npackages = [\"made\"]\n\n{}", with_here(spec)));
        made
    }

    /// A workspace without a spec.
    pub(crate) fn bare() -> Self {
        Self::bare_in("ws")
    }

    /// The same in a folder of this name.
    pub(crate) fn bare_in(folder: &'static str) -> Self {
        Self::of_files(
            folder,
            &[("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK), ("src/lib.rs", ""), ("tests/it.rs", PASSES)],
        )
    }

    /// A workspace of these files alone, in a folder of this name. `../` stands beside the root, in the same temporary
    /// folder.
    pub(crate) fn of_files(name: &'static str, files: &[(&str, &str)]) -> Self {
        let made = Self { dir: tempfile::tempdir().expect("a temporary folder"), name };
        for (path, text) in files {
            made.write(path, text);
        }
        made
    }

    /// The same with this as `tests/it.rs`.
    pub(crate) fn tests(self, text: &str) -> Self {
        self.write("tests/it.rs", text);
        self
    }

    /// The same with this file.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path("")).expect("makes the root");
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("makes the folder");
        fs::write(path, text).expect("writes");
    }

    /// The root, canonical.
    pub(crate) fn root(&self) -> PathBuf {
        let root = self.dir.path().join(self.name);
        root.canonicalize().unwrap_or(root)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(self.name).join(path)
    }

    /// The folder of our own files.
    pub(crate) fn compat(&self, path: &str) -> PathBuf {
        self.path("target/compat").join(path)
    }

    /// The user's cache folder.
    pub(crate) fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    /// The executable with these arguments, in a clean environment, without network.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        clean(&mut command);
        command.args(args).arg("--root").arg(self.root()).env("XDG_CACHE_HOME", self.cache()).current_dir("/");
        command
    }

    /// Runs the executable to its end.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args))
    }

    /// `compat --format json`, which must end with this code.
    #[track_caller]
    pub(crate) fn json(&self, code: i32, args: &[&str]) -> Value {
        let ran = self.run(&[&["compat", "--format", "json"], args].concat());
        ran.expect(code).json()
    }

    /// The ledger, for reading.
    pub(crate) fn ledger(&self) -> rusqlite::Connection {
        let path = self.compat("ledger.sqlite");
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens")
    }

    /// Processes that a run of this workspace has left.
    pub(crate) fn processes(&self) -> Vec<String> {
        processes_with(self.root().to_str().expect("a path in UTF-8"))
    }

    /// Waits until no process of this workspace is left.
    #[track_caller]
    pub(crate) fn expect_no_processes(&self) {
        let start = Instant::now();
        while !self.processes().is_empty() {
            assert!(start.elapsed() < Duration::from_secs(5), "left behind: {:?}", self.processes());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The user's tree now, to compare.
    pub(crate) fn tree(&self) -> crate::tree::Tree {
        crate::tree::Tree::of(&self.root())
    }

    /// Does something that must leave the user's tree as it is.
    #[track_caller]
    pub(crate) fn assert_tree_unchanged<T>(&self, act: impl FnOnce() -> T) -> T {
        assert_tree_unchanged(&self.root(), act)
    }
}

impl Ran {
    /// It ended with this code.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "the exit code\n{self}");
        self
    }

    /// Its messages hold each of these texts.
    #[track_caller]
    pub(crate) fn says(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(self.stderr.contains(text), "no {text:?} in the messages\n{self}");
        }
        self
    }

    /// Its messages do not hold this text.
    #[track_caller]
    pub(crate) fn never_says(&self, text: &str) -> &Self {
        assert!(!self.stderr.contains(text), "{text:?} is in the messages\n{self}");
        self
    }

    /// Its result holds each of these texts.
    #[track_caller]
    pub(crate) fn prints(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(self.stdout.contains(text), "no {text:?} in the result\n{self}");
        }
        self
    }

    /// All of stdout is one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("stdout is no JSON: {error}\n{self}"),
        }
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ran { code, stdout, stderr, took } = self;
        write!(f, "code {code:?} in {took:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn finish(mut command: Command) -> Ran {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it speaks UTF-8");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr), took: start.elapsed() }
}

/// Runs git in the workspace, without the user's own settings.
#[track_caller]
pub(crate) fn git(made: &Workspace, args: &[&str]) {
    let mut command = Command::new("git");
    clean(&mut command);
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(args).current_dir(made.root());
    let output = command.output().expect("starts git");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Commits all that is there.
pub(crate) fn commit(made: &Workspace) {
    git(made, &["add", "--all"]);
    git(made, &["commit", "--quiet", "--message", "x"]);
}

/// The environment of a user without network; nothing of the test runner's own.
pub(crate) fn clean(command: &mut Command) {
    command.env_clear();
    for name in ["PATH", "HOME", "USER", "CARGO_HOME", "RUSTUP_HOME"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("LANG", "C.UTF-8").env("CARGO_NET_OFFLINE", "true").env("RUSTUP_DIST_SERVER", "http://127.0.0.1:9");
}

/// `HERE` made the toolchain that runs the tests.
pub(crate) fn with_here(spec: &str) -> String {
    spec.replace("HERE", &format!("{{ name = \"here\", path = {:?} }}", sysroot()))
}

/// The folder of the toolchain that runs the tests.
pub(crate) fn sysroot() -> &'static str {
    static SYSROOT: OnceLock<String> = OnceLock::new();
    SYSROOT.get_or_init(|| {
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let output = Command::new(rustc).args(["--print", "sysroot"]).output().expect("rustc starts");
        String::from_utf8(output.stdout).expect("a path in UTF-8").trim().to_owned()
    })
}

/// The triple of this host.
pub(crate) fn host() -> String {
    let said = Command::new("rustc").arg("-vV").output().expect("rustc answers").stdout;
    let said = text_of(said);
    said.lines().find_map(|line| line.strip_prefix("host: ")).expect("a line `host`").to_owned()
}

/// A toolchain whose cargo is older than 1.78, from a distribution in the user's own cache; none where none was provided.
pub(crate) fn old_toolchain() -> Option<PathBuf> {
    let closures = fs::read_dir(distros_of_user()?).ok()?.flatten();
    closures.map(|entry| entry.path().join("root/usr")).find(|usr| {
        let output = Command::new(usr.join("bin/cargo")).arg("-V").output();
        let said = output.map(|output| text_of(output.stdout)).unwrap_or_default();
        let minor = said.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
        minor.is_some_and(|minor| minor < 78) && usr.join("bin/rustc").exists()
    })
}

/// The folder of the distributions in the user's own cache.
pub(crate) fn distros_of_user() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME")?);
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    Some(cache.join("compatrix/distro"))
}

/// Processes whose environment holds this text: process id and name.
pub(crate) fn processes_with(text: &str) -> Vec<String> {
    let ours = std::process::id();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("the process table").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
        if pid != ours && environ.windows(text.len()).any(|part| part == text.as_bytes()) {
            let mut line = pid.to_string();
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            let _ = write!(line, " {}", name.trim());
            found.push(line);
        }
    }
    found
}

/// The row of a cell in the JSON of `compat`.
#[track_caller]
pub(crate) fn row<'a>(json: &'a Value, cell: &str) -> &'a Value {
    let rows = json["rows"].as_array().expect("rows");
    let found = rows.iter().find(|row| row["cell"].as_str().is_some_and(|id| id.split(' ').any(|part| part == cell)));
    found.unwrap_or_else(|| panic!("no row with {cell} in {json:#}"))
}

/// Verdict, outcome and cause of a row.
#[track_caller]
pub(crate) fn judged(json: &Value, cell: &str) -> (String, String, String) {
    let row = row(json, cell);
    let text = |name: &str| row[name].as_str().unwrap_or("none").to_owned();
    (text("verdict"), text("outcome"), text("cause"))
}

/// How many builds were done, runs done, results reused.
pub(crate) fn totals(json: &Value) -> [u64; 3] {
    ["builds", "runs", "reused"].map(|name| json["totals"][name].as_u64().expect("a number"))
}

/// Whether a path is there.
pub(crate) fn exists(path: impl AsRef<Path>) -> bool {
    path.as_ref().exists()
}

/// The `fixture.toml` of a fixture with one table `t` of one row, made by `schema.sql`.
pub(crate) const FIXTURE: &str =
    "vintage = 1\napp = \"1.0\"\nintent = \"a test of compatrix itself\"\nexpect = \"ok\"\n\
                                  sql = [\"schema.sql\"]\n\n[rows]\nt = 1\n";

/// A test that waits, unless its cell's `N` says `quick`, until there is a file `target/go`.
pub(crate) const WAITS: &str = "#[test]\nfn waits() {\n    if std::env::var(\"N\").unwrap().starts_with(\"quick\") {\n        \
    return;\n    }\n    while !std::path::Path::new(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/target/go\")).exists() {\n        \
    std::thread::sleep(std::time::Duration::from_millis(20));\n    }\n}\n";

/// Sends a signal to a process, not to its group.
pub(crate) fn signal(child: &std::process::Child, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).expect("is alive");
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited for {what} in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Bytes that must be UTF-8.
pub(crate) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("it speaks UTF-8")
}

/// The folder of the nightly; the tests say that they skip where there is none.
pub(crate) fn nightly() -> Option<String> {
    let mut asked = Command::new("rustup");
    asked.args(["which", "--toolchain", "nightly", "rustc"]).env("RUSTUP_AUTO_INSTALL", "0");
    let found = asked.output().ok().filter(|output| output.status.success()).map(|output| text_of(output.stdout));
    let sysroot = found.and_then(|rustc| Some(rustc.trim().strip_suffix("/bin/rustc")?.to_owned()));
    if sysroot.is_none() {
        println!("skipped: no nightly; rustup toolchain install nightly");
    }
    sysroot
}
