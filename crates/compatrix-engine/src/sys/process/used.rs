//! What a process used of the machine, as `/proc` shows it until the process is reaped.

use std::time::{Duration, Instant};

use rustix::process::Pid;

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
    pub(super) fn of(pid: Pid, is_watched: bool) -> Self {
        let pid = pid.as_raw_nonzero().get().unsigned_abs();
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

/// Processor time of an ended process and of its children that it waited for, from its zombie's `/proc` entry
/// (proc_pid_stat(5), fields 14 to 17, in clock ticks).
#[allow(clippy::disallowed_methods, reason = "a fact of the process that was started here")]
pub(super) fn processor_time(pid: Pid) -> Duration {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())) else {
        return Duration::ZERO;
    };
    // The second field, the name in parentheses, may contain spaces.
    let Some((_, rest)) = stat.rsplit_once(')') else { return Duration::ZERO };
    let ticks: u64 = rest.split_whitespace().skip(11).take(4).filter_map(|n| n.parse::<u64>().ok()).sum();
    // A tick is ten milliseconds; of the first thread the scheduler knows nanoseconds (proc_pid_schedstat(5)).
    let exact = std::fs::read_to_string(format!("/proc/{}/schedstat", pid.as_raw_nonzero())).ok();
    let exact = exact.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or_default();
    let of_ticks = Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second().max(1));
    of_ticks.max(Duration::from_nanos(exact))
}
