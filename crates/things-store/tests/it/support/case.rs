//! One test on one database: a private copy, and the promise that no fixture is passed over in silence.

use super::fixture::{self, Fixture};
use super::manifest::Manifest;
use super::temp::TempDir;
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use things_store::{Access, Error, OpenOptions, Store, Vintage};

/// A fresh copy of a fixture in a folder of its own, removed at the end.
pub struct Case {
    pub name: String,
    pub manifest: Manifest,
    pub temp: TempDir,
    path: PathBuf,
}

/// Runs `body` on the given fixture, or else on each of the repository but the largest.
pub fn small(body: impl Fn(&Case)) {
    match fixture::given() {
        Some(given) => body(&Case::new(given)),
        None => fixture::small().iter().for_each(|fixture| body(&Case::new(fixture))),
    }
}

/// Runs `body` on the given fixture, or else on each of the repository.
pub fn for_each(body: impl Fn(&Case)) {
    small(&body);
    if fixture::given().is_none() {
        body(&Case::new(fixture::large()));
    }
}

/// As [`small`], for a body that needs a sound database. The others must be refused as they say.
pub fn healthy(body: impl Fn(&Case)) {
    small(|case| {
        if case.is_healthy() {
            body(case);
        } else {
            case.assert_refused();
        }
    });
}

impl Case {
    fn new(fixture: &Fixture) -> Case {
        let temp = TempDir::new();
        let path = temp.join("things.sqlite");
        for (suffix, bytes) in &fixture.files {
            fs::write(temp.join(&format!("things.sqlite{suffix}")), bytes).expect("a copy of the fixture");
        }
        Case { name: fixture.name.clone(), manifest: fixture.manifest.clone(), temp, path }
    }

    pub fn is_healthy(&self) -> bool {
        self.manifest.expect == "ok"
    }

    /// Opening gives the error that the fixture names, read-only and read-write, and changes nothing.
    #[track_caller]
    pub fn assert_refused(&self) {
        let before = self.bytes();
        for access in [Access::ReadOnly, Access::ReadWrite] {
            match OpenOptions::new().open(&self.path, access) {
                Ok(_) => panic!("{}: opened {access:?}, should be {}", self.name, self.manifest.expect),
                Err(error) => assert_eq!(error.kind().as_str(), self.manifest.expect, "{}: {error}", self.name),
            }
        }
        assert!(self.bytes() == before, "{}: changed by being refused", self.name);
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The vintage of a sound fixture.
    pub fn vintage(&self) -> Vintage {
        Vintage::from_database_version(self.manifest.vintage).expect("a known vintage")
    }

    #[track_caller]
    pub fn open(&self) -> Store {
        Store::open(&self.path).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    #[track_caller]
    pub fn open_read_write(&self) -> Store {
        Store::open_read_write(&self.path).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    #[track_caller]
    pub fn open_error(&self) -> Error {
        match Store::open(&self.path) {
            Ok(_) => panic!("{}: opened", self.name),
            Err(error) => error,
        }
    }

    /// A connection past the crate under test, for looking and for planting. Waits for no lock.
    pub fn raw(&self) -> Connection {
        let connection = Connection::open(&self.path).expect("a raw connection");
        connection.busy_timeout(std::time::Duration::ZERO).expect("no waiting");
        connection.execute_batch("PRAGMA synchronous = OFF").expect("no waiting for the disk");
        connection
    }

    /// Runs SQL past the crate under test.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        self.raw().execute_batch(sql).unwrap_or_else(|error| panic!("{}: {error}: {sql}", self.name));
    }

    /// One integer, past the crate under test.
    #[track_caller]
    pub fn integer(&self, sql: &str) -> i64 {
        let found = self.raw().query_row(sql, [], |row| row.get(0));
        found.unwrap_or_else(|error| panic!("{}: {error}: {sql}", self.name))
    }

    /// The bytes of the database and of its log; the latter empty where there is none.
    pub fn bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let wal = self.temp.join("things.sqlite-wal");
        (fs::read(&self.path).expect("the database"), fs::read(wal).unwrap_or_default())
    }

    /// Moves a live log into the database and leaves WAL mode, so that a test can change bytes of the file.
    pub fn settle(&self) {
        self.execute("PRAGMA journal_mode = DELETE");
    }
}
