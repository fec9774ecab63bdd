//! What one process measured.

use serde::{Deserialize, Serialize};

/// What one process measured of one bench in one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The bench's full name, as its harness spells it: `search/10000`.
    pub bench: String,
    /// `time`, `instructions`, or a word of the program's own.
    pub metric: String,
    /// `ns`, `B`, `1` and so on, as the harness or the program names it.
    pub unit: String,
    /// The samples, in this unit, in the order in which they were taken. Finite and, for times, above zero.
    pub samples: Vec<f64>,
    /// Whether each sample is one operation, so that their percentiles are those of the operation. Criterion's are averages
    /// over many iterations.
    pub raw: bool,
    /// Whether two runs of the same program give the same figure but for 0.1 %: instructions, allocations, bytes, hit rates.
    pub exact: bool,
    /// Which direction is better.
    pub better: Better,
    /// What one operation handles.
    pub throughput: Option<Throughput>,
}

/// Which direction of a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Times, memory, instructions.
    #[default]
    Less,
    /// Rates, hits.
    More,
}

/// What one operation handles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// How many.
    pub count: f64,
    /// `elements`, `B`.
    pub unit: String,
}

/// What a process reported.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// What it measured, in the order in which the harness reports it.
    pub measured: Vec<Measured>,
    /// What could not be used, and why.
    pub troubles: Vec<Trouble>,
}

/// A part of a report that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The bench, if it is known which.
    pub bench: Option<String>,
    /// Why, in one sentence without a period, with the file or line that it is about.
    pub why: String,
}

impl Measured {
    /// The value of the process: the median of its samples; `None` without any.
    pub fn value(&self) -> Option<f64> {
        let mut sorted = self.samples.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => None,
            n if n % 2 == 1 => Some(sorted[middle]),
            _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
        }
    }
}
