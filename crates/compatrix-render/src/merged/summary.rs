//! The job summary of `evidence merge`: the verdict, the changes, missing evidence, then the grids.

use std::fmt::Write;

use compatrix_model::matrix_spec::JobCommand;
use compatrix_model::results::compare::Change;
use compatrix_model::results::merged::{ChangedCell, Difference, MergedMatrix};
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

use super::{by_change, headline, lost_line, place, reasons, shown_as, why_changed};
use crate::look::count;
use crate::markdown::{code, text};
use crate::summary::sign;
use crate::why::why;
use crate::{leaks, summary};

/// Below GitHub's limit of one mebibyte per step, to leave room for other output.
/// Source: docs.github.com, "Workflow commands", "Step isolation and limits".
const MAX_BYTES: usize = 900_000;
/// The most entries of a list.
const MAX_LIST: usize = 100;
/// Longer lists are collapsed.
const MAX_OPEN: usize = 10;

/// The Markdown, truncated to GitHub's limit.
pub fn summary(merged: &MergedMatrix) -> String {
    let title = match merged.work {
        JobCommand::Compat => "Compatibility",
        JobCommand::LeakCheck => "Leaks and memory errors",
    };
    let reasons = reasons(merged);
    let (verdict, word) = if reasons.is_empty() { (Verdict::Ok, "ok") } else { (Verdict::Broken, "not ok") };
    let mut out = format!("## {} {title}: {word}\n\n{}", sign(verdict), text(&headline(merged)));
    if !reasons.is_empty() {
        let _ = write!(out, ": {}", text(&reasons.join("; ")));
    }
    out.push('\n');
    difference(&mut out, &merged.difference, merged.platforms.len() > 1);
    let jobs = merged.lost.iter().map(|lost| format!("{} {}", sign(Verdict::Unproven), text(&lost_line(lost))));
    list(&mut out, "No evidence", jobs.collect());
    let jobs = merged.not_done.iter().map(|job| format!("{} {}", sign(Verdict::Broken), text(job)));
    list(&mut out, "Jobs that did not succeed", jobs.collect());
    let rows = merged.platforms.iter().flat_map(|platform| platform.may_fail().map(move |row| (&platform.name, row)));
    let line = |(platform, row): (&String, &Row)| {
        let place = place(merged, platform, &row.suite, &row.cell);
        format!("{} {}: {}", sign(row.verdict), code(&place), text(&why(row)))
    };
    list(&mut out, "Unexpected, but may fail", rows.map(line).collect());
    list(&mut out, "Notes", merged.notes.iter().map(|note| text(note)).collect());
    for platform in &merged.platforms {
        let part = match merged.work {
            JobCommand::Compat => summary::summary(&platform.matrix, &platform.name),
            JobCommand::LeakCheck => leaks::summary::summary(&platform.matrix, &platform.usage, &platform.name),
        };
        if out.len() + part.len() > MAX_BYTES {
            let _ = writeln!(
                out,
                "\n## {}\n\nToo long to show here; run {} on the same artifacts to see it.",
                text(&platform.name),
                code("evidence merge")
            );
        } else {
            let _ = write!(out, "\n{part}");
        }
    }
    out
}

/// The summary of artifacts that were refused.
pub fn refused(refusals: &[String]) -> String {
    let mut out = format!("## {} Evidence refused\n\nNothing was merged.\n", sign(Verdict::Error));
    list(&mut out, "Why", refusals.iter().map(|refusal| text(refusal)).collect());
    out
}

fn difference(out: &mut String, difference: &Difference, platforms: bool) {
    let (rev, changes, unchanged) = match difference {
        Difference::NotAsked => return,
        Difference::Unknown(why) => {
            let _ = writeln!(out, "\nCannot show the difference: {}", text(why));
            return;
        }
        Difference::Since { rev, changes, unchanged } => (rev, changes, unchanged),
    };
    let by_change = by_change(changes);
    let mut counts: Vec<String> =
        by_change.iter().map(|(change, list)| format!("{} {} {change}", sign(shown_as(*change)), list.len())).collect();
    counts.push(format!("{unchanged} unchanged"));
    let _ = writeln!(out, "\nCompared with the evidence of {}: {}", code(rev), counts.join(" · "));
    for (change, changed) in by_change {
        let line = |changed: &&ChangedCell| {
            let platform = if platforms { format!("{} ", changed.platform) } else { String::new() };
            let place = code(&format!("{platform}{} {}", changed.row.suite, changed.row.cell));
            match why_changed(changed).as_str() {
                "" => format!("{} {place}", sign(shown_as(change))),
                why => format!("{} {place}: {}", sign(shown_as(change)), text(why)),
            }
        };
        let mut heading = change.as_str().to_owned();
        heading[..1].make_ascii_uppercase();
        let lines: Vec<String> = changed.iter().map(line).collect();
        match change {
            Change::NewlyBroken | Change::Flaky | Change::NewlyUnproven | Change::NewlyFixed => {
                list(out, &heading, lines);
            }
            Change::NewlyProven | Change::NewlyKnown | Change::Removed | Change::Unchanged => {
                folded(out, &heading, lines);
            }
        }
    }
}

/// A list under a heading, collapsed if it is long; nothing if it is empty.
fn list(out: &mut String, heading: &str, lines: Vec<String>) {
    if lines.len() > MAX_OPEN {
        let _ = writeln!(out, "\n### {heading}");
        return folded(out, &count(lines.len(), "entry").replace("entrys", "entries"), lines);
    }
    if !lines.is_empty() {
        let _ = writeln!(out, "\n### {heading}\n\n- {}", lines.join("\n- "));
    }
}

fn folded(out: &mut String, title: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    let told = &lines[..lines.len().min(MAX_LIST)];
    let _ = writeln!(out, "\n<details><summary>{title}</summary>\n\n- {}", told.join("\n- "));
    if lines.len() > MAX_LIST {
        let _ = writeln!(out, "- and {} more", lines.len() - MAX_LIST);
    }
    out.push_str("\n</details>\n");
}
