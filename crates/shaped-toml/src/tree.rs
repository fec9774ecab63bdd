//! The document as a tree of the declared shape: everything that passed the check, with the place of every part.

use std::ops::Range;

/// A value of the document with its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// Byte range in the text.
    pub span: Range<usize>,
    /// The checked value.
    pub value: Value,
}

/// A checked value.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string of the required format, or a date.
    Text(String),
    /// An integer in the required range.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// An array.
    List(List),
    /// A table with checked entries.
    Table(Table),
}

/// A list without its invalid elements.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The valid elements in order.
    pub items: Vec<Node>,
    /// Texts of invalid elements, so that references to them do not cause a second error.
    pub rejected: Vec<String>,
}

/// A table without its invalid entries.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The valid entries in document order, then defaults, which have the span of the table.
    pub entries: Vec<Entry>,
    /// Keys of invalid entries.
    pub rejected: Vec<String>,
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key without quotes.
    pub key: String,
    /// Byte range of the key.
    pub key_span: Range<usize>,
    /// The value, possibly a default.
    pub node: Node,
}

impl Node {
    /// The text if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value {
            Some(text)
        } else {
            None
        }
    }

    /// The list if it is one.
    pub fn list(&self) -> Option<&List> {
        if let Value::List(list) = &self.value {
            Some(list)
        } else {
            None
        }
    }

    /// The table if it is one.
    pub fn table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value {
            Some(table)
        } else {
            None
        }
    }

    /// The elements of a list; any other node as a list of itself.
    pub fn one_or_many(&self) -> &[Node] {
        match &self.value {
            Value::List(list) => &list.items,
            Value::Text(_) | Value::Integer(_) | Value::Flag(_) | Value::Table(_) => std::slice::from_ref(self),
        }
    }
}

impl List {
    /// All texts among its elements.
    pub fn texts(&self) -> Vec<String> {
        self.items.iter().filter_map(|node| node.text().map(str::to_owned)).collect()
    }
}

impl Table {
    /// The entry of this key, which may be a default.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of this key.
    pub fn node(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The value of this key if it is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.node(key)?.text()
    }

    /// Like [`Table::text`], owned.
    pub fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// The value of this key if it is a boolean.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.node(key)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// The value of this key if it is an integer.
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.node(key)?.value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The value of this key if it is a list of texts.
    pub fn texts(&self, key: &str) -> Option<Vec<String>> {
        Some(self.node(key)?.list()?.texts())
    }

    /// The value of this key if it is a table.
    pub fn table(&self, key: &str) -> Option<&Table> {
        self.node(key)?.table()
    }

    /// The tables in the list of this key; empty if it is absent.
    pub fn tables<'a>(&'a self, key: &str) -> impl Iterator<Item = (&'a Node, &'a Table)> {
        self.node(key).into_iter().flat_map(Node::one_or_many).filter_map(|node| Some((node, node.table()?)))
    }
}
