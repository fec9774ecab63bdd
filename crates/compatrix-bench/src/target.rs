//! `[[target]]`: a figure that a bench is to reach.

use serde::{Deserialize, Serialize};

/// A figure that a bench is to reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The suite whose bench it is; without one, any suite that has it.
    pub suite: Option<String>,
    /// The bench's full name.
    pub bench: String,
    /// `p50`, `p95`, `p99` of raw samples, `time`, `throughput`, `peak-memory`, `cpu`, `ratio`, or a metric of the bench.
    pub metric: String,
    /// For `ratio`: the bench that it is compared with. The figure is the `time` of this one over the `time` of `bench`.
    pub to: Option<String>,
    /// The limit.
    pub bound: Bound,
    /// The limit as the spec spells it: `5 ms`, `15`.
    pub text: String,
    /// How much it counts.
    pub tier: Tier,
    /// The line in the spec, from 1.
    pub line: usize,
}

impl Target {
    /// The limit with its direction: `at most 5 ms`.
    pub fn limit(&self) -> String {
        match self.bound {
            Bound::AtMost(_) => format!("at most {}", self.text),
            Bound::AtLeast(_) => format!("at least {}", self.text),
        }
    }
}

/// A limit in base units: seconds, bytes, 1 a second, or plain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

/// How much a target counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Contradicted, it fails.
    Must,
    /// Contradicted, it warns.
    Should,
    /// Contradicted, it informs.
    Nice,
}

/// Whether a target is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proven {
    /// The bound on the figure is within the limit.
    Proven,
    /// The bound on the figure is beyond the limit.
    Contradicted,
    /// The samples do not tell, or there are none.
    Unproven,
}

/// A target and what was seen of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The group that it was seen in, by position; `None` if in none.
    pub group: Option<usize>,
    /// The full name of the bench.
    pub bench: String,
    /// As the target spells it.
    pub metric: String,
    /// The limit with its direction: `at most 5 ms`.
    pub limit: String,
    /// How much it counts.
    pub tier: Tier,
    /// Whether it is reached.
    pub proven: Proven,
    /// The figure seen, in the base unit.
    pub figure: Option<f64>,
    /// The interval of the figure at 95 %.
    pub interval: Option<(f64, f64)>,
    /// The base unit: `s`, `B`, `1/s`, `1`, or that of the metric.
    pub unit: String,
    /// Why it is unproven, in one sentence without a period; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}
