//! Reading about many tasks at once says what reading about each of them says.

use crate::support::{date, for_each, healthy, ids, plant, today, Case, Plant};
use std::collections::HashMap;
use things_store::{Kind, List, Query, Store, Task, TaskId};

/// Everything that can have tags, checklists or headings.
fn everything(store: &Store) -> Vec<Task> {
    let mut tasks = store.tasks(&Query::all()).unwrap();
    tasks.extend(store.tasks(&Query::list(List::Trash)).unwrap());
    tasks.extend(store.tasks(&Query::all().kind(Kind::Heading)).unwrap());
    tasks
}

/// `each` for every task, without those for which there is nothing.
fn one_by_one<T>(tasks: &[Task], each: impl Fn(&TaskId) -> Vec<T>) -> HashMap<TaskId, Vec<T>> {
    tasks.iter().map(|task| (task.id.clone(), each(&task.id))).filter(|(_, found)| !found.is_empty()).collect()
}

#[test]
fn tags_checklists_and_headings_of_all_are_those_of_each() {
    healthy(|case| {
        let store = case.open();
        let tasks = everything(&store);
        let all = || tasks.iter().map(|task| &task.id);
        let tags = one_by_one(&tasks, |id| store.tags_of(id).unwrap());
        assert_eq!(store.tags_of_all(all()).unwrap(), tags, "{}", case.name);
        let checklists = one_by_one(&tasks, |id| store.checklist(id).unwrap());
        assert_eq!(store.checklists(all()).unwrap(), checklists, "{}", case.name);
        let headings = one_by_one(&tasks, |id| store.headings(id).unwrap());
        assert_eq!(store.headings_of_all(all()).unwrap(), headings, "{}", case.name);
        let any = case.integer("SELECT count(*) FROM TMTaskTag") > 0;
        assert_eq!([tags.is_empty(), checklists.is_empty(), headings.is_empty()], [!any; 3], "{}", case.name);
    });
}

#[test]
fn headings_that_are_not_shown_are_not_among_those_of_all() {
    healthy(|case| {
        let heading = |id, project| Plant { id, kind: 2, project: Some(project), ..Plant::default() };
        let project = |id| Plant { id, kind: 1, ..Plant::default() };
        plant(
            &case.raw(),
            case.vintage(),
            &[
                project("planted/p"),
                Plant { trashed: true, ..project("planted/gone") },
                Plant { template: true, ..project("planted/template") },
                heading("planted/shown", "planted/p"),
                Plant { index: -1, ..heading("planted/above", "planted/p") },
                Plant { trashed: true, ..heading("planted/trashed", "planted/p") },
                Plant { kind: 0, ..heading("planted/to-do", "planted/p") },
                heading("planted/in-gone", "planted/gone"),
                heading("planted/in-template", "planted/template"),
                heading("planted/in-none", "planted/none"),
            ],
        );
        let store = case.open();
        let projects = ["planted/p", "planted/gone", "planted/template", "planted/none"].map(TaskId::from);
        let found = store.headings_of_all(&projects).unwrap();
        assert_eq!(found.len(), 1, "{}", case.name);
        assert_eq!(ids(&found[&projects[0]]), ["planted/above", "planted/shown"]);
        assert_eq!(found[&projects[0]], store.headings(&projects[0]).unwrap());
    });
}

/// Gives `tags` tags to each of `tasks`, and a checklist of as many lines.
fn hang_on(case: &Case, tasks: &[&str], tags: usize) {
    let mut raw = case.raw();
    let batch = raw.transaction().unwrap();
    for number in 0..tags {
        let tag = format!("planted tag {number}");
        let index = (tags - number) as i64;
        let sql = "INSERT INTO TMTag (\"uuid\", \"title\", \"index\") VALUES (?1, ?1, ?2)";
        batch.execute(sql, rusqlite::params![tag, index]).unwrap();
        for task in tasks {
            batch.execute("INSERT INTO TMTaskTag (\"tasks\", \"tags\") VALUES (?1, ?2)", [task, tag.as_str()]).unwrap();
            let sql = "INSERT INTO TMChecklistItem (\"uuid\", \"task\", \"title\", \"index\") VALUES (?1, ?2, ?1, ?3)";
            batch.execute(sql, rusqlite::params![format!("line {number} of {task}"), task, index]).unwrap();
        }
    }
    batch.commit().unwrap();
}

#[test]
fn identifiers_may_be_anything() {
    healthy(|case| {
        // The lengths of the app's own, none at all, what could be taken for part of the parameter, and what SQL reads.
        let long = "x".repeat(5_000);
        let odd =
            ["", "a", "00000001", "00000022", "'; DROP TABLE TMTask; --", "漢字 🚲", "nul\0inside", "%_\\", &long];
        hang_on(case, &odd, 2);
        let store = case.open();
        let asked: Vec<TaskId> = odd.iter().map(|id| TaskId::from(*id)).collect();
        let (tags, lines) = (store.tags_of_all(&asked).unwrap(), store.checklists(&asked).unwrap());
        assert_eq!((tags.len(), lines.len()), (odd.len(), odd.len()), "{}", case.name);
        for id in &asked {
            assert_eq!(tags[id], store.tags_of(id).unwrap(), "{id:?}");
            assert_eq!(lines[id], store.checklist(id).unwrap(), "{id:?}");
            assert_eq!(tags[id][0].title, "planted tag 1", "in the order of the tags");
        }
        // One of many is found among its neighbours, and only it.
        for (at, id) in asked.iter().enumerate() {
            assert_eq!(store.tags_of_all([id]).unwrap().len(), 1, "{at}");
        }
    });
}

#[test]
fn none_unknown_ones_and_the_same_twice() {
    healthy(|case| {
        hang_on(case, &["planted/x"], 3);
        let store = case.open();
        assert!(store.tags_of_all([]).unwrap().is_empty(), "{}", case.name);
        assert!(store.checklists([]).unwrap().is_empty());
        assert!(store.headings_of_all([]).unwrap().is_empty());
        let (x, nobody) = (TaskId::from("planted/x"), TaskId::from("nobody"));
        let found = store.tags_of_all([&x, &nobody, &x, &x]).unwrap();
        assert_eq!((found.len(), found[&x].len()), (1, 3), "no tag twice, and nobody has none");
        assert_eq!(store.checklists([&nobody, &x, &x]).unwrap()[&x].len(), 3);
    });
}

#[test]
fn more_identifiers_than_a_statement_may_have_parameters() {
    healthy(|case| {
        hang_on(case, &["planted/x", "planted/y"], 1);
        // By default a statement may have 32,766.
        let mut asked: Vec<TaskId> = (0..33_000).map(|number| TaskId::from(format!("nobody {number}"))).collect();
        asked.insert(13_000, "planted/x".into());
        asked.push("planted/y".into());
        let store = case.open();
        let found = store.tags_of_all(&asked).unwrap();
        assert_eq!(found.len(), 2, "{}", case.name);
        assert_eq!(store.checklists(&asked).unwrap().len(), 2);
    });
}

#[test]
fn summaries_and_identifiers_are_those_of_the_tasks() {
    for_each(|case| {
        if !case.is_healthy() {
            return case.assert_refused();
        }
        let store = case.open();
        let lists = [List::Inbox, List::Today(today()), List::Upcoming(today()), List::Anytime];
        let more = [List::Someday, List::Logbook, List::Trash];
        let mut queries: Vec<Query> = lists.into_iter().chain(more).map(Query::list).collect();
        queries.extend([
            Query::all(),
            Query::all().text("e").limit(7),
            Query::all().kind(Kind::Heading),
            Query::all().due(None, Some(date("2024-07-01"))),
        ]);
        for query in queries {
            let (tasks, summaries) = (store.tasks(&query).unwrap(), store.summaries(&query).unwrap());
            let expected: Vec<_> = tasks.iter().map(|t| (&t.id, t.kind, t.status, t.trashed, &t.title)).collect();
            let found: Vec<_> = summaries.iter().map(|s| (&s.id, s.kind, s.status, s.trashed, &s.title)).collect();
            assert_eq!(found, expected, "{}: {query:?}", case.name);
            let expected: Vec<_> = tasks.iter().map(|task| (task.start, task.start_date, task.deadline)).collect();
            let found: Vec<_> = summaries.iter().map(|all| (all.start, all.start_date, all.deadline)).collect();
            assert_eq!(found, expected, "{}: {query:?}", case.name);
            let expected: Vec<_> = tasks.into_iter().map(|task| task.id).collect();
            assert_eq!(store.ids(&query).unwrap(), expected, "{}: {query:?}", case.name);
        }
    });
}

#[test]
fn what_is_not_asked_for_is_not_read() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let set = |set: &str| case.execute(&format!("UPDATE TMTask SET {set} WHERE \"uuid\" = 'planted/x'"));
        let store = case.open();
        let summary =
            || store.summaries(&Query::all()).map(|all| all.iter().any(|task| task.id.as_str() == "planted/x"));
        // Values that no task can have are an error only to those who read them.
        for bad in ["\"notes\" = x'00'", "\"stopDate\" = 'never'", "\"todayIndex\" = 0.5", "\"area\" = x'00'"] {
            set(bad);
            assert!(store.tasks(&Query::all()).is_err(), "{}: {bad}", case.name);
            assert!(summary().unwrap(), "{}: {bad}", case.name);
        }
        set("\"title\" = x'00'");
        assert!(summary().is_err(), "{}", case.name);
        assert!(store.ids(&Query::all()).unwrap().contains(&TaskId::from("planted/x")));
    });
}

/// How many statements `action` runs.
fn statements(store: &Store, action: impl FnOnce(&Store)) -> u64 {
    let run = |store: &Store| {
        let statistics = store.statistics();
        statistics.statement_hits + statistics.statement_misses
    };
    let before = run(store);
    action(store);
    run(store) - before
}

#[test]
fn it_is_one_statement_however_many_tasks_there_are() {
    for_each(|case| {
        if !case.is_healthy() {
            return case.assert_refused();
        }
        let store = case.open();
        let all = store.ids(&Query::all()).unwrap();
        for most in [1, 2, 50, usize::MAX] {
            let some = || all.iter().take(most);
            assert_eq!(statements(&store, |store| drop(store.tags_of_all(some()).unwrap())), 1, "{}", case.name);
            assert_eq!(statements(&store, |store| drop(store.checklists(some()).unwrap())), 1, "{}", case.name);
            assert_eq!(statements(&store, |store| drop(store.headings_of_all(some()).unwrap())), 1, "{}", case.name);
        }
        // One by one it is one for each: the counter counts.
        let few = || all.iter().take(20);
        let one_by_one = statements(&store, |store| few().for_each(|id| drop(store.tags_of(id).unwrap())));
        assert_eq!(one_by_one, few().count() as u64, "{}", case.name);
    });
}

type Read<'a> = (&'a str, &'a dyn Fn(&Store));

#[test]
fn every_list_is_one_statement() {
    healthy(|case| {
        let store = case.open();
        let id = TaskId::from("any");
        let reads: [Read<'_>; 14] = [
            ("inbox", &|store| drop(store.inbox().unwrap())),
            ("today", &|store| drop(store.today(today()).unwrap())),
            ("upcoming", &|store| drop(store.upcoming(today()).unwrap())),
            ("anytime", &|store| drop(store.anytime().unwrap())),
            ("someday", &|store| drop(store.someday().unwrap())),
            ("logbook", &|store| drop(store.logbook().unwrap())),
            ("trash", &|store| drop(store.trash().unwrap())),
            ("projects", &|store| drop(store.projects().unwrap())),
            ("search", &|store| drop(store.search("milk").unwrap())),
            ("count", &|store| assert!(store.count(&Query::all()).is_ok())),
            ("summaries", &|store| drop(store.summaries(&Query::all()).unwrap())),
            ("areas", &|store| drop(store.areas().unwrap())),
            ("tags", &|store| drop(store.tags().unwrap())),
            ("checklist", &|store| drop(store.checklist(&id).unwrap())),
        ];
        for (name, read) in reads {
            assert_eq!(statements(&store, read), 1, "{}: {name}", case.name);
        }
    });
}

#[test]
fn a_statement_is_prepared_once_whatever_its_parameters() {
    healthy(|case| {
        let store = case.open();
        for round in 0..50 {
            let (day, text) = (today().plus_days(round).unwrap(), format!("milk {round}"));
            store.today(day).unwrap();
            store.search(&text).unwrap();
            store.by_tag(&text.as_str().into()).unwrap();
            store.task(&text.as_str().into()).unwrap();
            store.tasks(&Query::all().text(text).limit(round as u32 + 1)).unwrap();
            store.tags_of_all(&store.ids(&Query::all().limit(round as u32)).unwrap()).unwrap();
        }
        let statistics = store.statistics();
        // One for each of the seven kinds of statement above.
        assert_eq!(statistics.statement_misses, 7, "{}", case.name);
        assert_eq!(statistics.statement_hits, 7 * 49, "{}", case.name);
        assert!(statistics.statement_hit_rate().unwrap() > 0.95);
    });
}
