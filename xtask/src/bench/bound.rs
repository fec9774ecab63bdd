//! What no order of the work can beat: all its processor time spread over the cores, or the longest chain in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{bail, Context, Result};

use super::process::Cost;

/// A plan, as `plan --format json` prints it.
pub(super) struct Planned {
    /// The id of each build, and the lane whose builds run one after another.
    pub(super) builds: Vec<(String, String)>,
    /// Each run's suite, cell and build.
    pub(super) runs: Vec<(String, String, usize)>,
}

impl Planned {
    pub(super) fn of(plan: &serde_json::Value) -> Result<Self> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let lane = |build: &serde_json::Value| format!("{} {}", text(&build["toolchain"]), text(&build["lockset"]));
        let builds = plan["builds"].as_array().context("no builds in the plan")?;
        let runs = plan["runs"].as_array().context("no runs in the plan")?;
        let build = |run: &serde_json::Value| run["build"].as_u64().and_then(|at| usize::try_from(at).ok());
        let run = |run: &serde_json::Value| Some((text(&run["suite"]), text(&run["cell"]), build(run)?));
        Ok(Self {
            builds: builds.iter().map(|build| (text(&build["id"]), lane(build))).collect(),
            runs: runs.iter().map(run).collect::<Option<_>>().context("a run without a build")?,
        })
    }

    /// The values of an axis, in the order of the cells.
    pub(super) fn axis(&self, name: &str) -> Vec<String> {
        let mut values: Vec<String> = Vec::new();
        for pair in self.runs.iter().flat_map(|(_, cell, _)| cell.split(' ')) {
            match pair.split_once('=') {
                Some((axis, value)) if axis == name && !values.iter().any(|known| known == value) => {
                    values.push(value.to_owned());
                }
                _ => {}
            }
        }
        values
    }
}

/// What the ledger says of a cold walk.
pub(super) struct Walked {
    pub(super) builds: usize,
    build_cpu: Duration,
    chain: Duration,
    pub(super) added_ms: u64,
    pub(super) executables_ms: u64,
}

impl Walked {
    /// Reads the ledger of the workspace at this root, in which nothing but this plan was walked.
    pub(super) fn read(root: &Path, planned: &Planned) -> Result<Self> {
        let ledger = compatrix::ledger(root)?;
        let builds = ledger.builds()?;
        let doctests: BTreeMap<String, u64> = ledger.doctests()?.into_iter().collect();
        let walls = ledger.durations()?.builds;
        let mut records = Vec::new();
        for (suite, cell, build) in &planned.runs {
            records.extend(ledger.newest(suite, cell)?.map(|record| (*build, record)));
        }
        if records.len() != planned.runs.len() {
            bail!("the ledger has {} results, not {}", records.len(), planned.runs.len());
        }
        let lanes: BTreeMap<&str, &str> =
            planned.builds.iter().map(|(id, lane)| (id.as_str(), lane.as_str())).collect();
        let mut longest_run: BTreeMap<&str, u64> = BTreeMap::new();
        for (build, record) in &records {
            let longest = longest_run.entry(planned.builds[*build].0.as_str()).or_default();
            *longest = (*longest).max(record.executables_ms);
        }
        let link = |(id, cpu): &(String, u64)| Link {
            lane: lanes.get(id.as_str()).copied().unwrap_or_default().to_owned(),
            // On a busy machine its wall time says too much, on several cores its processor time does.
            build_ms: (*cpu).min(walls.get(id).copied().unwrap_or(u64::MAX)),
            after_ms: longest_run.get(id.as_str()).max(doctests.get(id)).copied().unwrap_or_default(),
        };
        let of_records = |what: fn(u64, u64) -> u64| {
            let mut values: Vec<u64> = records.iter().map(|(_, r)| what(r.duration_ms, r.executables_ms)).collect();
            values.sort_unstable();
            values[values.len() / 2]
        };
        Ok(Self {
            builds: builds.len(),
            build_cpu: Duration::from_millis(builds.iter().map(|(_, cpu_ms)| cpu_ms).chain(doctests.values()).sum()),
            chain: Duration::from_millis(longest_chain(&builds.iter().map(link).collect::<Vec<_>>())),
            added_ms: of_records(u64::saturating_sub),
            executables_ms: of_records(|_, executables| executables),
        })
    }

    /// The bound of this walk, which cost so much, on so many cores.
    pub(super) fn bound(&self, cost: Cost, cores: u32) -> Bound {
        Bound { all: cost.cpu, builds: self.build_cpu, chain: self.chain, cores }
    }
}

/// A build in the order of its lane, and the longest of its runs and doctests.
struct Link {
    lane: String,
    build_ms: u64,
    after_ms: u64,
}

/// The builds of a lane one after another, up to one of them and what follows it: the longest of all these.
fn longest_chain(links: &[Link]) -> u64 {
    let mut done: BTreeMap<&str, u64> = BTreeMap::new();
    let ends = links.iter().map(|link| {
        let until = done.entry(link.lane.as_str()).or_default();
        *until += link.build_ms;
        *until + link.after_ms
    });
    ends.max().unwrap_or_default()
}

/// The bound and what it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// The processor time of builds and runs.
    all: Duration,
    builds: Duration,
    chain: Duration,
    cores: u32,
}

impl Bound {
    pub(super) fn seconds(&self) -> f64 {
        (self.all.as_secs_f64() / f64::from(self.cores)).max(self.chain.as_secs_f64())
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { all, builds, chain, cores } = self;
        write!(
            f,
            "bound {:.1} s: {:.1} s of processor time, builds {:.1} s of it, over {cores} cores; longest chain {:.1} s",
            self.seconds(),
            all.as_secs_f64(),
            builds.as_secs_f64(),
            chain.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_ends_with_the_run_that_ends_last() {
        let link = |lane: &str, build_ms, after_ms| Link { lane: lane.to_owned(), build_ms, after_ms };
        assert_eq!(longest_chain(&[]), 0);
        // Lanes run side by side; the first build's run may outlast all later builds.
        assert_eq!(longest_chain(&[link("a", 40, 5), link("b", 10, 1), link("a", 10, 5), link("b", 10, 1)]), 55);
        assert_eq!(longest_chain(&[link("a", 10, 90), link("a", 10, 5), link("b", 99, 0)]), 100);
    }

    #[test]
    fn the_longer_of_chain_and_processor_time_bounds() {
        let seconds = Duration::from_secs;
        let bound = |all, chain, cores| Bound { all: seconds(all), builds: seconds(1), chain: seconds(chain), cores };
        assert_eq!(bound(100, 20, 2).seconds(), 50.0);
        assert_eq!(bound(100, 20, 16).seconds(), 20.0);
    }
}
