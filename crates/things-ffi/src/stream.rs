//! Streams: tasks a few at a time, so that memory does not grow with their number.

use crate::entry::entry;
use crate::handle::Registry;
use crate::query::{ThingsQuery, QUERIES};
use crate::status::{Failure, ThingsStatus};
use crate::store::{Opened, ThingsStore, STORES};
use crate::tasks::{self, ThingsTasks};
use crate::text::Out;
use std::sync::{Arc, Mutex, PoisonError};
use things_store::{TaskStream, Tasks};

/// Tasks that are read a few at a time.
pub struct ThingsStream {
    _of_c: [u8; 0],
}

pub(crate) static STREAMS: Registry<ThingsStream, Running> = Registry::new(4);

/// A stream that all threads may use, one after the other.
pub(crate) struct Running(Mutex<State>);

struct State {
    // Both borrow from the store, and `tasks` from `stream`; `drop` ends them in order.
    tasks: Option<Tasks<'static>>,
    /// From `Box::into_raw`, and back into a box on drop.
    stream: *mut TaskStream<'static>,
    /// An error that came after tasks that had to be delivered first.
    late: Option<Failure>,
    store: Arc<Opened>,
}

// SAFETY: all that borrows from the store is used and dropped under the store's lock, so one thread at a time is in SQLite,
// which allows any thread then. Nothing of it is tied to the thread that made it.
unsafe impl Send for State {}

impl State {
    fn begin(store: Arc<Opened>, query: &things_store::Query) -> Result<State, Failure> {
        let mut inner = store.lock();
        // SAFETY: `State` keeps the store alive by its `Arc`, uses the borrow under the lock alone, and counts it.
        let stream = unsafe { inner.store_for_stream() }.stream(query)?;
        let stream = Box::into_raw(Box::new(stream));
        inner.streams += 1;
        drop(inner);
        // From here on `drop` ends what was begun.
        let mut state = State { tasks: None, stream, late: None, store };
        let inner = state.store.lock();
        // SAFETY: it came from a box that only `drop` takes back, and `tasks` is its only borrow.
        let tasks = unsafe { &mut *state.stream }.tasks();
        drop(inner);
        state.tasks = Some(tasks?);
        Ok(state)
    }

    /// The next tasks, at most `most`; none at the end.
    fn next(&mut self, most: usize) -> Result<Vec<things_store::Task>, Failure> {
        if let Some(failure) = self.late.take() {
            return Err(failure);
        }
        let _alone = self.store.lock();
        let mut found = Vec::new();
        while found.len() < most {
            match self.tasks.as_mut().and_then(Iterator::next) {
                Some(Ok(task)) => found.push(task),
                None => break,
                Some(Err(error)) if found.is_empty() => return Err(error.into()),
                Some(Err(error)) => {
                    self.late = Some(error.into());
                    break;
                }
            }
        }
        Ok(found)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let mut inner = self.store.lock();
        self.tasks = None;
        // SAFETY: it came from a box, and `tasks`, its only borrow, has ended.
        drop(unsafe { Box::from_raw(self.stream) });
        inner.streams -= 1;
    }
}

/// Begins to read what a query asks for. Until the stream is freed, all reads of the store see this one state of the
/// database, and the store cannot change it. `*out` is a new handle for `things_stream_free`.
#[no_mangle]
pub unsafe extern "C" fn things_stream_open(
    store: *const ThingsStore,
    query: *const ThingsQuery,
    out: *mut *mut ThingsStream,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::handle(out, "out") }?;
        let query = QUERIES.get(query)?.value();
        out.set(STREAMS.insert(Running(Mutex::new(State::begin(STORES.get(store)?, &query)?)))?);
        Ok(())
    })
}

/// The next tasks, at most `most`, as a list of their own. `THINGS_STATUS_ABSENT` at the end.
///
/// An error is reported after the tasks before it. After a task that cannot be decoded the next ones follow; after any other
/// error there are no more.
#[no_mangle]
pub unsafe extern "C" fn things_stream_next(
    stream: *const ThingsStream,
    most: usize,
    out: *mut *mut ThingsTasks,
) -> ThingsStatus {
    entry(|| {
        // SAFETY: the caller's promise about `out`.
        let out = unsafe { Out::handle(out, "out") }?;
        let running = STREAMS.get(stream)?;
        if most == 0 {
            return Err(Failure::new(ThingsStatus::BadArgument, "`most` is 0: ask for one task or more"));
        }
        let found = running.0.lock().unwrap_or_else(PoisonError::into_inner).next(most)?;
        if found.is_empty() {
            return Err(Failure::absent());
        }
        out.set(tasks::handle(found)?);
        Ok(())
    })
}

/// Ends a stream, at its end or before. Lists that came from it stay.
#[no_mangle]
pub extern "C" fn things_stream_free(stream: *mut ThingsStream) -> ThingsStatus {
    entry(|| STREAMS.free(stream))
}
