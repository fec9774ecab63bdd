//! What the program of a suite of kind `command` used and reported.

use compatrix_bench::Measured;
use serde::{Deserialize, Serialize};

/// The most figures that a record keeps.
const MOST_FIGURES: usize = 200;
/// The most findings that a record keeps.
const MOST_FINDINGS: usize = 50;

/// How a finding of this level begins, after its place.
const WARNING: &str = "warning: ";

/// What a program used and reported.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Measurements {
    /// The most memory that the program itself had, in bytes; not that of programs which it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// Processor time of the program and of those that it started and waited for, in milliseconds.
    #[serde(default)]
    pub cpu_ms: u64,
    /// What it measured, at most the first 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// What it found, as `FILE:LINE: LEVEL: TEXT`, at most the first 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

/// What it measured of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The thing.
    pub bench: String,
    /// `time`, `size` and so on.
    pub metric: String,
    /// As the program names it.
    pub unit: String,
    /// The median of its samples.
    pub value: Number,
    /// How many samples there were.
    pub samples: u32,
    /// Whether it is the same in each run.
    pub exact: bool,
}

/// A finite number, equal to itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl Number {
    /// This number to 15 significant digits, so that every reader of JSON reads back what was written; nothing if it is not
    /// finite.
    pub fn of(number: f64) -> Option<Self> {
        format!("{number:.14e}").parse().ok().filter(|number: &f64| number.is_finite()).map(Self)
    }
}

impl Measurements {
    /// With these measurements and findings, as many as a record keeps.
    pub fn of(measured: &[Measured], findings: Vec<String>) -> Self {
        let figure = |one: &Measured| {
            Some(Figure {
                bench: one.bench.clone(),
                metric: one.metric.clone(),
                unit: one.unit.clone(),
                value: Number::of(one.value()?)?,
                samples: u32::try_from(one.samples.len()).unwrap_or(u32::MAX),
                exact: one.exact,
            })
        };
        let figures = measured.iter().filter_map(figure).take(MOST_FIGURES).collect();
        Self { figures, findings: findings.into_iter().take(MOST_FINDINGS).collect(), ..Self::default() }
    }

    /// The findings that are neither errors nor notes.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        let level = |finding: &&str| finding.starts_with(WARNING) || finding.contains(&format!(": {WARNING}"));
        self.findings.iter().map(String::as_str).filter(level)
    }

    /// What is the same in each run: exact figures alone; nothing if there are none.
    pub fn lasting(self) -> Option<Self> {
        let exact = self.figures.into_iter().filter(|figure| figure.exact);
        let figures: Vec<Figure> = exact.map(|figure| Figure { samples: 1, ..figure }).collect();
        (!figures.is_empty()).then(|| Self { figures, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use compatrix_bench::harness::lines;

    use super::*;

    fn measured(lines: &str) -> Measurements {
        Measurements::of(&lines::reading(lines).measured, vec!["a finding".to_owned()])
    }

    #[test]
    fn a_record_has_medians_and_evidence_what_lasts() {
        let all = measured(
            "{\"bench\":\"a\",\"metric\":\"time\",\"unit\":\"ms\",\"samples\":[5,1,3]}\n\
             {\"bench\":\"a\",\"metric\":\"symbols\",\"unit\":\"1\",\"samples\":[12,12],\"exact\":true}\n",
        );
        let short: Vec<_> = all.figures.iter().map(|one| (one.metric.as_str(), one.value.0, one.samples)).collect();
        assert_eq!(short, [("time", 3.0, 3), ("symbols", 12.0, 2)]);
        let lasting = Measurements { peak_memory: Some(5), cpu_ms: 7, ..all }.lasting().expect("one is exact");
        assert_eq!((lasting.figures.len(), lasting.figures[0].metric.as_str()), (1, "symbols"));
        assert_eq!((lasting.peak_memory, lasting.cpu_ms, lasting.findings.len()), (None, 0, 0));
        assert_eq!(measured("").lasting(), None);
    }

    #[test]
    fn a_number_is_read_back_as_it_was_written() {
        for number in [0.1 + 0.2, -131_201_065.650_771_87, 1e-9, 123_456_789_012_345.0, 1.0 / 3.0, 0.0] {
            let number = Number::of(number).expect("finite");
            let text = serde_json::to_string(&number).expect("a number");
            assert_eq!(serde_json::from_str::<Number>(&text).expect(&text), number, "{text}");
        }
        assert_eq!((Number::of(f64::NAN), Number::of(f64::INFINITY)), (None, None));
    }

    #[test]
    fn a_record_does_not_grow_without_end() {
        let lines: String = (0..1000)
            .map(|n| format!("{{\"bench\":\"{n}\",\"metric\":\"size\",\"unit\":\"B\",\"value\":{n}}}\n"))
            .collect();
        assert_eq!(measured(&lines).figures.len(), MOST_FIGURES);
    }
}
