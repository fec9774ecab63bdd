//! `--shard K/N`: a plan dealt to several machines. No build is dealt twice, and all take about as long.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::facts::{HostFacts, FIRST_BUILD_MS, LATER_BUILD_MS, RUN_MS};
use crate::plan::Plan;
use crate::spec::Spec;

use super::narrow::Part;

/// More machines than this are surely a mistake.
const MOST: usize = 1000;

/// One part of so many, counted from 1: `2/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// Which part, from 1.
    pub fn number(self) -> usize {
        self.number
    }

    /// How many parts there are.
    pub fn of(self) -> usize {
        self.of
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let parts = text.split_once('/').and_then(|(number_, of)| Some((number(number_)?, number(of)?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) && of <= MOST => Ok(Self { number, of }),
            Some((_, of)) if of > MOST => Err(format!("at most {MOST} shards")),
            Some((0, _)) => Err("shards count from 1: `1/4` is the first of four".to_owned()),
            Some((number, of)) => Err(format!("there is no shard {number} of {of}; name one of 1/{of} to {of}/{of}")),
            None => Err("write which of how many: `1/4` is the first of four".to_owned()),
        }
    }
}

/// What a shard got of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dealt {
    /// Which one.
    pub shard: Shard,
    /// Its builds.
    pub builds: usize,
    /// Builds of all shards.
    pub builds_of: usize,
    /// Its runs.
    pub runs: usize,
    /// Runs of all shards.
    pub runs_of: usize,
    /// What it is predicted to take, one thing after another, in milliseconds.
    pub predicted_ms: u64,
    /// What the longest of all shards is predicted to take.
    pub longest_ms: u64,
    /// The same text in all shards of one plan: which build went to which. Where it differs, machines were dealt different
    /// plans, and a build may have gone to none.
    pub deal: String,
}

/// The shard's part of a plan. What cannot be run goes to the first.
pub fn deal(spec: &Spec, plan: &Plan, facts: &HostFacts, shard: Shard) -> (Part, Dealt) {
    let costs = costs(spec, plan, facts);
    let (owners, loads) = owners(&costs, shard.of);
    let mine = |build: usize| owners[build] == shard.number - 1;
    let mut part: Part = plan.runs.iter().filter(|run| mine(run.build)).map(|run| (run.suite, run.cell)).collect();
    let runs = part.len();
    if shard.number == 1 {
        part.extend(plan.skips.iter().map(|skip| (skip.suite, skip.cell)));
    }
    let mut hash = Fnv::new();
    for (build, owner) in plan.builds.iter().zip(&owners) {
        hash.add(&format!("{} {owner} of {}\n", build.id(), shard.of));
    }
    let dealt = Dealt {
        shard,
        builds: (0..owners.len()).filter(|&build| mine(build)).count(),
        builds_of: owners.len(),
        runs,
        runs_of: plan.runs.len(),
        predicted_ms: loads[shard.number - 1],
        longest_ms: loads.iter().copied().max().unwrap_or_default(),
        deal: format!("{:08x}", hash.0 as u32 ^ (hash.0 >> 32) as u32),
    };
    (part, dealt)
}

/// All builds of a plan packed into at most so many parts that take about as long: builds by position, and what they are
/// predicted to take one after another, in milliseconds. No part is empty.
pub fn pack(spec: &Spec, plan: &Plan, facts: &HostFacts, parts: usize) -> Vec<(Vec<usize>, u64)> {
    let costs = costs(spec, plan, facts);
    if parts >= costs.len() {
        return (0..costs.len()).map(|n| (vec![n], load(&costs, &[n]))).collect();
    }
    let (owners, loads) = owners(&costs, parts);
    let of = |part: usize| (0..owners.len()).filter(|&build| owners[build] == part).collect::<Vec<_>>();
    let packed = (0..parts).map(|part| (of(part), loads[part]));
    packed.filter(|(builds, _)| !builds.is_empty()).collect()
}

/// What a build with its runs is predicted to take.
struct Cost {
    lane: String,
    build: Option<u64>,
    runs: u64,
}

fn costs(spec: &Spec, plan: &Plan, facts: &HostFacts) -> Vec<Cost> {
    let build = |build: &crate::plan::Build| facts.durations.builds.get(&build.id()).copied();
    let mut costs: Vec<Cost> = plan.builds.iter().map(|b| Cost { lane: b.lane(), build: build(b), runs: 0 }).collect();
    for run in &plan.runs {
        let key = (spec.suites[run.suite].name.clone(), spec.space.id(run.cell).to_string());
        costs[run.build].runs += facts.durations.runs.get(&key).copied().unwrap_or(RUN_MS);
    }
    costs
}

/// What a machine takes for these builds: the first of a lane never seen there compiles the dependencies of all.
fn load(costs: &[Cost], builds: &[usize]) -> u64 {
    let mut unseen: BTreeMap<&str, bool> = BTreeMap::new();
    let mut load = 0;
    for cost in builds.iter().map(|&n| &costs[n]) {
        load += cost.runs + cost.build.unwrap_or(LATER_BUILD_MS);
        *unseen.entry(cost.lane.as_str()).or_insert(true) &= cost.build.is_none();
    }
    load + unseen.values().filter(|unseen| **unseen).count() as u64 * (FIRST_BUILD_MS - LATER_BUILD_MS)
}

/// The shard of each build, and what each shard takes: whole lanes first, the longest to the shard that is then done first;
/// after that single builds go from one shard to another as long as the longer of the two gets shorter.
fn owners(costs: &[Cost], shards: usize) -> (Vec<usize>, Vec<u64>) {
    let mut lanes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (n, cost) in costs.iter().enumerate() {
        lanes.entry(cost.lane.as_str()).or_default().push(n);
    }
    let mut lanes: Vec<Vec<usize>> = lanes.into_values().collect();
    lanes.sort_by_key(|builds| (std::cmp::Reverse(load(costs, builds)), builds[0]));
    let (mut dealt, mut loads) = (vec![Vec::new(); shards], vec![0u64; shards]);
    for builds in lanes {
        let Some(shard) = (0..shards).min_by_key(|&shard| (loads[shard], shard)) else { break };
        loads[shard] += load(costs, &builds);
        dealt[shard].extend(builds);
    }
    // Each step makes the list of loads less, so it ends; the bound only keeps a great many builds from taking long, as a
    // step looks at each pair of them.
    let most = (100_000_000 / (costs.len() * costs.len()).max(1)).clamp(8, 8 + 4 * costs.len());
    for _ in 0..most {
        let Some((from, at, to)) = better(costs, &dealt, &loads) else { break };
        let build = dealt[from].remove(at);
        dealt[to].push(build);
        (loads[from], loads[to]) = (load(costs, &dealt[from]), load(costs, &dealt[to]));
    }
    let mut owners = vec![0; costs.len()];
    for (shard, builds) in dealt.iter().enumerate() {
        builds.iter().for_each(|&build| owners[build] = shard);
    }
    (owners, loads)
}

/// A build to take from one shard, by its place there, and the shard to give it to: from the longest that can be helped,
/// what helps most.
fn better(costs: &[Cost], dealt: &[Vec<usize>], loads: &[u64]) -> Option<(usize, usize, usize)> {
    let mut longest: Vec<usize> = (0..dealt.len()).filter(|&shard| dealt[shard].len() > 1).collect();
    longest.sort_by_key(|&shard| (std::cmp::Reverse(loads[shard]), shard));
    // One empty shard is as good as any other.
    let empty = dealt.iter().position(Vec::is_empty);
    let others: Vec<usize> = (0..dealt.len()).filter(|&to| !dealt[to].is_empty() || Some(to) == empty).collect();
    longest.into_iter().find_map(|from| {
        let mut best: Option<(u64, (usize, usize, usize))> = None;
        for at in 0..dealt[from].len() {
            let rest: Vec<usize> = dealt[from].iter().copied().filter(|n| *n != dealt[from][at]).collect();
            let rest = load(costs, &rest);
            for &to in others.iter().filter(|&&to| to != from && loads[to] < loads[from]) {
                let more: Vec<usize> = dealt[to].iter().copied().chain([dealt[from][at]]).collect();
                let longer = rest.max(load(costs, &more));
                if longer < loads[from] && best.as_ref().is_none_or(|(other, _)| longer < *other) {
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
            let error = text.parse::<Shard>().unwrap_err();
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
        let lanes = ["a", "b"];
        let cost = |lane: usize, build: Option<u64>| Cost { lane: lanes[lane].to_string(), build, runs: 0 };
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
