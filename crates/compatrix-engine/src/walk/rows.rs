//! Rows of a matrix: from results that are known, from runs, and from what could not be tried.

use compatrix_leak::Policy;
use compatrix_model::cell::CellIndex;
use compatrix_model::evidence::Record;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{Plan, Run, Skip, SkipReason};
use compatrix_model::results::doubt;
use compatrix_model::results::intake::Judge;
use compatrix_model::results::matrix::{Chosen, Matrix, Totals};
use compatrix_model::results::row::Row;

use crate::ledger::Ledger;
use crate::run::known;
use crate::survey::Survey;
use crate::sys::error::Error;
use crate::sys::host::Host;

/// Of each run of a plan, whether a walk would use a known result of it.
pub(crate) fn reusable(
    host: &Host,
    ledger: &Ledger,
    spec: &Spec,
    plan: &Plan,
    survey: &Survey,
    (policy, today): (&Policy, &str),
) -> Result<Vec<bool>, Error> {
    let judge = Judge::new(spec, &survey.facts.versions(), policy, today);
    let known = known::of_plan(host, ledger, spec, plan, survey)?;
    let is_settled = |(run, known): (&Run, known::Known)| settled(&judge, run, known.record).is_some();
    Ok(plan.runs.iter().zip(known.runs).map(is_settled).collect())
}

/// The row of a known result that is used again. It is judged again: rules, baseline and suppressions may have changed.
pub(super) fn settled(judge: &Judge<'_>, run: &Run, known: Option<Record>) -> Option<Row> {
    known.map(|record| judge.row(run.suite, run.cell, record, true)).filter(doubt::replaces_a_run)
}

/// What to say of results that contradict themselves.
pub(super) fn refused(refused: &[String]) -> Option<String> {
    let [first, rest @ ..] = refused else { return None };
    let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
    Some(format!("a result in the ledger contradicts itself and is not used, {first}{more}; it runs again"))
}

/// The rows of runs, none where an interrupt came first, and those of what could not be tried.
pub(super) fn matrix(spec: &Spec, plan: &Plan, judge: &Judge<'_>, rows: Vec<Option<Row>>, builds: usize) -> Matrix {
    let reused = rows.iter().flatten().filter(|row| row.reused).count();
    let runs = rows.iter().flatten().count() - reused;
    let of_run = |(run, row): (&Run, Option<Row>)| {
        let row = row.unwrap_or_else(|| judge.untried(run.suite, run.cell, "interrupted"));
        (run.suite, run.cell, row)
    };
    let of_skip = |skip: &Skip| {
        let row = match &plan.reasons[skip.reason] {
            SkipReason::Excluded { .. } => return None,
            SkipReason::Unavailable { reason, .. } => judge.untried(skip.suite, skip.cell, reason),
            SkipReason::NotPromised { reason, .. } => judge.not_promised(skip.suite, skip.cell, reason),
        };
        Some((skip.suite, skip.cell, row))
    };
    let mut all: Vec<(usize, CellIndex, Row)> = plan.runs.iter().zip(rows).map(of_run).collect();
    all.extend(plan.skips.iter().filter_map(of_skip));
    all.sort_by_key(|(suite, cell, _)| (*suite, *cell));
    Matrix {
        space: spec.space.clone(),
        rows: all.into_iter().map(|(_, _, row)| row).collect(),
        totals: Totals { elapsed_ms: None, builds, runs, reused },
        repro: String::new(),
        chosen: Chosen::of(plan),
    }
}
