//! `leak-check --format json`: the matrix's document, with what all cells say together.

use compatrix_model::cell::CellId;
use compatrix_model::leak::{Finding, Usage};
use compatrix_model::results::matrix::Matrix;
use serde::Serialize;

use super::finding::test;
use super::frames::{first, sentence};
use super::gather::{Gathered, SuiteLine};
use crate::json::{document, Document};

/// The document.
#[derive(Serialize)]
struct Leaks<'a> {
    #[serde(flatten)]
    document: Document<'a>,
    leaks: Together<'a>,
    usage: &'a Usage,
}

/// What all cells say together.
#[derive(Serialize)]
struct Together<'a> {
    suites: Vec<SuiteLine<'a>>,
    findings: Vec<OneFinding<'a>>,
}

/// A finding once, with its cells.
#[derive(Serialize)]
struct OneFinding<'a> {
    fingerprint: &'a str,
    /// The test as people write it, `executable::test`.
    name: String,
    /// The frame to look at first, in one line.
    place: Option<String>,
    /// In how many of the cells the test fails too.
    test_fails_too: usize,
    cells: Vec<&'a CellId>,
    /// As the first of the cells has it.
    finding: &'a Finding,
}

/// The document's text, indented, with a line break at its end: that of [`crate::json::json`] with `leaks` (a line for
/// each suite; each finding once) and `usage` (suppressions and baseline).
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
