//! The real executable on Windows, on a workspace that the test makes. `ci/platforms/check` runs this under wine, where there
//! is no cargo of Windows: a program of C stands in for cargo and rustc and answers what it was given.
#![cfg(windows)]
#![allow(clippy::disallowed_methods, reason = "tests start the executable and make its files")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::RwLock;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-compatrix");

const SPEC: &str =
    "[project]\npackages = [\"made\"]\n\n[axis]\nrust = [{ name = \"here\", path = \"tools\" }, \"1.70\"]\n\n\
                    [[suite]]\nname = \"tests\"\n";
const MANIFEST: &str = "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\nrust-version = \"1.70\"\n";
const LOCK: &str = "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n";

/// Whoever makes a console is alone: while one was made, wine once failed to start another program (0xC0000142).
static CONSOLE: RwLock<()> = RwLock::new(());

/// A workspace in a temporary folder, and the stand-ins in its folder `tools`.
struct Made {
    _dir: tempfile::TempDir,
    root: PathBuf,
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Made {
    /// None where there is no stand-in.
    fn new() -> Option<Self> {
        let Some(double) = std::env::var_os("COMPATRIX_DOUBLE") else {
            println!("skipped: COMPATRIX_DOUBLE names no stand-in for cargo; ci/platforms/check makes it");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a workspace");
        let made = Self { _dir: dir, root };
        for (path, text) in [
            ("Cargo.toml", MANIFEST),
            ("Cargo.lock", LOCK),
            ("src/lib.rs", ""),
            ("tests/it.rs", "#[test]\nfn works() {}\n"),
            ("compat/matrix.toml", SPEC),
            ("README.md", "Minimum supported Rust version: 1.65\n"),
            ("tools/bin/cargo -V", "cargo 1.75.0 (1d8b05cdd 2023-11-20)\n"),
            ("tools/bin/rustc --version", "rustc 1.75.0 (82e1608df 2023-12-21)\n"),
            (
                "tools/bin/rustc -Vv",
                "rustc 1.75.0 (82e1608df 2023-12-21)\nbinary: rustc\nhost: x86_64-pc-windows-gnu\nrelease: 1.75.0\n",
            ),
        ] {
            made.write(path, text);
        }
        let at = |path: &str| made.root.join(path).to_str().unwrap().to_owned();
        made.write("tools/bin/rustc --print", &at("tools"));
        made.write("tools/bin/cargo locate-project", &at("Cargo.toml"));
        let target = |kind: &str, name: &str, path: &str| {
            serde_json::json!({"kind": [kind], "crate_types": ["lib"], "name": name, "src_path": at(path),
                "edition": "2021", "doc": true, "doctest": false, "test": true})
        };
        let id = format!("path+file:///{}#made@0.1.0", at("").replace('\\', "/"));
        let metadata = serde_json::json!({
            "packages": [{"name": "made", "version": "0.1.0", "id": id, "source": null, "dependencies": [],
                "targets": [target("lib", "made", r"src\lib.rs"), target("test", "it", r"tests\it.rs")],
                "features": {}, "manifest_path": at("Cargo.toml"), "metadata": null, "edition": "2021",
                "rust_version": "1.70"}],
            "workspace_members": [id], "workspace_default_members": [id], "resolve": null,
            "target_directory": at("target"), "version": 1, "workspace_root": at(""), "metadata": null,
        });
        made.write("tools/bin/cargo metadata", &metadata.to_string());
        for name in ["cargo.exe", "rustc.exe", "interrupt.exe"] {
            fs::copy(&double, made.root.join("tools/bin").join(name)).unwrap();
        }
        Some(made)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Ran {
        let _others = CONSOLE.read();
        self.start(Command::new(PROGRAM).args(args))
    }

    /// Runs it and presses Ctrl-C so many times as soon as this file is not empty.
    fn interrupt(&self, args: &[&str], file: &Path, times: usize) -> Ran {
        let _alone = CONSOLE.write();
        let mut command = Command::new(self.root.join("tools/bin/interrupt.exe"));
        self.start(command.arg(file).arg(times.to_string()).arg(PROGRAM).args(args))
    }

    fn start(&self, command: &mut Command) -> Ran {
        let path = format!("{};C:\\windows\\system32", self.root.join("tools").join("bin").display());
        command.current_dir(&self.root).env("PATH", path).env("LOCALAPPDATA", self.root.join("cache"));
        let output = command.env_remove("CARGO").env_remove("CARGO_HOME").env_remove("RUSTUP_HOME").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran = Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        println!("{command:?}: {:?}\n{}\n{}", ran.code, ran.stdout, ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }
}

#[test]
fn it_says_what_it_can_do() {
    let Some(made) = Made::new() else { return };
    let ran = made.run(&["compatrix", "--help"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("doctor") && ran.stdout.contains("gen-ci"), "{}", ran.stdout);
    assert_eq!(made.run(&["compatrix", "no-such-command"]).code, Some(2));
}

#[test]
fn a_plan_has_every_cell() {
    let Some(made) = Made::new() else { return };
    let ran = made.run(&["plan", "--no-install"]);
    assert_eq!(ran.code, Some(0));
    let missing = "rust=1.70: toolchain 1.70 needs rustup, which is not on PATH";
    assert!(ran.stdout.contains("1 build · 1 run · 1 not to run") && ran.stdout.contains(missing), "{}", ran.stdout);
}

#[test]
fn doctor_finds_what_is_wrong() {
    let Some(made) = Made::new() else { return };
    let ran = made.run(&["doctor"]);
    assert_eq!(ran.code, Some(1));
    for said in ["host, windows-x86_64", r"a workspace\tools\bin\rustc.exe", "README.md:1: Rust 1.65"] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    // As users write it, and not as the system spells it in full.
    assert!(!ran.stdout.contains(r"\\?\"), "{}", ran.stdout);
    // What is unknown is no fault.
    assert!(ran.stdout.contains("free space is unknown") && !ran.stdout.contains("free up space"), "{}", ran.stdout);
}

#[test]
fn cells_that_cannot_be_built_or_tried_say_why() {
    let Some(made) = Made::new() else { return };
    let ran = made.run(&["compat", "--no-install"]);
    assert_eq!(ran.code, Some(1));
    for said in ["1 broken · 1 unproven", "a stand-in has no answer to `test`", "toolchain 1.70 needs rustup"] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    // The ledger has it, and the exit code is the same.
    let ran = made.run(&["compat", "--no-install", "--format", "json"]);
    assert_eq!(ran.code, Some(1));
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let rows = json["rows"].as_array().unwrap();
    let mut verdicts: Vec<&str> = rows.iter().filter_map(|row| row["verdict"].as_str()).collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, ["broken", "unproven"]);
}

#[test]
fn ctrl_c_ends_all_that_runs_and_loses_nothing() {
    let Some(made) = Made::new() else { return };
    let ledger = || rusqlite::Connection::open(made.root.join("target/compat/ledger.sqlite")).unwrap();
    let rows = || -> i64 { ledger().query_row("SELECT count(*) FROM records", [], |row| row.get(0)).unwrap() };
    made.run(&["compat", "--no-install"]);
    let before = rows();
    assert!(before > 0);
    let file = made.root.join("tools/bin/cargo test hangs");
    // The second one may come before the first one was acted upon.
    for times in [1, 2] {
        fs::write(&file, "").unwrap();
        let start = Instant::now();
        let ran = made.interrupt(&["compat", "--no-install"], &file, times);
        assert_eq!(ran.code, Some(130), "{times} times");
        assert!(start.elapsed() < Duration::from_secs(50), "{:?}", start.elapsed());
        let letters = fs::read_to_string(&file).unwrap();
        assert!(letters.contains('c'), "what cargo started ran: {letters}");
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(fs::read_to_string(&file).unwrap(), letters, "cargo, or what it started, goes on");
        let check: String = ledger().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!((check.as_str(), rows()), ("ok", before));
    }
    fs::remove_file(file).unwrap();
    let ran = made.run(&["compat", "--no-install"]);
    assert!(ran.code == Some(1) && ran.stdout.contains("1 broken · 1 unproven"), "{}", ran.stdout);
}

#[test]
fn what_is_written_is_the_same_on_every_system() {
    let Some(made) = Made::new() else { return };
    made.run(&["compat", "--no-install"]);
    for args in [&["evidence", "record"][..], &["report"], &["gen-ci"], &["schema"]] {
        made.run(args);
    }
    let mut files = Vec::new();
    for folder in [".github", "compat", "docs"] {
        below(&made.root.join(folder), &mut files);
    }
    println!("{files:?}");
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        assert!(!text.contains('\r') && !text.contains("Temp"), "{}: {text}", file.display());
    }
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => below(&path, files),
            path => files.push(path),
        }
    }
}

#[test]
fn a_path_of_windows_in_a_spec_is_refused() {
    let Some(made) = Made::new() else { return };
    for (path, said) in [
        ("C:/proof", "`C:/proof` is on a drive of one machine"),
        (r"\\server\proof", r"`\\server\proof` is on another machine's share"),
        (r"compat\proof", "did you mean `compat/proof`?"),
    ] {
        made.write("compat/matrix.toml", &SPEC.replace("packages", &format!("evidence = '{path}'\npackages")));
        let ran = made.run(&["plan"]);
        assert_eq!(ran.code, Some(2), "{path}");
        assert!(ran.stderr.contains(said), "{path}: {}", ran.stderr);
    }
}
