//! The gate: which series of two builds are slower, with one chance of a false alarm for all of them.
//!
//! Each round of a series gives d = ln(head / base), inverted where more is better, so that above zero is worse. How long
//! a round took cancels out; what is tested is where d lies, by Wilcoxon's signed-rank test:
//!
//! - *slower* if d lies above ln(1 + tolerance), *faster* if below −ln(1 + tolerance). Each of the two questions has half
//!   of alpha for each of two looks, and Holm's correction over all series that are tested. So the chance that a gate
//!   calls anything slower that is not is at most alpha, over both looks.
//! - *not slower* if d lies below ln(1 + tolerance), with [`MISSED`] a look and no correction: that no bench is slower is
//!   claimed of each bench by itself, and a correction would only be about the claims taken together.
//!
//! What is settled at the first look stays settled, and counts as a test at the second. Exact metrics need no test.

mod exact;
mod rules;
mod timed;

use std::collections::BTreeMap;

use crate::comparison::{Change, Comparison, Rules, Series};
use crate::stats::holm::holm;

use rules::Test;
pub use rules::CONFIDENCE;

/// The chance at each look that a bench called *not slower* is slower by the tolerance or more.
pub const MISSED: f64 = 0.025;

/// When verdicts are taken. Both looks are fixed before anything runs.
#[derive(Debug, Clone, Copy)]
pub enum Look<'a> {
    /// After [`Rules::rounds`] rounds.
    First,
    /// After twice as many, with what the first look said. The values of a series are those of all rounds; a series that
    /// is settled may be left out.
    Second(&'a [Comparison]),
}

/// Compares all series of a gate, in their order; after them, those of the first look that have no series any more.
///
/// The correction is over the series that are given here, so give all of a gate at once: all benches, metrics and cells.
pub fn compare(rules: &Rules, series: &[Series], look: Look<'_>) -> Vec<Comparison> {
    let first = match look {
        Look::First => &[][..],
        Look::Second(first) => first,
    };
    let mut earlier: BTreeMap<_, &Comparison> = first.iter().map(|one| (one.key(), one)).collect();
    let mut compared = Vec::new();
    let mut tests = Vec::new();
    for one in series {
        let earlier = earlier.remove(&(one.group, &one.bench, &one.metric)).filter(|earlier| earlier.is_settled());
        let (comparison, test) = match earlier {
            Some(earlier) => (earlier.clone(), of_settled(earlier)),
            None if one.exact => (exact::compare(rules, one), None),
            None => timed::compare(rules, one),
        };
        compared.push(comparison);
        tests.push(test);
    }
    for gone in first.iter().filter(|one| earlier.contains_key(&one.key())) {
        compared.push(gone.clone());
        tests.push(of_settled(gone));
    }
    let tolerances: Vec<f64> = series.iter().map(|one| one.tolerance.unwrap_or(rules.tolerance)).collect();
    settle(rules, &tolerances, &mut compared, &tests);
    compared
}

/// How a comparison of the first look counts at the second: what has been rejected stays so, and the others could still
/// be false alarms. Exact metrics have no p and do not count, nor does what was equal and never ran.
fn of_settled(first: &Comparison) -> Option<Test> {
    let counts = first.p.is_some() || !first.is_settled();
    let slower = if first.change == Change::Slower { 0.0 } else { 1.0 };
    let faster = if first.change == Change::Faster { 0.0 } else { 1.0 };
    counts.then(|| Test::over(slower, faster))
}

/// Corrects over all tests, and says what each comes to.
fn settle(rules: &Rules, tolerances: &[f64], compared: &mut [Comparison], tests: &[Option<Test>]) {
    let counted: Vec<&Test> = tests.iter().flatten().collect();
    let slower = holm(&counted.iter().map(|test| test.slower).collect::<Vec<_>>());
    let faster = holm(&counted.iter().map(|test| test.faster).collect::<Vec<_>>());
    let level = rules.alpha_of_a_look();
    // What has no series any more is settled.
    let tolerances = tolerances.iter().chain(std::iter::repeat(&rules.tolerance));
    let tested = compared.iter_mut().zip(tests).zip(tolerances);
    let tested = tested.filter_map(|((one, test), tolerance)| Some((one, test.as_ref()?, tolerance)));
    for ((one, test, tolerance), (slower, faster)) in tested.zip(slower.into_iter().zip(faster)) {
        if test.center.is_none() {
            continue;
        }
        one.p_corrected = Some(slower);
        one.change = if slower <= level {
            Change::Slower
        } else if faster <= level {
            Change::Faster
        } else if test.not_slower <= MISSED {
            Change::NotSlower
        } else {
            Change::Unproven
        };
        timed::explain(rules, *tolerance, one, test, counted.len());
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
