//! The circuit breaker: a database that keeps failing is left alone for a while, and then tried by one caller alone.
//!
//! A state machine without a clock: the time is an argument. Which errors count is [`verdict`]'s to say.

use crate::bounds::{between, DAY};
use crate::error::{Error, Result};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// When a breaker opens, and for how long.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use things_store::{Access, BreakerOptions, Error, OpenOptions};
///
/// let breaker = BreakerOptions { failures: 3, open_for: Duration::from_secs(2) };
/// let options = OpenOptions::new().breaker(breaker);
/// let store = options.open("main.sqlite", Access::ReadOnly)?;
/// match store.inbox() {
///     Err(Error::BreakerOpen { retry_after }) => println!("not asked; again in {retry_after:?}"),
///     other => println!("{} tasks", other?.len()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerOptions {
    /// It opens after this many failures without a success in between.
    pub failures: u32,
    /// For this long it lets nothing through; then it lets one operation through, to see whether the database is back.
    pub open_for: Duration,
}

impl Default for BreakerOptions {
    fn default() -> BreakerOptions {
        BreakerOptions { failures: 5, open_for: Duration::from_secs(5) }
    }
}

impl BreakerOptions {
    pub(crate) fn validate(&self) -> Result<()> {
        between("breaker.failures", self.failures, 1, 1_000_000)?;
        between("breaker.open_for", self.open_for, Duration::from_millis(1), DAY)
    }
}

/// What a breaker does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// It lets everything through.
    Closed,
    /// It lets nothing through.
    Open,
    /// It has let one operation through and waits for its result.
    HalfOpen,
}

impl BreakerState {
    /// `closed`, `open` or `half_open`.
    pub fn as_str(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half_open",
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a result says about the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It answered, if only to refuse what was asked.
    Works,
    /// It could not be used.
    Fails,
    /// Nothing was learnt.
    Unknown,
}

/// What `result` says about the database.
///
/// What the caller did wrong is an answer of a database that works. What was cancelled, or never reached it, says nothing.
pub(crate) fn verdict<T>(result: &Result<T>) -> Verdict {
    let Err(error) = result else {
        return Verdict::Works;
    };
    match error {
        Error::NotFound { .. }
        | Error::CannotOpen { .. }
        | Error::NotADatabase { .. }
        | Error::Truncated { .. }
        | Error::Corrupt { .. }
        | Error::NeedsRecovery { .. }
        | Error::Locked { .. }
        | Error::TimedOut { .. }
        | Error::DiskFull { .. }
        | Error::Io { .. } => Verdict::Fails,
        // The low byte is the primary code. 1 is a statement that this SQLite does not know; the others are values.
        Error::Sqlite { code: Some(code), .. } => match code & 0xff {
            rusqlite::ffi::SQLITE_ERROR
            | rusqlite::ffi::SQLITE_TOOBIG
            | rusqlite::ffi::SQLITE_CONSTRAINT
            | rusqlite::ffi::SQLITE_MISMATCH
            | rusqlite::ffi::SQLITE_RANGE => Verdict::Works,
            _ => Verdict::Fails,
        },
        // Opening it again shows what is there now.
        Error::Replaced { .. }
        | Error::Migrated { .. }
        | Error::Interrupted
        | Error::BreakerOpen { .. }
        | Error::PoolExhausted { .. }
        | Error::InvalidOption { .. }
        | Error::Poisoned { .. } => Verdict::Unknown,
        _ => Verdict::Works,
    }
}

/// What happened to a breaker, for the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// From open, or from a probe that took too long.
    HalfOpened,
    Opened,
    Closed,
}

/// A breaker, shared by all who clone it.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    options: BreakerOptions,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    state: Inside,
    /// Changes with each state, so that the result of an operation that an earlier state let through is ignored.
    epoch: u64,
}

#[derive(Clone, Copy, Debug)]
enum Inside {
    Closed {
        failures: u32,
    },
    Open {
        until: Duration,
    },
    /// A probe is under way. One that takes until `until` is given up, and the next caller is a probe.
    HalfOpen {
        until: Duration,
    },
}

/// Lets one operation through. Whoever has it reports the result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permit {
    epoch: u64,
}

impl Breaker {
    pub(crate) fn new(options: BreakerOptions) -> Breaker {
        let inner = Inner { state: Inside::Closed { failures: 0 }, epoch: 0 };
        Breaker { options, inner: Arc::new(Mutex::new(inner)) }
    }

    pub(crate) fn options(&self) -> BreakerOptions {
        self.options
    }

    /// What it does at the moment. An open one whose time is up stays open until somebody asks it for a permit.
    pub(crate) fn state(&self) -> Result<BreakerState> {
        Ok(match self.lock()?.state {
            Inside::Closed { .. } => BreakerState::Closed,
            Inside::Open { .. } => BreakerState::Open,
            Inside::HalfOpen { .. } => BreakerState::HalfOpen,
        })
    }

    /// A permit for one operation, or [`Error::BreakerOpen`].
    pub(crate) fn admit(&self, now: Duration) -> Result<(Permit, Option<Turn>)> {
        let mut inner = self.lock()?;
        let until = match &mut inner.state {
            Inside::Closed { .. } => return Ok((Permit { epoch: inner.epoch }, None)),
            Inside::Open { until } | Inside::HalfOpen { until } => {
                // A clock that was set back must not keep it open for longer than was asked for.
                *until = (*until).min(now.saturating_add(self.options.open_for));
                *until
            }
        };
        if now < until {
            return Err(Error::BreakerOpen { retry_after: until.saturating_sub(now) });
        }
        inner.turn(Inside::HalfOpen { until: now.saturating_add(self.options.open_for) });
        Ok((Permit { epoch: inner.epoch }, Some(Turn::HalfOpened)))
    }

    /// Takes the result of what `permit` let through.
    pub(crate) fn report(&self, permit: Permit, verdict: Verdict, now: Duration) -> Result<Option<Turn>> {
        let mut inner = self.lock()?;
        if inner.epoch != permit.epoch {
            return Ok(None);
        }
        let open = Inside::Open { until: now.saturating_add(self.options.open_for) };
        let (state, turn) = match (inner.state, verdict) {
            (Inside::Closed { failures }, Verdict::Fails) if failures.saturating_add(1) < self.options.failures => {
                inner.state = Inside::Closed { failures: failures.saturating_add(1) };
                return Ok(None);
            }
            (Inside::Closed { .. } | Inside::HalfOpen { .. }, Verdict::Fails) => (open, Turn::Opened),
            (Inside::Closed { .. }, Verdict::Works) => {
                inner.state = Inside::Closed { failures: 0 };
                return Ok(None);
            }
            (Inside::HalfOpen { .. }, Verdict::Works) => (Inside::Closed { failures: 0 }, Turn::Closed),
            // The probe was cancelled: the next caller is one.
            (Inside::HalfOpen { .. }, Verdict::Unknown) => (Inside::Open { until: now }, Turn::Opened),
            (Inside::Closed { .. }, Verdict::Unknown) | (Inside::Open { .. }, _) => return Ok(None),
        };
        inner.turn(state);
        Ok(Some(turn))
    }

    fn lock(&self) -> Result<MutexGuard<'_, Inner>> {
        self.inner.lock().map_err(|_| Error::Poisoned { what: "the circuit breaker" })
    }
}

impl Inner {
    fn turn(&mut self, state: Inside) {
        self.state = state;
        self.epoch = self.epoch.wrapping_add(1);
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
