//! Search in titles and notes, deadlines, single tasks, and filters together.

use crate::support::{date, has, healthy, plant, planted, today, Plant};
use things_store::{Kind, List, Query, TaskId};

#[test]
fn search_looks_into_titles_and_notes() {
    healthy(|case| {
        plant(
            &case.raw(),
            case.vintage(),
            &[
                Plant { id: "planted/title", title: "Polish the Xylophone", index: 1, ..Plant::default() },
                Plant { id: "planted/notes", notes: "first line\nxylophone, again", index: 2, ..Plant::default() },
                Plant { id: "planted/done", title: "XYLOPHONE", status: 3, index: 3, ..Plant::default() },
                Plant { id: "planted/trashed", title: "xylophone", trashed: true, ..Plant::default() },
                Plant { id: "planted/other", title: "xylo phone", ..Plant::default() },
            ],
        );
        let store = case.open();
        assert_eq!(planted(&store.search("xylophone").unwrap()), ["title", "notes", "done"], "{}", case.name);
        assert!(store.search("no such words anywhere").unwrap().is_empty());
        assert_eq!(store.search("").unwrap(), store.tasks(&Query::all()).unwrap(), "nothing is in everything");
    });
}

#[test]
fn the_empty_text_is_in_a_task_without_title_and_notes() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        case.execute("UPDATE \"TMTask\" SET \"title\" = NULL, \"notes\" = NULL WHERE \"uuid\" = 'planted/x'");
        let (store, nothing) = (case.open(), Query::all().text(""));
        assert!(has(&store.search("").unwrap(), "planted/x"), "{}", case.name);
        assert_eq!(store.count(&nothing).unwrap(), store.count(&Query::all()).unwrap(), "{}", case.name);
        assert!(!has(&store.search("\0").unwrap(), "planted/x"), "{}", case.name);
    });
}

#[test]
fn search_takes_every_character_as_it_is() {
    healthy(|case| {
        let titles = ["100% zinc", "100 zinc", "snake_zinc", "snake-zinc", "back\\zinc", "quote' zinc", "漢字 zinc 🚲"];
        let ids = ["planted/a", "planted/b", "planted/c", "planted/d", "planted/e", "planted/f", "planted/g"];
        let plants: Vec<_> =
            ids.iter().zip(titles).map(|(id, title)| Plant { id, title, ..Plant::default() }).collect();
        plant(&case.raw(), case.vintage(), &plants);
        let store = case.open();
        for (text, expected) in [
            ("100% z", vec!["a"]),
            ("snake_", vec!["c"]),
            ("back\\z", vec!["e"]),
            ("quote' z", vec!["f"]),
            ("字 zinc 🚲", vec!["g"]),
            ("'; DROP TABLE TMTask; --", vec![]),
        ] {
            assert_eq!(planted(&store.search(text).unwrap()), expected, "{}: {text}", case.name);
        }
    });
}

#[test]
fn a_nul_is_a_character_and_not_the_end() {
    healthy(|case| {
        plant(
            &case.raw(),
            case.vintage(),
            &[
                Plant { id: "planted/nul", title: "zinc\0Oxide", ..Plant::default() },
                Plant { id: "planted/notes", notes: "\0zinc oxide\0", ..Plant::default() },
                Plant { id: "planted/plain", title: "zincOxide", ..Plant::default() },
            ],
        );
        let store = case.open();
        for (text, expected) in [
            ("\0", vec!["notes", "nul"]),
            ("zinc\0", vec!["nul"]),
            ("ZINC\0oXIDE", vec!["nul"]),
            ("\0oxide", vec!["nul"]),
            ("oxide\0", vec!["notes"]),
            ("\0\0", vec![]),
            ("zinc\0%", vec![]),
            ("%\0", vec![]),
            ("_\0", vec![]),
            ("\0zincoxide", vec![]),
        ] {
            let mut found = store.search(text).unwrap();
            found.sort_by(|a, b| a.id.cmp(&b.id));
            assert_eq!(planted(&found), expected, "{}: {text:?}", case.name);
            assert_eq!(found.len(), expected.len(), "{}: {text:?} is in no row of the fixture", case.name);
            assert_eq!(store.count(&Query::all().text(text)).unwrap(), expected.len() as u64);
        }
    });
}

#[test]
fn a_text_of_any_length_is_searched_for() {
    healthy(|case| {
        let long = "Wood_ ".repeat(9_000);
        let raw = case.raw();
        plant(&raw, case.vintage(), &[Plant::default()]);
        raw.execute("UPDATE TMTask SET \"notes\" = ?1 WHERE \"uuid\" = 'planted/x'", [&long]).unwrap();
        let store = case.open();
        // SQLite refuses patterns of more than 50,000 bytes.
        for length in [100, 49_998, 50_001] {
            let text = long[..length].to_ascii_lowercase();
            assert_eq!(planted(&store.search(&text).unwrap()), ["x"], "{}: {length}", case.name);
            assert!(store.search(&format!("{text}!")).unwrap().is_empty(), "{}: {length}", case.name);
        }
    });
}

#[test]
fn every_hit_has_the_text() {
    healthy(|case| {
        let store = case.open();
        for text in ["the", "e", "Note"] {
            for task in store.search(text).unwrap() {
                let whole = format!("{}\n{}", task.title, task.notes).to_ascii_lowercase();
                assert!(whole.contains(&text.to_ascii_lowercase()), "{}: {text}: {whole}", case.name);
            }
        }
    });
}

#[test]
fn deadlines_come_nearest_first_and_include_the_last_day() {
    healthy(|case| {
        let due = |id, day| Plant { id, deadline: Some(date(day)), ..Plant::default() };
        plant(
            &case.raw(),
            case.vintage(),
            &[
                due("planted/late", "2099-12-31"),
                due("planted/on", "2024-06-12"),
                due("planted/after", "2024-06-13"),
                due("planted/long-ago", "1999-01-01"),
                Plant { status: 3, ..due("planted/done", "2024-06-12") },
                Plant { id: "planted/none", ..Plant::default() },
            ],
        );
        let store = case.open();
        let until = store.deadlines(Some(today())).unwrap();
        assert_eq!(planted(&until), ["long-ago", "on"], "{}", case.name);
        assert!(until.iter().all(|task| task.deadline.unwrap() <= today()));
        let all = store.deadlines(None).unwrap();
        assert_eq!(planted(&all), ["long-ago", "on", "after", "late"]);
        assert!(all.windows(2).all(|pair| pair[0].deadline <= pair[1].deadline));
        let week = Query::all().due(Some(today()), today().plus_days(7));
        assert_eq!(planted(&store.tasks(&week).unwrap()), ["on", "after"]);
    });
}

#[test]
fn one_task_is_found_by_its_identifier() {
    healthy(|case| {
        plant(
            &case.raw(),
            case.vintage(),
            &[
                Plant { id: "planted/heading", kind: 2, ..Plant::default() },
                Plant { id: "planted/trashed", trashed: true, title: "Gone", ..Plant::default() },
            ],
        );
        let store = case.open();
        let heading = store.task(&TaskId::from("planted/heading")).unwrap().unwrap();
        assert_eq!(heading.kind, Kind::Heading, "{}", case.name);
        let trashed = store.task(&TaskId::from("planted/trashed")).unwrap().unwrap();
        assert_eq!((trashed.title.as_str(), trashed.trashed), ("Gone", true));
        assert_eq!(store.task(&TaskId::from("nobody")).unwrap(), None);
    });
}

#[test]
fn all_conditions_must_hold() {
    healthy(|case| {
        case.execute("INSERT INTO TMTag (\"uuid\", \"title\", \"index\") VALUES ('tag', 'Tag', 0)");
        case.execute("INSERT INTO TMArea (\"uuid\", \"title\", \"index\") VALUES ('area', 'Area', 0)");
        let full = Plant {
            title: "zither",
            area: Some("area"),
            deadline: Some(today()),
            start_date: Some(today()),
            ..Plant::default()
        };
        plant(
            &case.raw(),
            case.vintage(),
            &[
                Plant { id: "planted/all", ..full.clone() },
                Plant { id: "planted/text", title: "other", ..full.clone() },
                Plant { id: "planted/area", area: None, ..full.clone() },
                Plant { id: "planted/due", deadline: None, ..full.clone() },
                Plant { id: "planted/kind", kind: 1, ..full.clone() },
                Plant { id: "planted/list", start_date: None, deadline: today().plus_days(1), ..full.clone() },
                Plant { id: "planted/tag", ..full },
            ],
        );
        case.execute(
            "INSERT INTO TMTaskTag (\"tasks\", \"tags\") SELECT \"uuid\", 'tag' FROM TMTask \
             WHERE \"uuid\" LIKE 'planted/%' AND \"uuid\" <> 'planted/tag'",
        );
        let query = Query::list(List::Today(today()))
            .kind(Kind::ToDo)
            .text("zither")
            .tag(&"tag".into())
            .area(&"area".into())
            .due(None, today().plus_days(1));
        let store = case.open();
        let found = store.tasks(&query).unwrap();
        assert_eq!(planted(&found), ["all"], "{}", case.name);
        assert_eq!(store.count(&query).unwrap(), 1);
        assert!(has(&found, "planted/all"));
    });
}
