//! Handles text that is not TOML: every bad line is reported and blanked out, so that the rest is still checked.
//!
//! The parser recovers well within a line, but poorly across lines: an unclosed bracket swallows everything after it.
//! Blanking keeps byte positions, so places stay right.

use std::borrow::Cow;
use std::ops::Range;

use toml::de::{DeTable, Error};

use crate::problem::{Collector, Problem};

/// The most lines blanked out; further errors rely on the parser's recovery.
const MAX_REPAIRS: usize = 40;

/// Reports everything that is not TOML, and returns the text with unreadable lines blanked out.
pub(crate) fn readable<'t>(text: &'t str, c: &mut Collector<'_>) -> Cow<'t, str> {
    let mut source = Cow::Borrowed(text);
    // Lines with errors from which the parser recovers.
    let mut passed: Vec<usize> = Vec::new();
    for _ in 0..MAX_REPAIRS {
        let Some((error, line, span)) = first_error(&source, &passed, c) else {
            return source;
        };
        let range = c.line_range(line);
        let bad = &source[range.clone()];
        if let Some(comma) = open_list(&error, &source, range.start) {
            let problem = Problem::new("the list above is not closed").label("`]` is missing before this");
            c.syntax(span, problem, false);
            // The bracket can replace the comma after the last element.
            source.to_mut().replace_range(comma..comma + 1, "]");
            continue;
        }
        report(&error, span, c);
        // The parser knows which table a broken header means, and which of two equal keys counts; without the header,
        // its keys would go to the table before. A blank line cannot be blanked further.
        if bad.trim_start().starts_with('[') || is_duplicate(&error) || bad.trim().is_empty() {
            passed.push(line);
        } else {
            let blank: String = bad.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
            source.to_mut().replace_range(range, &blank);
        }
    }
    for error in DeTable::parse_recoverable(&source).1 {
        let span = span(&error, text);
        report(&error, span, c);
    }
    source
}

fn first_error(source: &str, passed: &[usize], c: &Collector<'_>) -> Option<(Error, usize, Range<usize>)> {
    let errors = DeTable::parse_recoverable(source).1.into_iter().map(|error| {
        let span = span(&error, source);
        let line = c.place(span.start).0;
        (error, line, span)
    });
    errors.filter(|(_, line, _)| !passed.contains(line)).min_by_key(|(_, _, span)| span.start)
}

/// The position of the last comma of an unclosed list that continues into the line at `start`, where a new key or table
/// begins.
fn open_list(error: &Error, source: &str, start: usize) -> Option<usize> {
    let in_list = ["string values must be quoted", "missing comma between array", "invalid boolean"];
    let line = source[start..].lines().next().unwrap_or_default().trim();
    let first =
        line.trim_start_matches('[').trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let (is_header, is_key) = (line.starts_with('[') && first.starts_with(']'), first.trim_start().starts_with('='));
    let before = source[..start].trim_end();
    let found = in_list.iter().any(|message| error.message().starts_with(message)) && (is_header || is_key);
    (found && before.ends_with(',')).then(|| before.len() - 1)
}

fn span(error: &Error, source: &str) -> Range<usize> {
    error.span().unwrap_or(source.len()..source.len())
}

fn is_duplicate(error: &Error) -> bool {
    error.message() == "duplicate key"
}

/// Reports a syntax error, reworded.
fn report(error: &Error, span: Range<usize>, c: &mut Collector<'_>) {
    let found = c.text().get(span.clone()).unwrap_or_default();
    let message = error.message();
    let bare = message.starts_with("string values must be quoted") || message.starts_with("invalid boolean");
    let problem = Problem::new(format!("not TOML: {message}"));
    let problem = if is_duplicate(error) {
        Problem::new(format!("`{found}` is set twice")).help("remove one of them")
    } else if bare && !found.is_empty() && !found.contains(['"', '\\', '\n']) {
        problem.help(format!("put it in quotes: `\"{found}\"`"))
    } else {
        problem
    };
    // Every line after an unclosed bracket lacks a comma.
    c.syntax(span, problem, message.starts_with("missing comma"));
}
