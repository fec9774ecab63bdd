//! A workflow's text, read by a parser that is not ours: a tree that knows how each scalar was written.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Scalar(String, ScalarStyle),
    Seq(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The value at the end of these keys; panics where there is none.
    pub(crate) fn at(&self, keys: &str) -> &Node {
        keys.split('/').fold(self, |node, key| node.get(key).unwrap_or_else(|| panic!("no {keys} in {node:?}")))
    }

    pub(crate) fn entries(&self) -> &[(String, Node)] {
        if let Node::Map(entries) = self {
            entries
        } else {
            &[]
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        if let Node::Seq(items) = self {
            items
        } else {
            &[]
        }
    }

    /// A scalar's text; panics for anything else.
    pub(crate) fn text(&self) -> &str {
        let Node::Scalar(text, _) = self else { panic!("no scalar: {self:?}") };
        text
    }

    pub(crate) fn texts(&self) -> Vec<&str> {
        self.items().iter().map(Node::text).collect()
    }

    /// Each scalar, with the keys that lead to it.
    pub(crate) fn each<'a>(&'a self, path: &mut Vec<&'a str>, see: &mut impl FnMut(&[&str], &str, ScalarStyle)) {
        match self {
            Node::Scalar(text, style) => see(path, text, *style),
            Node::Seq(items) => items.iter().for_each(|item| item.each(path, see)),
            Node::Map(entries) => {
                for (key, node) in entries {
                    path.push(key);
                    node.each(path, see);
                    path.pop();
                }
            }
        }
    }
}

/// The one document of a text, without anchors, tags, aliases and keys that stand twice.
pub(crate) fn parse(text: &str) -> Result<Node, String> {
    let mut open: Vec<(Node, Option<String>)> = Vec::new();
    let mut whole = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("{error}"))?;
        let done = match event {
            Event::MappingStart(0, None) => {
                open.push((Node::Map(Vec::new()), None));
                continue;
            }
            Event::SequenceStart(0, None) => {
                open.push((Node::Seq(Vec::new()), None));
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => open.pop().ok_or("an end without a start")?.0,
            Event::Scalar(text, style, 0, None) => Node::Scalar(text.into_owned(), style),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                continue;
            }
            other => return Err(format!("line {}: {other:?}", span.start.line())),
        };
        match open.last_mut() {
            None if whole.is_none() => whole = Some(done),
            None => return Err("more than one document".to_owned()),
            Some((Node::Seq(items), _)) => items.push(done),
            Some((Node::Map(entries), key)) => match key.take() {
                None => *key = Some(done.text().to_owned()),
                Some(name) if entries.iter().any(|(known, _)| *known == name) => {
                    return Err(format!("line {}: {name} stands twice", span.start.line()));
                }
                Some(name) => entries.push((name, done)),
            },
            Some((Node::Scalar(..), _)) => return Err("something in a scalar".to_owned()),
        }
    }
    whole.ok_or_else(|| "nothing".to_owned())
}
