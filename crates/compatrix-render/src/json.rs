//! `--format json`: the whole matrix for machines, each row with its full record.

use std::collections::BTreeMap;

use compatrix_model::cell::CellId;
use compatrix_model::evidence::{Counts, Record};
use compatrix_model::outcome::Outcome;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::verdict::{Expectation, Verdict};
use serde::Serialize;

use crate::choice::{self, ChoiceEntry};
use crate::why::why;

/// The number that changes when a reader of the document must.
pub const FORMAT: u32 = 1;

/// The document.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// [`FORMAT`].
    pub format: u32,
    /// The axes, in canonical order.
    pub axes: Vec<AxisNames>,
    /// Rows by verdict; verdicts that none has are absent.
    pub counts: BTreeMap<&'static str, usize>,
    /// What it took.
    pub totals: DocumentTotals,
    /// How the cells were chosen; absent where there is nothing to say of it.
    #[serde(flatten)]
    pub choice: ChoiceEntry<'a>,
    /// The rows, in the matrix's order.
    pub rows: Vec<DocumentRow<'a>>,
}

/// An axis by names.
#[derive(Debug, Serialize)]
pub struct AxisNames {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// What it took.
#[derive(Debug, Serialize)]
pub struct DocumentTotals {
    /// Wall-clock time in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// Builds compiled, or found fresh by cargo.
    pub builds: usize,
    /// Cells run.
    pub runs: usize,
    /// Cells whose earlier result was used.
    pub reused: usize,
}

/// One suite in one cell.
#[derive(Debug, Serialize)]
pub struct DocumentRow<'a> {
    /// The suite's name.
    pub suite: &'a str,
    /// The cell's canonical id.
    pub cell: &'a CellId,
    /// Outcome against expectation.
    pub verdict: Verdict,
    /// What happened; null where nothing was started.
    pub outcome: Option<Outcome>,
    /// Why, in one line; empty for a plain pass.
    pub cause: String,
    /// What the spec says will happen.
    pub expectation: &'a Expectation,
    /// Tests by result, documentation tests included.
    pub tests: Counts,
    /// Names of failing tests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<String>,
    /// Whether an earlier result was used.
    pub reused: bool,
    /// The command that runs this cell alone.
    pub repro: String,
    /// The whole record with its proof; null where nothing was recorded.
    pub record: Option<&'a Record>,
}

/// The document of a matrix.
pub fn document(matrix: &Matrix) -> Document<'_> {
    let axis = |axis: &compatrix_model::axis::Axis| AxisNames {
        name: axis.name.to_string(),
        values: axis.values.iter().map(|value| value.name.to_string()).collect(),
    };
    let rows = matrix.rows.iter().map(|row| DocumentRow {
        suite: &row.suite,
        cell: &row.cell,
        verdict: row.verdict,
        outcome: row.outcome(),
        cause: if row.verdict == Verdict::Ok { row.cause().to_owned() } else { why(row) },
        expectation: &row.expectation,
        tests: row.tests(),
        failing: row.failing(),
        reused: row.reused,
        repro: matrix.repro_line(row),
        record: row.record(),
    });
    let totals = matrix.totals;
    Document {
        format: FORMAT,
        axes: matrix.space.axes().iter().map(axis).collect(),
        counts: matrix.counts().into_iter().map(|(verdict, n)| (verdict.as_str(), n)).collect(),
        totals: DocumentTotals {
            elapsed_ms: totals.elapsed_ms,
            builds: totals.builds,
            runs: totals.runs,
            reused: totals.reused,
        },
        choice: choice::entry(&matrix.chosen),
        rows: rows.collect(),
    }
}

/// The document's text, indented, with a line break at its end.
pub fn json(matrix: &Matrix) -> String {
    let mut text = serde_json::to_string_pretty(&document(matrix)).expect("plain data with text keys is always JSON");
    text.push('\n');
    text
}
