//! The findings: errors, accepted, suppressed and noted.

use std::fmt::Write;

use compatrix_model::evidence_file::FindingEvidence;

use super::facts::Facts;
use crate::leaks::kinds::{amount_of, title};
use crate::look::count;
use crate::markdown::{code, link, text, Table};

/// The most failing tests listed per cause.
const MAX_TESTS: usize = 5;

/// Findings that fail their suites.
pub(super) fn errors(facts: &Facts<'_>) -> String {
    if facts.suites.iter().all(|suite| !suite.is_tried()) {
        return String::new();
    }
    let mut table = Table::new(&["Suite", "Finding", "Where", "Test", ">Cells", "Fingerprint"]);
    for suite in &facts.suites {
        for found in &suite.errors {
            let FindingEvidence { test, place, fingerprint, baseline, .. } = &found.finding;
            let over = baseline.as_ref().map(|baseline| format!("; accepted until {}, now expired", baseline.until));
            table.row([
                code(suite.name),
                text(&format!("{}{}", what(&found.finding), over.unwrap_or_default())),
                code(place),
                code(test),
                found.cells.to_string(),
                code(fingerprint),
            ]);
        }
    }
    let mut out = if table.is_empty() {
        "No errors: no definite leaks, no memory errors, nothing left behind.\n".to_owned()
    } else {
        table.finish()
    };
    let left_out: usize = facts.suites.iter().map(|suite| suite.left_out).sum();
    if left_out > 0 {
        let _ = writeln!(out, "\nAnd {} that the evidence does not list.", count(left_out, "more finding"));
    }
    out
}

/// `definite leak, 77 bytes in 1 block`.
fn what(finding: &FindingEvidence) -> String {
    let amount = amount_of(finding.kind, (finding.bytes, finding.bytes), (finding.blocks, finding.blocks));
    match amount.is_empty() {
        true => title(finding.kind).to_owned(),
        false => format!("{}, {amount}", title(finding.kind)),
    }
}

/// Findings that the baseline accepts, with their last day.
pub(super) fn accepted(facts: &Facts<'_>) -> String {
    let mut table = Table::new(&["Suite", "Finding", "Test", "Why accepted", "Until", "Issue", "Fingerprint"]);
    for suite in &facts.suites {
        for found in &suite.accepted {
            let FindingEvidence { test, fingerprint, baseline, .. } = &found.finding;
            let Some(baseline) = baseline else { continue };
            table.row([
                code(suite.name),
                text(&what(&found.finding)),
                code(test),
                text(&baseline.reason),
                text(&baseline.until),
                baseline.issue.as_ref().map_or(String::new(), |issue| link(issue, issue)),
                code(fingerprint),
            ]);
        }
    }
    match table.is_empty() {
        true => String::new(),
        false => format!("The baseline accepts these. Each fails again after its last day.\n\n{}", table.finish()),
    }
}

/// Suppressions with their reasons, and noted kinds that fail nothing.
pub(super) fn quiet(facts: &Facts<'_>) -> String {
    let mut out = String::new();
    let mut suppressed = Table::new(&["Suite", "Suppression", ">Findings", "Why this code is not at fault"]);
    let mut noted = Table::new(&["Suite", "Kind", ">Findings", "Meaning"]);
    for suite in &facts.suites {
        for ((by, reason), n) in &suite.suppressed {
            suppressed.row([code(suite.name), code(by), n.to_string(), text(reason)]);
        }
        for (kind, n) in &suite.noted {
            noted.row([code(suite.name), code(kind.as_str()), n.to_string(), text(crate::leaks::kinds::what(*kind))]);
        }
    }
    if !suppressed.is_empty() {
        out.push_str(&suppressed.finish());
    }
    if !noted.is_empty() {
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = write!(out, "{gap}Findings of kinds that the spec does not count as errors:\n\n{}", noted.finish());
    }
    out
}

/// Cells that failed for a reason other than a finding.
pub(super) fn failing(facts: &Facts<'_>) -> String {
    let mut table = Table::new(&["Suite", ">Cells", "Why", "Failing tests"]);
    for suite in &facts.suites {
        for ((cause, tests), cells) in &suite.failing {
            let named: Vec<String> = tests.iter().take(MAX_TESTS).map(|test| code(test)).collect();
            let more = tests.len().saturating_sub(MAX_TESTS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            table.row([code(suite.name), cells.to_string(), text(cause), named.join(", ") + &more]);
        }
    }
    if table.is_empty() {
        String::new()
    } else {
        table.finish()
    }
}
