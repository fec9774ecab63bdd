//! Whether all evidence is fresh, and what is not.

use std::collections::BTreeMap;

use super::evaluate::{evaluate, whereabouts_of};
use super::{Claim, Judged, Judgement, Stale};
use crate::cell::CellId;
use crate::matrix_spec::Spec;

/// The most values of an axis that say where results are.
const MOST_VALUES: usize = 4;

/// Stale results, and the promises that they concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// By reason, the most frequent first.
    pub groups: Vec<StaleGroup>,
    /// All promises, judged with the stale results as what they are.
    pub claims: Vec<Claim>,
    /// How many results count.
    pub fresh: usize,
}

/// Results that are stale for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleGroup {
    /// The reason.
    pub stale: Stale,
    /// What distinguishes their cells from all others with results: `rust=1.70`; empty if nothing does.
    pub whereabouts: String,
    /// How many.
    pub count: usize,
    /// The cell of the first.
    pub example: CellId,
}

impl Freshness {
    /// Of judged evidence.
    pub fn of(spec: &Spec, judgement: &Judgement<'_>) -> Self {
        let all: Vec<&Judged<'_>> = judgement.judged.iter().chain(&judgement.leaks).collect();
        let mut by_reason: BTreeMap<&Stale, Vec<&Judged<'_>>> = BTreeMap::new();
        for judged in &all {
            if let Some(stale) = &judged.stale {
                by_reason.entry(stale).or_default().push(judged);
            }
        }
        let stale: usize = by_reason.values().map(Vec::len).sum();
        let group = |(stale, list): (&Stale, Vec<&Judged<'_>>)| StaleGroup {
            stale: stale.clone(),
            whereabouts: whereabouts_of(spec, &all, &list, MOST_VALUES),
            count: list.len(),
            example: list[0].entry.record.cell.clone(),
        };
        let mut groups: Vec<StaleGroup> = by_reason.into_iter().map(group).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        let tried = all.iter().filter(|judged| judged.tried()).count();
        Self { groups, claims: evaluate(spec, judgement).claims, fresh: tried.saturating_sub(stale) }
    }

    /// Whether there is evidence, and none of it is stale.
    pub fn is_fresh(&self) -> bool {
        self.groups.is_empty() && self.fresh > 0
    }
}
