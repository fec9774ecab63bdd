//! The job summary of GitHub Actions: counts, problems, and the grid as tables.

use std::fmt::Write;

use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

use crate::blocks::{Block, Blocks};
use crate::choice::sentences;
use crate::look::{count, duration};
use crate::markdown::{code, html, text, Table};
use crate::why::why;

/// The most problems and tables shown: GitHub cuts a summary off at one mebibyte.
const MAX_TROUBLES: usize = 30;
const MAX_TABLES: usize = 60;

/// The sign of a verdict in Markdown.
pub fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "✅",
        Verdict::Broken => "❌",
        Verdict::Known => "🟡",
        Verdict::UnexpectedPass => "❗",
        Verdict::Flaky => "🔁",
        Verdict::Stale => "⏳",
        Verdict::Unproven => "➖",
        Verdict::NotPromised => "🚫",
        Verdict::Error => "🛑",
    }
}

/// The Markdown of the summary, under the heading `title`.
pub fn summary(matrix: &Matrix, title: &str) -> String {
    let mut out = format!("## {}\n\n", text(title));
    let counts = matrix.counts();
    if counts.is_empty() {
        out.push_str("No cells.\n");
        choice(&mut out, matrix);
        return out;
    }
    let parts: Vec<String> = counts.iter().map(|(v, n)| format!("{} {n} {v}", sign(*v))).collect();
    out.push_str(&parts.join(" · "));
    let totals = &matrix.totals;
    if let Some(ms) = totals.elapsed_ms {
        let _ = write!(out, " in {}", duration(ms));
    }
    let _ = write!(out, " ({}, {}", count(totals.builds, "build"), count(totals.runs, "run"));
    let _ = writeln!(out, ", {} reused)", totals.reused);
    choice(&mut out, matrix);
    troubles(&mut out, matrix);
    reasons(&mut out, matrix);
    tables(&mut out, &Blocks::new(matrix));
    out
}

/// Coverage, changes and shard.
fn choice(out: &mut String, matrix: &Matrix) {
    for line in sentences(&matrix.chosen) {
        let _ = writeln!(out, "\n{}", text(&line));
    }
}

fn troubles(out: &mut String, matrix: &Matrix) {
    let bad = |row: &&Row| match row.verdict {
        Verdict::Broken | Verdict::UnexpectedPass | Verdict::Flaky | Verdict::Error => true,
        Verdict::Ok | Verdict::Known | Verdict::Stale | Verdict::Unproven | Verdict::NotPromised => false,
    };
    let rows: Vec<&Row> = matrix.rows.iter().filter(bad).collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("\n### Unexpected\n\n");
    for row in rows.iter().take(MAX_TROUBLES) {
        let _ = writeln!(
            out,
            "- {} {} {}: {}",
            sign(row.verdict),
            row.verdict,
            code(&row.cell.to_string()),
            text(&why(row))
        );
        for test in row.failing().iter().take(5) {
            let _ = writeln!(out, "  - {}", code(test));
        }
        if row.failing().len() > 5 {
            let _ = writeln!(out, "  - and {} more", row.failing().len() - 5);
        }
    }
    if rows.len() > MAX_TROUBLES {
        let _ = writeln!(out, "- and {} more", rows.len() - MAX_TROUBLES);
    }
    let _ = writeln!(out, "\nTo reproduce one: {}", code(&matrix.repro_line(rows[0])));
}

fn reasons(out: &mut String, matrix: &Matrix) {
    let headings =
        [(Verdict::Unproven, "Unproven"), (Verdict::NotPromised, "Not promised"), (Verdict::Known, "Known failures")];
    for (verdict, heading) in headings {
        let mut reasons: Vec<(String, usize)> = Vec::new();
        for row in matrix.rows.iter().filter(|row| row.verdict == verdict) {
            let reason = if verdict == Verdict::Known { row.reason().to_owned() } else { why(row) };
            match reasons.iter_mut().find(|(other, _)| *other == reason) {
                Some((_, n)) => *n += 1,
                None => reasons.push((reason, 1)),
            }
        }
        if reasons.is_empty() {
            continue;
        }
        let mut table = Table::new(&[">Cells", "Why"]);
        for (reason, n) in reasons {
            table.row([n.to_string(), text(&reason)]);
        }
        let _ = write!(out, "\n### {heading}\n\n{}", table.finish());
    }
}

fn tables(out: &mut String, blocks: &Blocks) {
    out.push_str("\n### Grid\n\n");
    let signs: Vec<String> = blocks.verdicts().into_iter().map(|v| format!("{} {v}", sign(v))).collect();
    let _ = writeln!(out, "{}", signs.join(" · "));
    for block in blocks.blocks.iter().take(MAX_TABLES) {
        let title = block.title();
        let table = table(blocks, block);
        if title.is_empty() {
            let _ = write!(out, "\n{table}");
        } else {
            let _ = write!(out, "\n<details open><summary>{}</summary>\n\n{table}\n</details>\n", html(&title));
        }
    }
    if blocks.blocks.len() > MAX_TABLES {
        let _ = writeln!(out, "\nAnd {} more tables.", blocks.blocks.len() - MAX_TABLES);
    }
}

fn table(blocks: &Blocks, block: &Block) -> String {
    let corner = match (blocks.row_axis.as_str(), blocks.column_axis.as_str()) {
        ("", column) => column.to_owned(),
        (row, column) => format!("{row} \\ {column}"),
    };
    let mut headings = vec![text(&corner)];
    headings.extend(blocks.columns.iter().map(|c| text(c)));
    let mut table = Table::new(&headings.iter().map(String::as_str).collect::<Vec<_>>());
    for (label, cells) in blocks.rows.iter().zip(&block.cells) {
        let mut row = vec![text(label)];
        row.extend(cells.iter().map(|v| v.map_or("", sign).to_owned()));
        table.row(row);
    }
    table.finish()
}
