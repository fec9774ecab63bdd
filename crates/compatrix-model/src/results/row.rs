//! One suite in one cell, judged.

use std::sync::Arc;

use crate::cell::CellId;
use crate::evidence::{Counts, Record};
use crate::outcome::Outcome;
use crate::verdict::{judge, Expectation, Verdict};
use compatrix_leak::{LeakReport, Tool};

/// One suite in one cell: what happened, and what the spec makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The suite's name.
    pub suite: String,
    /// The cell that the suite runs in.
    pub cell: CellId,
    /// What the spec says will happen.
    pub expectation: Expectation,
    /// The outcome held against the expectation.
    pub verdict: Verdict,
    /// What is known of it.
    pub trial: Trial,
    /// Whether an earlier result with the same key was used.
    pub reused: bool,
    /// The tool, for suites of kind `leak`.
    pub tool: Option<Tool>,
}

/// What is known of a suite in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Trial {
    /// Its record. Rows that are copied share it.
    Recorded(Arc<Record>),
    /// It passed, and nothing more is to be said of it; documentation tests are among the counts.
    Passed(Counts),
    /// It was not tried, and why.
    Untried(String),
}

impl Row {
    /// A cell that was run, now or (`reused`) before. This judges it.
    pub fn from_record(record: impl Into<Arc<Record>>, expectation: Expectation, reused: bool) -> Self {
        let record = record.into();
        let verdict = judge(record.outcome, &expectation, record.attempts);
        Self { reused, ..Self::ruled(record, expectation, verdict) }
    }

    /// A cell whose record was judged already.
    pub fn ruled(record: Arc<Record>, expectation: Expectation, verdict: Verdict) -> Self {
        Row {
            suite: record.suite.clone(),
            cell: record.cell.clone(),
            expectation,
            verdict,
            reused: false,
            tool: record.leaks.as_ref().map(|leaks| leaks.tool),
            trial: Trial::Recorded(record),
        }
    }

    /// A cell that was chosen and not tried.
    pub fn untried(suite: impl Into<String>, cell: CellId, reason: impl Into<String>) -> Self {
        Row {
            suite: suite.into(),
            cell,
            expectation: Expectation::Pass,
            verdict: Verdict::Unproven,
            trial: Trial::Untried(reason.into()),
            reused: false,
            tool: None,
        }
    }

    /// The same as a row of a suite that runs this tool, if it does; a row without a record does not tell.
    pub fn under(self, tool: Option<Tool>) -> Self {
        Row { tool: self.tool.or(tool), ..self }
    }

    /// The same without the record of a plain pass, of which there may be tens of thousands.
    pub fn in_brief(self) -> Self {
        match (self.verdict, &self.trial) {
            (Verdict::Ok, Trial::Recorded(record)) if record.cause.is_empty() => {
                Row { trial: Trial::Passed(self.tests()), ..self }
            }
            _ => self,
        }
    }

    /// The record, where there is one.
    pub fn record(&self) -> Option<&Record> {
        match &self.trial {
            Trial::Recorded(record) => Some(record),
            Trial::Passed(_) | Trial::Untried(_) => None,
        }
    }

    /// What a tool found, for suites of kind `leak`.
    pub fn leaks(&self) -> Option<&LeakReport> {
        self.record()?.leaks.as_ref()
    }

    /// What happened; none where nothing was started.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.trial {
            Trial::Recorded(record) => Some(record.outcome),
            Trial::Passed(_) => Some(Outcome::Passed),
            Trial::Untried(_) => None,
        }
    }

    /// Why it is no plain pass, or why it was not tried; empty for a plain pass.
    pub fn cause(&self) -> &str {
        match &self.trial {
            Trial::Recorded(record) => &record.cause,
            Trial::Passed(_) => "",
            Trial::Untried(reason) => reason,
        }
    }

    /// Tests, documentation tests included.
    pub fn tests(&self) -> Counts {
        match &self.trial {
            Trial::Recorded(record) => record.doctests.map_or(record.tests, |doctests| record.tests.plus(doctests)),
            Trial::Passed(tests) => *tests,
            Trial::Untried(_) => Counts::default(),
        }
    }

    /// Names of failing tests, `executable::test` where the executable is known.
    pub fn failing(&self) -> Vec<String> {
        let failures = self.record().into_iter().flat_map(|record| &record.failures);
        failures
            .map(|failure| match failure.executable.as_str() {
                "" | "doctests" => failure.test.clone(),
                executable => format!("{executable}::{}", failure.test),
            })
            .collect()
    }

    /// The reason that the spec gives for expecting a failure.
    pub fn reason(&self) -> &str {
        match &self.expectation {
            Expectation::Pass => "",
            Expectation::Fail { reason, .. } => reason,
        }
    }

    /// Whether this result, of an earlier run, stands for a new one. A failure that nobody expects is always tried again.
    pub fn is_settled(&self) -> bool {
        let Some(record) = self.record() else { return false };
        match record.outcome {
            Outcome::Passed => record.attempts <= 1,
            outcome => outcome.is_reusable() && self.verdict == Verdict::Known,
        }
    }
}
