//! What to read, as a value, and the SQL it becomes for a vintage.
//!
//! Pure: text and parameters only. Titles and identifiers are always parameters, never part of the text, so
//! that the number of distinct texts is small and each is prepared once.

use crate::date::Date;
use crate::model::{AreaId, Kind, Start, Status, TagId, TaskId};
use crate::schema;
use crate::vintage::Vintage;
use rusqlite::types::Value;

/// A list as the app's sidebar has them. "Today" is an argument: no clock is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum List {
    /// Open to-dos that nobody has looked at yet.
    Inbox,
    /// Open, and started on or before the day; or due by it, without a start date, and not suppressed.
    Today(Date),
    /// Open, with a start date after the day.
    Upcoming(Date),
    /// Open and startable, not waiting in a someday project.
    Anytime,
    /// Open, put off without a date.
    Someday,
    /// Completed or cancelled, the latest first.
    Logbook,
    /// Thrown away, the latest change first.
    Trash,
}

/// Which tasks to read. All conditions given must hold.
///
/// Without any, it is every to-do and project that is not in the trash. Repeating templates and what is in
/// them are never part of it.
///
/// # Examples
///
/// ```
/// use things_store::{Kind, List, Query};
///
/// let query = Query::list(List::Anytime).kind(Kind::ToDo).text("milk").limit(10);
/// assert_eq!(query, Query::list(List::Anytime).limit(10).text("milk").kind(Kind::ToDo));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query {
    list: Option<List>,
    kind: Option<Kind>,
    text: Option<String>,
    tag: Option<TagId>,
    area: Option<AreaId>,
    project: Option<TaskId>,
    id: Option<TaskId>,
    due: Option<(Option<Date>, Option<Date>)>,
    limit: Option<u32>,
}

impl Query {
    /// Every to-do and project that is not in the trash.
    pub fn all() -> Query {
        Query::default()
    }

    /// The tasks of one list.
    pub fn list(list: List) -> Query {
        Query { list: Some(list), ..Query::default() }
    }

    /// One task of any kind, in the trash or not.
    pub(crate) fn by_id(id: &TaskId) -> Query {
        Query { id: Some(id.clone()), ..Query::default() }
    }

    /// Only this kind. Headings are read only on request.
    pub fn kind(mut self, kind: Kind) -> Query {
        self.kind = Some(kind);
        self
    }

    /// Only tasks with `text` in title or notes. ASCII letters match in either case; `%` and `_` are
    /// ordinary characters, and so is NUL. The empty text is in every task.
    pub fn text(mut self, text: impl Into<String>) -> Query {
        self.text = Some(text.into());
        self
    }

    /// Only what carries the tag itself, or one below it.
    pub fn tag(mut self, tag: &TagId) -> Query {
        self.tag = Some(tag.clone());
        self
    }

    /// Only what is in the area, directly or by way of its project.
    pub fn area(mut self, area: &AreaId) -> Query {
        self.area = Some(area.clone());
        self
    }

    /// Only what is in the project, directly or under one of its headings.
    pub fn project(mut self, project: &TaskId) -> Query {
        self.project = Some(project.clone());
        self
    }

    /// Only open tasks with a deadline from `first` to `last`, both included; `None` leaves that end open.
    /// The nearest comes first.
    pub fn due(mut self, first: Option<Date>, last: Option<Date>) -> Query {
        self.due = Some((first, last));
        self
    }

    /// At most this many, from the top.
    pub fn limit(mut self, tasks: u32) -> Query {
        self.limit = Some(tasks);
        self
    }

    /// What the query is counted under: its list, or its narrowest condition.
    pub(crate) fn name(&self) -> &'static str {
        match (self.list, &self.id) {
            (_, Some(_)) => "task",
            (Some(List::Inbox), None) => "inbox",
            (Some(List::Today(_)), None) => "today",
            (Some(List::Upcoming(_)), None) => "upcoming",
            (Some(List::Anytime), None) => "anytime",
            (Some(List::Someday), None) => "someday",
            (Some(List::Logbook), None) => "logbook",
            (Some(List::Trash), None) => "trash",
            (None, None) if self.text.is_some() => "search",
            (None, None) if self.tag.is_some() => "by_tag",
            (None, None) if self.project.is_some() => "in_project",
            (None, None) if self.area.is_some() => "by_area",
            (None, None) if self.due.is_some() => "deadlines",
            (None, None) if self.kind == Some(Kind::Project) => "projects",
            (None, None) => "tasks",
        }
    }

    /// The bytes that the query points to, outside of the value itself.
    #[cfg(feature = "cache")]
    pub(crate) fn beyond(&self) -> usize {
        let length = |text: Option<&str>| text.map_or(0, str::len);
        #[allow(clippy::arithmetic_side_effects)] // Sizes of what is in memory.
        let sum = self.text.as_ref().map_or(0, String::capacity)
            + length(self.tag.as_ref().map(|id| id.as_str()))
            + length(self.area.as_ref().map(|id| id.as_str()))
            + length(self.project.as_ref().map(|id| id.as_str()))
            + length(self.id.as_ref().map(|id| id.as_str()));
        sum
    }

    /// The statement for `vintage` that selects what `row::task` reads, in an order of SQLite's own choice; `None` if it takes
    /// the order to know which tasks they are.
    pub(crate) fn to_unordered_sql(&self, vintage: Vintage) -> Option<Sql> {
        if self.limit.is_some() {
            return None;
        }
        let mut sql = self.which_tasks(vintage);
        sql.text = format!("SELECT {} {}", select_columns(vintage), sql.text);
        Some(sql)
    }

    /// The statement for `vintage` that selects what `row::task` reads.
    pub(crate) fn to_sql(&self, vintage: Vintage) -> Sql {
        self.selecting(&select_columns(vintage), vintage)
    }

    /// The statement for `vintage` that selects what `row::summary` reads.
    pub(crate) fn to_summary_sql(&self, vintage: Vintage) -> Sql {
        let deadline = schema::columns(vintage).deadline;
        let columns = format!(
            "t.\"uuid\", t.\"type\", t.\"status\", t.\"trashed\", t.\"title\", t.\"start\", t.\"startDate\", t.\"{deadline}\""
        );
        self.selecting(&columns, vintage)
    }

    /// The statement for `vintage` that selects the identifiers.
    pub(crate) fn to_id_sql(&self, vintage: Vintage) -> Sql {
        self.selecting("t.\"uuid\"", vintage)
    }

    fn selecting(&self, columns: &str, vintage: Vintage) -> Sql {
        let mut sql = self.sql_after_select(vintage);
        sql.text = format!("SELECT {columns} {}", sql.text);
        sql
    }

    /// The statement for `vintage` that counts them.
    pub(crate) fn to_count_sql(&self, vintage: Vintage) -> Sql {
        // Only a limit asks which tasks come first, and not even that asks how many there are.
        let mut sql = self.which_tasks(vintage);
        sql.text = match self.limit {
            None => format!("SELECT count(*) {}", sql.text),
            Some(limit) => {
                sql.params.push(Value::Integer(i64::from(limit)));
                format!("SELECT count(*) FROM (SELECT 1 {} LIMIT ?{})", sql.text, sql.params.len())
            }
        };
        sql
    }

    /// `FROM … ORDER BY … LIMIT`, to put a SELECT of one's own before. The task is `t`, its project `p`.
    pub(crate) fn sql_after_select(&self, vintage: Vintage) -> Sql {
        let mut sql = self.which_tasks(vintage);
        sql.text.push_str(" ORDER BY ");
        for By { column, descending, .. } in self.order(vintage) {
            let direction = if descending { " DESC" } else { "" };
            sql.text.push_str(&format!("t.\"{column}\"{direction}, "));
        }
        sql.text.push_str("t.\"uuid\"");
        if let Some(limit) = self.limit {
            sql.params.push(Value::Integer(i64::from(limit)));
            sql.text.push_str(&format!(" LIMIT ?{}", sql.params.len()));
        }
        sql
    }

    fn which_tasks(&self, vintage: Vintage) -> Sql {
        let names = schema::columns(vintage);
        let mut b = Builder::default();
        b.keep(format!("t.\"{}\" IS NULL", names.recurrence_rule));
        b.keep(format!("p.\"{}\" IS NULL", names.recurrence_rule));
        match (&self.id, self.list) {
            (Some(id), _) => {
                let id = b.param(Value::Text(id.as_str().to_owned()));
                b.keep(format!("t.\"uuid\" = {id}"));
            }
            (None, Some(List::Trash)) => b.keep("t.\"trashed\" = 1".to_owned()),
            (None, _) => {
                b.keep("t.\"trashed\" = 0".to_owned());
                b.keep("coalesce(p.\"trashed\", 0) = 0".to_owned());
            }
        }
        match (self.kind, &self.id) {
            (Some(kind), _) => b.keep(format!("t.\"type\" = {}", kind.code())),
            (None, None) => b.keep(format!("t.\"type\" <> {}", Kind::Heading.code())),
            (None, Some(_)) => {}
        }
        if let Some(list) = self.list {
            list_conditions(&mut b, list, vintage);
        }
        self.filter_conditions(&mut b, vintage);
        let text = format!(
            "FROM \"TMTask\" t \
             LEFT JOIN \"TMTask\" h ON h.\"uuid\" = t.\"{heading}\" \
             LEFT JOIN \"TMTask\" p ON p.\"uuid\" = coalesce(h.\"project\", t.\"project\") \
             WHERE {conditions}",
            heading = names.heading,
            conditions = b.conditions.join(" AND "),
        );
        Sql { text, params: b.params }
    }

    /// Area and project are two conditions each: what may be in them, which indexes find, and which of that is.
    fn filter_conditions(&self, b: &mut Builder, vintage: Vintage) {
        let heading = schema::columns(vintage).heading;
        // Even where there is neither title nor notes.
        if let Some(text) = self.text.as_ref().filter(|text| !text.is_empty()) {
            b.keep_text(text);
        }
        if let Some(tag) = &self.tag {
            let tag = b.param(Value::Text(tag.as_str().to_owned()));
            // UNION, not UNION ALL: tags that are each other's parents must not go round for ever.
            b.keep(format!(
                "t.\"uuid\" IN (SELECT \"tasks\" FROM \"TMTaskTag\" WHERE \"tags\" IN (\
                 WITH RECURSIVE below (uuid) AS (SELECT {tag} UNION \
                 SELECT g.\"uuid\" FROM \"TMTag\" g JOIN below ON g.\"parent\" = below.uuid) \
                 SELECT uuid FROM below))"
            ));
        }
        if let Some(area) = &self.area {
            let area = b.param(Value::Text(area.as_str().to_owned()));
            b.keep(format!(
                "t.\"uuid\" IN (SELECT \"uuid\" FROM \"TMTask\" WHERE \"area\" = {area} \
                 UNION ALL SELECT c.\"uuid\" FROM \"TMTask\" a CROSS JOIN \"TMTask\" c ON c.\"project\" = a.\"uuid\" \
                 WHERE a.\"area\" = {area} \
                 UNION ALL SELECT c.\"uuid\" FROM \"TMTask\" a CROSS JOIN \"TMTask\" b ON b.\"project\" = a.\"uuid\" \
                 CROSS JOIN \"TMTask\" c ON c.\"{heading}\" = b.\"uuid\" WHERE a.\"area\" = {area})"
            ));
            b.keep(format!("coalesce(t.\"area\", p.\"area\") = {area}"));
        }
        if let Some(project) = &self.project {
            let project = b.param(Value::Text(project.as_str().to_owned()));
            b.keep(format!(
                "t.\"uuid\" IN (SELECT \"uuid\" FROM \"TMTask\" WHERE \"project\" = {project} \
                 UNION ALL SELECT c.\"uuid\" FROM \"TMTask\" b CROSS JOIN \"TMTask\" c ON c.\"{heading}\" = b.\"uuid\" \
                 WHERE b.\"project\" = {project})"
            ));
            b.keep(format!("p.\"uuid\" = {project}"));
        }
        if let Some((first, last)) = self.due {
            let deadline = schema::columns(vintage).deadline;
            b.keep(format!("t.\"status\" = {}", Status::Incomplete.code()));
            b.keep(format!("t.\"{deadline}\" IS NOT NULL"));
            if let Some(first) = first {
                let first = b.param(vintage.encode_date(first));
                b.keep(format!("t.\"{deadline}\" >= {first}"));
            }
            if let Some(last) = last {
                let end = b.param(vintage.encode_end_of(last));
                b.keep(format!("t.\"{deadline}\" < {end}"));
            }
        }
    }

    /// By what the tasks are ordered, before their identifiers.
    pub(crate) fn order(&self, vintage: Vintage) -> Vec<By> {
        let by = |column, place| By { column, place, descending: false };
        let index = by("index", 18);
        match self.list {
            _ if self.due.is_some() => vec![by(schema::columns(vintage).deadline, 10), index],
            Some(List::Today(_)) => vec![by("startBucket", 8), by("todayIndex", 19), index],
            Some(List::Upcoming(_)) => vec![by("startDate", 7), by("todayIndex", 19), index],
            Some(List::Logbook) => vec![By { descending: true, ..by("stopDate", 11) }],
            Some(List::Trash) => vec![By { descending: true, ..by("userModificationDate", 13) }],
            Some(List::Inbox | List::Anytime | List::Someday) | None => vec![index],
        }
    }
}

/// A column by which tasks are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct By {
    column: &'static str,
    /// Its number among [`select_columns`].
    pub(crate) place: usize,
    pub(crate) descending: bool,
}

fn list_conditions(b: &mut Builder, list: List, vintage: Vintage) {
    let names = schema::columns(vintage);
    let start = |start: Start| format!("t.\"start\" = {}", start.code());
    if !matches!(list, List::Logbook | List::Trash) {
        b.keep(format!("t.\"status\" = {}", Status::Incomplete.code()));
    }
    match list {
        List::Inbox => {
            b.keep(start(Start::Inbox));
            b.keep(format!("t.\"type\" = {}", Kind::ToDo.code()));
        }
        List::Today(today) => {
            let end = b.param(vintage.encode_end_of(today));
            b.keep(format!(
                "(t.\"startDate\" < {end} OR (t.\"startDate\" IS NULL AND t.\"{}\" < {end} \
                 AND t.\"{}\" IS NULL))",
                names.deadline, names.deadline_suppressed
            ));
        }
        List::Upcoming(today) => {
            let end = b.param(vintage.encode_end_of(today));
            b.keep(format!("t.\"startDate\" >= {end}"));
        }
        List::Anytime => {
            b.keep(start(Start::Anytime));
            b.keep(format!("coalesce(p.\"start\", 1) <> {}", Start::Someday.code()));
        }
        List::Someday => {
            b.keep(start(Start::Someday));
            b.keep("t.\"startDate\" IS NULL".to_owned());
        }
        List::Logbook => b.keep(format!("t.\"status\" <> {}", Status::Incomplete.code())),
        List::Trash => {}
    }
}

/// A statement and its parameters, in the order of their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) params: Vec<Value>,
}

impl Sql {
    /// A statement that takes no parameters yet.
    pub(crate) fn fixed(text: &str) -> Sql {
        Sql { text: text.to_owned(), params: Vec::new() }
    }

    /// The same with one more parameter.
    pub(crate) fn with(mut self, text: &str) -> Sql {
        self.params.push(Value::Text(text.to_owned()));
        self
    }
}

#[derive(Default)]
struct Builder {
    conditions: Vec<String>,
    params: Vec<Value>,
}

impl Builder {
    fn keep(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// Keeps what has `text` in its title or notes.
    fn keep_text(&mut self, text: &str) {
        let pattern = like_pattern(text);
        // LIKE reads a pattern up to its first NUL, and by default none that is longer.
        let (value, has): (_, fn(&str, &str) -> String) = if text.contains('\0') || pattern.len() > 50_000 {
            (text.to_owned(), |column, value| format!("instr(lower(t.\"{column}\"), lower({value})) > 0"))
        } else {
            (pattern, |column, value| format!("t.\"{column}\" LIKE {value} ESCAPE '\\'"))
        };
        let value = self.param(Value::Text(value));
        self.keep(format!("({} OR {})", has("title", &value), has("notes", &value)));
    }

    /// Adds a parameter and returns its placeholder, which may be used more than once.
    fn param(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("?{}", self.params.len())
    }
}

/// The columns of a task in the order in which `row::task` reads them.
pub(crate) fn select_columns(vintage: Vintage) -> String {
    let names = schema::columns(vintage);
    let plain = |column: &str| format!("t.\"{column}\"");
    [
        plain("uuid"),
        plain("type"),
        plain("status"),
        plain("trashed"),
        plain("title"),
        plain("notes"),
        plain("start"),
        plain("startDate"),
        plain("startBucket"),
        plain(names.reminder),
        plain(names.deadline),
        plain("stopDate"),
        plain("creationDate"),
        plain("userModificationDate"),
        plain("area"),
        "p.\"uuid\"".to_owned(),
        plain(names.heading),
        plain(names.repeating_template),
        plain("index"),
        plain("todayIndex"),
        plain("checklistItemsCount"),
        plain("openChecklistItemsCount"),
    ]
    .join(", ")
}

/// `text` as a LIKE pattern that finds it anywhere, with `\` as the escape character.
fn like_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len().saturating_add(2));
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
