//! What each tool answers, compared with the database itself.

use crate::support::{Database, Talk, DAY};
use serde_json::{json, Value};
use std::collections::BTreeSet;

const READING: [&str; 18] = [
    "anytime",
    "areas",
    "by_area",
    "by_tag",
    "checklist",
    "count",
    "deadlines",
    "headings",
    "inbox",
    "logbook",
    "projects",
    "search",
    "someday",
    "tags",
    "task",
    "today",
    "trash",
    "upcoming",
];

fn titles(page: &Value) -> Vec<&str> {
    page["tasks"].as_array().expect("tasks").iter().map(|task| task["title"].as_str().expect("a title")).collect()
}

#[tokio::test]
async fn every_list_of_the_store_is_a_tool() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    let answer = talk.ask("tools/list", json!({})).await;
    let tools = answer["result"]["tools"].as_array().expect("tools");
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().expect("a name")).collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(READING));
    for tool in tools {
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert!(tool["outputSchema"]["properties"].is_object(), "{tool}");
        for (name, argument) in tool["inputSchema"]["properties"].as_object().into_iter().flatten() {
            assert!(argument["description"].is_string(), "{} of {tool}", name);
        }
    }
    assert_eq!(talk.end().await.code(), 0);
}

#[tokio::test]
async fn lists_are_those_of_the_database() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    assert_eq!(talk.get("inbox", json!({})).await["total"], database.inbox());
    let projects =
        "SELECT count(*) FROM TMTask WHERE type = 1 AND status = 0 AND trashed = 0 AND rt1_recurrenceRule IS NULL";
    assert_eq!(talk.get("projects", json!({})).await["total"], database.number(projects));
    let areas = talk.get("areas", json!({})).await;
    assert_eq!(areas["areas"].as_array().unwrap().len() as i64, database.number("SELECT count(*) FROM TMArea"));
    let tags = talk.get("tags", json!({})).await;
    assert_eq!(tags["tags"].as_array().unwrap().len() as i64, database.number("SELECT count(*) FROM TMTag"));
    for list in ["inbox", "anytime", "someday", "logbook", "trash"] {
        let page = talk.get(list, json!({})).await;
        assert_eq!(talk.get("count", json!({ "list": list })).await["count"], page["total"], "{list}");
    }
    for list in ["today", "upcoming"] {
        let page = talk.get(list, json!({ "today": DAY })).await;
        assert_ne!(page["total"], 0, "{list}");
        assert_eq!(talk.get("count", json!({ "list": list, "today": DAY })).await["count"], page["total"], "{list}");
    }
}

#[tokio::test]
async fn a_list_is_read_in_parts() {
    let database = Database::new();
    database.fill(2_500, "");
    let mut talk = Talk::begin(&database, false).await;
    let total = database.inbox();
    let first = talk.get("inbox", json!({})).await;
    assert_eq!((titles(&first).len(), first["total"].as_i64()), (100, Some(total)));
    let (mut seen, mut offset) = (Vec::new(), json!(0));
    while !offset.is_null() {
        let page = talk.get("inbox", json!({ "limit": 1_000, "offset": offset })).await;
        assert_eq!(page["offset"], offset);
        seen.extend(titles(&page).into_iter().map(str::to_owned));
        offset = page["next_offset"].clone();
    }
    assert_eq!(seen.len() as i64, total);
    assert!(seen.ends_with(&["Copy 2499".to_owned(), "Copy 2500".to_owned()]));
    let beyond = talk.get("inbox", json!({ "offset": 4_294_967_295_u32 })).await;
    assert_eq!((titles(&beyond).len(), &beyond["next_offset"]), (0, &Value::Null));
}

#[tokio::test]
async fn long_notes_end_a_page_early() {
    let database = Database::new();
    database.fill(30, &"n".repeat(200_000));
    let mut talk = Talk::begin(&database, false).await;
    let offset = database.inbox() - 30;
    let page = talk.get("inbox", json!({ "offset": offset, "limit": 30 })).await;
    // 1 MiB is reached with the sixth.
    assert_eq!((titles(&page).len(), page["next_offset"].as_i64()), (6, Some(offset + 6)));
}

#[tokio::test]
async fn titles_may_hold_anything() {
    let database = Database::new();
    let title = "🛒 \u{0} \"quoted\" \\ \u{202e}right\r\nto left\u{7f}";
    database.connect().execute(
        "INSERT INTO TMTask (uuid, type, status, trashed, start, title, notes, \"index\") VALUES ('o/d d?#%', 0, 0, 0, 0, ?1, ?1, -99999999)",
        [title],
    ).unwrap();
    let mut talk = Talk::begin(&database, false).await;
    let page = talk.get("inbox", json!({ "limit": 1 })).await;
    assert_eq!(titles(&page), [title]);
    assert_eq!(talk.get("task", json!({ "id": "o/d d?#%" })).await["task"]["notes"], title);
    assert_eq!(titles(&talk.get("search", json!({ "text": "🛒" })).await), [title]);
    let read = talk.ask("resources/read", json!({ "uri": "things:///task/o%2Fd%20d%3F%23%25" })).await;
    let text = read["result"]["contents"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap()["task"]["title"], title);
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    for (name, arguments, why) in [
        ("inbox", json!({ "limit": 0 }), "`limit`: 0 is outside 1 to 1000"),
        ("inbox", json!({ "limit": 1001 }), "`limit`: 1001 is outside"),
        ("inbox", json!({ "limit": -1 }), "`limit`"),
        ("inbox", json!({ "limit": 1.5 }), "`limit`"),
        ("inbox", json!({ "offset": 4_294_967_296_u64 }), "`offset`"),
        ("inbox", json!({ "today": DAY }), "unknown field `today`"),
        ("today", json!({ "today": "2024-13-01" }), "`today`: `2024-13-01` is no date"),
        ("today", json!({ "today": null, "limit": null }), "`limit`"),
        ("search", json!({}), "missing field `text`"),
        ("search", json!({ "text": "" }), "`text`: the text is empty"),
        ("search", json!({ "text": ["a"] }), "`text`"),
        ("task", json!({ "id": 7 }), "`id`"),
        ("count", json!({ "list": "Inbox" }), "`list`: unknown variant `Inbox`"),
        ("by_tag", json!({}), "missing field `tag`"),
        ("areas", json!({ "limit": 1 }), "unknown field `limit`"),
        ("burn", json!({}), "no tool `burn`"),
        ("change_tasks", json!({ "changes": [] }), "no tool `change_tasks`"),
    ] {
        let message = talk.refused(name, arguments.clone()).await;
        assert!(message.contains(why), "{name} {arguments}: {message}");
    }
    // Nothing of it has harmed the session.
    assert_eq!(talk.get("inbox", json!({})).await["total"], database.inbox());
}

#[tokio::test]
async fn what_the_store_refuses_is_a_result_that_says_so() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    for (name, arguments) in [
        ("task", json!({ "id": "nobody" })),
        ("checklist", json!({ "task": "nobody" })),
        ("headings", json!({ "project": "nobody" })),
        ("by_tag", json!({ "tag": "nobody" })),
        ("by_area", json!({ "area": "nobody" })),
        ("search", json!({ "text": "a", "tag": "nobody" })),
    ] {
        assert_eq!(talk.fails(name, arguments).await, "no-such", "{name}");
    }
    let holder = database.connect();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(talk.fails("inbox", json!({})).await, "locked");
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(talk.get("inbox", json!({})).await["total"], database.inbox());
}

#[tokio::test]
async fn changes_are_made_together_or_not_at_all() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, true).await;
    let page = talk.get("inbox", json!({})).await;
    let id = |place: usize| page["tasks"][place]["id"].as_str().expect("a task").to_owned();
    let (first, second) = (id(0), id(1));
    let before = database.inbox();

    let half = json!([
        { "id": first, "change": { "type": "complete" } },
        { "id": "nobody", "change": { "type": "complete" } },
    ]);
    assert_eq!(talk.fails("change_tasks", json!({ "changes": half })).await, "no-such");
    let heading = database.text("SELECT uuid FROM TMTask WHERE type = 2 LIMIT 1").expect("a heading");
    let senseless = json!([
        { "id": first, "change": { "type": "trash" } },
        { "id": heading, "change": { "type": "move-to-inbox" } },
    ]);
    assert_eq!(talk.fails("change_tasks", json!({ "changes": senseless })).await, "not-allowed");
    assert_eq!(database.inbox(), before);

    let changes = json!([
        { "id": first, "change": { "type": "complete" } },
        { "id": second, "change": { "type": "schedule", "when": "2024-06-20" } },
    ]);
    let done = talk.get("change_tasks", json!({ "changes": changes, "today": DAY })).await;
    assert_eq!(done["changes"], 2);
    assert_eq!(database.inbox(), before - 2);
    assert_eq!(talk.get("task", json!({ "id": first })).await["task"]["status"], "completed");
    assert_eq!(talk.get("task", json!({ "id": second })).await["task"]["start_date"], "2024-06-20");

    for changes in
        [json!([]), json!("all"), json!([{ "id": first }]), json!([{ "id": "", "change": { "type": "trash" } }])]
    {
        talk.refused("change_tasks", json!({ "changes": changes })).await;
    }
}

#[tokio::test]
async fn a_database_that_others_change_is_read_as_it_is() {
    let database = Database::new();
    let mut talk = Talk::begin(&database, false).await;
    let before = talk.get("inbox", json!({})).await["total"].as_i64().unwrap();
    database.fill(3, "");
    assert_eq!(talk.get("inbox", json!({})).await["total"], before + 3);
}

#[tokio::test]
async fn resources_are_the_lists_and_everything_in_them() {
    let database = Database::new();
    database.fill(1_500, "");
    let mut talk = Talk::begin(&database, false).await;
    let listed = talk.ask("resources/list", json!({})).await;
    let resources = listed["result"]["resources"].as_array().expect("resources").clone();
    assert_eq!(resources.len(), 10);
    for resource in &resources {
        let read = talk.ask("resources/read", json!({ "uri": resource["uri"] })).await;
        assert_eq!(read["result"]["contents"][0]["uri"], resource["uri"], "{read}");
    }
    let templates = talk.ask("resources/templates/list", json!({})).await;
    assert_eq!(templates["result"]["resourceTemplates"].as_array().unwrap().len(), 5);

    let (mut uri, mut seen) = (json!("things:///list/inbox"), 0);
    while !uri.is_null() {
        let read = talk.ask("resources/read", json!({ "uri": uri })).await;
        let page: Value = serde_json::from_str(read["result"]["contents"][0]["text"].as_str().unwrap()).unwrap();
        seen += page["tasks"].as_array().unwrap().len() as i64;
        uri = page["next"].clone();
    }
    assert_eq!(seen, database.inbox());

    let project = database.text("SELECT project FROM TMTask WHERE type = 2 AND project IS NOT NULL LIMIT 1").unwrap();
    let read = talk.ask("resources/read", json!({ "uri": format!("things:///project/{project}") })).await;
    let whole: Value = serde_json::from_str(read["result"]["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(whole["project"]["task"]["id"], project.as_str());
    assert!(!whole["headings"].as_array().unwrap().is_empty());

    for uri in ["things:///task/nobody", "things:///list/nothing", "file:///etc/passwd", "things:///project/nobody"] {
        let answer = talk.ask("resources/read", json!({ "uri": uri })).await;
        assert_eq!(answer["error"]["code"], -32002, "{answer}");
        assert_eq!(answer["error"]["data"]["uri"], uri);
    }
}
