//! The fixtures of the repository, built from their SQL once per process and kept as bytes.
//!
//! As bytes, because nothing would remove files that outlive the tests.

use super::manifest::{self, Manifest};
use super::temp::TempDir;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

/// The files of one database and what is known of it.
#[derive(Clone)]
pub struct Fixture {
    pub name: String,
    pub manifest: Manifest,
    /// Suffix (empty for the database itself, `-wal`, `-shm`) and content.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

/// The one of `THINGS_STORE_FIXTURE`, where that is set.
pub fn given() -> Option<&'static Fixture> {
    static GIVEN: OnceLock<Option<Fixture>> = OnceLock::new();
    GIVEN
        .get_or_init(|| {
            let path = PathBuf::from(env::var_os("THINGS_STORE_FIXTURE").filter(|path| !path.is_empty())?);
            let folder = path.parent().expect("a file in a folder");
            Some(Fixture {
                name: path.display().to_string(),
                manifest: read_manifest(folder),
                files: read_files(&path),
            })
        })
        .as_ref()
}

/// All of the repository but `v24-10k`.
pub fn small() -> &'static [Fixture] {
    static SMALL: OnceLock<Vec<Fixture>> = OnceLock::new();
    SMALL.get_or_init(|| {
        let names = folders().into_iter().filter(|name| name != LARGE);
        names.map(|name| build(&name)).collect()
    })
}

/// The ten thousand tasks.
pub fn large() -> &'static Fixture {
    static BUILT: OnceLock<Fixture> = OnceLock::new();
    BUILT.get_or_init(|| build(LARGE))
}

const LARGE: &str = "v24-10k";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../compat/fixtures")
}

/// The folders' names, sorted.
pub fn folders() -> Vec<String> {
    let root = root();
    let entries = fs::read_dir(&root)
        .unwrap_or_else(|error| panic!("{}: {error}: set THINGS_STORE_FIXTURE outside the repository", root.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a folder entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a name in UTF-8"))
        .collect();
    names.sort();
    names
}

fn read_text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_manifest(folder: &Path) -> Manifest {
    let path = folder.join("fixture.toml");
    manifest::parse(&read_text(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_files(database: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let beside = |suffix| PathBuf::from(format!("{}{suffix}", database.display()));
    let files = SUFFIXES.iter().filter_map(|suffix| Some((*suffix, fs::read(beside(suffix)).ok()?)));
    let files: Vec<_> = files.collect();
    assert!(!files.is_empty(), "no file at {}", database.display());
    files
}

fn build(name: &str) -> Fixture {
    let folder = root().join(name);
    let manifest = read_manifest(&folder);
    let temp = TempDir::new();
    let path = temp.join("things.sqlite");
    let connection = Connection::open(&path).expect("a new database");
    connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF;").expect("settings");
    let run = |files: &[String]| {
        for file in files {
            let sql = read_text(&folder.join(file));
            connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{name}: {file}: {error}"));
        }
    };
    run(&manifest.sql);
    if !manifest.wal.is_empty() {
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;").expect("WAL");
        run(&manifest.wal);
    }
    // Read while the connection is open: closing it would move the log into the database.
    let mut files = read_files(&path);
    drop(connection);
    let database = &mut files[0].1;
    for (offset, bytes) in &manifest.damage.overwrite {
        database[*offset..offset + bytes.len()].copy_from_slice(bytes);
    }
    if let Some(length) = manifest.damage.truncate {
        database.truncate(length);
    }
    Fixture { name: name.to_owned(), manifest, files }
}
