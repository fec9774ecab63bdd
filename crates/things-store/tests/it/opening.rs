//! Opening: which vintage, and which error for what is wrong.

use crate::support::temp::TempDir;
use crate::support::{healthy, small};
use rusqlite::Connection;
use std::error::Error as _;
use std::fs;
use things_store::{Access, Error, ErrorKind, Store, Vintage};

#[test]
fn the_vintage_is_read_from_meta() {
    healthy(|case| {
        let store = case.open();
        assert_eq!(store.vintage(), case.vintage());
        assert_eq!(store.access(), Access::ReadOnly, "read-only unless asked otherwise");
        assert_eq!(case.open_read_write().access(), Access::ReadWrite);
    });
}

#[test]
fn a_fixture_that_must_be_refused_is_refused_for_its_reason() {
    small(|case| match case.is_healthy() {
        true => drop(case.open()),
        false => case.assert_refused(),
    });
}

#[test]
fn no_file_is_not_found_and_not_made() {
    let temp = TempDir::new();
    let path = temp.join("main.sqlite");
    for result in [Store::open(&path), Store::open_read_write(&path)] {
        assert!(matches!(result, Err(Error::NotFound { path: named }) if named == path));
    }
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    assert_eq!(Store::open("").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(Store::open(":memory:").unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_folder_cannot_be_opened() {
    let temp = TempDir::new();
    let error = Store::open(temp.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CannotOpen);
    assert!(error.source().unwrap().to_string().contains("folder"));
}

#[test]
fn other_files_are_no_database() {
    let temp = TempDir::new();
    let path = temp.join("file");
    for content in [&b""[..], b"hello", &[0; 4096], &b"SQLite format 2\0 and so on".repeat(300)] {
        fs::write(&path, content).unwrap();
        for result in [Store::open(&path), Store::open_read_write(&path)] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::NotADatabase, "{} bytes", content.len());
        }
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn another_programs_database_lacks_meta() {
    let temp = TempDir::new();
    let path = temp.join("other.sqlite");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE notes (text)").unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, Error::MissingTable { table: "Meta" }), "{error}");
}

#[test]
fn each_missing_table_is_named() {
    healthy(|case| {
        let raw = case.raw();
        // From the one looked for last.
        for table in ["TMTombstone", "TMChecklistItem", "TMAreaTag", "TMTaskTag", "TMTag", "TMArea", "TMTask", "Meta"] {
            raw.execute_batch(&format!("DROP TABLE \"{table}\"")).unwrap();
            match case.open_error() {
                Error::MissingTable { table: named } => assert_eq!(named, table),
                other => panic!("{}: {table}: {other}", case.name),
            }
        }
    });
}

#[test]
fn a_missing_column_is_named() {
    healthy(|case| {
        case.execute("ALTER TABLE \"TMTask\" RENAME COLUMN \"startBucket\" TO \"bucket\"");
        let error = case.open_error();
        let expected = Error::MissingColumn { table: "TMTask", column: "startBucket" };
        assert_eq!(error.to_string(), expected.to_string());
    });
}

#[test]
fn the_tables_of_one_vintage_are_not_those_of_another() {
    healthy(|case| {
        let other = if case.vintage() == Vintage::V18 { 24 } else { 18 };
        case.execute(&set_version(&format!("<plist><integer>{other}</integer></plist>")));
        assert_eq!(case.open_error().kind(), ErrorKind::MissingColumn);
    });
}

#[test]
fn unknown_vintages_say_which() {
    healthy(|case| {
        let raw = case.raw();
        for version in [-1, 0, 17, 19, 25, 99, i64::MAX] {
            raw.execute_batch(&set_version(&format!("<plist><integer>{version}</integer></plist>"))).unwrap();
            match case.open_error() {
                Error::UnknownVintage { found } => assert_eq!(found, version),
                other => panic!("{version}: {other}"),
            }
        }
    });
}

#[test]
fn a_vintage_that_cannot_be_read_shows_what_stands_there() {
    healthy(|case| {
        let raw = case.raw();
        for (sql, shown) in [
            (set_version("24"), Some("24")),
            (set_version(""), Some("")),
            (
                "UPDATE \"Meta\" SET \"value\" = x'ff00' WHERE \"key\" = 'databaseVersion'".to_owned(),
                Some("\u{fffd}\0"),
            ),
            ("UPDATE \"Meta\" SET \"value\" = NULL WHERE \"key\" = 'databaseVersion'".to_owned(), None),
            ("DELETE FROM \"Meta\" WHERE \"key\" = 'databaseVersion'".to_owned(), None),
        ] {
            raw.execute_batch(&sql).unwrap();
            match case.open_error() {
                Error::UnreadableVintage { found } => assert_eq!(found.as_deref(), shown, "{sql}"),
                other => panic!("{sql}: {other}"),
            }
        }
    });
}

#[test]
fn a_vintage_stored_as_a_blob_is_read_too() {
    healthy(|case| {
        case.execute("UPDATE \"Meta\" SET \"value\" = CAST(\"value\" AS BLOB) WHERE \"key\" = 'databaseVersion'");
        assert_eq!(case.open().vintage(), case.vintage());
    });
}

fn set_version(value: &str) -> String {
    format!("UPDATE \"Meta\" SET \"value\" = '{value}' WHERE \"key\" = 'databaseVersion'")
}
