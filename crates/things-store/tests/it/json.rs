//! Export as JSON. Needs SQLite 3.38, where `->>` and `unixepoch()` arrived; below it, these tests fail.

use crate::support::{date, for_each, healthy, plant, Case, Plant};
use rusqlite::Connection;
use things_store::{require_json, List, Query};

/// What SQLite reads at `path` of `json`.
fn at(json: &str, path: &str) -> Option<String> {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .query_row("SELECT CAST(json_extract(?1, ?2) AS TEXT)", [json, path], |row| row.get(0))
        .unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn planted(case: &Case) -> String {
    case.execute("INSERT INTO TMTag (\"uuid\", \"title\", \"index\") VALUES ('t2', 'B \"two\"', 2), ('t1', 'A', 1)");
    plant(
        &case.raw(),
        case.vintage(),
        &[
            Plant { id: "project", kind: 1, title: "xenon project", index: 1, ..Plant::default() },
            Plant {
                id: "planted",
                title: "xenon \"lamp\" \\ 漢字",
                notes: "a\nb\tc",
                start_date: Some(date("2024-06-12")),
                deadline: Some(date("1969-12-31")),
                status: 3,
                stopped: Some(1_718_000_000.75),
                project: Some("project"),
                index: 2,
                ..Plant::default()
            },
        ],
    );
    case.execute("INSERT INTO TMTaskTag (\"tasks\", \"tags\") VALUES ('planted', 't2'), ('planted', 't1')");
    case.execute(
        "INSERT INTO TMChecklistItem (\"uuid\", \"title\", \"status\", \"index\", \"task\") VALUES \
         ('c2', 'later', 0, 2, 'planted'), ('c1', 'first', 3, 1, 'planted')",
    );
    case.open().export_json(&Query::all().text("xenon")).unwrap()
}

#[test]
fn the_sqlite_in_use_can_export() {
    require_json().unwrap();
}

#[test]
fn a_task_is_exported_with_all_it_has() {
    healthy(|case| {
        let json = planted(case);
        for (path, expected) in [
            ("$.databaseVersion", Some(case.manifest.vintage.to_string().as_str())),
            ("$.tasks[0].type", Some("project")),
            ("$.tasks[0].status", Some("incomplete")),
            ("$.tasks[0].deadline", None),
            ("$.tasks[0].tags[0]", None),
            ("$.tasks[1].uuid", Some("planted")),
            ("$.tasks[1].title", Some("xenon \"lamp\" \\ 漢字")),
            ("$.tasks[1].notes", Some("a\nb\tc")),
            ("$.tasks[1].status", Some("completed")),
            ("$.tasks[1].startDate", Some("2024-06-12")),
            ("$.tasks[1].deadline", Some("1969-12-31")),
            ("$.tasks[1].stopped", Some("1718000000")),
            ("$.tasks[1].created", Some("1718000000")),
            ("$.tasks[1].project", Some("project")),
            ("$.tasks[1].tags", Some("[\"A\",\"B \\\"two\\\"\"]")),
            ("$.tasks[1].checklist[0].title", Some("first")),
            ("$.tasks[1].checklist[0].status", Some("completed")),
            ("$.tasks[1].checklist[1].status", Some("incomplete")),
            ("$.tasks[2]", None),
        ] {
            assert_eq!(at(&json, path).as_deref(), expected, "{}: {path}: {json}", case.name);
        }
    });
}

#[test]
fn an_export_has_the_tasks_of_its_query_in_their_order() {
    for_each(|case| {
        if !case.is_healthy() {
            return case.assert_refused();
        }
        let store = case.open();
        for query in [Query::all(), Query::list(List::Logbook).limit(40)] {
            let tasks = store.tasks(&query).unwrap();
            let json = store.export_json(&query).unwrap();
            let connection = Connection::open_in_memory().unwrap();
            let mut statement = connection
                .prepare(
                    "SELECT json_extract(value, '$.uuid'), json_extract(value, '$.title'), \
                     json_extract(value, '$.startDate') FROM json_each(?1, '$.tasks') ORDER BY key",
                )
                .unwrap();
            let rows = statement.query_map([&json], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            let exported: Vec<(String, String, Option<String>)> = rows.unwrap().map(Result::unwrap).collect();
            let expected: Vec<_> = tasks
                .into_iter()
                .map(|task| (task.id.to_string(), task.title, task.start_date.map(|date| date.to_string())))
                .collect();
            assert_eq!(exported, expected, "{}", case.name);
        }
    });
}

#[test]
fn tasks_can_be_exported_by_their_identifier() {
    healthy(|case| {
        planted(case);
        let store = case.open();
        let json = store.export_json_by_id(&Query::all().text("xenon")).unwrap();
        assert_eq!(at(&json, "$.planted.title").as_deref(), Some("xenon \"lamp\" \\ 漢字"), "{json}");
        assert_eq!(at(&json, "$.project.type").as_deref(), Some("project"));
        assert_eq!(store.export_json_by_id(&Query::all().text("no such words")).unwrap(), "{}");
    });
}

#[test]
fn an_export_of_nothing_is_empty_but_whole() {
    healthy(|case| {
        let json = case.open().export_json(&Query::all().limit(0)).unwrap();
        let version = case.manifest.vintage;
        assert_eq!(json, format!("{{\"databaseVersion\":{version},\"tasks\":[]}}"), "{}", case.name);
    });
}
