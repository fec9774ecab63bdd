//! Stops what takes too long or is no longer wanted: the query timeout, and cancelling from another thread.
//!
//! SQLite asks a [`Watch`] every [`STEPS`] instructions whether to go on. Nothing is written here but atomics, so that
//! asking costs a query nothing that can be measured.

use crate::clock::Clock;
use crate::error::{Error, Result};
use rusqlite::Connection;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// Instructions of SQLite's virtual machine between two questions, some 20 µs.
const STEPS: i32 = 1_000;
/// No deadline. A clock that has run for 584 years may reach it.
const NEVER: u64 = u64::MAX;

/// What one store's running operation must heed.
pub(crate) struct Watch {
    clock: Arc<dyn Clock>,
    limit: Option<Duration>,
    /// Which loan of the store this is, from 1. Cancellers of earlier loans have no effect.
    loan: AtomicU64,
    /// The latest loan that was cancelled.
    cancelled: AtomicU64,
    /// The clock's reading, in nanoseconds, at which the operation has to end.
    deadline: AtomicU64,
    /// Whether the deadline has stopped a statement.
    late: AtomicBool,
}

impl Watch {
    pub(crate) fn new(clock: Arc<dyn Clock>, limit: Option<Duration>) -> Arc<Watch> {
        Arc::new(Watch {
            clock,
            limit,
            loan: AtomicU64::new(1),
            cancelled: AtomicU64::new(0),
            deadline: AtomicU64::new(NEVER),
            late: AtomicBool::new(false),
        })
    }

    /// Has every statement of `connection` ask this watch.
    pub(crate) fn install(self: &Arc<Watch>, connection: &mut Connection) {
        // An atomic is whole whenever a panic interrupts its use.
        let watch = AssertUnwindSafe(self.clone());
        let ask = move || {
            let watch: &AssertUnwindSafe<Arc<Watch>> = &watch;
            watch.must_stop()
        };
        // What it returns differs between versions of the binding; it fails for a borrowed connection only.
        #[allow(clippy::let_unit_value)]
        let _ = connection.progress_handler(STEPS, Some(ask));
    }

    /// Begins an operation, which ends when what is returned is dropped.
    pub(crate) fn begin(&self) -> Running<'_> {
        let end = self.limit.map_or(NEVER, |limit| nanoseconds(self.clock.now().saturating_add(limit)));
        Running { watch: self, outer: self.deadline.swap(end, Ordering::Relaxed) }
    }

    /// The store is given to somebody else: earlier cancellers lose their effect.
    #[cfg(feature = "pool")]
    pub(crate) fn next_loan(&self) {
        self.loan.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn canceller(self: &Arc<Watch>) -> Canceller {
        Canceller { watch: self.clone(), loan: self.loan.load(Ordering::Acquire) }
    }

    /// Whether a statement has to stop now. A cancellation is used up by that.
    fn must_stop(&self) -> bool {
        if self.take_cancelled() {
            return true;
        }
        let late = self.is_late();
        if late {
            self.late.store(true, Ordering::Relaxed);
        }
        late
    }

    fn take_cancelled(&self) -> bool {
        let loan = self.loan.load(Ordering::Relaxed);
        self.cancelled.load(Ordering::Acquire) == loan
            && self.cancelled.compare_exchange(loan, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    fn is_late(&self) -> bool {
        let deadline = self.deadline.load(Ordering::Relaxed);
        deadline != NEVER && nanoseconds(self.clock.now()) >= deadline
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("limit", &self.limit).finish_non_exhaustive()
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}

/// An operation that is watched.
pub(crate) struct Running<'w> {
    watch: &'w Watch,
    /// The deadline of the operation around this one.
    outer: u64,
}

impl Running<'_> {
    /// An error if the operation must not go on. Asked where SQLite is not, such as between two attempts.
    pub(crate) fn check(&self) -> Result<()> {
        if self.watch.take_cancelled() {
            return Err(Error::Interrupted);
        }
        match (self.watch.limit, self.watch.is_late()) {
            (Some(limit), true) => Err(Error::TimedOut { limit }),
            _ => Ok(()),
        }
    }

    /// How much longer the operation may take.
    pub(crate) fn left(&self) -> Duration {
        match self.watch.deadline.load(Ordering::Relaxed) {
            NEVER => Duration::MAX,
            deadline => Duration::from_nanos(deadline.saturating_sub(nanoseconds(self.watch.clock.now()))),
        }
    }

    /// Says which of the two it was that interrupted a statement.
    pub(crate) fn explain<T>(&self, result: Result<T>) -> Result<T> {
        match (result, self.watch.limit) {
            (Err(Error::Interrupted), Some(limit)) if self.watch.late.swap(false, Ordering::Relaxed) => {
                Err(Error::TimedOut { limit })
            }
            (result, _) => result,
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.watch.deadline.store(self.outer, Ordering::Relaxed);
        self.watch.late.store(false, Ordering::Relaxed);
    }
}

/// Cancels what a store is doing, from any thread. Made by [`Store::canceller`](crate::Store::canceller).
///
/// It interrupts one operation: the one that runs, or, if none does, the next one, which then ends with
/// [`Error::Interrupted`]. After that the store can be used as before. Once a store has gone back to its pool, cancellers
/// that were made before have no effect on it.
///
/// # Examples
///
/// ```no_run
/// use things_store::{Error, Store};
///
/// let store = Store::open("main.sqlite")?;
/// let canceller = store.canceller();
/// let search = std::thread::spawn(move || store.search("milk"));
/// canceller.cancel();
/// match search.join().expect("no panic") {
///     Err(Error::Interrupted) => println!("cancelled"),
///     other => println!("{} tasks, before it was cancelled", other?.len()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Canceller {
    watch: Arc<Watch>,
    loan: u64,
}

impl Canceller {
    /// Interrupts the store's operation.
    pub fn cancel(&self) {
        // Never back: a canceller of an earlier loan must not take away a cancellation of this one.
        self.watch.cancelled.fetch_max(self.loan, Ordering::AcqRel);
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const SECOND: Duration = Duration::from_secs(1);

    fn watch(limit: Option<Duration>) -> (Arc<Watch>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        (Watch::new(clock.clone(), limit), clock)
    }

    #[test]
    fn nothing_stops_an_operation_without_a_limit() {
        let (watch, clock) = watch(None);
        let running = watch.begin();
        clock.set(Duration::MAX);
        assert!(!watch.must_stop());
        running.check().unwrap();
    }

    #[test]
    fn an_operation_that_reaches_its_limit_stops_and_the_next_has_a_limit_of_its_own() {
        let (watch, clock) = watch(Some(SECOND));
        {
            let running = watch.begin();
            clock.advance(SECOND - Duration::from_nanos(1));
            assert!(!watch.must_stop());
            running.check().unwrap();
            clock.advance(Duration::from_nanos(1));
            assert!(watch.must_stop());
            assert!(matches!(running.check(), Err(Error::TimedOut { limit: SECOND })));
            let explained = running.explain::<()>(Err(Error::Interrupted));
            assert!(matches!(explained, Err(Error::TimedOut { limit: SECOND })), "{explained:?}");
        }
        assert!(!watch.must_stop(), "between operations there is no deadline");
        watch.begin().check().unwrap();
    }

    #[test]
    fn a_clock_that_jumps_far_ahead_or_back_stops_nothing_for_ever() {
        let (watch, clock) = watch(Some(SECOND));
        clock.set(Duration::MAX);
        watch.begin().check().unwrap();
        clock.set(SECOND * 10);
        let running = watch.begin();
        clock.set(Duration::ZERO);
        running.check().unwrap();
        drop(running);
        let running = watch.begin();
        clock.set(Duration::MAX);
        assert!(watch.must_stop());
        drop(running);
        clock.set(SECOND);
        watch.begin().check().unwrap();
    }

    #[test]
    fn an_inner_operation_gives_its_outer_one_the_deadline_back() {
        let (watch, clock) = watch(Some(SECOND));
        let outer = watch.begin();
        clock.advance(SECOND / 2);
        drop(watch.begin());
        clock.advance(SECOND / 2);
        assert!(outer.check().is_err());
    }

    #[test]
    fn cancelling_interrupts_one_operation_the_running_or_the_next() {
        let (watch, _) = watch(None);
        let canceller = watch.canceller();
        let running = watch.begin();
        canceller.cancel();
        canceller.clone().cancel();
        assert!(watch.must_stop());
        assert!(!watch.must_stop(), "used up");
        assert!(matches!(running.explain::<()>(Err(Error::Interrupted)), Err(Error::Interrupted)));
        drop(running);
        canceller.cancel();
        let next = watch.begin();
        assert!(matches!(next.check(), Err(Error::Interrupted)));
        next.check().unwrap();
    }

    #[cfg(feature = "pool")]
    #[test]
    fn a_canceller_of_an_earlier_loan_has_no_effect() {
        let (watch, _) = watch(None);
        let earlier = watch.canceller();
        earlier.cancel();
        watch.next_loan();
        watch.begin().check().unwrap();
        let now = watch.canceller();
        now.cancel();
        earlier.cancel();
        assert!(matches!(watch.begin().check(), Err(Error::Interrupted)));
        earlier.cancel();
        watch.begin().check().unwrap();
    }

    #[test]
    fn cancelling_is_explained_as_such_even_with_a_limit() {
        let (watch, _) = watch(Some(SECOND));
        let running = watch.begin();
        watch.canceller().cancel();
        assert!(watch.must_stop());
        assert!(matches!(running.explain::<()>(Err(Error::Interrupted)), Err(Error::Interrupted)));
    }
}
