//! Statistics: exact tests on few values, and bounds that assume no distribution.
//!
//! Each agrees with SciPy; `tests/scipy/values.py` makes the values that are compared. Nothing here knows benches.

pub mod holm;
pub mod quantile;
mod ranks;
pub mod signed_rank;
pub mod two_samples;

/// The median of values in any order; `None` without any.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The median deviation from the median, scaled so that it is the standard deviation of a normal distribution.
pub fn spread(values: &[f64]) -> Option<f64> {
    let center = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - center).abs()).collect();
    median(&deviations).map(|deviation| deviation * 1.482_602_218_505_602)
}
