//! The time that a process group had: its wall time without what the machine took from it.
//!
//! A time limit is there for tests that hang. On a machine where others use the cores, a test that does not hang takes
//! longer too, so its limit counts the time that it could use.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// However little time a group had, after so many times its limit on the clock it ends.
const MOST: u32 = 10;

/// What a group did in an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Part {
    /// How long the interval was.
    pub length: Duration,
    /// Processor time of its threads, all together.
    pub ran: Duration,
    /// What they waited for a core, all together; `None` if the kernel does not say.
    pub waited: Option<Duration>,
    /// Waits before the interval that are known only now, as time in which the group could have run.
    pub overdue: Duration,
}

/// What the machine gave and took in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Taken {
    /// Cores that there are for us.
    pub cores: f64,
    /// The part of the processor time that other virtual machines took.
    pub stolen: f64,
    /// The part of the time in which some thread waited for a core ([`Machine::pressure`]), if known.
    ///
    /// [`Machine::pressure`]: crate::sys::machine::Machine::pressure
    pub pressure: Option<f64>,
}

/// The time that a group had so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Had {
    started: Instant,
    /// Until when it is known what it had. From then on it is taken to have all time.
    known: Instant,
    /// In seconds.
    had: f64,
    /// What it had at least, whatever it waited, in seconds.
    least: f64,
}

impl Had {
    /// Of a group that starts now.
    pub(super) fn new(now: Instant) -> Self {
        Self { started: now, known: now, had: 0.0, least: 0.0 }
    }

    /// Adds an interval that ends now and began where the last one ended.
    pub(super) fn add(&mut self, part: Part, taken: Taken, now: Instant) {
        let gain = gain(part, taken);
        self.least += gain.least;
        self.had = (self.had + gain.had - gain.late).max(self.least);
        self.known = now;
    }

    /// The time that it had until now.
    pub(super) fn until(&self, now: Instant) -> Duration {
        let known = Duration::try_from_secs_f64(self.had).unwrap_or_default();
        known + now.saturating_duration_since(self.known)
    }

    /// Whether it had its limit. The second condition does not depend on anything that the kernel says.
    pub(super) fn is_over(&self, limit: Duration, now: Instant) -> bool {
        let wall = now.saturating_duration_since(self.started);
        self.until(now) >= limit || wall >= limit.saturating_mul(MOST)
    }
}

/// Seconds of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gain {
    had: f64,
    /// What of it nobody took, whatever was waited.
    least: f64,
    /// What earlier intervals had too much.
    late: f64,
}

/// What of an interval a group had.
///
/// The group was active for what its threads ran and waited, at most the interval. Of that it had the part that they
/// ran; all the rest it slept, by its own choice. A group that uses all cores has lost nothing, however long its threads
/// wait for each other.
fn gain(part: Part, taken: Taken) -> Gain {
    let length = part.length.as_secs_f64();
    let ran = part.ran.as_secs_f64();
    let waited = match (part.waited, taken.pressure) {
        (Some(waited), _) => waited.as_secs_f64(),
        (None, Some(pressure)) => waited_under_pressure(length, ran, pressure),
        (None, None) => 0.0,
    };
    let active = ran + waited;
    let least = (ran / taken.cores.max(f64::MIN_POSITIVE)).min(length);
    let had = if active > 0.0 {
        let given = ran / active * (1.0 - taken.stolen.clamp(0.0, 1.0));
        length - active.min(length) * (1.0 - given)
    } else {
        length
    };
    Gain { had: had.max(least), least, late: part.overdue.as_secs_f64() }
}

/// What a group waited that ran so long, if only the pressure on all is known. Others wait, too, and a group may sleep by
/// its own choice: at most it waited as long as it ran.
fn waited_under_pressure(length: f64, ran: f64, pressure: f64) -> f64 {
    (pressure.clamp(0.0, 1.0) * ran).min(length - ran).max(0.0)
}
