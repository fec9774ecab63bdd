//! What ended work says about work ahead.

use std::collections::BTreeMap;

use super::took::{cores, Ahead, Took};
use crate::plan::predict::{FIRST_BUILD_MS, LATER_BUILD_MS};

/// The cores that work uses of which nothing is known.
const USUAL_CORES: f64 = 1.0;

/// What similar work took, added up.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: f64,
    wall_ms: f64,
    /// Of those whose processor time was measured.
    measured_ms: f64,
    cpu_ms: f64,
    wanted_ms: f64,
}

/// What the builds and runs of this walk took.
#[derive(Debug, Clone, Default)]
pub(super) struct Learned {
    /// By whether a build was the first of its lane.
    builds: BTreeMap<bool, Sum>,
    /// Of builds that were not the first of their lane, by lane.
    lanes: BTreeMap<usize, Sum>,
    /// By suite, and by suite and build.
    suites: BTreeMap<usize, Sum>,
    pairs: BTreeMap<(usize, usize), Sum>,
    /// Of work that was seen before: what it took now, and then. Builds as above.
    builds_again: BTreeMap<bool, Ratio>,
    runs_again: Ratio,
}

/// What was seen before, compared with what it took then.
#[derive(Debug, Clone, Copy, Default)]
struct Ratio {
    count: f64,
    now_ms: f64,
    then_ms: f64,
}

impl Sum {
    fn add(&mut self, took: Took) {
        self.count += 1.0;
        self.wall_ms += took.wall_ms as f64;
        self.uses(took);
    }

    fn uses(&mut self, took: Took) {
        if let Some(cpu_ms) = took.cpu_ms {
            self.measured_ms += took.wall_ms as f64;
            self.cpu_ms += cpu_ms as f64;
            self.wanted_ms += took.wanted_ms.unwrap_or(cpu_ms) as f64;
        }
    }

    /// The mean wall time; none if nothing ended.
    fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.wall_ms / self.count)
    }

    /// The cores that it used on average; none if that is not known.
    fn cores(&self) -> Option<f64> {
        cores(self.cpu_ms, self.measured_ms)
    }

    /// The cores that it wanted on average; none if that is not known.
    fn wants(&self) -> Option<f64> {
        cores(self.wanted_ms, self.measured_ms)
    }
}

impl Ratio {
    fn add(&mut self, then: Option<Took>, took: Took) {
        if let Some(then) = then {
            self.count += 1.0;
            self.now_ms += took.wall_ms as f64;
            self.then_ms += then.wall_ms as f64;
        }
    }

    /// How much longer it takes than before. The fewer there are, the less is concluded from them: one build may have had
    /// to compile its dependencies now, and not then.
    fn value(&self) -> f64 {
        if self.then_ms < 1.0 {
            return 1.0;
        }
        (self.now_ms / self.then_ms).clamp(0.05, 20.0).powf(self.count / (self.count + 1.0))
    }
}

impl Learned {
    pub(super) fn build(&mut self, lane: usize, first: bool, seen: Option<Took>, took: Took) {
        self.builds.entry(first).or_default().add(took);
        if !first {
            self.lanes.entry(lane).or_default().add(took);
        }
        self.builds_again.entry(first).or_default().add(seen, took);
    }

    pub(super) fn run(&mut self, suite: usize, build: usize, seen: Option<Took>, took: Took) {
        self.suites.entry(suite).or_default().add(took);
        self.pairs.entry((suite, build)).or_default().add(took);
        self.runs_again.add(seen, took);
    }

    /// The cores that a build under way uses.
    pub(super) fn build_uses(&mut self, lane: usize, first: bool, used: Took) {
        self.builds.entry(first).or_default().uses(used);
        if !first {
            self.lanes.entry(lane).or_default().uses(used);
        }
    }

    /// The cores that a run under way uses.
    pub(super) fn run_uses(&mut self, suite: usize, build: usize, used: Took) {
        self.suites.entry(suite).or_default().uses(used);
        self.pairs.entry((suite, build)).or_default().uses(used);
    }

    pub(super) fn build_ahead(&self, lane: usize, first: bool, seen: Option<Took>) -> Ahead {
        let of_kind = self.builds.get(&first);
        let of_other = self.builds.get(&!first);
        let of_lane = self.lanes.get(&lane).filter(|_| !first);
        let usual = |first: bool| if first { FIRST_BUILD_MS } else { LATER_BUILD_MS } as f64;
        let wall_ms = match seen {
            Some(seen) => seen.wall_ms as f64 * self.builds_again.get(&first).map_or(1.0, Ratio::value),
            None => of_lane.and_then(Sum::mean).or(of_kind.and_then(Sum::mean)).unwrap_or_else(|| {
                // A first build takes several times what a later one takes.
                let other = of_other.and_then(Sum::mean);
                other.map_or(usual(first), |other| other * usual(first) / usual(!first))
            }),
        };
        let of = |of_sum: fn(&Sum) -> Option<f64>, of_seen: fn(Took) -> Option<f64>| {
            let known = [of_lane, of_kind].into_iter().flatten().find_map(of_sum);
            known.or(seen.and_then(of_seen)).or(of_other.and_then(of_sum)).unwrap_or(USUAL_CORES)
        };
        Ahead { wall_ms, cores: of(Sum::cores, Took::cores), wants: of(Sum::wants, Took::wants) }
    }

    pub(super) fn run_ahead(&self, suite: usize, build: usize, seen: Option<Took>, usual: Took) -> Ahead {
        let (of_suite, of_pair) = (self.suites.get(&suite), self.pairs.get(&(suite, build)));
        let wall_ms = match seen {
            Some(seen) => seen.wall_ms as f64 * self.runs_again.value(),
            None => of_pair.and_then(Sum::mean).or(of_suite.and_then(Sum::mean)).unwrap_or(usual.wall_ms as f64),
        };
        let of = |of_sum: fn(&Sum) -> Option<f64>, of_seen: fn(Took) -> Option<f64>| {
            let known = of_pair.and_then(of_sum).or(seen.and_then(of_seen)).or(of_suite.and_then(of_sum));
            known.or(of_seen(usual)).unwrap_or(USUAL_CORES)
        };
        Ahead { wall_ms, cores: of(Sum::cores, Took::cores), wants: of(Sum::wants, Took::wants) }
    }
}
