//! Affinity and idle time of cores, as Linux has them.

use std::time::Duration;

use rustix::thread::{sched_getaffinity, sched_setaffinity, CpuSet};

/// How long idle time of the cores is watched.
const WATCH: Duration = Duration::from_millis(200);

/// Does something with this thread on this core alone.
pub(crate) fn on_core<T>(core: Option<usize>, act: impl FnOnce() -> T) -> T {
    let before = core.and_then(|_| sched_getaffinity(None).ok());
    let (Some(core), Some(before)) = (core, before) else { return act() };
    let mut one = CpuSet::new();
    one.set(core);
    // Where it is not allowed, all cores are as good as one.
    let _ = sched_setaffinity(None, &one);
    let done = act();
    let _ = sched_setaffinity(None, &before);
    done
}

/// The core that is idle most, of those that this process may use; `None` where that is not known.
pub(crate) fn idlest() -> Option<usize> {
    let allowed = sched_getaffinity(None).ok()?;
    let before = idle_ticks()?;
    std::thread::sleep(WATCH);
    let after = idle_ticks()?;
    let idle = |core: &usize| after.get(*core).zip(before.get(*core)).map(|(now, then)| now.saturating_sub(*then));
    // Of equals the last: the first ones serve interrupts.
    (0..CpuSet::MAX_CPU.min(after.len())).filter(|core| allowed.is_set(*core)).max_by_key(|core| idle(core))
}

/// The idle time of each core (proc_stat(5), fields 4 and 5 of `cpuN`).
#[allow(clippy::disallowed_methods, reason = "a fact of the kernel")]
fn idle_ticks() -> Option<Vec<u64>> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let mut all = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(core) = words.next().and_then(|word| word.strip_prefix("cpu")?.parse::<usize>().ok()) else {
            continue;
        };
        all.resize(all.len().max(core + 1), 0);
        all[core] = words.skip(3).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    }
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_back_on_all_its_cores() {
        let before = sched_getaffinity(None).unwrap();
        let core = idlest().unwrap();
        let within = on_core(Some(core), || sched_getaffinity(None).unwrap());
        assert_eq!((within.count(), within.is_set(core)), (1, true));
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
