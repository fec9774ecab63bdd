//! `[sqlite]`.

use shaped_toml::{Key, Later, Shape, Table, TableShape};

use super::format::Format;

/// `[sqlite]`: how SQLite is built and linked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqliteSettings {
    /// The packages' own feature that compiles SQLite in. Default: found from the dependency graph.
    pub bundled_feature: Option<String>,
    /// Compile-time options of exact versions (`SQLITE_ENABLE_FTS5`, `NAME=VALUE`). Default: those of the bundled build.
    pub compile_options: Option<Vec<String>>,
}

pub(super) static SQLITE: TableShape = TableShape {
    title: "`[sqlite]`",
    keys: &[
        Key::optional(
            "bundled-feature",
            "The packages' own feature that compiles SQLite in. Default: found from the dependency graph.",
            Shape::Text(&Format::FeatureName),
        ),
        Key::optional(
            "compile-options",
            "Compile-time options of exact versions, `NAME` or `NAME=VALUE`. Default: those of the bundled build.",
            Shape::List { item: &Shape::Text(&Format::CompileOption), min: 0, unique: true },
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

/// Lowers `[sqlite]`.
pub(super) fn sqlite(root: &Table) -> SqliteSettings {
    let table = root.table("sqlite");
    SqliteSettings {
        bundled_feature: table.and_then(|table| table.owned("bundled-feature")),
        compile_options: table.and_then(|table| table.texts("compile-options")),
    }
}
