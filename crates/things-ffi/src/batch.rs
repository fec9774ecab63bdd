//! Batches: changes to be made together.

use crate::entry::entry;
use crate::handle::Registry;
use crate::status::{Failure, ThingsStatus};
use crate::text::{optional, utf8, Out};
use crate::values::{self, ThingsDate};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};
use things_store::{Batch, Change, TaskId, Timestamp};

/// Changes to be made together: all of them, or none.
pub struct ThingsBatch {
    _of_c: [u8; 0],
}

pub(crate) static BATCHES: Registry<ThingsBatch, Changes> = Registry::new(8);

/// The changes so far.
pub(crate) struct Changes(Mutex<Batch>);

impl Changes {
    /// A copy, so that another thread may go on adding.
    pub(crate) fn value(&self) -> Batch {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Adds a change of the task `id`.
///
/// # Safety
/// `id` is NULL or a NUL-terminated string.
unsafe fn add(
    batch: *mut ThingsBatch,
    id: *const c_char,
    change: impl FnOnce() -> Result<Change, Failure>,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise is the same.
        let id = TaskId::from(unsafe { utf8(id, "id") }?);
        let changes = BATCHES.get(batch)?;
        let change = change()?;
        changes.0.lock().unwrap_or_else(PoisonError::into_inner).extend([(id, change)]);
        Ok(())
    })
}

/// An empty batch. `now`, in Unix seconds, is written as the time of completion and change; `today` is the day on the user's
/// own wall. `*out` is a new handle for `things_batch_free`.
#[no_mangle]
pub unsafe extern "C" fn things_batch_new(
    now: f64,
    today: *const ThingsDate,
    out: *mut *mut ThingsBatch,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `today` and `out`.
        let (out, today) = unsafe { (Out::handle(out, "out")?, optional(today, "today")?) };
        let today = values::date(today.ok_or_else(|| Failure::null("today"))?)?;
        let none =
            || Failure::new(ThingsStatus::BadArgument, format!("`now` is no time of the years 1 to 9999: {now}"));
        let now = Timestamp::from_unix_seconds(now).ok_or_else(none)?;
        out.set(BATCHES.insert(Changes(Mutex::new(Batch::new(now, today))))?);
        Ok(())
    })
}

/// How many changes there are.
#[no_mangle]
pub unsafe extern "C" fn things_batch_length(batch: *const ThingsBatch, out: *mut usize) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::new(out, "out") }?;
        out.set(BATCHES.get(batch)?.value().len());
        Ok(())
    })
}

/// Completes a task, including the open to-dos in a project or heading.
#[no_mangle]
pub unsafe extern "C" fn things_batch_complete(batch: *mut ThingsBatch, id: *const c_char) -> ThingsStatus {
    // SAFETY: the caller's promise about `id`.
    unsafe { add(batch, id, || Ok(Change::Complete)) }
}

/// Cancels a task, including the open to-dos in a project or heading.
#[no_mangle]
pub unsafe extern "C" fn things_batch_cancel(batch: *mut ThingsBatch, id: *const c_char) -> ThingsStatus {
    // SAFETY: the caller's promise about `id`.
    unsafe { add(batch, id, || Ok(Change::Cancel)) }
}

/// Makes a task incomplete again. Its contents do not change.
#[no_mangle]
pub unsafe extern "C" fn things_batch_reopen(batch: *mut ThingsBatch, id: *const c_char) -> ThingsStatus {
    // SAFETY: the caller's promise about `id`.
    unsafe { add(batch, id, || Ok(Change::Reopen)) }
}

/// Puts a task into the trash.
#[no_mangle]
pub unsafe extern "C" fn things_batch_trash(batch: *mut ThingsBatch, id: *const c_char) -> ThingsStatus {
    // SAFETY: the caller's promise about `id`.
    unsafe { add(batch, id, || Ok(Change::Trash)) }
}

/// Takes a task out of the trash.
#[no_mangle]
pub unsafe extern "C" fn things_batch_restore(batch: *mut ThingsBatch, id: *const c_char) -> ThingsStatus {
    // SAFETY: the caller's promise about `id`.
    unsafe { add(batch, id, || Ok(Change::Restore)) }
}

/// Removes a task for ever, with all that is in it.
#[no_mangle]
pub unsafe extern "C" fn things_batch_delete(batch: *mut ThingsBatch, id: *const c_char) -> ThingsStatus {
    // SAFETY: the caller's promise about `id`.
    unsafe { add(batch, id, || Ok(Change::Delete)) }
}

/// Moves a task; `destination` is a `ThingsDestination`. `target` is the identifier of the area, project or heading, and may
/// be NULL where there is none.
#[no_mangle]
pub unsafe extern "C" fn things_batch_move(
    batch: *mut ThingsBatch,
    id: *const c_char,
    destination: i32,
    target: *const c_char,
) -> ThingsStatus {
    // SAFETY: the caller's promises about `target` and `id`.
    let target = || unsafe { utf8(target, "target") };
    // SAFETY: as above.
    unsafe { add(batch, id, || Ok(Change::Move(values::destination(destination, target)?))) }
}

/// Changes when a task starts; `when` is a `ThingsWhen`. `day` may be NULL for all but `THINGS_WHEN_ON`.
#[no_mangle]
pub unsafe extern "C" fn things_batch_schedule(
    batch: *mut ThingsBatch,
    id: *const c_char,
    when: i32,
    day: *const ThingsDate,
) -> ThingsStatus {
    // SAFETY: the caller's promises about `day` and `id`.
    let day = || unsafe { optional(day, "day") };
    // SAFETY: as above.
    unsafe { add(batch, id, || Ok(Change::Schedule(values::when(when, day()?)?))) }
}

/// Sets the deadline of a task, or takes it away if `day` is NULL.
#[no_mangle]
pub unsafe extern "C" fn things_batch_deadline(
    batch: *mut ThingsBatch,
    id: *const c_char,
    day: *const ThingsDate,
) -> ThingsStatus {
    // SAFETY: the caller's promises about `day` and `id`.
    let day = || unsafe { optional(day, "day") };
    // SAFETY: as above.
    unsafe { add(batch, id, || Ok(Change::Deadline(day()?.map(values::date).transpose()?))) }
}

/// Ends the life of a batch. NULL may be passed.
#[no_mangle]
pub extern "C" fn things_batch_free(batch: *mut ThingsBatch) -> ThingsStatus {
    entry(|| BATCHES.free(batch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{ThingsDestination, ThingsWhen};
    use std::ptr::{null, null_mut};
    use things_store::{AreaId, Date, Destination, When};

    #[test]
    fn changes_are_kept_in_their_order_and_wrong_ones_are_not_added() {
        let day = ThingsDate { year: 2024, month: 6, day: 12 };
        let (id, area) = (b"task\0".as_ptr().cast(), b"area\0".as_ptr().cast());
        let mut batch = null_mut();
        // SAFETY: strings end with a NUL, and the places live here.
        unsafe {
            assert_eq!(things_batch_new(1.5, &day, &mut batch), ThingsStatus::Ok);
            let added = [
                things_batch_complete(batch, id),
                things_batch_cancel(batch, id),
                things_batch_reopen(batch, id),
                things_batch_move(batch, id, ThingsDestination::Area as i32, area),
                things_batch_move(batch, id, ThingsDestination::Loose as i32, null()),
                things_batch_schedule(batch, id, ThingsWhen::On as i32, &day),
                things_batch_deadline(batch, id, null()),
                things_batch_trash(batch, id),
                things_batch_restore(batch, id),
                things_batch_delete(batch, id),
            ];
            assert_eq!(added, [ThingsStatus::Ok; 10]);
            assert_eq!(things_batch_move(batch, id, 9, null()), ThingsStatus::BadArgument);
            assert_eq!(things_batch_schedule(batch, id, ThingsWhen::On as i32, null()), ThingsStatus::NullArgument);
            assert_eq!(things_batch_delete(batch, b"\xff\0".as_ptr().cast()), ThingsStatus::NotUtf8);
        }
        let (task, today) = (TaskId::from("task"), Date::new(2024, 6, 12).unwrap());
        let expected = Batch::new(Timestamp::from_unix_seconds(1.5).unwrap(), today)
            .change(&task, Change::Complete)
            .change(&task, Change::Cancel)
            .change(&task, Change::Reopen)
            .change(&task, Change::Move(Destination::Area(AreaId::from("area"))))
            .change(&task, Change::Move(Destination::Loose))
            .change(&task, Change::Schedule(When::On(today)))
            .change(&task, Change::Deadline(None))
            .change(&task, Change::Trash)
            .change(&task, Change::Restore)
            .change(&task, Change::Delete);
        assert_eq!(BATCHES.get(batch).unwrap().value(), expected);
        let mut length = 0;
        // SAFETY: the place lives here.
        assert_eq!(unsafe { things_batch_length(batch, &mut length) }, ThingsStatus::Ok);
        assert_eq!(length, 10);
        assert_eq!(things_batch_free(batch), ThingsStatus::Ok);
    }
}
