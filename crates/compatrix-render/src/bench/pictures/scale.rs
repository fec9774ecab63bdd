//! A scale of ratios: equal distances are equal factors.

/// Ratios beyond these are drawn at the edge.
const LEAST: f64 = 0.2;
const MOST: f64 = 5.0;

/// Where ratios are drawn.
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// A scale for these ratios, from one pixel to another; it always shows 5 % on both sides of 1.
    pub(super) fn of(ratios: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut low, mut high) = (1.0 / 1.05_f64, 1.05_f64);
        for ratio in ratios.filter(|ratio| ratio.is_finite()) {
            low = low.min(ratio.max(LEAST));
            high = high.max(ratio.min(MOST));
        }
        // Room at the edges, so that no sign is cut.
        let room = (high / low).powf(0.06);
        Self { low: low / room, high: high * room, from, to }
    }

    /// The pixel of a ratio.
    pub(super) fn at(&self, ratio: f64) -> f64 {
        let ratio = ratio.clamp(self.low, self.high);
        let part = (ratio / self.low).ln() / (self.high / self.low).ln();
        self.from + part * (self.to - self.from)
    }

    /// Ratios worth a line, with their names, none closer to another than so many pixels.
    pub(super) fn ticks(&self, apart: f64) -> Vec<(f64, String)> {
        const PERCENT: [i32; 21] =
            [0, -10, 10, -5, 5, -20, 20, -50, 100, -2, 2, 50, -33, 200, -75, 300, -1, 1, -67, 30, 400];
        let mut ticks: Vec<(f64, String)> = Vec::new();
        for percent in PERCENT {
            let ratio = 1.0 + f64::from(percent) / 100.0;
            let is_seen = self.low < ratio && ratio < self.high;
            let is_clear = ticks.iter().all(|(other, _)| (self.at(*other) - self.at(ratio)).abs() >= apart);
            if is_seen && is_clear {
                let name = if percent == 0 { "0 %".to_owned() } else { format!("{percent:+} %") };
                ticks.push((ratio, name));
            }
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn equal_factors_are_equally_far() {
        let scale = Scale::of([0.5, 2.0].into_iter(), 0.0, 100.0);
        assert!((scale.at(1.0) - 50.0).abs() < 1e-9);
        assert!(scale.at(0.5) > 0.0 && scale.at(2.0) < 100.0);
        assert!(scale.at(1e9) <= 100.0 && scale.at(0.0) >= 0.0);
        let names: Vec<String> = scale.ticks(10.0).into_iter().map(|(_, name)| name).collect();
        assert!(names.contains(&"-50 %".to_owned()) && names.contains(&"+100 %".to_owned()), "{names:?}");
        let odd = Scale::of([f64::NAN, f64::INFINITY, -1.0].into_iter(), 0.0, 100.0);
        assert!(odd.at(1.0).is_finite());
    }
}
