//! What each fixture promises of itself, and that the promises are read right.

use crate::support::fixture::{folders, given};
use crate::support::manifest::{parse, Damage};
use crate::support::{for_each, healthy};
use things_store::{Kind, Query};

#[test]
fn each_is_what_it_promises() {
    for_each(|case| {
        if !case.is_healthy() {
            return case.assert_refused();
        }
        let store = case.open();
        store.verify().unwrap();
        assert_eq!(store.vintage().database_version(), case.manifest.vintage, "{}", case.name);
    });
}

#[test]
fn rows_are_as_many_as_promised() {
    for_each(|case| {
        if !case.is_healthy() {
            return case.assert_refused();
        }
        assert!(!case.manifest.rows.is_empty(), "{}: no [rows]", case.name);
        let raw = case.raw();
        for (table, rows) in &case.manifest.rows {
            let sql = format!("SELECT count(*) FROM \"{table}\"");
            let found: i64 = raw.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(found, *rows, "{}: {table}", case.name);
        }
    });
}

#[test]
fn the_store_finds_every_row_that_is_not_hidden() {
    healthy(|case| {
        let store = case.open();
        let rows = |table: &str| case.manifest.rows[table] as usize;
        assert_eq!(store.areas().unwrap().len(), rows("TMArea"));
        assert_eq!(store.tags().unwrap().len(), rows("TMTag"));
        let lists = [Query::all(), Query::all().kind(Kind::Heading), Query::list(things_store::List::Trash)];
        let shown: u64 = lists.iter().map(|query| store.count(query).unwrap()).sum();
        let rule = match case.manifest.vintage {
            18 => "recurrenceRule",
            _ => "rt1_recurrenceRule",
        };
        let templates = case.integer(&format!("SELECT count(*) FROM TMTask WHERE {rule} IS NOT NULL"));
        let most = rows("TMTask") as u64 - templates as u64;
        assert!(shown <= most, "{}: {shown} of {most}", case.name);
        // Little is hidden: only what is in a template or in a project that lies in the trash.
        assert!(shown * 10 >= most * 8, "{}: {shown} of {most}", case.name);
    });
}

#[test]
fn the_repository_has_all_of_them() {
    if given().is_some() {
        // Outside the repository there may be no folder to look into.
        return for_each(|case| assert!(!case.manifest.intent.is_empty(), "{}", case.name));
    }
    let folders = folders();
    let expected =
        ["v18", "v24", "v24-10k", "v24-corrupt", "v24-empty", "v24-truncated", "v24-wal", "v26", "v99-future"];
    for name in expected {
        assert!(folders.iter().any(|folder| folder == name), "{name} is missing");
    }
    for_each(|case| assert!(!case.manifest.intent.is_empty(), "{}", case.name));
}

#[test]
fn manifests_are_read_with_comments_and_damage() {
    let manifest = parse(
        "vintage = 24 # a comment\nexpect = \"corrupt\"\nintent = \"a # in text\"\nsql = [\"a.sql\", \"../b.sql\"]\n\
         [damage]\ntruncate = 7\noverwrite = [{ offset = 3, hex = \"ff00\" , repeat = 2 }, { offset = 0, hex = \"01\" }]\n\
         [rows]\nTMTask = 3\n",
    )
    .unwrap();
    assert_eq!((manifest.vintage, manifest.intent.as_str()), (24, "a # in text"));
    assert_eq!(manifest.sql, ["a.sql", "../b.sql"]);
    assert_eq!(manifest.rows["TMTask"], 3);
    let overwrite = vec![(3, vec![0xff, 0, 0xff, 0]), (0, vec![1])];
    assert_eq!(manifest.damage, Damage { truncate: Some(7), overwrite });
}

#[test]
fn a_manifest_is_not_half_read() {
    for (text, reason) in [
        ("expect = \"ok\"\nexpcet = \"ok\"\n", "not known"),
        ("vintage = 24\n", "missing"),
        ("expect = ok\n", "no string"),
        ("expect = \"ok\"\nsql = [\n", "no list"),
        ("expect = \"ok\"\n[rows]\nTMTask = many\n", "no integer"),
        ("expect = \"ok\"\n[damage]\noverwrite = [{ offset = 0, hex = \"f\" }]\n", "no hex"),
        ("expect = \"ok\"\n[damage]\nflip = 3\n", "not known"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
    }
}
