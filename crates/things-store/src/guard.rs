//! What every operation of a store goes through: circuit breaker, timeout and cancelling, retries, counters and spans.

use crate::backoff::{retry, Sleep};
use crate::error::Result;
use crate::event::Event;
use crate::open::Opened;
use crate::options::{Counted, OpenOptions, Shared};
use crate::vintage::Vintage;
use crate::watch::{Running, Watch};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Stands before the operations of one store.
#[derive(Debug)]
pub(crate) struct Guard {
    options: OpenOptions,
    shared: Arc<Shared>,
    watch: Arc<Watch>,
    /// Known once the database is open.
    vintage: OnceLock<Vintage>,
}

impl Guard {
    pub(crate) fn new(options: OpenOptions, shared: Arc<Shared>) -> Guard {
        let watch = Watch::new(options.clock.clone(), options.query_timeout);
        Guard { options, shared, watch, vintage: OnceLock::new() }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// Opens by `operation`, which waits for locks by itself, and asks before each attempt whether it may go on.
    pub(crate) fn open(
        &self,
        operation: impl FnOnce(&dyn Sleep, &dyn Fn() -> Result<()>) -> Result<Opened>,
    ) -> Result<Opened> {
        self.once(
            "open",
            |_| 0,
            |running| {
                let opened = operation(&self.counted(running), &|| running.check())?;
                self.vintage.get_or_init(|| opened.vintage);
                Ok(opened)
            },
        )
    }

    /// Runs `operation`, again and again within the back-off while the database is locked, and counts it under `name`
    /// with the rows that `rows` finds in its result.
    pub(crate) fn run<T>(
        &self,
        name: &'static str,
        rows: impl FnOnce(&T) -> u64,
        mut operation: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        self.once(name, rows, |running| {
            retry(&self.options.backoff, &self.counted(running), || {
                running.check()?;
                operation()
            })
        })
    }

    fn once<T>(
        &self,
        name: &'static str,
        rows: impl FnOnce(&T) -> u64,
        operation: impl FnOnce(&Running<'_>) -> Result<T>,
    ) -> Result<T> {
        let begin = self.options.clock.now();
        let permit = self.admit(begin)?;
        let span = crate::span::Span::enter(name, self.vintage.get().copied());
        let result = {
            let running = self.watch.begin();
            running.explain(operation(&running))
        };
        let rows = result.as_ref().map_or(0, rows);
        span.end(&result, rows, self.vintage.get().copied());
        let now = self.options.clock.now();
        self.report(permit, &result, now);
        self.ended(name, begin, now, rows, result.is_err());
        result
    }

    /// One step of an operation that goes on after it. Its error counts as a failure of the database where it is one.
    pub(crate) fn step<T>(&self, operation: impl FnOnce() -> Result<T>) -> Result<T> {
        let result = {
            let running = self.watch.begin();
            running.check().and_then(|()| running.explain(operation()))
        };
        if result.is_err() {
            let now = self.options.clock.now();
            if let Ok(permit) = self.admit(now) {
                self.report(permit, &result, now);
            }
        }
        result
    }

    pub(crate) fn now(&self) -> Duration {
        self.options.clock.now()
    }

    /// Counts an operation that began at `begin`.
    pub(crate) fn ended(&self, name: &'static str, begin: Duration, now: Duration, rows: u64, failed: bool) {
        let took = now.saturating_sub(begin);
        self.shared.telemetry.note(Event::Query { name, took, rows, failed });
    }

    fn counted<'r>(&'r self, running: &'r Running<'r>) -> Counted<'r> {
        Counted { sleep: self.options.sleep.as_ref(), telemetry: &self.shared.telemetry, running }
    }
}

/// What lets an operation through where nothing could stop it.
#[cfg(not(feature = "breaker"))]
struct Permit;

#[cfg(not(feature = "breaker"))]
impl Guard {
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // As with a breaker.
    fn admit(&self, _: Duration) -> Result<Permit> {
        Ok(Permit)
    }

    #[allow(clippy::unused_self)] // As with a breaker.
    fn report<T>(&self, _: Permit, _: &Result<T>, _: Duration) {}
}

#[cfg(feature = "breaker")]
impl Guard {
    pub(crate) fn breaker_state(&self) -> Result<Option<crate::breaker::BreakerState>> {
        self.options.breaker.as_ref().map(crate::breaker::Breaker::state).transpose()
    }

    fn admit(&self, now: Duration) -> Result<Option<crate::breaker::Permit>> {
        let Some(breaker) = &self.options.breaker else {
            return Ok(None);
        };
        match breaker.admit(now) {
            Ok((permit, turn)) => {
                self.note(turn);
                Ok(Some(permit))
            }
            Err(error) => {
                self.shared.telemetry.note(Event::BreakerRefused);
                Err(error)
            }
        }
    }

    fn report<T>(&self, permit: Option<crate::breaker::Permit>, result: &Result<T>, now: Duration) {
        if let (Some(breaker), Some(permit)) = (&self.options.breaker, permit) {
            // A poisoned breaker says so when it is asked for the next permit. What was done here is done.
            if let Ok(turn) = breaker.report(permit, crate::breaker::verdict(result), now) {
                self.note(turn);
            }
        }
    }

    fn note(&self, turn: Option<crate::breaker::Turn>) {
        use crate::breaker::Turn;
        let event = match turn {
            Some(Turn::Opened) => Event::BreakerOpened,
            Some(Turn::HalfOpened) => Event::BreakerHalfOpened,
            Some(Turn::Closed) => Event::BreakerClosed,
            None => return,
        };
        self.shared.telemetry.note(event);
    }
}
