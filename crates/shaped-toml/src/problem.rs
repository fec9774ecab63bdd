//! Builds diagnostics: problems, which have no place yet, and the collector that adds it.

use std::collections::HashSet;
use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics, Related, Severity};
use crate::nearest::nearest;

/// A problem without its place. Boxed, because it is passed in results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Parts {
    message: String,
    label: String,
    nearest: Option<String>,
    known: Vec<String>,
    help: Vec<String>,
    related: Vec<(Range<usize>, String)>,
    /// Byte range within the offending text, if only a part of it is wrong.
    part: Option<Range<usize>>,
    needs_whole: bool,
}

impl Problem {
    /// `message` is a lowercase fragment.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Parts { message: message.into(), ..Parts::default() }))
    }

    /// Sets the note under the offending text.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = label.into();
        self
    }

    /// Adds a line of advice.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help.push(help.into());
        self
    }

    /// Sets the valid text for "did you mean".
    pub fn nearest(mut self, nearest: impl Into<Option<String>>) -> Self {
        self.0.nearest = nearest.into();
        self
    }

    /// The valid text for "did you mean".
    pub fn nearest_text(&self) -> Option<&str> {
        self.0.nearest.as_deref()
    }

    /// Sets all valid texts, and the one most similar to `found`.
    pub fn known<S: AsRef<str>>(mut self, found: &str, known: impl IntoIterator<Item = S>) -> Self {
        self.0.known = known.into_iter().map(|s| s.as_ref().to_owned()).collect();
        self.0.nearest = nearest(found, self.0.known.iter().map(String::as_str)).map(str::to_owned);
        self
    }

    /// Copies advice and valid texts from another problem of the same text.
    pub fn hints_of(mut self, Problem(other): Problem) -> Self {
        self.0.nearest = other.nearest;
        self.0.known = other.known;
        self.0.help.extend(other.help);
        self
    }

    /// Adds a related place.
    pub fn related(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.0.related.push((span, label.into()));
        self
    }

    /// Restricts the problem to these bytes within the offending text.
    pub fn part(mut self, part: Range<usize>) -> Self {
        self.0.part = Some(part);
        self
    }

    /// Marks the problem as a possible consequence of unreadable text; it is dropped if there is any.
    pub fn needs_whole(mut self) -> Self {
        self.0.needs_whole = true;
        self
    }
}

/// Collects the problems of one text.
pub struct Collector<'a> {
    file: &'a str,
    text: &'a str,
    /// Byte offset of each line's start.
    lines: Vec<usize>,
    list: Vec<Diagnostic>,
    /// Lines with syntax errors; empty if the whole text is readable.
    unreadable: HashSet<usize>,
}

impl<'a> Collector<'a> {
    /// `file` is only a name for messages.
    pub fn new(text: &'a str, file: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(n, _)| n + 1)).collect();
        Self { file, text, lines, list: Vec::new(), unreadable: HashSet::new() }
    }

    /// The source text, as passed to [`Collector::new`].
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Reports a syntax error; at most one per line, because later ones are consequences. `may_follow` marks a possible
    /// consequence of an error on the line before.
    pub fn syntax(&mut self, span: Range<usize>, problem: Problem, may_follow: bool) {
        let (line, _) = self.place(span.start);
        let before = (1..line).rev().find(|line| !self.text[self.line_range(*line)].trim().is_empty()).unwrap_or(0);
        let follows = may_follow && self.unreadable.contains(&before);
        if self.unreadable.insert(line) && !follows {
            self.push(Severity::Error, span, problem);
        }
    }

    /// The byte range of a 1-based line, including its line break.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        self.lines[line - 1]..self.lines.get(line).copied().unwrap_or(self.text.len())
    }

    /// Reports an error at this byte range, unless it is only a consequence of unreadable text.
    pub fn error(&mut self, span: Range<usize>, problem: Problem) {
        self.unless_consequence(Severity::Error, span, problem);
    }

    /// Like [`Collector::error`], for a warning.
    pub fn warning(&mut self, span: Range<usize>, problem: Problem) {
        self.unless_consequence(Severity::Warning, span, problem);
    }

    /// Whether any error was reported so far.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Remembers the current state, for [`Collector::since`] and [`Collector::forget`].
    pub fn mark(&self) -> usize {
        self.list.len()
    }

    /// Whether anything was reported since the mark.
    pub fn since(&self, mark: usize) -> bool {
        self.list.len() > mark
    }

    /// Drops everything reported since the mark.
    pub fn forget(&mut self, mark: usize) {
        self.list.truncate(mark);
    }

    /// 1-based line and column of a byte offset.
    pub fn place(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|&start| start <= byte).max(1);
        let before = self.text.get(self.lines[line - 1]..byte).unwrap_or_default();
        // A byte order mark takes no column.
        (line, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }

    /// All distinct diagnostics, in text order.
    pub fn finish(mut self) -> Diagnostics {
        self.list.sort_by_key(|d| (d.span.start, d.span.end, d.severity));
        self.list.dedup_by(|b, a| a.span == b.span && a.message == b.message);
        Diagnostics { list: self.list, text: self.text.to_owned(), others: Vec::new() }
    }

    /// The value with all warnings if there was no error.
    ///
    /// # Errors
    /// All diagnostics, if any is an error.
    pub fn result<T>(self, read: T) -> Result<(T, Diagnostics), Diagnostics> {
        match self.has_errors() {
            true => Err(self.finish()),
            false => Ok((read, self.finish())),
        }
    }

    fn unless_consequence(&mut self, severity: Severity, span: Range<usize>, problem: Problem) {
        let line = self.place(span.start).0;
        let consequence = (problem.0.needs_whole && !self.unreadable.is_empty()) || self.unreadable.contains(&line);
        if !consequence {
            self.push(severity, span, problem);
        }
    }

    fn push(&mut self, severity: Severity, span: Range<usize>, Problem(problem): Problem) {
        let span = self.clamp(match &problem.part {
            Some(part) => self.within(&span, part),
            None => span,
        });
        let (line, column) = self.place(span.start);
        let related = problem.related.into_iter().map(|(span, label)| {
            let span = self.clamp(span);
            let (line, column) = self.place(span.start);
            Related { line, column, span, label }
        });
        let related = related.collect();
        let found = self.text[span.clone()].to_owned();
        self.list.push(Diagnostic {
            severity,
            file: self.file.to_owned(),
            line,
            column,
            span,
            message: problem.message,
            found,
            label: problem.label,
            nearest: problem.nearest,
            known: problem.known,
            help: problem.help,
            related,
        });
    }

    /// Narrows a span to a part of a string, if the string has no escapes, so that bytes correspond.
    fn within(&self, span: &Range<usize>, part: &Range<usize>) -> Range<usize> {
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let quote = match raw.as_bytes() {
            [b'"' | b'\'', second, ..] if *second != raw.as_bytes()[0] => 1,
            _ if raw.starts_with(['"', '\'']) => return span.clone(),
            _ => 0,
        };
        if raw.contains('\\') || part.end + quote > raw.len() {
            return span.clone();
        }
        span.start + quote + part.start..span.start + quote + part.end
    }

    /// Clamps a span to the text and to character boundaries.
    fn clamp(&self, span: Range<usize>) -> Range<usize> {
        let floor = |mut n: usize| {
            n = n.min(self.text.len());
            while !self.text.is_char_boundary(n) {
                n -= 1;
            }
            n
        };
        let start = floor(span.start);
        start..floor(span.end).max(start)
    }
}
