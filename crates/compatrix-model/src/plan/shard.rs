//! `--shard K/N`: a plan dealt to several machines. No build is dealt twice, and all take about as long.

use std::collections::{BTreeMap, HashMap};

use super::build::Build;
use super::contents::Plan;
use super::parts::{Dealt, Part, Shard};
use crate::facts::{Durations, HostFacts, FIRST_BUILD_MS, LATER_BUILD_MS, LEAK_RUN_MS, RUN_MS};
use crate::matrix_spec::Spec;

/// The shard's part of a plan. What cannot be run goes to the first.
pub fn deal(spec: &Spec, plan: &Plan, facts: &HostFacts, shard: Shard) -> (Part, Dealt) {
    let (owners, loads) = owners(&costs(spec, plan, &facts.durations), shard.of());
    let mine = |build: usize| owners[build] == shard.number() - 1;
    let mut part: Part = plan.runs.iter().filter(|run| mine(run.build)).map(|run| (run.suite, run.cell)).collect();
    let runs = part.len();
    if shard.number() == 1 {
        part.extend(plan.skips.iter().map(|skip| (skip.suite, skip.cell)));
    }
    let mut hash = Fnv::new();
    for (build, owner) in plan.builds.iter().zip(&owners) {
        hash.add(&format!("{} {owner} of {}\n", build.id(), shard.of()));
    }
    let dealt = Dealt {
        shard,
        builds: (0..owners.len()).filter(|&build| mine(build)).count(),
        builds_of: owners.len(),
        runs,
        runs_of: plan.runs.len(),
        predicted_ms: loads[shard.number() - 1],
        longest_ms: loads.iter().copied().max().unwrap_or_default(),
        deal: format!("{:08x}", hash.0 as u32 ^ (hash.0 >> 32) as u32),
    };
    (part, dealt)
}

/// Some builds packed into at most so many parts that take about as long: builds by position, in order, and what they are
/// predicted to take one after another, in milliseconds. No part is empty.
pub fn pack(costs: &[Cost], builds: &[usize], parts: usize) -> Vec<(Vec<usize>, u64)> {
    if parts >= builds.len() {
        return builds.iter().map(|&build| (vec![build], load(costs, &[build]))).collect();
    }
    let of_these: Vec<Cost> = builds.iter().map(|&build| costs[build]).collect();
    let (owners, loads) = owners(&of_these, parts);
    let mut packed: Vec<(Vec<usize>, u64)> = loads.into_iter().map(|load| (Vec::new(), load)).collect();
    for (build, owner) in builds.iter().zip(owners) {
        packed[owner].0.push(*build);
    }
    packed.retain(|(builds, _)| !builds.is_empty());
    packed
}

/// What a build with its runs is predicted to take.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Which lane it is of, by number.
    lane: usize,
    /// Whether it was seen before; the first of a lane never seen compiles the dependencies of all.
    seen: bool,
    /// Milliseconds without those dependencies.
    ms: u64,
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

/// What the dependencies of a lane take that no build of it was seen of.
const DEPENDENCIES_MS: u64 = FIRST_BUILD_MS - LATER_BUILD_MS;

/// What a machine takes for these builds.
fn load(costs: &[Cost], builds: &[usize]) -> u64 {
    let mut unseen: BTreeMap<usize, bool> = BTreeMap::new();
    for cost in builds.iter().map(|&n| &costs[n]) {
        *unseen.entry(cost.lane).or_insert(true) &= !cost.seen;
    }
    let dependencies = unseen.values().filter(|unseen| **unseen).count() as u64 * DEPENDENCIES_MS;
    builds.iter().map(|&n| costs[n].ms).sum::<u64>() + dependencies
}

/// What a shard was dealt, with how many builds of each lane were seen and were not, so that one more or less is quickly
/// reckoned.
#[derive(Debug, Clone)]
struct Hand {
    builds: Vec<usize>,
    lanes: Vec<(usize, usize)>,
    load: u64,
}

impl Hand {
    fn dependencies((seen, unseen): (usize, usize)) -> u64 {
        if seen == 0 && unseen > 0 {
            DEPENDENCIES_MS
        } else {
            0
        }
    }

    /// What it takes with one more build.
    fn with(&self, cost: &Cost) -> u64 {
        let before @ (seen, unseen) = self.lanes[cost.lane];
        let after = if cost.seen { (seen + 1, unseen) } else { (seen, unseen + 1) };
        self.load + cost.ms + Self::dependencies(after) - Self::dependencies(before)
    }

    /// What it takes without one of its builds.
    fn without(&self, cost: &Cost) -> u64 {
        let before @ (seen, unseen) = self.lanes[cost.lane];
        let after = if cost.seen { (seen - 1, unseen) } else { (seen, unseen - 1) };
        self.load + Self::dependencies(after) - Self::dependencies(before) - cost.ms
    }

    fn add(&mut self, build: usize, cost: &Cost) {
        self.load = self.with(cost);
        let (seen, unseen) = &mut self.lanes[cost.lane];
        *(if cost.seen { seen } else { unseen }) += 1;
        self.builds.push(build);
    }

    fn take(&mut self, at: usize, costs: &[Cost]) -> usize {
        let build = self.builds.remove(at);
        let cost = &costs[build];
        self.load = self.without(cost);
        let (seen, unseen) = &mut self.lanes[cost.lane];
        *(if cost.seen { seen } else { unseen }) -= 1;
        build
    }
}

/// The shard of each build, and what each shard takes: whole lanes first, the longest to the shard that is then done first;
/// after that single builds go from one shard to another as long as the longer of the two gets shorter.
fn owners(costs: &[Cost], shards: usize) -> (Vec<usize>, Vec<u64>) {
    let lanes = costs.iter().map(|cost| cost.lane + 1).max().unwrap_or_default();
    let mut of_lane: Vec<Vec<usize>> = vec![Vec::new(); lanes];
    for (n, cost) in costs.iter().enumerate() {
        of_lane[cost.lane].push(n);
    }
    of_lane.retain(|builds| !builds.is_empty());
    of_lane.sort_by_key(|builds| (std::cmp::Reverse(load(costs, builds)), builds[0]));
    let mut hands = vec![Hand { builds: Vec::new(), lanes: vec![(0, 0); lanes], load: 0 }; shards];
    for builds in of_lane {
        let Some(hand) = hands.iter_mut().min_by_key(|hand| hand.load) else { break };
        builds.iter().for_each(|&build| hand.add(build, &costs[build]));
    }
    // Each step makes the list of loads less, so it ends; the bound only keeps a great many builds from taking long, as a
    // step may look at each build and shard.
    let most = (20_000_000 / (costs.len() * shards).max(1)).clamp(8, 8 + 4 * costs.len());
    for _ in 0..most {
        let Some((from, at, to)) = better(costs, &hands) else { break };
        let build = hands[from].take(at, costs);
        hands[to].add(build, &costs[build]);
    }
    let mut owners = vec![0; costs.len()];
    for (shard, hand) in hands.iter().enumerate() {
        hand.builds.iter().for_each(|&build| owners[build] = shard);
    }
    (owners, hands.iter().map(|hand| hand.load).collect())
}

/// A build to take from one shard, by its place there, and the shard to give it to: from the longest that can be helped,
/// what helps most.
fn better(costs: &[Cost], hands: &[Hand]) -> Option<(usize, usize, usize)> {
    let mut longest: Vec<usize> = (0..hands.len()).filter(|&shard| hands[shard].builds.len() > 1).collect();
    longest.sort_by_key(|&shard| (std::cmp::Reverse(hands[shard].load), shard));
    // One empty shard is as good as any other.
    let empty = hands.iter().position(|hand| hand.builds.is_empty());
    let others: Vec<usize> = (0..hands.len()).filter(|&to| !hands[to].builds.is_empty() || Some(to) == empty).collect();
    longest.into_iter().find_map(|from| {
        let mut best: Option<(u64, (usize, usize, usize))> = None;
        for (at, &build) in hands[from].builds.iter().enumerate() {
            let rest = hands[from].without(&costs[build]);
            for &to in others.iter().filter(|&&to| to != from && hands[to].load < hands[from].load) {
                let longer = rest.max(hands[to].with(&costs[build]));
                if longer < hands[from].load && best.as_ref().is_none_or(|(other, _)| longer < *other) {
                    best = Some((longer, (from, at, to)));
                }
            }
        }
        best.map(|(_, step)| step)
    })
}

/// FNV-1a: a short word for what two machines must agree in; no one need be kept from forging it
/// (<http://www.isthe.com/chongo/tech/comp/fnv/>).
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, text: &str) {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_as_written() {
        #[track_caller]
        fn refused(text: &str, expected: &str) {
            let error = text.parse::<Shard>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let shard: Shard = "2/4".parse().unwrap();
        assert_eq!((shard.number(), shard.of(), shard.to_string().as_str()), (2, 4, "2/4"));
        for text in ["", "2", "2/", "/4", "a/b", "-1/4", "1/4/2", "1 / 4", "+1/4", "1/99999999999999999999999"] {
            refused(text, "which of how many");
        }
        refused("0/4", "count from 1");
        refused("0/0", "count from 1");
        refused("5/4", "1/4 to 4/4");
        refused("1/1001", "at most 1000");
    }

    #[test]
    fn lanes_stay_together_until_that_takes_longer() {
        let cost =
            |lane: usize, build: Option<u64>| Cost { lane, seen: build.is_some(), ms: build.unwrap_or(LATER_BUILD_MS) };
        let unseen = [cost(0, None), cost(0, None), cost(1, None), cost(1, None)];
        let (owners, loads) = owners(&unseen, 2);
        assert_eq!((owners[0] == owners[1], owners[2] == owners[3], loads), (true, true, vec![50_000, 50_000]));
        let seen = [cost(0, Some(10)), cost(0, Some(10)), cost(0, Some(20)), cost(1, Some(1))];
        let (_, mut loads) = super::owners(&seen, 2);
        loads.sort_unstable();
        assert_eq!(loads, [20, 21]);
        // Twice the dependencies are worth it where a machine would do nothing else.
        let (_, loads) = super::owners(&unseen[..2], 2);
        assert_eq!(loads, [40_000, 40_000]);
    }
}
