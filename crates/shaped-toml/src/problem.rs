//! How diagnostics come about: problems, which know no place yet, and the collector that gives them one.

use std::collections::HashSet;
use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics, Related, Severity};
use crate::nearest::nearest;

/// What is wrong, without its place. Boxed, as it travels in results.
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
    /// Bytes within the text complained of, where not all of it is meant.
    part: Option<Range<usize>>,
    needs_whole: bool,
}

impl Problem {
    /// A problem; the message is a lowercase fragment.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Parts { message: message.into(), ..Parts::default() }))
    }

    /// What to write under the offending text.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = label.into();
        self
    }

    /// What to do next.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help.push(help.into());
        self
    }

    /// The valid text that was surely meant.
    pub fn nearest(mut self, nearest: impl Into<Option<String>>) -> Self {
        self.0.nearest = nearest.into();
        self
    }

    /// The valid text that was surely meant.
    pub fn nearest_text(&self) -> Option<&str> {
        self.0.nearest.as_deref()
    }

    /// What would have been valid, and among it the nearest to what was found.
    pub fn known<S: AsRef<str>>(mut self, found: &str, known: impl IntoIterator<Item = S>) -> Self {
        self.0.known = known.into_iter().map(|s| s.as_ref().to_owned()).collect();
        self.0.nearest = nearest(found, self.0.known.iter().map(String::as_str)).map(str::to_owned);
        self
    }

    /// The hints of another problem with the same text.
    pub fn hints_of(mut self, Problem(other): Problem) -> Self {
        self.0.nearest = other.nearest;
        self.0.known = other.known;
        self.0.help.extend(other.help);
        self
    }

    /// Another place that matters.
    pub fn related(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.0.related.push((span, label.into()));
        self
    }

    /// Only these bytes within the text complained of are meant.
    pub fn part(mut self, part: Range<usize>) -> Self {
        self.0.part = Some(part);
        self
    }

    /// It may be a mere consequence of text that could not be read, and is then left out.
    pub fn needs_whole(mut self) -> Self {
        self.0.needs_whole = true;
        self
    }
}

/// Collects what is wrong with one text.
pub struct Collector<'a> {
    file: &'a str,
    text: &'a str,
    /// Byte at which each line starts.
    lines: Vec<usize>,
    list: Vec<Diagnostic>,
    /// Lines with syntax errors; empty means that the whole text could be read.
    unreadable: HashSet<usize>,
}

impl<'a> Collector<'a> {
    /// A collector for this text; `file` is only its name in messages.
    pub fn new(text: &'a str, file: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(n, _)| n + 1)).collect();
        Self { file, text, lines, list: Vec::new(), unreadable: HashSet::new() }
    }

    /// The text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// A syntax error; at most one for each line, as later ones are consequences. `may_follow` tells that it may be the
    /// consequence of one on the line before.
    pub fn syntax(&mut self, span: Range<usize>, problem: Problem, may_follow: bool) {
        let (line, _) = self.place(span.start);
        let before = (1..line).rev().find(|line| !self.text[self.line_range(*line)].trim().is_empty()).unwrap_or(0);
        let follows = may_follow && self.unreadable.contains(&before);
        if self.unreadable.insert(line) && !follows {
            self.push(Severity::Error, span, problem);
        }
    }

    /// The bytes of a line, counted from 1, its end included.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        self.lines[line - 1]..self.lines.get(line).copied().unwrap_or(self.text.len())
    }

    /// Reports an error at these bytes, unless it is a mere consequence of text that could not be read.
    pub fn error(&mut self, span: Range<usize>, problem: Problem) {
        self.unless_consequence(Severity::Error, span, problem);
    }

    /// Reports a warning, under the same condition.
    pub fn warning(&mut self, span: Range<usize>, problem: Problem) {
        self.unless_consequence(Severity::Warning, span, problem);
    }

    /// Whether an error was reported.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Marks the state, for [`Collector::since`] and [`Collector::forget`].
    pub fn mark(&self) -> usize {
        self.list.len()
    }

    /// Whether something was reported since the mark.
    pub fn since(&self, mark: usize) -> bool {
        self.list.len() > mark
    }

    /// Takes back what was reported since the mark.
    pub fn forget(&mut self, mark: usize) {
        self.list.truncate(mark);
    }

    /// Line and column of a byte, from 1.
    pub fn place(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|&start| start <= byte).max(1);
        let before = self.text.get(self.lines[line - 1]..byte).unwrap_or_default();
        // A byte order mark is no column.
        (line, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }

    /// All that was reported, in the order of the text, nothing twice.
    pub fn finish(mut self) -> Diagnostics {
        self.list.sort_by_key(|d| (d.span.start, d.span.end, d.severity));
        self.list.dedup_by(|b, a| a.span == b.span && a.message == b.message);
        Diagnostics { list: self.list, text: self.text.to_owned(), others: Vec::new() }
    }

    /// What was read of the text together with the warnings; all that was reported, if there are errors.
    ///
    /// # Errors
    /// If an error was reported.
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

    /// The part of a string's content, if the string is written without escapes (so that bytes can be counted).
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

    /// A span that lies in the text, on character boundaries.
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
