//! `--shard K/N`: a plan dealt to several machines. No build is dealt twice, and all take about as long.

use std::collections::BTreeMap;

use super::contents::Plan;
use super::parts::{Dealt, Part, Shard};
use super::predict::{costs, load, Cost};
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

/// What no deal to so many machines can beat, in milliseconds: the longest build with its runs, or all work spread evenly,
/// in which a lane is on at least as many machines as have time for it, and each of them compiles its dependencies.
pub fn bound(costs: &[Cost], machines: usize) -> u64 {
    let mut lanes: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for cost in costs {
        lanes.entry(cost.lane).or_insert((cost.dependencies, 0)).1 += cost.ms;
    }
    let enough = |ms: u64| {
        let of_lane = |&(dependencies, work): &(u64, u64)| {
            work + dependencies * work.div_ceil((ms.saturating_sub(dependencies)).max(1)).max(1)
        };
        u128::from(lanes.values().map(of_lane).sum::<u64>()) <= u128::from(ms) * machines as u128
    };
    let mut low = costs.iter().map(|cost| cost.dependencies + cost.ms).max().unwrap_or_default();
    let mut high = lanes.values().map(|(dependencies, work)| dependencies + work).sum::<u64>().max(low);
    while low < high {
        let middle = low + (high - low) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// What a shard was dealt, with how many builds of each lane, so that one more or less is quickly counted.
#[derive(Debug, Clone)]
struct Hand {
    builds: Vec<usize>,
    lanes: Vec<usize>,
    load: u64,
}

impl Hand {
    /// The duration with one more build.
    fn with(&self, cost: &Cost) -> u64 {
        self.load + cost.ms + if self.lanes[cost.lane] == 0 { cost.dependencies } else { 0 }
    }

    /// The duration without one of its builds.
    fn without(&self, cost: &Cost) -> u64 {
        self.load - cost.ms - if self.lanes[cost.lane] == 1 { cost.dependencies } else { 0 }
    }

    /// The duration with one build for another.
    fn exchanged(&self, gone: &Cost, new: &Cost) -> u64 {
        if gone.lane == new.lane {
            return self.load - gone.ms + new.ms;
        }
        self.without(gone) + new.ms + if self.lanes[new.lane] == 0 { new.dependencies } else { 0 }
    }

    fn add(&mut self, build: usize, cost: &Cost) {
        self.load = self.with(cost);
        self.lanes[cost.lane] += 1;
        self.builds.push(build);
    }

    fn take(&mut self, at: usize, costs: &[Cost]) -> usize {
        let build = self.builds.remove(at);
        let cost = &costs[build];
        self.load = self.without(cost);
        self.lanes[cost.lane] -= 1;
        build
    }
}

/// The shard of each build, and what each shard takes. Whole lanes are dealt, or, if that ends sooner, lanes in as many
/// pieces as the bound has them on machines.
fn owners(costs: &[Cost], shards: usize) -> (Vec<usize>, Vec<u64>) {
    let bound = bound(costs, shards);
    let lanes = lanes(costs);
    let longest = |hands: &[Hand]| hands.iter().map(|hand| hand.load).max().unwrap_or_default();
    let mut hands = dealt(costs, shards, &lanes, bound);
    let pieces = pieces(costs, lanes, bound);
    if !near(longest(&hands), bound) {
        let of_pieces = dealt(costs, shards, &pieces, bound);
        if longest(&of_pieces) < longest(&hands) {
            hands = of_pieces;
        }
    }
    let mut owners = vec![0; costs.len()];
    for (shard, hand) in hands.iter().enumerate() {
        hand.builds.iter().for_each(|&build| owners[build] = shard);
    }
    (owners, hands.iter().map(|hand| hand.load).collect())
}

/// The builds of each lane.
fn lanes(costs: &[Cost]) -> Vec<Vec<usize>> {
    let mut lanes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (n, cost) in costs.iter().enumerate() {
        lanes.entry(cost.lane).or_default().push(n);
    }
    lanes.into_values().collect()
}

/// Lanes in pieces that take about as long, so many that a machine can do each within the bound.
fn pieces(costs: &[Cost], lanes: Vec<Vec<usize>>, bound: u64) -> Vec<Vec<usize>> {
    let of_lane = |mut builds: Vec<usize>| {
        let dependencies = costs[builds[0]].dependencies;
        let work: u64 = builds.iter().map(|&build| costs[build].ms).sum();
        let count = work.div_ceil(bound.saturating_sub(dependencies).max(1)).clamp(1, builds.len() as u64);
        let mut pieces: Vec<(u64, Vec<usize>)> = (0..count).map(|_| (0, Vec::new())).collect();
        builds.sort_by_key(|&build| (std::cmp::Reverse(costs[build].ms), build));
        for build in builds {
            let Some(shortest) = pieces.iter_mut().min_by_key(|(ms, _)| *ms) else { break };
            shortest.0 += costs[build].ms;
            shortest.1.push(build);
        }
        pieces.into_iter().map(|(_, builds)| builds)
    };
    lanes.into_iter().flat_map(of_lane).filter(|piece| !piece.is_empty()).collect()
}

/// Whether nothing is left to gain.
fn near(longest: u64, bound: u64) -> bool {
    longest - longest / 50 <= bound
}

/// Pieces dealt, the longest to the shard that is then done first; after that single builds go from one shard to another,
/// as long as the longer of the two gets shorter, and at last the longest shard exchanges builds with others.
fn dealt(costs: &[Cost], shards: usize, pieces: &[Vec<usize>], bound: u64) -> Vec<Hand> {
    let mut pieces: Vec<&Vec<usize>> = pieces.iter().collect();
    pieces.sort_by_key(|builds| (std::cmp::Reverse(load(costs, builds)), builds[0]));
    let lanes = costs.iter().map(|cost| cost.lane + 1).max().unwrap_or_default();
    let mut hands = vec![Hand { builds: Vec::new(), lanes: vec![0; lanes], load: 0 }; shards];
    for builds in pieces {
        let Some(hand) = hands.iter_mut().min_by_key(|hand| hand.load) else { break };
        builds.iter().for_each(|&build| hand.add(build, &costs[build]));
    }
    // Each step makes the list of loads less, so it ends; the bound only keeps a great many builds from taking long, as a
    // step may look at each build and shard.
    let most = (5_000_000 / (costs.len() * shards).max(1)).clamp(8, 8 + 4 * costs.len());
    for _ in 0..most {
        let Some((from, at, to)) = better(costs, &hands) else { break };
        let build = hands[from].take(at, costs);
        hands[to].add(build, &costs[build]);
    }
    let mut left: usize = 1_000_000;
    while let Some((from, to)) = exchange(costs, &hands, bound, &mut left) {
        let (here, there) = (hands[from.0].take(from.1, costs), hands[to.0].take(to.1, costs));
        hands[from.0].add(there, &costs[there]);
        hands[to.0].add(here, &costs[here]);
    }
    hands
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

/// A shard, and the place of a build in it.
type Place = (usize, usize);

/// Builds of the longest shard and of another that each gets in exchange: those after which the longer of the two is
/// shortest. `None` where the longest is near the bound or nothing helps, and after so many looks as are left.
fn exchange(costs: &[Cost], hands: &[Hand], bound: u64, left: &mut usize) -> Option<(Place, Place)> {
    let (from, hand) = hands.iter().enumerate().max_by_key(|(shard, hand)| (hand.load, std::cmp::Reverse(*shard)))?;
    let others = || hands.iter().enumerate().filter(|(to, _)| *to != from);
    *left = left.checked_sub(hand.builds.len() * costs.len())?;
    if near(hand.load, bound) {
        return None;
    }
    let mut best: Option<(u64, (Place, Place))> = None;
    for (at, &here) in hand.builds.iter().enumerate() {
        for (to, other) in others() {
            for (place, &there) in other.builds.iter().enumerate() {
                let longer = hand.exchanged(&costs[here], &costs[there]);
                if longer >= best.map_or(hand.load, |(longer, _)| longer) {
                    continue;
                }
                let longer = longer.max(other.exchanged(&costs[there], &costs[here]));
                if longer < best.map_or(hand.load, |(longer, _)| longer) {
                    best = Some((longer, ((from, at), (to, place))));
                }
            }
        }
    }
    best.map(|(_, places)| places)
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
        let cost = |lane: usize, build: Option<u64>| match build {
            None => Cost { lane, dependencies: 30_000, ms: LATER_BUILD_MS },
            Some(ms) => Cost { lane, dependencies: 0, ms },
        };
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

    #[test]
    fn dependencies_count_on_each_machine_that_compiles_them() {
        let cost = |lane, dependencies, ms| Cost { lane, dependencies, ms };
        let lane = [cost(0, 30, 10), cost(0, 30, 10), cost(0, 30, 10), cost(0, 30, 10)];
        assert_eq!((1..=5).map(|machines| bound(&lane, machines)).collect::<Vec<_>>(), [70, 50, 44, 40, 40]);
        assert_eq!((bound(&[], 3), bound(&[cost(0, 0, 7), cost(1, 0, 7)], 1)), (0, 14));
        // A second machine for a lane costs more than it brings.
        let (_, mut loads) = owners(&[cost(0, 30, 10), cost(0, 30, 10), cost(1, 30, 12), cost(1, 30, 12)], 2);
        loads.sort_unstable();
        assert_eq!(loads, [50, 54]);
    }

    #[test]
    fn builds_are_exchanged_where_moving_one_helps_nobody() {
        let cost = |ms| Cost { lane: 0, dependencies: 0, ms };
        // 17 and 13: whatever one shard gives to the other makes it longer than before.
        let costs = [cost(8), cost(7), cost(6), cost(5), cost(4)];
        let hands = dealt(&costs, 2, &[vec![0, 3, 4], vec![1, 2]], bound(&costs, 2));
        assert_eq!(hands.iter().map(|hand| hand.load).collect::<Vec<_>>(), [15, 15]);
    }
}
