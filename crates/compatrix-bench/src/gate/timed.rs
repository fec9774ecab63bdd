//! One series of times, or of another metric that varies from process to process.

use super::rules::{paired, percent, Test, CONFIDENCE};
use crate::comparison::{Change, Comparison, Rules, Series};
use crate::measured::Better;
use crate::stats::signed_rank::{signed_rank, Center};
use crate::stats::{spread, two_samples};

/// The p values and all figures that depend on this series alone; the change comes with the correction.
pub(super) fn compare(rules: &Rules, series: &Series) -> (Comparison, Option<Test>) {
    let logs = match logs(series) {
        Ok(logs) => logs,
        Err(why) => return (Comparison { why, ..Comparison::unmeasured(series) }, Some(Test::over(1.0, 1.0))),
    };
    let center = Center::of(&logs);
    let mut compared = Comparison {
        ratio: center.estimate().map(f64::exp),
        interval: interval(&center),
        spread: spread(&logs),
        p_mann_whitney: two_samples::mann_whitney(&series.base, &series.head),
        p_welch: two_samples::welch(&series.base, &series.head),
        ..Comparison::unmeasured(series)
    };
    let tolerance = series.tolerance.unwrap_or(rules.tolerance).ln_1p();
    let of_shifted = |by: f64| signed_rank(&logs.iter().map(|d| d + by).collect::<Vec<_>>());
    let (above, below) = (of_shifted(-tolerance), of_shifted(tolerance));
    compared.p = Some(above.greater);
    let test = Test { slower: above.greater, faster: below.less, not_slower: above.less, center: Some(center) };
    (compared, Some(test))
}

/// Adds the smallest slowdown that would have been seen with this spread, and why a comparison is unproven.
///
/// Moved by δ, the log ratios are called slower by the strictest step of the correction as soon as their lower bound at
/// that level passes ln(1 + tolerance): so the distance from the estimate down to that bound is what is added to the
/// tolerance.
pub(super) fn explain(rules: &Rules, tolerance: f64, compared: &mut Comparison, center: &Center, tests: usize) {
    let strictest = rules.alpha_of_a_look() / tests as f64;
    let lower = center.bounds(strictest).map(|(lower, _)| lower);
    let above = center.estimate().zip(lower).map(|(estimate, lower)| (estimate - lower).exp());
    compared.smallest = above.map(|above| above * (1.0 + tolerance));
    if compared.change != Change::Unproven {
        return;
    }
    let rounds = compared.rounds;
    compared.why = match compared.smallest {
        Some(smallest) => format!(
            "neither a slowdown of more than {} nor its absence could be shown in {rounds} rounds; one of {} would have been",
            percent(tolerance),
            percent(smallest - 1.0),
        ),
        None => format!(
            "{rounds} {} too few to call one of {tests} slower: it takes {}",
            if rounds == 1 { "round is" } else { "rounds are" },
            rules.rounds_needed(tests),
        ),
    };
}

/// The log ratios of cost, head over base; or why there are none.
fn logs(series: &Series) -> Result<Vec<f64>, String> {
    paired(series)?;
    for (side, values) in [("base", &series.base), ("head", &series.head)] {
        if let Some(at) = values.iter().position(|value| !value.is_finite() || *value <= 0.0) {
            return Err(format!(
                "round {} of the {side} gave {} {}, and only values above zero have a ratio",
                at + 1,
                values[at],
                series.unit
            ));
        }
    }
    let sign = if series.better == Better::More { -1.0 } else { 1.0 };
    Ok(series.base.iter().zip(&series.head).map(|(base, head)| sign * (head.ln() - base.ln())).collect())
}

/// The interval of the ratio at [`CONFIDENCE`]; `None` of fewer than six rounds.
fn interval(center: &Center) -> Option<(f64, f64)> {
    center.bounds((1.0 - CONFIDENCE) / 2.0).map(|(low, high)| (low.exp(), high.exp()))
}
