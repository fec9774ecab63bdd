//! How a document may look, as data: walked to check it, to make its JSON Schema, and to make its reference page.
//!
//! A shape knows nothing of meaning: names that refer to each other are checked when the tree is lowered.

use crate::format::{Later, TextFormat};

/// What may stand in one place. Alternatives of a [`Shape::OneOf`] differ in their TOML type.
#[derive(Debug)]
pub enum Shape {
    /// A string of this format.
    Text(&'static dyn TextFormat),
    /// An integer between these two.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// `true` or `false`.
    Flag,
    /// A list.
    List {
        /// What each element looks like.
        item: &'static Shape,
        /// How many elements there are at least.
        min: usize,
        /// Whether no text may stand twice.
        unique: bool,
    },
    /// A table.
    Table(&'static TableShape),
    /// One of these, told apart by their TOML type.
    OneOf(&'static [Shape]),
}

/// A table: keys of fixed meaning, and perhaps keys that the user names.
#[derive(Debug)]
pub struct TableShape {
    /// Its name in messages and on the reference page: "`[project]`".
    pub title: &'static str,
    /// Keys of fixed meaning.
    pub keys: &'static [Key],
    /// Keys of later versions.
    pub later: Later,
    /// Keys that the user names.
    pub rest: Option<Rest>,
    /// How many keys there are at least.
    pub min: usize,
}

/// Keys that the user names.
#[derive(Debug)]
pub struct Rest {
    /// What such a key names, with its article: "an axis of your own".
    pub what: &'static str,
    /// How the key is spelled.
    pub name: &'static dyn TextFormat,
    /// What the value means.
    pub doc: &'static str,
    /// What the value looks like.
    pub shape: &'static Shape,
}

/// A key of fixed meaning.
#[derive(Debug)]
pub struct Key {
    /// Its spelling.
    pub name: &'static str,
    /// What it means, for editors and the reference page: one or two sentences.
    pub doc: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether it must be there.
    pub need: Need,
}

/// Whether a key must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It need not, and its absence means something of its own, which its doc tells.
    Optional,
    /// It must where another key of the table has this text.
    RequiredIf {
        /// The other key.
        key: &'static str,
        /// Its text.
        is: &'static str,
    },
    /// Its absence means this text.
    Text(&'static str),
    /// Its absence means the list of these texts.
    Texts(&'static [&'static str]),
    /// Its absence means this number.
    Integer(i64),
    /// Its absence means this.
    Flag(bool),
}

impl Key {
    /// A key that must be there.
    pub const fn required(name: &'static str, doc: &'static str, shape: Shape) -> Self {
        Self { name, doc, shape, need: Need::Required }
    }

    /// A key that need not be there.
    pub const fn optional(name: &'static str, doc: &'static str, shape: Shape) -> Self {
        Self { name, doc, shape, need: Need::Optional }
    }

    /// A key with a default.
    pub const fn default(name: &'static str, doc: &'static str, shape: Shape, need: Need) -> Self {
        Self { name, doc, shape, need }
    }
}

impl TableShape {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl Shape {
    /// The shape in words, with its article: "a string or a list of strings".
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
