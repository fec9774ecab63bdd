//! What bounds a walk from below: its processor time on all cores, or its longest chain of work that cannot overlap.

use std::collections::BTreeMap;

use super::{BarKind, Timeline};

/// Work that could not overlap: builds of one lane, then a run of the last of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// Positions of its bars, in order of time.
    pub bars: Vec<usize>,
    /// How long it took.
    pub ms: u64,
}

/// The least time that the builds and runs could have taken, and what they took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// From the first build or run to the end of the last.
    pub took_ms: u64,
    /// Processor time over the cores, without runs that are alone.
    pub cpu_ms: u64,
    /// The longest chain, without runs that are alone.
    pub chain: Chain,
    /// All runs that are alone, one after another.
    pub alone_ms: u64,
}

impl Bound {
    /// The least time.
    pub fn ms(&self) -> u64 {
        self.alone_ms + self.cpu_ms.max(self.chain.ms)
    }
}

impl Timeline {
    /// What bounded the builds and runs; none if there were none.
    pub fn bound(&self) -> Option<Bound> {
        let work = || self.bars.iter().filter(|bar| bar.kind != BarKind::Provision);
        let took_ms = work().map(|bar| bar.to_ms).max()? - work().map(|bar| bar.from_ms).min()?;
        let beside = work().filter(|bar| bar.kind != BarKind::Alone);
        let cpu: u64 = beside.filter_map(|bar| bar.cpu_ms).sum();
        let cpu_ms = if self.cores > 0.0 { (cpu as f64 / self.cores) as u64 } else { 0 };
        let alone_ms = work().filter(|bar| bar.kind == BarKind::Alone).map(|bar| bar.ms()).sum();
        Some(Bound { took_ms, cpu_ms, chain: self.longest_chain(), alone_ms })
    }

    fn longest_chain(&self) -> Chain {
        // By bar: how long the chain is that ends with it, and the bar before it.
        let mut ends: Vec<(u64, Option<usize>)> = vec![(0, None); self.bars.len()];
        let mut lanes: BTreeMap<&str, usize> = BTreeMap::new();
        let mut builds: BTreeMap<usize, usize> = BTreeMap::new();
        let mut order: Vec<usize> = (0..self.bars.len()).collect();
        order.sort_by_key(|&n| (self.bars[n].from_ms, self.bars[n].kind, n));
        for n in order {
            let bar = &self.bars[n];
            let before = match bar.kind {
                BarKind::Provision | BarKind::Alone => continue,
                BarKind::Build => {
                    bar.build.map(|build| builds.insert(build, n));
                    lanes.insert(&bar.lane, n)
                }
                BarKind::Doctests | BarKind::Run => bar.build.and_then(|build| builds.get(&build).copied()),
            };
            ends[n] = (bar.ms() + before.map_or(0, |before| ends[before].0), before);
        }
        let last = (0..ends.len()).max_by_key(|&n| (ends[n].0, std::cmp::Reverse(n))).filter(|&n| ends[n].0 > 0);
        let mut bars: Vec<usize> = std::iter::successors(last, |&n| ends[n].1).collect();
        bars.reverse();
        Chain { ms: last.map_or(0, |n| ends[n].0), bars }
    }
}
