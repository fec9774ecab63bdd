//! One series of an exact metric: instructions, allocations, bytes, hit rates.

use super::rules::{paired, percent};
use crate::comparison::{Change, Comparison, Rules, Series};
use crate::measured::Better;
use crate::stats::median;

/// Compares the values without a test, as soon as two repeats of each side agree.
pub(super) fn compare(rules: &Rules, series: &Series) -> Comparison {
    match changed(rules, series) {
        Ok(compared) => compared,
        Err(why) => Comparison { why, ..Comparison::unmeasured(series) },
    }
}

fn changed(rules: &Rules, series: &Series) -> Result<Comparison, String> {
    paired(series)?;
    let base = agreed(rules, "base", &series.base, &series.unit)?;
    let head = agreed(rules, "head", &series.head, &series.unit)?;
    let (before, after) = match series.better {
        Better::Less => (base, head),
        Better::More => (head, base),
    };
    // Where either is zero there is no ratio, but there may be a difference.
    let ratio = match (before, after) {
        (before, after) if before == after => Some(1.0),
        (before, after) if before == 0.0 || after == 0.0 => None,
        _ => Some(after / before),
    };
    let limit = 1.0 + rules.limit_of_exact + 1e-12;
    let change = match ratio {
        Some(ratio) if ratio > limit => Change::Slower,
        Some(ratio) if ratio * limit < 1.0 => Change::Faster,
        Some(_) => Change::NotSlower,
        None if after > before => Change::Slower,
        None => Change::Faster,
    };
    Ok(Comparison { change, ratio, ..Comparison::unmeasured(series) })
}

/// The value of one side, if its repeats agree on one.
fn agreed(rules: &Rules, side: &str, values: &[f64], unit: &str) -> Result<f64, String> {
    if let Some(odd) = values.iter().find(|value| !value.is_finite() || **value < 0.0) {
        return Err(format!("the {side} gave {odd} {unit}, which is no count"));
    }
    let greatest = values.iter().copied().fold(0.0, f64::max);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    match median(values) {
        Some(value) if values.len() > 1 && greatest - least <= greatest * rules.agreement_of_exact => Ok(value),
        Some(_) if values.len() > 1 => Err(format!(
            "repeats of the {side} differ by {}, and an exact metric may differ by {}: {least} to {greatest} {unit}",
            percent((greatest - least) / greatest),
            percent(rules.agreement_of_exact),
        )),
        _ => Err(format!("the {side} was measured once, and two repeats must agree")),
    }
}
