//! Reads the version that a database says it has.

use crate::error::{Error, Result};
use crate::vintage::parse_database_version;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

/// `Meta.databaseVersion`, of the state that is being read.
pub(crate) fn database_version(connection: &Connection) -> Result<i64, VersionError> {
    let found = connection
        .prepare_cached("SELECT \"value\" FROM \"Meta\" WHERE \"key\" = 'databaseVersion'")
        .and_then(|mut statement| statement.query_row([], |row| Ok(version_text(row.get_ref(0)?))).optional())
        .map_err(VersionError::Sqlite)?
        .flatten();
    version_of(found.as_deref()).map_err(VersionError::Unreadable)
}

/// Why a version could not be read.
#[derive(Debug)]
pub(crate) enum VersionError {
    Sqlite(rusqlite::Error),
    Unreadable(Error),
}

/// `Meta.databaseVersion` as text, whatever it is stored as.
fn version_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(integer) => Some(integer.to_string()),
        ValueRef::Real(real) => Some(real.to_string()),
        ValueRef::Null => None,
    }
}

/// The number in `Meta.databaseVersion`.
fn version_of(found: Option<&str>) -> Result<i64> {
    let unreadable = || Error::UnreadableVintage { found: found.map(|text| text.chars().take(200).collect()) };
    found.and_then(parse_database_version).ok_or_else(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vintage_may_be_stored_as_anything_that_is_text() {
        let plist = "<plist><integer>24</integer></plist>";
        for value in [ValueRef::Text(plist.as_bytes()), ValueRef::Blob(plist.as_bytes())] {
            assert_eq!(version_of(version_text(value).as_deref()).unwrap(), 24);
        }
        assert_eq!(version_text(ValueRef::Null), None);
        for (value, shown) in
            [(ValueRef::Integer(24), "24"), (ValueRef::Real(24.5), "24.5"), (ValueRef::Text(b"\xff"), "\u{fffd}")]
        {
            match version_of(version_text(value).as_deref()) {
                Err(Error::UnreadableVintage { found: Some(found) }) => assert_eq!(found, shown),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_vintage_that_is_missing_long_or_unknown_is_said_to_be() {
        assert!(matches!(version_of(None), Err(Error::UnreadableVintage { found: None })));
        match version_of(Some(&"é".repeat(5_000))) {
            Err(Error::UnreadableVintage { found: Some(found) }) => assert_eq!(found.chars().count(), 200),
            other => panic!("{other:?}"),
        }
    }
}
