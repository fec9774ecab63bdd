//! Toolchains that are here, and those that cannot be had.

#![allow(clippy::disallowed_methods, reason = "tests make files")]

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::support::{finish, judged, sysroot, totals, with_here, Ran, Workspace};

const CELLS: &str =
    "[axis]\nrust = [HERE, \"1.13.0\", \"1.14.0\"]\n[axis.word]\nenv = \"WORD\"\nvalues = [\"a\", \"b\"]\n";

fn has_rustup() -> bool {
    let found = std::process::Command::new("rustup").arg("--version").output().is_ok();
    if !found {
        eprintln!("not tested: there is no rustup here");
    }
    found
}

#[test]
fn what_cannot_be_installed_is_unproven_told_once_and_within_seconds() {
    if !has_rustup() {
        return;
    }
    let made = Workspace::new(CELLS);
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(0);
    assert!(ran.took < Duration::from_secs(30), "{ran}");
    let told = ran.stderr.matches("toolchain 1.13.0 could not be installed").count();
    assert_eq!(told, 1, "once, not once a cell\n{ran}");
    let json = ran.json();
    assert_eq!(json["counts"], serde_json::json!({ "ok": 2, "unproven": 4 }));
    let (verdict, outcome, cause) = judged(&json, "rust=1.14.0");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("unproven", "none"));
    assert!(cause.starts_with("toolchain 1.14.0 could not be installed: "), "{cause}");

    // Remembered for an hour, and said to be so by being quick; unproven is an error where that is asked.
    let again = made.run(&["compat", "--missing", "fail"]);
    again.expect(1).never_says("rustup toolchain install").prints(&["unproven"]);
}

#[test]
fn no_install_and_offline_install_nothing() {
    if !has_rustup() {
        return;
    }
    let made = Workspace::new(CELLS);
    for flag in ["--no-install", "--offline"] {
        let ran = made.run(&["compat", "--format", "json", flag]);
        ran.expect(0).never_says("Providing");
        let cause = judged(&ran.json(), "rust=1.13.0").2;
        let expected = format!(
            "toolchain 1.13.0 is not installed and {flag} is set; \
             `rustup toolchain install 1.13.0 --profile minimal --no-self-update` installs it"
        );
        assert_eq!(cause, expected);
        made.run(&["compat", flag, "--missing", "fail"]).expect(1);
    }
}

#[test]
fn an_installed_toolchain_is_used_as_it_is() {
    let rustc = std::process::Command::new("rustup").args(["which", "--toolchain", "stable", "rustc"]).output();
    if !rustc.is_ok_and(|output| output.status.success()) {
        eprintln!("not tested: there is no rustup with stable here");
        return;
    }
    let made = Workspace::new("[axis]\nrust = [\"stable\"]\n");
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(0).never_says("Providing");
    assert_eq!(judged(&ran.json(), "rust=stable").0, "ok");
}

#[test]
fn a_folder_that_is_no_toolchain_is_unproven() {
    let made = Workspace::new("[axis]\nrust = [HERE, { name = \"gone\", path = \"no/such/folder\" }]\n");
    let json = made.json(0, &[]);
    let (verdict, _, cause) = judged(&json, "rust=gone");
    assert_eq!(verdict, "unproven");
    assert!(cause.contains("no rustc in") && cause.contains("no/such/folder/bin"), "{cause}");
    assert_eq!(totals(&json), [1, 1, 0]);
    made.json(1, &["--missing", "fail"]);
}

#[test]
fn without_a_rust_axis_the_toolchain_on_the_path_is_used() {
    let made = Workspace::new("[axis.word]\nenv = \"WORD\"\nvalues = [\"a\"]\n");
    let json = made.json(0, &[]);
    assert_eq!(judged(&json, "word=a").0, "ok");
}

/// Runs with only these programs on PATH: shell scripts of these texts.
fn with_programs(made: &Workspace, programs: &[(&str, &str)], args: &[&str]) -> Ran {
    let bin = made.cache().join("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    for (name, text) in programs {
        let path = bin.join(name);
        std::fs::write(&path, text).expect("writes");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("makes it executable");
    }
    let mut command = made.command(args);
    command.env("PATH", &bin);
    finish(command)
}

#[test]
fn without_cargo_the_message_says_where_to_get_it() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n");
    for command in ["compat", "plan"] {
        let ran = with_programs(&made, &[], &[command]);
        ran.expect(2).says(&["cargo is not on PATH", "rustup.rs"]);
    }
    assert!(!made.path("target").exists());
}

#[test]
fn without_rustup_named_toolchains_are_unproven() {
    let made = Workspace::new("[axis]\nrust = [HERE, \"1.13.0\"]\n");
    let exec = |name: &str| format!("#!/bin/sh\nexec {:?} \"$@\"\n", format!("{}/bin/{name}", sysroot()));
    let (cargo, cc) = (exec("cargo"), "#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin exec cc \"$@\"\n");
    let ran = with_programs(&made, &[("cargo", &cargo), ("cc", cc)], &["compat", "--format", "json"]);
    let json = ran.expect(0).json();
    assert_eq!(judged(&json, "rust=here").0, "ok");
    assert!(judged(&json, "rust=1.13.0").2.contains("needs rustup, which is not on PATH"));
    let _ = with_here("");
}
