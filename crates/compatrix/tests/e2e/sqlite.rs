//! SQLite: what is said to have run is what ran, and another library in its place is found out.
//!
//! Compiling it takes its time, so the workspace and the libraries are kept from one run of the tests to the next.

#![allow(clippy::disallowed_methods, reason = "tests make and swap files")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{clean, finish, judged, row, sysroot, totals, with_here, Ran, PROGRAM};

pub(crate) const MANIFEST: &str = r#"
[package]
name = "made"
version = "0.1.0"
edition = "2021"

[lib]
test = false
doctest = false

[features]
default = ["bundled"]
bundled = ["rusqlite/bundled"]

[dependencies]
rusqlite = ">=0.31, <0.42"

[profile.dev]
debug = 0

[workspace]
"#;

const SPEC: &str = r#"
[project]
packages = ["made"]
[axis]
rust = [HERE]
sqlite = ["bundled", "3.46.0", "3.50.2"]
[[suite]]
name = "tests"
env = { WANTED = "{sqlite.name}" }
"#;

const TESTS: &str = r#"
#[test]
fn is_the_wanted_one() {
    let wanted = std::env::var("WANTED").unwrap();
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let version: String = connection.query_row("SELECT sqlite_version()", [], |row| row.get(0)).unwrap();
    assert!(wanted == "bundled" || wanted == version, "{version}");
}
"#;

/// A workspace that links SQLite, and a cache of built libraries, both kept.
pub(crate) struct Kept {
    pub(crate) root: PathBuf,
    pub(crate) cache: PathBuf,
    _lock: std::fs::File,
}

impl Kept {
    /// None where the crates are not to be had without network.
    fn new(manifest: &str) -> Option<Self> {
        Self::of(manifest, SPEC, TESTS)
    }

    /// The same with this spec and these tests.
    pub(crate) fn of(manifest: &str, spec: &str, tests: &str) -> Option<Self> {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sqlite");
        let root = dir.join("ws");
        std::fs::create_dir_all(&dir).expect("makes folders");
        let lock = std::fs::File::create(dir.join("lock")).expect("a lock");
        lock.lock().expect("locks");
        for folder in ["src", "tests"] {
            let _ = std::fs::remove_dir_all(root.join(folder));
        }
        let _ = std::fs::remove_file(root.join("build.rs"));
        for folder in ["src", "tests", "compat"] {
            std::fs::create_dir_all(root.join(folder)).expect("makes folders");
        }
        let spec = with_here(spec);
        let files =
            [("Cargo.toml", manifest), ("src/lib.rs", ""), ("tests/it.rs", tests), ("compat/matrix.toml", &spec)];
        for (path, text) in files {
            std::fs::write(root.join(path), text).expect("writes");
        }
        // A repository of its own: that of the project ignores all that is below its target folder.
        std::fs::write(root.join(".gitignore"), "/target\n").expect("writes");
        let mut git = Command::new("git");
        clean(&mut git);
        git.args(["init", "--quiet"]).current_dir(&root);
        finish(git).expect(0);
        // The versions that this repository has, so that they are here.
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
        std::fs::copy(own, root.join("Cargo.lock")).expect("copies");
        let mut cargo = Command::new(Path::new(sysroot()).join("bin/cargo"));
        clean(&mut cargo);
        cargo.args(["metadata", "--format-version", "1", "--offline"]).current_dir(&root);
        let ran = finish(cargo);
        if ran.code != Some(0) {
            eprintln!("not tested: rusqlite is not to be had without network\n{ran}");
            return None;
        }
        Some(Self { root, cache: dir.join("cache"), _lock: lock })
    }

    pub(crate) fn compat(&self, cache: &Path, args: &[&str]) -> Ran {
        let mut command = Command::new(PROGRAM);
        clean(&mut command);
        command.args(["compat", "--format", "json"]).args(args).arg("--root").arg(&self.root);
        finish({
            command.env("XDG_CACHE_HOME", cache);
            command
        })
    }

    /// A cache of which any file may be changed.
    fn copy_of_cache(&self) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let copied = Command::new("cp").arg("-a").arg(&self.cache).arg(dir.path()).status();
        assert!(copied.is_ok_and(|status| status.success()), "copies");
        dir
    }
}

/// The library of a version with the options that a spec without `[sqlite]` asks for.
pub(crate) fn library(cache: &Path, version: &str) -> PathBuf {
    let wanted = serde_json::json!(compatrix_model::matrix_spec::SqliteSettings::default().compiled_with());
    let entries = std::fs::read_dir(cache.join("compatrix/sqlite")).expect("lists");
    let mut dirs = entries.map(|entry| entry.expect("an entry").path());
    let is_it = |dir: &PathBuf| {
        let named = dir.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{version}-")));
        named && {
            let built = std::fs::read(dir.join("built.json")).expect("what it was built with");
            serde_json::from_slice::<Value>(&built).expect("JSON")["options"] == wanted
        }
    };
    dirs.find(is_it).expect("a built library").join("libsqlite3.so.0")
}

fn proof<'a>(json: &'a Value, cell: &str) -> &'a Value {
    &row(json, cell)["record"]["proof"]["sqlite"]
}

#[test]
fn the_library_that_ran_is_the_one_that_was_planned() {
    let Some(kept) = Kept::new(MANIFEST) else { return };
    let ran = kept.compat(&kept.cache, &["--fresh"]);
    ran.expect(0);
    let json = ran.json();
    if json["counts"].get("unproven").is_some() {
        eprintln!("not tested: an amalgamation is not to be had without network\n{ran}");
        return;
    }
    assert_eq!(totals(&json), [2, 3, 0], "one build for all shared libraries");
    for (version, day) in [("3.46.0", "2024-05-23"), ("3.50.2", "2025-06-28")] {
        let proof = proof(&json, &format!("sqlite={version}"));
        let file = library(&kept.cache, version);
        assert_eq!((&proof["linkage"], &proof["version"]), (&"dynamic".into(), &version.into()), "{proof:#}");
        assert!(proof["source_id"].as_str().is_some_and(|id| id.starts_with(day)), "{proof:#}");
        assert_eq!(proof["identified_by"], "probe", "{proof:#}");
        assert_eq!(proof["file"].as_str(), file.canonicalize().expect("a file").to_str());
        let bytes = std::fs::read(&file).expect("reads");
        assert_eq!(
            proof["sha256"].as_str(),
            Some(compatrix_engine::sys::files::hash_bytes(&bytes).to_string().as_str())
        );
    }
    let bundled = proof(&json, "sqlite=bundled");
    assert_eq!(bundled["linkage"], "static", "{bundled:#}");
    assert!(bundled["version"].as_str().is_some_and(|version| version.starts_with("3.")), "{bundled:#}");
    assert!(bundled["source_id"].as_str().is_some_and(|id| id.starts_with("20")), "{bundled:#}");
    assert_eq!(bundled["identified_by"], "probe", "the static library of the build was linked and asked");
    assert!(!bundled["compile_options"].as_array().expect("options").is_empty());
    assert_eq!(totals(&kept.compat(&kept.cache, &[]).json()), [0, 0, 3]);

    // Another version's library where this one should be.
    let swapped = kept.copy_of_cache();
    let cache = swapped.path().join("cache");
    std::fs::copy(library(&cache, "3.50.2"), library(&cache, "3.46.0")).expect("copies");
    let ran = kept.compat(&cache, &[]);
    let json = ran.expect(1).json();
    let (verdict, outcome, cause) = judged(&json, "sqlite=3.46.0");
    assert_eq!((verdict.as_str(), outcome.as_str()), ("broken", "misidentified"), "{cause}");
    assert!(cause.contains("planned SQLite 3.46.0") && cause.contains("3.50.2"), "{cause}");
    assert_eq!(proof(&json, "sqlite=3.46.0")["version"], "3.50.2", "the proof says what really was there");
    assert_eq!(judged(&json, "sqlite=3.50.2").0, "ok");

    // The same version, but not the same bytes.
    let changed = kept.copy_of_cache();
    let cache = changed.path().join("cache");
    let file = library(&cache, "3.46.0");
    let mut bytes = std::fs::read(&file).expect("reads");
    bytes.extend_from_slice(b"one more");
    std::fs::write(&file, bytes).expect("writes");
    let json = kept.compat(&cache, &["--cell", "sqlite=3.46.0"]).expect(1).json();
    assert_eq!(judged(&json, "sqlite=3.46.0").1, "misidentified");

    // No library at all, and one that is none.
    std::fs::write(&file, "no library").expect("writes");
    let json = kept.compat(&cache, &["--cell", "sqlite=3.46.0"]).expect(1).json();
    assert_ne!(judged(&json, "sqlite=3.46.0").0, "ok");
    std::fs::remove_file(&file).expect("removes");
    let gone = kept.compat(&cache, &["--cell", "sqlite=3.46.0"]);
    assert!(gone.code == Some(1) || judged(&gone.json(), "sqlite=3.46.0").0 == "ok", "built anew or told\n{gone}");

    // The true cache again: nothing of all this is used again.
    let json = kept.compat(&kept.cache, &[]).expect(0).json();
    assert_eq!(json["counts"], serde_json::json!({ "ok": 3 }));
}

#[test]
fn sqlite_that_is_always_compiled_in_is_known_and_can_be_replaced() {
    let rusqlite = "rusqlite = { version = \">=0.31, <0.42\", features = [\"bundled\"] }";
    let manifest = MANIFEST
        .replace("default = [\"bundled\"]\nbundled = [\"rusqlite/bundled\"]\n", "")
        .replace("rusqlite = \">=0.31, <0.42\"", rusqlite);
    let Some(kept) = Kept::new(&manifest) else { return };
    let ran = kept.compat(&kept.cache, &["--cell", "sqlite=bundled", "--cell", "sqlite=3.46.0"]);
    let json = ran.expect(0).json();
    if json["counts"].get("unproven").is_some() {
        eprintln!("not tested: an amalgamation is not to be had without network\n{ran}");
        return;
    }
    assert_eq!(json["counts"], serde_json::json!({ "ok": 2 }), "{ran}");
    assert_eq!(proof(&json, "sqlite=bundled")["linkage"], "static");
    let shared = proof(&json, "sqlite=3.46.0");
    assert_eq!((&shared["linkage"], &shared["version"]), (&"dynamic".into(), &"3.46.0".into()));
    // What `init` finds here.
    let mut command = Command::new(PROGRAM);
    clean(&mut command);
    command.args(["init", "--stdout", "--root"]).arg(&kept.root);
    finish(command).expect(0).prints(&["    \"bundled\",  # compiled in, Cargo.toml:14", "so no other is tested"]);
}

#[test]
fn a_version_that_nobody_carries_names_its_neighbours() {
    let made = crate::support::Workspace::new("[axis]\nrust = [HERE]\nsqlite = [\"3.46.7\"]\n");
    made.run(&["compat"]).expect(2).says(&["`3.46.7`", "compat/matrix.toml:6:11", "`3.46.0` and `3.49.1`"]);
}

#[test]
fn a_package_without_sqlite_is_told_to_leave_the_axis_out() {
    let made = crate::support::Workspace::new("[axis]\nrust = [HERE]\nsqlite = [\"bundled\"]\n");
    let json = made.json(0, &[]);
    assert!(judged(&json, "sqlite=bundled").2.contains("remove the `sqlite` axis"), "{json:#}");
}

#[test]
fn a_feature_that_does_more_than_to_bundle_stays_on_over_a_shared_library() {
    let features =
        "bundled = [\"rusqlite/bundled\"]\njson = []\nembedded = [\"bundled\"]\nfull = [\"embedded\", \"json\"]\n";
    let Some(kept) = Kept::new(&MANIFEST.replace("bundled = [\"rusqlite/bundled\"]\n", features)) else { return };
    let sets = "[axis.features]\ndefault = []\nfull = [\"full\"]\nembedded = [\"embedded\"]\n[[suite]]";
    let spec = with_here(SPEC).replace("[[suite]]", sets).replace(", \"3.50.2\"", "");
    std::fs::write(kept.root.join("compat/matrix.toml"), spec).expect("writes");
    let ran = kept.compat(&kept.cache, &["--cell", "sqlite=3.46.0"]);
    let json = ran.expect(0).json();
    if json["counts"].get("unproven").is_some() {
        eprintln!("not tested: an amalgamation is not to be had without network\n{ran}");
        return;
    }
    let of = |set: &str| row(&json, &format!("features={set}"));
    for (set, features) in
        [("default", vec![]), ("full", vec!["bundled", "default", "embedded", "full", "json"]), ("embedded", vec![])]
    {
        let proof = &of(set)["record"]["proof"];
        assert_eq!(proof["features"], serde_json::json!(features), "{set}");
        assert_eq!(proof["sqlite"]["linkage"], "dynamic", "{proof:#}");
    }
    // Named by the set, and off.
    assert!(of("embedded")["notes"][0].as_str().is_some_and(|note| note.contains("`embedded` is off")), "{json:#}");
    assert!(of("default").get("notes").is_none());
}
