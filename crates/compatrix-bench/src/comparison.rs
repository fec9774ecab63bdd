//! Two builds compared: one value a round and build, and what follows from them.

use serde::{Deserialize, Serialize};

use crate::measured::Better;

/// The rules of a gate, fixed before anything runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The slowdown that is tolerated: 0.03 is 3 %.
    pub tolerance: f64,
    /// The rounds of the first look. What is not settled then is measured for as many again, and looked at once more.
    pub rounds: u32,
    /// The chance of any false alarm in the whole gate, both looks together: 0.01.
    pub alpha: f64,
    /// The increase of an exact metric that is tolerated: 0.01.
    pub limit_of_exact: f64,
    /// How far apart two values of an exact metric may be: 0.001.
    pub agreement_of_exact: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { tolerance: 0.03, rounds: 16, alpha: 0.01, limit_of_exact: 0.01, agreement_of_exact: 0.001 }
    }
}

/// The values of one bench in one metric, a process each.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The group that it belongs to: a suite in a cell, by position.
    pub group: usize,
    /// The bench's full name.
    pub bench: String,
    /// `time`, `instructions` and so on.
    pub metric: String,
    /// The unit of the values.
    pub unit: String,
    /// Which direction is better.
    pub better: Better,
    /// Whether it is an exact metric.
    pub exact: bool,
    /// The slowdown that is tolerated, where it is not that of the rules: 0.03 is 3 %.
    pub tolerance: Option<f64>,
    /// The values of the base, one a round, in the rounds' order.
    pub base: Vec<f64>,
    /// Those of the head, as many.
    pub head: Vec<f64>,
    /// Figures of the base over all samples.
    pub of_base: Figures,
    /// Figures of the head over all samples.
    pub of_head: Figures,
}

/// Figures over the samples of all processes of one build.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// How many samples there are.
    pub samples: u64,
    /// The median.
    pub p50: Option<f64>,
    /// The 95th percentile; only of raw samples, 59 or more.
    pub p95: Option<f64>,
    /// The 99th percentile; only of raw samples, 299 or more.
    pub p99: Option<f64>,
    /// What is handled a second, and its unit, where the harness says how much one operation handles.
    pub per_second: Option<(f64, String)>,
}

/// What a comparison of one bench says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Both executables are equal, so nothing was run.
    Same,
    /// Slower by more than is tolerated.
    Slower,
    /// Faster by more than is tolerated.
    Faster,
    /// Not slower than is tolerated.
    NotSlower,
    /// Neither could be shown.
    Unproven,
}

/// One bench of two builds compared. Ratios are costs of head over base: above 1 is worse, whichever direction is better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The group, by position.
    pub group: usize,
    /// The bench's full name.
    pub bench: String,
    /// `time`, `instructions` and so on.
    pub metric: String,
    /// The unit of the figures.
    pub unit: String,
    /// What it says.
    pub change: Change,
    /// The estimated ratio (Hodges–Lehmann); `None` where nothing was run.
    pub ratio: Option<f64>,
    /// The interval of the ratio, at the confidence of the report.
    pub interval: Option<(f64, f64)>,
    /// The smallest ratio above the tolerance that would have been called slower with this spread.
    pub smallest: Option<f64>,
    /// The spread of a round: the scaled median deviation of the log ratios, 0.02 is 2 %.
    pub spread: Option<f64>,
    /// How many rounds there were.
    pub rounds: u32,
    /// One-sided signed-rank p that it is slower than tolerated, before the correction.
    pub p: Option<f64>,
    /// The same after Holm's correction over the whole gate.
    pub p_corrected: Option<f64>,
    /// Mann-Whitney U, two-sided p.
    pub p_mann_whitney: Option<f64>,
    /// Welch's t, two-sided p.
    pub p_welch: Option<f64>,
    /// Figures of the base.
    pub base: Figures,
    /// Figures of the head.
    pub head: Figures,
    /// Why it is unproven, in one sentence without a period; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Comparison {
    /// Of a series: unproven, and without any figure but those of the sides.
    pub fn unmeasured(series: &Series) -> Self {
        Self {
            unit: series.unit.clone(),
            change: Change::Unproven,
            rounds: u32::try_from(series.base.len().min(series.head.len())).unwrap_or(u32::MAX),
            base: series.of_base.clone(),
            head: series.of_head.clone(),
            ..Self::same(series.group, series.bench.clone(), series.metric.clone())
        }
    }

    /// One whose executables are equal, so that nothing was run.
    pub fn same(group: usize, bench: String, metric: String) -> Self {
        Self {
            group,
            bench,
            metric,
            unit: String::new(),
            change: Change::Same,
            ratio: None,
            interval: None,
            smallest: None,
            spread: None,
            rounds: 0,
            p: None,
            p_corrected: None,
            p_mann_whitney: None,
            p_welch: None,
            base: Figures::default(),
            head: Figures::default(),
            why: String::new(),
        }
    }

    /// Whether no more rounds are needed.
    pub fn is_settled(&self) -> bool {
        self.change != Change::Unproven
    }

    /// What it is about, within a gate.
    pub(crate) fn key(&self) -> (usize, &str, &str) {
        (self.group, &self.bench, &self.metric)
    }
}
