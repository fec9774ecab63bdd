//! What a run, or runs of a suite, usually want of a machine.

use std::time::Duration;

/// The least that a run is expected to want: it starts a process, and loads and checks libraries.
const LEAST_WANTED: f64 = 0.05;
/// Runs of a suite count as known from so much wall time on; processor time is counted in ticks of 10 ms.
const KNOWN_FROM_MS: u64 = 100;

/// What a run, or the runs of a suite, did so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Habit {
    /// How many ended.
    pub ended: u64,
    /// Their wall time in milliseconds.
    pub wall_ms: u64,
    /// The time in milliseconds that their threads ran or waited for a core: processor time alone is less where many go
    /// side by side.
    pub wanted_ms: u64,
    /// The highest peak of memory among them, in bytes.
    pub peak_memory: u64,
}

impl Habit {
    /// With one more run.
    pub fn add(&mut self, wall_ms: u64, wanted_ms: u64, peak_memory: u64) {
        self.ended += 1;
        self.wall_ms += wall_ms;
        self.wanted_ms += wanted_ms;
        self.peak_memory = self.peak_memory.max(peak_memory);
    }

    /// Whether runs last long enough on average to be measured in a window of this length.
    pub fn is_measured_in(&self, window: Duration) -> bool {
        u128::from(self.wall_ms) >= 2 * window.as_millis() * u128::from(self.ended)
    }

    /// The cores' worth of work that a run wants on average; `None` if too little was seen.
    pub fn cores(&self) -> Option<f64> {
        let is_known = self.ended > 0 && self.wall_ms >= KNOWN_FROM_MS;
        is_known.then(|| (self.wanted_ms as f64 / self.wall_ms as f64).max(LEAST_WANTED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_are_known_from_enough_time_on() {
        let mut habit = Habit::default();
        assert_eq!(habit.cores(), None);
        habit.add(20, 10, 5);
        assert_eq!(habit.cores(), None, "ticks are too coarse for that");
        let window = Duration::from_millis(10);
        assert!(habit.is_measured_in(window) && !habit.is_measured_in(window * 2));
        habit.add(980, 240, 3);
        assert_eq!((habit.cores(), habit.peak_memory, habit.ended), (Some(0.25), 5, 2));
        habit.add(1_000_000, 0, 0);
        assert_eq!(habit.cores(), Some(LEAST_WANTED));
    }
}
