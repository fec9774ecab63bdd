//! SQLite as users have it: compile-time options, functions that a library lacks, and each executable's own library.

#![allow(clippy::disallowed_methods, reason = "tests make and change files")]

use crate::sqlite::{library, Kept, MANIFEST};
use crate::support::{judged, row, Ran, Workspace};

/// The version that this repository's lockfile bundles, and an older one.
const SPEC: &str = r#"
[project]
packages = ["made"]
[axis]
rust = [HERE]
sqlite = ["bundled", "3.45.0"]
"#;

/// Whether the amalgamations were to be had; says so if not.
fn had(ran: &Ran) -> bool {
    let missing = ran.json()["counts"].get("unproven").is_some();
    if missing {
        eprintln!("not tested: an amalgamation is not to be had without network\n{ran}");
    }
    !missing
}

#[test]
fn exact_versions_are_what_distributions_have_and_the_difference_is_told() {
    let dangles = r#"
#[test]
fn rows_may_dangle() {
    let db = rusqlite::Connection::open_in_memory().unwrap();
    db.execute_batch("create table a (id integer primary key); create table b (a references a); insert into b values (7)")
        .unwrap();
}
"#;
    let Some(kept) = Kept::of(MANIFEST, SPEC, dangles) else { return };
    let ran = kept.compat(&kept.cache, &[]);
    if !had(&ran) {
        return;
    }
    let json = ran.expect(1).json();
    assert_eq!(judged(&json, "sqlite=3.45.0").0, "ok", "no system's SQLite enforces foreign keys");
    assert_eq!(judged(&json, "sqlite=bundled").0, "broken");
    let notes = row(&json, "sqlite=bundled")["notes"].to_string();
    assert!(notes.contains("same SQLite 3.45.0") && notes.contains("DEFAULT_FOREIGN_KEYS"), "{notes}");
    drop(kept);

    let options = "[sqlite]\noptions = \"bundled\"\n";
    let Some(kept) = Kept::of(MANIFEST, &format!("{SPEC}{options}"), dangles) else { return };
    let json = kept.compat(&kept.cache, &["--cell", "sqlite=3.45.0"]).expect(1).json();
    assert_eq!(judged(&json, "sqlite=3.45.0").0, "broken", "the spec asked for it");
}

#[test]
fn a_function_that_a_library_lacks_names_the_option_that_brings_it() {
    let manifest = MANIFEST.replace(
        "[profile.dev]",
        "libsqlite3-sys = { version = \"*\", features = [\"unlock_notify\"] }\n\n[profile.dev]",
    );
    let spec = SPEC.replace("\"bundled\", \"3.45.0\"", "\"host\", \"3.45.0\"") + "[sqlite]\noptions = \"none\"\n";
    let asks = r#"
#[test]
fn asks() {
    assert_ne!(std::hint::black_box(libsqlite3_sys::sqlite3_unlock_notify as *const ()), std::ptr::null());
}
"#;
    let Some(kept) = Kept::of(&manifest, &spec, asks) else { return };
    let ran = kept.compat(&kept.cache, &["--cell", "sqlite=3.45.0"]);
    if !had(&ran) {
        return;
    }
    let (_, outcome, cause) = judged(&ran.expect(1).json(), "sqlite=3.45.0");
    assert!(cause.contains("SQLITE_ENABLE_UNLOCK_NOTIFY") && cause.contains("compile-options"), "{outcome}: {cause}");
}

#[test]
fn a_program_that_loads_another_sqlite_is_found_out() {
    let spec = SPEC.replace("\"bundled\", \"3.45.0\"", "\"3.45.0\", \"3.46.0\"");
    let starts = r#"
#[test]
fn starts() {
    assert!(std::process::Command::new(env!("CARGO_BIN_EXE_ask")).status().unwrap().success());
    rusqlite::Connection::open_in_memory().unwrap();
}
"#;
    let Some(kept) = Kept::of(MANIFEST, &spec, starts) else { return };
    let write = |path: &str, text: &str| {
        let path = kept.root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes folders");
        std::fs::write(path, text).expect("writes");
    };
    write("src/bin/ask.rs", "fn main() { rusqlite::Connection::open_in_memory().unwrap(); }");
    let ran = kept.compat(&kept.cache, &[]);
    if !had(&ran) {
        return;
    }
    assert_eq!(ran.expect(0).json()["counts"], serde_json::json!({ "ok": 2 }));
    let other = library(&kept.cache, "3.45.0");
    let dir = other.parent().expect("a folder").display();
    write(
        "build.rs",
        &format!("fn main() {{ println!(\"cargo:rustc-link-arg-bins=-Wl,--disable-new-dtags,-rpath,{dir}\"); }}"),
    );
    let json = kept.compat(&kept.cache, &["--cell", "sqlite=3.46.0"]).expect(1).json();
    let (_, outcome, cause) = judged(&json, "sqlite=3.46.0");
    assert_eq!(outcome, "misidentified");
    assert!(cause.starts_with("ask, which tests can start or load, loads ") && cause.contains("3.45.0"), "{cause}");

    // A relative folder begins where the tests start, wherever the command is given.
    write("build.rs", "fn main() { println!(\"cargo:rustc-link-arg-tests=-Wl,--disable-new-dtags,-rpath,near\"); }");
    let json = kept.compat(&kept.cache, &["--cell", "sqlite=3.46.0"]).expect(0).json();
    assert_eq!(judged(&json, "sqlite=3.46.0").0, "ok", "nothing is there");
    write("near/libsqlite3.so.0", "");
    std::fs::copy(&other, kept.root.join("near/libsqlite3.so.0")).expect("copies");
    let json = kept.compat(&kept.cache, &["--cell", "sqlite=3.46.0"]).expect(1).json();
    std::fs::remove_dir_all(kept.root.join("near")).expect("removes");
    let (_, outcome, cause) = judged(&json, "sqlite=3.46.0");
    assert!(outcome == "misidentified" && cause.contains("near/libsqlite3.so.0 3.45.0"), "{outcome}: {cause}");
}

#[test]
fn a_static_executable_is_not_started_to_be_looked_at() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n");
    let count = made.path("count");
    made.write(
        "tests/counts.rs",
        format!(
            "use std::io::Write;\n#[test]\nfn counts() {{ std::fs::OpenOptions::new().append(true).create(true)\
             .open({count:?}).unwrap().write_all(b\"x\").unwrap(); }}\n"
        ),
    );
    made.write(
        ".cargo/config.toml",
        "[target.'cfg(target_os = \"linux\")']\nrustflags = [\"-C\", \"target-feature=+crt-static\"]\n",
    );
    made.json(0, &[]);
    assert_eq!(std::fs::read_to_string(count).expect("it ran"), "x");
}
