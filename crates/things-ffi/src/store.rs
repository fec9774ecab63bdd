//! Stores: opening, closing, and what is read of them.

use crate::batch::{ThingsBatch, BATCHES};
use crate::entry::entry;
use crate::handle::Registry;
use crate::listing::{self, ThingsAreas, ThingsChecklist, ThingsTags};
use crate::query::{ThingsQuery, QUERIES};
use crate::status::{Failure, ThingsStatus};
use crate::tasks::{self, ThingsTasks};
use crate::text::{optional, path, string, utf8, utf8_of, Out};
use crate::values::{self, ThingsDate};
use std::ffi::c_char;
use std::sync::{Mutex, MutexGuard, PoisonError};
use things_store::{Canceller, Kind, OpenOptions, Query, Store, TaskId};

/// An open database.
pub struct ThingsStore {
    _of_c: [u8; 0],
}

pub(crate) static STORES: Registry<ThingsStore, Opened> = Registry::new(1);

/// A store that all threads may use, one after the other.
pub(crate) struct Opened {
    inner: Mutex<Inner>,
    /// Beside the lock: it is for a thread that does not wait for the one that works.
    canceller: Canceller,
}

/// The store, at an address that its streams can keep.
pub(crate) struct Inner {
    /// From `Box::into_raw`, and back into a box on drop.
    store: *mut Store,
    /// Streams that borrow it.
    pub(crate) streams: usize,
}

// SAFETY: a store may be sent to another thread, and the pointer is its only owner. Its streams follow it from thread to
// thread: they are used under its lock alone.
unsafe impl Send for Inner {}

impl Opened {
    fn new(store: Store) -> Opened {
        let canceller = store.canceller();
        Opened { inner: Mutex::new(Inner { store: Box::into_raw(Box::new(store)), streams: 0 }), canceller }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads something while no other thread does.
    fn read<T>(&self, read: impl FnOnce(&Store) -> things_store::Result<T>) -> Result<T, Failure> {
        Ok(read(self.lock().store())?)
    }
}

impl Inner {
    pub(crate) fn store(&self) -> &Store {
        // SAFETY: it lives until this is dropped, and is only borrowed mutably by `store_mut`, through `&mut self`.
        unsafe { &*self.store }
    }

    /// The store for as long as a stream needs it.
    ///
    /// # Safety
    /// The borrow must end before this is dropped, be used under the lock alone, and be counted in `streams` until it ends.
    pub(crate) unsafe fn store_for_stream(&self) -> &'static Store {
        // SAFETY: the caller's promise.
        unsafe { &*self.store }
    }

    fn store_mut(&mut self) -> Result<&mut Store, Failure> {
        if self.streams > 0 {
            let message = "a stream of this store is open, and would see its own changes: free it first";
            return Err(Failure::new(ThingsStatus::Busy, message));
        }
        // SAFETY: no stream borrows it, and `&mut self` says that nobody else does.
        Ok(unsafe { &mut *self.store })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: it came from a box. A stream keeps the `Arc` of this, so none is left.
        drop(unsafe { Box::from_raw(self.store) });
    }
}

/// Opens the database at `path`, a NUL-terminated path of the system; `access` is a `ThingsAccess`.
/// `*out` is a new handle for `things_store_close`, or NULL after a failure. A refused file is not changed.
#[no_mangle]
pub unsafe extern "C" fn things_store_open(
    path: *const c_char,
    access: i32,
    out: *mut *mut ThingsStore,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `path` and `out`.
        let (out, path) = unsafe { (Out::handle(out, "out")?, string(path, "path")?) };
        let (access, best_effort) = values::access(access)?;
        let store = OpenOptions::new().best_effort(best_effort).open(self::path(path)?, access)?;
        out.set(STORES.insert(Opened::new(store))?);
        Ok(())
    })
}

/// Closes a store. Its lists stay readable; its streams keep the database open until they are freed.
#[no_mangle]
pub extern "C" fn things_store_close(store: *mut ThingsStore) -> ThingsStatus {
    entry(|| STORES.free(store))
}

/// Cancels one call: the one that another thread is inside, with the store or a stream of it, or if there is none, the next
/// one. It ends with `THINGS_STATUS_INTERRUPTED`, and a batch then changes nothing. This function does not wait for it.
#[no_mangle]
pub extern "C" fn things_store_cancel(store: *const ThingsStore) -> ThingsStatus {
    entry(|| {
        STORES.get(store)?.canceller.cancel();
        Ok(())
    })
}

/// The number in the database's own `databaseVersion`, such as 24.
#[no_mangle]
pub unsafe extern "C" fn things_store_vintage(store: *const ThingsStore, out: *mut i64) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::new(out, "out") }?;
        out.set(STORES.get(store)?.lock().store().database_version());
        Ok(())
    })
}

/// Whether the database is of a version that is not known here, and is read as its nearest: `THINGS_ACCESS_BEST_EFFORT`.
#[no_mangle]
pub unsafe extern "C" fn things_store_is_best_effort(store: *const ThingsStore, out: *mut bool) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::new(out, "out") }?;
        out.set(STORES.get(store)?.lock().store().is_best_effort());
        Ok(())
    })
}

/// Checks the structure of the whole file, in time proportional to its size.
#[no_mangle]
pub extern "C" fn things_store_verify(store: *const ThingsStore) -> ThingsStatus {
    entry(|| STORES.get(store)?.read(Store::verify))
}

/// The tasks of a list (a `ThingsList`). `today` may be NULL for lists that need no day.
#[no_mangle]
pub unsafe extern "C" fn things_store_list(
    store: *const ThingsStore,
    list: i32,
    today: *const ThingsDate,
    out: *mut *mut ThingsTasks,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `today` and `out`.
        let (out, today) = unsafe { (Out::handle(out, "out")?, optional(today, "today")?) };
        let query = Query::list(values::list(list, today)?);
        out.set(tasks::handle(STORES.get(store)?.read(|store| store.tasks(&query))?)?);
        Ok(())
    })
}

/// To-dos and projects that have the `length` bytes of `text` in title or notes, in any list but the trash.
#[no_mangle]
pub unsafe extern "C" fn things_store_search(
    store: *const ThingsStore,
    text: *const c_char,
    length: usize,
    out: *mut *mut ThingsTasks,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `text` and `out`.
        let (out, text) = unsafe { (Out::handle(out, "out")?, utf8_of(text, length, "text")?) };
        out.set(tasks::handle(STORES.get(store)?.read(|store| store.search(text))?)?);
        Ok(())
    })
}

/// The tasks that a query asks for, in its order.
#[no_mangle]
pub unsafe extern "C" fn things_store_tasks(
    store: *const ThingsStore,
    query: *const ThingsQuery,
    out: *mut *mut ThingsTasks,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::handle(out, "out") }?;
        let query = QUERIES.get(query)?.value();
        out.set(tasks::handle(STORES.get(store)?.read(|store| store.tasks(&query))?)?);
        Ok(())
    })
}

/// How many tasks a query asks for.
#[no_mangle]
pub unsafe extern "C" fn things_store_count(
    store: *const ThingsStore,
    query: *const ThingsQuery,
    out: *mut u64,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::new(out, "out") }?;
        let query = QUERIES.get(query)?.value();
        out.set(STORES.get(store)?.read(|store| store.count(&query))?);
        Ok(())
    })
}

/// The task with this identifier, of any kind, in the trash or not: a list of one. `THINGS_STATUS_ABSENT` if there is none.
#[no_mangle]
pub unsafe extern "C" fn things_store_task(
    store: *const ThingsStore,
    id: *const c_char,
    out: *mut *mut ThingsTasks,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `id` and `out`.
        let (out, id) = unsafe { (Out::handle(out, "out")?, utf8(id, "id")?) };
        let found = STORES.get(store)?.read(|store| store.task(&TaskId::from(id)))?;
        out.set(tasks::handle(vec![found.ok_or_else(Failure::absent)?])?);
        Ok(())
    })
}

/// The open projects, in all areas and in none.
#[no_mangle]
pub unsafe extern "C" fn things_store_projects(store: *const ThingsStore, out: *mut *mut ThingsTasks) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::handle(out, "out") }?;
        out.set(tasks::handle(STORES.get(store)?.read(Store::projects)?)?);
        Ok(())
    })
}

/// The headings of a project, from the top.
#[no_mangle]
pub unsafe extern "C" fn things_store_headings(
    store: *const ThingsStore,
    project: *const c_char,
    out: *mut *mut ThingsTasks,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `project` and `out`.
        let (out, project) = unsafe { (Out::handle(out, "out")?, utf8(project, "project")?) };
        let query = Query::all().kind(Kind::Heading).project(&TaskId::from(project));
        out.set(tasks::handle(STORES.get(store)?.read(|store| store.tasks(&query))?)?);
        Ok(())
    })
}

/// All areas, from the top.
#[no_mangle]
pub unsafe extern "C" fn things_store_areas(store: *const ThingsStore, out: *mut *mut ThingsAreas) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::handle(out, "out") }?;
        out.set(listing::areas(STORES.get(store)?.read(Store::areas)?)?);
        Ok(())
    })
}

/// All tags, from the top.
#[no_mangle]
pub unsafe extern "C" fn things_store_tags(store: *const ThingsStore, out: *mut *mut ThingsTags) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::handle(out, "out") }?;
        out.set(listing::tags(STORES.get(store)?.read(Store::tags)?)?);
        Ok(())
    })
}

/// The tags that a task itself carries. Empty for a task that does not exist.
#[no_mangle]
pub unsafe extern "C" fn things_store_tags_of(
    store: *const ThingsStore,
    task: *const c_char,
    out: *mut *mut ThingsTags,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `task` and `out`.
        let (out, task) = unsafe { (Out::handle(out, "out")?, utf8(task, "task")?) };
        out.set(listing::tags(STORES.get(store)?.read(|store| store.tags_of(&TaskId::from(task)))?)?);
        Ok(())
    })
}

/// The checklist of a to-do, from the top. Empty for a task that does not exist.
#[no_mangle]
pub unsafe extern "C" fn things_store_checklist(
    store: *const ThingsStore,
    task: *const c_char,
    out: *mut *mut ThingsChecklist,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promises about `task` and `out`.
        let (out, task) = unsafe { (Out::handle(out, "out")?, utf8(task, "task")?) };
        out.set(listing::checklist(STORES.get(store)?.read(|store| store.checklist(&TaskId::from(task)))?)?);
        Ok(())
    })
}

/// Makes all changes of a batch in one transaction, or none. `changed` is the number of tasks changed or removed, those in
/// projects included; it may be NULL. The batch stays as it is. `THINGS_STATUS_BUSY` while a stream of the store is open.
#[no_mangle]
pub unsafe extern "C" fn things_store_apply(
    store: *const ThingsStore,
    batch: *const ThingsBatch,
    changed: *mut usize,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `changed`.
        let changed = if changed.is_null() { None } else { Some(unsafe { Out::new(changed, "changed") }?) };
        let batch = BATCHES.get(batch)?.value();
        let applied = STORES.get(store)?.lock().store_mut()?.apply(&batch)?;
        if let Some(changed) = changed {
            changed.set(applied.tasks);
        }
        Ok(())
    })
}
