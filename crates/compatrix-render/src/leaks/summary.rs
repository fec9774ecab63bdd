//! The job summary of `leak-check`: a table of tools, then the errors.

use std::fmt::Write;

use compatrix_leak::Usage;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

use super::finding::{headline, standing, test};
use super::frames::{first, sentence};
use super::gather::{by_reason, not_proven, Gathered, Group, SuiteLine};
use crate::choice::sentences;
use crate::look::count;
use crate::markdown::{code, text, Table};
use crate::summary::sign;
use crate::why::why;

/// The most findings listed: GitHub cuts a summary off at one mebibyte.
const MAX_FINDINGS: usize = 60;
/// The most failing tests listed per cause.
const MAX_TESTS: usize = 10;

/// The Markdown of the summary, under the heading `title`.
pub fn summary(matrix: &Matrix, usage: &Usage, title: &str) -> String {
    let mut out = format!("## {}\n", text(title));
    let gathered = Gathered::of(matrix);
    if gathered.suites.is_empty() {
        out.push_str("\nNo cells.\n");
        return out;
    }
    let _ = write!(out, "\n{}", tools(&gathered.suites));
    for line in sentences(&matrix.chosen) {
        let _ = writeln!(out, "\n{}", text(&line));
    }
    findings(&mut out, matrix, &gathered);
    troubles(&mut out, matrix);
    not_runnable(&mut out, &gathered);
    upkeep(&mut out, usage);
    out
}

fn tools(suites: &[SuiteLine<'_>]) -> String {
    let headings =
        ["Suite", "Tool", ">Cells", ">Tests run", ">Not runnable", ">Errors", ">Noted", ">Suppressed", ">Accepted"];
    let mut table = Table::new(&[&headings[..], &["Proven"]].concat());
    for suite in suites {
        let counts = suite.findings;
        let numbers = [suite.not_run(), counts.errors, counts.noted, counts.suppressed, counts.accepted];
        let proof = match suite.proof().as_str() {
            "yes" => format!("{} yes", sign(Verdict::Ok)),
            "-" => sign(Verdict::Unproven).to_owned(),
            other => format!("{} {other}", sign(Verdict::Error)),
        };
        let head = [
            code(suite.suite),
            if suite.versions.is_empty() {
                suite.tool.map_or(String::new(), |tool| text(tool.title()))
            } else {
                text(&suite.versions.join(", "))
            },
            suite.cells.to_string(),
            suite.tests.to_string(),
        ];
        table.row(head.into_iter().chain(numbers.map(|n| n.to_string())).chain([proof]));
    }
    table.finish()
}

fn findings(out: &mut String, matrix: &Matrix, gathered: &Gathered<'_>) {
    let errors: Vec<&Group<'_>> = gathered.errors().collect();
    if errors.is_empty() {
        return;
    }
    out.push_str("\n### Findings\n\n");
    for group in errors.iter().take(MAX_FINDINGS) {
        let place = first(group.finding).map(sentence).unwrap_or_else(|| group.finding.what.clone());
        let _ = writeln!(out, "- {} {}: {}", sign(Verdict::Broken), text(&headline(group)), code(&place));
        let also = group.fails_too().map(|said| format!("; {said}")).unwrap_or_default();
        let _ =
            writeln!(out, "  - test {}{also}; fingerprint {}", code(&test(group)), code(&group.finding.fingerprint));
        if let Some(said) = standing(&group.finding.standing) {
            let _ = writeln!(out, "  - {}", text(&said));
        }
        if let Some(row) = group.rows.first() {
            let _ = writeln!(out, "  - {}", code(&matrix.repro_line(row)));
        }
    }
    if errors.len() > MAX_FINDINGS {
        let _ = writeln!(out, "- and {} more", errors.len() - MAX_FINDINGS);
    }
}

/// Cells that failed for other reasons, and cells without a result.
fn troubles(out: &mut String, matrix: &Matrix) {
    let bad = |row: &&Row| !row.failing().is_empty() || matches!(row.verdict, Verdict::Error | Verdict::Unproven);
    let groups = by_reason(matrix.rows.iter().filter(bad), |row| {
        let why = match not_proven(row) {
            Some(why) => format!("tool not proven: {why}"),
            None => why(row),
        };
        Some((row.verdict, &row.suite, why, row.failing()))
    });
    if groups.is_empty() {
        return;
    }
    out.push_str("\n### Unexpected, or not tried\n\n");
    for ((verdict, suite, why, failing), rows) in groups {
        let cells = if rows.len() > 1 { format!(" ({})", count(rows.len(), "cell")) } else { String::new() };
        let _ = writeln!(out, "- {} {}{cells}: {}", sign(verdict), code(suite), text(&why));
        for test in failing.iter().take(MAX_TESTS) {
            let _ = writeln!(out, "  - {}", code(test));
        }
        if failing.len() > MAX_TESTS {
            let _ = writeln!(out, "  - and {} more", failing.len() - MAX_TESTS);
        }
    }
}

fn not_runnable(out: &mut String, gathered: &Gathered<'_>) {
    let mut table = Table::new(&["Suite", ">Tests", "Why the tool cannot run them"]);
    for suite in &gathered.suites {
        for group in &suite.not_runnable {
            table.row([code(suite.suite), group.tests.to_string(), text(group.reason)]);
        }
    }
    if !table.is_empty() {
        let _ = write!(out, "\n### Not runnable\n\n{}", table.finish());
    }
}

/// Suppressions and baseline entries to remove.
fn upkeep(out: &mut String, usage: &Usage) {
    let mut lines = Vec::new();
    for one in usage.suppressions.iter().filter(|one| one.used == 0 && !one.built_in) {
        lines.push(format!("the suppression {} of {} is unused: remove it", code(&one.name), one.tool));
    }
    for entry in &usage.vanished {
        let (print, what) = (code(&entry.fingerprint), text(&entry.what));
        lines.push(format!("{print} is in the baseline but no longer found: remove it ({what})"));
    }
    for entry in &usage.expired {
        let (print, until) = (code(&entry.fingerprint), text(&entry.until));
        lines.push(format!("{print} expired in the baseline on {until}"));
    }
    if !lines.is_empty() {
        let _ = write!(out, "\n### Suppressions and baseline\n\n- {}\n", lines.join("\n- "));
    }
}
