//! Schema fixtures: folders of SQL and a small TOML, built into databases, verified, copied fresh for each run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail, Context, Result};
use compatrix_model::facts::Availability;
use compatrix_model::hash::Sha256;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use crate::find::facts::FixtureFacts;
use crate::sys::files;
use crate::sys::host::Host;

/// The folder of fixtures, below the workspace root.
pub const FOLDER: &str = "compat/fixtures";
/// The database's file name, in built fixtures and in each run's copy.
pub const DATABASE: &str = "fixture.sqlite";
/// Bump this when the builder changes, so that older fixtures are rebuilt.
const BUILDER: &str = "1";

/// `fixture.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureManifest {
    /// The schema vintage in the database's version marker.
    pub vintage: i64,
    /// The version of the application that it represents.
    pub app: String,
    /// Its purpose.
    pub intent: String,
    /// The expected result of reading it: `ok`, or the name of an error.
    pub expect: String,
    /// SQL files run in order into a new database, relative to the fixture's folder.
    pub sql: Vec<PathBuf>,
    /// SQL files whose changes stay in the write-ahead log.
    #[serde(default)]
    pub wal: Vec<PathBuf>,
    /// The seed of generated SQL, as documentation.
    #[serde(default)]
    pub seed: Option<i64>,
    /// Damage to the finished file.
    #[serde(default)]
    pub damage: Damage,
    /// Expected rows by table.
    #[serde(default)]
    pub rows: BTreeMap<String, i64>,
}

/// `[damage]`: changes to the finished database file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Damage {
    /// Keep this many bytes.
    pub truncate: Option<u64>,
    /// Bytes written over others.
    #[serde(default)]
    pub overwrite: Vec<Overwrite>,
}

/// Bytes written over others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overwrite {
    /// Where, from the start of the file.
    pub offset: u64,
    /// The bytes, in hex.
    pub hex: String,
    /// How often they are written, one after another.
    #[serde(default = "one")]
    pub repeat: usize,
}

fn one() -> usize {
    1
}

/// A fixture's folder and its parsed manifest.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub dir: PathBuf,
    /// Its `fixture.toml`.
    pub manifest: FixtureManifest,
    /// Hash of the recipe: TOML and SQL.
    pub recipe: Sha256,
}

/// The record in a built fixture's folder.
#[derive(Debug, Serialize, Deserialize)]
struct BuiltFixture {
    recipe: Sha256,
    /// Hash of each file, by name.
    files: BTreeMap<String, Sha256>,
}

/// The names of all fixture folders.
pub fn names(root: &Path) -> Result<Vec<String>> {
    let entries = files::list(&root.join(FOLDER))?;
    let dirs = entries.iter().filter(|path| files::exists(&path.join("fixture.toml")));
    Ok(dirs.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
}

impl Fixture {
    /// Reads a fixture's TOML and hashes its recipe.
    pub fn read(host: &Host, name: &str) -> Result<Self> {
        let dir = host.root.join(FOLDER).join(name);
        let path = dir.join("fixture.toml");
        let text = files::read_text(&path)?;
        let manifest: FixtureManifest =
            toml::from_str(&text).map_err(|error| anyhow!("{}: {error}", path.display()))?;
        let mut parts = vec![BUILDER.to_owned(), rusqlite::version().to_owned(), text];
        for sql in manifest.sql.iter().chain(&manifest.wal) {
            let hash = files::sha256(&dir.join(sql), &host.memo);
            parts.push(hash.with_context(|| format!("named in {}", path.display()))?.to_string());
        }
        let recipe = files::hash_parts(parts.iter().map(String::as_str));
        Ok(Self { name: name.to_owned(), dir, manifest, recipe })
    }

    /// Whether it is built.
    pub(crate) fn find(&self, host: &Host) -> Availability<FixtureFacts> {
        match self.built(host) {
            Some(facts) => Availability::Ready(facts),
            None => Availability::Obtainable { how: format!("build fixture {}", self.name) },
        }
    }

    /// Where it is built.
    fn target(&self, host: &Host) -> PathBuf {
        host.dir.join("fixtures").join(&self.name)
    }

    /// The built fixture, if it is there, whole and of this recipe.
    pub fn built(&self, host: &Host) -> Option<FixtureFacts> {
        let target = self.target(host);
        let built: BuiltFixture = serde_json::from_str(&files::read_text(&target.join("built.json")).ok()?).ok()?;
        let whole = built.files.contains_key(DATABASE)
            && built.files.iter().all(|(name, hash)| {
                files::sha256(&target.join("files").join(name), &host.memo).is_ok_and(|found| found == *hash)
            });
        (built.recipe == self.recipe && whole).then(|| FixtureFacts {
            dir: target.join("files").to_string_lossy().into_owned(),
            vintage: self.manifest.vintage,
            sha256: self.recipe,
        })
    }

    /// Builds it, unless that is done already.
    pub fn build(&self, host: &Host) -> Result<FixtureFacts> {
        if let Some(facts) = self.built(host) {
            return Ok(facts);
        }
        let target = self.target(host);
        let parent = host.dir.join("fixtures");
        files::make_dir(&parent)?;
        let scratch = tempfile::Builder::new().prefix(".building").tempdir_in(&parent)?;
        let made = scratch.path().join("files");
        files::make_dir(&made)?;
        self.make_database(&made.join(DATABASE))?;
        // Next to the database, so that tests can read what to expect.
        files::copy(&self.dir.join("fixture.toml"), &made.join("fixture.toml"))?;
        let mut hashes = BTreeMap::new();
        for path in files::list(&made)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            hashes.insert(name, files::hash_bytes(&files::read(&path)?));
        }
        let built = BuiltFixture { recipe: self.recipe, files: hashes };
        files::write(&scratch.path().join("built.json"), serde_json::to_string_pretty(&built)?.as_bytes())?;
        files::remove_dir(&target)?;
        files::rename(&scratch.keep(), &target)?;
        self.built(host).ok_or_else(|| anyhow!("fixture {} vanished while it was built", self.name))
    }

    fn make_database(&self, path: &Path) -> Result<()> {
        let connection = Connection::open(path)?;
        self.run_sql(&connection, &self.manifest.sql)?;
        if self.manifest.wal.is_empty() {
            connection.close().map_err(|(_, error)| error)?;
        } else {
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            connection.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
            self.run_sql(&connection, &self.manifest.wal)?;
            // The last connection to close folds the log into the database; copies made before keep it apart.
            let files = ["", "-wal", "-shm"].map(|suffix| PathBuf::from(format!("{}{suffix}", path.display())));
            let mut kept = Vec::new();
            for file in files.iter().filter(|file| file.exists()) {
                kept.push((file, files::read(file)?));
            }
            connection.close().map_err(|(_, error)| error)?;
            for (file, bytes) in kept {
                files::write(file, &bytes)?;
            }
        }
        self.damage(path)
    }

    fn run_sql(&self, connection: &Connection, sql: &[PathBuf]) -> Result<()> {
        for file in sql {
            let path = self.dir.join(file);
            let text = files::read_text(&path)?;
            run_statements(connection, &text).map_err(|(at, error)| {
                let line = text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
                anyhow!("{}:{line}: {}", path.display(), sql_message(&error))
            })?;
        }
        Ok(())
    }

    fn damage(&self, path: &Path) -> Result<()> {
        let damage = &self.manifest.damage;
        if damage.truncate.is_none() && damage.overwrite.is_empty() {
            return Ok(());
        }
        let mut bytes = files::read(path)?;
        for overwrite in &damage.overwrite {
            let unit = base16ct::mixed::decode_vec(&overwrite.hex)
                .map_err(|_| anyhow!("fixture {}: {:?} is not hex", self.name, overwrite.hex))?;
            let all = unit.repeat(overwrite.repeat);
            let start = usize::try_from(overwrite.offset)?;
            let place = bytes.get_mut(start..start + all.len()).ok_or_else(|| {
                anyhow!("fixture {}: damage at {start} of {} bytes is outside the file", self.name, all.len())
            })?;
            place.copy_from_slice(&all);
        }
        if let Some(keep) = damage.truncate {
            let keep = usize::try_from(keep)?;
            if keep >= bytes.len() {
                bail!("fixture {}: it has {} bytes, so keeping {keep} damages nothing", self.name, bytes.len());
            }
            bytes.truncate(keep);
        }
        files::write(path, &bytes)
    }

    /// Compares the built database with its TOML; returns the findings.
    ///
    /// # Errors
    /// Row counts or the vintage differ, or a fixture that should be sound is not.
    pub fn verify(&self, host: &Host) -> Result<String> {
        let facts = self.build(host)?;
        let scratch = tempfile::tempdir()?;
        files::copy_files(Path::new(&facts.dir), scratch.path())?;
        let database = scratch.path().join(DATABASE);
        if self.manifest.damage != Damage::default() {
            let sound = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .and_then(|c| c.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0)))
                .is_ok_and(|word| word == "ok");
            if sound {
                bail!("fixture {} should be damaged, but SQLite finds it sound", self.name);
            }
            return Ok("damaged, as meant".to_owned());
        }
        let connection = Connection::open(&database)?;
        let word: String = connection.query_row("PRAGMA main.integrity_check", [], |row| row.get(0))?;
        if word != "ok" {
            bail!("fixture {}: integrity check says {word}", self.name);
        }
        let mut differences = Vec::new();
        for (table, expected) in &self.manifest.rows {
            let sql = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
            let found: i64 =
                connection.query_row(&sql, [], |row| row.get(0)).with_context(|| format!("fixture {}", self.name))?;
            if found != *expected {
                differences.push(format!("{table} has {found} rows, not {expected}"));
            }
        }
        if !differences.is_empty() {
            bail!("fixture {}: {}", self.name, differences.join("; "));
        }
        let rows: i64 = self.manifest.rows.values().sum();
        Ok(format!("{rows} rows in {} tables, as promised", self.manifest.rows.len()))
    }
}

/// Runs all statements of a text; the error has the position of the failing one.
#[allow(unused_imports, reason = "rusqlite 0.31 has `next` of its own, later ones only that of the trait")]
fn run_statements(connection: &Connection, text: &str) -> Result<(), (usize, rusqlite::Error)> {
    use fallible_iterator::FallibleIterator as _;

    let mut start = 0;
    let mut batch = rusqlite::Batch::new(connection, text);
    loop {
        let mut statement = match batch.next() {
            Ok(Some(statement)) => statement,
            Ok(None) => return Ok(()),
            Err(rusqlite::Error::SqlInputError { error, msg, sql, offset }) => {
                let at = text.len().saturating_sub(sql.len()) + usize::try_from(offset).unwrap_or(0);
                return Err((at, rusqlite::Error::SqlInputError { error, msg, sql, offset }));
            }
            Err(error) => return Err((start + blank(&text[start..]), error)),
        };
        let sql = statement.expanded_sql().unwrap_or_default();
        let here = start + text[start..].find(&sql).unwrap_or(0);
        let mut rows = statement.raw_query();
        loop {
            match rows.next() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Err((here + blank(&text[here..]), error)),
            }
        }
        start = (here + sql.len()).min(text.len());
    }
}

/// The number of bytes of spaces and comments before the first word of SQL.
fn blank(sql: &str) -> usize {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
        let after = if let Some(comment) = rest.strip_prefix("--") {
            comment.find('\n').map(|end| &comment[end..])
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/").map(|end| &comment[end + 2..])
        } else {
            return sql.len() - rest.len();
        };
        rest = after.unwrap_or("");
    }
}

fn sql_message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}
