//! What runs is what its name says: toolchains by version and channel, a compiled-in SQLite by its crate, objects of the
//! cache by what was compiled.

#![allow(clippy::disallowed_methods, reason = "tests make and change files")]

use std::path::PathBuf;

use crate::support::{judged, sysroot, Workspace};

#[test]
fn a_toolchain_of_another_version_than_its_name_is_misidentified() {
    let here = sysroot();
    let rule = "[[rule]]\nwhen = { rust = \"1.13\" }\nexpect = \"fail\"\nreason = \"too old\"\n";
    let spec = format!(
        "[axis]\nrust = [{{ name = \"1.13\", path = {here:?} }}, {{ name = \"mine\", path = {here:?} }}]\n\
         [[suite]]\nname = \"tests\"\n[[suite]]\nname = \"builds\"\nkind = \"build\"\n{rule}"
    );
    // Whatever a rule expects, and whether or not it compiles.
    for lib in ["", "pub fn f() -> u8 { nothing }"] {
        let made = Workspace::new(&spec).file("src/lib.rs", lib);
        let json = made.json(1, &[]);
        for row in json["rows"].as_array().expect("rows").iter().filter(|row| row["cell"] == "rust=1.13") {
            assert_eq!((&row["verdict"], &row["outcome"]), (&"broken".into(), &"misidentified".into()), "{row:#}");
            let cause = row["cause"].as_str().expect("a cause");
            assert!(cause.starts_with("the toolchain `1.13` is rustc 1."), "{cause}");
        }
        assert_eq!(judged(&json, "rust=mine").0, if lib.is_empty() { "ok" } else { "broken" });
    }
}

/// A crate of the name that is known for its SQLite, with one of three functions.
fn over_own_sqlite() -> Workspace {
    const C: &str = "const char *sqlite3_libversion(void) { return VERSION; }\n\
                     const char *sqlite3_sourceid(void) { return SQLITE_SOURCE_ID; }\n\
                     const char *sqlite3_compileoption_get(int n) { return 0; }\n";
    const BUILD: &str = r#"
use std::process::Command;
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let run = |program: String, args: &[&str]| assert!(Command::new(program).args(args).status().unwrap().success());
    let cc = std::env::var("CC").unwrap_or("cc".into());
    let object = format!("{out}/own.o");
    run(cc, &["-O0", "-fPIC", "-o", &object, "-c", "sqlite3/sqlite3.c"]);
    run("ar".into(), &["rcs", &format!("{out}/libsqlite3.a"), &object]);
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static=sqlite3");
}
"#;
    const LIB: &str = "use std::os::raw::c_char;\nextern \"C\" { pub fn sqlite3_libversion() -> *const c_char; pub fn \
                       sqlite3_sourceid() -> *const c_char; pub fn sqlite3_compileoption_get(n: i32) -> *const c_char; }\n";
    const TEST: &str = "#[test]\nfn asks() { unsafe { let all = [libsqlite3_sys::sqlite3_libversion(), \
                        libsqlite3_sys::sqlite3_sourceid(), libsqlite3_sys::sqlite3_compileoption_get(0)]; \
                        std::hint::black_box(all); } }\n";
    let spec = "[axis]\nrust = [HERE]\nsqlite = [\"bundled\"]\n";
    let made = Workspace::new(spec).tests(TEST);
    let manifest = std::fs::read_to_string(made.path("Cargo.toml")).expect("a manifest");
    let manifest = manifest.replace(
        "[features]",
        "[dependencies]\nlibsqlite3-sys = { path = \"sys\" }\n\n[features]\nbundled = [\"libsqlite3-sys/bundled\"]",
    );
    made.write("Cargo.toml", manifest);
    made.write(
        "sys/Cargo.toml",
        "[package]\nname = \"libsqlite3-sys\"\nversion = \"0.30.1\"\nedition = \"2021\"\nlinks = \"sqlite3\"\n\
         build = \"build.rs\"\n[features]\nbundled = []\n",
    );
    made.write(
        "Cargo.lock",
        "version = 3\n\n[[package]]\nname = \"libsqlite3-sys\"\nversion = \"0.30.1\"\n\n[[package]]\nname = \"made\"\n\
         version = \"0.1.0\"\ndependencies = [\n \"libsqlite3-sys\",\n]\n",
    );
    made.write("sys/build.rs", BUILD);
    made.write("sys/src/lib.rs", LIB);
    made.write("sys/sqlite3/sqlite3.c", format!("#define VERSION \"3.46.0\"\n#include \"sqlite3.h\"\n{C}"));
    made.write("sys/sqlite3/sqlite3.h", header("3.46.0", 'a'));
    made
}

fn header(version: &str, hash: char) -> String {
    let hash = hash.to_string().repeat(64);
    format!("#define SQLITE_VERSION \"{version}\"\n#define SQLITE_SOURCE_ID \"2024-05-23 13:25:27 {hash}\"\n")
}

fn objects(made: &Workspace) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(made.cache().join("compatrix/objects")).expect("the cache");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|e| e == "o")).collect()
}

#[test]
fn a_compiled_in_sqlite_is_that_of_its_crate_and_objects_are_as_compiled() {
    let made = over_own_sqlite();
    let json = made.json(0, &[]);
    assert_eq!(judged(&json, "sqlite=bundled").0, "ok");

    // An object of the cache that is not what was compiled: compiled again, and said.
    let objects = objects(&made);
    assert_eq!(objects.len(), 1, "{objects:?}");
    let whole = std::fs::read(&objects[0]).expect("reads");
    let place = whole.windows(6).position(|bytes| bytes == b"3.46.0").expect("its version");
    let mut other = whole.clone();
    other[place + 3] = b'1';
    std::fs::write(&objects[0], other).expect("writes");
    std::fs::remove_dir_all(made.path("target/compat/build")).expect("removes");
    let ran = made.run(&["compat", "--format", "json", "--fresh"]);
    ran.expect(0).says(&["is not what was compiled from sqlite3/sqlite3.c; it was compiled again"]);
    let version = &ran.json()["rows"][0]["record"]["proof"]["sqlite"]["version"];
    assert_eq!(version, "3.46.0");
    assert_eq!(std::fs::read(&objects[0]).expect("reads"), whole, "and kept again");

    // The crate's header says that it carries another version than its source compiles to.
    made.write("sys/sqlite3/sqlite3.h", header("3.46.1", 'a'));
    let (verdict, outcome, cause) = judged(&made.json(1, &[]), "sqlite=bundled");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "misidentified"), "{cause}");
    assert!(cause.contains("has SQLite 3.46.0 (") && cause.contains("carries SQLite 3.46.1 ("), "{cause}");
}
