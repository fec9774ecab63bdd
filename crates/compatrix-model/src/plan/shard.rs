//! `--shard K/N`: a plan dealt to several machines. No build is dealt twice, and all take about as long.

use super::contents::Plan;
use super::parts::{Dealt, Part, Shard};
use super::predict::{costs, load, Cost, DEPENDENCIES_MS};
use crate::facts::PlanFacts;
use crate::matrix_spec::Spec;

/// Extracts the shard's part of a plan. Skipped cells go to the first.
pub fn deal(spec: &Spec, plan: &Plan, facts: &PlanFacts, shard: Shard) -> (Part, Dealt) {
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

    /// The duration with one more build.
    fn with(&self, cost: &Cost) -> u64 {
        let before @ (seen, unseen) = self.lanes[cost.lane];
        let after = if cost.seen { (seen + 1, unseen) } else { (seen, unseen + 1) };
        self.load + cost.ms + Self::dependencies(after) - Self::dependencies(before)
    }

    /// The duration without one of its builds.
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
    // Empty shards are equivalent.
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
    use crate::plan::predict::LATER_BUILD_MS;

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
        // Building dependencies twice is worth it if a machine would otherwise be idle.
        let (_, loads) = super::owners(&unseen[..2], 2);
        assert_eq!(loads, [40_000, 40_000]);
    }
}
