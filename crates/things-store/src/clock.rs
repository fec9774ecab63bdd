//! The clock, as an argument: what measures or waits asks a [`Clock`], so that tests move it by hand.
//!
//! The only file of this crate that reads one.

use std::fmt;
use std::time::{Duration, Instant};

/// A clock that never goes back.
pub trait Clock: Send + Sync {
    /// The time since a moment of the clock's own choice. Never less than before.
    fn now(&self) -> Duration;
}

/// The clock of the system that is not set by anyone.
#[derive(Clone, Copy)]
pub struct MonotonicClock {
    begin: Instant,
}

impl Default for MonotonicClock {
    fn default() -> MonotonicClock {
        #[allow(clippy::disallowed_methods)] // Here, and nowhere else in this crate.
        let begin = Instant::now();
        MonotonicClock { begin }
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        self.begin.elapsed()
    }
}

impl fmt::Debug for MonotonicClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonotonicClock").finish_non_exhaustive()
    }
}

/// A clock that tests set.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct ManualClock(std::sync::Mutex<Duration>);

#[cfg(test)]
impl ManualClock {
    pub(crate) fn set(&self, now: Duration) {
        *self.0.lock().unwrap() = now;
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

#[cfg(test)]
impl Clock for ManualClock {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back() {
        let clock = MonotonicClock::default();
        let readings: Vec<Duration> = (0..100).map(|_| clock.now()).collect();
        assert!(readings.windows(2).all(|two| two[0] <= two[1]), "{readings:?}");
    }
}
