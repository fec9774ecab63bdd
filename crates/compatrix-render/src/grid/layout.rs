//! Lays blocks out side by side within the width.

use crate::blocks::{Block, Blocks};
use crate::look::{cut, pad, width, wrap, Look};

/// Columns between two blocks.
const GAP: usize = 4;
/// Spaces between two columns of a block.
const SPACE: usize = 2;

/// A line of a block: its text, and its width without escapes.
struct Line {
    text: String,
    columns: usize,
}

/// Widths shared by all blocks.
struct Shape<'a> {
    blocks: &'a Blocks,
    look: &'a Look,
    /// Width of the row headings.
    label: usize,
    /// Width of each column.
    columns: Vec<usize>,
    /// Ranges of columns drawn as one table; more than one if the terminal is too narrow for all.
    parts: Vec<std::ops::Range<usize>>,
}

/// All blocks as lines, each ending in `\n`.
pub(super) fn lay_out(blocks: &Blocks, look: &Look) -> String {
    let shape = Shape::new(blocks, look);
    let drawn: Vec<Vec<Line>> = blocks.blocks.iter().map(|block| shape.draw(block)).collect();
    let block_width = shape.width();
    let fit = ((look.width + GAP) / (block_width + GAP)).max(1);
    // Fill rows evenly: four blocks where three would fit become two rows of two.
    let lines = drawn.len().div_ceil(fit);
    let in_line = drawn.len().div_ceil(lines.max(1)).max(1);
    let mut out = String::new();
    for (n, group) in drawn.chunks(in_line).enumerate() {
        if n > 0 {
            out.push('\n');
        }
        let height = group.iter().map(Vec::len).max().unwrap_or(0);
        for y in 0..height {
            let mut line = String::new();
            let mut used = 0;
            for (x, block) in group.iter().enumerate() {
                let start = x * (block_width + GAP);
                // Align blocks at the bottom; their headings differ in length.
                let Some(cell) = y.checked_sub(height - block.len()).and_then(|y| block.get(y)) else { continue };
                if cell.columns > 0 {
                    line.push_str(&" ".repeat(start - used));
                    line.push_str(&cell.text);
                    used = start + cell.columns;
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

impl<'a> Shape<'a> {
    fn new(blocks: &'a Blocks, look: &'a Look) -> Self {
        let widest = blocks.rows.iter().map(|row| width(row)).max().unwrap_or(0);
        let label = widest.min((look.width / 2).max(4));
        let room = look.width.saturating_sub(label + SPACE).max(1);
        let columns: Vec<usize> = blocks.columns.iter().map(|c| width(c).clamp(1, room)).collect();
        let mut parts = Vec::new();
        let mut start = 0;
        let mut used = label;
        for (n, column) in columns.iter().enumerate() {
            if n > start && used + SPACE + column > look.width {
                parts.push(start..n);
                start = n;
                used = label;
            }
            used += SPACE + column;
        }
        parts.push(start..columns.len());
        Self { blocks, look, label, columns, parts }
    }

    /// The width of the widest part.
    fn width(&self) -> usize {
        let of = |part: &std::ops::Range<usize>| self.columns[part.clone()].iter().map(|c| c + SPACE).sum::<usize>();
        let table = self.label + self.parts.iter().map(of).max().unwrap_or(0);
        // Leave room for a readable heading even if the table is small.
        let titles = self.blocks.blocks.iter().map(|block| width(&block.title())).max().unwrap_or(0);
        table.max(titles.min(28)).min(self.look.width)
    }

    fn draw(&self, block: &Block) -> Vec<Line> {
        let look = self.look;
        let mut title = block.title();
        if !look.unicode {
            title = title.replace(" · ", ", ");
        }
        let mut lines: Vec<Line> = wrap(&title, self.width())
            .into_iter()
            .map(|text| Line { columns: width(&text), text: look.bold(&text) })
            .collect();
        for (n, part) in self.parts.iter().enumerate() {
            if n > 0 {
                lines.push(Line { text: String::new(), columns: 0 });
            }
            let heads = part.clone().map(|c| {
                let head = cut(&self.blocks.columns[c], self.columns[c]);
                (look.dim(&head), width(&head), self.columns[c])
            });
            if self.blocks.columns.iter().any(|c| !c.is_empty()) {
                lines.push(self.line("", heads));
            }
            for (label, cells) in self.blocks.rows.iter().zip(&block.cells) {
                let signs = part.clone().map(|c| {
                    let sign = cells[c].map_or(" ".to_owned(), |v| look.verdict(v, look.glyph(v)));
                    (sign, 1, self.columns[c])
                });
                lines.push(self.line(label, signs));
            }
        }
        lines
    }

    /// A row heading and one centred entry per column.
    fn line(&self, label: &str, cells: impl Iterator<Item = (String, usize, usize)>) -> Line {
        let mut columns = self.label;
        let mut text = pad(&cut(label, self.label), self.label);
        for (cell, taken, wide) in cells {
            let left = (wide - taken) / 2;
            text.push_str(&" ".repeat(SPACE + left));
            text.push_str(&cell);
            text.push_str(&" ".repeat(wide - taken - left));
            columns += SPACE + wide;
        }
        Line { text, columns }
    }
}
