//! What the processes of one task use: an account that every process of the task is put on.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How far back [`Usage::wanted`] looks.
pub(crate) const WINDOW: Duration = Duration::from_millis(200);

/// How long an account may have no process and still be watched.
const PAUSE: Duration = Duration::from_secs(5);

/// What the processes of one task use. Clones are the same account.
///
/// Counted are the processes that the supervisor starts for the task, those in their groups, and what these start. A
/// process that leaves its group (`setsid`) and whose parent then ends between two looks is missed; so is the processor
/// time of one whose parent did not wait for it.
#[derive(Debug, Clone, Default)]
pub struct Account {
    shared: Arc<Mutex<Books>>,
}

/// What the processes of a task used and use.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// Processor time of all its processes, ended and living.
    pub cpu: Duration,
    /// Cores' worth of time that they ran or waited for a core, over the last 200 ms.
    pub wanted: f64,
    /// The time that they ran or waited for a core, all in all.
    pub wanted_time: Duration,
    /// Bytes in memory now.
    pub memory: u64,
    /// The most that was seen at once.
    pub peak_memory: u64,
    /// Whether it was watched long enough for [`Usage::wanted`].
    pub sampled: bool,
}

#[derive(Debug, Default)]
struct Books {
    /// Processor time of processes that ended.
    ended: Duration,
    /// The supervised processes that are alive, by number.
    living: HashMap<u32, Seen>,
    peak_memory: u64,
    /// Time that was wanted, all in all.
    wanted: Duration,
    /// That sum at moments of the last window and the one before.
    points: VecDeque<(Instant, Duration)>,
}

/// What was seen of a supervised process and all in its group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Processor time since its start.
    pub cpu: Duration,
    /// Bytes in memory now.
    pub memory: u64,
    /// The most memory that any one of its processes had.
    pub peak_memory: u64,
}

impl Account {
    /// What was used until the last look.
    pub fn usage(&self) -> Usage {
        let books = self.lock();
        let rate = books.rate();
        Usage {
            cpu: books.ended + books.living.values().map(|seen| seen.cpu).sum(),
            wanted: rate.unwrap_or_default(),
            wanted_time: books.wanted,
            memory: books.memory(),
            peak_memory: books.peak_memory,
            sampled: rate.is_some(),
        }
    }

    /// A process starts.
    pub(crate) fn begin(&self, process: u32, now: Instant) {
        let mut books = self.lock();
        books.living.insert(process, Seen::default());
        // Time in which nobody looked is no part of a window.
        if books.points.back().is_none_or(|(last, _)| now.saturating_duration_since(*last) > PAUSE) {
            books.points.clear();
            let wanted = books.wanted;
            books.points.push_back((now, wanted));
        }
    }

    /// A process and its group, of which this is known now, waited this long for a core since the last look.
    pub(crate) fn see(&self, process: u32, seen: Seen, waited: Duration) {
        let mut books = self.lock();
        // One that ended meanwhile is settled.
        let Some(before) = books.living.get_mut(&process) else { return };
        let ran = seen.cpu.saturating_sub(before.cpu);
        *before = seen;
        books.wanted += ran + waited;
        books.peak_memory = books.peak_memory.max(books.memory()).max(seen.peak_memory);
    }

    /// A process ended, which used this much processor time with its children.
    pub(crate) fn end(&self, process: u32, cpu: Duration) {
        let mut books = self.lock();
        let seen = books.living.remove(&process).unwrap_or_default();
        books.wanted += cpu.saturating_sub(seen.cpu);
        books.ended += cpu.max(seen.cpu);
    }

    /// All processes were seen. Whether the account has none and wanted nothing lately, so that no look is missed.
    pub(crate) fn close_window(&self, now: Instant) -> bool {
        let mut books = self.lock();
        let wanted = books.wanted;
        books.points.push_back((now, wanted));
        // One point at the beginning of the window, or before it.
        while books.points.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) >= WINDOW) {
            books.points.pop_front();
        }
        books.living.is_empty() && books.rate() == Some(0.0)
    }

    /// Whether two are the same account.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Whether nobody else has it.
    pub(crate) fn is_forgotten(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn memory(&self) -> u64 {
        self.living.values().map(|seen| seen.memory).sum()
    }

    fn rate(&self) -> Option<f64> {
        let ((first, before), (last, after)) = (self.points.front()?, self.points.back()?);
        let window = last.saturating_duration_since(*first);
        (window >= WINDOW).then(|| after.saturating_sub(*before).as_secs_f64() / window.as_secs_f64())
    }
}
