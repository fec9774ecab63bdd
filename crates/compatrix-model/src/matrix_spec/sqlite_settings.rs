//! `[sqlite]`.

use shaped_toml::{Key, Later, Need, Shape, Table, TableShape, Words};

use super::format::Format;
use super::sqlite_options::OptionSet;

/// `[sqlite]`: how SQLite is built and linked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqliteSettings {
    /// The packages' own feature that compiles SQLite in. Default: found from the dependency graph.
    pub bundled_feature: Option<String>,
    /// The options that exact versions start from.
    pub options: OptionSet,
    /// More of them (`SQLITE_ENABLE_FTS5`, `NAME=VALUE`).
    pub compile_options: Vec<String>,
}

impl SqliteSettings {
    /// All that an exact version is compiled with: `NAME` or `NAME=VALUE`, without `-D`.
    pub fn compiled_with(&self) -> Vec<String> {
        self.options.with(&self.compile_options)
    }
}

pub(super) static SQLITE: TableShape = TableShape {
    title: "`[sqlite]`",
    keys: &[
        Key::optional(
            "bundled-feature",
            "The packages' own feature that compiles SQLite in. Default: found from the dependency graph.",
            Shape::Text(&Format::FeatureName),
        ),
        Key::default(
            "options",
            "What exact versions are compiled with.",
            Shape::Text(&OPTION_SETS),
            Need::Text("distribution"),
        ),
        Key::optional(
            "compile-options",
            "More compile-time options of exact versions, `NAME` or `NAME=VALUE`. One that `options` has too gets this value.",
            Shape::List { item: &Shape::Text(&Format::CompileOption), min: 0, unique: true },
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static OPTION_SETS: Words = Words { what: "set of options", known: OptionSet::WORDS, later: Later::NONE };

/// Lowers `[sqlite]`.
pub(super) fn sqlite(root: &Table) -> SqliteSettings {
    let table = root.table("sqlite");
    SqliteSettings {
        bundled_feature: table.and_then(|table| table.owned("bundled-feature")),
        options: table.and_then(|table| OptionSet::of(table.text("options")?)).unwrap_or_default(),
        compile_options: table.and_then(|table| table.texts("compile-options")).unwrap_or_default(),
    }
}
