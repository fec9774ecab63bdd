//! Markdown that shows text verbatim: escaping, code, tables.

/// Escapes text for a paragraph or a table cell: nothing in it is markup, and it stays on one line.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if is_url(word) {
            // Keep a URL whole: GitHub links it.
            out.push_str(&word.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E"));
            continue;
        }
        let chars: Vec<char> = word.chars().collect();
        for (n, c) in chars.iter().copied().enumerate() {
            let inside = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
            match c {
                // An underscore within a word is not markup.
                '_' if inside(n.checked_sub(1)) && inside(Some(n + 1)) => out.push(c),
                '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                    out.push('\\');
                    out.push(c);
                }
                // Markup only at the start of a line.
                '#' | '>' | '+' | '-' if out.is_empty() => {
                    out.push('\\');
                    out.push(c);
                }
                '<' => out.push_str("&lt;"),
                '&' => out.push_str("&amp;"),
                c if c.is_control() => out.push('\u{fffd}'),
                c => out.push(c),
            }
        }
    }
    out
}

/// Escapes text for HTML or XML.
pub(crate) fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Inline code, safe inside a table.
pub(crate) fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    // GitHub reads `\|` in a table's code as `|`.
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

/// `[label](address)`, or the label alone if the address is not an http(s) URL.
pub(crate) fn link(label: &str, address: &str) -> String {
    if is_url(address) {
        format!("[{}]({})", text(label), address.replace(' ', "%20").replace('(', "%28").replace(')', "%29"))
    } else {
        text(label)
    }
}

fn is_url(word: &str) -> bool {
    word.starts_with("https://") || word.starts_with("http://")
}

/// A table whose cells are already Markdown.
#[derive(Debug)]
pub(crate) struct Table {
    out: String,
    columns: usize,
    rows: usize,
}

impl Table {
    /// A heading that starts with `>` makes a right-aligned column of numbers.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let mut table = Table { out: String::new(), columns: headings.len(), rows: 0 };
        table.line(headings.iter().map(|h| h.trim_start_matches('>').to_owned()));
        table.line(headings.iter().map(|h| if h.starts_with('>') { "--:" } else { "---" }.to_owned()));
        table
    }

    /// Adds a row; `cells` must be as many as the headings.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows += 1;
        self.line(cells);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn line(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut n = 0;
        for cell in cells {
            self.out.push_str("| ");
            self.out.push_str(&cell);
            self.out.push_str(if cell.is_empty() { "" } else { " " });
            n += 1;
        }
        debug_assert_eq!(n, self.columns, "every row has a cell for each heading");
        self.out.push_str("|\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_for_markup() {
        for (input, expect) in [
            ("plain text, 3.38 (a-b)", "plain text, 3.38 (a-b)"),
            ("a|b *c* _d_ `e` <f> [g]\nh", "a\\|b \\*c\\* \\_d\\_ \\`e\\` &lt;f> \\[g\\] h"),
            ("linux-x86_64 ->> #1", "linux-x86_64 ->> #1"),
            ("# heading", "\\# heading"),
            ("- item", "\\- item"),
            ("see https://x.org/a_b|c", "see https://x.org/a_b%7Cc"),
            ("bell\u{7}", "bell\u{fffd}"),
        ] {
            assert_eq!(text(input), expect);
        }
        for (input, expect) in [("a=b", "`a=b`"), ("a|b", "`a\\|b`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("", "")] {
            assert_eq!(code(input), expect);
        }
        assert_eq!(link("#1", "https://x.org/(1)"), "[\\#1](https://x.org/%281%29)");
        assert_eq!(link("#1", "javascript:alert(1)"), "\\#1");
    }
}
