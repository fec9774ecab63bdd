//! The document as a tree that has the right shape: what the shape check leaves, with the place of every part.

use std::ops::Range;

/// A part of the document.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// Its value.
    pub value: Value,
}

/// What a part is.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string of the format that the shape asks for, or a date.
    Text(String),
    /// An integer in range.
    Integer(i64),
    /// A boolean.
    Flag(bool),
    /// A list.
    List(List),
    /// A table.
    Table(Table),
}

/// A list without its bad elements.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Its good elements, in order.
    pub items: Vec<Node>,
    /// Texts of the elements left out, so that names which refer to them do not give a second error.
    pub rejected: Vec<String>,
}

/// A table without its bad entries, in the order of the document.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The good entries: those of the document in its order, then defaults, whose bytes are those of the table.
    pub entries: Vec<Entry>,
    /// Keys of the entries left out.
    pub rejected: Vec<String>,
}

/// An entry of a table.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The bytes of the key.
    pub key_span: Range<usize>,
    /// What it is set to.
    pub node: Node,
}

impl Node {
    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value {
            Some(text)
        } else {
            None
        }
    }

    /// The list, where it is one.
    pub fn list(&self) -> Option<&List> {
        if let Value::List(list) = &self.value {
            Some(list)
        } else {
            None
        }
    }

    /// The table, where it is one.
    pub fn table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value {
            Some(table)
        } else {
            None
        }
    }

    /// The part itself, or its elements if it is a list.
    pub fn one_or_many(&self) -> &[Node] {
        match &self.value {
            Value::List(list) => &list.items,
            Value::Text(_) | Value::Integer(_) | Value::Flag(_) | Value::Table(_) => std::slice::from_ref(self),
        }
    }
}

impl List {
    /// Its texts; other elements are left out.
    pub fn texts(&self) -> Vec<String> {
        self.items.iter().filter_map(|node| node.text().map(str::to_owned)).collect()
    }
}

impl Table {
    /// The entry of this key, a default too.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// What this key is set to.
    pub fn node(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The text of this key, where it is one.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.node(key)?.text()
    }

    /// The text of this key, owned.
    pub fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// The boolean of this key.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.node(key)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// The integer of this key.
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.node(key)?.value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The texts of the list of this key.
    pub fn texts(&self, key: &str) -> Option<Vec<String>> {
        Some(self.node(key)?.list()?.texts())
    }

    /// The table of this key.
    pub fn table(&self, key: &str) -> Option<&Table> {
        self.node(key)?.table()
    }

    /// The tables of the list under this key; none if it is absent.
    pub fn tables<'a>(&'a self, key: &str) -> impl Iterator<Item = (&'a Node, &'a Table)> {
        self.node(key).into_iter().flat_map(Node::one_or_many).filter_map(|node| Some((node, node.table()?)))
    }
}
