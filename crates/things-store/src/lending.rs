//! A bounded number of connections, lent one at a time to whoever asked first.
//!
//! Whoever needs a new connection opens it, on its own thread, and gets the error that this gives; one at a time, so that a
//! database in trouble is not asked by everybody at once. There is no thread in the background: connections that were idle
//! for too long are closed when the next one is lent or given back.
//!
//! Everything that is counted changes under one lock, so [`Lending::statistics`] is the state at one moment.

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::statistics::share;
use crate::telemetry::{Event, Telemetry};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// Opens connections and judges them.
pub(crate) trait Make {
    type Connection;

    fn make(&self) -> Result<Self::Connection>;

    /// Whether it can still be lent. Asked before each loan, if at all.
    fn is_valid(&self, connection: &Self::Connection) -> bool;

    /// Whether it comes back as it was lent; if not it is closed.
    fn is_clean(&self, connection: &Self::Connection) -> bool;
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// So many are kept however long they are idle.
    pub(crate) minimum: u32,
    pub(crate) maximum: u32,
    /// How long a borrower waits.
    pub(crate) wait: Duration,
    /// How long a connection is kept idle.
    pub(crate) idle: Option<Duration>,
    /// Whether a connection is checked before it is lent.
    pub(crate) check: bool,
}

/// What a pool has and has done, as of one moment.
///
/// `open` is the sum of `idle`, `in_use` and `opening`; `opened` less `closed` is the sum of `idle` and `in_use`.
///
/// # Examples
///
/// ```no_run
/// use things_store::Pool;
///
/// let pool = Pool::open("main.sqlite")?;
/// drop(pool.get()?);
/// let statistics = pool.statistics()?;
/// println!("{} of {} in use, {:?} reused", statistics.in_use, statistics.open, statistics.reuse_rate());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// Connections that are open or being opened.
    pub open: u32,
    /// Those that can be lent at once.
    pub idle: u32,
    /// Those that are lent, or being checked.
    pub in_use: u32,
    /// Those that are being opened: one at most.
    pub opening: u32,
    /// Borrowers that wait.
    pub waiting: u32,
    /// Loans so far.
    pub lent: u64,
    /// Loans of a connection that was open already.
    pub reused: u64,
    /// Borrowers for whom none became free in time.
    pub timeouts: u64,
    /// Connections opened so far.
    pub opened: u64,
    /// Connections closed so far, for whatever reason.
    pub closed: u64,
    /// Those of them that failed the check before a loan: their database had been deleted, replaced or migrated.
    pub invalid: u64,
    /// Attempts to open one that failed.
    pub failed: u64,
}

impl PoolStatistics {
    /// The share of loans for which nothing had to be opened, from 0 to 1; `None` before the first loan.
    pub fn reuse_rate(&self) -> Option<f64> {
        share(self.reused, self.lent)
    }
}

pub(crate) struct Lending<M: Make> {
    make: M,
    limits: Limits,
    clock: Arc<dyn Clock>,
    telemetry: Arc<Telemetry>,
    state: Mutex<State<M::Connection>>,
    /// Something has changed that a waiting borrower may have waited for.
    changed: Condvar,
}

struct State<C> {
    /// With the time since when; the one used last at the back, from where the next is lent.
    idle: VecDeque<(C, Duration)>,
    /// Borrowers that wait, the first in front.
    queue: VecDeque<u64>,
    next_ticket: u64,
    /// All but `idle` and `waiting`, which the lengths above are.
    counts: PoolStatistics,
}

impl<C> State<C> {
    fn statistics(&self) -> PoolStatistics {
        let idle = u32::try_from(self.idle.len()).unwrap_or(u32::MAX);
        let PoolStatistics { open, opening, .. } = self.counts;
        PoolStatistics {
            idle,
            in_use: open.saturating_sub(idle).saturating_sub(opening),
            waiting: u32::try_from(self.queue.len()).unwrap_or(u32::MAX),
            ..self.counts
        }
    }

    /// Whether it is the turn of the borrower with `ticket`; without one it has just come.
    fn is_turn(&self, ticket: Option<u64>) -> bool {
        self.queue.front().copied() == ticket
    }

    fn take_ticket(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket = ticket.wrapping_add(1);
        ticket
    }

    fn closed(&mut self, connections: u32) {
        self.counts.open = self.counts.open.saturating_sub(connections);
        add(&mut self.counts.closed, u64::from(connections));
    }

    /// Takes out what has been idle for too long at `now`.
    fn expire(&mut self, limits: &Limits, now: Duration) -> Vec<C> {
        let mut expired = Vec::new();
        while let (Some(limit), Some((_, since))) = (limits.idle, self.idle.front()) {
            if self.counts.open <= limits.minimum || now.saturating_sub(*since) < limit {
                break;
            }
            expired.extend(self.idle.pop_front().map(|(connection, _)| connection));
            self.closed(1);
        }
        expired
    }
}

/// What a borrower may do now.
enum Next<C> {
    Use(C),
    Open,
    Wait,
}

impl<M: Make> Lending<M> {
    /// Opens nothing yet.
    pub(crate) fn new(make: M, limits: Limits, clock: Arc<dyn Clock>, telemetry: Arc<Telemetry>) -> Lending<M> {
        let state =
            State { idle: VecDeque::new(), queue: VecDeque::new(), next_ticket: 0, counts: PoolStatistics::default() };
        Lending { make, limits, clock, telemetry, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Opens as many as are always kept, and one at least, to see that it can be done.
    pub(crate) fn fill(&self) -> Result<()> {
        for _ in 0..self.limits.minimum.max(1) {
            {
                let mut state = self.lock()?;
                state.counts.open = state.counts.open.saturating_add(1);
                state.counts.opening = 1;
            }
            let connection = self.open()?;
            let now = self.clock.now();
            let mut state = self.lock()?;
            state.idle.push_back((connection, now));
            self.changed(&state);
        }
        Ok(())
    }

    /// A connection, after waiting for as long as the limits allow. Give it back by [`put`](Lending::put).
    pub(crate) fn get(&self) -> Result<M::Connection> {
        let begin = self.clock.now();
        let mut place = Place { lending: self, ticket: None };
        let mut timed_out = false;
        loop {
            let now = self.clock.now();
            let mut state = self.lock()?;
            let expired = state.expire(&self.limits, now);
            match self.next(&mut state, place.ticket) {
                Next::Use(connection) => {
                    place.leave(&mut state);
                    drop(state);
                    self.close(expired);
                    if !self.limits.check || self.make.is_valid(&connection) {
                        return self.lend(connection, true, begin);
                    }
                    let mut state = self.lock()?;
                    // In front of the queue, for it had its turn.
                    place.jump(&mut state);
                    state.closed(1);
                    add(&mut state.counts.invalid, 1);
                    self.changed(&state);
                    drop(state);
                    self.close(vec![connection]);
                }
                Next::Open => {
                    place.leave(&mut state);
                    drop(state);
                    self.close(expired);
                    let connection = self.open()?;
                    return self.lend(connection, false, begin);
                }
                Next::Wait if !expired.is_empty() => {
                    // Before it waits, for what is counted as closed must not stay open meanwhile.
                    drop(state);
                    self.close(expired);
                }
                Next::Wait => {
                    let left = self.limits.wait.saturating_sub(now.saturating_sub(begin));
                    if timed_out || left.is_zero() {
                        place.leave(&mut state);
                        add(&mut state.counts.timeouts, 1);
                        drop(state);
                        self.telemetry.note(Event::PoolExhausted);
                        return Err(Error::PoolExhausted { waited: self.limits.wait, source: None });
                    }
                    place.take(&mut state);
                    let (state, waited) = self.changed.wait_timeout(state, left).map_err(|_| poisoned())?;
                    drop(state);
                    timed_out = waited.timed_out();
                }
            }
        }
    }

    /// Takes a connection back.
    pub(crate) fn put(&self, connection: M::Connection) {
        let clean = self.make.is_clean(&connection);
        let now = self.clock.now();
        // Of a poisoned pool, whose next borrower hears of it, the connection is closed.
        let Ok(mut state) = self.lock() else {
            return;
        };
        let mut closing = state.expire(&self.limits, now);
        if clean {
            state.idle.push_back((connection, now));
        } else {
            state.closed(1);
            closing.push(connection);
        }
        self.changed(&state);
        drop(state);
        self.close(closing);
    }

    pub(crate) fn statistics(&self) -> Result<PoolStatistics> {
        Ok(self.lock()?.statistics())
    }

    fn next(&self, state: &mut State<M::Connection>, ticket: Option<u64>) -> Next<M::Connection> {
        if !state.is_turn(ticket) {
            return Next::Wait;
        }
        if let Some((connection, _)) = state.idle.pop_back() {
            return Next::Use(connection);
        }
        if state.counts.open >= self.limits.maximum || state.counts.opening > 0 {
            return Next::Wait;
        }
        state.counts.open = state.counts.open.saturating_add(1);
        state.counts.opening = 1;
        Next::Open
    }

    /// Opens a connection that is counted as being opened. Not under the lock: it takes its time.
    fn open(&self) -> Result<M::Connection> {
        let opening = Opening { lending: self, opened: false };
        let connection = self.make.make()?;
        opening.succeeded();
        self.telemetry.note(Event::PoolOpened);
        Ok(connection)
    }

    /// Closes what is not counted as open any more. Not under the lock: it takes its time.
    fn close(&self, connections: Vec<M::Connection>) {
        for connection in connections {
            drop(connection);
            self.telemetry.note(Event::PoolClosed);
        }
    }

    fn lend(&self, connection: M::Connection, reused: bool, begin: Duration) -> Result<M::Connection> {
        let mut state = self.lock()?;
        add(&mut state.counts.lent, 1);
        add(&mut state.counts.reused, u64::from(reused));
        drop(state);
        let waited = self.clock.now().saturating_sub(begin);
        self.telemetry.note(Event::PoolAcquired { waited });
        Ok(connection)
    }

    fn lock(&self) -> Result<MutexGuard<'_, State<M::Connection>>> {
        self.state.lock().map_err(|_| poisoned())
    }

    /// All who wait look again: only one of them has its turn, and which one is the queue's to know.
    fn changed(&self, state: &State<M::Connection>) {
        self.size(state);
        self.changed.notify_all();
    }

    /// Under the lock, so that the last one that is reported is the last one there was.
    #[cfg(feature = "metrics")]
    fn size(&self, state: &State<M::Connection>) {
        let PoolStatistics { idle, in_use, waiting, .. } = state.statistics();
        let [idle, in_use, waiting] = [idle, in_use, waiting].map(u64::from);
        self.telemetry.note(Event::PoolSize { idle, in_use, waiting });
    }

    #[cfg(not(feature = "metrics"))]
    #[allow(clippy::unused_self)] // As with the feature.
    fn size(&self, _: &State<M::Connection>) {}
}

/// A borrower's place in the queue, given up in any case.
struct Place<'l, M: Make> {
    lending: &'l Lending<M>,
    ticket: Option<u64>,
}

impl<M: Make> Place<'_, M> {
    /// Waits behind all others, unless it does already.
    fn take(&mut self, state: &mut State<M::Connection>) {
        if self.ticket.is_none() {
            let ticket = state.take_ticket();
            state.queue.push_back(ticket);
            self.ticket = Some(ticket);
            self.lending.size(state);
        }
    }

    /// Waits before all others.
    fn jump(&mut self, state: &mut State<M::Connection>) {
        let ticket = state.take_ticket();
        state.queue.push_front(ticket);
        self.ticket = Some(ticket);
    }

    fn leave(&mut self, state: &mut State<M::Connection>) {
        let ticket = self.ticket.take();
        state.queue.retain(|waiting| Some(*waiting) != ticket);
        self.lending.changed(state);
    }
}

impl<M: Make> Drop for Place<'_, M> {
    fn drop(&mut self) {
        // Only after an error or a panic in between. Nobody waits in a poisoned pool.
        if self.ticket.is_some() {
            if let Ok(mut state) = self.lending.lock() {
                self.leave(&mut state);
            }
        }
    }
}

/// A connection that is being opened. If that fails, or panics, its place is free again.
struct Opening<'l, M: Make> {
    lending: &'l Lending<M>,
    opened: bool,
}

impl<M: Make> Opening<'_, M> {
    fn succeeded(mut self) {
        self.opened = true;
    }
}

impl<M: Make> Drop for Opening<'_, M> {
    fn drop(&mut self) {
        // A poisoned pool counts nothing any more.
        if let Ok(mut state) = self.lending.lock() {
            state.counts.opening = 0;
            if self.opened {
                add(&mut state.counts.opened, 1);
            } else {
                state.counts.open = state.counts.open.saturating_sub(1);
                add(&mut state.counts.failed, 1);
            }
            self.lending.changed(&state);
        }
    }
}

fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

fn poisoned() -> Error {
    Error::Poisoned { what: "the pool" }
}

#[cfg(test)]
#[path = "lending_tests.rs"]
mod tests;
