//! Figures over all samples of one build.

use hdrhistogram::Histogram;

use crate::comparison::Figures;
use crate::measured::Measured;
use crate::stats::{median, quantile};
use crate::units;

/// The confidence at which a percentile must have an upper bound before it is shown.
const CONFIDENCE: f64 = 0.95;

/// The figures of one bench in one metric, over what all processes of a build measured.
///
/// Percentiles above the median are those of raw samples only: an average over many iterations hides the slow ones.
pub fn figures(processes: &[&Measured]) -> Figures {
    let samples: Vec<f64> = processes.iter().flat_map(|one| &one.samples).copied().filter(|x| x.is_finite()).collect();
    let raw = !processes.is_empty() && processes.iter().all(|one| one.raw);
    let percentile = |q: f64| {
        let is_enough = samples.len() as u64 >= quantile::needed(q, CONFIDENCE);
        (raw && is_enough).then(|| percentile(&samples, q)).flatten()
    };
    let p50 = median(&samples);
    Figures {
        samples: samples.len() as u64,
        p50,
        p95: percentile(0.95),
        p99: percentile(0.99),
        per_second: processes.first().and_then(|one| per_second(one, p50?)),
    }
}

/// What is handled in a second, if an operation takes `value`.
pub(crate) fn per_second(of: &Measured, value: f64) -> Option<(f64, String)> {
    let handled = of.throughput.as_ref()?;
    let (factor, unit) = units::base(&of.unit)?;
    let rate = handled.count / (value * factor);
    (unit == "s" && rate.is_finite() && rate > 0.0).then(|| (rate, handled.unit.clone()))
}

/// A percentile to three digits; `None` of negative samples.
fn percentile(samples: &[f64], q: f64) -> Option<f64> {
    // The histogram counts whole numbers: the greatest sample becomes this one, so that small ones keep their digits.
    const GREATEST: f64 = 1e12;
    let greatest = samples.iter().copied().fold(0.0, f64::max);
    if greatest == 0.0 || samples.iter().any(|sample| *sample < 0.0) {
        return None;
    }
    let mut counts = Histogram::<u64>::new_with_bounds(1, GREATEST as u64 + 1, 3).ok()?;
    for sample in samples {
        counts.saturating_record((sample / greatest * GREATEST) as u64);
    }
    Some((counts.value_at_quantile(q) as f64 / GREATEST * greatest).min(greatest))
}

#[cfg(test)]
mod tests {
    use super::figures;
    use crate::measured::{Better, Measured, Throughput};

    fn measured(samples: Vec<f64>, raw: bool) -> Measured {
        Measured {
            bench: "search".to_owned(),
            metric: "time".to_owned(),
            unit: "us".to_owned(),
            samples,
            raw,
            exact: false,
            better: Better::Less,
            throughput: Some(Throughput { count: 100.0, unit: "elements".to_owned() }),
        }
    }

    fn to(n: u32) -> Vec<f64> {
        (1..=n).map(f64::from).collect()
    }

    #[test]
    fn percentiles_are_those_of_raw_samples_and_of_enough() {
        let near = |a: Option<f64>, b: f64| (a.unwrap() / b - 1.0).abs() < 0.0011;
        let (one, other) = (measured(to(500), true), measured(to(500), true));
        let found = figures(&[&one, &other]);
        assert_eq!((found.samples, found.p50), (1000, Some(250.5)));
        assert!(near(found.p95, 475.0) && near(found.p99, 495.0), "{found:?}");
        let (rate, unit) = found.per_second.unwrap();
        assert!((rate - 100.0 / 250.5e-6).abs() < 1e-6 && unit == "elements");

        let averages = figures(&[&one, &measured(to(500), false)]);
        assert_eq!((averages.p95, averages.p99), (None, None));
        let few = figures(&[&measured(to(58), true)]);
        assert_eq!((few.p95, few.p50), (None, Some(29.5)));
        assert!(figures(&[&measured(to(59), true)]).p95.is_some());
        assert!(figures(&[&measured(to(298), true)]).p99.is_none());
    }

    #[test]
    fn tiny_and_huge_samples_keep_their_digits() {
        for scale in [1e-9, 1.0, 1e15] {
            let samples: Vec<f64> = to(100).into_iter().map(|sample| sample * scale).collect();
            let p95 = figures(&[&measured(samples, true)]).p95.unwrap();
            assert!((p95 / (95.0 * scale) - 1.0).abs() < 0.0011, "{p95} at {scale}");
        }
    }

    #[test]
    fn odd_samples_never_panic() {
        assert_eq!(figures(&[]), super::Figures::default());
        assert_eq!(figures(&[&measured(vec![], true)]).p50, None);
        let odd = figures(&[&measured(vec![f64::NAN, f64::INFINITY, -1.0, 0.0], true)]);
        assert_eq!((odd.samples, odd.p95), (2, None));
        assert_eq!(figures(&[&measured(vec![0.0; 100], true)]).per_second, None);
        assert_eq!(figures(&[&measured(vec![-1.0; 100], true)]).p95, None);
    }
}
