//! Collects the results of all units of a run, and makes the record.

use compatrix_leak::{attribute, Canary, Finding, LeakReport, NotRunnable};
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

    pub(super) fn record(mut self, bench: &Bench<'_>, canary: Canary) -> Record {
        let mut record = executable::blank(bench.inputs, Outcome::Passed, String::new());
        let (outcome, cause) = self.outcome.unwrap_or((Outcome::Passed, String::new()));
        (record.outcome, record.cause) = (outcome, cause.clone());
        record.tests = self.counts;
        self.failures.sort_by(|a, b| (&a.executable, &a.test).cmp(&(&b.executable, &b.test)));
        self.failures.truncate(100);
        record.failures = self.failures;
        record.executables_ms = self.executables_ms;
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
            findings: attribute::merged(self.findings),
            notes: self.notes,
        });
        record
    }
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
