//! What a cell in a root of the user's cache leaves behind and cannot change, and what leads into it besides `compat`.

#![allow(clippy::disallowed_methods, reason = "tests make files and start tools")]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::roots_real::{run, workspace, workspace_in};
use crate::support::{finish, judged, text_of, Ran, Workspace};

/// Leaves a configuration that breaks whatever is built with it, and says what of other cells can be written.
const LEAVES: &str = r#"
#[test]
fn leaves() {
    #[cfg(poisoned)]
    panic!("the configuration of another run is read");
    #[cfg(not(poisoned))]
    {
        let home = std::env::var("CARGO_HOME").unwrap();
        let config = std::path::Path::new(&home).join("config.toml");
        std::fs::write(config, "[build]\nrustflags = [\"--cfg\", \"poisoned\"]\n").unwrap();
        for dir in ["", "build", "run", "record", "repro", "probe"] {
            let path = std::path::Path::new("WORKSPACE/target/compat").join(dir).join("touched");
            assert!(std::fs::write(&path, "").is_err(), "{} can be written", path.display());
        }
        for path in ["/proc/sys/vm/swappiness", "/proc/sys/kernel/panic"] {
            let value = std::fs::read(path).unwrap();
            assert!(std::fs::write(path, value).is_err(), "{path} of the host can be written");
        }
        assert!(std::fs::metadata("/proc/sysrq-trigger").map_or(true, |_| {
            std::fs::OpenOptions::new().write(true).open("/proc/sysrq-trigger").is_err()
        }), "keys of the host can be pressed");
    }
}
"#;

/// The same by a build.
const BUILD: &str = r#"
fn main() {
    println!("cargo:rerun-if-changed=src");
    let home = std::env::var("CARGO_HOME").unwrap();
    let config = std::path::Path::new(&home).join("config.toml");
    std::fs::write(config, "[build]\nrustflags = [\"--cfg\", \"poisoned\"]\n").unwrap();
}
"#;

/// Says what is not as a run has it.
const TOLD: &str = r#"
#[test]
fn is_told() {
    assert!(std::fs::read_to_string("/etc/debian_version").unwrap().starts_with("13"));
    assert_eq!(std::env::var("TOLD").unwrap(), "a b\"c$d");
    let temporary = std::env::temp_dir();
    assert!(temporary.ends_with("tmp") && temporary != std::path::Path::new("/tmp"), "{temporary:?}");
    assert!(std::fs::write(temporary.join("own"), "").is_ok(), "it can be written");
}
"#;

/// Asks a cell with a home of cargo's.
fn with_home(made: &Workspace, args: &[&str]) -> Ran {
    fs::create_dir_all(made.path("../cargo")).expect("makes the folder");
    let mut command = made.command(&[&["compat", "--no-install", "--format", "json"], args].concat());
    command.env("HOME", made.path("../home")).env("CARGO_HOME", made.path("../cargo"));
    finish(command)
}

#[test]
fn what_a_cell_leaves_changes_no_other() {
    let Some(made) = workspace("") else { return };
    for dir in ["run", "record", "repro", "probe"] {
        fs::create_dir_all(made.compat(dir)).expect("makes the folder");
    }
    made.write("build.rs", BUILD);
    made.write("tests/it.rs", LEAVES.replace("WORKSPACE", &made.root().to_string_lossy()));
    for (args, edit) in [(&[][..], ""), (&["--fresh"], ""), (&[], "\n")] {
        made.write("src/lib.rs", edit);
        let json = with_home(&made, args).expect(0).json();
        let (verdict, _, cause) = judged(&json, "rust=debian-13");
        assert_eq!(verdict, "ok", "{args:?} {edit:?}: {cause}\n{json:#}");
    }
    assert!(!made.path("../cargo/config.toml").exists(), "the user's own is untouched");
}

/// The exit code of the printed lines in a shell.
fn by_hand(made: &Workspace) -> (Option<i32>, String) {
    let mut command = made.command(&["repro", "rust=debian-13"]);
    command.env("HOME", made.path("../home")).env("CARGO_HOME", made.path("../cargo"));
    let lines = finish(command);
    lines.expect(0);
    let ran = Command::new("sh").args(["-e", "-c", &lines.stdout]).current_dir("/").output().expect("sh starts");
    let said = format!("{}\n{}{}", lines.stdout, text_of(ran.stdout), text_of(ran.stderr));
    (ran.status.code(), said)
}

#[test]
fn lines_by_hand_and_a_path_with_a_space_are_for_roots_too() {
    let suite = "[[suite]]\nname = \"tests\"\nkind = \"test\"\ndoctests = true\nenv = { TOLD = \"a b\\\"c$d\" }\n";
    let Some(made) = workspace_in("it's ours", suite) else { return };
    made.write(
        "src/lib.rs",
        "/// ```\n/// assert_eq!(made::two(), 2);\n/// let home = std::env::var(\"CARGO_HOME\").unwrap();\n\
         /// std::fs::write(format!(\"{home}/config.toml\"), \"[build]\\nrustflags = [0]\").unwrap();\n\
         /// ```\npub fn two() -> u8 {\n    2\n}\n",
    );
    made.write("tests/it.rs", TOLD);
    let json = with_home(&made, &["--fresh"]).expect(0).json();
    assert_eq!(judged(&json, "rust=debian-13").0, "ok", "{json:#}");
    let (code, said) = by_hand(&made);
    assert_eq!(code, Some(0), "{said}");
    made.write("tests/it.rs", TOLD.replace("c$d", "another"));
    with_home(&made, &[]).expect(1);
    let (code, said) = by_hand(&made);
    assert_eq!(code, Some(101), "{said}");
}

#[test]
fn the_target_of_a_root_itself_is_built_for_and_no_other() {
    let Some(made) = workspace(
        "[axis.os]\nown = { target = \"x86_64-unknown-linux-gnu\" }\nrunner = { target = \"x86_64-unknown-linux-gnu\", \
         runner = \"env\" }\nmusl = { target = \"x86_64-unknown-linux-musl\" }\n",
    ) else {
        return;
    };
    let json = run(&made, &[]).expect(0).json();
    for (os, verdict, why) in [
        ("own", "ok", ""),
        ("runner", "unproven", "no runner of this host is"),
        ("musl", "unproven", "has no std for x86_64-unknown-linux-musl"),
    ] {
        let (is, _, cause) = judged(&json, &format!("os={os}"));
        assert_eq!(is, verdict, "{os}: {cause}");
        assert!(cause.contains(why), "{os}: {cause}");
    }
}

#[test]
fn a_cache_behind_a_link_has_the_same_sqlite() {
    let Some(made) = workspace("") else { return };
    let real = made.path("../real");
    fs::rename(made.cache(), &real).expect("moves");
    symlink("real", made.cache()).expect("links");
    let spec = fs::read_to_string(made.path("compat/matrix.toml")).expect("reads");
    made.write("compat/matrix.toml", spec.replace("[axis]\n", "[axis]\nsqlite = [\"debian-13\"]\n"));
    made.write(
        "tests/it.rs",
        "#[link(name = \"sqlite3\")]\nextern \"C\" {\n    fn sqlite3_libversion_number() -> i32;\n}\n#[test]\nfn asks() {\n    \
         assert!(unsafe { sqlite3_libversion_number() } > 3_000_000);\n}\n",
    );
    let json = run(&made, &[]).expect(0).json();
    assert_eq!(judged(&json, "sqlite=debian-13").0, "ok", "{json:#}");
    let said = json.to_string();
    assert!(said.contains("\"version\":\"3.46.1\""), "{json:#}");
}
