//! The process table: what `/proc` says of processes and of the time that they used and waited for.
//!
//! Every reader gives nothing where a file is absent or is not as documented: a process may end at any moment, and not
//! every kernel and container has every file.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use crate::sys::os::machine;

/// Where processes are listed, `/proc`.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    /// Nothing where the system has no such files.
    root: Option<PathBuf>,
    tick: Duration,
    page: u64,
}

/// A process, from its `stat` (proc_pid_stat(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub parent: u32,
    pub group: u32,
    /// Processor time of all its threads, and of its children that it waited for, to the clock tick.
    pub cpu: Duration,
    /// When it started, in clock ticks since boot: with its number, its identity.
    pub started: u64,
    /// Bytes in memory now.
    pub memory: u64,
}

/// The time of a living thread (the kernel's scheduler/sched-stats, `/proc/<pid>/schedstat`; `/proc/PID/schedstat` is
/// that of the first thread only).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ThreadTime {
    /// On a core.
    pub ran: Duration,
    /// Ready to run, and waiting for a core. The kernel adds a wait when it ends.
    pub waited: Duration,
}

/// The processor time of the whole machine since boot (proc_stat(5)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MachineTime {
    pub used: Duration,
    /// Taken by other virtual machines while this one wanted to run.
    pub stolen: Duration,
}

/// The fields of a `stat` from the third on. The second one, the name in parentheses, may contain anything.
struct Stat {
    rest: String,
}

impl Stat {
    fn of(text: String) -> Option<Self> {
        text.rsplit_once(')').map(|(_, rest)| Self { rest: rest.to_owned() })
    }

    /// The field that has this number in the manual.
    fn field(&self, manual: usize) -> Option<&str> {
        self.rest.split_ascii_whitespace().nth(manual - 3)
    }

    fn number(&self, manual: usize) -> Option<u64> {
        self.field(manual)?.parse().ok()
    }
}

impl Processes {
    /// Those of this machine.
    pub(crate) fn here() -> Self {
        let units = machine::units();
        let here = Self::under("/proc", units.ticks_per_second, units.page);
        Self { root: here.root.filter(|_| machine::ROOT.is_some()), ..here }
    }

    /// Those that the files in this folder describe.
    pub(crate) fn under(root: impl Into<PathBuf>, ticks_per_second: u64, page: u64) -> Self {
        Self { root: Some(root.into()), tick: Duration::from_nanos(1_000_000_000 / ticks_per_second), page }
    }

    /// The numbers of all processes.
    pub(crate) fn all(&self) -> Vec<u32> {
        self.numbers("")
    }

    /// The threads of a process.
    fn threads(&self, process: u32) -> Vec<u32> {
        self.numbers(&format!("{process}/task"))
    }

    /// The number that was given to a process or thread last: as long as it stays, there is no new one (proc_loadavg(5)).
    pub(crate) fn last(&self) -> Option<u32> {
        self.text("loadavg")?.split_whitespace().nth(4)?.parse().ok().filter(|last| *last != 0)
    }

    /// What `stat` says of a process; nothing if it is gone.
    pub(crate) fn process(&self, number: u32) -> Option<Process> {
        let stat = Stat::of(self.text(&format!("{number}/stat"))?)?;
        let ticks: u64 = [14, 15, 16, 17].into_iter().map(|field| stat.number(field)).sum::<Option<u64>>()?;
        Some(Process {
            parent: u32::try_from(stat.number(4)?).ok()?,
            group: u32::try_from(stat.number(5)?).ok()?,
            cpu: self.ticks(ticks),
            started: stat.number(22)?,
            memory: stat.number(24)?.saturating_mul(self.page),
        })
    }

    /// For how long a thread has been there, to the clock tick, if it runs or waits for a core now (proc_pid_stat(5),
    /// state `R`; proc_uptime(5)).
    pub(crate) fn age_if_ready(&self, process: u32, thread: u32) -> Option<Duration> {
        let stat = Stat::of(self.text(&format!("{process}/task/{thread}/stat"))?)?;
        let uptime: f64 = self.text("uptime")?.split_whitespace().next()?.parse().ok()?;
        let uptime = Duration::try_from_secs_f64(uptime).ok()?;
        (stat.field(3)? == "R").then_some(uptime.checked_sub(self.ticks(stat.number(22)?))?)
    }

    /// The times of all threads of a process that are alive, by their numbers; nothing where the kernel keeps none.
    pub(crate) fn thread_times(&self, process: u32) -> Vec<(u32, ThreadTime)> {
        let time = |thread: u32| {
            let text = self.text(&format!("{process}/task/{thread}/schedstat"))?;
            let mut numbers = text.split_whitespace().map(|number| number.parse().ok().map(Duration::from_nanos));
            Some((thread, ThreadTime { ran: numbers.next()??, waited: numbers.next()?? }))
        };
        self.threads(process).into_iter().filter_map(time).collect()
    }

    /// The most memory that a process ever had, in bytes (proc_pid_status(5), `VmHWM`).
    pub(crate) fn peak_memory(&self, process: u32) -> Option<u64> {
        let status = self.text(&format!("{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
    }

    /// The time of the whole machine.
    pub(crate) fn machine(&self) -> Option<MachineTime> {
        let stat = self.text("stat")?;
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let ticks: Vec<u64> = line.split_whitespace().map_while(|number| number.parse().ok()).collect();
        // user, nice, system, idle, iowait, irq, softirq, steal; what guests use is part of user.
        let sum = |at: &[usize]| at.iter().filter_map(|at| ticks.get(*at)).sum::<u64>();
        (ticks.len() >= 4)
            .then(|| MachineTime { used: self.ticks(sum(&[0, 1, 2, 5, 6])), stolen: self.ticks(sum(&[7])) })
    }

    fn ticks(&self, count: u64) -> Duration {
        Duration::from_nanos((self.tick.as_nanos() as u64).saturating_mul(count))
    }

    #[allow(clippy::disallowed_methods, reason = "the process table")]
    fn text(&self, path: &str) -> Option<String> {
        // The name of a process is any bytes.
        std::fs::read(self.root.as_ref()?.join(path)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn numbers(&self, path: &str) -> Vec<u32> {
        let entries = self.root.as_ref().and_then(|root| std::fs::read_dir(root.join(path)).ok());
        entries.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }
}
