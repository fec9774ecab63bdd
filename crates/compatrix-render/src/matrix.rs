//! A finished or partial matrix: what the terminal grid, JUnit, JSON and the job summary are made from.

use std::collections::BTreeMap;

use compatrix_leak::Tool;
use compatrix_model::cell::{CellId, Space};
use compatrix_model::evidence::{Counts, Record};
use compatrix_model::outcome::Outcome;
use compatrix_model::verdict::{judge, Expectation, Verdict};

use crate::choice::Choice;

/// Results, with the axes that they lie on.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// The spec's axes. Values without a row are not shown.
    pub space: Space,
    /// What is known of each suite and cell, in the order in which it is to be listed.
    pub rows: Vec<Row>,
    /// What it took.
    pub totals: Totals,
    /// The command that a cell's id is given to: `cargo xtask repro`.
    pub repro: String,
    /// How its cells were chosen, where there is something to say of it.
    pub choice: Choice,
}

/// One suite in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The suite's name.
    pub suite: String,
    /// The cell.
    pub cell: CellId,
    /// The outcome held against the expectation.
    pub verdict: Verdict,
    /// What happened; absent where nothing was started.
    pub outcome: Option<Outcome>,
    /// Why it is no plain pass, or why it was not tried.
    pub cause: String,
    /// What the spec says will happen.
    pub expectation: Expectation,
    /// Tests, documentation tests included.
    pub tests: Counts,
    /// Names of failing tests, `executable::test` where the executable is known.
    pub failing: Vec<String>,
    /// Whether an earlier result with the same key was used.
    pub reused: bool,
    /// The tool, for suites of kind `leak`.
    pub tool: Option<Tool>,
    /// The whole record, where there is one.
    pub record: Option<Record>,
}

/// What a matrix took, for the line under the grid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Wall-clock time in milliseconds; absent where it says nothing (a page).
    pub elapsed_ms: Option<u64>,
    /// Builds compiled, or found fresh by cargo.
    pub builds: usize,
    /// Cells run.
    pub runs: usize,
    /// Cells whose earlier result was used.
    pub reused: usize,
}

impl Row {
    /// A cell that was run, now or (`reused`) before.
    pub fn from_record(record: Record, expectation: Expectation, reused: bool) -> Self {
        let failing = record.failures.iter().map(|f| {
            if f.executable.is_empty() || f.executable == "doctests" {
                f.test.clone()
            } else {
                format!("{}::{}", f.executable, f.test)
            }
        });
        Row {
            suite: record.suite.clone(),
            cell: record.cell.clone(),
            verdict: judge(record.outcome, &expectation, record.attempts),
            outcome: Some(record.outcome),
            cause: record.cause.clone(),
            expectation,
            tests: record.doctests.map_or(record.tests, |doctests| record.tests.plus(doctests)),
            failing: failing.collect(),
            reused,
            tool: record.leaks.as_ref().map(|leaks| leaks.tool),
            record: Some(record),
        }
    }

    /// A cell that was chosen and not tried.
    pub fn untried(suite: impl Into<String>, cell: CellId, reason: impl Into<String>) -> Self {
        Row {
            suite: suite.into(),
            cell,
            verdict: Verdict::Unproven,
            outcome: None,
            cause: reason.into(),
            expectation: Expectation::Pass,
            tests: Counts::default(),
            failing: Vec::new(),
            reused: false,
            tool: None,
            record: None,
        }
    }

    /// The same as a row of a suite that runs this tool, if it does; a row without a record does not tell.
    pub fn under(self, tool: Option<Tool>) -> Self {
        Row { tool: self.tool.or(tool), ..self }
    }

    /// What is said of it in one line: the cause, else what is known of the tests.
    pub fn why(&self) -> String {
        if !self.cause.is_empty() {
            return self.cause.clone();
        }
        match self.verdict {
            Verdict::UnexpectedPass => format!("passed, though the spec expects it to fail: {}", self.reason()),
            Verdict::Flaky => {
                format!("passed only on try {}", self.record.as_ref().map_or(2, |record| record.attempts))
            }
            Verdict::Unproven => "not tried".to_owned(),
            Verdict::Ok | Verdict::Broken | Verdict::Known | Verdict::Error if self.tests.failed > 0 => {
                format!("{} of {} tests failed", self.tests.failed, self.tests.run())
            }
            Verdict::Ok => format!("{} tests passed", self.tests.passed),
            Verdict::Broken | Verdict::Known | Verdict::Error => {
                self.outcome.map_or("no outcome", Outcome::as_str).to_owned()
            }
        }
    }

    /// The reason that the spec gives for expecting a failure.
    pub fn reason(&self) -> &str {
        match &self.expectation {
            Expectation::Pass => "",
            Expectation::Fail { reason, .. } => reason,
        }
    }
}

impl Matrix {
    /// A matrix of these rows.
    pub fn new(space: Space, rows: Vec<Row>, totals: Totals, repro: impl Into<String>) -> Self {
        Self { space, rows, totals, repro: repro.into(), choice: Choice::default() }
    }

    /// The same, with how its cells were chosen.
    pub fn with_choice(self, choice: Choice) -> Self {
        Self { choice, ..self }
    }

    /// How many rows have each verdict; verdicts that none has are absent.
    pub fn counts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for row in &self.rows {
            *counts.entry(row.verdict).or_insert(0) += 1;
        }
        counts
    }

    /// The suites that have rows, in the order of first use.
    pub fn suites(&self) -> Vec<&str> {
        let mut suites: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !suites.contains(&row.suite.as_str()) {
                suites.push(&row.suite);
            }
        }
        suites
    }

    /// The line that runs this cell alone, under the tool of a suite of kind `leak`.
    pub fn repro_line(&self, row: &Row) -> String {
        let suite = row.tool.map(|_| format!(" --suite {}", row.suite)).unwrap_or_default();
        format!("{} '{}'{suite}", self.repro, row.cell)
    }
}

/// The worse of two verdicts of one cell (tried on two platforms, or by two suites): what must not be hidden comes first.
pub fn worse(a: Verdict, b: Verdict) -> Verdict {
    fn rank(verdict: Verdict) -> u8 {
        match verdict {
            Verdict::Broken => 6,
            Verdict::UnexpectedPass => 5,
            Verdict::Flaky => 4,
            Verdict::Known => 3,
            Verdict::Ok => 2,
            Verdict::Error => 1,
            Verdict::Unproven => 0,
        }
    }
    if rank(b) > rank(a) {
        b
    } else {
        a
    }
}
