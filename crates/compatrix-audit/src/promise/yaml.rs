//! YAML as a tree with lines and quoting, to compare what a workflow spells with what YAML reads.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Limits on nesting and on the number of nodes. Real workflows are far below both.
const DEEPEST: usize = 50;
const MOST: usize = 100_000;

/// A node of a document.
#[derive(Debug)]
pub(super) struct Node {
    /// 1-based line.
    pub(super) line: usize,
    pub(super) value: Value,
}

/// The content of a node. An alias (`*name`) is an empty scalar: its content is read at the definition.
#[derive(Debug)]
pub(super) enum Value {
    Scalar { text: String, plain: bool },
    Seq(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The value of a key; `None` if this is not a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().find(|(name, _)| *name == key).map(|(_, node)| node)
    }

    /// Keys and values of a mapping; empty for other nodes.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Node)> {
        let entries = if let Value::Map(entries) = &self.value { entries.as_slice() } else { &[] };
        entries.iter().map(|(key, value)| (key.text(), value))
    }

    /// The elements of a sequence; any other node is a sequence of itself.
    pub(super) fn items(&self) -> &[Node] {
        if let Value::Seq(items) = &self.value {
            items
        } else {
            std::slice::from_ref(self)
        }
    }

    /// The spelling of a scalar; empty for other nodes.
    pub(super) fn text(&self) -> &str {
        if let Value::Scalar { text, .. } = &self.value {
            text
        } else {
            ""
        }
    }

    /// A scalar as YAML reads it: an unquoted number loses trailing zeros, so `1.70` is 1.7.
    pub(super) fn reading(&self) -> String {
        let Value::Scalar { text, plain, .. } = &self.value else { return String::new() };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !*plain || !digits(whole) || !digits(fraction) {
            return text.clone();
        }
        match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        }
    }

    /// The lines of a scalar with their numbers. The parser places a block (`|`, `>`) at its first non-empty line.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let empty = self.text().lines().take_while(|line| line.is_empty()).count();
        let first = self.line.saturating_sub(empty);
        self.text().lines().enumerate().map(move |(n, line)| (first + n, line))
    }
}

/// Parses the first document of a text.
///
/// # Errors
/// The text is not valid YAML or exceeds the limits; the message starts with the line.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let strict = read(text);
    // GitHub's parser is less strict about the indentation of a closing bracket.
    let closes = |line: &str| !line.is_empty() && line.chars().all(|c| "]}, ".contains(c));
    if strict.is_err() && text.lines().any(closes) {
        let indented = text.lines().map(|line| if closes(line) { format!(" {line}\n") } else { format!("{line}\n") });
        return read(&indented.collect::<String>()).or(strict);
    }
    strict
}

fn read(text: &str) -> Result<Node, String> {
    let mut open: Vec<(Node, Option<Node>)> = Vec::new();
    let mut count = 0;
    for event in Parser::new_from_str(text) {
        let (event, span): (Event<'_>, Span) =
            event.map_err(|error| format!("line {}: {}", error.marker().line(), error.info()))?;
        let line = span.start.line();
        count += 1;
        if count > MOST || open.len() > DEEPEST {
            return Err(format!("line {line}: too large or too deeply nested for a workflow"));
        }
        let done = match event {
            Event::MappingStart(..) => {
                open.push((Node { line, value: Value::Map(Vec::new()) }, None));
                continue;
            }
            Event::SequenceStart(..) => {
                open.push((Node { line, value: Value::Seq(Vec::new()) }, None));
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some((node, _)) => node,
                None => continue,
            },
            Event::Scalar(text, style, ..) => {
                Node { line, value: Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain } }
            }
            Event::Alias(_) => Node { line, value: Value::Scalar { text: String::new(), plain: false } },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                continue
            }
        };
        match open.last_mut() {
            None => return Ok(done),
            Some((Node { value: Value::Seq(items), .. }, _)) => items.push(done),
            Some((Node { value: Value::Map(entries), .. }, key)) => match key.take() {
                Some(key) => entries.push((key, done)),
                None => *key = Some(done),
            },
            Some((Node { value: Value::Scalar { .. }, .. }, _)) => {}
        }
    }
    Err("line 1: the file is empty".to_owned())
}
