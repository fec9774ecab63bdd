//! Queries: which tasks to read. All conditions given must hold.

use crate::entry::entry;
use crate::handle::Registry;
use crate::status::{Failure, ThingsStatus};
use crate::text::{optional, utf8, utf8_of, Out};
use crate::values::{self, ThingsDate};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};
use things_store::{AreaId, Query, TagId, TaskId};

/// Which tasks to read.
pub struct ThingsQuery {
    _of_c: [u8; 0],
}

pub(crate) static QUERIES: Registry<ThingsQuery, Conditions> = Registry::new(2);

/// The conditions so far.
pub(crate) struct Conditions(Mutex<Query>);

impl Conditions {
    pub(crate) fn value(&self) -> Query {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn add(query: *mut ThingsQuery, add: impl FnOnce(Query) -> Query) -> Result<(), Failure> {
    let conditions = QUERIES.get(query)?;
    let mut value = conditions.0.lock().unwrap_or_else(PoisonError::into_inner);
    *value = add(std::mem::take(&mut *value));
    Ok(())
}

/// A query for every to-do and project that is not in the trash. `*out` is a new handle for `things_query_free`.
#[no_mangle]
pub unsafe extern "C" fn things_query_new(out: *mut *mut ThingsQuery) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::handle(out, "out") }?;
        out.set(QUERIES.insert(Conditions(Mutex::new(Query::all())))?);
        Ok(())
    })
}

/// A query for the tasks of a list (a `ThingsList`). `today` may be NULL for lists that need no day.
#[no_mangle]
pub unsafe extern "C" fn things_query_list(
    list: i32,
    today: *const ThingsDate,
    out: *mut *mut ThingsQuery,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `today` and `out`.
        let (out, today) = unsafe { (Out::handle(out, "out")?, optional(today, "today")?) };
        let query = Query::list(values::list(list, today)?);
        out.set(QUERIES.insert(Conditions(Mutex::new(query)))?);
        Ok(())
    })
}

/// Only this kind (a `ThingsKind`). Headings are read only on request.
#[no_mangle]
pub extern "C" fn things_query_kind(query: *mut ThingsQuery, kind: i32) -> ThingsStatus {
    entry(|| {
        let kind = values::kind(kind)?;
        add(query, |query| query.kind(kind))
    })
}

/// Only tasks with the `length` bytes of `text` in title or notes.
#[no_mangle]
pub unsafe extern "C" fn things_query_text(
    query: *mut ThingsQuery,
    text: *const c_char,
    length: usize,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { utf8_of(text, length, "text") }?;
        add(query, |query| query.text(text))
    })
}

/// Only what carries the tag itself, or one below it.
#[no_mangle]
pub unsafe extern "C" fn things_query_tag(query: *mut ThingsQuery, tag: *const c_char) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `tag`.
        let tag = TagId::from(unsafe { utf8(tag, "tag") }?);
        add(query, |query| query.tag(&tag))
    })
}

/// Only what is in the area, directly or by way of its project.
#[no_mangle]
pub unsafe extern "C" fn things_query_area(query: *mut ThingsQuery, area: *const c_char) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `area`.
        let area = AreaId::from(unsafe { utf8(area, "area") }?);
        add(query, |query| query.area(&area))
    })
}

/// Only what is in the project, directly or under one of its headings.
#[no_mangle]
pub unsafe extern "C" fn things_query_project(query: *mut ThingsQuery, project: *const c_char) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `project`.
        let project = TaskId::from(unsafe { utf8(project, "project") }?);
        add(query, |query| query.project(&project))
    })
}

/// Only open tasks with a deadline from `first` to `last`, both included; NULL leaves that end open.
#[no_mangle]
pub unsafe extern "C" fn things_query_due(
    query: *mut ThingsQuery,
    first: *const ThingsDate,
    last: *const ThingsDate,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `first` and `last`.
        let (first, last) = unsafe { (optional(first, "first")?, optional(last, "last")?) };
        let (first, last) = (first.map(values::date).transpose()?, last.map(values::date).transpose()?);
        add(query, |query| query.due(first, last))
    })
}

/// At most this many tasks, from the top.
#[no_mangle]
pub extern "C" fn things_query_limit(query: *mut ThingsQuery, tasks: u32) -> ThingsStatus {
    entry(|| add(query, |query| query.limit(tasks)))
}

/// Ends the life of a query. NULL may be passed.
#[no_mangle]
pub extern "C" fn things_query_free(query: *mut ThingsQuery) -> ThingsStatus {
    entry(|| QUERIES.free(query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{ThingsKind, ThingsList};
    use things_store::{Date, Kind, List};

    fn c(text: &'static [u8]) -> *const c_char {
        assert_eq!(text.last(), Some(&0));
        text.as_ptr().cast()
    }

    #[test]
    fn each_function_adds_its_condition() {
        let (day, wrong) = (ThingsDate { year: 2024, month: 6, day: 12 }, ThingsDate { year: 2024, month: 6, day: 31 });
        let mut query = std::ptr::null_mut();
        // SAFETY: strings end with a NUL, and the places live here.
        let calls = unsafe {
            [
                things_query_list(ThingsList::Today as i32, &day, &mut query),
                things_query_kind(query, ThingsKind::Project as i32),
                things_query_text(query, c(b"a\0b\0"), 3),
                things_query_tag(query, c(b"tag\0")),
                things_query_area(query, c(b"area\0")),
                things_query_project(query, c(b"project\0")),
                things_query_due(query, std::ptr::null(), &day),
                things_query_limit(query, 5),
            ]
        };
        assert_eq!(calls, [ThingsStatus::Ok; 8]);
        // SAFETY: as above.
        assert_eq!(unsafe { things_query_due(query, &wrong, &day) }, ThingsStatus::BadArgument);
        let today = Date::new(2024, 6, 12).unwrap();
        let expected = Query::list(List::Today(today))
            .kind(Kind::Project)
            .text("a\0b")
            .tag(&TagId::from("tag"))
            .area(&AreaId::from("area"))
            .project(&TaskId::from("project"))
            .due(None, Some(today))
            .limit(5);
        assert_eq!(QUERIES.get(query).unwrap().value(), expected);
        assert_eq!(things_query_free(query), ThingsStatus::Ok);
    }
}
