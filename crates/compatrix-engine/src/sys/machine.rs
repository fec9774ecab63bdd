//! What this process may use of the machine: cores and memory, by affinity and by the limits of its control groups.

pub(crate) mod about;
mod groups;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::sys::machine::groups::{groups, text, Group, Version};
use crate::sys::os::machine;

/// What this process may use of the machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// Cores' worth of processor time: half a core is 0.5.
    pub cores: f64,
    /// Bytes of memory; the largest number if unknown.
    pub memory: u64,
    /// The control group whose quota gives the cores, if one does.
    pub cores_by: Option<PathBuf>,
    /// The control group whose limit gives the memory, if one does.
    pub memory_by: Option<PathBuf>,
    /// Where use is read, if anywhere.
    root: Option<PathBuf>,
    /// The control groups with a limit of memory.
    limited: Vec<Group>,
    /// The file that says how long threads waited for a core.
    pressure: PathBuf,
}

/// Bytes in a kB of `/proc`.
const KIB: u64 = 1024;

impl Machine {
    /// What this process may use. Reads some small files.
    pub fn look() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        match machine::ROOT {
            Some(root) => Self::under(Path::new(root), processors),
            None => Self::of(processors as f64, u64::MAX),
        }
    }

    /// One with this many cores and bytes of memory, none of it in use.
    pub fn of(cores: f64, memory: u64) -> Self {
        Self {
            cores,
            memory,
            cores_by: None,
            memory_by: None,
            root: None,
            limited: Vec::new(),
            pressure: PathBuf::new(),
        }
    }

    /// What the files below this root say, with this many processors where they do not.
    fn under(root: &Path, processors: usize) -> Self {
        let mut machine = Self {
            root: Some(root.to_owned()),
            ..Self::of(
                allowed_processors(root).unwrap_or(processors).max(1) as f64,
                meminfo(root, "MemTotal").unwrap_or(u64::MAX),
            )
        };
        let groups_of_cores = groups(root, "cpu");
        let of_group = groups_of_cores.first().map(|group| group.path.join("cpu.pressure"));
        machine.pressure =
            of_group.filter(|path| text(root, path).is_some()).unwrap_or_else(|| root.join("proc/pressure/cpu"));
        for group in groups_of_cores {
            match quota(&group) {
                Some(cores) if cores < machine.cores => {
                    (machine.cores, machine.cores_by) = (cores, Some(group.path));
                }
                Some(_) | None => {}
            }
        }
        for group in groups(root, "memory") {
            if let Some(limit) = memory_limit(&group) {
                if limit < machine.memory {
                    (machine.memory, machine.memory_by) = (limit, Some(group.path.clone()));
                }
                machine.limited.push(group);
            }
        }
        machine
    }

    /// Builds at once that fill the cores.
    pub fn jobs(&self) -> usize {
        self.cores.ceil().max(1.0) as usize
    }

    /// The part of the last seconds in which some thread of our control group, or else of the machine, waited for a core
    /// (the kernel's accounting/psi; a kernel may lack it). Its sums change every two seconds only, the average says as
    /// much.
    pub(crate) fn pressure(&self) -> Option<f64> {
        some_pressure(&text(self.root.as_ref()?, &self.pressure)?)
    }

    /// Bytes in use now. What is left, up to [`Machine::memory`], can be taken: neither the machine nor a control group
    /// has less. Cached pages of files do not count, the kernel gives them back first.
    pub fn memory_in_use(&self) -> u64 {
        let of_machine = self.root.as_ref().and_then(|root| meminfo(root, "MemAvailable"));
        let of_groups = self.limited.iter().filter_map(|group| {
            let limit = memory_limit(group)?;
            Some(limit.saturating_sub(memory_use(group)?))
        });
        match of_machine.into_iter().chain(of_groups).min() {
            Some(left) => self.memory.saturating_sub(left),
            None => 0,
        }
    }
}

/// The average over ten seconds of the share of time in which some thread waited.
fn some_pressure(text: &str) -> Option<f64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let percent: f64 = some.split(' ').find_map(|word| word.strip_prefix("avg10="))?.parse().ok()?;
    Some(percent / 100.0).filter(|share| (0.0..=1.0).contains(share))
}

/// The processors on which this process may run: those of its affinity, which cpusets narrow, that are online
/// (proc_pid_status(5), `Cpus_allowed_list`).
fn allowed_processors(root: &Path) -> Option<usize> {
    let status = text(root, "proc/self/status")?;
    let allowed = numbers(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?)?;
    let online = text(root, "sys/devices/system/cpu/online").and_then(|list| numbers(&list));
    let usable = |number: &usize| online.as_ref().is_none_or(|online| online.contains(number));
    Some(allowed.iter().filter(|number| usable(number)).count()).filter(|count| *count > 0)
}

/// The numbers of a list as the kernel writes them: `0-3,8`.
fn numbers(list: &str) -> Option<Vec<usize>> {
    /// More than any kernel supports; a made-up range is not to take all memory.
    const MOST: usize = 1 << 16;
    let mut all = Vec::new();
    for range in list.trim().split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first > last || last > MOST {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

/// The cores that the quota of a control group gives: its time in each period (the kernel's admin-guide/cgroup-v2,
/// `cpu.max`, and scheduler/sched-bwc, `cpu.cfs_quota_us`).
fn quota(group: &Group) -> Option<f64> {
    let (quota, period): (f64, f64) = match group.version {
        Version::One => (group.number("cpu.cfs_quota_us")?, group.number("cpu.cfs_period_us")?),
        Version::Two => {
            let line = group.text("cpu.max")?;
            let mut words = line.split_whitespace();
            (words.next()?.parse().ok()?, words.next()?.parse().ok()?)
        }
    };
    // -1 and `max` are no quota.
    Some(quota / period).filter(|cores| cores.is_finite() && *cores > 0.0 && period > 0.0)
}

/// The bytes that a control group may use, if limited (admin-guide/cgroup-v2, `memory.max` and `memory.high`;
/// cgroup-v1/memory, whose `hierarchical_memory_limit` knows of groups above the ones that are mounted here).
fn memory_limit(group: &Group) -> Option<u64> {
    /// v1 writes no limit as the largest multiple of a page.
    const NONE: u64 = i64::MAX as u64 / (64 * KIB) * (64 * KIB);
    let limits = match group.version {
        Version::One => {
            [group.number("memory.limit_in_bytes"), group.of_list("memory.stat", "hierarchical_memory_limit")]
        }
        Version::Two => [group.number("memory.max"), group.number("memory.high")],
    };
    limits.into_iter().flatten().filter(|limit| *limit < NONE).min()
}

/// The bytes that a control group uses, without pages of files that were not used for a while.
fn memory_use(group: &Group) -> Option<u64> {
    let (used, cached) = match group.version {
        Version::One => ("memory.usage_in_bytes", "total_inactive_file"),
        Version::Two => ("memory.current", "inactive_file"),
    };
    let used: u64 = group.number(used)?;
    Some(used.saturating_sub(group.of_list("memory.stat", cached).unwrap_or(0)))
}

/// A line of `/proc/meminfo`, in bytes (proc_meminfo(5)).
fn meminfo(root: &Path, name: &str) -> Option<u64> {
    let all = text(root, "proc/meminfo")?;
    let line = all.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(KIB)
}
