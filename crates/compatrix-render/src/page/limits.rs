//! Broken cells, known failures, and cells that were not tried.

use std::fmt::Write;

use compatrix_model::claims::Judged;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

use super::facts::{expected, grouped, suites, Facts, NO_RECORD};
use crate::look::count;
use crate::markdown::{code, link, text, Table};
use crate::why::why;

/// The most cells listed per verdict.
const MOST: usize = 20;

/// Unexpected failures, unexpected passes and flaky cells.
pub(super) fn broken(facts: &Facts<'_>, command: &str) -> String {
    let mut out = String::new();
    let kinds = [
        (Verdict::Broken, ""),
        (Verdict::UnexpectedPass, "These work although a rule in the spec expects failure; the rule is out of date:"),
        (Verdict::Flaky, "These passed only on retry:"),
    ];
    for (verdict, intro) in kinds {
        let rows: Vec<&Row> = facts.matrix.rows.iter().filter(|row| row.verdict == verdict).collect();
        if rows.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        if !intro.is_empty() {
            let _ = writeln!(out, "{intro}\n");
        }
        let mut table = Table::new(&["Cell", "Outcome", "Why", "Failing tests"]);
        for row in rows.iter().take(MOST) {
            let tests: Vec<String> = row.failing().iter().take(3).map(|test| code(test)).collect();
            let more = row.failing().len().saturating_sub(3);
            let tests = tests.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() };
            let outcome = row.outcome().map_or("", |outcome| outcome.as_str());
            let name =
                if suites(facts.spec) > 1 { format!("{}: {}", row.suite, row.cell) } else { row.cell.to_string() };
            table.row([code(&name), outcome.to_owned(), text(&why(row)), tests]);
        }
        out.push_str(&table.finish());
        if rows.len() > MOST {
            let _ = writeln!(out, "\nAnd {}.", count(rows.len() - MOST, "more cell"));
        }
        if verdict == Verdict::Broken {
            let _ = writeln!(out, "\nTo reproduce one: {}", code(&format!("{command} repro '{}'", rows[0].cell)));
        }
    }
    out
}

/// The failures that the spec expects and the evidence shows.
pub(super) fn known(facts: &Facts<'_>) -> String {
    let rows = facts.matrix.rows.iter().filter(|row| row.verdict == Verdict::Known);
    let groups = grouped(rows, |row| row.expectation.clone());
    let mut table = Table::new(&["Limitation", "Issue", "Expected until", ">Cells", "Example"]);
    for (expectation, rows) in groups {
        let (reason, issue, until) = expected(&expectation);
        table.row([
            text(reason),
            issue.map_or(String::new(), |issue| link(short(issue), issue)),
            until.map_or(String::new(), text),
            rows.len().to_string(),
            code(&rows[0].cell.to_string()),
        ]);
    }
    if table.is_empty() {
        String::new()
    } else {
        table.finish()
    }
}

/// A short label for an issue's URL: `#12` on a forge, otherwise host and last segment.
fn short(issue: &str) -> &str {
    let address = issue.split_once("://").map_or(issue, |(_, rest)| rest);
    address.trim_end_matches('/')
}

/// Results that no longer count, with what they were.
pub(super) fn stale(facts: &Facts<'_>, command: &str) -> String {
    let mut groups: Vec<(String, Vec<&Judged<'_>>)> = Vec::new();
    for judged in facts.entries() {
        let Some(stale) = &judged.stale else { continue };
        let reason = stale.to_string();
        match groups.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, list)) => list.push(judged),
            None => groups.push((reason, vec![judged])),
        }
    }
    if groups.is_empty() {
        return String::new();
    }
    groups.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
    let mut out = String::from("These results prove nothing and contradict nothing.\n\n");
    let mut table = Table::new(&[">Results", "They are", ">ok then", ">broken then", "Example"]);
    for (reason, list) in groups.iter().take(MOST) {
        let of = |verdict: Verdict| list.iter().filter(|j| j.verdict == verdict).count().to_string();
        table.row([
            list.len().to_string(),
            text(reason),
            of(Verdict::Ok),
            of(Verdict::Broken),
            code(&list[0].entry.record.cell.to_string()),
        ]);
    }
    out.push_str(&table.finish());
    if groups.len() > MOST {
        let more: usize = groups.iter().skip(MOST).map(|(_, list)| list.len()).sum();
        let _ = writeln!(out, "\nAnd {}.", count(more, "more result"));
    }
    let _ = writeln!(
        out,
        "\nTo replace them: {} where these cells can run, then {}.",
        code(&format!("{command} compat")),
        code(&format!("{command} evidence record"))
    );
    out
}

/// Why cells have no result, with counts, then the values that were never tried.
pub(super) fn untried(facts: &Facts<'_>) -> String {
    let untried = |row: &&Row| matches!(row.verdict, Verdict::Unproven | Verdict::Error);
    let mut groups = grouped(facts.matrix.rows.iter().filter(untried), why);
    if groups.is_empty() {
        return String::new();
    }
    groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    let mut out = String::from("This page makes no claim about these cells.\n\n");
    let mut table = Table::new(&[">Cells", "Why"]);
    for (reason, rows) in groups {
        let reason = if reason == NO_RECORD { "no evidence".to_owned() } else { reason };
        table.row([rows.len().to_string(), text(&reason)]);
    }
    out.push_str(&table.finish());
    let mut never = Vec::new();
    for axis in facts.spec.space.axes() {
        for value in &axis.values {
            let of = |row: &&Row| row.cell.value(axis.name.as_str()) == Some(&value.name);
            if facts.matrix.rows.iter().filter(of).all(|row| untried(&row)) {
                never.push(code(&format!("{}={}", axis.name, value.name)));
            }
        }
    }
    if !never.is_empty() && facts.matrix.rows.iter().any(|row| !untried(&row)) {
        let _ = writeln!(out, "\nNo cell was tried with {}.", never.join(", "));
    }
    out
}
