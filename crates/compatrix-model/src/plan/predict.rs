//! What builds and runs are likely to take: from what they took before, else by rules of thumb. Predictions order and
//! balance work; no result depends on them.

use std::collections::{BTreeMap, HashMap};

use crate::facts::Durations;
use crate::matrix_spec::Spec;

use super::{Build, Plan};

/// The first build of a lane, never seen: it compiles all dependencies.
pub const FIRST_BUILD_MS: u64 = 40_000;
/// A later build of a lane, never seen.
pub const LATER_BUILD_MS: u64 = 10_000;
/// A run never seen.
pub const RUN_MS: u64 = 300;
/// A run under a tool that looks for leaks, never seen.
pub const LEAK_RUN_MS: u64 = 30_000;
/// The dependencies of a lane of which no build was seen.
const DEPENDENCIES_MS: u64 = FIRST_BUILD_MS - LATER_BUILD_MS;

/// What a build with its runs is predicted to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Which lane it is of, by number.
    pub(super) lane: usize,
    /// Milliseconds for the dependencies of the lane: each machine that has a build of it compiles them once.
    pub(super) dependencies: u64,
    /// Milliseconds without those dependencies.
    pub(super) ms: u64,
}

/// What each build of a plan is predicted to take, in its order.
pub fn costs(spec: &Spec, plan: &Plan, durations: &Durations) -> Vec<Cost> {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let ids: Vec<String> = plan.builds.iter().map(Build::id).collect();
    let build = |(build, id): (&Build, &String)| {
        let next = numbers.len();
        (*numbers.entry(build.lane()).or_insert(next), durations.builds.get(id).copied())
    };
    let mut costs = of_builds(&plan.builds.iter().zip(&ids).map(build).collect::<Vec<_>>());
    // What a run of a suite takes where this very one was never seen, found once for each build.
    let mut usual: Vec<Vec<Option<u64>>> = vec![vec![None; plan.builds.len()]; spec.suites.len()];
    for run in &plan.runs {
        let suite = &spec.suites[run.suite];
        let seen = || durations.runs.get(&(suite.name.clone(), spec.space.id(run.cell).to_string())).copied();
        let seen = (!durations.runs.is_empty()).then(seen).flatten();
        costs[run.build].ms += seen.unwrap_or_else(|| {
            *usual[run.suite][run.build].get_or_insert_with(|| {
                let key = (suite.name.clone(), ids[run.build].clone());
                let never = if suite.leak().is_some() { LEAK_RUN_MS } else { RUN_MS };
                durations.averages.get(&key).copied().unwrap_or(never)
            })
        });
    }
    costs
}

/// What builds are predicted to take without runs, from the lane of each and what it took where it was seen.
///
/// The first build of a lane had its dependencies in it. So the longest takes what is usual in its lane, and the rest of it
/// is for dependencies.
pub(super) fn of_builds(builds: &[(usize, Option<u64>)]) -> Vec<Cost> {
    let mut lanes: BTreeMap<usize, Vec<(u64, usize)>> = BTreeMap::new();
    for (at, (lane, seen)) in builds.iter().enumerate() {
        lanes.entry(*lane).or_default().extend(seen.map(|ms| (ms, at)));
    }
    let first = lanes.into_iter().map(|(lane, mut seen)| {
        seen.sort_unstable_by_key(|&(ms, at)| (ms, std::cmp::Reverse(at)));
        let usual = if seen.len() > 1 { seen[(seen.len() - 1) / 2].0 } else { LATER_BUILD_MS };
        let first = seen.last().map(|&(ms, at)| (at, ms.saturating_sub(usual)));
        (lane, first)
    });
    let first: BTreeMap<usize, Option<(usize, u64)>> = first.collect();
    let cost = |(at, (lane, seen)): (usize, &(usize, Option<u64>))| {
        let ms = seen.unwrap_or(LATER_BUILD_MS);
        match first[lane] {
            None => Cost { lane: *lane, dependencies: DEPENDENCIES_MS, ms },
            Some((first, dependencies)) => {
                Cost { lane: *lane, dependencies, ms: if at == first { ms - dependencies } else { ms } }
            }
        }
    };
    builds.iter().enumerate().map(cost).collect()
}

/// What a machine takes for these builds.
pub(super) fn load(costs: &[Cost], builds: &[usize]) -> u64 {
    let lanes: BTreeMap<usize, u64> = builds.iter().map(|&n| (costs[n].lane, costs[n].dependencies)).collect();
    builds.iter().map(|&n| costs[n].ms).sum::<u64>() + lanes.values().sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_build_of_a_lane_had_its_dependencies_in_it() {
        #[track_caller]
        fn check(builds: &[(usize, Option<u64>)], expected: &[(u64, u64)]) {
            let costs: Vec<(u64, u64)> = of_builds(builds).iter().map(|cost| (cost.dependencies, cost.ms)).collect();
            assert_eq!(costs, expected);
        }
        check(&[], &[]);
        check(&[(0, None), (0, None)], &[(30_000, 10_000), (30_000, 10_000)]);
        check(&[(0, Some(50)), (0, Some(8)), (0, Some(9))], &[(41, 9), (41, 8), (41, 9)]);
        check(&[(0, Some(8)), (1, Some(7)), (0, Some(40)), (1, Some(7))], &[(32, 8), (0, 7), (32, 8), (0, 7)]);
        // One alone: what a later build takes by rule of thumb.
        check(&[(0, Some(45_000)), (0, None)], &[(35_000, 10_000), (35_000, 10_000)]);
        check(&[(0, None), (0, Some(4_000))], &[(0, 10_000), (0, 4_000)]);
        // What was built in several places may each have them in it: they cannot be told apart.
        check(&[(0, Some(40)), (0, Some(40))], &[(0, 40), (0, 40)]);
    }
}
