//! The terminal report of `leak-check`, and what all leak reports share.
//!
//! A finding is shown once, however many cells have it, with the workspace's code first. Gaps (tests that a tool cannot
//! run, missed canaries, cells not tried) are always reported.

pub(crate) mod finding;
pub(crate) mod frames;
pub(crate) mod gather;
pub mod json;
pub(crate) mod kinds;
pub mod summary;
mod table;

use std::collections::BTreeMap;
use std::fmt::Write;

use compatrix_leak::{FindingKind, Standing, Tool, Usage};
use compatrix_model::outcome::Outcome;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

use crate::choice;
use crate::grid::details::number;
use crate::grid::totals;
use crate::look::{count, wrap, Look};
use crate::why::why;
use gather::{by_reason, not_proven, Gathered, Group, SuiteLine};

/// The most findings shown in full; the rest get one line each.
const MAX_FULL: usize = 20;
/// The most failing tests listed per cause.
const MAX_TESTS: usize = 10;

/// The whole report. Every row of the matrix is a suite of kind `leak` in one cell.
pub fn report(matrix: &Matrix, usage: &Usage, look: &Look) -> String {
    let gathered = Gathered::of(matrix);
    let mut out = table::table(&gathered.suites, look);
    errors(&mut out, matrix, &gathered, look);
    failing(&mut out, matrix, look);
    not_runnable(&mut out, &gathered, look);
    unproven(&mut out, matrix, look);
    known(&mut out, matrix, look);
    notes(&mut out, matrix, look);
    noted(&mut out, &gathered, look);
    used(&mut out, usage, look);
    if !out.is_empty() {
        out.push('\n');
    }
    sums(&mut out, &gathered, look);
    out.push_str(&totals(matrix, look));
    out.push_str(&choice::lines(&matrix.chosen, look));
    out
}

fn heading(out: &mut String, look: &Look, text: &str) {
    let _ = writeln!(out, "\n{}", look.bold(text));
}

/// Findings that fail their suites.
fn errors(out: &mut String, matrix: &Matrix, gathered: &Gathered<'_>, look: &Look) {
    let errors: Vec<&Group<'_>> = gathered.errors().collect();
    for (nth, group) in errors.iter().take(MAX_FULL).enumerate() {
        if nth == 0 {
            heading(out, look, "findings");
        } else {
            out.push('\n');
        }
        let sign = look.verdict(Verdict::Broken, look.glyph(Verdict::Broken));
        for (nth, line) in wrap(&finding::headline(group), look.width.saturating_sub(4)).iter().enumerate() {
            let _ = writeln!(out, "  {} {}", if nth == 0 { &sign } else { " " }, look.verdict(Verdict::Broken, line));
        }
        let repro = group.rows.first().map(|row| matrix.repro_line(row)).unwrap_or_default();
        let narrow = Look { width: look.width.saturating_sub(4), ..*look };
        for line in finding::body(group, &repro, &narrow) {
            let _ = writeln!(out, "    {line}");
        }
    }
    if errors.len() > MAX_FULL {
        heading(out, look, &format!("and {}", count(errors.len() - MAX_FULL, "more finding")));
        for group in &errors[MAX_FULL..] {
            let place = frames::first(group.finding).map(frames::sentence).unwrap_or_default();
            let line = format!(
                "{} {} in {}: {place}",
                group.finding.fingerprint,
                finding::headline(group),
                finding::test(group)
            );
            for (nth, line) in wrap(&line, look.width.saturating_sub(6)).iter().enumerate() {
                let _ = writeln!(out, "{}{line}", if nth == 0 { "  " } else { "      " });
            }
        }
    }
}

/// Tests that fail under a tool, with or without leaks, and other failures of a cell.
fn failing(out: &mut String, matrix: &Matrix, look: &Look) {
    let broken = |row: &&Row| match row.verdict {
        Verdict::Broken | Verdict::UnexpectedPass | Verdict::Flaky => true,
        Verdict::Ok | Verdict::Known | Verdict::Stale | Verdict::Unproven | Verdict::NotPromised | Verdict::Error => {
            false
        }
    };
    let groups = by_reason(matrix.rows.iter().filter(broken), |row| {
        let report = row.leaks();
        let tests_are_fine = report.is_some_and(|report| report.outcome == Outcome::Passed);
        let why = match report {
            Some(report) if !report.cause.is_empty() => report.cause.clone(),
            Some(_) | None => why(row),
        };
        // A row broken only by findings is covered by their report.
        (!tests_are_fine || !row.failing().is_empty() || row.verdict != Verdict::Broken).then_some((
            &row.suite,
            why,
            row.failing(),
        ))
    });
    if groups.is_empty() {
        return;
    }
    heading(out, look, "fails under the tool");
    for ((suite, why, failing), rows) in groups {
        let Some(first) = rows.first() else { continue };
        let verdict = first.verdict;
        for (nth, line) in wrap(&format!("{suite}: {}", first.cell), look.width.saturating_sub(4)).iter().enumerate() {
            let sign = if nth == 0 { look.verdict(verdict, look.glyph(verdict)) } else { " ".to_owned() };
            let _ = writeln!(out, "  {sign} {}", look.bold(line));
        }
        if rows.len() > 1 {
            let _ = writeln!(out, "    {}", look.dim(&format!("and {} like it", count(rows.len() - 1, "more cell"))));
        }
        for line in wrap(&why, look.width.saturating_sub(4).max(16)) {
            let _ = writeln!(out, "    {line}");
        }
        for test in failing.iter().take(MAX_TESTS) {
            let _ = writeln!(out, "      {test}{}", if leaks_too(first, test) { "  (and leaks)" } else { "" });
        }
        if failing.len() > MAX_TESTS {
            let _ = writeln!(out, "      {}", look.dim(&format!("and {} more", failing.len() - MAX_TESTS)));
        }
        let _ = writeln!(out, "    {}", look.dim(&matrix.repro_line(first)));
    }
}

/// Whether a failing test (`executable::test`) also has a finding that is an error.
fn leaks_too(row: &Row, name: &str) -> bool {
    let reports = row.leaks().into_iter();
    let mut errors = reports.flat_map(|report| report.errors());
    errors.any(|finding| {
        let test = finding.test.as_deref().unwrap_or_default();
        !test.is_empty() && (name == test || name == format!("{}::{test}", finding.executable))
    })
}

fn not_runnable(out: &mut String, gathered: &Gathered<'_>, look: &Look) {
    let mut first = true;
    for suite in &gathered.suites {
        for group in &suite.not_runnable {
            if std::mem::take(&mut first) {
                heading(out, look, "tests that a tool cannot run");
            }
            number(out, look, Verdict::Unproven, group.tests, &format!("{}: {}", suite.suite, group.reason));
        }
    }
}

/// Cells without a result, grouped by reason: unproven tools first, then cells that were not tried.
fn unproven(out: &mut String, matrix: &Matrix, look: &Look) {
    let titles = [
        (Verdict::Error, "errors on our side, or the tool is not proven: no result"),
        (Verdict::Unproven, "not tried"),
        (Verdict::NotPromised, "not promised"),
    ];
    for (verdict, title) in titles {
        let rows = matrix.rows.iter().filter(|row| row.verdict == verdict);
        let mut groups = by_reason(rows, |row| {
            let why = match not_proven(row) {
                Some(why) => format!("tool not proven: {why}"),
                None => why(row),
            };
            Some((&row.suite, why))
        });
        if groups.is_empty() {
            continue;
        }
        groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
        heading(out, look, title);
        for ((suite, why), rows) in groups {
            number(out, look, verdict, rows.len(), &format!("{suite}: {why}"));
        }
    }
}

fn known(out: &mut String, matrix: &Matrix, look: &Look) {
    let known = matrix.rows.iter().filter(|row| row.verdict == Verdict::Known);
    let groups = by_reason(known, |row| Some((&row.suite, row.reason())));
    if groups.is_empty() {
        return;
    }
    heading(out, look, "fails as expected by a rule in the spec");
    for ((suite, why), rows) in groups {
        number(out, look, Verdict::Known, rows.len(), &format!("{suite}: {why}"));
    }
}

/// Distinct notes from the tools, beyond their findings.
fn notes(out: &mut String, matrix: &Matrix, look: &Look) {
    let mut notes: Vec<(&str, &str, usize)> = Vec::new();
    for row in &matrix.rows {
        let report = row.leaks();
        for note in report.iter().flat_map(|report| &report.notes) {
            match notes.iter_mut().find(|(suite, other, _)| *suite == row.suite && other == note) {
                Some((_, _, n)) => *n += 1,
                None => notes.push((&row.suite, note, 1)),
            }
        }
    }
    if notes.is_empty() {
        return;
    }
    heading(out, look, "notes");
    for (suite, note, n) in notes {
        number(out, look, Verdict::Unproven, n, &format!("{suite}: {note}"));
    }
}

/// Kinds of findings that are noted but fail nothing, with counts.
fn noted(out: &mut String, gathered: &Gathered<'_>, look: &Look) {
    let mut kinds: BTreeMap<(Tool, FindingKind), usize> = BTreeMap::new();
    for group in gathered.findings.iter().filter(|group| group.finding.standing == Standing::Noted) {
        *kinds.entry((group.finding.tool, group.finding.kind)).or_default() += 1;
    }
    if kinds.is_empty() {
        return;
    }
    heading(out, look, "noted, of kinds that are not errors here; see --format json");
    for ((tool, kind), n) in kinds {
        number(out, look, Verdict::Unproven, n, &format!("{tool}: {}", kinds::title(kind)));
    }
}

/// Suppressions and baseline entries: which were used, and which can be removed.
fn used(out: &mut String, usage: &Usage, look: &Look) {
    let (used, unused): (Vec<_>, Vec<_>) = usage.suppressions.iter().partition(|one| one.used > 0);
    if !used.is_empty() {
        heading(out, look, "suppressions used, with counts");
        for one in used {
            let whose = if one.built_in { " (built in)" } else { "" };
            number(out, look, Verdict::Known, one.used, &format!("{}: {}{whose}: {}", one.tool, one.name, one.reason));
        }
    }
    let unused: Vec<_> = unused.into_iter().filter(|one| !one.built_in).collect();
    if !unused.is_empty() {
        heading(out, look, "unused suppressions: remove them");
        for one in unused {
            number(out, look, Verdict::Unproven, 0, &format!("{}: {}: {}", one.tool, one.name, one.reason));
        }
    }
    let lists = [
        (&usage.expired, "expired in the baseline", Verdict::Broken),
        (&usage.vanished, "in the baseline but no longer found: remove them", Verdict::UnexpectedPass),
        (&usage.accepted, "accepted by the baseline", Verdict::Known),
    ];
    for (list, title, verdict) in lists {
        if list.is_empty() {
            continue;
        }
        heading(out, look, title);
        for entry in list {
            let tool = entry.tool.map(|tool| format!("{tool}: ")).unwrap_or_default();
            let issue = entry.issue.as_ref().map(|issue| format!(" {issue}")).unwrap_or_default();
            let limit = match (entry.bytes, entry.blocks) {
                (None, None) => ", of any size",
                (Some(_), _) | (None, Some(_)) => "",
            };
            let text = format!("{tool}{} (until {}{limit}): {}{issue}", entry.what, entry.until, entry.reason);
            let _ = writeln!(out, "  {}", look.verdict(verdict, &entry.fingerprint));
            for line in wrap(&text, look.width.saturating_sub(4).max(16)) {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
}

/// `2 errors · 41 noted · 3 suppressed · 1 accepted; 274 tests run, 246 not runnable`.
fn sums(out: &mut String, gathered: &Gathered<'_>, look: &Look) {
    let standings = gathered.standings();
    let errors = count(standings.errors, "error");
    let mut plain = vec![errors.clone()];
    let rest = [(standings.noted, "noted"), (standings.suppressed, "suppressed"), (standings.accepted, "accepted")];
    plain.extend(rest.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")));
    let verdict = if standings.errors > 0 { Verdict::Broken } else { Verdict::Ok };
    let tests: u64 = gathered.suites.iter().map(|suite| suite.tests).sum();
    let not_run: usize = gathered.suites.iter().map(SuiteLine::not_run).sum();
    let mut ran = count(usize::try_from(tests).unwrap_or(usize::MAX), "test") + " run";
    if not_run > 0 {
        let _ = write!(ran, ", {not_run} not runnable");
    }
    let text = plain.join(look.dot());
    let _ = writeln!(out, "{}{}", look.verdict(verdict, &errors), &text[errors.len()..].to_owned());
    let _ = writeln!(out, "{}", look.dim(&ran));
}
