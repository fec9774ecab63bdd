//! `--format json`: the whole matrix, each row with its full record.

use std::collections::BTreeMap;

use compatrix_model::cell::CellId;
use compatrix_model::evidence::{Counts, Record};
use compatrix_model::outcome::Outcome;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::neighbours::Neighbours;
use compatrix_model::results::twins::Twins;
use compatrix_model::verdict::{Expectation, Verdict};
use serde::Serialize;

use crate::choice::{self, ChoiceEntry};
use crate::grid::details::not_promised_in;
use crate::why::why;

/// The document's format version. It increases with every incompatible change.
pub const FORMAT: u32 = 1;

/// The top level of `--format json`.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// [`FORMAT`].
    pub format: u32,
    /// The axes, in canonical order.
    pub axes: Vec<AxisNames>,
    /// The number of rows per verdict; verdicts without rows are absent.
    pub counts: BTreeMap<&'static str, usize>,
    /// By package that some results are without, because it does not promise their Rust: how many.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub packages_not_promised: BTreeMap<&'a str, usize>,
    /// Durations and counts.
    pub totals: DocumentTotals,
    /// How the cells were chosen; absent if every cell of a profile was.
    #[serde(flatten)]
    pub choice: ChoiceEntry<'a>,
    /// The rows, in the matrix's order.
    pub rows: Vec<DocumentRow<'a>>,
}

/// The names on an axis.
#[derive(Debug, Serialize)]
pub struct AxisNames {
    /// As in the spec: `rust`.
    pub name: String,
    /// In the spec's order.
    pub values: Vec<String>,
}

/// Durations and counts of a matrix.
#[derive(Debug, Serialize)]
pub struct DocumentTotals {
    /// Wall-clock time in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// Builds compiled, or found fresh by cargo.
    pub builds: usize,
    /// Cells run.
    pub runs: usize,
    /// Cells whose earlier result was reused.
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
    /// Null if nothing was started.
    pub outcome: Option<Outcome>,
    /// The reason in one line; empty for a plain pass.
    pub cause: String,
    /// The spec's expectation.
    pub expectation: &'a Expectation,
    /// Tests by result, including doctests.
    pub tests: Counts,
    /// Names of failing tests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<String>,
    /// How what was built differs from what the spec asked for; for a row that failed, how its SQLite differs from one on
    /// which it passed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How the failure is of another kind than the one recorded last; absent if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub another_kind: Option<&'a str>,
    /// Fewer tests than in other cells of the suite with the same features; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fewer_tests: Option<FewerTests>,
    /// Packages under test that are not in it, because the spec does not promise the cell's Rust for them.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub not_promised: &'a [String],
    /// Whether an earlier result was reused.
    pub reused: bool,
    /// The command that runs this cell alone.
    pub repro: String,
    /// The full record with its proof; null if there is none.
    pub record: Option<&'a Record>,
}

/// How many tests a cell ran, beside its neighbours.
#[derive(Debug, Serialize)]
pub struct FewerTests {
    /// In this cell.
    pub ran: u32,
    /// In the neighbour with the most.
    pub most: u32,
    /// Why, as far as it is known.
    pub reason: String,
}

/// The document of a matrix.
pub fn document(matrix: &Matrix) -> Document<'_> {
    let axis = |axis: &compatrix_model::axis::Axis| AxisNames {
        name: axis.name.to_string(),
        values: axis.values.iter().map(|value| value.name.to_string()).collect(),
    };
    let (twins, neighbours) = (Twins::of(matrix), Neighbours::of(matrix));
    let rows = matrix.rows.iter().map(|row| DocumentRow {
        suite: &row.suite,
        cell: &row.cell,
        verdict: row.verdict,
        outcome: row.outcome(),
        cause: if row.verdict == Verdict::Ok { row.cause().to_owned() } else { why(row) },
        expectation: &row.expectation,
        tests: row.tests(),
        failing: row.failing(),
        notes: row.notes().into_iter().chain(twins.note(row)).collect(),
        another_kind: row.another_kind.as_deref(),
        fewer_tests: neighbours.fewer(row).map(|fewer| FewerTests {
            ran: fewer.ran,
            most: fewer.most,
            reason: fewer.reason,
        }),
        not_promised: &row.not_promised,
        reused: row.reused,
        repro: matrix.repro_line(row),
        record: row.record(),
    });
    let totals = matrix.totals;
    Document {
        format: FORMAT,
        axes: matrix.space.axes().iter().map(axis).collect(),
        counts: matrix.counts().into_iter().map(|(verdict, n)| (verdict.as_str(), n)).collect(),
        packages_not_promised: not_promised_in(matrix),
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

/// The indented document, ending in a newline.
pub fn json(matrix: &Matrix) -> String {
    let mut text = serde_json::to_string_pretty(&document(matrix)).expect("plain data with text keys is always JSON");
    text.push('\n');
    text
}
