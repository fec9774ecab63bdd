//! Diagnostics as data: where, what was found, what is known, what to do next; and how they look on a terminal.
//!
//! Messages are lowercase fragments. Nothing here reads or writes a file: the source text is kept beside the list.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The spec cannot be used.
    Error,
    /// The spec can be used, but says something that is likely not meant.
    Warning,
}

/// One thing that is wrong with a text, with its place and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as given to the parser.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the text that are meant.
    pub span: Range<usize>,
    /// What is wrong, a lowercase fragment.
    pub message: String,
    /// The offending text, as it stands in the file.
    pub found: String,
    /// What to write under the offending text; may be empty.
    pub label: String,
    /// The nearest valid text.
    pub nearest: Option<String>,
    /// All that would have been valid here, where that is a closed set.
    pub known: Vec<String>,
    /// What to do next, a line each.
    pub help: Vec<String>,
    /// Other places that matter: the first of two equal names, the other of two contradictory rules.
    pub related: Vec<Related>,
}

/// Another place that matters to a [`Diagnostic`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the text that are meant.
    pub span: Range<usize>,
    /// What to write under them.
    pub label: String,
}

/// All that is wrong with one text, in the order of the text. Serialises as the list of its diagnostics.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    /// The diagnostics, ordered by place.
    pub list: Vec<Diagnostic>,
    /// The text they are about, for [`Diagnostics::render`].
    #[serde(skip)]
    pub text: String,
    /// What is wrong with further texts that are read along with it.
    #[serde(skip)]
    pub others: Vec<Diagnostics>,
}

/// More known values than this are counted, not listed, on a terminal.
const LISTED: usize = 20;

impl Diagnostics {
    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many of this severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|d| d.severity == severity).count()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// All of them as rustc would print them, with a summary line at the end; empty if there are none.
    /// `width` is the terminal's, in columns.
    pub fn render(&self, color: bool, width: usize) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(width.max(40));
        let mut out = String::new();
        for diagnostic in &self.list {
            out.push_str(&renderer.render(&[diagnostic.group(&self.text)]));
            out.push_str("\n\n");
        }
        if let Some(first) = self.list.first() {
            out.push_str(&format!("{} in {}\n", self.summary(), first.file));
        }
        for other in self.others.iter().filter(|other| !other.is_empty()) {
            out.push('\n');
            out.push_str(&other.render(color, width));
        }
        out
    }

    /// `2 errors and 1 warning`.
    pub fn summary(&self) -> String {
        let count = |severity, word: &str| match self.count(severity) {
            0 => None,
            1 => Some(format!("1 {word}")),
            n => Some(format!("{n} {word}s")),
        };
        let parts: Vec<String> =
            [count(Severity::Error, "error"), count(Severity::Warning, "warning")].into_iter().flatten().collect();
        if parts.is_empty() {
            "no errors".to_owned()
        } else {
            parts.join(" and ")
        }
    }
}

/// One line each, `file:line:column: severity: message`, for logs.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, d) in self.list.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{d}")?;
        }
        self.others.iter().try_for_each(|other| write!(f, "\n{other}"))
    }
}

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{}:{}: {severity}: {}", self.file, self.line, self.column, self.message)
    }
}

impl Diagnostic {
    /// The diagnostic as annotate-snippets draws it, with only those lines of the text that it is about.
    fn group<'a>(&'a self, text: &'a str) -> Group<'a> {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(self.message.as_str()));
        if text.trim().is_empty() {
            group = group.element(Origin::path(self.file.as_str()).line(self.line).char_column(self.column));
        } else {
            let spans = || std::iter::once(&self.span).chain(self.related.iter().map(|r| &r.span));
            let first = spans().map(|s| s.start).min().unwrap_or(0);
            let last = spans().map(|s| s.end).max().unwrap_or(0);
            let start = text[..first].rfind('\n').map_or(0, |n| n + 1);
            // A byte order mark is no column.
            let mark = '\u{feff}'.len_utf8();
            let start =
                if text[start..].starts_with('\u{feff}') && first >= start + mark { start + mark } else { start };
            let end = text[last..].find('\n').map_or(text.len(), |n| last + n);
            let line = self.related.iter().map(|r| r.line).chain([self.line]).min().unwrap_or(1);
            let shift = |span: &Range<usize>| span.start - start..span.end - start;
            let main = annotation(AnnotationKind::Primary.span(shift(&self.span)), &self.label);
            let others =
                self.related.iter().map(|r| annotation(AnnotationKind::Context.span(shift(&r.span)), &r.label));
            // A carriage return would be drawn; a blank keeps the bytes where they are.
            let snippet =
                Snippet::source(text[start..end].replace('\r', " ")).line_start(line).path(self.file.as_str());
            group = group.element(snippet.annotation(main).annotations(others));
        }
        if let Some(nearest) = &self.nearest {
            group = group.element(Level::HELP.message(format!("did you mean `{nearest}`?")));
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        if !self.known.is_empty() {
            group = group.element(Level::NOTE.message(format!("known here: {}", list(&self.known))));
        }
        group
    }
}

fn annotation<'a>(annotation: Annotation<'a>, label: &'a str) -> Annotation<'a> {
    if label.is_empty() {
        annotation
    } else {
        annotation.label(label)
    }
}

/// `a, b, c`, cut where it gets long.
fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
