//! The schedule of a walk as it went: what ran when, in which lane, and how busy the machine was meanwhile.
//!
//! The engine records it, `--timings` draws it. Times are milliseconds since the command began.

mod chain;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::verdict::Verdict;

pub use chain::{Bound, Chain};

/// What a walk did, and when.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// The command, for the title: `compat --profile local`.
    pub command: String,
    /// How long the command took.
    pub elapsed_ms: u64,
    /// Cores that the command may use; a container may have half a core.
    pub cores: f64,
    /// Memory that it may use, in bytes; 0 if unknown.
    pub memory: u64,
    /// Job tokens: the value of `--jobs`.
    pub jobs: usize,
    /// Results that were known and not run again.
    pub reused: usize,
    /// Whether an interrupt ended it early.
    pub interrupted: bool,
    /// In the order in which they began.
    pub bars: Vec<Bar>,
    /// The use of the machine, in order of time.
    pub samples: Vec<Sample>,
    /// What the progress line showed as time left, in order of time.
    pub estimates: Vec<Estimate>,
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bar {
    /// What it was.
    pub kind: BarKind,
    /// Its name, for people: of a build, or a cell and its suite.
    pub name: String,
    /// The lane of its build; empty for a provision.
    pub lane: String,
    /// The position of its build in the plan; none for a provision.
    pub build: Option<usize>,
    /// When it began.
    pub from_ms: u64,
    /// When it ended.
    pub to_ms: u64,
    /// Processor time of its processes; none if it was not measured.
    pub cpu_ms: Option<u64>,
    /// How it ended.
    pub end: BarEnd,
}

/// The kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum BarKind {
    /// Something was installed, fetched or made before builds.
    Provision,
    /// The compilation of a build.
    #[default]
    Build,
    /// The doctests of a build.
    Doctests,
    /// A run, beside whatever else ran.
    Run,
    /// A run while nothing else ran: its suite asks for that, or it confirms a red result.
    Alone,
}

/// How work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum BarEnd {
    /// As the spec expects.
    #[default]
    Ok,
    /// It failed, and the spec expects that.
    Known,
    /// It failed.
    Red,
    /// An interrupt cut it short.
    Cut,
}

/// How busy the machine was at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// The end of the interval that it is the average of.
    pub at_ms: u64,
    /// Cores that our processes used.
    pub ours: f64,
    /// Cores that all processes of the machine used.
    pub machine: f64,
    /// Memory in use on the machine, in bytes.
    pub memory: u64,
}

/// An estimate that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// When.
    pub at_ms: u64,
    /// How much time it said was left.
    pub left_ms: u64,
}

/// Bars that do not overlap, drawn in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the row holds.
    pub kind: BarKind,
    /// The lane, for rows of builds.
    pub lane: String,
    /// Positions of the bars, in order of time.
    pub bars: Vec<usize>,
}

/// How good the estimates were from half-time on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// The largest error of the predicted total, as a part of the true total.
    pub worst: f64,
    /// When that was.
    pub at_ms: u64,
}

impl Bar {
    /// How long it took.
    pub fn ms(&self) -> u64 {
        self.to_ms.saturating_sub(self.from_ms)
    }

    /// The cores that it used on average; none if its processor time was not measured.
    pub fn share(&self) -> Option<f64> {
        let ms = self.ms();
        self.cpu_ms.filter(|_| ms > 0).map(|cpu| cpu as f64 / ms as f64)
    }
}

impl BarKind {
    /// Its name, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::Build => "build",
            Self::Doctests => "doctests",
            Self::Run => "run",
            Self::Alone => "run alone",
        }
    }
}

impl BarEnd {
    /// Its name, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Known => "known failure",
            Self::Red => "failed",
            Self::Cut => "interrupted",
        }
    }
}

impl From<Verdict> for BarEnd {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Ok | Verdict::Stale | Verdict::Unproven | Verdict::NotPromised => Self::Ok,
            Verdict::Known => Self::Known,
            Verdict::Broken | Verdict::Error | Verdict::UnexpectedPass | Verdict::Flaky => Self::Red,
        }
    }
}

impl Timeline {
    /// The bars in rows: provisions, then a row for each lane of builds in the order in which lanes began, then doctests,
    /// runs and runs alone, each in as few rows as overlaps allow.
    pub fn rows(&self) -> Vec<Row> {
        let mut lanes: Vec<&str> = Vec::new();
        for bar in self.bars.iter().filter(|bar| bar.kind == BarKind::Build) {
            if !lanes.contains(&bar.lane.as_str()) {
                lanes.push(&bar.lane);
            }
        }
        let mut rows = self.packed(BarKind::Provision, "");
        rows.extend(lanes.iter().flat_map(|lane| self.packed(BarKind::Build, lane)));
        for kind in [BarKind::Doctests, BarKind::Run, BarKind::Alone] {
            rows.extend(self.packed(kind, ""));
        }
        rows
    }

    /// The bars of a kind, and of a lane if they are builds, each in the first row that is free.
    fn packed(&self, kind: BarKind, lane: &str) -> Vec<Row> {
        let is_of = |bar: &Bar| bar.kind == kind && (kind != BarKind::Build || bar.lane == lane);
        let mut bars: Vec<usize> = (0..self.bars.len()).filter(|&n| is_of(&self.bars[n])).collect();
        bars.sort_by_key(|&n| (self.bars[n].from_ms, self.bars[n].to_ms, n));
        let mut rows: Vec<Row> = Vec::new();
        for n in bars {
            let ends = |row: &Row| row.bars.last().map_or(0, |&last| self.bars[last].to_ms);
            match rows.iter_mut().find(|row| ends(row) <= self.bars[n].from_ms) {
                Some(row) => row.bars.push(n),
                None => rows.push(Row { kind, lane: lane.to_owned(), bars: vec![n] }),
            }
        }
        rows
    }

    /// How many bars there are of each kind.
    pub fn counts(&self) -> BTreeMap<BarKind, usize> {
        let mut counts = BTreeMap::new();
        for bar in &self.bars {
            *counts.entry(bar.kind).or_default() += 1;
        }
        counts
    }

    /// Processor time of everything whose processor time was measured.
    pub fn cpu_ms(&self) -> u64 {
        self.bars.iter().filter_map(|bar| bar.cpu_ms).sum()
    }

    /// The cores that our processes and the whole machine used on average; none without samples.
    pub fn mean_use(&self) -> Option<(f64, f64)> {
        let (mut before, mut ours, mut machine) = (0, 0.0, 0.0);
        for sample in &self.samples {
            let ms = sample.at_ms.saturating_sub(before) as f64;
            (before, ours, machine) = (sample.at_ms, ours + sample.ours * ms, machine + sample.machine * ms);
        }
        (before > 0).then(|| (ours / before as f64, machine / before as f64))
    }

    /// How good the estimates were: from the first one to the end of the last bar, in the second half of that time. None
    /// without estimates in that half, or if it was interrupted.
    pub fn accuracy(&self) -> Option<Accuracy> {
        let first = self.estimates.first()?.at_ms;
        let end = self.bars.iter().map(|bar| bar.to_ms).max()?;
        let total = end.checked_sub(first).filter(|total| *total > 0 && !self.interrupted)? as f64;
        let mut worst: Option<Accuracy> = None;
        for estimate in self.estimates.iter().filter(|estimate| estimate.at_ms <= end) {
            let at = (estimate.at_ms - first) as f64;
            let error = (at + estimate.left_ms as f64 - total).abs() / total;
            if at * 2.0 >= total && worst.is_none_or(|worst| error > worst.worst) {
                worst = Some(Accuracy { worst: error, at_ms: estimate.at_ms });
            }
        }
        worst
    }
}
