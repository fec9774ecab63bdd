//! Two independent samples: the tests that people know. The gate prints them, and decides by neither.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::ranks::{doubled, tie_term};

/// The two-sided p of the Mann–Whitney U test; `None` if a sample is empty, has a NaN, or if all values are equal.
///
/// It is `scipy.stats.mannwhitneyu(x, y, alternative="two-sided", method="auto")`: exact if one sample has eight values or
/// fewer and there are no ties; otherwise normal, with the corrections for ties and continuity.
pub fn mann_whitney(x: &[f64], y: &[f64]) -> Option<f64> {
    let all: Vec<f64> = x.iter().chain(y).copied().collect();
    if x.is_empty() || y.is_empty() || all.iter().any(|value| value.is_nan()) {
        return None;
    }
    let (ranks, ties) = doubled(&all);
    let sum = ranks[..x.len()].iter().sum::<usize>();
    // Twice U of x, of y, and the greater of both.
    let of_x = sum - x.len() * (x.len() + 1);
    let of_y = 2 * x.len() * y.len() - of_x;
    let greater = of_x.max(of_y) as f64 / 2.0;
    let (n, m) = (x.len() as f64, y.len() as f64);
    if x.len().min(y.len()) <= 8 && ties.iter().all(|ties| *ties == 1) {
        let less = of_x.min(of_y) / 2;
        return Some((2.0 * exact_tail(x.len().min(y.len()), x.len().max(y.len()), less)).min(1.0));
    }
    let both = n + m;
    let deviation = (n * m / 12.0 * (both + 1.0 - tie_term(&ties) / (both * (both - 1.0)))).sqrt();
    let z = (greater - n * m / 2.0 - 0.5) / deviation;
    (deviation > 0.0).then(|| (2.0 * Normal::standard().sf(z)).min(1.0))
}

/// The chance that U of samples of `few` and `many` values is at most `u`, which is no more than the mean.
fn exact_tail(few: usize, many: usize, u: usize) -> f64 {
    // How many samples have a U of 0, 1, …, u: the coefficients of the Gaussian binomial, a factor
    // (1 − qᵐ⁺ⁱ) / (1 − qⁱ) at a time.
    let mut counts = vec![0.0; u + 1];
    counts[0] = 1.0;
    let mut all = 1.0;
    for i in 1..=few {
        for at in (many + i..=u).rev() {
            counts[at] -= counts[at - many - i];
        }
        for at in i..=u {
            counts[at] += counts[at - i];
        }
        all *= (many + i) as f64 / i as f64;
    }
    counts.iter().sum::<f64>() / all
}

/// The two-sided p of Welch's t test: `scipy.stats.ttest_ind(x, y, equal_var=False)`. `None` with fewer than two values in
/// a sample, values that are not finite, or without any variance.
pub fn welch(x: &[f64], y: &[f64]) -> Option<f64> {
    let (mean_x, error_x) = mean_and_error(x)?;
    let (mean_y, error_y) = mean_and_error(y)?;
    let error = error_x + error_y;
    let t = (mean_x - mean_y) / error.sqrt();
    let smaller = |error: f64, n: usize| error * error / (n - 1) as f64;
    let freedom = error * error / (smaller(error_x, x.len()) + smaller(error_y, y.len()));
    if !t.is_finite() || !freedom.is_finite() {
        return None;
    }
    StudentsT::new(0.0, 1.0, freedom).ok().map(|students| (2.0 * students.sf(t.abs())).min(1.0))
}

/// The mean, and the squared standard error of it.
fn mean_and_error(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Some((mean, variance / n))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{mann_whitney, welch};

    #[test]
    fn what_cannot_be_tested_has_no_p() {
        let three = [1.0, 2.0, 3.0];
        for (x, y) in [(&[][..], &three[..]), (&three, &[]), (&[f64::NAN, 1.0], &three), (&[5.0; 9], &[5.0; 9])] {
            assert_eq!(mann_whitney(x, y), None, "{x:?}");
            assert_eq!(welch(x, y), None, "{x:?}");
        }
        assert_eq!(welch(&[1.0], &three), None);
        assert_eq!(welch(&[1.0, f64::INFINITY], &three), None);
    }

    #[test]
    fn large_samples_take_no_time() {
        let many: Vec<f64> = (0..5_000).map(|i| f64::from(i) * 1.5).collect();
        assert!(mann_whitney(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], &many).unwrap() < 1e-5);
    }

    proptest! {
        #[test]
        fn neither_depends_on_the_order_of_the_samples(
            x in prop::collection::vec(0.0..100.0, 2..12),
            y in prop::collection::vec(0.0..100.0, 2..12),
        ) {
            for test in [mann_whitney, welch] {
                let (one, other) = (test(&x, &y).unwrap(), test(&y, &x).unwrap());
                prop_assert!((one - other).abs() < 1e-12 && (0.0..=1.0).contains(&one));
            }
        }
    }
}
