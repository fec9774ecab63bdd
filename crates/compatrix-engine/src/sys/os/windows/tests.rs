//! Jobs: exit, output, leftovers, time limits. The children are this executable, which plays the part that a variable
//! names.

#![allow(clippy::disallowed_methods, reason = "children are started and files looked at")]

use std::path::Path;
use std::time::Duration;

use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::{End, Supervisor};

const PART: &str = "COMPATRIX_TEST_PART";
const FILE: &str = "COMPATRIX_TEST_FILE";
const PLAYER: [&str; 4] = ["--exact", "sys::os::windows::tests::player", "--include-ignored", "--nocapture"];

/// A part, started by the tests below. Alone it has none.
#[test]
#[ignore = "a part of other tests"]
fn player() {
    let file = std::env::var(FILE).unwrap_or_default();
    match std::env::var(PART).unwrap_or_default().as_str() {
        "exit" => {
            println!("out");
            eprintln!("err");
            std::process::exit(3);
        }
        "names" => std::env::vars().for_each(|(name, _)| println!("name {name}")),
        "abort" => std::process::abort(),
        "late" => {
            std::thread::sleep(Duration::from_secs(3));
            std::fs::write(&file, "alive").unwrap();
            std::thread::sleep(Duration::from_secs(600));
        }
        // It starts one that outlives it, or waits with it.
        "parent" | "patient" => {
            let mut child = std::process::Command::new(std::env::current_exe().unwrap());
            child.args(PLAYER).env(PART, "late").stdin(std::process::Stdio::null());
            let mut child =
                child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
            println!("done");
            if std::env::var(PART).as_deref() == Ok("patient") {
                child.wait().unwrap();
            }
        }
        "much" => print!("{}end", "x".repeat(3_000_000)),
        _ => {}
    }
}

fn part(name: &str, file: &Path) -> Command {
    let ours = std::env::current_exe().unwrap();
    let mut command = Command::new(ours.to_string_lossy(), std::env::temp_dir()).args(PLAYER);
    for name in crate::sys::os::env::NEEDED {
        command.env.extend(std::env::var(name).ok().map(|value| (name.to_owned(), value)));
    }
    command.env(PART, name).env(FILE, file.to_string_lossy())
}

fn run(command: &Command) -> Finished {
    command.run(&Supervisor::new("test")).expect("runs")
}

#[test]
fn output_and_status_come_back() {
    let finished = run(&part("exit", Path::new("")));
    assert!(finished.stdout.text().contains("out\n") && finished.stderr.text().contains("err\n"));
    assert_eq!((finished.status.code(), finished.end), (Some(3), End::Itself));
    assert!(!finished.left_processes);
    let finished = run(&part("much", Path::new("")));
    assert!(finished.stdout.total > 3_000_000 && finished.stdout.text().contains("xend"));
}

#[test]
fn the_environment_is_only_what_was_given() {
    let said = run(&part("names", Path::new(""))).stdout.text();
    assert!(said.contains("name COMPATRIX_MARK"), "{said}");
    assert!(!said.lines().any(|line| line.eq_ignore_ascii_case("name PATH")), "{said}");
}

#[test]
fn an_abort_is_a_signal() {
    let finished = run(&part("abort", Path::new("")));
    assert_eq!(super::children::signal(finished.status), Some(6), "{:?}", finished.status);
}

#[test]
fn a_path_is_spelled_as_programs_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let real = super::meta::real(dir.path()).unwrap();
    let text = real.to_str().unwrap();
    assert!(text.as_bytes()[1..].starts_with(b":\\") && !text.contains('/'), "{text}");
    // What other programs cannot open, or read as something else, stays as the system spells it.
    let long = format!(r"\\?\C:\{}\b", "a".repeat(300));
    for (path, plain) in [
        (r"\\?\C:\a b\c.d", r"C:\a b\c.d"),
        (r"\\?\C:\a.\b", r"\\?\C:\a.\b"),
        (r"\\?\UNC\server\share\a", r"\\?\UNC\server\share\a"),
        (r"C:\a", r"C:\a"),
        (&long, &long),
    ] {
        assert_eq!(super::meta::plain(path.into()), Path::new(plain));
    }
}

#[test]
fn a_path_of_300_characters_is_written_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let deep = (0..6).fold(dir.path().to_owned(), |path, _| path.join("a".repeat(50)));
    crate::sys::files::write(&deep.join("file"), b"long").unwrap();
    assert_eq!(crate::sys::files::read(&deep.join("FILE")).unwrap(), b"long", "upper and lower case are the same");
    crate::sys::files::remove_dir(dir.path()).unwrap();
    assert!(!dir.path().exists());
}

#[test]
fn caches_are_below_the_local_folder_of_applications() {
    let of = |local: &str| super::env::cache_folder(Some(local), Some(Path::new(r"C:\users\a")));
    assert_eq!(of(r"D:\local").unwrap(), Path::new(r"D:\local"));
    for relative in ["", "local", r"\local", "C:local"] {
        assert_eq!(of(relative).unwrap(), Path::new(r"C:\users\a\AppData\Local"), "{relative}");
    }
    assert_eq!(crate::sys::files::slashed(Path::new(r"a\b/c")), "a/b/c");
}

#[test]
fn a_time_limit_ends_the_whole_tree() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let mut command = part("patient", &file);
    command.timeout = Some(Duration::from_secs(1));
    let finished = run(&command);
    assert_eq!(finished.end, End::TimedOut);
    std::thread::sleep(Duration::from_secs(4));
    assert!(!file.exists(), "the child of the child lives");
}

#[test]
fn a_child_that_outlives_its_parent_is_ended_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let finished = run(&part("parent", &file));
    assert!(finished.status.success() && finished.left_processes, "{}", finished.stderr.text());
    std::thread::sleep(Duration::from_secs(4));
    assert!(!file.exists(), "it lives");
}

#[test]
fn an_interrupt_ends_what_runs() {
    let dir = tempfile::tempdir().unwrap();
    let supervisor = Supervisor::new("test");
    let command = part("late", &dir.path().join("file"));
    let finished = std::thread::scope(|scope| {
        let running = scope.spawn(|| command.run(&supervisor).expect("runs"));
        std::thread::sleep(Duration::from_millis(500));
        supervisor.interrupt();
        running.join().expect("no panic")
    });
    assert_eq!(finished.end, End::Interrupted);
}
