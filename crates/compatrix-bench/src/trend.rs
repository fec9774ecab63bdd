//! Change points of a trend: where the level of a bench changed, over the commits of a branch.
//!
//! The method is E-divisive (Matteson and James 2014): the split whose two sides have the greatest energy distance is
//! tested by permutation, and if it passes, both sides are split again. It assumes that without a change the values are
//! exchangeable, so each must be a log ratio over the *same* build, measured beside it. Sums of ratios over the commit
//! before wander by themselves, and their change points mean nothing.
//!
//! What it says is advice: it points at a range of commits, and gates nothing.

use crate::stats::median;

/// One of so many permutations of noise may pass for a change.
const LEVEL: f64 = 0.01;

const PERMUTATIONS: u32 = 199;

/// The fewest values on either side of a change.
const FEWEST: usize = 3;

/// Of a longer series only the latest values are looked at.
pub const LATEST: usize = 300;

/// Where the level of a series changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// The last value of the old level, by position.
    pub last_before: usize,
    /// The first value of the new one. What changed it is in the commits after `last_before`, up to this one.
    pub first_after: usize,
    /// The new level over the old one; above 1 is slower.
    pub ratio: f64,
    /// The chance of a split as clear if the values had come in any other order.
    pub p: f64,
}

/// The change points of a series of log ratios, in their order. Values that are not finite are passed over.
pub fn change_points(series: &[f64], seed: u64) -> Vec<ChangePoint> {
    let known: Vec<usize> = (0..series.len()).filter(|at| series[*at].is_finite()).collect();
    let known = &known[known.len().saturating_sub(LATEST)..];
    let values: Vec<f64> = known.iter().map(|at| series[*at]).collect();
    let mut splits = Vec::new();
    divide(&values, 0, &mut Shuffle(seed), &mut splits);
    let edges: Vec<usize> = [0].into_iter().chain(splits.iter().map(|(at, _)| *at)).chain([values.len()]).collect();
    let levels: Vec<f64> = edges.windows(2).map(|edge| median(&values[edge[0]..edge[1]]).unwrap_or_default()).collect();
    let points = splits.iter().zip(levels.windows(2)).map(|((at, p), levels)| ChangePoint {
        last_before: known[at - 1],
        first_after: known[*at],
        ratio: (levels[1] - levels[0]).exp(),
        p: *p,
    });
    points.collect()
}

/// Adds the splits of a part of the series that begins at `offset`.
fn divide(values: &[f64], offset: usize, shuffle: &mut Shuffle, splits: &mut Vec<(usize, f64)>) {
    let Some((at, seen)) = clearest(values) else { return };
    let mut shuffled = values.to_vec();
    let as_clear = (0..PERMUTATIONS).filter(|_| {
        shuffle.values(&mut shuffled);
        clearest(&shuffled).is_some_and(|(_, statistic)| statistic >= seen)
    });
    let p = (1.0 + as_clear.count() as f64) / (1.0 + f64::from(PERMUTATIONS));
    if p <= LEVEL {
        divide(&values[..at], offset, shuffle, splits);
        splits.push((offset + at, p));
        divide(&values[at..], offset + at, shuffle, splits);
    }
}

/// The clearest split, and how clear it is. The part after it need not reach to the end, so that a level that comes and
/// goes is seen, too. `None` if there are too few values, or if all are equal.
fn clearest(values: &[f64]) -> Option<(usize, f64)> {
    let sums = Sums::of(values);
    let mut best = None;
    for split in FEWEST..(values.len() + 1).saturating_sub(FEWEST) {
        for end in split + FEWEST..=values.len() {
            let (n, m) = (split as f64, (end - split) as f64);
            // Each pair once, without the distance of a value to itself.
            let within = |from, to, n: f64| sums.between((from, to), (from, to)) / (n * (n - 1.0));
            let between = 2.0 * sums.between((0, split), (split, end)) / (n * m);
            let statistic = n * m / (n + m) * (between - within(0, split, n) - within(split, end, m));
            if statistic > best.map_or(0.0, |(_, best)| best) {
                best = Some((split, statistic));
            }
        }
    }
    best
}

/// Sums of the distances between values, over any two ranges of them.
struct Sums {
    /// One more than there are values.
    width: usize,
    /// Row by row: the sum over all pairs of a value before the row and one before the column.
    sums: Vec<f64>,
}

impl Sums {
    fn of(values: &[f64]) -> Self {
        let width = values.len() + 1;
        let mut sums = vec![0.0; width * width];
        for (row, a) in values.iter().enumerate() {
            let mut along = 0.0;
            for (column, b) in values.iter().enumerate() {
                along += (a - b).abs();
                sums[(row + 1) * width + column + 1] = sums[row * width + column + 1] + along;
            }
        }
        Self { width, sums }
    }

    fn between(&self, rows: (usize, usize), columns: (usize, usize)) -> f64 {
        let at = |row: usize, column: usize| self.sums[row * self.width + column];
        at(rows.1, columns.1) - at(rows.0, columns.1) - at(rows.1, columns.0) + at(rows.0, columns.0)
    }
}

/// The energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′|: the square of `scipy.stats.energy_distance(x, y)`. `None` if a
/// sample is empty.
pub fn distance(x: &[f64], y: &[f64]) -> Option<f64> {
    let sums = Sums::of(&[x, y].concat());
    let (x, y) = ((0, x.len()), (x.len(), x.len() + y.len()));
    let mean = |a: (usize, usize), b: (usize, usize)| sums.between(a, b) / ((a.1 - a.0) * (b.1 - b.0)) as f64;
    (x.1 > 0 && y.1 > y.0).then(|| 2.0 * mean(x, y) - mean(x, x) - mean(y, y))
}

/// SplitMix64: the same permutations from the same seed, everywhere.
struct Shuffle(u64);

impl Shuffle {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn values(&mut self, values: &mut [f64]) {
        for last in (1..values.len()).rev() {
            let other = self.next() % (last as u64 + 1);
            values.swap(last, other as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{change_points, clearest, ChangePoint, Shuffle, FEWEST};

    /// Noise of about 1 % around each level, so many values each.
    fn levels(levels: &[(usize, f64)], seed: u64) -> Vec<f64> {
        let mut dice = Shuffle(seed);
        let mut share = || (dice.next() >> 40) as f64 / f64::from(1_u32 << 24) - 0.5;
        let mut series = Vec::new();
        for (count, level) in levels {
            series.extend((0..*count).map(|_| level + 0.02 * (share() + share() + share())));
        }
        series
    }

    fn places(points: &[ChangePoint]) -> Vec<(usize, usize)> {
        points.iter().map(|point| (point.last_before, point.first_after)).collect()
    }

    #[test]
    fn planted_steps_are_found_where_they_are() {
        let found = change_points(&levels(&[(30, 0.0), (30, 0.1)], 1), 7);
        assert_eq!(places(&found), [(29, 30)]);
        assert!((found[0].ratio - 0.1_f64.exp()).abs() < 0.01 && found[0].p <= 0.01, "{found:?}");
        // There and back again, and up in two steps.
        assert_eq!(places(&change_points(&levels(&[(25, 0.0), (12, 0.15), (25, 0.0)], 2), 7)), [(24, 25), (36, 37)]);
        assert_eq!(places(&change_points(&levels(&[(20, 0.0), (20, 0.1), (20, 0.3)], 3), 7)), [(19, 20), (39, 40)]);
        // Five commits after it.
        assert_eq!(places(&change_points(&levels(&[(40, 0.0), (5, -0.1)], 4), 7)), [(39, 40)]);
    }

    /// The statistic by its definition, with U-statistics of the distances within: n m / (n + m) times
    /// 2 E|X − Y| − E|X − X′| − E|Y − Y′|.
    fn by_definition(x: &[f64], y: &[f64]) -> f64 {
        let between: f64 = x.iter().flat_map(|a| y.iter().map(move |b| (a - b).abs())).sum();
        let within = |of: &[f64]| -> f64 {
            let pairs = (0..of.len()).flat_map(|i| (0..i).map(move |j| (of[i] - of[j]).abs()));
            pairs.sum::<f64>() / (of.len() * (of.len() - 1) / 2) as f64
        };
        let (n, m) = (x.len() as f64, y.len() as f64);
        n * m / (n + m) * (2.0 * between / (n * m) - within(x) - within(y))
    }

    #[test]
    fn the_clearest_split_weighs_distances_by_the_sizes() {
        // E|X − Y| is 15/3, E|X − X′| and E|Y − Y′| are 2/3: 9/6 · (2 · 5 − 4/3).
        let (at, statistic) = clearest(&[0.0, 0.0, 1.0, 5.0, 5.0, 6.0]).unwrap();
        assert!(at == 3 && (statistic - 13.0).abs() < 1e-12, "{at} {statistic}");
    }

    #[test]
    fn noise_alone_has_few_change_points() {
        let wrong = (0..60).filter(|seed| !change_points(&levels(&[(40, 0.0)], 100 + seed), 7).is_empty()).count();
        assert!(wrong <= 3, "{wrong} of 60");
    }

    #[test]
    fn values_that_are_missing_are_passed_over() {
        let mut series = levels(&[(20, 0.0), (20, 0.2)], 1);
        series[19] = f64::NAN;
        series[20] = f64::INFINITY;
        assert_eq!(places(&change_points(&series, 7)), [(18, 21)]);
        for few in [&[][..], &[1.0], &[0.0, 0.0, 0.0, 9.0, 9.0], &[f64::NAN; 9], &[3.0; 50]] {
            assert_eq!(change_points(few, 7), [], "{few:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_clearest_split_is_the_greatest_of_all(values in prop::collection::vec(-1.0..1.0, 6..20)) {
            let splits = (FEWEST..=values.len() - FEWEST)
                .flat_map(|split| (split + FEWEST..=values.len()).map(move |end| (split, end)));
            let all = splits.map(|(split, end)| by_definition(&values[..split], &values[split..end]));
            let greatest = all.fold(0.0, f64::max);
            let found = clearest(&values).map_or(0.0, |(_, statistic)| statistic);
            prop_assert!((found - greatest).abs() < 1e-9, "{} {}", found, greatest);
        }

        #[test]
        fn where_a_level_changes_does_not_depend_on_the_level(by in -3.0..3.0, at in 8..20_usize) {
            let series = levels(&[(at, 0.0), (15, 0.1)], 5);
            let moved: Vec<f64> = series.iter().map(|value| value + by).collect();
            prop_assert_eq!(places(&change_points(&series, 7)), [(at - 1, at)]);
            prop_assert_eq!(places(&change_points(&moved, 7)), [(at - 1, at)]);
        }
    }
}
