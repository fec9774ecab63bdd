//! Energy distance: how far apart two samples are, in any respect.

/// 2 E|X − Y| − E|X − X′| − E|Y − Y′|, the square of `scipy.stats.energy_distance(x, y)`; `None` if a sample is empty.
pub fn distance(x: &[f64], y: &[f64]) -> Option<f64> {
    let mean = |a: &[f64], b: &[f64]| {
        let sum: f64 = a.iter().flat_map(|one| b.iter().map(move |other| (one - other).abs())).sum();
        sum / (a.len() * b.len()) as f64
    };
    (!x.is_empty() && !y.is_empty()).then(|| 2.0 * mean(x, y) - mean(x, x) - mean(y, y))
}
