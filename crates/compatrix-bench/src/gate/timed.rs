//! One series of times, or of another metric that varies from process to process.

use super::rules::{paired, percent, Test, CONFIDENCE};
use crate::comparison::{Change, Comparison, Rules, Series};
use crate::measured::Better;
use crate::stats::signed_rank::{signed_rank, Center};
use crate::stats::{spread, two_samples};
use crate::units;

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
    let rounding = rounding(series);
    let of_shifted = |by: f64| signed_rank(&logs.iter().map(|d| without_noise(d + by)).collect::<Vec<_>>());
    let slower = of_shifted(-tolerance - rounding).greater;
    let faster = of_shifted(tolerance + rounding).less;
    let not_slower = of_shifted(rounding - tolerance).less;
    compared.p = Some(slower);
    let test = Test { slower, faster, not_slower, center: Some(center), rounding };
    (compared, Some(test))
}

/// Adds the smallest slowdown that would have been seen with this spread, and why a comparison is unproven.
///
/// Moved by δ, the log ratios are called slower by the strictest step of the correction as soon as their lower bound at
/// that level passes ln(1 + tolerance): so the distance from the estimate down to that bound is what is added to the
/// tolerance.
pub(super) fn explain(rules: &Rules, tolerance: f64, compared: &mut Comparison, test: &Test, tests: usize) {
    let Some(center) = &test.center else { return };
    let rounding = test.rounding;
    let strictest = rules.alpha_of_a_look() / tests as f64;
    let lower = center.bounds(strictest).map(|(lower, _)| lower);
    let above = center.estimate().zip(lower).map(|(estimate, lower)| (estimate - lower + rounding).exp());
    compared.smallest = above.map(|above| above * (1.0 + tolerance));
    if compared.change != Change::Unproven {
        return;
    }
    let rounds = compared.rounds;
    compared.why = match compared.smallest {
        Some(smallest) if rounding >= tolerance.ln_1p() => format!(
            "times are reported in steps of {}, which hide {}; a slowdown of {} would have been seen",
            percent(rounding),
            percent(tolerance),
            percent(smallest - 1.0),
        ),
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

/// How far rounding can have moved a log ratio: a step of the last digit that the times have, over the shortest of them.
///
/// A harness that prints whole nanoseconds shows 3.49 and 3.51 as 3 and 4 in every round, and 3.0 and 3.3 as equal.
fn rounding(series: &Series) -> f64 {
    /// No time has more digits behind the point than these.
    const DIGITS: i32 = 18;
    if units::base(&series.unit).is_none_or(|(_, base)| base != "s") {
        return 0.0;
    }
    let values = || series.base.iter().chain(&series.head);
    let has = |digits: i32| {
        let step = 10_f64.powi(digits);
        values().all(|value| (value * step - (value * step).round()).abs() <= value * step * 1e-12)
    };
    let shortest = values().copied().fold(f64::INFINITY, f64::min);
    (0..DIGITS).find(|digits| has(*digits)).map_or(0.0, |digits| 10_f64.powi(-digits) / shortest)
}

/// A difference without the error of its logarithms, which would turn a zero into a sign.
fn without_noise(difference: f64) -> f64 {
    const DIGITS: f64 = 1e12;
    (difference * DIGITS).round() / DIGITS
}

/// The interval of the ratio at [`CONFIDENCE`]; `None` of fewer than six rounds.
fn interval(center: &Center) -> Option<(f64, f64)> {
    center.bounds((1.0 - CONFIDENCE) / 2.0).map(|(low, high)| (low.exp(), high.exp()))
}
