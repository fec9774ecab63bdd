//! From what a walk came to, to what the renderers take.

use compatrix_engine::walk::Walked;
use compatrix_leak::LeakReport;
use compatrix_model::expect::Expectations;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::SkipReason;
use compatrix_model::verdict::Verdict;
use compatrix_render::choice::Choice;
use compatrix_render::matrix::{Matrix, Row, Totals};

use crate::cli::command_name;

/// The matrix of a walk: its results, and the chosen cells that could not be tried. Cells that a rule leaves out are in
/// neither.
pub(crate) fn of_walk(spec: &Spec, walked: &Walked, today: &str, elapsed_ms: u64) -> Matrix {
    let expectations = Expectations::new(spec, &walked.facts.versions(), Some(today));
    let mut rows = Vec::new();
    for ((run, record), reused) in walked.plan.runs.iter().zip(&walked.records).zip(&walked.reused) {
        let expectation = expectations.of(&spec.space.coords(run.cell));
        let row = match record {
            Some(record) => Row::from_record(record.clone(), expectation, *reused),
            None => Row::untried(&spec.suites[run.suite].name, spec.space.id(run.cell), "interrupted"),
        };
        rows.push((run.cell, run.suite, row.under(spec.suites[run.suite].leak().map(|leak| leak.tool))));
    }
    for skip in &walked.plan.skips {
        if let SkipReason::Unavailable { reason, .. } = &walked.plan.reasons[skip.reason] {
            let suite = &spec.suites[skip.suite];
            let row = Row::untried(&suite.name, spec.space.id(skip.cell), reason.clone());
            rows.push((skip.cell, skip.suite, row.under(suite.leak().map(|leak| leak.tool))));
        }
    }
    rows.sort_by_key(|(cell, suite, _)| (*suite, *cell));
    let reused = walked.reused.iter().filter(|reused| **reused).count();
    let runs = walked.records.iter().flatten().count() - reused;
    let totals = Totals { elapsed_ms: Some(elapsed_ms), builds: walked.builds, runs, reused };
    let rows = rows.into_iter().map(|(_, _, row)| row).collect();
    Matrix::new(spec.space.clone(), rows, totals, format!("{} repro", command_name()))
        .with_choice(Choice::of(&walked.plan))
}

/// The exit code of these rows: 3 where our side broke, 1 where a cell is not as it should be, else 0.
pub(crate) fn exit_code<'r>(rows: impl Iterator<Item = &'r Row> + Clone, unproven_fails: bool) -> u8 {
    let any = |verdict| rows.clone().any(|row| row.verdict == verdict);
    // A rule that knows of failing tests does not know of a leak among them: that is what the baseline is for.
    let reports = rows.clone().filter_map(|row| row.record.as_ref()?.leaks.as_ref());
    let leaks = reports.flat_map(LeakReport::errors).next().is_some();
    if any(Verdict::Error) {
        3
    } else if leaks
        || any(Verdict::Broken)
        || any(Verdict::UnexpectedPass)
        || (unproven_fails && any(Verdict::Unproven))
    {
        1
    } else {
        0
    }
}
