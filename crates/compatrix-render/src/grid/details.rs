//! Details below the grid: unproven cells with reasons, known failures, and every unexpected result.

use std::collections::BTreeMap;
use std::fmt::Write;

use compatrix_model::evidence::Measurements;
use compatrix_model::outcome::Outcome;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::neighbours::Neighbours;
use compatrix_model::results::row::Row;
use compatrix_model::results::twins::Twins;
use compatrix_model::verdict::{Expectation, Verdict};

use crate::look::{count, wrap, Look};
use crate::notes::notes;
use crate::why::{errors, why};

/// The most distinct problems shown in full.
const MAX_TROUBLES: usize = 12;
/// The most distinct errors shown per known failure.
const MOST_ERRORS: usize = 3;
/// The most failing tests listed per problem.
const MAX_TESTS: usize = 5;

/// What commands found that passed, with the number of rows.
fn warnings(matrix: &Matrix) -> BTreeMap<&str, usize> {
    let mut warnings: BTreeMap<&str, usize> = BTreeMap::new();
    for row in matrix.rows.iter().filter(|row| row.outcome() == Some(Outcome::Passed)) {
        let measured = row.record().and_then(|record| record.measured.as_ref());
        for warning in measured.into_iter().flat_map(Measurements::warnings) {
            *warnings.entry(warning).or_default() += 1;
        }
    }
    warnings
}

pub(super) fn details(matrix: &Matrix, look: &Look) -> String {
    let mut out = String::new();
    let notes = notes(matrix);
    if !notes.is_empty() {
        let _ = writeln!(out, "\n{}", look.bold("built otherwise than asked"));
    }
    for note in notes {
        number(&mut out, look, Verdict::Known, note.rows, &note.text);
    }
    let fewer = Neighbours::of(matrix).lines();
    if !fewer.is_empty() {
        let _ = writeln!(out, "\n{}", look.bold("fewer tests than in other cells"));
    }
    for line in fewer {
        number(&mut out, look, Verdict::Known, line.rows, &line.text);
    }
    let warnings = warnings(matrix);
    if !warnings.is_empty() {
        let _ = writeln!(out, "\n{}", look.bold("warnings of commands that passed"));
    }
    for (text, rows) in warnings {
        number(&mut out, look, Verdict::Known, rows, text);
    }
    let quiet =
        [(Verdict::Unproven, "unproven"), (Verdict::NotPromised, "not promised"), (Verdict::Known, "known failures")];
    for (verdict, what) in quiet {
        let groups = grouped(matrix, verdict, |row| match verdict {
            Verdict::Known => known(row),
            Verdict::Ok
            | Verdict::Broken
            | Verdict::UnexpectedPass
            | Verdict::Flaky
            | Verdict::Stale
            | Verdict::Unproven
            | Verdict::NotPromised
            | Verdict::Error => why(row),
        });
        if groups.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{}", look.bold(what));
        for (reason, rows) in groups {
            number(&mut out, look, verdict, rows.len(), &reason);
            if verdict == Verdict::Known {
                seen(&mut out, look, &rows);
            }
        }
    }
    not_promised(&mut out, matrix, look);
    let twins = Twins::of(matrix);
    let mut shown = 0;
    for verdict in [Verdict::Error, Verdict::Flaky, Verdict::UnexpectedPass, Verdict::Broken] {
        let groups = grouped(matrix, verdict, |row| (why(row), row.failing().clone()));
        if groups.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{}", look.bold(heading(verdict)));
        let left_out: usize = groups.iter().skip(MAX_TROUBLES - shown).map(|(_, rows)| rows.len()).sum();
        for ((why, failing), rows) in groups.iter().take(MAX_TROUBLES - shown) {
            trouble(&mut out, (matrix, &twins), look, verdict, why, failing, rows);
        }
        shown = (shown + groups.len()).min(MAX_TROUBLES);
        if left_out > 0 {
            let _ =
                writeln!(out, "  {}", look.dim(&format!("and {} more; see --format json", count(left_out, "cell"))));
        }
    }
    out
}

/// Packages that were left out of cells in which others were built.
fn not_promised(out: &mut String, matrix: &Matrix, look: &Look) {
    let groups = not_promised_in(matrix);
    if !groups.is_empty() {
        let _ = writeln!(out, "\n{}", look.bold("packages left out, because they do not promise this Rust"));
    }
    for (package, cells) in groups {
        number(out, look, Verdict::NotPromised, cells, &format!("`{package}`"));
    }
}

/// By package, the number of results that it was left out of, though others were built.
pub(crate) fn not_promised_in(matrix: &Matrix) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for row in matrix.rows.iter().filter(|row| row.verdict != Verdict::NotPromised) {
        for package in &row.not_promised {
            *counts.entry(package.as_str()).or_insert(0) += 1;
        }
    }
    counts
}

fn heading(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Broken => "broken",
        Verdict::UnexpectedPass => "passes although the spec expects failure: remove the rule",
        Verdict::Flaky => "flaky",
        Verdict::Error => "errors on our side: no result",
        Verdict::Ok => "ok",
        Verdict::Known => "known failures",
        Verdict::Stale => "stale",
        Verdict::Unproven => "unproven",
        Verdict::NotPromised => "not promised",
    }
}

/// The rows of a verdict grouped by a key, largest group first, then in matrix order.
fn grouped<K: PartialEq>(matrix: &Matrix, verdict: Verdict, key: impl Fn(&Row) -> K) -> Vec<(K, Vec<&Row>)> {
    let mut groups: Vec<(K, Vec<&Row>)> = Vec::new();
    for row in matrix.rows.iter().filter(|row| row.verdict == verdict) {
        let key = key(row);
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    groups
}

fn known(row: &Row) -> String {
    match &row.expectation {
        Expectation::Pass => why(row),
        Expectation::Fail { reason, issue, until, .. } => {
            let mut text = reason.clone();
            if let Some(until) = until {
                let _ = write!(text, " (until {until})");
            }
            if let Some(issue) = issue {
                let _ = write!(text, " {issue}");
            }
            text
        }
    }
}

/// Below the reason of a known failure: how its cells really failed.
fn seen(out: &mut String, look: &Look, rows: &[&Row]) {
    let errors = errors(rows);
    let indent = 7;
    let mut line = |text: &str| {
        for line in wrap(text, look.width.saturating_sub(indent).max(16)) {
            let _ = writeln!(out, "{}{}", " ".repeat(indent), look.dim(&line));
        }
    };
    for (error, cells) in errors.iter().take(MOST_ERRORS) {
        match errors.len() {
            1 => line(error),
            _ => line(&format!("{error} ({})", count(*cells, "cell"))),
        }
    }
    if errors.len() > MOST_ERRORS {
        line(&format!("and {} more; see --format json", count(errors.len() - MOST_ERRORS, "error")));
    }
}

/// `   24  reason`, the reason wrapped with a hanging indent.
pub(crate) fn number(out: &mut String, look: &Look, verdict: Verdict, n: usize, reason: &str) {
    let n = format!("{n:>5}");
    let indent = n.len() + 2;
    for (nth, line) in wrap(reason, look.width.saturating_sub(indent).max(16)).iter().enumerate() {
        if nth == 0 {
            let _ = writeln!(out, "{}  {line}", look.verdict(verdict, &n));
        } else {
            let _ = writeln!(out, "{}{line}", " ".repeat(indent));
        }
    }
}

fn trouble<'m>(
    out: &mut String,
    (matrix, twins): (&'m Matrix, &Twins<'m>),
    look: &Look,
    verdict: Verdict,
    why: &str,
    failing: &[String],
    rows: &[&'m Row],
) {
    let Some(first) = rows.first() else { return };
    let mut name = first.cell.to_string();
    if matrix.suites().len() > 1 {
        name = format!("{}: {name}", first.suite);
    }
    for (nth, line) in wrap(&name, look.width.saturating_sub(4)).iter().enumerate() {
        let sign = if nth == 0 { look.verdict(verdict, look.glyph(verdict)) } else { " ".to_owned() };
        let _ = writeln!(out, "  {sign} {}", look.bold(line));
    }
    if rows.len() > 1 {
        let _ = writeln!(out, "    {}", look.dim(&format!("and {} like it", count(rows.len() - 1, "more cell"))));
    }
    let note = rows.iter().find_map(|row| twins.note(row));
    for line in [Some(why), note.as_deref()].into_iter().flatten() {
        for line in wrap(line, look.width.saturating_sub(4).max(16)) {
            let _ = writeln!(out, "    {line}");
        }
    }
    for test in failing.iter().take(MAX_TESTS) {
        let _ = writeln!(out, "      {test}");
    }
    if failing.len() > MAX_TESTS {
        let _ = writeln!(out, "      {}", look.dim(&format!("and {} more", failing.len() - MAX_TESTS)));
    }
    let repro = matrix.repro_line(first);
    let _ = writeln!(out, "    {}", look.dim(&repro));
}
