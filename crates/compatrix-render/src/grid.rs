//! The terminal grid: Rust across, SQLite down, one block per combination of the other axes, with details below.

pub(crate) mod details;
mod layout;

use std::collections::BTreeSet;

use compatrix_model::results::matrix::Matrix;
use compatrix_model::verdict::Verdict;

use crate::blocks::Blocks;
use crate::choice;
use crate::look::{count, duration, width, Look};

/// The whole report: grid, legend, counts, unproven cells with reasons, broken cells with their `repro` commands.
pub fn report(matrix: &Matrix, look: &Look) -> String {
    let mut out = cells(matrix, look);
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&totals(matrix, look));
    out.push_str(&choice::lines(&matrix.chosen, look));
    out.push_str(&details::details(matrix, look));
    out
}

/// The grid with its legend only; empty if the matrix has no cells.
pub fn cells(matrix: &Matrix, look: &Look) -> String {
    let blocks = Blocks::new(matrix);
    if blocks.blocks.is_empty() {
        return String::new();
    }
    let mut out = layout::lay_out(&blocks, look);
    out.push('\n');
    out.push_str(&legend(&blocks, look));
    out
}

/// The verdicts that occur, and the names of the axes.
fn legend(blocks: &Blocks, look: &Look) -> String {
    let verdicts: BTreeSet<Verdict> = blocks.verdicts();
    let mut items: Vec<(usize, String)> = verdicts
        .iter()
        .map(|v| {
            let plain = width(look.glyph(*v)) + 1 + v.as_str().len();
            (plain, format!("{} {}", look.verdict(*v, look.glyph(*v)), look.dim(v.as_str())))
        })
        .collect();
    let across = match (blocks.column_axis.as_str(), blocks.row_axis.as_str()) {
        ("", _) => String::new(),
        (column, "") => format!("({column} across)"),
        (column, row) => format!("({column} across, {row} down)"),
    };
    items.push((across.len(), look.dim(&across)));
    let mut out = String::new();
    let mut used = 0;
    for (columns, item) in items.into_iter().filter(|(columns, _)| *columns > 0) {
        if used > 0 && used + 3 + columns > look.width {
            out.push('\n');
            used = 0;
        }
        if used > 0 {
            out.push_str("   ");
            used += 3;
        }
        out.push_str(&item);
        used += columns;
    }
    out.push('\n');
    out
}

/// `80 ok · 4 known · 24 unproven in 1.2 s; 12 builds, 70 runs, 34 reused`.
pub fn totals(matrix: &Matrix, look: &Look) -> String {
    let counts = matrix.counts();
    if counts.is_empty() {
        return "no cells\n".to_owned();
    }
    let plain: Vec<String> = counts.iter().map(|(verdict, n)| format!("{n} {verdict}")).collect();
    let painted: Vec<String> =
        counts.iter().zip(&plain).map(|((verdict, _), text)| look.verdict(*verdict, text)).collect();
    let totals = &matrix.totals;
    let time = totals.elapsed_ms.map(|ms| format!("in {}", duration(ms))).unwrap_or_default();
    let work = [(totals.builds, "build"), (totals.runs, "run")];
    let mut work: Vec<String> = work.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| count(*n, noun)).collect();
    if totals.reused > 0 {
        work.push(format!("{} reused", totals.reused));
    }
    let work = work.join(", ");
    let (mut out, mut used) = (String::new(), 0);
    for (plain, painted) in plain.iter().zip(painted) {
        if used > 0 && used + width(look.dot()) + width(plain) > look.width {
            out.push('\n');
            used = 0;
        } else if used > 0 {
            out.push_str(look.dot());
            used += width(look.dot());
        }
        out.push_str(&painted);
        used += width(plain);
    }
    for (text, before) in [(time, " "), (work, "; ")].into_iter().filter(|(text, _)| !text.is_empty()) {
        if used + before.len() + width(&text) > look.width {
            out.push('\n');
            used = 0;
        } else {
            out.push_str(before);
            used += before.len();
        }
        out.push_str(&look.dim(&text));
        used += width(&text);
    }
    out.push('\n');
    out
}
