//! Lists of tasks, read field by field. A list is a copy: the database may change or be closed.

use crate::entry::entry;
use crate::handle::Registry;
use crate::listing::{field, length, Listed};
use crate::status::{Failure, ThingsStatus};
use crate::text::{Text, ThingsText};
use crate::values::{shown_kind, shown_progress, shown_start};
use crate::values::{ThingsDate, ThingsKind, ThingsProgress, ThingsStart, ThingsTime};
use things_store::Task;

/// A list of tasks.
pub struct ThingsTasks {
    _of_c: [u8; 0],
}

pub(crate) static TASKS: Registry<ThingsTasks, Vec<Row>> = Registry::new(3);

impl Listed for ThingsTasks {
    type Row = Row;

    fn registry() -> &'static Registry<ThingsTasks, Vec<Row>> {
        &TASKS
    }
}

/// A task, its strings as C reads them.
pub(crate) struct Row {
    id: Text,
    title: Text,
    notes: Text,
    area: Option<Text>,
    project: Option<Text>,
    heading: Option<Text>,
    repeats_from: Option<Text>,
    kind: ThingsKind,
    status: ThingsProgress,
    trashed: bool,
    start: ThingsStart,
    start_date: Option<ThingsDate>,
    evening: bool,
    reminder: Option<ThingsTime>,
    deadline: Option<ThingsDate>,
    stopped: Option<f64>,
    created: Option<f64>,
    modified: Option<f64>,
    index: i64,
    today_index: i64,
    checklist_items: i64,
    open_checklist_items: i64,
}

impl Row {
    fn new(task: &Task) -> Row {
        Row {
            id: Text::new(task.id.as_str()),
            title: Text::new(&task.title),
            notes: Text::new(&task.notes),
            area: task.area.as_ref().map(|id| Text::new(id.as_str())),
            project: task.project.as_ref().map(|id| Text::new(id.as_str())),
            heading: task.heading.as_ref().map(|id| Text::new(id.as_str())),
            repeats_from: task.repeats_from.as_ref().map(|id| Text::new(id.as_str())),
            kind: shown_kind(task.kind),
            status: shown_progress(task.status),
            trashed: task.trashed,
            start: shown_start(task.start),
            start_date: task.start_date.map(ThingsDate::from),
            evening: task.evening,
            reminder: task.reminder.map(ThingsTime::from),
            deadline: task.deadline.map(ThingsDate::from),
            stopped: task.stopped.map(|time| time.unix_seconds()),
            created: task.created.map(|time| time.unix_seconds()),
            modified: task.modified.map(|time| time.unix_seconds()),
            index: task.index,
            today_index: task.today_index,
            checklist_items: task.checklist_items,
            open_checklist_items: task.open_checklist_items,
        }
    }
}

/// A handle of these tasks.
pub(crate) fn handle(tasks: Vec<Task>) -> Result<*mut ThingsTasks, Failure> {
    // One after the other, so that each is there twice only for a moment.
    TASKS.insert(tasks.into_iter().map(|task| Row::new(&task)).collect())
}

/// How many tasks there are.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_length(tasks: *const ThingsTasks, out: *mut usize) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { length(tasks, out) }
}

/// Frees a list of tasks, and all strings that were read from it.
#[no_mangle]
pub extern "C" fn things_tasks_free(tasks: *mut ThingsTasks) -> ThingsStatus {
    entry(|| TASKS.free(tasks))
}

/// The identifier.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_id(tasks: *const ThingsTasks, at: usize, out: *mut ThingsText) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.id.shown())) }
}

/// The title, possibly empty.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_title(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsText,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.title.shown())) }
}

/// The notes, possibly empty.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_notes(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsText,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.notes.shown())) }
}

/// To-do, project or heading.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_kind(tasks: *const ThingsTasks, at: usize, out: *mut ThingsKind) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.kind)) }
}

/// Incomplete, cancelled or completed.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_status(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsProgress,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.status)) }
}

/// Inbox, anytime or someday.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_start(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsStart,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.start)) }
}

/// Whether it lies in the trash itself. A to-do in a trashed project does not.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_trashed(tasks: *const ThingsTasks, at: usize, out: *mut bool) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.trashed)) }
}

/// Whether it belongs to the evening of its start date.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_evening(tasks: *const ThingsTasks, at: usize, out: *mut bool) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.evening)) }
}

/// The day it starts, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_start_date(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsDate,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.start_date) }
}

/// The day it must be done by, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_deadline(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsDate,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.deadline) }
}

/// When to remind, on the start date, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_reminder(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsTime,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.reminder) }
}

/// When it was completed or cancelled, in Unix seconds, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_stopped(tasks: *const ThingsTasks, at: usize, out: *mut f64) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.stopped) }
}

/// When it was made, in Unix seconds, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_created(tasks: *const ThingsTasks, at: usize, out: *mut f64) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.created) }
}

/// When its user last changed it, in Unix seconds, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_modified(tasks: *const ThingsTasks, at: usize, out: *mut f64) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.modified) }
}

/// The area it is directly in, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_area(tasks: *const ThingsTasks, at: usize, out: *mut ThingsText) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.area.as_ref().map(Text::shown)) }
}

/// The project it is in, directly or through a heading, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_project(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsText,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.project.as_ref().map(Text::shown)) }
}

/// The heading it is under, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_heading(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsText,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.heading.as_ref().map(Text::shown)) }
}

/// The repeating template it was made from, or `THINGS_STATUS_ABSENT`.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_repeats_from(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut ThingsText,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| task.repeats_from.as_ref().map(Text::shown)) }
}

/// Its place in its list; lower is higher up.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_index(tasks: *const ThingsTasks, at: usize, out: *mut i64) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.index)) }
}

/// Its place in Today; lower is higher up.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_today_index(tasks: *const ThingsTasks, at: usize, out: *mut i64) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.today_index)) }
}

/// How many checklist items it has.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_checklist_items(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut i64,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.checklist_items)) }
}

/// How many of them are open.
#[no_mangle]
pub unsafe extern "C" fn things_tasks_open_checklist_items(
    tasks: *const ThingsTasks,
    at: usize,
    out: *mut i64,
) -> ThingsStatus {
    // SAFETY: the caller's promise about `out`.
    unsafe { field(tasks, at, out, |task| Some(task.open_checklist_items)) }
}
