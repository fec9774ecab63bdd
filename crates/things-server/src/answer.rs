//! What clients are given, as JSON: the store's types with the same field names, dates as ISO 8601, times as RFC 3339.

use rmcp::schemars::JsonSchema;
use serde::Serialize;
use things_store::{Area, ChecklistItem, Kind, Start, Status, Tag, Task};

/// A to-do, a project or a heading.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct TaskAnswer {
    /// Its identifier.
    pub id: String,
    /// `to-do`, `project` or `heading`.
    pub kind: &'static str,
    /// `incomplete`, `cancelled` or `completed`.
    pub status: &'static str,
    /// Whether it lies in the trash itself.
    pub trashed: bool,
    /// Its title, possibly empty.
    pub title: String,
    /// Its notes, possibly empty.
    pub notes: String,
    /// `inbox`, `anytime` or `someday`.
    pub start: &'static str,
    /// The day it starts, such as 2024-06-12.
    pub start_date: Option<String>,
    /// Whether it belongs to the evening of its start date.
    pub evening: bool,
    /// When to remind on the start date, such as 09:30.
    pub reminder: Option<String>,
    /// The day it must be done by.
    pub deadline: Option<String>,
    /// When it was completed or cancelled, such as 2024-06-12T09:30:00Z.
    pub stopped: Option<String>,
    /// When it was created.
    pub created: Option<String>,
    /// When its user last changed it.
    pub modified: Option<String>,
    /// The identifier of the area it is directly in.
    pub area: Option<String>,
    /// The identifier of the project it is in, directly or through a heading.
    pub project: Option<String>,
    /// The identifier of the heading it is under.
    pub heading: Option<String>,
    /// The identifier of the repeating template that it was created from.
    pub repeats_from: Option<String>,
    /// Its place in its list; lower is higher up.
    pub index: i64,
    /// Its place in Today; lower is higher up.
    pub today_index: i64,
    /// How many checklist items it has.
    pub checklist_items: i64,
    /// How many of them are open.
    pub open_checklist_items: i64,
}

impl From<Task> for TaskAnswer {
    fn from(task: Task) -> TaskAnswer {
        TaskAnswer {
            kind: kind(task.kind),
            status: status(task.status),
            trashed: task.trashed,
            start: start(task.start),
            start_date: text(task.start_date),
            evening: task.evening,
            reminder: text(task.reminder),
            deadline: text(task.deadline),
            stopped: text(task.stopped),
            created: text(task.created),
            modified: text(task.modified),
            area: text(task.area),
            project: text(task.project),
            heading: text(task.heading),
            repeats_from: text(task.repeats_from),
            index: task.index,
            today_index: task.today_index,
            checklist_items: task.checklist_items,
            open_checklist_items: task.open_checklist_items,
            id: task.id.to_string(),
            title: task.title,
            notes: task.notes,
        }
    }
}

/// Some tasks of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct TaskPage {
    /// The tasks, in the list's order.
    pub tasks: Vec<TaskAnswer>,
    /// How many tasks there are in all.
    pub total: u64,
    /// How many tasks precede the first one given here.
    pub offset: u32,
    /// The offset that continues the list, or null at its end.
    pub next_offset: Option<u32>,
}

/// A task with everything that belongs to it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct TaskDetails {
    /// The task itself.
    pub task: TaskAnswer,
    /// The tags that it carries itself.
    pub tags: Vec<TagAnswer>,
    /// Its checklist, from the top.
    pub checklist: Vec<ChecklistAnswer>,
}

/// An area of responsibility.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct AreaAnswer {
    /// Its identifier.
    pub id: String,
    /// Its title, possibly empty.
    pub title: String,
    /// Whether the app shows it.
    pub visible: bool,
    /// Its place among the areas; lower is higher up.
    pub index: i64,
}

impl From<Area> for AreaAnswer {
    fn from(area: Area) -> AreaAnswer {
        AreaAnswer { id: area.id.to_string(), title: area.title, visible: area.visible, index: area.index }
    }
}

/// A tag, possibly below another.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct TagAnswer {
    /// Its identifier.
    pub id: String,
    /// Its title, possibly empty.
    pub title: String,
    /// The key that sets it.
    pub shortcut: Option<String>,
    /// The identifier of the tag above it.
    pub parent: Option<String>,
    /// Its place among the tags; lower is higher up.
    pub index: i64,
}

impl From<Tag> for TagAnswer {
    fn from(tag: Tag) -> TagAnswer {
        TagAnswer {
            id: tag.id.to_string(),
            title: tag.title,
            shortcut: tag.shortcut,
            parent: text(tag.parent),
            index: tag.index,
        }
    }
}

/// A line of a to-do's checklist.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct ChecklistAnswer {
    /// Its identifier.
    pub id: String,
    /// Its title, possibly empty.
    pub title: String,
    /// `incomplete`, `cancelled` or `completed`.
    pub status: &'static str,
    /// When it was completed or cancelled.
    pub stopped: Option<String>,
}

impl From<ChecklistItem> for ChecklistAnswer {
    fn from(item: ChecklistItem) -> ChecklistAnswer {
        ChecklistAnswer {
            id: item.id.to_string(),
            title: item.title,
            status: status(item.status),
            stopped: text(item.stopped),
        }
    }
}

/// All areas.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct Areas {
    /// From the top.
    pub areas: Vec<AreaAnswer>,
}

/// All tags.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct Tags {
    /// From the top.
    pub tags: Vec<TagAnswer>,
}

/// The checklist of a to-do.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct Checklist {
    /// From the top.
    pub checklist: Vec<ChecklistAnswer>,
}

/// How many tasks there are.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct Count {
    /// The number.
    pub count: u64,
}

/// What a batch of changes did.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub struct Changed {
    /// Changes made, which is all that were asked for.
    pub changes: u64,
    /// Tasks changed or removed, those inside projects included.
    pub tasks: u64,
}

/// `to-do`, `project` or `heading`.
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::ToDo => "to-do",
        Kind::Project => "project",
        Kind::Heading => "heading",
    }
}

/// `incomplete`, `cancelled` or `completed`.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Incomplete => "incomplete",
        Status::Cancelled => "cancelled",
        Status::Completed => "completed",
    }
}

/// `inbox`, `anytime` or `someday`.
pub fn start(start: Start) -> &'static str {
    match start {
        Start::Inbox => "inbox",
        Start::Anytime => "anytime",
        Start::Someday => "someday",
    }
}

/// All values of a list.
pub(crate) fn all<T, A: From<T>>(values: Vec<T>) -> Vec<A> {
    values.into_iter().map(A::from).collect()
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}
