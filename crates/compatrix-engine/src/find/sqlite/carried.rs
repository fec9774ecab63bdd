//! The SQLite that a crate carries: its headers name version and source id.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::sys::files;
use crate::sys::host::Host;

/// How deep a header may be in its crate: `bundled/src/sqlite3.h`.
const DEPTH: usize = 3;

/// A SQLite in source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// `SQLITE_VERSION`.
    pub(crate) version: String,
    /// `SQLITE_SOURCE_ID`.
    pub(crate) source_id: String,
}

/// The SQLites in the folder of a crate: SQLite's own, and SQLCipher's beside it. Nothing if it has no header.
///
/// # Errors
/// A header cannot be read.
pub(crate) fn by_crate(host: &Host, dir: &Path) -> Result<Vec<Carried>> {
    let mut headers = Vec::new();
    find(dir, DEPTH, &mut headers);
    headers.sort();
    let mut found: Vec<Carried> = Vec::new();
    for header in headers {
        let name = format!("header {}", header.display());
        let read = || -> Result<Option<Carried>> { Ok(parse(&String::from_utf8_lossy(&files::read(&header)?))) };
        found.extend(host.memo.fact(&name, &files::stamp(&header)?, read)?);
    }
    Ok(found)
}

fn find(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for path in files::list(dir).unwrap_or_default() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "sqlite3.h" {
            found.push(path);
        } else if depth > 1 && path.is_dir() && name != "target" && !name.starts_with('.') {
            find(&path, depth - 1, found);
        }
    }
}

/// Version and source id of a `sqlite3.h`.
fn parse(header: &str) -> Option<Carried> {
    let text = |name: &str| {
        let rest = header.lines().find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name))?;
        let quoted = rest.strip_prefix(char::is_whitespace)?.trim().strip_prefix('"')?;
        quoted.split('"').next().map(str::to_owned)
    };
    Some(Carried { version: text("SQLITE_VERSION")?, source_id: text("SQLITE_SOURCE_ID")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_its_sqlite() {
        let header = "/* #define SQLITE_VERSION \"0\" */\n#define SQLITE_VERSION        \"3.46.0\"\n\
                      #define SQLITE_VERSION_NUMBER 3046000\n#define SQLITE_SOURCE_ID      \"2024-05-23 13:25:27 96c9\"\n";
        let found = parse(header).unwrap();
        assert_eq!((found.version.as_str(), found.source_id.as_str()), ("3.46.0", "2024-05-23 13:25:27 96c9"));
        assert_eq!(parse("#define SQLITE_VERSION_NUMBER 3046000\n"), None);
    }
}
