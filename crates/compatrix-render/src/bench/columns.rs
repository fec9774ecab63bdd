//! A table of a terminal: a label and columns, in several parts if the width is too small for all.

use anstyle::Style;

use crate::look::{width, wrap, Look};

/// Spaces between two columns.
const SPACE: usize = 2;

/// A column of cells.
#[derive(Clone)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Texts with the style of each, one a row.
    pub(super) cells: Vec<(String, Style)>,
    /// Whether they end at the same place, as numbers do.
    pub(super) right: bool,
    /// Whether it stays in the first part, whatever the width.
    pub(super) always: bool,
}

impl Column {
    /// Numbers without a style.
    pub(super) fn numbers(name: &'static str, cells: impl Iterator<Item = String>) -> Self {
        Self { name, cells: cells.map(|cell| (cell, Style::new())).collect(), right: true, always: false }
    }

    /// Words, each with a style.
    pub(super) fn words(name: &'static str, cells: impl Iterator<Item = (String, Style)>) -> Self {
        Self { name, cells: cells.collect(), right: false, always: true }
    }

    fn is_empty(&self) -> bool {
        self.cells.iter().all(|(cell, _)| cell.is_empty())
    }

    fn width(&self) -> usize {
        self.cells.iter().map(|(cell, _)| width(cell)).chain([width(self.name)]).max().unwrap_or(0)
    }
}

/// Rows of a table: a sign and a label, columns, and notes below a row.
pub(super) struct Rows {
    /// Signs with their styles; empty if no row has one.
    pub(super) signs: Vec<(&'static str, Style)>,
    pub(super) labels: Vec<String>,
    /// The labels in parts after the first.
    pub(super) again: Vec<String>,
    /// The heading above the labels.
    pub(super) heading: &'static str,
    pub(super) columns: Vec<Column>,
    /// Notes of each row, wrapped below it.
    pub(super) notes: Vec<Vec<String>>,
}

impl Rows {
    /// The lines of the table. Columns that do not fit follow in a table of their own, with the labels again.
    pub(super) fn lay_out(self, look: &Look) -> String {
        let margin = if self.signs.is_empty() { 2 } else { 4 };
        let longest = self.labels.iter().map(|label| width(label)).chain([width(self.heading)]).max().unwrap_or(0);
        let columns: Vec<Column> = self.columns.iter().filter(|column| !column.is_empty()).cloned().collect();
        // Labels of their own lines leave room for what must be beside each other.
        let kept: usize = columns.iter().filter(|column| column.always).map(|column| SPACE + column.width()).sum();
        let label = if margin + longest + kept > look.width { 0 } else { longest };
        let short = self.again.iter().map(|label| width(label)).chain([width(self.heading)]).max().unwrap_or(0);
        let mut room = look.width.saturating_sub(margin + label);
        let mut parts: Vec<Vec<Column>> = vec![Vec::new()];
        let mut used = 0;
        for column in columns {
            let wide = SPACE + column.width();
            if !column.always && used + wide > room && used > 0 {
                parts.push(Vec::new());
                used = 0;
                room = look.width.saturating_sub(margin + short);
            }
            used += wide;
            parts.last_mut().expect("never empty").push(column);
        }
        let mut out = String::new();
        for (nth, part) in parts.iter().enumerate() {
            self.part(&mut out, part, if nth == 0 { label } else { short }, margin, nth == 0, look);
        }
        out
    }

    fn part(&self, out: &mut String, columns: &[Column], label: usize, margin: usize, is_first: bool, look: &Look) {
        let mut line = |text: String| {
            out.push_str(text.trim_end());
            out.push('\n');
        };
        let heading = if label == 0 { "" } else { self.heading };
        let mut heads = format!("{}{}", " ".repeat(margin), padded(heading, label, false, look, DIM));
        for column in columns {
            heads.push_str(&" ".repeat(SPACE));
            heads.push_str(&padded(column.name, column.width(), column.right, look, DIM));
        }
        if !columns.is_empty() {
            line(heads);
        }
        for (n, name) in if is_first { &self.labels } else { &self.again }.iter().enumerate() {
            let is_blank = columns.iter().all(|column| column.cells[n].0.is_empty());
            if !is_first && is_blank {
                continue;
            }
            let mut text = match self.signs.get(n) {
                Some((sign, style)) if is_first => format!("  {} ", look.paint(*style, sign)),
                Some(_) | None => " ".repeat(margin),
            };
            if label == 0 {
                line(format!("{text}{}", look.bold(name)));
                text = " ".repeat(margin);
            } else {
                text.push_str(&padded(name, label, false, look, BOLD));
            }
            for column in columns {
                let (cell, style) = &column.cells[n];
                text.push_str(&" ".repeat(SPACE));
                text.push_str(&padded(cell, column.width(), column.right, look, *style));
            }
            if label > 0 || !is_blank {
                line(text);
            }
            for note in self.notes.get(n).into_iter().flatten().filter(|_| is_first) {
                for wrapped in wrap(note, look.width.saturating_sub(margin + 2).max(16)) {
                    line(format!("{}{}", " ".repeat(margin + 2), look.dim(&wrapped)));
                }
            }
        }
    }
}

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// Trailing spaces stay outside of the colour, so that they can be trimmed.
fn padded(text: &str, columns: usize, right: bool, look: &Look, style: Style) -> String {
    let space = " ".repeat(columns.saturating_sub(width(text)));
    let text = if style == Style::new() { text.to_owned() } else { look.paint(style, text) };
    if right {
        format!("{space}{text}")
    } else {
        format!("{text}{space}")
    }
}
