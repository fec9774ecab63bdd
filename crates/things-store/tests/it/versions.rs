//! Databases of versions that are not known: refused, or read as the nearest on request.

use crate::support::{healthy, now, plant, today, Case, Plant};
use things_store::{Access, Batch, Change, Error, ErrorKind, OpenOptions, Query, Store, Vintage};

fn set_version(case: &Case, version: i64) {
    case.execute(&format!("UPDATE \"Meta\" SET \"value\" = '<plist><integer>{version}</integer></plist>'"));
}

fn best_effort(case: &Case, access: Access) -> Result<Store, Error> {
    OpenOptions::new().best_effort(true).open(case.path(), access)
}

#[test]
fn an_unknown_version_is_read_on_request_and_says_so() {
    healthy(|case| {
        let expected = case.open().tasks(&Query::all()).unwrap();
        let is_old = case.vintage() == Vintage::V18;
        for version in [0, 17, 19, 23, 25, 27, 99, 1_000_000] {
            set_version(case, version);
            let before = case.bytes();
            assert!(matches!(case.open_error(), Error::UnknownVintage { found } if found == version), "{}", case.name);
            let store = best_effort(case, Access::ReadOnly).unwrap();
            assert!(store.is_best_effort());
            assert_eq!(store.database_version(), version);
            // What columns there are decides, whatever the number.
            assert_eq!(store.vintage() == Vintage::V18, is_old, "{}: {version}", case.name);
            assert_eq!(store.tasks(&Query::all()).unwrap(), expected, "{}: {version}", case.name);
            store.today(today()).unwrap();
            drop(store);
            assert!(case.bytes() == before, "{}: {version}", case.name);
        }
    });
}

#[test]
fn an_unknown_version_is_never_written() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        set_version(case, 99);
        let before = case.bytes();
        let refused = best_effort(case, Access::ReadWrite);
        assert!(matches!(refused, Err(Error::UnknownVintage { found: 99 })), "{}: {refused:?}", case.name);
        let mut store = best_effort(case, Access::ReadOnly).unwrap();
        let batch = Batch::new(now(), today()).change(&"planted/x".into(), Change::Complete);
        assert!(matches!(store.apply(&batch), Err(Error::ReadOnly)), "{}", case.name);
        drop(store);
        assert!(case.bytes() == before, "{}", case.name);
    });
}

#[test]
fn a_known_version_is_what_it_is_with_best_effort_too() {
    healthy(|case| {
        for access in [Access::ReadOnly, Access::ReadWrite] {
            let store = best_effort(case, access).unwrap();
            assert!(!store.is_best_effort(), "{}", case.name);
            assert_eq!((store.vintage(), store.database_version()), (case.vintage(), case.manifest.vintage));
        }
    });
}

#[test]
fn a_column_that_is_gone_is_named_by_the_nearest_vintage() {
    healthy(|case| {
        let deadline = if case.vintage() == Vintage::V18 { "dueDate" } else { "deadline" };
        case.execute(&format!("ALTER TABLE \"TMTask\" RENAME COLUMN \"{deadline}\" TO \"due\""));
        for (version, column) in [(99, "deadline"), (17, "dueDate")] {
            set_version(case, version);
            match best_effort(case, Access::ReadOnly) {
                Err(Error::MissingColumn { table: "TMTask", column: named }) => {
                    // Of the nearest vintage; in the others more is missing.
                    assert_eq!(named, column, "{}", case.name);
                }
                other => panic!("{}: {version}: {other:?}", case.name),
            }
        }
        case.execute("DROP TABLE \"TMTag\"");
        assert!(best_effort(case, Access::ReadOnly).is_err(), "{}", case.name);
    });
}

#[test]
fn what_is_no_version_is_refused_with_best_effort_too() {
    healthy(|case| {
        for value in ["'99'", "NULL", "'<plist></plist>'", "'<plist><integer>99999999999999999999</integer></plist>'"] {
            case.execute(&format!("UPDATE \"Meta\" SET \"value\" = {value}"));
            let error = best_effort(case, Access::ReadOnly).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnreadableVintage, "{}: {value}: {error}", case.name);
        }
        case.execute("DELETE FROM \"Meta\"");
        assert_eq!(best_effort(case, Access::ReadOnly).unwrap_err().kind(), ErrorKind::UnreadableVintage);
    });
}
