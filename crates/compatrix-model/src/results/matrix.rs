//! A finished or partial matrix, from which the grid, JUnit, JSON, SARIF and job summaries are rendered.

use std::collections::BTreeMap;

use super::row::Row;
use crate::cell::Space;
use crate::choose::Coverage;
use crate::evidence::Record;
use crate::plan::Narrowed;
use crate::plan::Plan;
use crate::verdict::Verdict;

/// Results with their axes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// The spec's axes. Values without a row are not shown.
    pub space: Space,
    /// The result of each suite and cell, in report order.
    pub rows: Vec<Row>,
    /// Durations and counts.
    pub totals: Totals,
    /// The command that reproduces a cell, given its id: `cargo xtask repro`; empty if nothing can run.
    pub repro: String,
    /// How its cells were chosen.
    pub chosen: Chosen,
}

/// Durations and counts of a matrix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Wall-clock time in milliseconds; `None` on pages.
    pub elapsed_ms: Option<u64>,
    /// Builds compiled, or found fresh by cargo.
    pub builds: usize,
    /// Cells run.
    pub runs: usize,
    /// Cells whose earlier result was reused.
    pub reused: usize,
}

/// How cells were chosen: coverage and narrowing. Empty if every cell of a profile was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen {
    /// Tuples covered; `None` if every cell was chosen.
    pub coverage: Option<Coverage>,
    /// Changes and shard that narrowed the choice.
    pub narrowed: Narrowed,
}

impl Chosen {
    /// The choice that a plan records.
    pub fn of(plan: &Plan) -> Self {
        Self { coverage: plan.coverage.clone(), narrowed: plan.narrowed.clone() }
    }
}

impl Matrix {
    /// Without a record of how cells were chosen; set [`Matrix::chosen`] if there is one.
    pub fn new(space: Space, rows: Vec<Row>, totals: Totals, repro: impl Into<String>) -> Self {
        Self { space, rows, totals, repro: repro.into(), chosen: Chosen::default() }
    }

    /// The number of rows per verdict; verdicts without rows are absent.
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

    /// The records of its rows.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.rows.iter().filter_map(Row::record)
    }

    /// The command that runs this cell alone, for a suite of kind `leak` under its tool.
    pub fn repro_line(&self, row: &Row) -> String {
        let suite = row.tool.map(|_| format!(" --suite {}", row.suite)).unwrap_or_default();
        format!("{} '{}'{suite}", self.repro, row.cell)
    }
}
