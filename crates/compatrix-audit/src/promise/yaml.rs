//! YAML as a tree with lines and quoting, to compare what a workflow spells with what YAML reads.
//!
//! Aliases and merge keys are followed: an alias is a copy of its anchor's node, with that node's lines.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Limits on nesting and on the number of nodes, those that aliases repeat included. Real workflows are far below both.
const DEEPEST: usize = 50;
const MOST: usize = 100_000;

/// A node of a document.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// 1-based line.
    pub(super) line: usize,
    pub(super) value: Value,
    /// How many nodes it has with itself.
    size: usize,
}

/// The content of a node.
#[derive(Debug, Clone)]
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

    /// Whether it is an empty scalar, as after `key:`.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if ["", "~", "null"].contains(&text.as_str()))
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

/// Parses a text of one document.
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

/// A node that is not complete yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<Node>,
}

#[derive(Default)]
struct Reading {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    count: usize,
    root: Option<Node>,
}

fn read(text: &str) -> Result<Node, String> {
    let mut reading = Reading::default();
    for event in Parser::new_from_str(text) {
        let (event, span): (Event<'_>, Span) =
            event.map_err(|error| format!("line {}: {}", error.marker().line(), error.info()))?;
        let line = span.start.line();
        reading.count += 1;
        if reading.count > MOST || reading.open.len() > DEEPEST {
            return Err(format!("line {line}: too large or too deeply nested for a workflow"));
        }
        match event {
            Event::MappingStart(anchor, _) => reading.start(line, anchor, Value::Map(Vec::new())),
            Event::SequenceStart(anchor, _) => reading.start(line, anchor, Value::Seq(Vec::new())),
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some(Open { node, anchor, .. }) = reading.open.pop() {
                    reading.done(node, anchor)?;
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                reading.done(Node { line, value, size: 1 }, anchor)?;
            }
            Event::Alias(anchor) => {
                // A node inside of its own anchor has no end; it is read as nothing.
                let nothing = Node { line, value: Value::Scalar { text: String::new(), plain: false }, size: 1 };
                let node = reading.anchors.get(&anchor);
                reading.count += node.map_or(1, |node| node.size);
                if reading.count > MOST {
                    return Err(format!("line {line}: its aliases repeat too much for a workflow"));
                }
                let node = node.cloned().unwrap_or(nothing);
                reading.done(node, 0)?;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
    }
    reading.root.ok_or_else(|| "line 1: the file is empty".to_owned())
}

impl Reading {
    fn start(&mut self, line: usize, anchor: usize, value: Value) {
        self.open.push(Open { node: Node { line, value, size: 1 }, anchor, key: None });
    }

    /// A node is complete: it belongs to the one around it.
    fn done(&mut self, mut node: Node, anchor: usize) -> Result<(), String> {
        if let Value::Map(entries) = &mut node.value {
            let merged = merged(std::mem::take(entries));
            self.count += merged.len();
            node.size = 1 + merged.iter().map(|(key, value)| key.size + value.size).sum::<usize>();
            node.value = Value::Map(merged);
        } else if let Value::Seq(items) = &node.value {
            node.size = 1 + items.iter().map(|item| item.size).sum::<usize>();
        }
        if anchor > 0 {
            self.count += node.size;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None if self.root.is_none() => self.root = Some(node),
            None if node.is_nothing() => {}
            None => return Err(format!("line {}: a second document begins; GitHub reads only one", node.line)),
            Some(Open { node: Node { value: Value::Seq(items), .. }, .. }) => items.push(node),
            Some(Open { node: Node { value: Value::Map(entries), .. }, key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(node),
            },
            Some(Open { node: Node { value: Value::Scalar { .. }, .. }, .. }) => {}
        }
        Ok(())
    }
}

/// Entries with those of `<<`, which fill in what is not there.
fn merged(entries: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
    let is_merge = |key: &Node| matches!(&key.value, Value::Scalar { text, plain: true } if text == "<<");
    if !entries.iter().any(|(key, _)| is_merge(key)) {
        return entries;
    }
    let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| is_merge(key));
    let mut known: std::collections::BTreeSet<String> = own.iter().map(|(key, _)| key.text().to_owned()).collect();
    for (_, node) in merges {
        let maps = if let Value::Seq(items) = node.value { items } else { vec![node] };
        for map in maps {
            if let Value::Map(entries) = map.value {
                own.extend(entries.into_iter().filter(|(key, _)| known.insert(key.text().to_owned())));
            }
        }
    }
    own
}
