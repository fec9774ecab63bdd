//! Order: which build begins next, so that no chain of work ends long after all others. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A build as its order sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// Builds of one lane go one after another.
    pub(super) lane: usize,
    /// Predicted wall time in milliseconds.
    pub(super) build_ms: u64,
    /// What follows it at the least: its longest run, or its doctests.
    pub(super) after_ms: u64,
    /// Whether it compiles SQLite in.
    pub(super) compiles_c: bool,
}

/// A build that may begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) job: usize,
    /// Whether it needs the C that another build is compiling this moment.
    pub(super) waits_for_c: bool,
}

/// The build to begin: of a lane that is free, the lane with the longest chain first, and in it the build with most to
/// follow. While another build compiles SQLite in for the first time, one that does not need that comes first.
pub(super) fn choose(
    links: &[Link],
    waiting: &BTreeSet<usize>,
    running: &BTreeSet<usize>,
    c_is_compiled: bool,
) -> Option<Chosen> {
    let busy: BTreeSet<usize> = running.iter().map(|&job| links[job].lane).collect();
    let waits_for_c = !c_is_compiled && running.iter().any(|&job| links[job].compiles_c);
    let chains = chains(links, waiting);
    let free = waiting.iter().copied().filter(|&job| !busy.contains(&links[job].lane));
    let job = free.min_by_key(|&job| {
        let link = &links[job];
        let chain = chains.get(&link.lane).copied().unwrap_or_default();
        (waits_for_c && link.compiles_c, Reverse(chain), Reverse(link.after_ms), Reverse(link.build_ms), job)
    })?;
    Some(Chosen { job, waits_for_c: waits_for_c && links[job].compiles_c })
}

/// By lane: its builds one after another, the one with most to follow first, and what follows the last of them, but no
/// less than any of them with what follows it.
fn chains(links: &[Link], waiting: &BTreeSet<usize>) -> BTreeMap<usize, u64> {
    let mut lanes: BTreeMap<usize, Vec<&Link>> = BTreeMap::new();
    for &job in waiting {
        lanes.entry(links[job].lane).or_default().push(&links[job]);
    }
    let chain = |mut lane: Vec<&Link>| {
        lane.sort_by_key(|link| Reverse(link.after_ms));
        let mut built = 0;
        lane.iter().fold(0, |longest: u64, link| {
            built += link.build_ms;
            longest.max(built + link.after_ms)
        })
    };
    lanes.into_iter().map(|(lane, builds)| (lane, chain(builds))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(list: &[usize]) -> BTreeSet<usize> {
        list.iter().copied().collect()
    }

    #[test]
    fn lanes_do_not_overlap_and_no_two_builds_wait_for_the_same_c() {
        let link = |lane, compiles_c| Link { lane, build_ms: 10, after_ms: 0, compiles_c };
        let links = [link(0, true), link(0, false), link(1, true), link(1, false)];
        let chosen = |waiting: &[usize], running: &[usize], c_is_compiled| {
            let chosen = choose(&links, &set(waiting), &set(running), c_is_compiled);
            chosen.map(|chosen| (chosen.job, chosen.waits_for_c))
        };
        assert_eq!(chosen(&[0, 1, 2, 3], &[], false), Some((0, false)));
        assert_eq!(chosen(&[1, 2, 3], &[0], false), Some((3, false)), "another lane, without C");
        assert_eq!(chosen(&[1, 2], &[0], false), Some((2, true)), "only if there is nothing else to do");
        assert_eq!(chosen(&[1, 2], &[0], true), Some((2, false)), "the object is there already");
        assert_eq!(chosen(&[1, 2], &[0, 3], false), None, "both lanes are busy");
    }

    #[test]
    fn builds_with_long_runs_begin_early() {
        let link = |lane, build_ms, after_ms| Link { lane, build_ms, after_ms, compiles_c: false };
        let links = [link(0, 30, 1), link(0, 30, 1), link(1, 10, 90), link(1, 40, 2), link(1, 10, 70)];
        let mut waiting = set(&[0, 1, 2, 3, 4]);
        let mut order = Vec::new();
        while let Some(chosen) = choose(&links, &waiting, &set(&[]), true) {
            waiting.remove(&chosen.job);
            order.push(chosen.job);
        }
        // Lane 1 has 10 + 90; then its 10 + 70 still exceed the 61 of lane 0.
        assert_eq!(order, [2, 4, 0, 3, 1]);
        assert_eq!(chains(&links, &set(&[0, 1, 2, 3, 4])), [(0, 61), (1, 100)].into());
    }
}
