//! The terminal report of `evidence merge`, and what its other forms share.
//!
//! One grid per platform, then planned cells without evidence, jobs that did not succeed and the difference from earlier
//! evidence. The last line is the verdict.

pub mod json;
pub mod summary;

use std::collections::BTreeMap;
use std::fmt::Write;

use compatrix_model::cell::CellId;
use compatrix_model::matrix_spec::JobCommand;
use compatrix_model::results::compare::Change;
use compatrix_model::results::exit::Shortfall;
use compatrix_model::results::merged::{ChangedCell, Difference, LostJob, MergedMatrix, PlatformMatrix};
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

use crate::look::{count, wrap, Look};
use crate::why::why;
use crate::{grid, leaks};

/// The most cells listed per change.
const MAX_CHANGES: usize = 12;
/// The most jobs without evidence, and the most cells that may fail, listed.
const MAX_LINES: usize = 20;

/// Why the verdict is not good; empty if it is.
fn reasons(merged: &MergedMatrix) -> Vec<String> {
    let Shortfall { broken, leaking, unexpected_passes, errors, missing, jobs, untried } = merged.shortfall();
    let are = |n: usize, what: &str| if n == 1 { format!("is {what}") } else { format!("are {what}") };
    let either = |n: usize, one: &'static str, many: &'static str| if n == 1 { one } else { many }.to_owned();
    let said = [
        (broken, "cell", are(broken, "broken")),
        (leaking, "cell", either(leaking, "has findings", "have findings")),
        (
            unexpected_passes,
            "cell",
            either(unexpected_passes, "works although a rule expects failure", "work although a rule expects failure"),
        ),
        (errors, "cell", format!("{} because of an error on our side", are(errors, "unknown"))),
        (missing, "planned cell", either(missing, "has no evidence", "have no evidence")),
        (jobs, "job", "of the workflow did not succeed".to_owned()),
        (untried, "cell", "could not be tried".to_owned()),
    ];
    said.iter().filter(|(n, _, _)| *n > 0).map(|(n, noun, what)| format!("{} {what}", count(*n, noun))).collect()
}

/// The verdict in one line, without reasons.
fn headline(merged: &MergedMatrix) -> String {
    let cells: usize = merged.platforms.iter().map(|platform| platform.matrix.rows.len()).sum();
    let known = cells.saturating_sub(merged.lost.iter().map(|lost| lost.missing).sum());
    let lost = merged.lost.iter().filter(|lost| lost.missing == lost.of).count();
    format!(
        "{} on {}: {} of {}, {known} of {}",
        merged.work.as_str(),
        merged.event,
        merged.jobs.saturating_sub(lost),
        count(merged.jobs, "job"),
        count(cells, "cell")
    )
}

/// The explanation of a change; empty for a plain pass.
fn why_changed(changed: &ChangedCell) -> String {
    match changed.row.verdict {
        Verdict::Ok => String::new(),
        _ => why(&changed.row),
    }
}

/// The changes by kind, in report order.
fn by_change(changes: &[ChangedCell]) -> BTreeMap<Change, Vec<&ChangedCell>> {
    let mut by_change: BTreeMap<Change, Vec<&ChangedCell>> = BTreeMap::new();
    for changed in changes {
        by_change.entry(changed.change).or_default().push(changed);
    }
    by_change
}

/// The whole report.
pub fn report(merged: &MergedMatrix, look: &Look) -> String {
    let mut out = String::new();
    for platform in &merged.platforms {
        if merged.platforms.len() > 1 {
            let _ = writeln!(out, "{}\n", look.bold(&platform.name));
        }
        match merged.work {
            JobCommand::Compat => out.push_str(&grid::report(&platform.matrix, look)),
            JobCommand::LeakCheck => out.push_str(&leaks::report(&platform.matrix, &platform.usage, look)),
        }
        out.push('\n');
    }
    may_fail(&mut out, merged, look);
    lost(&mut out, merged, look);
    if !merged.not_done.is_empty() {
        let _ = writeln!(out, "{}", look.bold("jobs that did not succeed"));
        merged.not_done.iter().for_each(|job| item(&mut out, look, Verdict::Broken, job));
        out.push('\n');
    }
    difference(&mut out, &merged.difference, look);
    let reasons = reasons(merged);
    let (verdict, word) = if reasons.is_empty() { (Verdict::Ok, "ok") } else { (Verdict::Broken, "not ok") };
    let said = format!("{}; {word}", headline(merged));
    let said = if reasons.is_empty() { said } else { format!("{said}: {}", reasons.join("; ")) };
    for (n, line) in wrap(&said, look.width.saturating_sub(2)).iter().enumerate() {
        let sign = if n == 0 { look.verdict(verdict, look.glyph(verdict)) } else { " ".to_owned() };
        let _ = writeln!(out, "{sign} {}", look.verdict(verdict, line));
    }
    out
}

/// A line with a sign, wrapped.
fn item(out: &mut String, look: &Look, verdict: Verdict, text: &str) {
    for (n, line) in wrap(text, look.width.saturating_sub(4)).iter().enumerate() {
        let sign = if n == 0 { look.verdict(verdict, look.glyph(verdict)) } else { " ".to_owned() };
        let _ = writeln!(out, "  {sign} {line}");
    }
}

fn more(out: &mut String, look: &Look, n: usize) {
    if n > 0 {
        let _ = writeln!(out, "  {}", look.dim(&format!("and {n} more; see --format json")));
    }
}

fn may_fail(out: &mut String, merged: &MergedMatrix, look: &Look) {
    let rows: Vec<(&PlatformMatrix, &Row)> =
        merged.platforms.iter().flat_map(|platform| platform.may_fail().map(move |row| (platform, row))).collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", look.bold("unexpected, but may fail"));
    for (platform, row) in rows.iter().take(MAX_LINES) {
        let place = place(merged, &platform.name, &row.suite, &row.cell);
        item(out, look, row.verdict, &format!("{place}: {}", why(row)));
    }
    more(out, look, rows.len().saturating_sub(MAX_LINES));
    out.push('\n');
}

fn lost(out: &mut String, merged: &MergedMatrix, look: &Look) {
    if merged.lost.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", look.bold("planned, but without evidence"));
    for lost in merged.lost.iter().take(MAX_LINES) {
        item(out, look, Verdict::Unproven, &lost_line(lost));
    }
    more(out, look, merged.lost.len().saturating_sub(MAX_LINES));
    out.push('\n');
}

/// The missing evidence of a job.
fn lost_line(lost: &LostJob) -> String {
    let may_fail = if lost.may_fail { "; its platform may fail" } else { "" };
    if lost.missing == lost.of {
        format!("{}: all of its {}; it left no evidence{may_fail}", lost.job, count(lost.of, "cell"))
    } else {
        format!("{}: {} of its {}{may_fail}", lost.job, lost.missing, count(lost.of, "cell"))
    }
}

/// The place of a result: the cell, with platform and suite if there are several.
fn place(merged: &MergedMatrix, platform: &str, suite: &str, cell: &CellId) -> String {
    let platform = if merged.platforms.len() > 1 { format!("{platform} ") } else { String::new() };
    format!("{platform}{suite} {cell}")
}

/// The verdict whose sign and colour a change has.
fn shown_as(change: Change) -> Verdict {
    match change {
        Change::NewlyBroken => Verdict::Broken,
        Change::Flaky => Verdict::Flaky,
        Change::NewlyUnproven | Change::Removed => Verdict::Unproven,
        Change::NewlyFixed | Change::NewlyProven | Change::Unchanged => Verdict::Ok,
        Change::NewlyKnown => Verdict::Known,
    }
}

fn difference(out: &mut String, difference: &Difference, look: &Look) {
    let (rev, changes, unchanged) = match difference {
        Difference::NotAsked => return,
        Difference::Unknown(why) => {
            let _ = writeln!(out, "{}\n", wrap(&format!("cannot show the difference: {why}"), look.width).join("\n"));
            return;
        }
        Difference::Since { rev, changes, unchanged } => (rev, changes, unchanged),
    };
    let _ = writeln!(out, "{}", look.bold(&format!("compared with the evidence of {rev}")));
    let platforms: std::collections::BTreeSet<&str> = changes.iter().map(|c| c.platform.as_str()).collect();
    for (change, list) in by_change(changes) {
        let verdict = shown_as(change);
        let _ = writeln!(out, "  {}", look.verdict(verdict, &format!("{} {change}", list.len())));
        // Only count cells that work or are no longer planned.
        let told = match change {
            Change::NewlyBroken | Change::Flaky | Change::NewlyUnproven | Change::NewlyFixed => MAX_CHANGES,
            Change::NewlyProven | Change::NewlyKnown | Change::Removed | Change::Unchanged => 0,
        };
        for changed in list.iter().take(told) {
            let platform = if platforms.len() > 1 { format!("{} ", changed.platform) } else { String::new() };
            let why = match why_changed(changed) {
                why if why.is_empty() => why,
                why => format!(": {why}"),
            };
            item(out, look, verdict, &format!("{platform}{} {}{why}", changed.row.suite, changed.row.cell));
        }
        more(out, look, if told == 0 { 0 } else { list.len().saturating_sub(told) });
    }
    let _ = writeln!(out, "  {}\n", look.dim(&format!("{unchanged} unchanged")));
}
