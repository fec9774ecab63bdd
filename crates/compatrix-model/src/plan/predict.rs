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
pub(super) const DEPENDENCIES_MS: u64 = FIRST_BUILD_MS - LATER_BUILD_MS;

/// What a build with its runs is predicted to take.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Which lane it is of, by number.
    pub(super) lane: usize,
    /// Whether it was seen before; the first of a lane never seen compiles the dependencies of all.
    pub(super) seen: bool,
    /// Milliseconds without those dependencies.
    pub(super) ms: u64,
}

/// What each build of a plan is predicted to take, in its order.
pub fn costs(spec: &Spec, plan: &Plan, durations: &Durations) -> Vec<Cost> {
    let mut lanes: HashMap<String, usize> = HashMap::new();
    let ids: Vec<String> = plan.builds.iter().map(Build::id).collect();
    let cost = |(build, id): (&Build, &String)| {
        let next = lanes.len();
        let known = durations.builds.get(id).copied();
        let lane = *lanes.entry(build.lane()).or_insert(next);
        Cost { lane, seen: known.is_some(), ms: known.unwrap_or(LATER_BUILD_MS) }
    };
    let mut costs: Vec<Cost> = plan.builds.iter().zip(&ids).map(cost).collect();
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

/// What a machine takes for these builds.
pub(super) fn load(costs: &[Cost], builds: &[usize]) -> u64 {
    let mut unseen: BTreeMap<usize, bool> = BTreeMap::new();
    for cost in builds.iter().map(|&n| &costs[n]) {
        *unseen.entry(cost.lane).or_insert(true) &= !cost.seen;
    }
    let dependencies = unseen.values().filter(|unseen| **unseen).count() as u64 * DEPENDENCIES_MS;
    builds.iter().map(|&n| costs[n].ms).sum::<u64>() + dependencies
}
