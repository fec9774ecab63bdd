//! Holm's correction for many tests.

/// The adjusted p values, in the order of `p`: a test is rejected at a level exactly if its adjusted value is at most that.
///
/// The chance of any false rejection is at most the level, however the tests depend on each other.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least: f64 = 0.0;
    for (before, at) in order.into_iter().enumerate() {
        // A later step is never easier than an earlier one. `f64::min` turns a NaN into 1.
        least = least.max(((p.len() - before) as f64 * p[at]).min(1.0));
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::holm;

    #[test]
    fn steps_go_down_and_never_back() {
        assert_eq!(holm(&[]), [0.0; 0]);
        assert_eq!(holm(&[0.02]), [0.02]);
        assert_eq!(holm(&[0.25, 0.125, 0.0625]), [0.25, 0.25, 0.1875]);
        assert_eq!(holm(&[0.5, 0.6, 0.9]), [1.0, 1.0, 1.0]);
        assert_eq!(holm(&[f64::NAN, 0.01]), [1.0, 0.02]);
    }

    proptest! {
        #[test]
        fn adjusted_values_keep_the_order_and_lie_between_p_and_bonferroni(p in prop::collection::vec(0.0..=1.0, 1..40)) {
            let adjusted = holm(&p);
            for i in 0..p.len() {
                prop_assert!(adjusted[i] >= p[i] && adjusted[i] <= (p[i] * p.len() as f64).min(1.0));
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
                }
            }
        }

        #[test]
        fn one_more_test_makes_none_easier(p in prop::collection::vec(0.0..=1.0, 1..20), more in 0.0..=1.0) {
            let mut all = p.clone();
            all.push(more);
            prop_assert!(holm(&p).iter().zip(holm(&all)).all(|(few, many)| *few <= many));
        }
    }
}
