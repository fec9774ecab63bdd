//! The record of a report.

use std::fmt;

use compatrix_bench::{units, Change, Comparison, Judged};

use super::{contradiction, is_commit, Entry, Figure, Record, Seen};
use crate::speed::{Machine, Question, SpeedReport};

/// Why a report makes no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRecorded {
    /// It compares values of an axis.
    NoChange,
    /// One of them, `base` or `head`, is no commit as it is.
    NotClean(&'static str),
    /// Both are the same commit.
    Itself,
    /// The machine could not tell.
    Blind,
    /// Nothing was compared.
    Nothing,
}

impl fmt::Display for NotRecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotRecorded::NoChange => f.write_str("a record is of commits; leave out `--across`"),
            NotRecorded::NotClean(side) => {
                write!(f, "the {side} is no commit, or files differ from it; commit them, and compare again")
            }
            NotRecorded::Itself => f.write_str("base and head are the same commit; compare with an earlier one"),
            NotRecorded::Blind => f.write_str("this machine could not tell a slowdown from none; nothing is recorded"),
            NotRecorded::Nothing => f.write_str("nothing was compared, so there is nothing to record"),
        }
    }
}

impl std::error::Error for NotRecorded {}

impl Record {
    /// The record of a report of two commits, or of the targets of one.
    ///
    /// # Errors
    /// It is of something else, or decides nothing.
    pub fn from_report(report: &SpeedReport) -> Result<Self, NotRecorded> {
        let (base, head) = match &report.question {
            Question::Change { base, head } => (Some(base), head),
            Question::Targets { head } => (None, head),
            Question::Across { .. } => return Err(NotRecorded::NoChange),
        };
        let clean = |sources: &crate::speed::Sources| match &sources.commit {
            Some(commit) if is_commit(commit) && !sources.dirty => Some(commit.clone()),
            Some(_) | None => None,
        };
        let commit = clean(head).ok_or(NotRecorded::NotClean("head"))?;
        let committed = head.committed.ok_or(NotRecorded::NotClean("head"))?;
        let base = base.map(|base| clean(base).ok_or(NotRecorded::NotClean("base"))).transpose()?;
        if base.as_ref() == Some(&commit) {
            return Err(NotRecorded::Itself);
        }
        if report.canary.as_ref().is_some_and(|canary| !canary.proven) {
            return Err(NotRecorded::Blind);
        }
        let mut benches: Vec<Entry> = report.comparisons.iter().filter_map(|one| entry(report, one)).collect();
        benches.sort_by(|a, b| a.key().cmp(&b.key()));
        benches.dedup_by(|a, b| a.key() == b.key());
        let is_seen = |target: &Judged| target.group.is_some();
        if benches.is_empty() && (base.is_some() || !report.targets.iter().any(is_seen)) {
            return Err(NotRecorded::Nothing);
        }
        // In the trend, a duration of one machine would stand beside those of others.
        let has_figures = base.is_none();
        let targets = report.targets.iter().map(|target| Seen {
            place: target
                .group
                .and_then(|group| report.groups.get(group))
                .map(|group| (group.suite.clone(), group.cell.clone())),
            bench: target.bench.clone(),
            metric: target.metric.clone(),
            limit: target.limit.clone(),
            tier: target.tier,
            proven: target.proven,
            figure: target.figure.filter(|_| has_figures).map(|value| Figure {
                value: significant(value),
                interval: target.interval.map(|(low, high)| (significant(low), significant(high))),
                unit: target.unit.clone(),
            }),
        });
        Ok(Self {
            platform: report.platform.clone(),
            commit,
            base,
            committed,
            machine: Machine { core: None, ..report.machine.clone() },
            benches,
            targets: targets.collect(),
        })
    }
}

fn entry(report: &SpeedReport, one: &Comparison) -> Option<Entry> {
    let group = report.groups.get(one.group)?;
    let mut entry = Entry {
        suite: group.suite.clone(),
        cell: group.cell.clone(),
        bench: one.bench.clone(),
        metric: one.metric.clone(),
        change: one.change,
        ratio: one.ratio.map(rounded),
        interval: one.interval.map(|(low, high)| (rounded(low), rounded(high))),
        rounds: one.rounds,
        counts: counts(one),
    };
    // What contradicts itself could not be read again; that it was not shown is still worth keeping.
    if contradiction(&entry).is_some() {
        entry = Entry { change: Change::Unproven, ratio: None, interval: None, counts: None, ..entry };
    }
    Some(entry)
}

/// Counts of an exact metric: it is decided without a test. Never durations, nor what is handled in one.
fn counts(one: &Comparison) -> Option<(f64, f64)> {
    let is_decided = match one.change {
        Change::Slower | Change::Faster | Change::NotSlower => one.p.is_none(),
        Change::Same | Change::Unproven => false,
    };
    let is_timed = match units::base(&one.unit) {
        Some((_, base)) => base == "s" || base.ends_with("/s"),
        None => one.metric == "time",
    };
    let counts = one.base.p50.zip(one.head.p50);
    counts.filter(|_| is_decided && !is_timed)
}

/// Four digits that count.
fn significant(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Five decimals, so that a file reads as a small diff. Smaller ratios keep all their digits.
fn rounded(ratio: f64) -> f64 {
    if ratio < 0.01 {
        return ratio;
    }
    (ratio * 1e5).round() / 1e5
}
