//! The most memory that a process had, looked at while it lives.

use std::time::{Duration, Instant};

use crate::sys::processes::Processes;

/// The interval between looks at a process's memory. A look costs about 20 µs, so a fifth of a per cent of a core.
const INTERVAL: Duration = Duration::from_millis(10);

/// The peak of memory of a living process. An ended one has none any more: its memory goes before its `/proc` entry.
#[derive(Debug)]
pub(super) struct Peak {
    /// Nothing if it is not watched.
    processes: Option<Processes>,
    pid: u32,
    looked: Option<Instant>,
    seen: Option<u64>,
}

impl Peak {
    /// That of a process which was just started, watched or not.
    pub(super) fn of(pid: u32, is_watched: bool) -> Self {
        let mut peak = Self { processes: is_watched.then(Processes::here), pid, looked: None, seen: None };
        peak.look();
        peak
    }

    /// How often to look, if it is watched.
    pub(super) fn interval(&self) -> Option<Duration> {
        self.processes.as_ref().map(|_| INTERVAL)
    }

    /// Looks, unless it did a moment ago: a process that prints line after line is not asked for each.
    pub(super) fn look(&mut self) {
        let Some(processes) = &self.processes else { return };
        let now = crate::sys::clock::instant();
        if self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < INTERVAL / 10) {
            return;
        }
        self.looked = Some(now);
        // The kernel's own peak begins again when the process executes another program.
        self.seen = self.seen.max(processes.peak_memory(self.pid));
    }

    /// The most that was seen, in bytes.
    pub(super) fn seen(&self) -> Option<u64> {
        self.seen
    }
}
