//! The grid as SVG: one panel per block, light or dark by the reader's setting, verdicts shown by shape and colour.
//!
//! The same matrix gives the same bytes. Text uses the reader's fonts, so widths are generous estimates.

use std::collections::BTreeSet;
use std::fmt::Write;

use compatrix_model::results::matrix::Matrix;
use compatrix_model::verdict::Verdict;

use crate::blocks::{Block, Blocks};
use crate::look::{cut, width, wrap};
use crate::markdown::html;

/// The picture's width limit in pixels; a single wider panel may exceed it.
const MAX_WIDTH: usize = 900;
const MARGIN: usize = 16;
/// Pixels between panels.
const GAP: usize = 28;
/// Width and height of a cell's sign, then the height of its row.
const SIGN: (usize, usize) = (26, 20);
const LINE: usize = 24;
/// The height of a heading line.
const HEAD: usize = 18;
/// The estimated width of a letter in tenths of a pixel, for labels and for headings.
const LETTER: usize = 66;
const LETTER_BOLD: usize = 74;

const STYLE: &str = "\
text{font:11px -apple-system,BlinkMacSystemFont,'Segoe UI','Noto Sans','DejaVu Sans',Helvetica,Arial,sans-serif;fill:#59636e}\
.t{font-size:15px;font-weight:600;fill:#1f2328}.h{font-size:12px;font-weight:600;fill:#1f2328}\
.m{text-anchor:middle}.p{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}\
.ok .b{fill:#dafbe1}.ok .p{stroke:#1a7f37}\
.broken .b{fill:#ffd8d3}.broken .p{stroke:#cf222e}\
.known .b{fill:#fff1b8}.known .p{stroke:#8a5d00}\
.unexpected-pass .b{fill:#eddeff}.unexpected-pass .p{stroke:#8250df}\
.flaky .b{fill:#ffe2c9}.flaky .p{stroke:#bc4c00}\
.stale .b{fill:#ddf4ff}.stale .p{stroke:#0969da;stroke-width:1.5}\
.unproven .b{fill:#eff1f3}.unproven .p{stroke:#818b98;stroke-width:3.5}\
.error .b{fill:#cf222e}.error .p{stroke:#fff}\
@media(prefers-color-scheme:dark){text{fill:#9198a1}.t,.h{fill:#f0f6fc}\
.ok .b{fill:#12351f}.ok .p{stroke:#3fb950}\
.broken .b{fill:#4c1a1d}.broken .p{stroke:#ff7b72}\
.known .b{fill:#3d2f0a}.known .p{stroke:#e3b341}\
.unexpected-pass .b{fill:#32205a}.unexpected-pass .p{stroke:#d2a8ff}\
.flaky .b{fill:#47260b}.flaky .p{stroke:#ffa657}\
.stale .b{fill:#0c2d6b}.stale .p{stroke:#79c0ff}\
.unproven .b{fill:#212830}.unproven .p{stroke:#818b98}}";

/// The SVG path of a sign, in a box of 26 by 20.
fn strokes(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "M8 10.5l3.5 3.5 6.5-8",
        Verdict::Broken => "M9 6l8 8m0-8l-8 8",
        Verdict::Known => "M7.5 11.5c2-4 4-3.5 5.5-1.5s3.5 2.5 5.5-1.5",
        Verdict::UnexpectedPass => "M13 5v6.5m0 3.5v.01",
        Verdict::Flaky => "M7.5 9c2-3.5 4-3 5.5-1.2s3.5 2 5.5-1.2M7.5 14c2-3.5 4-3 5.5-1.2s3.5 2 5.5-1.2",
        Verdict::Stale => "M9.5 5h7m-7 10h7M10 5c0 4 6 6 6 10M16 5c0 4-6 6-6 10",
        Verdict::Unproven => "M13 10v.01",
        Verdict::NotPromised => "M9 10h8",
        Verdict::Error => "M16.5 5.5h-6.5v9h6.5m-6.5-4.5h5",
    }
}

/// Sizes shared by all panels.
struct Shape {
    label: usize,
    columns: Vec<usize>,
    /// Height of the column headings: one line, or the longest heading if they are rotated.
    heads: usize,
    upright: bool,
    panel: usize,
}

/// The picture of a matrix; an empty `title` draws none.
pub fn svg(matrix: &Matrix, title: &str) -> String {
    let blocks = Blocks::new(matrix);
    let shape = Shape::new(&blocks);
    let fit = ((MAX_WIDTH - 2 * MARGIN + GAP) / (shape.panel + GAP)).max(1);
    let lines = blocks.blocks.len().div_ceil(fit).max(1);
    let in_line = blocks.blocks.len().div_ceil(lines).max(1);

    let mut body = String::new();
    let mut y = MARGIN;
    if !title.is_empty() {
        y += 14;
        let _ = writeln!(body, r#"<text class="t" x="{MARGIN}" y="{y}">{}</text>"#, html(title));
        y += 18;
    }
    for line in blocks.blocks.chunks(in_line) {
        let titles: Vec<Vec<String>> = line.iter().map(|block| shape.title(block)).collect();
        let tallest = titles.iter().map(Vec::len).max().unwrap_or(0);
        for (n, (block, title)) in line.iter().zip(&titles).enumerate() {
            let x = MARGIN + n * (shape.panel + GAP);
            shape.draw(&mut body, &blocks, block, title, x, y + (tallest - title.len()) * HEAD);
        }
        y += tallest * HEAD + shape.height(blocks.rows.len()) + GAP;
    }
    let verdicts = blocks.verdicts();
    let wide = (in_line * (shape.panel + GAP)).saturating_sub(GAP) + 2 * MARGIN;
    // Wide enough that the legend does not take one line per sign.
    let wide = wide.max(title_width(title) + 2 * MARGIN).max(440);
    let high = legend(&mut body, &blocks, &verdicts, wide, y.saturating_sub(GAP / 2)) + MARGIN;

    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" \
         role=\"img\" aria-labelledby=\"title desc\">\n"
    );
    let name = if title.is_empty() { "Compatibility" } else { title };
    let _ = writeln!(out, "<title id=\"title\">{}</title>", html(name));
    let _ = writeln!(out, "<desc id=\"desc\">{}</desc>", html(&description(matrix, &blocks)));
    let _ = writeln!(out, "<style>{STYLE}</style>");
    out.push_str("<defs>\n");
    for verdict in &verdicts {
        let (w, h) = SIGN;
        let path = strokes(*verdict);
        let class = if *verdict == Verdict::NotPromised { Verdict::Unproven } else { *verdict };
        let _ = writeln!(
            out,
            "<g id=\"{verdict}\" class=\"{class}\"><rect class=\"b\" width=\"{w}\" height=\"{h}\" rx=\"5\"/>\
             <path class=\"p\" d=\"{path}\"/></g>"
        );
    }
    out.push_str("</defs>\n");
    out.push_str(&body);
    out.push_str("</svg>\n");
    out
}

impl Shape {
    fn new(blocks: &Blocks) -> Self {
        let letters = |n: usize| (n * LETTER).div_ceil(10);
        let label = letters(blocks.rows.iter().map(|row| width(row).min(28)).max().unwrap_or(0));
        let label = if label == 0 { 0 } else { label + 8 };
        let longest = blocks.columns.iter().map(|c| width(c)).max().unwrap_or(0);
        let lying: Vec<usize> = blocks.columns.iter().map(|c| (letters(width(c)) + 10).max(SIGN.0 + 4)).collect();
        let upright = label + lying.iter().sum::<usize>() > MAX_WIDTH - 2 * MARGIN;
        let columns = if upright { vec![SIGN.0 + 4; lying.len()] } else { lying };
        let heads = match (longest, upright) {
            (0, _) => 0,
            (_, false) => HEAD,
            (n, true) => letters(n) + 8,
        };
        let titles = blocks.blocks.iter().map(|block| width(&block.title())).max().unwrap_or(0);
        let table = label + columns.iter().sum::<usize>();
        let panel = table.max((titles.min(30) * LETTER_BOLD).div_ceil(10));
        Self { label, columns, heads, upright, panel }
    }

    fn title(&self, block: &Block) -> Vec<String> {
        wrap(&block.title(), self.panel * 10 / LETTER_BOLD)
    }

    /// The height of a panel without its title.
    fn height(&self, rows: usize) -> usize {
        self.heads + rows * LINE
    }

    fn draw(&self, out: &mut String, blocks: &Blocks, block: &Block, title: &[String], x: usize, mut y: usize) {
        for line in title {
            y += HEAD;
            let _ = writeln!(out, r#"<text class="h" x="{x}" y="{}">{}</text>"#, y - 6, html(line));
        }
        let starts: Vec<usize> = self
            .columns
            .iter()
            .scan(x + self.label, |at, wide| {
                let start = *at;
                *at += wide;
                Some(start)
            })
            .collect();
        if self.heads > 0 {
            y += self.heads;
            for ((name, start), wide) in blocks.columns.iter().zip(&starts).zip(&self.columns) {
                let (middle, base) = (start + wide / 2, y - 6);
                if self.upright {
                    let (cx, name) = (middle + 4, html(name));
                    let _ = writeln!(out, r#"<text transform="translate({cx} {base})rotate(-90)">{name}</text>"#);
                } else {
                    let _ = writeln!(out, r#"<text class="m" x="{middle}" y="{base}">{}</text>"#, html(name));
                }
            }
        }
        for (label, cells) in blocks.rows.iter().zip(&block.cells) {
            if self.label > 0 {
                let _ = writeln!(out, r#"<text x="{x}" y="{}">{}</text>"#, y + 14, html(&cut(label, 28)));
            }
            for ((cell, start), wide) in cells.iter().zip(&starts).zip(&self.columns) {
                if let Some(verdict) = cell {
                    let _ = write!(out, "<use href=\"#{verdict}\" x=\"{}\" y=\"{y}\"/>", start + (wide - SIGN.0) / 2);
                }
            }
            out.push('\n');
            y += LINE;
        }
    }
}

fn title_width(title: &str) -> usize {
    width(title) * 9
}

/// Draws the verdicts that occur and the names of the axes; returns the height used so far.
fn legend(out: &mut String, blocks: &Blocks, verdicts: &BTreeSet<Verdict>, wide: usize, top: usize) -> usize {
    let (mut x, mut y) = (MARGIN, top);
    for verdict in verdicts {
        let taken = SIGN.0 + 6 + (verdict.as_str().len() * LETTER).div_ceil(10) + 16;
        if x > MARGIN && x + taken > wide - MARGIN {
            x = MARGIN;
            y += LINE;
        }
        let _ = write!(out, "<use href=\"#{verdict}\" x=\"{x}\" y=\"{y}\"/>");
        let _ = writeln!(out, r#"<text x="{}" y="{}">{verdict}</text>"#, x + SIGN.0 + 6, y + 14);
        x += taken;
    }
    let axes = match (blocks.column_axis.as_str(), blocks.row_axis.as_str()) {
        ("", _) => return y + LINE,
        (column, "") => format!("{column} across"),
        (column, row) => format!("{column} across, {row} down"),
    };
    let taken = (axes.len() * LETTER).div_ceil(10);
    if x > MARGIN && x + taken > wide - MARGIN {
        x = MARGIN;
        y += LINE;
    }
    let _ = writeln!(out, r#"<text x="{x}" y="{}">{}</text>"#, y + 14, html(&axes));
    y + LINE
}

/// The picture in words, for screen readers.
fn description(matrix: &Matrix, blocks: &Blocks) -> String {
    let counts: Vec<String> = matrix.counts().iter().map(|(verdict, n)| format!("{n} {verdict}")).collect();
    if counts.is_empty() {
        return "No cells.".to_owned();
    }
    let mut text = format!("Results: {}.", counts.join(", "));
    for block in &blocks.blocks {
        let count = |v: Verdict| block.cells.iter().flatten().filter(|cell| **cell == Some(v)).count();
        let broken = count(Verdict::Broken);
        if broken > 0 {
            let title = block.title();
            let _ = write!(text, " {broken} broken{}{title}.", if title.is_empty() { "" } else { " in " });
        }
    }
    text
}
