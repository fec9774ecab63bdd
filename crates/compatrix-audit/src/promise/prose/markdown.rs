//! Cuts Markdown into paragraphs, items of lists and rows of tables, each with what its headings are about.
//!
//! It reads what people write: setext headings, headings in HTML, reStructuredText's underlines, tables without outer
//! bars. Code blocks and comments are left out.

use super::badge::Badge;
use super::plain::plain;
use super::subject::{Section, Subjects};

/// Lines with more bytes than this are data, not prose.
pub(super) const LONGEST_LINE: usize = 4000;

/// A paragraph, an item, or a row.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: Kind,
    /// What the nearest heading with a subject names.
    pub(super) about: Subjects,
    pub(super) section: Section,
    /// The words, of all lines, as a reader sees them in lower case.
    pub(super) text: String,
    /// Where each line begins in `text`, and its 1-based number.
    lines: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Paragraph,
    Item,
    /// With the titles of its table's columns; none if it is the first row or there is no other.
    Row(Vec<String>),
}

impl Block {
    /// The line of a place in the text.
    pub(super) fn line(&self, at: usize) -> usize {
        let after = self.lines.partition_point(|(start, _)| *start <= at);
        self.lines.get(after.saturating_sub(1)).map_or(1, |(_, number)| *number)
    }
}

/// A file in blocks, its badges with their lines, and the lines too long to be read.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) blocks: Vec<Block>,
    pub(super) badges: Vec<(usize, Badge, Section)>,
    pub(super) too_long: Vec<usize>,
}

struct Heading {
    level: usize,
    about: Subjects,
    section: Section,
}

struct Reader {
    of_page: bool,
    found: Document,
    headings: Vec<Heading>,
    /// What a title in bold or a line that ends with a colon is about, for the next block.
    lead: Option<Subjects>,
    open: Option<Block>,
    columns: Option<Vec<String>>,
}

pub(super) fn read(text: &str, of_page: bool) -> Document {
    let mut reader =
        Reader { of_page, found: Document::default(), headings: Vec::new(), lead: None, open: None, columns: None };
    let (mut fence, mut comment) = (None::<&str>, false);
    let mut is_code = false;
    let mut was_blank = true;
    for (n, line) in text.lines().enumerate() {
        let line = quote_marks_off(line);
        let trimmed = line.trim();
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark)) {
            reader.close();
            fence = if fence == Some(mark) { None } else { fence.or(Some(mark)) };
            continue;
        }
        let begins_comment = trimmed.starts_with("<!--");
        comment = (comment || begins_comment) && !line.contains("-->");
        if fence.is_some() || comment || begins_comment || (line.contains("-->") && !line.contains("<!--")) {
            continue;
        }
        if line.len() > LONGEST_LINE {
            reader.close();
            reader.found.too_long.push(n + 1);
            continue;
        }
        // Code by indentation; below an item it is the item's next paragraph.
        let indented = line.starts_with("    ") || line.starts_with('\t');
        let below_item = reader.found.blocks.last().is_some_and(|block| block.kind == Kind::Item);
        is_code = indented && (is_code || (was_blank && !below_item && item(trimmed).is_none()));
        was_blank = trimmed.is_empty();
        if !is_code {
            reader.line(n + 1, line, trimmed);
        }
    }
    reader.close();
    reader.found
}

/// A line without the marks of a quotation.
fn quote_marks_off(line: &str) -> &str {
    let mut rest = line;
    while let Some(inner) = rest.trim_start().strip_prefix('>') {
        rest = inner.strip_prefix(' ').unwrap_or(inner);
    }
    rest
}

/// The text of a list's item, without its mark.
fn item(trimmed: &str) -> Option<&str> {
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let marks: &[&str] = if (1..4).contains(&digits) { &[". ", ") "] } else { &["- ", "* ", "+ ", "• "] };
    let rest = &trimmed[digits..];
    marks.iter().find_map(|mark| rest.strip_prefix(mark)).map(str::trim_start)
}

impl Reader {
    fn line(&mut self, number: usize, line: &str, trimmed: &str) {
        let is_rule = |mark: char| trimmed.len() >= 3 && trimmed.chars().all(|c| c == mark);
        if trimmed.is_empty() {
            self.close();
            self.columns = None;
        } else if trimmed.contains('|') && trimmed.contains('-') && trimmed.chars().all(|c| "|-: +".contains(c)) {
            self.delimiter();
        } else if let Some(columns) = self.columns.clone() {
            self.close();
            let (text, badges) = plain(trimmed);
            self.badges(number, badges);
            self.push(Kind::Row(columns), number, text);
        } else if is_rule('=') || is_rule('-') || is_rule('^') {
            // A title above, if it is one line.
            let title = self.open.take().filter(|open| open.lines.len() == 1 && open.kind == Kind::Paragraph);
            match title {
                Some(title) => self.heading(&title.text, if is_rule('=') { 1 } else { 2 }, title.line(0)),
                None => self.close(),
            }
        } else if let Some((level, title)) = title(trimmed) {
            self.close();
            let (text, badges) = plain(title);
            self.badges(number, badges);
            self.heading(&text, level, number);
        } else {
            let (text, badges) = plain(item(trimmed).unwrap_or(trimmed));
            self.badges(number, badges);
            if item(trimmed).is_some() {
                self.close();
                self.push(Kind::Item, number, text);
            } else if trimmed.starts_with('|') {
                self.close();
                self.push(Kind::Row(Vec::new()), number, text);
            } else if let Some(open) = self.open.as_mut().filter(|open| !matches!(open.kind, Kind::Row(_))) {
                open.text.push(' ');
                open.lines.push((open.text.len(), number));
                open.text.push_str(&text);
            } else {
                self.close();
                let after_item = self.found.blocks.last().is_some_and(|block| block.kind == Kind::Item);
                let kind = if after_item && line.starts_with("  ") { Kind::Item } else { Kind::Paragraph };
                self.push(kind, number, text);
            }
        }
    }

    fn badges(&mut self, number: usize, badges: Vec<Badge>) {
        let section = self.section();
        self.found.badges.extend(badges.into_iter().map(|badge| (number, badge, section)));
    }

    fn section(&self) -> Section {
        let sections = self.headings.iter().rev().map(|heading| heading.section);
        sections.into_iter().find(|section| *section != Section::Plain).unwrap_or_default()
    }

    fn about(&self) -> Subjects {
        let named = self.headings.iter().rev().find(|heading| heading.about.any() || heading.about.lowest);
        self.lead.or_else(|| named.map(|heading| heading.about)).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, number: usize, text: String) {
        let (about, section) = (self.about(), self.section());
        self.open = Some(Block { kind, about, section, text, lines: vec![(0, number)] });
    }

    fn close(&mut self) {
        let Some(block) = self.open.take() else { return };
        let title = block.text.trim_end().strip_suffix(':').unwrap_or(&block.text);
        let short = block.kind == Kind::Paragraph && title.split_whitespace().count() <= 6;
        let about = Subjects::of_title(title);
        let names = short && about.any() && !title.chars().any(|c| c.is_ascii_digit());
        // It holds for the paragraph below, or for all items of the list below.
        if names {
            self.lead = Some(about);
        } else if block.kind == Kind::Paragraph {
            self.lead = None;
        }
        self.found.blocks.push(block);
    }

    /// The line below the titles of a table's columns.
    fn delimiter(&mut self) {
        let Some(above) = self.open.take() else { return };
        let last = above.lines.last().map_or(0, |(start, _)| *start);
        let titles = cells(&above.text[last..]).map(|title| title.trim().to_owned()).collect();
        // A table of two columns may have its first row where others have titles.
        self.columns = Some(titles);
        self.found.blocks.push(Block { kind: Kind::Row(Vec::new()), ..above });
    }

    fn heading(&mut self, title: &str, level: usize, number: usize) {
        self.columns = None;
        self.lead = None;
        self.headings.retain(|above| above.level < level);
        let mut about = Subjects::of_title(title);
        let section = Section::of_title(title, about, self.of_page);
        // The title of a README names the project, which may be called `Rust for X`.
        let last = title.split_whitespace().last().unwrap_or_default().to_ascii_lowercase();
        let of_versions = about.rust
            && title.to_ascii_lowercase().contains("version")
            && ["version", "versions", "policy", "support", "requirements"].contains(&last.as_str());
        if level == 1 && !self.of_page && !about.msrv && !of_versions {
            about = Subjects::default();
        }
        self.headings.push(Heading { level, about, section });
        // `## Rust 1.65+` is a statement too.
        if title.contains(|c: char| c.is_ascii_digit()) {
            let (text, section) = (title.to_owned(), self.section());
            let lines = vec![(0, number)];
            self.found.blocks.push(Block { kind: Kind::Paragraph, about: Subjects::default(), section, text, lines });
        }
    }
}

/// The level and text of a heading.
fn title(trimmed: &str) -> Option<(usize, &str)> {
    for mark in ['#', '='] {
        let level = trimmed.chars().take_while(|c| *c == mark).count();
        if (1..7).contains(&level) && trimmed[level..].starts_with(' ') {
            return Some((level, trimmed[level..].trim_matches([mark, ' '])));
        }
    }
    let level = trimmed.strip_prefix("<h").or_else(|| trimmed.strip_prefix("<H"))?;
    let level = level.chars().next()?.to_digit(10).filter(|level| (1..7).contains(level))?;
    Some((level as usize, trimmed))
}

/// The cells of a row.
pub(super) fn cells(row: &str) -> impl Iterator<Item = &str> {
    row.trim().trim_matches('|').split('|')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_blocks() {
        let text = "# Rust thing\nOne\ntwo.\n\n- a\n  b\n- c\n\n    code\n\nMSRV\n----\n\n1.65\n\n```\nx\n```\n| MSRV |\n|---|\n| 1.70 |\n\n\
                    <!-- no -->\n<h2>Platforms</h2>\n\n1. Linux\n\n**Rust:**\n\n1.80\n\nend\n";
        let found = read(text, false);
        let shown: Vec<String> = found
            .blocks
            .iter()
            .map(|b| format!("{} {:?} {}{}", b.line(0), b.kind, b.text, if b.about.any() { " *" } else { "" }))
            .collect();
        let expect = [
            "2 Paragraph one two.",
            "5 Item a b",
            "7 Item c",
            "9 Item code",
            "14 Paragraph 1.65 *",
            "19 Row([]) | msrv | *",
            "21 Row([\"msrv\"]) | 1.70 | *",
            "26 Item linux *",
            "28 Paragraph rust: *",
            "30 Paragraph 1.80 *",
            "32 Paragraph end *",
        ];
        assert_eq!(shown, expect);
        assert_eq!(found.blocks[0].line(5), 3);
        assert_eq!(found.blocks[8].about, Subjects::of_title("platforms"));
        assert_eq!(found.blocks[10].about, Subjects::of_title("platforms"));
    }
}
