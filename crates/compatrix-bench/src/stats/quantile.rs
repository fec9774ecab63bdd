//! Confidence bounds of a quantile that assume no distribution.

use statrs::distribution::{Binomial, DiscreteCDF};

/// One-sided confidence bounds of a quantile; `None` where there are too few samples for one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// The quantile is not below this.
    pub lower: Option<f64>,
    /// The quantile is not above this.
    pub upper: Option<f64>,
}

/// The bounds of the quantile `q`, each at this confidence, as order statistics: how many of n independent samples lie
/// below a quantile is binomial.
///
/// At 95 %, the 95th percentile has an upper bound from 59 samples up, the 99th from 299, the median from 5.
pub fn bounds(samples: &[f64], q: f64, confidence: f64) -> Bounds {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Ok(below) = Binomial::new(q, sorted.len() as u64) else { return Bounds::default() };
    let places: Vec<u64> = (0..sorted.len() as u64).collect();
    // The first sample that the quantile is not above, and the last that it is not below.
    let upper = places.partition_point(|place| below.cdf(*place) < confidence);
    let lower = places.partition_point(|place| below.sf(*place) >= confidence).checked_sub(1);
    Bounds { lower: lower.map(|at| sorted[at]), upper: sorted.get(upper).copied() }
}

/// How many samples the upper bound of a quantile needs at this confidence.
pub fn needed(q: f64, confidence: f64) -> u64 {
    ((1.0 - confidence).ln() / q.ln()).ceil() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{bounds, needed, Bounds};

    fn to(n: i32) -> Vec<f64> {
        (1..=n).map(f64::from).collect()
    }

    #[test]
    fn upper_bounds_begin_where_they_can() {
        for (q, first) in [(0.95, 59), (0.99, 299), (0.5, 5)] {
            assert_eq!(needed(q, 0.95), first);
            let first = i32::try_from(first).unwrap();
            assert_eq!(bounds(&to(first - 1), q, 0.95).upper, None, "{q}");
            assert_eq!(bounds(&to(first), q, 0.95).upper, Some(f64::from(first)), "{q}");
        }
        assert_eq!(bounds(&[], 0.5, 0.95), Bounds::default());
        assert_eq!(bounds(&to(9), f64::NAN, 0.95), Bounds::default());
    }

    proptest! {
        #[test]
        fn bounds_enclose_the_median_and_move_with_the_samples(
            samples in prop::collection::vec(-9.0..9.0, 5..80),
            by in -5.0..5.0,
        ) {
            let found = bounds(&samples, 0.5, 0.95);
            let (lower, upper) = (found.lower.unwrap(), found.upper.unwrap());
            let median = crate::stats::median(&samples).unwrap();
            prop_assert!(lower <= median && median <= upper);
            let moved: Vec<f64> = samples.iter().map(|sample| sample + by).collect();
            prop_assert_eq!(bounds(&moved, 0.5, 0.95), Bounds { lower: Some(lower + by), upper: Some(upper + by) });
            let flipped: Vec<f64> = samples.iter().map(|sample| -sample).collect();
            prop_assert_eq!(bounds(&flipped, 0.5, 0.95), Bounds { lower: Some(-upper), upper: Some(-lower) });
        }
    }
}
