//! Databases of a size, made once and kept: building one of a million tasks takes longer than measuring on it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

const SCHEMA: [&str; 2] =
    [include_str!("../../../compat/fixtures/v24/schema.sql"), include_str!("../../../compat/fixtures/v24/meta.sql")];
const HOUSEHOLD: &str = include_str!("../../../compat/fixtures/v24/data.sql");
const GENERATED: &str = include_str!("../../../compat/fixtures/v24-10k/generate.sql");
/// In the generator, how many tasks there are.
const TASKS: &str = "WHERE n < 10000";

/// The rows of a household: 51 tasks.
pub(crate) fn household() -> String {
    HOUSEHOLD.to_owned()
}

/// The rows of a database with this many tasks, always the same. Projects and headings are the first 900.
pub(crate) fn generated(tasks: u32) -> String {
    GENERATED.replace(TASKS, &format!("WHERE n < {tasks}"))
}

/// Writes a database of these rows.
pub(crate) fn write(path: &Path, rows: &str) {
    let connection = Connection::open(path).expect("a new database");
    connection.execute_batch("PRAGMA synchronous = OFF").expect("no waiting for the disk");
    for sql in SCHEMA.into_iter().chain([rows]) {
        connection.execute_batch(&format!("BEGIN; {sql}; COMMIT")).expect("SQL of a fixture");
    }
}

/// The folder in which databases are kept between processes.
#[derive(Debug, Clone)]
pub struct Kept(PathBuf);

impl Kept {
    /// In this folder, such as cargo's `CARGO_TARGET_TMPDIR`.
    pub fn below(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref().join("things-bench");
        std::fs::create_dir_all(&folder).expect("a folder for databases");
        Self(folder)
    }

    /// The database with this many tasks, which nobody may change.
    pub fn with(&self, tasks: u32) -> PathBuf {
        let rows = generated(tasks);
        let mut hasher = DefaultHasher::new();
        (SCHEMA, &rows).hash(&mut hasher);
        let path = self.0.join(format!("{tasks}-{:016x}.sqlite", hasher.finish()));
        if !path.exists() {
            let dir = TempDir::new_in(&self.0).expect("a folder for a new database");
            let new = dir.path().join("new.sqlite");
            write(&new, &rows);
            std::fs::rename(&new, &path).expect("the database under its name");
        }
        path
    }

    /// A copy of it that may be changed.
    pub fn copy(&self, tasks: u32) -> Copied {
        let dir = TempDir::new_in(&self.0).expect("a folder for a copy");
        let path = dir.path().join("main.sqlite");
        std::fs::copy(self.with(tasks), &path).expect("a copy");
        Copied { path, _dir: dir }
    }
}

/// A database of one's own, removed on drop.
#[derive(Debug)]
pub struct Copied {
    path: PathBuf,
    _dir: TempDir,
}

impl Copied {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
