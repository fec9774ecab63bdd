//! `leak-check --format json`: the matrix's document plus sums over all cells.

use compatrix_leak::{Finding, Usage};
use compatrix_model::cell::CellId;
use compatrix_model::results::matrix::Matrix;
use serde::Serialize;

use super::finding::test;
use super::frames::{first, sentence};
use super::gather::{Gathered, SuiteLine};
use crate::json::{document, Document};

/// The document: the matrix, plus `leaks` and `usage`.
#[derive(Serialize)]
struct Leaks<'a> {
    #[serde(flatten)]
    document: Document<'a>,
    leaks: Together<'a>,
    usage: &'a Usage,
}

/// Sums over all cells.
#[derive(Serialize)]
struct Together<'a> {
    suites: Vec<SuiteLine<'a>>,
    findings: Vec<OneFinding<'a>>,
}

/// A distinct finding and its cells.
#[derive(Serialize)]
struct OneFinding<'a> {
    fingerprint: &'a str,
    /// The test's name for display, `executable::test`.
    name: String,
    /// The most relevant frame, in one line.
    place: Option<String>,
    /// The number of cells in which the test itself also fails.
    test_fails_too: usize,
    cells: Vec<&'a CellId>,
    /// The finding as reported in the first cell.
    finding: &'a Finding,
}

/// The indented document, ending in a newline: that of [`crate::json::json`] plus `leaks` (suites and distinct
/// findings) and `usage` (suppressions and baseline).
pub fn json_leaks(matrix: &Matrix, usage: &Usage) -> String {
    let gathered = Gathered::of(matrix);
    let findings = gathered.findings.iter().map(|group| OneFinding {
        fingerprint: &group.finding.fingerprint,
        name: test(group),
        place: first(group.finding).map(sentence),
        test_fails_too: group.fails,
        cells: group.rows.iter().map(|row| &row.cell).collect(),
        finding: group.finding,
    });
    let findings = findings.collect();
    let leaks = Together { suites: gathered.suites, findings };
    let whole = Leaks { document: document(matrix), leaks, usage };
    let mut text = serde_json::to_string_pretty(&whole).expect("plain data with text keys is always JSON");
    text.push('\n');
    text
}
