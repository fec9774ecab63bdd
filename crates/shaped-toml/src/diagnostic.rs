//! Diagnostics as data (place, text found, valid alternatives, advice) and their rendering on a terminal.
//!
//! Messages are lowercase fragments. Nothing here reads or writes a file: the source text is stored with the list.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

/// Whether a diagnostic is fatal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but probably does not say what was meant.
    Warning,
}

/// One problem of a text, with its place and advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Errors make the file unusable; warnings do not.
    pub severity: Severity,
    /// The file's name, as given to the collector.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte range in the text.
    pub span: Range<usize>,
    /// The problem, as a lowercase fragment.
    pub message: String,
    /// The offending text, verbatim.
    pub found: String,
    /// The note under the offending text; may be empty.
    pub label: String,
    /// The most similar valid text, for "did you mean".
    pub nearest: Option<String>,
    /// All valid texts, if they are a closed set; otherwise empty.
    pub known: Vec<String>,
    /// Advice, one line each.
    pub help: Vec<String>,
    /// Related places: the first of two equal names, the other of two contradictory rules.
    pub related: Vec<Related>,
}

/// A place related to a [`Diagnostic`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte range in the text.
    pub span: Range<usize>,
    /// The note under this place.
    pub label: String,
}

/// All problems of one text, in text order. Serialises as the list of diagnostics.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    /// Ordered by place.
    pub list: Vec<Diagnostic>,
    /// The source text, for [`Diagnostics::render`].
    #[serde(skip)]
    pub text: String,
    /// The problems of other texts that were read together with it.
    #[serde(skip)]
    pub others: Vec<Diagnostics>,
}

/// The most valid texts listed on a terminal; the rest are counted.
const LISTED: usize = 20;

impl Diagnostics {
    /// Whether there are no diagnostics, also in `others`.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The number of diagnostics of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|d| d.severity == severity).count()
    }

    /// Whether any diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// All diagnostics in the style of rustc, with a final summary line; empty if there are none. `width` is the terminal's
    /// width in columns.
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
    /// The diagnostic for annotate-snippets, with only the lines concerned.
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
            // A byte order mark takes no column.
            let mark = '\u{feff}'.len_utf8();
            let start =
                if text[start..].starts_with('\u{feff}') && first >= start + mark { start + mark } else { start };
            let end = text[last..].find('\n').map_or(text.len(), |n| last + n);
            let line = self.related.iter().map(|r| r.line).chain([self.line]).min().unwrap_or(1);
            let shift = |span: &Range<usize>| span.start - start..span.end - start;
            let main = annotation(AnnotationKind::Primary.span(shift(&self.span)), &self.label);
            let others =
                self.related.iter().map(|r| annotation(AnnotationKind::Context.span(shift(&r.span)), &r.label));
            // A carriage return would be drawn; replacing it by a space keeps byte positions.
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
            group = group.element(Level::NOTE.message(format!("available: {}", list(&self.known))));
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

/// `a, b, c`, truncated if long.
fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
