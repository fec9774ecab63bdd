//! Rows to typed values.
//!
//! Pure: a row is anything that returns its fields by number, so that damaged and odd rows can be tested
//! without a database.

use crate::codec::Number;
use crate::error::{Error, Result};
use crate::model::{Area, ChecklistItem, Kind, Start, Status, Summary, Tag, Task, TaskId};
use crate::timestamp::Timestamp;
use crate::vintage::Vintage;
use rusqlite::types::ValueRef;

/// The fields of one row, by their number in the SELECT.
pub(crate) trait Fields {
    fn field(&self, number: usize) -> Result<ValueRef<'_>>;
}

impl Fields for rusqlite::Row<'_> {
    #[inline]
    fn field(&self, number: usize) -> Result<ValueRef<'_>> {
        self.get_ref(number).map_err(Error::sqlite)
    }
}

/// Reads the columns of `query::select_columns`, in that order.
pub(crate) fn task(row: &(impl Fields + ?Sized), vintage: Vintage) -> Result<Task> {
    let mut next = Reader::new(row, "TMTask");
    Ok(Task {
        id: next.text("uuid")?,
        kind: next.code("type", Kind::from_code)?,
        status: next.code("status", Status::from_code)?,
        trashed: next.flag("trashed")?,
        title: next.text("title")?,
        notes: next.text("notes")?,
        start: next.code("start", Start::from_code)?,
        start_date: next.decoded("startDate", |n| vintage.decode_date(n))?,
        evening: next.flag("startBucket")?,
        reminder: next.decoded("reminder", |n| vintage.decode_time(n))?,
        deadline: next.decoded("deadline", |n| vintage.decode_date(n))?,
        stopped: next.timestamp("stopDate")?,
        created: next.timestamp("creationDate")?,
        modified: next.timestamp("userModificationDate")?,
        area: next.reference("area")?,
        project: next.reference("project")?,
        heading: next.reference("heading")?,
        repeats_from: next.reference("repeatingTemplate")?,
        index: next.integer("index")?,
        today_index: next.integer("todayIndex")?,
        checklist_items: next.integer("checklistItemsCount")?,
        open_checklist_items: next.integer("openChecklistItemsCount")?,
    })
}

/// Reads `uuid, type, status, trashed, title, start, startDate`, and the deadline.
pub(crate) fn summary(row: &(impl Fields + ?Sized), vintage: Vintage) -> Result<Summary> {
    let mut next = Reader::new(row, "TMTask");
    Ok(Summary {
        id: next.text("uuid")?,
        kind: next.code("type", Kind::from_code)?,
        status: next.code("status", Status::from_code)?,
        trashed: next.flag("trashed")?,
        title: next.text("title")?,
        start: next.code("start", Start::from_code)?,
        start_date: next.decoded("startDate", |n| vintage.decode_date(n))?,
        deadline: next.decoded("deadline", |n| vintage.decode_date(n))?,
    })
}

/// Reads `uuid` of a task.
pub(crate) fn task_id(row: &(impl Fields + ?Sized)) -> Result<TaskId> {
    Reader::new(row, "TMTask").text("uuid")
}

/// Reads the text of a step of a query plan.
pub(crate) fn step(row: &(impl Fields + ?Sized)) -> Result<String> {
    Reader { row, table: "plan", next: 3 }.text("detail")
}

/// Reads a tag, and the task that carries it.
pub(crate) fn tag_of_task(row: &(impl Fields + ?Sized)) -> Result<(TaskId, Tag)> {
    let tag = tag(row)?;
    let mut rest = Reader { row, table: "TMTaskTag", next: 5 };
    Ok((rest.text("tasks")?, tag))
}

/// Reads `uuid, title, visible, index`.
pub(crate) fn area(row: &(impl Fields + ?Sized)) -> Result<Area> {
    let mut next = Reader::new(row, "TMArea");
    Ok(Area {
        id: next.text("uuid")?,
        title: next.text("title")?,
        visible: next.decoded("visible", |n| n.as_i64())? != Some(0),
        index: next.integer("index")?,
    })
}

/// Reads `uuid, title, shortcut, parent, index`.
pub(crate) fn tag(row: &(impl Fields + ?Sized)) -> Result<Tag> {
    let mut next = Reader::new(row, "TMTag");
    Ok(Tag {
        id: next.text("uuid")?,
        title: next.text("title")?,
        shortcut: next.reference("shortcut")?,
        parent: next.reference("parent")?,
        index: next.integer("index")?,
    })
}

/// Reads `uuid, task, title, status, stopDate, index`.
pub(crate) fn checklist_item(row: &(impl Fields + ?Sized)) -> Result<ChecklistItem> {
    let mut next = Reader::new(row, "TMChecklistItem");
    Ok(ChecklistItem {
        id: next.text("uuid")?,
        task: next.text("task")?,
        title: next.text("title")?,
        status: next.code("status", Status::from_code)?,
        stopped: next.timestamp("stopDate")?,
        index: next.integer("index")?,
    })
}

/// Reads `count(*)`.
pub(crate) fn count(row: &(impl Fields + ?Sized)) -> Result<u64> {
    match row.field(0)? {
        ValueRef::Integer(count) => Ok(count.unsigned_abs()),
        _ => Ok(0),
    }
}

/// Reads one field after the other; an error names the column of a bad value.
struct Reader<'row, R: ?Sized> {
    row: &'row R,
    table: &'static str,
    next: usize,
}

impl<'row, R: Fields + ?Sized> Reader<'row, R> {
    fn new(row: &'row R, table: &'static str) -> Reader<'row, R> {
        Reader { row, table, next: 0 }
    }

    #[inline]
    fn field(&mut self) -> Result<ValueRef<'row>> {
        let value = self.row.field(self.next)?;
        self.next = self.next.saturating_add(1);
        Ok(value)
    }

    #[cold]
    fn bad(&self, column: &str, value: ValueRef<'_>) -> Error {
        Error::BadValue { column: format!("{}.{column}", self.table), found: describe(value) }
    }

    /// Text; NULL is the empty one.
    fn text<T: From<&'row str>>(&mut self, column: &str) -> Result<T> {
        Ok(self.str(column)?.into())
    }

    /// Text; NULL and the empty one are none.
    fn reference<T: From<&'row str>>(&mut self, column: &str) -> Result<Option<T>> {
        Ok(Some(self.str(column)?).filter(|text| !text.is_empty()).map(T::from))
    }

    fn str(&mut self, column: &str) -> Result<&'row str> {
        match self.field()? {
            ValueRef::Null => Ok(""),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_err(|_| self.bad(column, ValueRef::Blob(bytes))),
            other => Err(self.bad(column, other)),
        }
    }

    /// A number converted to its meaning; NULL is `None`.
    fn decoded<T>(&mut self, column: &str, decode: impl FnOnce(Number) -> Option<T>) -> Result<Option<T>> {
        let value = self.field()?;
        let number = match value {
            ValueRef::Null => return Ok(None),
            ValueRef::Integer(integer) => Number::Integer(integer),
            ValueRef::Real(real) => Number::Real(real),
            other => return Err(self.bad(column, other)),
        };
        match decode(number) {
            Some(decoded) => Ok(Some(decoded)),
            None => Err(self.bad(column, value)),
        }
    }

    /// A whole number; NULL is zero.
    fn integer(&mut self, column: &str) -> Result<i64> {
        Ok(self.decoded(column, |n| n.as_i64())?.unwrap_or(0))
    }

    fn flag(&mut self, column: &str) -> Result<bool> {
        Ok(self.integer(column)? != 0)
    }

    /// A number from a closed list; NULL counts as zero, as in the app.
    fn code<T>(&mut self, column: &str, from_code: impl Fn(i64) -> Option<T>) -> Result<T> {
        match self.decoded(column, |n| n.as_i64().and_then(&from_code))? {
            Some(known) => Ok(known),
            None => from_code(0).ok_or_else(|| self.bad(column, ValueRef::Null)),
        }
    }

    fn timestamp(&mut self, column: &str) -> Result<Option<Timestamp>> {
        self.decoded(column, |n| Timestamp::from_unix_seconds(n.as_f64()))
    }
}

/// The value in a few words: it may be a whole note.
fn describe(value: ValueRef<'_>) -> String {
    const LONGEST: usize = 40;
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(integer) => integer.to_string(),
        ValueRef::Real(real) => real.to_string(),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let short: String = text.chars().take(LONGEST).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("'{short}{more}'")
        }
        ValueRef::Blob(bytes) => format!("{} bytes that are no text", bytes.len()),
    }
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
