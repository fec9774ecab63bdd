//! Roots that cannot be made or entered: each with its reason, and nothing half made is used.

#![allow(clippy::disallowed_methods, reason = "tests make files and send signals")]

use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::Signal;

use crate::repository::names;
use crate::roots::{archive, write_spec};
use crate::support::{finish, judged, signal, wait_for, Ran, Workspace};

/// A folder with all programs of PATH but these, and with these scripts in their place, where there is one.
fn programs(made: &Workspace, others: &[(&str, Option<&str>)]) -> PathBuf {
    let dir = made.path("../programs");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("makes the folder");
    for (name, script) in others {
        let path = dir.join(name);
        let absent = others.iter().any(|(other, script)| other == name && script.is_none());
        let Some(script) = script.filter(|_| !absent) else { continue };
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("makes executable");
    }
    let path = std::env::var_os("PATH").expect("PATH");
    for program in std::env::split_paths(&path).filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten() {
        let name = program.file_name();
        if !others.iter().any(|(other, _)| name == *other) {
            // The first on PATH wins.
            let _ = symlink(program.path(), dir.join(name));
        }
    }
    dir
}

fn run(made: &Workspace, programs: &Path, args: &[&str]) -> Ran {
    let mut command = made.command(args);
    command.env("PATH", programs);
    finish(command)
}

#[track_caller]
fn cause(ran: &Ran) -> String {
    let (verdict, _, cause) = judged(&ran.expect(0).json(), "rust=made");
    assert_eq!(verdict, "unproven", "{ran}");
    cause
}

const COMPAT: [&str; 3] = ["compat", "--format", "json"];

#[test]
fn without_its_tools_a_root_is_unproven_and_says_what_to_install() {
    let made = Workspace::bare();
    write_spec(&made, "made", "deb [signed-by=/k.gpg] http://127.0.0.1:9 made main");
    for (lacking, package) in [("bwrap", "bubblewrap"), ("mmdebstrap", "mmdebstrap")] {
        let ran = run(
            &made,
            &programs(&made, &[(lacking, None), ("mmdebstrap", Some("exit 1")), ("bwrap", Some("exit 0"))]),
            &COMPAT,
        );
        let expected = format!("a root of made with rustc cargo: {lacking} is not on PATH, and a root needs it: `apt-get install {package}`");
        assert_eq!(cause(&ran), expected);
        ran.never_says("Providing");
    }
    // Neither is asked for by others.
    let refuses = "echo 'bwrap: No permissions to create new namespace' >&2; exit 1";
    let ran = run(&made, &programs(&made, &[("bwrap", Some(refuses)), ("mmdebstrap", Some("exit 1"))]), &COMPAT);
    let cause = cause(&ran);
    for part in ["a root cannot be entered here", "No permissions to create new namespace", "user.max_user_namespaces"]
    {
        assert!(cause.contains(part), "{cause}");
    }
}

#[test]
fn a_root_of_no_trusted_archive_is_unproven() {
    let made = Workspace::bare();
    let Some(repository) = archive(&made.path("")) else { return };
    let check = |line: &str, suite: &str, expected: &str| {
        write_spec(&made, suite, line);
        let ran = made.run(&COMPAT);
        let cause = cause(&ran);
        assert!(cause.contains(expected), "expected {expected:?} in {cause:?}");
        let made = names(&made.cache().join("compatrix/distro"));
        assert!(!made.iter().any(|name| name.starts_with("made-") || name.starts_with(".making")), "{made:?}");
    };
    let line = repository.line("made");
    check(&line.replace("archive.gpg", "stranger.gpg"), "made", "not trusted");
    check(&line.replace("archive.gpg", "absent.gpg"), "made", "not trusted");
    check(&line.replace(" made ", " nowhere "), "nowhere", "there is no suite `nowhere` there");
    check("deb [signed-by=/k.gpg] http://127.0.0.1:9 made main", "made", "its archive cannot be reached");
    let key = repository.publish_expired("made");
    check(&line.replace("archive.gpg", &key), "made", "not trusted");
}

#[test]
fn a_failing_tool_is_a_reason() {
    let made = Workspace::bare();
    let Some(repository) = archive(&made.path("")) else { return };
    write_spec(&made, "made", &repository.line("made"));
    let fails = "echo 'I: extracting' >&2; echo 'E: setup failed: it rains' >&2; exit 25";
    let ran = run(&made, &programs(&made, &[("mmdebstrap", Some(fails))]), &COMPAT);
    assert_eq!(cause(&ran), "a root of made with rustc cargo: mmdebstrap failed: setup failed: it rains");
}

#[test]
fn a_root_that_was_cut_short_is_made_again() {
    let made = Workspace::bare();
    let Some(repository) = archive(&made.path("")) else { return };
    write_spec(&made, "made", &repository.line("made"));
    // It has begun to write, and does not go on.
    let half = "for last; do :; done\nmkdir -p \"$TMPDIR/half/usr\"\ntouch \"$TMPDIR/half/usr/file\"\nexec sleep 600";
    let programs = programs(&made, &[("mmdebstrap", Some(half))]);
    let work = || {
        let all = names(Path::new("/var/tmp"));
        let of_root = |name: &&String| name.starts_with("compatrix-root-");
        all.iter()
            .filter(of_root)
            .map(|name| Path::new("/var/tmp").join(name))
            .filter(|dir| dir.join("half").exists())
            .collect::<Vec<_>>()
    };
    for how in [Signal::INT, Signal::KILL] {
        let before = work();
        let mut command = made.command(&COMPAT);
        command.env("PATH", &programs).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().expect("starts");
        wait_for("a root half made", || work().len() > before.len());
        signal(&child, how);
        let status = child.wait().expect("ends");
        let folders = names(&made.cache().join("compatrix/distro"));
        assert!(!folders.iter().any(|name| name.starts_with("made-")), "{folders:?}");
        if how == Signal::INT {
            assert_eq!(status.code(), Some(130));
            assert!(!folders.iter().any(|name| name.starts_with(".making")), "{folders:?}");
            assert_eq!(work(), before);
        } else {
            assert!(folders.iter().any(|name| name.starts_with(".making")), "{folders:?}");
        }
    }
    let left = work();
    let ran = made.run(&COMPAT);
    let json = ran.expect(1).json();
    assert!(format!("{json:#}").contains("seen by /usr/bin/rustc"), "the root is whole: {json:#}");
    let folders = names(&made.cache().join("compatrix/distro"));
    assert!(!folders.iter().any(|name| name.starts_with(".making")), "{folders:?}");
    assert!(work().len() < left.len(), "what it left is removed: {:?}", work());
    made.expect_no_processes();
}
