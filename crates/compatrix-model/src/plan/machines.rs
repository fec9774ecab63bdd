//! Many machines, simulated: a plan is dealt by what a ledger says, and each machine takes what its part really takes. It
//! answers how soon the last one is done, and how far that is from what no deal can beat. The ledger is made up.

use super::predict::{load, of_builds, Cost};
use super::shard::{bound, pack};

/// Lanes, builds and runs of the made-up plan.
const LANES: usize = 25;
const BUILDS: usize = 500;
const RUNS_OF_BUILD: usize = 200;
/// How many parts a machine gets one after another where parts wait for machines.
const PARTS_OF_MACHINE: usize = 4;

/// A made-up plan of 500 builds and 100,000 runs.
#[derive(Debug, Clone)]
pub struct MadeUp {
    /// What everything takes.
    truth: Vec<Cost>,
    /// What it is predicted to take.
    predicted: Vec<Cost>,
}

impl MadeUp {
    /// Lanes from a few builds to a hundred, dependencies of 15 to 75 s, builds of 4 to 30 s, runs of 50 ms to 2 s, of which
    /// a build has 200. The ledger has seen all of it on one machine, each up to a tenth longer or shorter than next time.
    pub fn new() -> Self {
        Self::with_longest(None)
    }

    /// The same, and in one build a run that takes so many milliseconds, as of Miri with many seeds.
    pub fn with_longest(run_ms: Option<u64>) -> Self {
        let mut random = Random(7);
        let dependencies: Vec<u64> = (0..LANES).map(|_| random.between(15_000, 75_000)).collect();
        let mut begun = [false; LANES];
        let (mut truth, mut seen, mut runs_seen) = (Vec::new(), Vec::new(), Vec::new());
        for build in 0..BUILDS {
            let place = random.between(0, 999) * random.between(0, 999);
            let lane = usize::try_from(place * LANES as u64 / 1_000_000).unwrap_or_default();
            let (own, usual) = (random.between(4_000, 30_000), 50 << random.between(0, 4));
            let runs = (0..RUNS_OF_BUILD).map(|_| random.between(usual, 2 * usual + usual / 2));
            let mut runs: Vec<u64> = runs.collect();
            runs.extend(run_ms.filter(|_| build == 0));
            truth.push(Cost { lane, dependencies: dependencies[lane], ms: own + runs.iter().sum::<u64>() });
            let first = if std::mem::replace(&mut begun[lane], true) { 0 } else { dependencies[lane] };
            seen.push((lane, Some(random.about(own + first))));
            runs_seen.push(runs.into_iter().map(|ms| random.about(ms)).sum::<u64>());
        }
        let mut predicted = of_builds(&seen);
        predicted.iter_mut().zip(runs_seen).for_each(|(cost, runs)| cost.ms += runs);
        Self { truth, predicted }
    }

    /// Deals it to so many machines and lets them work.
    pub fn simulate(&self, machines: usize) -> Simulated {
        let builds: Vec<usize> = (0..self.truth.len()).collect();
        let dealt = |parts| pack(&self.predicted, &builds, parts);
        let takes = |(builds, _): &(Vec<usize>, u64)| load(&self.truth, builds);
        let parts: Vec<u64> = dealt(machines).iter().map(takes).collect();
        let mut waiting = dealt(machines * PARTS_OF_MACHINE);
        waiting.sort_by_key(|(_, predicted)| std::cmp::Reverse(*predicted));
        let waiting: Vec<u64> = waiting.iter().map(takes).collect();
        let speeds = speeds(machines);
        let at_speed = |(ms, speed): (&u64, &u64)| ms * 1000 / speed;
        Simulated {
            bound_ms: bound(&self.truth, machines),
            alike_ms: parts.iter().copied().max().unwrap_or_default(),
            uneven_ms: parts.iter().zip(&speeds).map(at_speed).max().unwrap_or_default(),
            waiting_ms: taken(&waiting, &speeds),
        }
    }
}

impl Default for MadeUp {
    fn default() -> Self {
        Self::new()
    }
}

/// How long until the last machine is done, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simulated {
    /// What no deal can beat.
    pub bound_ms: u64,
    /// A part a machine, all equally fast.
    pub alike_ms: u64,
    /// A part a machine, their speeds from three quarters to five quarters of the usual.
    pub uneven_ms: u64,
    /// On the same machines, four parts a machine that wait until one is free, the longest first.
    pub waiting_ms: u64,
}

/// When all parts are done, if a machine that is free takes the next.
fn taken(parts: &[u64], speeds: &[u64]) -> u64 {
    let mut free = vec![0; speeds.len()];
    for part in parts {
        let next = free.iter_mut().zip(speeds).min_by_key(|(free, _)| **free);
        let Some((free, speed)) = next else { break };
        *free += part * 1000 / speed;
    }
    free.into_iter().max().unwrap_or_default()
}

/// In thousandths of the usual speed: evenly spread, so that all together do as much as that many usual machines.
fn speeds(machines: usize) -> Vec<u64> {
    let steps = machines.saturating_sub(1).max(1);
    let speed = |n: usize| if machines == 1 { 1000 } else { 750 + (500 * n / steps) as u64 };
    let mut speeds: Vec<u64> = (0..machines).map(speed).collect();
    let mut random = Random(11);
    for at in (1..machines).rev() {
        speeds.swap(at, usize::try_from(random.between(0, at as u64)).unwrap_or_default());
    }
    speeds
}

/// SplitMix64: the same numbers everywhere (<https://prng.di.unimi.it/splitmix64.c>).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// Up to a tenth more or less.
    fn about(&mut self, ms: u64) -> u64 {
        ms * self.between(900, 1100) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_64_machines_are_done_within_a_tenth_of_what_no_deal_can_beat() {
        let made_up = MadeUp::new();
        assert_eq!(made_up.truth.len(), BUILDS);
        for machines in [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64] {
            let simulated = made_up.simulate(machines);
            assert!(simulated.bound_ms <= simulated.alike_ms, "{machines}: {simulated:?}");
            assert!(simulated.alike_ms * 10 <= simulated.bound_ms * 11, "{machines}: {simulated:?}");
            assert!(simulated.uneven_ms * 10 <= simulated.bound_ms * 15, "{machines}: {simulated:?}");
            assert!(simulated.waiting_ms * 10 <= simulated.bound_ms * 14, "{machines}: {simulated:?}");
        }
    }

    #[test]
    fn twice_the_machines_take_about_half_as_long_until_one_build_bounds() {
        let made_up = MadeUp::new();
        let times: Vec<u64> = [1, 2, 4, 8, 16, 32, 64].iter().map(|&n| made_up.simulate(n).alike_ms).collect();
        assert!(times.windows(2).all(|pair| pair[1] * 10 <= pair[0] * 7), "{times:?}");
        let longest = 2 * 3_600_000;
        let made_up = MadeUp::with_longest(Some(longest));
        let times: Vec<Simulated> = [4, 16, 64].iter().map(|&n| made_up.simulate(n)).collect();
        assert!(times[0].bound_ms > longest + longest / 2, "{times:?}");
        let build = made_up.truth[0].dependencies + made_up.truth[0].ms;
        for simulated in &times[1..] {
            assert_eq!((simulated.bound_ms, simulated.alike_ms), (build, build), "{times:?}");
        }
    }

    #[test]
    fn machines_that_are_free_take_the_next_part() {
        assert_eq!(taken(&[], &[1000, 1000]), 0);
        assert_eq!(taken(&[40, 30, 20], &[1000, 1000]), 50);
        assert_eq!(taken(&[40, 30, 20], &[2000, 1000]), 30);
        assert_eq!(speeds(1), [1000]);
        let (least, most) = (speeds(64).into_iter().min(), speeds(64).into_iter().max());
        assert_eq!((least, most, speeds(64).iter().sum::<u64>() / 64), (Some(750), Some(1250), 999));
    }
}
