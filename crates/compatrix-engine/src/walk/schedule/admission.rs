//! Admission: whether a core has time for one task more, and memory is left for it. Pure; what is measured is an argument.
//!
//! Tests sleep, wait for locks and for each other, so that as many of them as there are cores leave cores idle. A run is
//! therefore admitted by what the tasks under way want of the cores, not by their number: as measured where they are old
//! enough to be measured, and as runs of the same suite did on average.

use compatrix_model::facts::Habit;

/// The share of the memory that runs may fill; the rest is for the system, its file cache and estimates that are too low.
const MEMORY_SHARE: f64 = 0.8;
/// How many cores' worth of work more than there are cores, for each of them: a core whose task waits for a moment has
/// another one.
const SLACK: f64 = 0.25;
/// The same beyond that for a run that wants next to nothing: its sleep is to overlap with builds that fill all cores.
const SLACK_OF_SLEEPERS: f64 = 0.5;

/// What may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Admission {
    /// The cores that tasks may fill; a quota of half a core is 0.5.
    pub(crate) cores: f64,
    /// The machine's memory in bytes.
    pub(crate) memory: u64,
    /// The most runs at once, however little they want.
    pub(crate) most_runs: usize,
}

/// What the tasks under way want.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Load {
    /// How many there are.
    pub(crate) tasks: usize,
    /// How many of them are runs.
    pub(crate) runs: usize,
    /// Cores' worth of work.
    pub(crate) wanted: f64,
    /// Bytes in use on the machine, and those that runs under way are expected to take yet.
    pub(crate) memory: u64,
}

/// What one more run is expected to want.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Demand {
    /// Cores' worth of work, on average.
    pub(crate) cores: f64,
    /// Bytes at its peak.
    pub(crate) memory: u64,
}

impl Admission {
    /// Whether one more run may start. One task at a time always may: a machine that is too small for it will not grow. And
    /// one run may go beside builds that fill all cores, so that results come early.
    pub(crate) fn admits(&self, load: &Load, next: &Demand) -> bool {
        if load.tasks == 0 || self.is_serial() {
            return load.tasks == 0;
        }
        let sleeps = 1.0 - next.cores.min(1.0);
        let slack = SLACK + SLACK_OF_SLEEPERS * sleeps * sleeps;
        let has_cores = load.runs == 0 || load.wanted + next.cores <= self.cores * (1.0 + slack);
        load.runs < self.most_runs && has_cores && self.has_memory(load, next.memory)
    }

    /// Whether nothing is to have company.
    pub(crate) fn is_serial(&self) -> bool {
        self.most_runs <= 1
    }

    /// Whether a build may start beside these tasks, as far as memory goes.
    pub(crate) fn admits_a_build(&self, load: &Load) -> bool {
        load.tasks == 0 || (!self.is_serial() && self.has_memory(load, 0))
    }

    fn has_memory(&self, load: &Load, more: u64) -> bool {
        (load.memory.saturating_add(more)) as f64 <= self.memory as f64 * MEMORY_SHARE
    }
}

impl Demand {
    /// That of a run of a suite with this habit: one core if nothing is known.
    pub(crate) fn of(habit: &Habit) -> Self {
        Self { cores: habit.cores().unwrap_or(1.0), memory: habit.peak_memory }
    }
}

/// What a task under way wants: at least what such tasks want on average, if that is known, because one that sleeps now
/// may have its work before it; one that is too young to be measured wants as much as is expected.
pub(crate) fn wanted(measured: Option<f64>, usual: Option<f64>) -> f64 {
    match (measured, usual) {
        (Some(measured), usual) => measured.max(usual.unwrap_or_default()),
        (None, usual) => usual.unwrap_or(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn two_cores() -> Admission {
        Admission { cores: 2.0, memory: 24 * GIB, most_runs: 32 }
    }

    #[track_caller]
    fn admitted(admission: Admission, demand: Demand) -> usize {
        let mut load = Load::default();
        while admission.admits(&load, &demand) && load.runs < 1000 {
            load.runs += 1;
            load.tasks += 1;
            load.wanted += demand.cores;
            load.memory += demand.memory;
        }
        load.runs
    }

    #[test]
    fn sleepers_overlap_to_the_cap_and_spinners_to_the_cores() {
        let demand = |cores, memory| Demand { cores, memory };
        assert_eq!(admitted(two_cores(), demand(0.05, 0)), 32, "the cap");
        assert_eq!(admitted(two_cores(), demand(1.0, 0)), 2);
        assert_eq!(admitted(two_cores(), demand(0.8, 0)), 3, "what waits leaves room for a third");
        assert_eq!(admitted(two_cores(), demand(2.0, 0)), 1, "as many threads as cores");
        assert_eq!(admitted(two_cores(), demand(0.05, 4 * GIB)), 4, "four times 4 GiB are within 80 % of 24 GiB");
        assert_eq!(admitted(two_cores(), demand(0.05, 30 * GIB)), 1, "one always may");
        let half = Admission { cores: 0.5, ..two_cores() };
        assert_eq!((admitted(half, demand(1.0, 0)), admitted(half, demand(0.05, 0))), (1, 17));
        let serial = Admission { most_runs: 1, ..two_cores() };
        assert_eq!(admitted(serial, demand(0.05, 0)), 1);
    }

    #[test]
    fn one_run_goes_beside_builds_that_fill_all_cores() {
        let builds = Load { tasks: 2, runs: 0, wanted: 3.0, memory: 0 };
        let run = Demand { cores: 1.0, memory: 0 };
        assert!(two_cores().admits(&builds, &run));
        assert!(!two_cores().admits(&Load { tasks: 3, runs: 1, ..builds }, &run));
        let sleeper = Demand { cores: 0.2, memory: 0 };
        assert!(
            two_cores().admits(&Load { tasks: 5, runs: 3, wanted: 2.6, memory: 0 }, &sleeper),
            "its sleep overlaps"
        );
        assert!(
            !two_cores().admits(&Load { memory: 20 * GIB, ..builds }, &run),
            "memory is no matter of early results"
        );
        let serial = Admission { most_runs: 1, ..two_cores() };
        assert!(!serial.admits(&Load { tasks: 1, ..Load::default() }, &run) && !serial.admits_a_build(&builds));
    }

    #[test]
    fn a_build_waits_for_memory_and_not_for_cores() {
        let load = |memory| Load { tasks: 3, runs: 1, wanted: 9.0, memory };
        assert!(two_cores().admits_a_build(&load(19 * GIB)));
        assert!(!two_cores().admits_a_build(&load(20 * GIB)));
        assert!(two_cores().admits_a_build(&Load { memory: 20 * GIB, ..Load::default() }));
    }

    #[test]
    fn what_is_measured_counts_and_what_is_usual_is_the_least() {
        assert_eq!(wanted(None, None), 1.0);
        assert_eq!(wanted(None, Some(0.2)), 0.2);
        assert_eq!(wanted(Some(0.0), None), 0.0);
        assert_eq!(wanted(Some(0.0), Some(0.9)), 0.9, "it sleeps now, its work is to come");
        assert_eq!(wanted(Some(2.5), Some(0.9)), 2.5);
    }
}
