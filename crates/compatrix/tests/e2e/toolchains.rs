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

/// A rustup of the workspace's own that has the user's stable toolchain by these names; its version.
fn own_rustup(made: &Workspace, names: &[&str]) -> Option<(std::path::PathBuf, String)> {
    let run = |args: &[&str]| {
        let output = std::process::Command::new("rustup").args(args).output().ok().filter(|out| out.status.success());
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(rustc) = run(&["which", "--toolchain", "stable", "rustc"]) else {
        eprintln!("not tested: there is no rustup with stable here");
        return None;
    };
    let version = run(&["run", "stable", "rustc", "-V"])?.split(' ').nth(1)?.to_owned();
    let toolchain = std::path::Path::new(&rustc).ancestors().nth(2)?;
    let home = made.cache().join("rustup");
    std::fs::create_dir_all(home.join("toolchains")).expect("a folder");
    let host = crate::support::host();
    for name in names {
        let at = home.join(format!("toolchains/{}-{host}", name.replace("VERSION", &version)));
        std::os::unix::fs::symlink(toolchain, at).expect("links");
    }
    let settings = format!("version = \"12\"\ndefault_toolchain = \"gone-{host}\"\nprofile = \"minimal\"\n");
    std::fs::write(home.join("settings.toml"), settings).expect("writes");
    Some((home, version))
}

fn with_rustup(made: &Workspace, home: &std::path::Path, args: &[&str]) -> Ran {
    let mut command = made.command(args);
    command.env("RUSTUP_HOME", home).env("CARGO", format!("{}/bin/cargo", sysroot()));
    finish(command)
}

#[test]
fn a_minor_version_is_met_by_an_installed_patch_of_it() {
    let made = Workspace::bare().tests(crate::support::PASSES);
    let Some((home, version)) = own_rustup(&made, &["VERSION"]) else { return };
    let minor = version.rsplit_once('.').expect("a version").0;
    made.write("compat/matrix.toml", format!("[project]\npackages = [\"made\"]\n[axis]\nrust = [\"{minor}\"]\n"));
    let ran = with_rustup(&made, &home, &["compat", "--no-install", "--format", "json"]);
    let json = ran.expect(0).json();
    let row = crate::support::row(&json, &format!("rust={minor}"));
    assert_eq!(
        (row["verdict"].as_str(), row["record"]["proof"]["toolchain"]["release"].as_str()),
        (Some("ok"), Some(&*version))
    );
}

#[test]
fn a_condition_on_a_toolchain_that_is_not_here_hides_nothing() {
    let made = Workspace::bare().tests(crate::support::PASSES);
    let Some((home, _)) = own_rustup(&made, &["stable"]) else { return };
    let suite = "[[suite]]\nname = \"tests\"\nwhen = { rust = \">=1.60\" }\n";
    let spec = format!("[project]\npackages = [\"made\"]\n[axis]\nrust = [\"stable\", \"beta\"]\n{suite}");
    made.write("compat/matrix.toml", spec);
    let ran = with_rustup(&made, &home, &["compat", "--no-install", "--format", "json", "--missing", "fail"]);
    let json = ran.expect(1).json();
    assert_eq!(json["counts"], serde_json::json!({ "ok": 1, "unproven": 1 }));
    assert!(judged(&json, "rust=beta").2.starts_with("toolchain beta is not installed"), "{json}");
}

#[test]
fn a_default_toolchain_that_was_removed_is_named() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n");
    let Some((home, _)) = own_rustup(&made, &[]) else { return };
    for (settings, said) in [(true, "toolchain 'gone-"), (false, "rustup could not choose a version")] {
        if !settings {
            std::fs::write(home.join("settings.toml"), "version = \"12\"\n").expect("writes");
        }
        let mut command = made.command(&["compat"]);
        command.env("RUSTUP_HOME", &home);
        finish(command).expect(2).says(&["no cargo to ask about", said, "`rustup default "]);
    }
}
