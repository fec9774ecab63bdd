//! The lists of the sidebar: what belongs in each, in which order, and what is never shown.
//!
//! Rows are planted into a copy, so that what must be found is known; what the fixture holds besides must
//! keep to the same rules.

use crate::support::{date, has, healthy, plant, planted, today, Case, Plant};
use things_store::{Kind, List, Query, Start, Status, Store, Task};

const DAY: fn(&str) -> Option<things_store::Date> = |text| Some(date(text));

fn planted_in(case: &Case, plants: &[Plant]) -> Store {
    plant(&case.raw(), case.vintage(), plants);
    case.open()
}

fn all_lists() -> [List; 7] {
    [
        List::Inbox,
        List::Today(today()),
        List::Upcoming(today()),
        List::Anytime,
        List::Someday,
        List::Logbook,
        List::Trash,
    ]
}

fn is_open(task: &Task) -> bool {
    task.status == Status::Incomplete && !task.trashed && task.kind != Kind::Heading
}

#[test]
fn the_inbox_has_open_to_dos_that_were_not_looked_at() {
    healthy(|case| {
        let store = planted_in(
            case,
            &[
                Plant { id: "planted/second", start: 0, index: 1_000_001, ..Plant::default() },
                Plant { id: "planted/first", start: 0, index: 1_000_000, ..Plant::default() },
                Plant { id: "planted/done", start: 0, status: 3, ..Plant::default() },
                Plant { id: "planted/trashed", start: 0, trashed: true, ..Plant::default() },
                Plant { id: "planted/anytime", start: 1, ..Plant::default() },
                Plant { id: "planted/project", kind: 1, start: 0, ..Plant::default() },
            ],
        );
        let inbox = store.inbox().unwrap();
        assert_eq!(planted(&inbox), ["first", "second"], "{}", case.name);
        assert!(inbox.iter().all(|task| is_open(task) && task.start == Start::Inbox));
    });
}

#[test]
fn today_has_what_started_and_what_is_due() {
    healthy(|case| {
        let due = |id, deadline| Plant { id, deadline: DAY(deadline), today_index: 1_000_003, ..Plant::default() };
        let starts =
            |id, start_date, today_index| Plant { id, start_date: DAY(start_date), today_index, ..Plant::default() };
        let store = planted_in(
            case,
            &[
                Plant { evening: true, ..starts("planted/evening", "2024-06-12", -1_000_000) },
                starts("planted/today", "2024-06-12", 1_000_001),
                starts("planted/yesterday", "2024-06-11", 1_000_000),
                starts("planted/tomorrow", "2024-06-13", 0),
                due("planted/due", "2024-06-12"),
                due("planted/due-tomorrow", "2024-06-13"),
                Plant { suppressed: true, ..due("planted/quiet", "2024-06-01") },
                Plant { start: 2, ..starts("planted/someday-that-came", "2024-06-01", 1_000_002) },
                Plant { start_date: DAY("2024-07-01"), ..due("planted/due-but-later", "2024-06-12") },
                Plant { status: 2, ..starts("planted/cancelled", "2024-06-12", 0) },
                Plant { trashed: true, ..starts("planted/trashed", "2024-06-12", 0) },
            ],
        );
        let tasks = store.today(today()).unwrap();
        let expected = ["yesterday", "today", "someday-that-came", "due", "evening"];
        assert_eq!(planted(&tasks), expected, "{}", case.name);
        for task in &tasks {
            assert!(is_open(task), "{task:?}");
            assert!(task.start_date.or(task.deadline) <= Some(today()), "{task:?}");
        }
        let evenings: Vec<bool> = tasks.iter().map(|task| task.evening).collect();
        assert!(evenings.windows(2).all(|pair| pair[0] <= pair[1]), "the evening comes last");
    });
}

#[test]
fn upcoming_has_what_starts_later_the_nearest_first() {
    healthy(|case| {
        let starts = |id, day| Plant { id, start: 2, start_date: DAY(day), ..Plant::default() };
        let store = planted_in(
            case,
            &[
                starts("planted/far", "4001-01-01"),
                starts("planted/leap", "2028-02-29"),
                starts("planted/tomorrow", "2024-06-13"),
                starts("planted/today", "2024-06-12"),
                Plant { status: 3, ..starts("planted/done", "2024-06-20") },
            ],
        );
        let tasks = store.upcoming(today()).unwrap();
        assert_eq!(planted(&tasks), ["tomorrow", "leap", "far"], "{}", case.name);
        assert!(tasks.iter().all(|task| is_open(task) && task.start_date > Some(today())));
        assert!(tasks.windows(2).all(|pair| pair[0].start_date <= pair[1].start_date));
    });
}

#[test]
fn every_day_is_either_today_or_upcoming() {
    healthy(|case| {
        let plants = [
            Plant { id: "planted/a", start_date: DAY("2024-06-11"), ..Plant::default() },
            Plant { id: "planted/b", start_date: DAY("2024-06-12"), ..Plant::default() },
            Plant { id: "planted/c", start_date: DAY("2024-06-13"), ..Plant::default() },
        ];
        let store = planted_in(case, &plants);
        for day in ["2024-06-10", "2024-06-11", "2024-06-12", "2024-06-13"] {
            let (now, later) = (store.today(date(day)).unwrap(), store.upcoming(date(day)).unwrap());
            for plant in &plants {
                let started = plant.start_date <= DAY(day);
                assert_eq!(has(&now, plant.id), started, "{}: {} on {day}", case.name, plant.id);
                assert_eq!(has(&later, plant.id), !started, "{}: {} on {day}", case.name, plant.id);
            }
        }
    });
}

#[test]
fn anytime_leaves_out_what_waits_in_a_someday_project() {
    healthy(|case| {
        let within = |id, project| Plant { id, project: Some(project), ..Plant::default() };
        let store = planted_in(
            case,
            &[
                Plant { id: "planted/active", kind: 1, ..Plant::default() },
                Plant { id: "planted/sleeping", kind: 1, start: 2, ..Plant::default() },
                within("planted/in-active", "planted/active"),
                within("planted/in-sleeping", "planted/sleeping"),
                Plant { id: "planted/loose", ..Plant::default() },
                Plant { id: "planted/someday", start: 2, ..Plant::default() },
            ],
        );
        let mut found = store.anytime().unwrap();
        assert!(found.iter().all(|task| is_open(task) && task.start == Start::Anytime));
        found.sort_by(|a, b| a.id.cmp(&b.id));
        assert_eq!(planted(&found), ["active", "in-active", "loose"], "{}", case.name);
    });
}

#[test]
fn someday_has_no_dates() {
    healthy(|case| {
        let store = planted_in(
            case,
            &[
                Plant { id: "planted/someday", start: 2, ..Plant::default() },
                Plant { id: "planted/dated", start: 2, start_date: DAY("2024-09-01"), ..Plant::default() },
                Plant { id: "planted/anytime", ..Plant::default() },
            ],
        );
        let tasks = store.someday().unwrap();
        assert_eq!(planted(&tasks), ["someday"], "{}", case.name);
        assert!(tasks.iter().all(|task| task.start == Start::Someday && task.start_date.is_none()));
    });
}

#[test]
fn the_logbook_has_what_was_stopped_the_latest_first() {
    healthy(|case| {
        let stopped = |id, status, at| Plant { id, status, stopped: Some(at), ..Plant::default() };
        let store = planted_in(
            case,
            &[
                stopped("planted/old", 3, -1.0e9),
                stopped("planted/new", 3, 4.0e9),
                stopped("planted/given-up", 2, 3.9e9),
                Plant { trashed: true, ..stopped("planted/trashed", 3, 4.0e9) },
                Plant { id: "planted/open", ..Plant::default() },
            ],
        );
        let tasks = store.logbook().unwrap();
        assert_eq!(planted(&tasks), ["new", "given-up", "old"], "{}", case.name);
        assert!(tasks.iter().all(|task| task.status != Status::Incomplete && !task.trashed));
        assert!(tasks.windows(2).all(|pair| pair[0].stopped >= pair[1].stopped));
    });
}

#[test]
fn the_trash_has_all_that_was_thrown_away() {
    healthy(|case| {
        let trashed = |id, kind, status| Plant { id, kind, status, trashed: true, ..Plant::default() };
        let store = planted_in(
            case,
            &[
                trashed("planted/open", 0, 0),
                trashed("planted/done", 0, 3),
                trashed("planted/project", 1, 0),
                Plant { id: "planted/kept", ..Plant::default() },
            ],
        );
        let tasks = store.trash().unwrap();
        let mut found = planted(&tasks);
        found.sort_unstable();
        assert_eq!(found, ["done", "open", "project"], "{}", case.name);
        assert!(tasks.iter().all(|task| task.trashed));
    });
}

#[test]
fn repeating_templates_and_what_is_in_them_are_in_no_list() {
    healthy(|case| {
        let mut plants = vec![
            Plant { id: "planted/template-project", kind: 1, start: 2, template: true, ..Plant::default() },
            Plant { id: "planted/inside", project: Some("planted/template-project"), ..Plant::default() },
        ];
        for (id, start, status, trashed) in [
            ("planted/t1", 0, 0, false),
            ("planted/t2", 1, 0, false),
            ("planted/t3", 2, 0, false),
            ("planted/t4", 1, 3, false),
            ("planted/t5", 1, 0, true),
        ] {
            plants.push(Plant { id, start, status, trashed, template: true, ..Plant::default() });
            if start > 0 {
                let id = ["planted/d1", "planted/d2", "planted/d3", "planted/d4", "planted/d5"][plants.len() % 5];
                let start_date = DAY(if start == 1 { "2024-06-12" } else { "2024-08-01" });
                plants.push(Plant { id, start, status, trashed, start_date, template: true, ..Plant::default() });
            }
        }
        let store = planted_in(case, &plants);
        for list in all_lists() {
            let tasks = store.tasks(&Query::list(list)).unwrap();
            assert!(planted(&tasks).is_empty(), "{}: {list:?}: {:?}", case.name, planted(&tasks));
        }
        assert!(planted(&store.search("Planted").unwrap()).is_empty());
        assert!(planted(&store.projects().unwrap()).is_empty());
        assert_eq!(store.task(&"planted/t2".into()).unwrap(), None);
    });
}

#[test]
fn what_is_in_a_trashed_project_is_shown_nowhere() {
    healthy(|case| {
        let store = planted_in(
            case,
            &[
                Plant { id: "planted/gone", kind: 1, trashed: true, ..Plant::default() },
                Plant { id: "planted/heading", kind: 2, project: Some("planted/gone"), ..Plant::default() },
                Plant { id: "planted/direct", project: Some("planted/gone"), ..Plant::default() },
                Plant { id: "planted/under", heading: Some("planted/heading"), ..Plant::default() },
            ],
        );
        for list in all_lists() {
            let tasks = store.tasks(&Query::list(list)).unwrap();
            assert!(!has(&tasks, "planted/direct") && !has(&tasks, "planted/under"), "{}: {list:?}", case.name);
        }
        assert!(has(&store.trash().unwrap(), "planted/gone"));
    });
}

#[test]
fn lists_agree_with_a_count_made_by_hand() {
    healthy(|case| {
        let (rule, heading) = match case.manifest.vintage {
            18 => ("recurrenceRule", "actionGroup"),
            _ => ("rt1_recurrenceRule", "heading"),
        };
        let store = case.open();
        let visible = format!(
            "FROM TMTask t WHERE {rule} IS NULL AND type <> 2 AND NOT EXISTS (SELECT 1 FROM TMTask p \
             WHERE (p.trashed = 1 OR p.{rule} IS NOT NULL) AND (p.uuid = t.project OR p.uuid = \
             (SELECT h.project FROM TMTask h WHERE h.uuid = t.{heading})))"
        );
        for (list, condition) in [
            (List::Inbox, "start = 0 AND status = 0 AND trashed = 0"),
            (List::Someday, "start = 2 AND startDate IS NULL AND status = 0 AND trashed = 0"),
            (List::Logbook, "status IN (2, 3) AND trashed = 0"),
        ] {
            let expected = case.integer(&format!("SELECT count(*) {visible} AND {condition}"));
            let query = Query::list(list);
            assert_eq!(store.tasks(&query).unwrap().len() as i64, expected, "{}: {list:?}", case.name);
            assert_eq!(store.count(&query).unwrap() as i64, expected, "{}: {list:?}", case.name);
        }
    });
}

#[test]
fn a_limit_keeps_the_top() {
    healthy(|case| {
        let store = planted_in(case, &[Plant::default(), Plant { id: "planted/y", ..Plant::default() }]);
        let all = store.tasks(&Query::list(List::Anytime)).unwrap();
        for limit in [0, 1, 2, 1_000_000] {
            let some = store.tasks(&Query::list(List::Anytime).limit(limit)).unwrap();
            assert_eq!(some, all[..all.len().min(limit as usize)], "{}", case.name);
        }
    });
}
