//! Facts shared by the sections of the page.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_model::axis::{AxisName, ValueName};
use compatrix_model::cell::CellIndex;
use compatrix_model::claims::{evaluate, judge_evidence, Claims, Judged, Judgement, Rulings};
use compatrix_model::condition::Versions;
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::matrix_spec::{RunBy, Spec};
use compatrix_model::promised;
use compatrix_model::results::matrix::{Matrix, Totals};
use compatrix_model::results::rank;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::{Expectation, Verdict};

/// Above this many results, only cells with evidence are listed.
const MOST: u128 = 200_000;

/// The reason shown for a cell that has no record at all.
pub(super) const NO_RECORD: &str = "no evidence recorded";

/// The spec, the evidence, and everything derived from them.
pub(super) struct Facts<'a> {
    pub(super) spec: &'a Spec,
    pub(super) files: &'a [EvidenceFile],
    pub(super) judgement: Judgement<'a>,
    pub(super) claims: Claims,
    /// One row per suite and cell, merged across platforms.
    pub(super) matrix: Matrix,
    /// Whether the matrix includes cells without evidence.
    pub(super) whole: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn new(spec: &'a Spec, files: &'a [EvidenceFile]) -> Self {
        let judgement = judge_evidence(spec, files);
        let claims = evaluate(spec, &judgement);
        let whole = spec.space.len().saturating_mul(suites(spec) as u128) <= MOST;
        let matrix = matrix(spec, &judgement, whole);
        Self { spec, files, judgement, claims, matrix, whole }
    }

    /// The platforms that have evidence.
    pub(super) fn platforms(&self) -> Vec<&str> {
        let platforms: BTreeSet<&str> = self.judgement.judged.iter().map(|j| j.platform).collect();
        platforms.into_iter().collect()
    }

    /// The evidence entries for cells of this spec.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Judged<'a>> + '_ {
        self.judgement.judged.iter()
    }
}

/// The number of suites in the grid. Leak suites have a separate page.
pub(super) fn suites(spec: &Spec) -> usize {
    spec.suites.iter().filter(|suite| suite.run_by() == RunBy::Compat).count()
}

/// The version of each value, where all evidence agrees on it.
fn versions(judgement: &Judgement<'_>) -> Versions {
    let mut seen: BTreeMap<(AxisName, ValueName), Option<semver::Version>> = BTreeMap::new();
    for judged in &judgement.judged {
        for (axis, version) in [("rust", &judged.rust), ("sqlite", &judged.sqlite)] {
            let axis = AxisName::new(axis).ok();
            let value = axis.as_ref().and_then(|axis| judged.entry.record.cell.value(axis.as_str()).cloned());
            if let (Some(axis), Some(value), Some(_)) = (axis, value, version) {
                let slot = seen.entry((axis, value)).or_insert_with(|| version.clone());
                if slot != version {
                    *slot = None;
                }
            }
        }
    }
    seen.into_iter().filter_map(|(key, version)| Some((key, version?))).collect()
}

fn matrix(spec: &Spec, judgement: &Judgement<'_>, whole: bool) -> Matrix {
    let mut found: BTreeMap<(usize, CellIndex), Row> = BTreeMap::new();
    for judged in &judgement.judged {
        let Some(suite) = spec.suites.iter().position(|suite| suite.name == judged.entry.record.suite) else {
            continue;
        };
        let new = judged.row();
        match found.entry((suite, judged.cell)) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(new);
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                if rank::of_verdict(new.verdict) > rank::of_verdict(slot.get().verdict) {
                    slot.insert(new);
                }
            }
        }
    }
    let mut rows = Vec::new();
    if whole {
        let versions = versions(judgement);
        let rulings = Rulings::new(spec, &versions);
        for (n, suite) in spec.suites.iter().enumerate().filter(|(_, suite)| suite.run_by() == RunBy::Compat) {
            for cell in spec.space.cells() {
                let coords = spec.space.coords(cell);
                if let Some(row) = found.remove(&(n, cell)) {
                    rows.push(row);
                } else if rulings.of(n, &coords).is_some() {
                    let left_out = promised::left_out(spec, &promised::toolchain(&spec.space, &coords), &versions);
                    let id = spec.space.id(cell);
                    let mut built = spec.project.packages.iter().filter(|package| suite.builds(package));
                    rows.push(if built.all(|package| left_out.contains(package)) && !left_out.is_empty() {
                        let left_out: BTreeSet<String> = left_out.into_iter().filter(|p| suite.builds(p)).collect();
                        let why = promised::promises(spec, &left_out);
                        Row::not_promised(&suite.name, id, &why, left_out.into_iter().collect())
                    } else {
                        Row::untried(&suite.name, id, NO_RECORD)
                    });
                }
            }
        }
    } else {
        rows.extend(found.into_values());
    }
    Matrix::new(spec.space.clone(), rows, Totals::default(), "")
}

/// `3 ok, 1 broken`, in the order of the verdicts.
pub(super) fn tally<'r>(rows: impl Iterator<Item = &'r Row>) -> BTreeMap<Verdict, usize> {
    let mut tally = BTreeMap::new();
    for row in rows {
        *tally.entry(row.verdict).or_insert(0) += 1;
    }
    tally
}

/// Rows grouped by a key, in order of first use.
pub(super) fn grouped<'r, K: PartialEq>(
    rows: impl Iterator<Item = &'r Row>,
    key: impl Fn(&Row) -> K,
) -> Vec<(K, Vec<&'r Row>)> {
    let mut groups: Vec<(K, Vec<&Row>)> = Vec::new();
    for row in rows {
        let key = key(row);
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups
}

/// Reason, issue and last day of an expected failure; empty for an expected pass.
pub(super) fn expected(expectation: &Expectation) -> (&str, Option<&str>, Option<&str>) {
    match expectation {
        Expectation::Pass => ("", None, None),
        Expectation::Fail { reason, issue, until, .. } => (reason, issue.as_deref(), until.as_deref()),
    }
}
