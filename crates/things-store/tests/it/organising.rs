//! Projects, headings, areas, tags and checklists.

use crate::support::{has, healthy, ids, plant, planted, Plant};
use things_store::{AreaId, Kind, Query, Status, TagId, TaskId};

#[test]
fn projects_are_the_open_ones() {
    healthy(|case| {
        let project = |id| Plant { id, kind: 1, ..Plant::default() };
        plant(
            &case.raw(),
            case.vintage(),
            &[
                project("planted/open"),
                Plant { start: 2, index: 1, ..project("planted/someday") },
                Plant { status: 3, ..project("planted/done") },
                Plant { trashed: true, ..project("planted/trashed") },
                Plant { id: "planted/to-do", ..Plant::default() },
            ],
        );
        let projects = case.open().projects().unwrap();
        assert_eq!(planted(&projects), ["open", "someday"], "{}", case.name);
        assert!(projects.iter().all(|task| task.kind == Kind::Project && task.status == Status::Incomplete));
    });
}

#[test]
fn a_project_holds_what_is_under_its_headings_too() {
    healthy(|case| {
        let project = TaskId::from("planted/project");
        let within = |id, index| Plant { id, project: Some("planted/project"), index, ..Plant::default() };
        plant(
            &case.raw(),
            case.vintage(),
            &[
                Plant { id: "planted/project", kind: 1, ..Plant::default() },
                Plant { kind: 2, ..within("planted/second", 9) },
                Plant { kind: 2, ..within("planted/first", 8) },
                within("planted/direct", 1),
                Plant { id: "planted/under", heading: Some("planted/first"), index: 2, ..Plant::default() },
                Plant { id: "planted/elsewhere", ..Plant::default() },
            ],
        );
        let store = case.open();
        assert_eq!(planted(&store.headings(&project).unwrap()), ["first", "second"], "{}", case.name);
        let inside = store.tasks(&Query::all().project(&project)).unwrap();
        assert_eq!(planted(&inside), ["direct", "under"]);
        assert!(inside.iter().all(|task| task.project.as_ref() == Some(&project)));
        assert_eq!(inside[1].heading, Some(TaskId::from("planted/first")));
    });
}

#[test]
fn headings_of_every_project_belong_to_it() {
    healthy(|case| {
        let store = case.open();
        let mut found = 0;
        for project in store.projects().unwrap().iter().take(20) {
            for heading in store.headings(&project.id).unwrap() {
                assert_eq!(heading.kind, Kind::Heading);
                assert_eq!(heading.project.as_ref(), Some(&project.id));
                found += 1;
            }
        }
        let any = case.integer("SELECT count(*) FROM TMTask WHERE type = 2 AND trashed = 0") > 0;
        assert_eq!(found > 0, any, "{}", case.name);
    });
}

#[test]
fn areas_come_in_order_hidden_ones_too() {
    healthy(|case| {
        case.execute(
            "INSERT INTO TMArea (\"uuid\", \"title\", \"visible\", \"index\") VALUES \
             ('area b', 'Below', 1, 1000001), ('area a', 'Above', 0, 1000000)",
        );
        let areas = case.open().areas().unwrap();
        let [above, below] = &areas[areas.len() - 2..] else { panic!("{areas:?}") };
        assert_eq!((above.title.as_str(), above.visible), ("Above", false), "{}", case.name);
        assert_eq!((below.id.as_str(), below.visible), ("area b", true));
        assert!(areas.windows(2).all(|pair| pair[0].index <= pair[1].index));
    });
}

#[test]
fn an_area_holds_what_is_in_its_projects_too() {
    healthy(|case| {
        case.execute("INSERT INTO TMArea (\"uuid\", \"title\", \"index\") VALUES ('planted-area', 'Area', 0)");
        case.execute("INSERT INTO TMTag (\"uuid\", \"title\", \"index\") VALUES ('planted-tag', 'Tag', 0)");
        case.execute("INSERT INTO TMAreaTag (\"areas\", \"tags\") VALUES ('planted-area', 'planted-tag')");
        plant(
            &case.raw(),
            case.vintage(),
            &[
                Plant { id: "planted/direct", area: Some("planted-area"), index: 1, ..Plant::default() },
                Plant { id: "planted/project", kind: 1, area: Some("planted-area"), index: 2, ..Plant::default() },
                Plant { id: "planted/by-project", project: Some("planted/project"), index: 3, ..Plant::default() },
                Plant { id: "planted/heading", kind: 2, project: Some("planted/project"), ..Plant::default() },
                Plant { id: "planted/by-heading", heading: Some("planted/heading"), index: 4, ..Plant::default() },
                Plant { id: "planted/elsewhere", ..Plant::default() },
            ],
        );
        let store = case.open();
        let area = AreaId::from("planted-area");
        let expected = ["direct", "project", "by-project", "by-heading"];
        assert_eq!(planted(&store.by_area(&area).unwrap()), expected, "{}", case.name);
        let tags = store.tags_of_area(&area).unwrap();
        assert_eq!(tags.len(), 1);
        assert_eq!(tags[0].title, "Tag");
    });
}

/// Three tags below each other, and one that nobody carries.
const TAGS: &str = "INSERT INTO TMTag (\"uuid\", \"title\", \"shortcut\", \"parent\", \"index\") VALUES \
    ('tag/top', 'Top', 't', NULL, 1000000), ('tag/middle', 'Middle', NULL, 'tag/top', 1000001), \
    ('tag/low', 'Low', '', 'tag/middle', 1000002), ('tag/idle', 'Idle', NULL, NULL, 1000003)";

#[test]
fn tags_know_what_is_above_them() {
    healthy(|case| {
        case.execute(TAGS);
        let tags = case.open().tags().unwrap();
        let tail = &tags[tags.len() - 4..];
        let parents: Vec<_> = tail.iter().map(|tag| tag.parent.as_ref().map(TagId::as_str)).collect();
        assert_eq!(parents, [None, Some("tag/top"), Some("tag/middle"), None], "{}", case.name);
        let shortcuts: Vec<_> = tail.iter().map(|tag| tag.shortcut.as_deref()).collect();
        assert_eq!(shortcuts, [Some("t"), None, None, None]);
    });
}

#[test]
fn a_tag_finds_what_carries_one_below_it() {
    healthy(|case| {
        case.execute(TAGS);
        plant(
            &case.raw(),
            case.vintage(),
            &[
                Plant { id: "planted/high", index: 1, ..Plant::default() },
                Plant { id: "planted/deep", index: 2, status: 3, ..Plant::default() },
                Plant { id: "planted/none", index: 3, ..Plant::default() },
            ],
        );
        case.execute(
            "INSERT INTO TMTaskTag (\"tasks\", \"tags\") VALUES ('planted/high', 'tag/top'), \
             ('planted/deep', 'tag/low'), ('planted/deep', 'tag/top')",
        );
        let store = case.open();
        let found = |tag: &str| ids(&store.by_tag(&TagId::from(tag)).unwrap()).join(" ");
        assert_eq!(found("tag/top"), "planted/high planted/deep", "{}", case.name);
        assert_eq!(found("tag/middle"), "planted/deep");
        assert_eq!(found("tag/low"), "planted/deep");
        assert_eq!(found("tag/idle"), "");
        let titles: Vec<_> =
            store.tags_of(&TaskId::from("planted/deep")).unwrap().into_iter().map(|tag| tag.title).collect();
        assert_eq!(titles, ["Top", "Low"], "only its own");
    });
}

#[test]
fn tags_above_each_other_do_not_go_round_for_ever() {
    healthy(|case| {
        case.execute(TAGS);
        case.execute("UPDATE TMTag SET \"parent\" = 'tag/low' WHERE \"uuid\" = 'tag/top'");
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        case.execute("INSERT INTO TMTaskTag (\"tasks\", \"tags\") VALUES ('planted/x', 'tag/middle')");
        let store = case.open();
        for tag in ["tag/top", "tag/middle", "tag/low"] {
            assert!(has(&store.by_tag(&TagId::from(tag)).unwrap(), "planted/x"), "{}: {tag}", case.name);
        }
    });
}

#[test]
fn every_tag_of_a_fixture_finds_its_own_tasks() {
    healthy(|case| {
        let store = case.open();
        for tag in store.tags().unwrap().iter().take(12) {
            for task in store.by_tag(&tag.id).unwrap() {
                let own = store.tags_of(&task.id).unwrap();
                let carries = own.iter().any(|t| t.id == tag.id || t.parent.as_ref() == Some(&tag.id));
                assert!(carries, "{}: {} has {own:?}", case.name, task.title);
            }
        }
    });
}

#[test]
fn checklists_come_in_their_order() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        case.execute(
            "INSERT INTO TMChecklistItem (\"uuid\", \"title\", \"status\", \"stopDate\", \"index\", \"task\") VALUES \
             ('c2', 'Second', 3, 1718000000.5, 2, 'planted/x'), ('c1', 'First', 0, NULL, -1, 'planted/x'), \
             ('c3', NULL, 2, NULL, 3, 'planted/x')",
        );
        let store = case.open();
        let items = store.checklist(&TaskId::from("planted/x")).unwrap();
        let lines: Vec<_> = items.iter().map(|item| (item.title.as_str(), item.status)).collect();
        let expected = [("First", Status::Incomplete), ("Second", Status::Completed), ("", Status::Cancelled)];
        assert_eq!(lines, expected, "{}", case.name);
        assert_eq!(items[1].stopped.unwrap().unix_seconds(), 1_718_000_000.5);
        assert!(items.iter().all(|item| item.task.as_str() == "planted/x"));
        assert!(store.checklist(&TaskId::from("nobody")).unwrap().is_empty());
    });
}

#[test]
fn the_counters_beside_a_task_agree_with_its_checklist() {
    healthy(|case| {
        let store = case.open();
        let tasks = store.tasks(&Query::all().kind(Kind::ToDo)).unwrap();
        let mut items = 0;
        for task in tasks.iter().filter(|task| task.checklist_items > 0).take(30) {
            let checklist = store.checklist(&task.id).unwrap();
            let open = checklist.iter().filter(|item| item.status == Status::Incomplete).count();
            assert_eq!(checklist.len() as i64, task.checklist_items, "{}", task.title);
            assert_eq!(open as i64, task.open_checklist_items, "{}", task.title);
            items += checklist.len();
        }
        assert_eq!(items > 0, case.manifest.rows["TMChecklistItem"] > 0, "{}", case.name);
    });
}
