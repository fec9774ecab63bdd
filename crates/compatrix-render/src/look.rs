//! Terminal styling of verdicts, and text fitted to a width.

use anstyle::{AnsiColor, Style};
use compatrix_model::verdict::Verdict;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The terminal's capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Width in columns.
    pub width: usize,
    /// Whether ANSI colour escapes are allowed.
    pub color: bool,
    /// Whether characters beyond ASCII are allowed.
    pub unicode: bool,
}

impl Look {
    /// Unicode without colours, at this width.
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
            (Verdict::Stale, true) => "○",
            (Verdict::Stale, false) => "s",
            (Verdict::Unproven, true) => "·",
            (Verdict::Unproven, false) => ".",
            (Verdict::NotPromised, true) => "–",
            (Verdict::NotPromised, false) => "-",
            (Verdict::Error, _) => "E",
        }
    }

    /// The separator between parts of a line.
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

    /// The text in a style, if colours are allowed.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// The text dimmed, if colours are allowed.
    pub fn dim(&self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    /// The text in bold, if colours are allowed.
    pub fn bold(&self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }
}

/// Colour and weight of a verdict, also used outside grids.
pub fn verdict_style(verdict: Verdict) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match verdict {
        Verdict::Ok => color(AnsiColor::Green),
        Verdict::Broken | Verdict::Error => color(AnsiColor::Red).bold(),
        Verdict::Known | Verdict::Flaky => color(AnsiColor::Yellow),
        Verdict::UnexpectedPass => color(AnsiColor::Magenta).bold(),
        Verdict::Stale => color(AnsiColor::Blue),
        Verdict::Unproven | Verdict::NotPromised => Style::new().dimmed(),
    }
}

/// The packages in a title: `a, b and c`, or `a, b and 7 more packages`.
pub(crate) fn names(packages: &[String]) -> String {
    /// The most packages that are named.
    const MOST: usize = 3;
    match packages {
        [most @ .., last] if !most.is_empty() && packages.len() <= MOST => format!("{} and {last}", most.join(", ")),
        _ if packages.len() <= MOST => packages.concat(),
        _ => format!("{} and {}", packages[..MOST - 1].join(", "), count(packages.len() + 1 - MOST, "more package")),
    }
}

/// The width of a text in columns.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The number of bytes of these characters that fit in `columns`.
pub(crate) fn fitting(characters: impl Iterator<Item = char>, columns: usize) -> usize {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(1);
        used <= columns
    };
    characters.take_while(fits).map(char::len_utf8).sum()
}

/// The text padded with spaces to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(width(text)))
}

/// The text truncated to `columns`, ending in an ellipsis if anything was cut.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    match columns {
        0 => String::new(),
        _ => format!("{}…", &text[..fitting(text.chars(), columns - 1)]),
    }
}

/// Wraps words at `columns`. A longer word gets its own line and is never cut, so it can be copied.
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

    #[test]
    fn titles_name_few_packages() {
        let of = |list: &[&str]| names(&list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["a"]), "a");
        assert_eq!(of(&["a", "b"]), "a and b");
        assert_eq!(of(&["a", "b", "c"]), "a, b and c");
        assert_eq!(of(&["a", "b", "c", "d"]), "a, b and 2 more packages");
    }
}
