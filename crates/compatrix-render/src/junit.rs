//! JUnit XML, in the dialect that CI systems and nextest's readers accept.
//!
//! One test suite per suite and toolchain, one test case per cell, named by the cell's id:
//!
//! | verdict | in JUnit |
//! |---|---|
//! | ok | a pass |
//! | flaky | a pass with a flaky failure |
//! | broken | a failure whose type is the outcome, with the failing tests and their output |
//! | unexpected-pass | a failure of type `unexpected-pass`: remove the rule |
//! | known | skipped, with the reason: it neither works nor is it news |
//! | unproven | skipped, with the reason |
//! | error | an error of type `infrastructure` |
//!
//! A cell of a suite of kind `leak` has properties: how many tests ran under the tool, how many it cannot run and why,
//! and whether its canaries proved it. Findings that are errors come before the failing tests in the failure's text.

use std::collections::BTreeMap;
use std::time::Duration;

use compatrix_leak::Canary;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use crate::leaks::{finding, gather::Gathered};
use crate::look::Look;
use crate::why::why;

/// The XML of a matrix. `name` is the project's, for the whole report. Characters that XML does not allow are dropped.
pub fn junit(matrix: &Matrix, name: &str) -> String {
    let mut report = Report::new(name);
    if let Some(ms) = matrix.totals.elapsed_ms {
        report.set_time(Duration::from_millis(ms));
    }
    let mut suites: Vec<(String, TestSuite)> = Vec::new();
    for row in &matrix.rows {
        let name = match row.cell.value("rust") {
            Some(rust) => format!("{} rust={rust}", row.suite),
            None => row.suite.clone(),
        };
        let position = suites.iter().position(|(other, _)| *other == name).unwrap_or_else(|| {
            suites.push((name.clone(), TestSuite::new(name.clone())));
            suites.len() - 1
        });
        suites[position].1.add_test_case(case(matrix, row, &name));
    }
    report.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    report.to_string().expect("a report in memory is always written")
}

fn case(matrix: &Matrix, row: &Row, suite: &str) -> TestCase {
    let mut case = TestCase::new(row.cell.to_string(), status(row));
    case.set_classname(suite);
    if let Some(record) = row.record() {
        if !row.reused {
            case.set_time(Duration::from_millis(record.duration_ms));
        }
    }
    for (name, value) in properties(row) {
        case.add_property((xml_text(&name), xml_text(&value)));
    }
    let body = body(matrix, row);
    match row.verdict {
        Verdict::Ok | Verdict::Stale | Verdict::Unproven | Verdict::NotPromised => {}
        Verdict::Broken | Verdict::UnexpectedPass | Verdict::Error => {
            case.status.set_description(body);
        }
        Verdict::Known | Verdict::Flaky => {
            case.set_system_out(body);
        }
    }
    case
}

fn status(row: &Row) -> TestCaseStatus {
    let non_success = |kind: NonSuccessKind, what: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(what).set_message(xml_text(&why(row)));
        status
    };
    match row.verdict {
        Verdict::Ok => TestCaseStatus::success(),
        Verdict::Flaky => {
            let mut status = TestCaseStatus::success();
            let mut rerun = TestRerun::new(NonSuccessKind::Failure);
            rerun.set_type("flaky").set_message(xml_text(&why(row)));
            status.add_rerun(rerun);
            status
        }
        Verdict::Broken => non_success(NonSuccessKind::Failure, row.outcome().map_or("broken", |o| o.as_str())),
        Verdict::UnexpectedPass => non_success(NonSuccessKind::Failure, "unexpected-pass"),
        Verdict::Error => non_success(NonSuccessKind::Error, "infrastructure"),
        Verdict::Known => {
            let mut status = TestCaseStatus::skipped();
            status.set_type("known").set_message(xml_text(&format!("known failure: {}", row.reason())));
            status
        }
        Verdict::NotPromised => {
            let mut status = TestCaseStatus::skipped();
            status.set_type("not-promised").set_message(xml_text(&why(row)));
            status
        }
        Verdict::Stale | Verdict::Unproven => {
            let mut status = TestCaseStatus::skipped();
            status.set_type("unproven").set_message(xml_text(&why(row)));
            status
        }
    }
}

/// The failures with their output, and the command to reproduce them.
fn body(matrix: &Matrix, row: &Row) -> String {
    let mut out = String::new();
    let repro = matrix.repro_line(row);
    for group in Gathered::of_row(row).errors() {
        out.push_str(&format!("---- {} ----\n", finding::headline(group)));
        for line in finding::body(group, &repro, &Look::plain(usize::MAX)) {
            out.push_str(&line);
            out.push('\n');
        }
        out.push('\n');
    }
    for failure in row.record().into_iter().flat_map(|record| &record.failures) {
        out.push_str(&format!("---- {} {} ----\n{}\n\n", failure.executable, failure.test, failure.output.trim_end()));
    }
    out.push_str(&repro);
    out.push('\n');
    xml_text(&out)
}

/// The properties of a leak suite's cell.
fn properties(row: &Row) -> Vec<(String, String)> {
    let Some(report) = row.leaks() else { return Vec::new() };
    let proof = match &report.canary {
        Canary::Proven { found } => format!("proven: {found}"),
        Canary::NotProven { why } => format!("not proven: {why}"),
    };
    let mut list = vec![
        ("tool".to_owned(), report.tool.to_string()),
        ("tool-version".to_owned(), report.version.clone()),
        ("canary".to_owned(), proof),
        ("tests-under-the-tool".to_owned(), report.ran.to_string()),
        ("tests-not-runnable".to_owned(), report.not_run().to_string()),
    ];
    for group in &report.not_runnable {
        list.push(("not-runnable".to_owned(), format!("{}: {}", group.tests.len(), group.reason)));
    }
    // Findings that fail nothing, counted by kind and standing.
    let mut quiet: BTreeMap<(&str, &str, String), usize> = BTreeMap::new();
    for group in Gathered::of_row(row).findings.iter().filter(|group| !group.is_error()) {
        let said = finding::standing(&group.finding.standing).unwrap_or_default();
        *quiet.entry((group.finding.standing.as_str(), group.finding.kind.as_str(), said)).or_default() += 1;
    }
    for ((standing, kind, said), n) in quiet {
        let said = if said.is_empty() { said } else { format!(", {said}") };
        list.push((format!("findings-{standing}"), format!("{n} {kind}{said}")));
    }
    list
}

/// Drops characters that XML 1.0 does not allow; quick-junit handles escapes and most of the rest.
pub(crate) fn xml_text(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')).collect()
}
