//! Collects the results of all units of a run, and makes the record.

use std::collections::BTreeMap;

use compatrix_leak::{attribute, Canary, Finding, LeakReport, NotRunnable, ToolSuppression};
use compatrix_model::evidence::{Counts, Record, TestFailure};
use compatrix_model::outcome::Outcome;
use compatrix_model::results::rank;

use super::bench::Bench;
use crate::run::executable;

/// The results of all units.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) counts: Counts,
    pub(super) outcome: Option<(Outcome, String)>,
    pub(super) failures: Vec<TestFailure>,
    pub(super) findings: Vec<Finding>,
    pub(super) not_runnable: Vec<(String, String)>,
    /// Why the tool proves nothing about an executable, by its target.
    not_proven: Vec<(String, String)>,
    pub(super) suppressed: Vec<ToolSuppression>,
    pub(super) notes: Vec<String>,
    pub(super) executables_ms: u64,
}

impl Seen {
    /// Adds the result of one unit.
    pub(super) fn outcome(&mut self, outcome: Outcome, cause: String) {
        let outranks = |(worst, _): &(Outcome, String)| rank::of_outcome(outcome) > rank::of_outcome(*worst);
        if self.outcome.as_ref().is_none_or(outranks) {
            self.outcome = Some((outcome, cause));
        }
    }

    /// The tool's silence proves nothing about this executable, and why.
    pub(super) fn not_proven(&mut self, target: &str, reason: String) {
        self.not_proven.push((target.to_owned(), reason));
    }

    pub(super) fn is_not_proven(&self, target: &str) -> bool {
        self.not_proven.iter().any(|(other, _)| other == target)
    }

    pub(super) fn record(mut self, bench: &Bench<'_>, canary: Canary) -> Record {
        let mut record = executable::blank(bench.inputs, Outcome::Passed, String::new());
        let (outcome, cause) = self.outcome.unwrap_or((Outcome::Passed, String::new()));
        (record.outcome, record.cause) = (outcome, cause.clone());
        record.tests = self.counts;
        self.failures.sort_by(|a, b| (&a.executable, &a.test).cmp(&(&b.executable, &b.test)));
        self.failures.truncate(100);
        record.failures = self.failures;
        record.executables_ms = self.executables_ms;
        self.not_proven.sort();
        self.not_proven.dedup();
        let suppressed = together(self.suppressed);
        self.notes.extend(suppressed.iter().map(|one| said(one, bench)));
        self.notes.sort();
        self.notes.dedup();
        record.leaks = Some(LeakReport {
            tool: bench.settings.tool,
            version: bench.tool.version.clone().unwrap_or_default(),
            canary,
            outcome,
            cause,
            ran: self.counts.run(),
            not_runnable: grouped(self.not_runnable),
            not_proven: self.not_proven.into_iter().map(|(target, reason)| format!("{target}: {reason}")).collect(),
            suppressed,
            findings: attribute::merged(self.findings),
            notes: self.notes,
        });
        record
    }
}

/// What processes suppressed, each suppression once.
fn together(all: Vec<ToolSuppression>) -> Vec<ToolSuppression> {
    let mut sums: BTreeMap<(String, String), (u64, Option<u64>)> = BTreeMap::new();
    for ToolSuppression { name, from, findings, bytes } in all {
        let sum = sums.entry((name, from)).or_insert((0, None));
        sum.0 = sum.0.saturating_add(findings);
        sum.1 = bytes.map(|bytes| sum.1.unwrap_or(0).saturating_add(bytes)).or(sum.1);
    }
    let one = |((name, from), (findings, bytes))| ToolSuppression { name, from, findings, bytes };
    sums.into_iter().map(one).collect()
}

/// A remark on a suppression that is not ours.
fn said(one: &ToolSuppression, bench: &Bench<'_>) -> String {
    let ToolSuppression { name, from, findings, bytes } = one;
    let s = if *findings == 1 { "" } else { "s" };
    let bytes = bytes.map(|bytes| format!(" of {bytes} bytes")).unwrap_or_default();
    format!("{} itself suppressed {findings} finding{s}{bytes} by `{name}` ({from})", bench.settings.tool)
}

/// Tests by the reason why they cannot be run.
fn grouped(mut tests: Vec<(String, String)>) -> Vec<NotRunnable> {
    tests.sort();
    let mut groups: Vec<NotRunnable> = Vec::new();
    for (reason, test) in tests {
        match groups.last_mut().filter(|group| group.reason == reason) {
            Some(group) => group.tests.push(test),
            None => groups.push(NotRunnable { reason, tests: vec![test] }),
        }
    }
    groups
}
