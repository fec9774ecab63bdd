//! Tasks as columns: an Arrow schema, and record batches of it.
//!
//! Columns have the names of [`TaskAnswer`](crate::answer::TaskAnswer)'s fields. Days are `Date32`, times of day
//! `Time32` in seconds, instants `Timestamp` in microseconds, UTC; what has few values is a dictionary.

use crate::answer;
use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Int64Builder, StringBuilder, Time32SecondBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::types::Int8Type;
use arrow_array::{ArrayRef, DictionaryArray, Int8Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::{Arc, OnceLock};
use things_store::{Date, Kind, Start, Status, Task, Timestamp};

/// The schema of every batch.
pub fn schema() -> SchemaRef {
    static SCHEMA: OnceLock<SchemaRef> = OnceLock::new();
    SCHEMA.get_or_init(make_schema).clone()
}

fn make_schema() -> SchemaRef {
    let few = || DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let instant = || DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()));
    let always = |name: &str, kind| Field::new(name, kind, false);
    let maybe = |name: &str, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        always("id", DataType::Utf8),
        always("kind", few()),
        always("status", few()),
        always("trashed", DataType::Boolean),
        always("title", DataType::Utf8),
        always("notes", DataType::Utf8),
        always("start", few()),
        maybe("start_date", DataType::Date32),
        always("evening", DataType::Boolean),
        maybe("reminder", DataType::Time32(TimeUnit::Second)),
        maybe("deadline", DataType::Date32),
        maybe("stopped", instant()),
        maybe("created", instant()),
        maybe("modified", instant()),
        maybe("area", DataType::Utf8),
        maybe("project", DataType::Utf8),
        maybe("heading", DataType::Utf8),
        maybe("repeats_from", DataType::Utf8),
        always("index", DataType::Int64),
        always("today_index", DataType::Int64),
        always("checklist_items", DataType::Int64),
        always("open_checklist_items", DataType::Int64),
    ]))
}

const UTC: &str = "UTC";
const KINDS: [Kind; 3] = [Kind::ToDo, Kind::Project, Kind::Heading];
const STATUSES: [Status; 3] = [Status::Incomplete, Status::Cancelled, Status::Completed];
const STARTS: [Start; 3] = [Start::Inbox, Start::Anytime, Start::Someday];

/// Tasks on their way into a batch.
pub struct Columns {
    rows: usize,
    bytes: usize,
    id: StringBuilder,
    kind: Vec<i8>,
    status: Vec<i8>,
    trashed: BooleanBuilder,
    title: StringBuilder,
    notes: StringBuilder,
    start: Vec<i8>,
    start_date: Date32Builder,
    evening: BooleanBuilder,
    reminder: Time32SecondBuilder,
    deadline: Date32Builder,
    stopped: TimestampMicrosecondBuilder,
    created: TimestampMicrosecondBuilder,
    modified: TimestampMicrosecondBuilder,
    area: StringBuilder,
    project: StringBuilder,
    heading: StringBuilder,
    repeats_from: StringBuilder,
    index: Int64Builder,
    today_index: Int64Builder,
    checklist_items: Int64Builder,
    open_checklist_items: Int64Builder,
}

impl Default for Columns {
    fn default() -> Columns {
        let instant = || TimestampMicrosecondBuilder::new().with_timezone(UTC);
        Columns {
            rows: 0,
            bytes: 0,
            id: StringBuilder::new(),
            kind: Vec::new(),
            status: Vec::new(),
            trashed: BooleanBuilder::new(),
            title: StringBuilder::new(),
            notes: StringBuilder::new(),
            start: Vec::new(),
            start_date: Date32Builder::new(),
            evening: BooleanBuilder::new(),
            reminder: Time32SecondBuilder::new(),
            deadline: Date32Builder::new(),
            stopped: instant(),
            created: instant(),
            modified: instant(),
            area: StringBuilder::new(),
            project: StringBuilder::new(),
            heading: StringBuilder::new(),
            repeats_from: StringBuilder::new(),
            index: Int64Builder::new(),
            today_index: Int64Builder::new(),
            checklist_items: Int64Builder::new(),
            open_checklist_items: Int64Builder::new(),
        }
    }
}

impl Columns {
    /// Adds a row.
    pub fn push(&mut self, task: &Task) {
        self.rows += 1;
        self.bytes += task.title.len() + task.notes.len();
        self.id.append_value(task.id.as_str());
        self.kind.push(place(&KINDS, task.kind));
        self.status.push(place(&STATUSES, task.status));
        self.trashed.append_value(task.trashed);
        self.title.append_value(&task.title);
        self.notes.append_value(&task.notes);
        self.start.push(place(&STARTS, task.start));
        self.start_date.append_option(task.start_date.map(days));
        self.evening.append_value(task.evening);
        let seconds = |hour: u8, minute: u8| i32::from(hour) * 3_600 + i32::from(minute) * 60;
        self.reminder.append_option(task.reminder.map(|time| seconds(time.hour(), time.minute())));
        self.deadline.append_option(task.deadline.map(days));
        self.stopped.append_option(task.stopped.map(micros));
        self.created.append_option(task.created.map(micros));
        self.modified.append_option(task.modified.map(micros));
        self.area.append_option(task.area.as_ref().map(|id| id.as_str()));
        self.project.append_option(task.project.as_ref().map(|id| id.as_str()));
        self.heading.append_option(task.heading.as_ref().map(|id| id.as_str()));
        self.repeats_from.append_option(task.repeats_from.as_ref().map(|id| id.as_str()));
        self.index.append_value(task.index);
        self.today_index.append_value(task.today_index);
        self.checklist_items.append_value(task.checklist_items);
        self.open_checklist_items.append_value(task.open_checklist_items);
    }

    /// How many rows wait for [`finish`](Columns::finish).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many bytes of titles and notes they have.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The rows as a batch; the next one begins empty.
    ///
    /// # Errors
    ///
    /// Only if a column does not have the schema's type, which is a fault of this crate.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        self.rows = 0;
        self.bytes = 0;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            dictionary(&mut self.kind, KINDS.map(answer::kind))?,
            dictionary(&mut self.status, STATUSES.map(answer::status))?,
            Arc::new(self.trashed.finish()),
            Arc::new(self.title.finish()),
            Arc::new(self.notes.finish()),
            dictionary(&mut self.start, STARTS.map(answer::start))?,
            Arc::new(self.start_date.finish()),
            Arc::new(self.evening.finish()),
            Arc::new(self.reminder.finish()),
            Arc::new(self.deadline.finish()),
            Arc::new(self.stopped.finish()),
            Arc::new(self.created.finish()),
            Arc::new(self.modified.finish()),
            Arc::new(self.area.finish()),
            Arc::new(self.project.finish()),
            Arc::new(self.heading.finish()),
            Arc::new(self.repeats_from.finish()),
            Arc::new(self.index.finish()),
            Arc::new(self.today_index.finish()),
            Arc::new(self.checklist_items.finish()),
            Arc::new(self.open_checklist_items.finish()),
        ];
        RecordBatch::try_new(schema(), columns)
    }
}

/// The place of `value` among `all` of its kind, which is its key in the dictionary.
fn place<T: PartialEq>(all: &[T; 3], value: T) -> i8 {
    let [first, second, _] = all;
    match value {
        value if value == *first => 0,
        value if value == *second => 1,
        _ => 2,
    }
}

fn dictionary(keys: &mut Vec<i8>, names: [&str; 3]) -> Result<ArrayRef, ArrowError> {
    let keys = Int8Array::from(std::mem::take(keys));
    let names = Arc::new(StringArray::from_iter_values(names));
    Ok(Arc::new(DictionaryArray::<Int8Type>::try_new(keys, names)?))
}

fn days(date: Date) -> i32 {
    // Years 1 to 9999 are within three million days of 1970.
    i32::try_from(date.days_since_epoch()).unwrap_or_default()
}

fn micros(instant: Timestamp) -> i64 {
    // The store keeps whole microseconds, and an f64 holds them exactly until the year 2255; later ones are rounded.
    (instant.unix_seconds() * 1e6).round() as i64
}
