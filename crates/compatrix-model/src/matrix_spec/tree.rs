//! The document as a tree that has the right shape: what the shape check leaves, with the place of every part.

use std::ops::Range;

/// A part of the document.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// What a part is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Flag(bool),
    List(List),
    Table(Table),
}

/// A list without its bad elements.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    pub(crate) items: Vec<Node>,
    /// Texts of the elements left out, so that names which refer to them do not give a second error.
    pub(crate) rejected: Vec<String>,
}

/// A table without its bad entries, in the order of the document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
    /// Keys of the entries left out.
    pub(crate) rejected: Vec<String>,
}

/// An entry of a table.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value {
            Some(text)
        } else {
            None
        }
    }

    pub(crate) fn list(&self) -> Option<&List> {
        if let Value::List(list) = &self.value {
            Some(list)
        } else {
            None
        }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value {
            Some(table)
        } else {
            None
        }
    }

    /// The part itself, or its elements if it is a list.
    pub(crate) fn one_or_many(&self) -> &[Node] {
        match &self.value {
            Value::List(list) => &list.items,
            Value::Text(_) | Value::Integer(_) | Value::Flag(_) | Value::Table(_) => std::slice::from_ref(self),
        }
    }
}

impl List {
    pub(crate) fn texts(&self) -> Vec<String> {
        self.items.iter().filter_map(|node| node.text().map(str::to_owned)).collect()
    }
}

impl Table {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn node(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.node(key)?.text()
    }

    pub(crate) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.node(key)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        match self.node(key)?.value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn texts(&self, key: &str) -> Option<Vec<String>> {
        Some(self.node(key)?.list()?.texts())
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Table> {
        self.node(key)?.table()
    }

    /// The tables of the list under this key; none if it is absent.
    pub(crate) fn tables<'a>(&'a self, key: &str) -> impl Iterator<Item = (&'a Node, &'a Table)> {
        self.node(key).into_iter().flat_map(Node::one_or_many).filter_map(|node| Some((node, node.table()?)))
    }
}
