//! The tools: their names, schemas, and what each does with a store.

use super::arguments::{
    AreaArgs, ChecklistArgs, DayArgs, DeadlineArgs, HeadingArgs, Limit, ListArgs, Nothing, Part, SearchArgs, TagArgs,
    TaskArgs,
};
use super::{changes, pages};
use crate::answer::{all, Areas, Checklist, Count, Tags, TaskPage};
use crate::filter::{Filter, KindName, ListName};
use crate::moment::Moment;
use rmcp::handler::server::tool::{schema_for_input, schema_for_output};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use rmcp::schemars::JsonSchema;
use rmcp::ErrorData;
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::Value;
use things_store::{Kind, Result, Store};

/// What is left of a call when its arguments are understood: work for a thread with a store.
pub(super) type Job = Box<dyn FnOnce(&mut Store) -> Result<Value> + Send>;

/// A tool, and how its arguments become work.
pub(super) struct Entry {
    pub(super) tool: Tool,
    pub(super) name: &'static str,
    pub(super) writes: bool,
    prepare: Box<dyn Fn(JsonObject, Moment) -> Result<Job, ErrorData> + Send + Sync>,
}

impl Entry {
    /// Understands `arguments`, or says which of them is wrong.
    pub(super) fn prepare(&self, arguments: JsonObject, moment: Moment) -> Result<Job, ErrorData> {
        (self.prepare)(arguments, moment)
    }
}

/// All tools; those that write only where that is allowed.
pub(super) fn all_tools(allow_writes: bool) -> Result<Vec<Entry>, String> {
    let mut tools = lists()?;
    tools.extend(others()?);
    if allow_writes {
        tools.push(writing()?);
    }
    Ok(tools)
}

fn lists() -> Result<Vec<Entry>, String> {
    let plain = |list: ListName, title, what| {
        reading(list.as_str(), title, what, move |store, ListArgs { limit, offset }, moment| {
            listed(store, &Filter::list(list), Part { limit, offset }, moment)
        })
    };
    let daily = |list: ListName, title, what| {
        reading(list.as_str(), title, what, move |store, DayArgs { today, limit, offset }, moment| {
            listed(store, &Filter { today, ..Filter::list(list) }, Part { limit, offset }, moment)
        })
    };
    Ok(vec![
        plain(ListName::Inbox, "Inbox", "Open to-dos that have not been sorted yet.")?,
        daily(
            ListName::Today,
            "Today",
            "What is to be done today: open to-dos and projects that have started or are due. Pass `today` as the user's \
             own date; otherwise it is the date in UTC.",
        )?,
        daily(
            ListName::Upcoming,
            "Upcoming",
            "Open to-dos and projects that start after today, the nearest first. Pass `today` as the user's own date; \
             otherwise it is the date in UTC.",
        )?,
        plain(ListName::Anytime, "Anytime", "Open to-dos and projects that can be done at any time.")?,
        plain(ListName::Someday, "Someday", "Open to-dos and projects that are put off without a date.")?,
        plain(ListName::Logbook, "Logbook", "Completed and cancelled to-dos and projects, the latest first.")?,
        plain(ListName::Trash, "Trash", "To-dos and projects in the trash, the latest change first.")?,
    ])
}

fn others() -> Result<Vec<Entry>, String> {
    Ok(vec![
        reading("projects", "Projects", "The open projects of all areas.", |store, args: ListArgs, _| {
            pages::projects(store, Part { limit: args.limit, offset: args.offset })
        })?,
        reading("areas", "Areas", "All areas, with their identifiers.", |store, Nothing {}, _| {
            Ok(Areas { areas: all(store.areas()?) })
        })?,
        reading(
            "tags",
            "Tags",
            "All tags, with their identifiers and the tags above them.",
            |store, Nothing {}, _| Ok(Tags { tags: all(store.tags()?) }),
        )?,
        reading(
            "headings",
            "Headings",
            "The headings of a project, from the top.",
            |store, args: HeadingArgs, moment| {
                let HeadingArgs { project, limit, offset } = args;
                pages::existing(store, "project", project.as_str(), |task| task.kind == Kind::Project)?;
                let filter = Filter { project: Some(project), kind: Some(KindName::Heading), ..Filter::default() };
                listed(store, &filter, Part { limit, offset }, moment)
            },
        )?,
        reading(
            "checklist",
            "Checklist",
            "The checklist of a to-do, from the top.",
            |store, args: ChecklistArgs, _| {
                let task = pages::existing(store, "task", args.task.as_str(), |_| true)?;
                Ok(Checklist { checklist: all(store.checklist(&task)?) })
            },
        )?,
        reading(
            "deadlines",
            "Deadlines",
            "Open to-dos and projects with a deadline, the nearest first.",
            |store, args: DeadlineArgs, moment| {
                let DeadlineArgs { from, until, limit, offset } = args;
                let part = Part { limit, offset };
                if from.is_none() && until.is_none() {
                    return pages::page(store, things_store::Query::all().due(None, None), part);
                }
                listed(store, &Filter { due_from: from, due_until: until, ..Filter::default() }, part, moment)
            },
        )?,
        reading(
            "task",
            "Task",
            "One to-do, project or heading with its tags and checklist.",
            |store, args: TaskArgs, _| pages::details(store, args.id.as_str()),
        )?,
        reading(
            "by_tag",
            "By tag",
            "To-dos and projects that carry a tag, or a tag below it.",
            |store, args: TagArgs, moment| {
                let TagArgs { tag, kind, limit, offset } = args;
                listed(store, &Filter { tag: Some(tag), kind, ..Filter::default() }, Part { limit, offset }, moment)
            },
        )?,
        reading(
            "by_area",
            "By area",
            "To-dos and projects in an area, directly or through a project.",
            |store, args: AreaArgs, moment| {
                let AreaArgs { area, kind, limit, offset } = args;
                listed(store, &Filter { area: Some(area), kind, ..Filter::default() }, Part { limit, offset }, moment)
            },
        )?,
        reading(
            "search",
            "Search",
            "To-dos and projects whose title or notes contain a text, in any list but the trash.",
            |store, args: SearchArgs, moment| {
                let (filter, part) = args.into_parts();
                listed(store, &filter, part, moment)
            },
        )?,
        reading(
            "count",
            "Count",
            "How many tasks there are that meet all the given conditions.",
            |store, filter: Filter, moment| {
                let query = filter.query(store, moment)?;
                Ok(Count { count: store.count(&query)? })
            },
        )?,
    ])
}

fn writing() -> Result<Entry, String> {
    let what = format!(
        "Changes tasks in one transaction: either all changes are made or none. Up to {} changes a call.",
        changes::MOST
    );
    let mut entry = entry("change_tasks", "Change tasks", what, changes::apply)?;
    entry.writes = true;
    let hints = ToolAnnotations::new().read_only(false).destructive(true).idempotent(false).open_world(false);
    entry.tool = entry.tool.annotate(hints);
    Ok(entry)
}

/// The tasks that `filter` describes.
pub(super) fn listed(store: &Store, filter: &Filter, part: Part, moment: Moment) -> Result<TaskPage> {
    pages::page(store, filter.query(store, moment)?, part)
}

fn reading<A, O>(
    name: &'static str,
    title: &'static str,
    what: &'static str,
    work: impl Fn(&Store, A, Moment) -> Result<O> + Clone + Send + Sync + 'static,
) -> Result<Entry, String>
where
    A: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + 'static,
{
    let mut entry =
        entry(name, title, what.to_owned(), move |store: &mut Store, args, moment| work(store, args, moment))?;
    entry.tool = entry.tool.annotate(ToolAnnotations::new().read_only(true).idempotent(true).open_world(false));
    Ok(entry)
}

fn entry<A, O>(
    name: &'static str,
    title: &'static str,
    what: String,
    work: impl Fn(&mut Store, A, Moment) -> Result<O> + Clone + Send + Sync + 'static,
) -> Result<Entry, String>
where
    A: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + 'static,
{
    let tool = Tool::new(name, what, schema_for_input::<A>()?).with_title(title);
    let tool = tool.with_raw_output_schema(schema_for_output::<O>());
    let prepare = move |arguments: JsonObject, moment| -> Result<Job, ErrorData> {
        let args: A = serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| wrong(&error))?;
        let work = work.clone();
        Ok(Box::new(move |store: &mut Store| {
            let answer = work(store, args, moment)?;
            // Types of this crate, whose keys are texts: this cannot fail.
            Ok(serde_json::to_value(answer).unwrap_or_default())
        }))
    };
    Ok(Entry { tool, name, writes: false, prepare: Box::new(prepare) })
}

/// Which argument is wrong, and why.
fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> ErrorData {
    let path = error.path().to_string();
    match path.as_str() {
        "." => ErrorData::invalid_params(error.inner().to_string(), None),
        path => ErrorData::invalid_params(format!("`{path}`: {}", error.inner()), None),
    }
}

/// The part of a resource's list that begins at `offset`.
pub(super) fn most_from(offset: u32) -> Part {
    Part { limit: Limit(Limit::MOST), offset }
}
