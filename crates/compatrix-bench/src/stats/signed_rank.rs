//! Wilcoxon's signed-rank test, and the Hodges–Lehmann estimate that belongs to it.

use std::sync::OnceLock;

use statrs::distribution::{ContinuousCDF, Normal};

use super::ranks::{doubled, tie_term};

/// Up to as many differences the distribution is exact; of more it is the normal approximation.
const EXACT: usize = 256;

/// What the test says of differences whose median may be zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// The differences that are not zero.
    pub n: usize,
    /// The sum of the ranks of the positive ones.
    pub w: f64,
    /// One-sided p that they are greater than zero.
    pub greater: f64,
    /// One-sided p that they are less than zero.
    pub less: f64,
}

/// Tests whether differences lie above or below zero.
///
/// Zeros are dropped, as Wilcoxon did. Ties get their average rank, and the distribution is that of these ranks, so p is
/// exact with ties, too. Without a difference other than zero, or with one that is not finite, both p are 1.
pub fn signed_rank(differences: &[f64]) -> SignedRank {
    let left: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    if left.is_empty() || left.iter().any(|d| !d.is_finite()) {
        return SignedRank { n: 0, w: 0.0, greater: 1.0, less: 1.0 };
    }
    let sizes: Vec<f64> = left.iter().map(|d| d.abs()).collect();
    let (ranks, ties) = doubled(&sizes);
    let positive = ranks.iter().zip(&left).filter(|(_, d)| **d > 0.0);
    let sum: usize = positive.map(|(rank, _)| rank).sum();
    let n = left.len();
    let (greater, less) = if n > EXACT {
        approximate(n, sum as f64 / 2.0, tie_term(&ties))
    } else if ties.len() == n {
        let tails = untied(n);
        (tails[sum / 2], tails[tails.len() - 1 - sum / 2])
    } else {
        let tails = tails(&ranks);
        (tails[sum], tails[tails.len() - 1 - sum])
    };
    SignedRank { n, w: sum as f64 / 2.0, greater: f64::min(greater, 1.0), less: f64::min(less, 1.0) }
}

/// The chance of each sum of ranks or a greater one, if each rank counts with a chance of one half. The chance of a sum or
/// a less one is the same from the other end.
fn tails(ranks: &[usize]) -> Vec<f64> {
    let mut chances = vec![0.0; ranks.iter().sum::<usize>() + 1];
    chances[0] = 1.0;
    let mut highest = 0;
    for rank in ranks {
        highest += rank;
        for sum in (0..=highest).rev() {
            let with = if sum >= *rank { chances[sum - rank] } else { 0.0 };
            chances[sum] = f64::midpoint(chances[sum], with);
        }
    }
    // The small summands first.
    for sum in (0..highest).rev() {
        chances[sum] += chances[sum + 1];
    }
    chances
}

/// The tails of the ranks 1 to n, which all tests without ties share.
fn untied(n: usize) -> &'static [f64] {
    static TAILS: [OnceLock<Vec<f64>>; EXACT + 1] = [const { OnceLock::new() }; EXACT + 1];
    TAILS[n].get_or_init(|| tails(&(1..=n).collect::<Vec<_>>()))
}

/// Both p by the normal approximation.
fn approximate(n: usize, w: f64, tie_term: f64) -> (f64, f64) {
    let n = n as f64;
    let deviation = ((n * (n + 1.0) * (2.0 * n + 1.0) - tie_term / 2.0) / 24.0).sqrt();
    let distance = w - n * (n + 1.0) / 4.0;
    let normal = Normal::standard();
    (normal.sf((distance - 0.5) / deviation), normal.cdf((distance + 0.5) / deviation))
}

/// Where values lie, as the test sees it: the averages of all pairs (Walsh averages), each value with itself too.
#[derive(Debug, Clone)]
pub struct Center {
    n: usize,
    /// In ascending order.
    averages: Vec<f64>,
}

impl Center {
    /// The center of these.
    pub fn of(values: &[f64]) -> Self {
        let pairs = values.iter().enumerate().flat_map(|(i, a)| values[..=i].iter().map(|b| f64::midpoint(*a, *b)));
        let mut averages: Vec<f64> = pairs.collect();
        averages.sort_by(f64::total_cmp);
        Self { n: values.len(), averages }
    }

    /// The Hodges–Lehmann estimate: the median of the averages. `None` without values.
    pub fn estimate(&self) -> Option<f64> {
        let last = self.averages.len().checked_sub(1)?;
        Some(f64::midpoint(self.averages[last / 2], self.averages[last.div_ceil(2)]))
    }

    /// The lower and the upper confidence bound, each with the chance `alpha` that the center lies beyond it.
    ///
    /// They are the centers that the test at this level just does not reject. `None` if so few values reject nothing.
    pub fn bounds(&self, alpha: f64) -> Option<(f64, f64)> {
        let critical = critical(self.n, alpha)?;
        Some((self.averages[self.averages.len() - critical], self.averages[critical - 1]))
    }
}

/// The least sum of ranks that rejects at this level, one-sided, without ties; `None` if not even the greatest does.
fn critical(n: usize, alpha: f64) -> Option<usize> {
    let greatest = n * (n + 1) / 2;
    if n > EXACT {
        return (greatest / 2..=greatest).find(|sum| approximate(n, *sum as f64, 0.0).0 <= alpha);
    }
    let rejecting = untied(n).partition_point(|tail| *tail > alpha);
    (0 < rejecting && rejecting <= greatest).then_some(rejecting)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{approximate, critical, signed_rank, Center};

    fn bounds(values: &[f64], alpha: f64) -> Option<(f64, f64)> {
        Center::of(values).bounds(alpha)
    }

    fn hodges_lehmann(values: &[f64]) -> Option<f64> {
        Center::of(values).estimate()
    }

    /// The p of "greater" by all signs of the ranks.
    fn by_enumeration(differences: &[f64]) -> f64 {
        let seen = signed_rank(differences).w;
        let signs = 1_u32 << differences.len();
        let as_great = (0..signs).filter(|signs| {
            let flipped = differences.iter().enumerate();
            let flipped: Vec<f64> =
                flipped.map(|(at, d)| if signs >> at & 1 == 1 { d.abs() } else { -d.abs() }).collect();
            signed_rank(&flipped).w >= seen
        });
        as_great.count() as f64 / f64::from(signs)
    }

    #[test]
    fn nothing_to_rank_rejects_nothing() {
        for none in [&[][..], &[0.0, 0.0], &[1.0, f64::NAN], &[f64::INFINITY; 20]] {
            let found = signed_rank(none);
            assert_eq!((found.n, found.greater, found.less), (0, 1.0, 1.0), "{none:?}");
        }
        assert_eq!(hodges_lehmann(&[]), None);
    }

    #[test]
    fn all_of_one_sign_is_the_smallest_p() {
        for n in [1, 5, 16, 128, 256] {
            let found = signed_rank(&(1..=n).map(f64::from).collect::<Vec<_>>());
            assert_eq!(found.greater, 0.5_f64.powi(n));
            assert!((found.less - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_approximation_takes_over_smoothly() {
        let differences: Vec<f64> = (1..=256).map(|i| f64::from(i) * if i % 7 < 4 { 1.0 } else { -1.0 }).collect();
        let exact = signed_rank(&differences);
        let (greater, less) = approximate(256, exact.w, 0.0);
        assert!(
            (exact.greater - greater).abs() < 1e-4 && (exact.less - less).abs() < 1e-4,
            "{exact:?} {greater} {less}"
        );
        assert!(critical(257, 0.01) > critical(256, 0.01));
    }

    #[test]
    fn bounds_need_enough_values() {
        assert_eq!(bounds(&[], 0.5), None);
        assert_eq!(bounds(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.025), None);
        // 2⁻⁶ is less than 2.5 %: all Walsh averages.
        assert_eq!(bounds(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.025), Some((1.0, 6.0)));
    }

    #[test]
    fn p_keeps_its_level_under_the_null() {
        // All signs of eight ranks: at no level are more of them rejected than it says.
        let of = |signs: u32| -> Vec<f64> {
            (0..8).map(|at| f64::from(at + 1) * if signs >> at & 1 == 1 { 1.0 } else { -1.0 }).collect()
        };
        let p: Vec<f64> = (0..256).map(|signs| signed_rank(&of(signs)).greater).collect();
        for level in &p {
            let rejected = p.iter().filter(|p| *p <= level).count() as f64 / 256.0;
            assert!((rejected - level).abs() < 1e-12, "{rejected} at {level}");
        }
    }

    proptest! {
        #[test]
        fn p_is_exact_with_ties(differences in prop::collection::vec((1..=4_i32, any::<bool>()), 1..10)) {
            let differences: Vec<f64> =
                differences.into_iter().map(|(size, up)| f64::from(if up { size } else { -size })).collect();
            let found = signed_rank(&differences);
            prop_assert!((found.greater - by_enumeration(&differences)).abs() < 1e-12);
            let flipped = signed_rank(&differences.iter().map(|d| -d).collect::<Vec<_>>());
            prop_assert!((found.greater - flipped.less).abs() < 1e-12 && (found.less - flipped.greater).abs() < 1e-12);
        }

        #[test]
        fn the_estimate_moves_with_the_values(values in prop::collection::vec(-100.0..100.0, 6..30), by in -50.0..50.0) {
            let moved: Vec<f64> = values.iter().map(|value| value + by).collect();
            let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
            prop_assert!(near(hodges_lehmann(&values).unwrap() + by, hodges_lehmann(&moved).unwrap()));
            let ((low, high), (moved_low, moved_high)) = (bounds(&values, 0.025).unwrap(), bounds(&moved, 0.025).unwrap());
            prop_assert!(near(low + by, moved_low) && near(high + by, moved_high));
            let flipped: Vec<f64> = values.iter().map(|value| -value).collect();
            let (flipped_low, flipped_high) = bounds(&flipped, 0.025).unwrap();
            prop_assert!(near(-low, flipped_high) && near(-high, flipped_low));
            prop_assert!(low <= high);
        }

        #[test]
        fn bounds_are_where_the_test_stops_rejecting(values in prop::collection::vec(-1.0..1.0, 6..20), alpha in 0.02..0.2) {
            let (low, _) = bounds(&values, alpha).unwrap();
            let p = |center: f64| signed_rank(&values.iter().map(|value| value - center).collect::<Vec<_>>()).greater;
            prop_assert!(p(low - 1e-9) <= alpha && p(low + 1e-9) > alpha);
        }
    }
}
