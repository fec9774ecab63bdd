//! The judged result of one suite in one cell.

use std::sync::Arc;

use crate::cell::CellId;
use crate::evidence::{Counts, Record};
use crate::outcome::Outcome;
use crate::verdict::{judge, judge_record, unmet, Expectation, Verdict};
use compatrix_leak::{LeakReport, Tool};

/// The judged result of one suite in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The suite's name.
    pub suite: String,
    /// The cell that the suite runs in.
    pub cell: CellId,
    /// The spec's expectation.
    pub expectation: Expectation,
    /// The outcome compared with the expectation.
    pub verdict: Verdict,
    /// The record, or why there is none.
    pub trial: Trial,
    /// Whether an earlier result with the same key was reused.
    pub reused: bool,
    /// The tool, for suites of kind `leak`.
    pub tool: Option<Tool>,
    /// Packages under test that were left out, because the spec does not promise the cell's Rust for them.
    pub not_promised: Vec<String>,
    /// How its failure is of another kind than the one recorded last, in one sentence.
    pub another_kind: Option<String>,
}

/// The data behind a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Trial {
    /// A record, shared by copies of the row.
    Recorded(Arc<Record>),
    /// A plain pass without its record; the counts include doctests.
    Passed(Counts),
    /// Not tried, with the reason.
    Untried(String),
}

impl Row {
    /// Judges a cell that ran now or, if `reused`, earlier.
    pub fn from_record(record: impl Into<Arc<Record>>, expectation: Expectation, reused: bool) -> Self {
        let record = record.into();
        let verdict = judge_record(&record, &expectation);
        Self { reused, ..Self::ruled(record, expectation, verdict) }
    }

    /// A cell whose record has already been judged.
    pub fn ruled(record: Arc<Record>, expectation: Expectation, verdict: Verdict) -> Self {
        Row {
            suite: record.suite.clone(),
            cell: record.cell.clone(),
            expectation,
            verdict,
            reused: false,
            tool: record.leaks.as_ref().map(|leaks| leaks.tool),
            another_kind: None,
            not_promised: record.proof.as_ref().map(|proof| proof.not_promised.clone()).unwrap_or_default(),
            trial: Trial::Recorded(record),
        }
    }

    /// A cell that was chosen but not tried.
    pub fn untried(suite: impl Into<String>, cell: CellId, reason: impl Into<String>) -> Self {
        Row {
            suite: suite.into(),
            cell,
            expectation: Expectation::Pass,
            verdict: Verdict::Unproven,
            trial: Trial::Untried(reason.into()),
            reused: false,
            tool: None,
            another_kind: None,
            not_promised: Vec::new(),
        }
    }

    /// A cell in which nothing is built, because the spec promises its Rust for none of these packages.
    pub fn not_promised(suite: &str, cell: CellId, reason: &str, packages: Vec<String>) -> Self {
        Row { verdict: Verdict::NotPromised, not_promised: packages, ..Self::untried(suite, cell, reason) }
    }

    /// Sets the suite's tool, which a row without a record does not know.
    pub fn under(self, tool: Option<Tool>) -> Self {
        Row { tool: self.tool.or(tool), ..self }
    }

    /// Drops the record of a plain pass with nothing to note, because there may be tens of thousands.
    pub fn in_brief(self) -> Self {
        match (self.verdict, &self.trial) {
            (Verdict::Ok, Trial::Recorded(record)) if record.cause.is_empty() && self.notes().is_empty() => {
                Row { trial: Trial::Passed(self.tests()), ..self }
            }
            _ => self,
        }
    }

    /// The record, if there is one.
    pub fn record(&self) -> Option<&Record> {
        match &self.trial {
            Trial::Recorded(record) => Some(record),
            Trial::Passed(_) | Trial::Untried(_) => None,
        }
    }

    /// The tool's report, for suites of kind `leak`.
    pub fn leaks(&self) -> Option<&LeakReport> {
        self.record()?.leaks.as_ref()
    }

    /// `None` if nothing was started.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.trial {
            Trial::Recorded(record) => Some(record.outcome),
            Trial::Passed(_) => Some(Outcome::Passed),
            Trial::Untried(_) => None,
        }
    }

    /// Why it did not plainly pass, or was not tried; empty for a plain pass.
    pub fn cause(&self) -> &str {
        match &self.trial {
            Trial::Recorded(record) => &record.cause,
            Trial::Passed(_) => "",
            Trial::Untried(reason) => reason,
        }
    }

    /// Why the failure is not the one that a rule expects, if one does.
    pub fn unmet(&self) -> Option<String> {
        let record = self.record().filter(|_| self.verdict == Verdict::Broken)?;
        let may_be_meant = judge(record.outcome, &self.expectation, record.attempts) == Verdict::Known;
        unmet(record, &self.expectation).filter(|_| may_be_meant)
    }

    /// How what was built differs from what the spec asked for, one sentence each.
    pub fn notes(&self) -> Vec<String> {
        let proof = self.record().and_then(|record| record.proof.as_ref());
        proof.map(|proof| proof.differences.notes()).unwrap_or_default()
    }

    /// Test counts, including doctests.
    pub fn tests(&self) -> Counts {
        match &self.trial {
            Trial::Recorded(record) => record.doctests.map_or(record.tests, |doctests| record.tests.plus(doctests)),
            Trial::Passed(tests) => *tests,
            Trial::Untried(_) => Counts::default(),
        }
    }

    /// Names of failing tests: `executable::test` if the executable is known.
    pub fn failing(&self) -> Vec<String> {
        let failures = self.record().into_iter().flat_map(|record| &record.failures);
        failures
            .map(|failure| match failure.executable.as_str() {
                "" | "doctests" => failure.test.clone(),
                executable => format!("{executable}::{}", failure.test),
            })
            .collect()
    }

    /// The spec's reason for expecting a failure.
    pub fn reason(&self) -> &str {
        match &self.expectation {
            Expectation::Pass => "",
            Expectation::Fail { reason, .. } => reason,
        }
    }

    /// Whether this earlier result replaces a new run. An unexpected failure is always retried.
    pub fn is_settled(&self) -> bool {
        let Some(record) = self.record() else { return false };
        match record.outcome {
            Outcome::Passed => record.attempts <= 1,
            outcome => outcome.is_reusable() && self.verdict == Verdict::Known,
        }
    }
}
