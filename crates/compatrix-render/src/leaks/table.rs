//! The table of tools: tests run, findings, and whether the tool is proven.

use std::fmt::Write;

use compatrix_model::verdict::Verdict;

use super::gather::SuiteLine;
use crate::look::{width, Look};

/// Spaces between two columns.
const SPACE: usize = 2;

/// One line per suite. A name too long for the width goes above its numbers.
pub(super) fn table(suites: &[SuiteLine<'_>], look: &Look) -> String {
    if suites.is_empty() {
        return String::new();
    }
    let of = |f: fn(&SuiteLine<'_>) -> usize| suites.iter().map(f).collect::<Vec<usize>>();
    let numbers = [
        ("cells", of(|suite| suite.cells), true),
        ("tests", of(|suite| usize::try_from(suite.tests).unwrap_or(usize::MAX)), true),
        ("not run", of(|suite| suite.not_run()), true),
        ("errors", of(|suite| suite.findings.errors), true),
        ("noted", of(|suite| suite.findings.noted), false),
        ("suppressed", of(|suite| suite.findings.suppressed), false),
        ("accepted", of(|suite| suite.findings.accepted), false),
    ];
    // Omit a column that is rarely used if all its values are zero.
    let shown = numbers.into_iter().filter(|(_, list, always)| *always || list.iter().any(|n| *n > 0));
    let mut columns: Vec<(&str, Vec<String>)> =
        shown.map(|(name, list, _)| (name, list.iter().map(ToString::to_string).collect())).collect();
    columns.push(("proven", suites.iter().map(SuiteLine::proof).collect()));
    let wide = |(name, cells): &(&str, Vec<String>)| {
        cells.iter().map(|cell| width(cell)).chain([width(name)]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = columns.iter().map(wide).collect();
    let names: Vec<String> = suites.iter().map(SuiteLine::name).collect();
    let longest = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let taken: usize = widths.iter().map(|w| w + SPACE).sum();
    let above = longest + taken > look.width;
    let label = if above { 0 } else { longest };

    let mut out = " ".repeat(label);
    for ((name, _), wide) in columns.iter().zip(&widths) {
        let _ = write!(out, "{}{}", " ".repeat(SPACE + wide - width(name)), look.dim(name));
    }
    out.push('\n');
    for (n, suite) in suites.iter().enumerate() {
        if above {
            let _ = writeln!(out, "{}", look.bold(&names[n]));
        } else {
            let _ = write!(out, "{}{}", look.bold(&names[n]), " ".repeat(label - width(&names[n])));
        }
        for ((name, cells), wide) in columns.iter().zip(&widths) {
            let cell = &cells[n];
            let painted = match *name {
                "errors" if suite.findings.errors > 0 => look.verdict(Verdict::Broken, cell),
                "tests" if suite.tests == 0 => look.verdict(Verdict::Broken, cell),
                "proven" if suite.proven < suite.tried => look.verdict(Verdict::Error, cell),
                "proven" if suite.tried > 0 => look.verdict(Verdict::Ok, cell),
                _ => cell.clone(),
            };
            let _ = write!(out, "{}{painted}", " ".repeat(SPACE + wide - width(cell)));
        }
        out.push('\n');
    }
    out
}
