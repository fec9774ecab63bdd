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

    /// The options in these LIBSQLITE3_FLAGS, which reach the bundled SQLite only, that exact versions are compiled
    /// without. Its words are `-DNAME`, `-DNAME=VALUE`, `-UNAME` and `SQLITE_NAME` (`build.rs` of libsqlite3-sys 0.30.1).
    pub fn lacks(&self, flags: &str) -> Vec<String> {
        let exact = self.compiled_with();
        // `-DX` is `-DX=1` to the compiler.
        let plain = |option: &str| option.strip_suffix("=1").unwrap_or(option).to_owned();
        let defined = flags.split_whitespace().filter(|word| !word.starts_with("-U"));
        let defined = defined.map(|word| word.strip_prefix("-D").unwrap_or(word));
        defined.filter(|option| !exact.iter().any(|own| plain(own) == plain(option))).map(str::to_owned).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_bundled_one_is_compiled_with() {
        let settings = |options, added: &[&str]| SqliteSettings {
            options,
            compile_options: added.iter().map(|s| (*s).to_owned()).collect(),
            bundled_feature: None,
        };
        let flags = "-DSQLITE_ENABLE_MATH_FUNCTIONS -USQLITE_SOUNDEX SQLITE_MAX_EXPR_DEPTH=7 -DSQLITE_USE_URI=1";
        assert_eq!(settings(OptionSet::Distribution, &[]).lacks(flags), ["SQLITE_MAX_EXPR_DEPTH=7"]);
        assert_eq!(settings(OptionSet::Distribution, &["SQLITE_MAX_EXPR_DEPTH=7"]).lacks(flags), [] as [&str; 0]);
        let all = ["SQLITE_ENABLE_MATH_FUNCTIONS", "SQLITE_MAX_EXPR_DEPTH=7", "SQLITE_USE_URI=1"];
        assert_eq!(settings(OptionSet::None, &[]).lacks(flags), all);
    }
}
