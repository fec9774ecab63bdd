//! The format of a document as data: used to check it, and to generate its JSON Schema and reference page.
//!
//! A shape has no semantics: references between names are checked when the tree is lowered.

use crate::format::{Later, TextFormat};

/// The values allowed in one place. Alternatives of a [`Shape::OneOf`] must differ in their TOML type.
#[derive(Debug)]
pub enum Shape {
    /// A string of this format.
    Text(&'static dyn TextFormat),
    /// An integer in a range.
    Integer {
        /// Smallest value allowed.
        min: i64,
        /// Largest value allowed.
        max: i64,
    },
    /// `true` or `false`.
    Flag,
    /// An array.
    List {
        /// The shape of each element.
        item: &'static Shape,
        /// The least number of elements.
        min: usize,
        /// Whether duplicate strings are an error.
        unique: bool,
    },
    /// A table of this shape.
    Table(&'static TableShape),
    /// One of these, selected by TOML type.
    OneOf(&'static [Shape]),
}

/// The shape of a table: fixed keys, and optionally keys that the user names.
#[derive(Debug)]
pub struct TableShape {
    /// The name in messages and on the reference page: "`[project]`".
    pub title: &'static str,
    /// The fixed keys.
    pub keys: &'static [Key],
    /// Keys reserved for later versions.
    pub later: Later,
    /// Keys that the user names; `None` if there are none.
    pub rest: Option<Rest>,
    /// The least number of keys.
    pub min: usize,
}

/// The shape of user-named keys.
#[derive(Debug)]
pub struct Rest {
    /// What such a key names, with article: "an axis of your own".
    pub what: &'static str,
    /// The format of the key.
    pub name: &'static dyn TextFormat,
    /// The meaning of the value, for editors and the reference page.
    pub doc: &'static str,
    /// The shape of the value.
    pub shape: &'static Shape,
}

/// A fixed key.
#[derive(Debug)]
pub struct Key {
    /// The key as spelled in the file.
    pub name: &'static str,
    /// The meaning, for editors and the reference page: one or two sentences.
    pub doc: &'static str,
    /// The shape of the value.
    pub shape: Shape,
    /// Whether it is required, or its default.
    pub need: Need,
}

/// Whether a key is required, or its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The key is required.
    Required,
    /// The key is optional; its documentation says what absence means.
    Optional,
    /// The key is required if another key of the table has this text.
    RequiredIf {
        /// The other key's name.
        key: &'static str,
        /// The other key's text.
        is: &'static str,
    },
    /// The default is this text.
    Text(&'static str),
    /// The default is the list of these texts.
    Texts(&'static [&'static str]),
    /// The default is this number.
    Integer(i64),
    /// The default is this boolean.
    Flag(bool),
}

impl Key {
    /// A key whose absence is an error.
    pub const fn required(name: &'static str, doc: &'static str, shape: Shape) -> Self {
        Self { name, doc, shape, need: Need::Required }
    }

    /// An optional key without a default.
    pub const fn optional(name: &'static str, doc: &'static str, shape: Shape) -> Self {
        Self { name, doc, shape, need: Need::Optional }
    }

    /// A key with a default.
    pub const fn default(name: &'static str, doc: &'static str, shape: Shape, need: Need) -> Self {
        Self { name, doc, shape, need }
    }
}

impl TableShape {
    /// The fixed key with this name.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl Shape {
    /// The shape in words, with article: "a string or a list of strings".
    pub fn describe(&self) -> String {
        match self {
            Shape::Text(_) => "a string".to_owned(),
            Shape::Integer { min, max } if min == max => format!("`{min}`"),
            Shape::Integer { min, max } => format!("an integer from {min} to {max}"),
            Shape::Flag => "`true` or `false`".to_owned(),
            Shape::List { item: Shape::Text(_), .. } => "a list of strings".to_owned(),
            Shape::List { item: Shape::Table(_), .. } => "a list of tables".to_owned(),
            Shape::List { .. } => "a list".to_owned(),
            Shape::Table(table) => match table.keys {
                [] => "a table".to_owned(),
                keys => {
                    let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
                    format!("a table of {}", names.join(", "))
                }
            },
            Shape::OneOf(shapes) => shapes.iter().map(Shape::describe).collect::<Vec<_>>().join(" or "),
        }
    }
}
