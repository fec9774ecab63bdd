//! How SQLite finds what is asked for: no table is read as a whole where an index leads to the rows.

use crate::support::{healthy, today};
use things_store::{Kind, List, Query, Store, TaskId};

/// The steps of a plan as `SEARCH t` and `SCAN t`, whatever the version of SQLite calls them.
fn steps(store: &Store, query: &Query) -> Vec<String> {
    let plan = store.query_plan(query).unwrap();
    let short = |line: &String| -> Option<String> {
        let mut words = line.split_whitespace();
        let what = words.next().filter(|word| matches!(*word, "SEARCH" | "SCAN"))?;
        // Before 3.36: `SCAN TABLE TMTask AS t`.
        let words: Vec<&str> = words.filter(|word| *word != "TABLE").collect();
        let table = match words.as_slice() {
            [_, "AS", alias, ..] => alias,
            [table, ..] => table,
            [] => return None,
        };
        Some(format!("{what} {table}"))
    };
    let steps: Vec<String> = plan.iter().filter_map(short).collect();
    assert!(!steps.is_empty(), "{plan:?}");
    steps
}

fn scans(store: &Store, query: &Query) -> Vec<String> {
    steps(store, query).into_iter().filter_map(|step| Some(step.strip_prefix("SCAN ")?.to_owned())).collect()
}

#[test]
fn one_task_a_project_and_an_area_are_found_by_index() {
    healthy(|case| {
        let store = case.open();
        let project = TaskId::from("any");
        for query in [
            Query::all().project(&project),
            Query::all().project(&project).kind(Kind::Heading),
            Query::all().area(&"any".into()),
            Query::list(List::Logbook).project(&project),
            Query::list(List::Anytime).area(&"any".into()).limit(3),
            Query::all().project(&project).area(&"any".into()).text("milk"),
        ] {
            assert_eq!(scans(&store, &query), [""; 0], "{}: {query:?}", case.name);
        }
        assert_eq!(store.task(&project).unwrap(), None);
    });
}

#[test]
fn a_tag_reads_its_links_and_then_its_tasks_by_index() {
    healthy(|case| {
        // The app has an index of the links by task and none by tag.
        let found = scans(&case.open(), &Query::all().tag(&"any".into()));
        // `SUBQUERY` is what an SQLite before 3.37 calls the tags below the tag.
        let is_small = |table: &String| matches!(table.as_str(), "TMTaskTag" | "below" | "CONSTANT" | "SUBQUERY");
        let tables = |found: &[String]| found.iter().all(is_small);
        assert!(tables(&found), "{}: {found:?}", case.name);
    });
}

#[test]
fn a_list_reads_each_task_once_and_all_else_by_index() {
    healthy(|case| {
        // The app has no index of what these lists are about: start, dates, status, text.
        let store = case.open();
        for list in [
            List::Inbox,
            List::Today(today()),
            List::Upcoming(today()),
            List::Anytime,
            List::Someday,
            List::Logbook,
            List::Trash,
        ] {
            for query in [Query::list(list), Query::list(list).text("milk"), Query::list(list).due(None, Some(today()))]
            {
                assert_eq!(scans(&store, &query), ["t"], "{}: {query:?}", case.name);
                let rest = steps(&store, &query);
                assert!(rest.contains(&"SEARCH p".to_owned()) && rest.contains(&"SEARCH h".to_owned()), "{rest:?}");
            }
        }
    });
}

#[test]
fn the_latest_of_the_logbook_come_from_the_index_of_their_dates() {
    healthy(|case| {
        let plan = case.open().query_plan(&Query::list(List::Logbook).limit(20)).unwrap().join("\n");
        // SQLite 3.54 prefers to read the table and to sort, whatever the index.
        let sorts = things_store::sqlite_version().starts_with("3.54.") && plan.contains("SCAN t");
        assert!(plan.contains("index_TMTask_stopDate") || sorts, "{}: {plan}", case.name);
    });
}
