//! The machine fails: no space, folders that cannot be written, another orchestrator. Exit code 3, and nothing is lost.

#![allow(clippy::disallowed_methods, reason = "tests mount and make files")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{finish, judged, signal, totals, wait_for, Workspace};

const SPEC: &str = "[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\nvalues = [\"a\", \"b\", \"c\"]\n";

#[test]
fn a_target_folder_that_cannot_be_made_is_told() {
    let made = Workspace::new(SPEC).file("target", "a file in the way\n");
    for command in ["compat", "plan"] {
        made.run(&[command]).expect(3).says(&["cannot make the folder", "target/compat"]);
    }
    assert_eq!(std::fs::read_to_string(made.path("target")).expect("reads"), "a file in the way\n");
}

#[test]
fn without_a_home_in_the_environment_the_user_database_has_it() {
    let made = Workspace::new(SPEC);
    let mut command = made.command(&["compat"]);
    command.env_remove("HOME");
    finish(command).expect(0);
}

#[test]
fn a_second_orchestrator_is_told_who_holds_the_workspace() {
    let made = Workspace::new(SPEC).tests(crate::support::WAITS);
    let mut first = made.command(&["compat"]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    wait_for("a test to run", || made.processes().iter().any(|process| process.contains("it-")));
    let holder = format!("process {}", first.id());
    for command in [&["compat"][..], &["fixtures", "build"]] {
        let ran = made.run(command);
        ran.expect(3).says(&[&holder, "is working in this workspace already"]);
        assert!(ran.took < Duration::from_secs(5), "{ran}");
    }
    made.run(&["plan"]).expect(0);
    assert!(first.try_wait().expect("asks").is_none(), "the first goes on");
    made.write("target/go", "");
    assert_eq!(first.wait().expect("ends").code(), Some(0));
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 3]);
}

/// A small file system on the workspace's own folder, gone with the value.
struct Mounted {
    path: std::path::PathBuf,
}

impl Mounted {
    /// None where this user may not mount.
    fn new(made: &Workspace, size: &str) -> Option<Self> {
        let path = made.compat("");
        std::fs::create_dir_all(&path).expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "tmpfs"])
            .arg(&path)
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self { path });
        }
        eprintln!("not tested: this user may not mount a file system");
        None
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.path).status();
        assert!(status.is_ok_and(|status| status.success()), "remounts");
    }

    /// Leaves so many bytes free.
    fn fill_but(&self, free: u64) {
        let filler = self.path.join("filler");
        let _ = std::fs::remove_file(&filler);
        let stat = rustix::fs::statvfs(&self.path).expect("asks");
        let size = (stat.f_bavail * stat.f_frsize).saturating_sub(free);
        std::fs::write(filler, vec![0; usize::try_from(size).expect("a size")]).expect("fills");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

#[test]
fn no_space_on_the_device_is_the_machine_s_failure_and_work_goes_on_afterwards() {
    let made = Workspace::new(SPEC);
    let Some(disk) = Mounted::new(&made, "64m") else { return };
    // Not even a ledger fits.
    disk.fill_but(0);
    let ran = made.run(&["compat"]);
    ran.expect(3).says(&["target/compat/", "No space left on device"]);
    // A ledger fits, a build does not.
    disk.fill_but(400_000);
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(3);
    let said = ran.stderr.to_lowercase();
    assert!(said.contains("no space left") || said.contains("the disk is full"), "{ran}");
    if !ran.stdout.is_empty() {
        let (verdict, outcome, _) = judged(&ran.json(), "n=a");
        assert_eq!((verdict.as_str(), outcome.as_str()), ("error", "infrastructure"));
    }
    // Space again: all runs, nothing of the failure is used again.
    std::fs::remove_file(disk.path.join("filler")).expect("removes");
    assert_eq!(totals(&made.json(0, &[])), [1, 3, 0]);
    // All is built and known; then the disk is full in the middle of new work.
    for free in [0, 4096, 16384, 40960, 81920] {
        disk.fill_but(free);
        let ran = made.run(&["compat", "--fresh", "--format", "json"]);
        assert!(matches!(ran.code, Some(0 | 3)), "with {free} bytes free\n{ran}");
        ran.never_says("panicked");
    }
    std::fs::remove_file(disk.path.join("filler")).expect("removes");
    assert_eq!(totals(&made.json(0, &[]))[1..], [0, 3], "what was known is still known");
}

#[test]
fn a_read_only_device_is_told() {
    let made = Workspace::new(SPEC);
    let Some(disk) = Mounted::new(&made, "64m") else { return };
    assert_eq!(totals(&made.json(0, &[])), [1, 3, 0]);
    disk.remount("ro");
    for command in [&["compat"][..], &["plan"]] {
        let ran = made.run(command);
        ran.expect(3).says(&["target/compat/"]);
        assert!(ran.stderr.contains("Read-only") || ran.stderr.contains("make its folder writable"), "{ran}");
    }
    disk.remount("rw");
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 3], "nothing was lost");
}

#[test]
fn what_a_killed_orchestrator_left_running_is_ended_at_the_next_start() {
    let made = Workspace::new(SPEC).tests(crate::support::WAITS);
    let mut first = made.command(&["compat"]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    wait_for("a test to run", || made.processes().iter().any(|process| process.contains("it-")));
    signal(&first, rustix::process::Signal::KILL);
    first.wait().expect("ends");
    assert!(!made.processes().is_empty(), "its children go on");
    made.write("target/go", "");
    let start = Instant::now();
    assert_eq!(totals(&made.json(0, &[])), [1, 3, 0]);
    assert!(start.elapsed() < Duration::from_secs(30));
    made.expect_no_processes();
}
