//! Real cells in a real root: that of this repository's own spec, if it is in the user's cache. `.ci/run` brings it there.

#![allow(clippy::disallowed_methods, reason = "tests make files and start tools")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::repository::{names, on_path};
use crate::support::{distros_of_user, finish, judged, signal, wait_for, Ran, Workspace};

/// Says what code in a cell can do that it must not.
const LOOKS: &str = r#"
use std::fs;
use std::path::Path;
pub fn wrongs() -> Vec<String> {
    let mut wrongs = Vec::new();
    if std::net::TcpStream::connect("127.0.0.1:PORT").is_ok() {
        wrongs.push("the host's network is there".to_owned());
    }
    let cards = fs::read_to_string("/proc/net/dev").unwrap();
    if cards.lines().skip(2).any(|line| !line.trim().starts_with("lo:")) {
        wrongs.push(format!("there is a network: {cards}"));
    }
    for dir in ["WORKSPACE", "WORKSPACE/src", "WORKSPACE/target/compat", "HOME", "/usr", "/etc", "/"] {
        if fs::write(Path::new(dir).join("touched"), "").is_ok() && dir != "HOME" {
            wrongs.push(format!("{dir} can be written"));
        }
    }
    if !Path::new("WORKSPACE/src/lib.rs").exists() {
        wrongs.push("the workspace is not there".to_owned());
    }
    for path in ["HOME/secret", "BESIDE", "/proc/HOSTPID/cmdline"] {
        if Path::new(path).exists() {
            wrongs.push(format!("{path} of the host is seen"));
        }
    }
    let temporary = std::env::temp_dir().join("own");
    if let Err(error) = fs::write(&temporary, "").and_then(|()| fs::remove_file(&temporary)) {
        wrongs.push(format!("no folder for temporary files: {error}"));
    }
    let release = fs::read_to_string("/etc/os-release").unwrap();
    if !release.contains("VERSION_ID=\"13\"") {
        wrongs.push(format!("this is not Debian 13: {release}"));
    }
    wrongs
}
"#;

const BUILD: &str = r#"
#[path = "looks.rs"]
mod looks;
fn main() {
    let wrongs = looks::wrongs();
    if !wrongs.is_empty() {
        panic!("in the build: {wrongs:?}");
    }
    std::fs::write(std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("made"), "").unwrap();
    // It must end with the build.
    std::process::Command::new("/bin/sleep").arg("600").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
}
"#;

const TESTS: &str = r#"
#[path = "../looks.rs"]
mod looks;
#[test]
fn it_is_shut_off() {
    let wrongs = looks::wrongs();
    assert!(wrongs.is_empty(), "in the run: {wrongs:?}");
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/own"), "").unwrap();
    std::process::Command::new("/usr/bin/setsid").args(["sleep", "600"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
}
"#;

const HANGS: &str = r#"
#[test]
fn hangs() {
    std::process::Command::new("/usr/bin/setsid").args(["sleep", "600"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(600));
}
"#;

/// A workspace whose cells are in the root of the user's cache.
pub(crate) fn workspace(more: &str) -> Option<Workspace> {
    workspace_in("ws", more)
}

/// The same in a folder of this name.
pub(crate) fn workspace_in(folder: &'static str, more: &str) -> Option<Workspace> {
    if let Some(tool) = ["mmdebstrap", "bwrap"].iter().find(|tool| !on_path(tool)) {
        eprintln!("not tested: {tool} is not on PATH, so no root can be entered");
        return None;
    }
    let theirs = distros_of_user()?;
    let all = if theirs.exists() { names(&theirs) } else { Vec::new() };
    let is_root = |name: &&String| name.starts_with("trixie-") && theirs.join(name).join("root/usr/bin/cargo").exists();
    let Some(root) = all.iter().find(is_root) else {
        eprintln!(
            "not tested: no root of Debian 13 is in the cache; `cargo xtask compat --cell rust=debian-13` makes it"
        );
        return None;
    };
    let made = Workspace::bare_in(folder);
    made.write(
        "compat/matrix.toml",
        format!(
            "[project]\npackages = [\"made\"]\n[axis]\nrust = [\"debian-13\"]\n[distro.debian-13]\nroot = true\napt = {{ \
             suite = \"trixie\", rust = \"rustc\", cargo = \"cargo\", sqlite = \"libsqlite3-0\" }}\n{more}"
        ),
    );
    let ours = made.cache().join("compatrix/distro");
    fs::create_dir_all(ours.join("requests")).expect("makes the folder");
    symlink(theirs.join(root), ours.join(root)).expect("links");
    for request in names(&theirs.join("requests")) {
        fs::copy(theirs.join("requests").join(&request), ours.join("requests").join(&request)).expect("copies");
    }
    Some(made)
}

pub(crate) fn run(made: &Workspace, args: &[&str]) -> Ran {
    let mut command = made.command(&[&["compat", "--no-install", "--format", "json"], args].concat());
    command.env("HOME", made.path("../home"));
    finish(command)
}

#[test]
fn nothing_of_the_host_is_in_a_cell_of_a_root() {
    let Some(made) = workspace("") else { return };
    let network = TcpListener::bind("127.0.0.1:0").expect("listens");
    let text = |path: &str| made.path(path).to_string_lossy().into_owned();
    made.write("../home/secret", "x");
    made.write("../beside", "x");
    let looks = LOOKS
        .replace("PORT", &network.local_addr().expect("an address").port().to_string())
        .replace("HOSTPID", &std::process::id().to_string())
        .replace("WORKSPACE", &made.root().to_string_lossy())
        .replace("HOME", &text("../home"))
        .replace("BESIDE", &text("../beside"));
    made.write("looks.rs", looks);
    made.write("build.rs", BUILD);
    made.write("tests/it.rs", TESTS);
    let json = run(&made, &[]).expect(0).json();
    let (verdict, outcome, cause) = judged(&json, "rust=debian-13");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("ok", "passed"), "{cause}");
    made.expect_no_processes();
    assert!(!made.path("touched").exists());
    assert_eq!(names(&made.path("../home")), ["secret"]);
}

#[test]
fn what_hangs_in_a_root_ends_with_its_time() {
    let Some(made) = workspace("[[suite]]\nname = \"tests\"\nkind = \"test\"\ntimeout = \"3s\"\n") else { return };
    made.write("tests/it.rs", HANGS);
    made.write("../home/x", "");
    let json = run(&made, &[]).expect(1).json();
    assert_eq!(judged(&json, "rust=debian-13").1, "timed-out", "{json:#}");
    made.expect_no_processes();
}

#[test]
fn what_runs_in_a_root_ends_with_us() {
    for how in [Signal::INT, Signal::KILL] {
        let Some(made) = workspace("") else { return };
        made.write("tests/it.rs", HANGS);
        let mut command = made.command(&["compat", "--no-install"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().expect("starts");
        let start = Instant::now();
        wait_for("a cell that hangs", || made.processes().iter().any(|process| process.contains("sleep")));
        signal(&child, how);
        let status = child.wait().expect("ends");
        assert!(start.elapsed() < Duration::from_secs(60));
        assert_eq!(status.code(), (how == Signal::INT).then_some(130));
        made.expect_no_processes();
    }
}
