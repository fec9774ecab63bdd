//! Every list of a database as one JSON object: `lists DATABASE TODAY [TEXT]`, where TODAY is like 2024-06-12 and TEXT is
//! what is searched for. `tests/oracle/compare.py` compares it with what another library reads.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;
use things_store::{ChecklistItem, Date, Kind, List, Query, Start, Status, Store, Tag, Task, TaskId};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(today)) = (args.next(), args.next()) else {
        return Err("usage: lists DATABASE TODAY [TEXT]".into());
    };
    let (today, text): (Date, _) = (today.parse()?, args.next().unwrap_or_default());
    let store = Store::open(path)?;
    let lists = [
        ("inbox", Query::list(List::Inbox)),
        ("today", Query::list(List::Today(today))),
        ("upcoming", Query::list(List::Upcoming(today))),
        ("anytime", Query::list(List::Anytime)),
        ("someday", Query::list(List::Someday)),
        ("logbook", Query::list(List::Logbook)),
        ("trash", Query::list(List::Trash)),
        ("deadlines", Query::all().due(None, None)),
        ("search", Query::all().text(text)),
    ];
    // One state for all of it.
    let snapshot = store.snapshot()?;
    let mut json = String::from("{");
    for (name, query) in lists {
        list(&mut json, name, &snapshot, snapshot.tasks(&query)?)?;
    }
    list(&mut json, "projects", &snapshot, snapshot.projects()?)?;
    for area in snapshot.areas()? {
        write!(json, "\"area {}\": ", area.id)?;
        titles(&mut json, snapshot.tags_of_area(&area.id)?.iter().map(|tag| &tag.title))?;
        json.push_str(",\n");
    }
    json.push_str("\"areas\": ");
    titles(&mut json, snapshot.areas()?.iter().map(|area| &area.title))?;
    json.push_str(",\n\"tags\": ");
    titles(&mut json, snapshot.tags()?.iter().map(|tag| &tag.title))?;
    println!("{json}}}");
    Ok(())
}

/// The list with the tags and the checklist of each task: three statements, however long it is.
fn list(json: &mut String, name: &str, store: &Store, tasks: Vec<Task>) -> Result<(), Box<dyn Error>> {
    let ids = || tasks.iter().map(|task| &task.id);
    let (tags, lines) = (store.tags_of_all(ids())?, store.checklists(ids())?);
    write!(json, "\"{name}\": [")?;
    for (number, one) in tasks.iter().enumerate() {
        json.push_str(if number == 0 { "\n" } else { ",\n" });
        task(json, one, &tags, &lines)?;
    }
    json.push_str("],\n");
    Ok(())
}

fn task(
    json: &mut String,
    task: &Task,
    tags: &HashMap<TaskId, Vec<Tag>>,
    lines: &HashMap<TaskId, Vec<ChecklistItem>>,
) -> std::fmt::Result {
    let kind = match task.kind {
        Kind::ToDo => "to-do",
        Kind::Project => "project",
        Kind::Heading => "heading",
    };
    let status = match task.status {
        Status::Incomplete => "incomplete",
        Status::Cancelled => "canceled",
        Status::Completed => "completed",
    };
    let start = match task.start {
        Start::Inbox => "Inbox",
        Start::Anytime => "Anytime",
        Start::Someday => "Someday",
    };
    write!(json, "{{\"uuid\": {}, \"type\": \"{kind}\", \"status\": \"{status}\", ", quoted(task.id.as_str()))?;
    write!(json, "\"start\": \"{start}\", \"trashed\": {}, ", task.trashed)?;
    write!(json, "\"title\": {}, \"notes\": {}, ", quoted(&task.title), quoted(&task.notes))?;
    for (key, value) in [
        ("start_date", task.start_date.map(|date| date.to_string())),
        ("deadline", task.deadline.map(|date| date.to_string())),
        ("reminder_time", task.reminder.map(|time| time.to_string())),
        ("stop_date", task.stopped.map(|at| at.to_string())),
        ("created", task.created.map(|at| at.to_string())),
        ("area", task.area.as_ref().map(|id| id.to_string())),
        ("project", task.project.as_ref().map(|id| id.to_string())),
        ("heading", task.heading.as_ref().map(|id| id.to_string())),
    ] {
        write!(json, "\"{key}\": {}, ", value.map_or("null".to_owned(), |value| quoted(&value)))?;
    }
    write!(json, "\"index\": {}, \"today_index\": {}, \"tags\": ", task.index, task.today_index)?;
    titles(json, tags.get(&task.id).into_iter().flatten().map(|tag| &tag.title))?;
    json.push_str(", \"checklist\": ");
    titles(json, lines.get(&task.id).into_iter().flatten().map(|line| &line.title))?;
    json.push('}');
    Ok(())
}

fn titles<'a>(json: &mut String, titles: impl Iterator<Item = &'a String>) -> std::fmt::Result {
    let titles: Vec<String> = titles.map(|title| quoted(title)).collect();
    write!(json, "[{}]", titles.join(", "))
}

/// `text` as a JSON string.
fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if u32::from(c) < 0x20 => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}
