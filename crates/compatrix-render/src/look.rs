//! How verdicts look on a terminal, and text fitted to its width.

use anstyle::{AnsiColor, Style};
use compatrix_model::verdict::Verdict;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Whether escapes for colours may be written.
    pub color: bool,
    /// Whether characters beyond ASCII may be written.
    pub unicode: bool,
}

impl Look {
    /// Plain text of this width.
    pub fn plain(width: usize) -> Self {
        Self { width, color: false, unicode: true }
    }

    /// The sign of a verdict, one column wide.
    pub fn glyph(&self, verdict: Verdict) -> &'static str {
        match (verdict, self.unicode) {
            (Verdict::Ok, true) => "✓",
            (Verdict::Ok, false) => "+",
            (Verdict::Broken, true) => "✗",
            (Verdict::Broken, false) => "x",
            (Verdict::Known, true) => "~",
            (Verdict::Known, false) => "k",
            (Verdict::UnexpectedPass, _) => "!",
            (Verdict::Flaky, true) => "≈",
            (Verdict::Flaky, false) => "f",
            (Verdict::Unproven, true) => "·",
            (Verdict::Unproven, false) => ".",
            (Verdict::Error, _) => "E",
        }
    }

    /// Between parts of a line.
    pub fn dot(&self) -> &'static str {
        if self.unicode {
            " · "
        } else {
            ", "
        }
    }

    /// The text in the verdict's colour.
    pub fn verdict(&self, verdict: Verdict, text: &str) -> String {
        self.paint(verdict_style(verdict), text)
    }

    /// The text in a style, if there are colours.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// The text set back.
    pub fn dim(&self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    /// The text in bold.
    pub fn bold(&self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }
}

/// The colour of a verdict.
pub fn verdict_style(verdict: Verdict) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match verdict {
        Verdict::Ok => color(AnsiColor::Green),
        Verdict::Broken | Verdict::Error => color(AnsiColor::Red).bold(),
        Verdict::Known | Verdict::Flaky => color(AnsiColor::Yellow),
        Verdict::UnexpectedPass => color(AnsiColor::Magenta).bold(),
        Verdict::Unproven => Style::new().dimmed(),
    }
}

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// How many bytes of these characters fit in so many columns.
pub(crate) fn fitting(characters: impl Iterator<Item = char>, columns: usize) -> usize {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(1);
        used <= columns
    };
    characters.take_while(fits).map(char::len_utf8).sum()
}

/// The text with spaces after it, so many columns in all.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(width(text)))
}

/// The text cut to so many columns, an ellipsis for what is missing.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    match columns {
        0 => String::new(),
        _ => format!("{}…", &text[..fitting(text.chars(), columns - 1)]),
    }
}

/// Words set in lines of so many columns; a longer word stands alone, cut nowhere, so that it can be copied.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A number with its noun: `1 cell`, `2 cells`.
pub fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// A duration for people: `0.4 s`, `12 s`, `3 min 5 s`.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        10_000..60_000 => format!("{} s", ms / 1000),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
        _ => format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_and_padded_to_columns() {
        for (text, columns, cut_to) in [
            ("things", 6, "things"),
            ("things", 4, "thi…"),
            ("things", 0, ""),
            // Two columns a character; nothing is half shown.
            ("表の検査", 8, "表の検査"),
            ("表の検査", 6, "表の…"),
            ("e\u{301}te\u{301}", 3, "e\u{301}te\u{301}"),
        ] {
            assert_eq!(cut(text, columns), cut_to);
            assert_eq!(width(&pad(&cut(text, columns), columns)), columns, "{text}");
        }
    }
}
