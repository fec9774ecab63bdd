//! A finished or partial matrix: what the terminal grid, JUnit, JSON, SARIF and job summaries are made from.

use std::collections::BTreeMap;

use super::row::Row;
use crate::cell::Space;
use crate::choose::Coverage;
use crate::evidence::Record;
use crate::plan::Narrowed;
use crate::plan::Plan;
use crate::verdict::Verdict;

/// Results, with the axes that they lie on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// The spec's axes. Values without a row are not shown.
    pub space: Space,
    /// What is known of each suite and cell, in the order in which it is to be listed.
    pub rows: Vec<Row>,
    /// What it took.
    pub totals: Totals,
    /// The command that a cell's id is given to, `cargo xtask repro`; empty where nothing can be run.
    pub repro: String,
    /// How its cells were chosen, where there is something to say of it.
    pub chosen: Chosen,
}

/// What a matrix took.
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

/// How cells were chosen: what they cover, and to which part they were narrowed. Empty for every cell of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen {
    /// What the cells cover.
    pub coverage: Option<Coverage>,
    /// To which part of the choice it was narrowed.
    pub narrowed: Narrowed,
}

impl Chosen {
    /// That of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self { coverage: plan.coverage.clone(), narrowed: plan.narrowed.clone() }
    }
}

impl Matrix {
    /// A matrix of these rows.
    pub fn new(space: Space, rows: Vec<Row>, totals: Totals, repro: impl Into<String>) -> Self {
        Self { space, rows, totals, repro: repro.into(), chosen: Chosen::default() }
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

    /// The records of its rows.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.rows.iter().filter_map(Row::record)
    }

    /// The line that runs this cell alone, under the tool of a suite of kind `leak`.
    pub fn repro_line(&self, row: &Row) -> String {
        let suite = row.tool.map(|_| format!(" --suite {}", row.suite)).unwrap_or_default();
        format!("{} '{}'{suite}", self.repro, row.cell)
    }
}
