//! The settings of a suite of kind `leak`.

use std::collections::BTreeSet;

use shaped_toml::Table;

use crate::finding::FindingKind;
use crate::tool::Tool;

/// Which findings a suite of kind `leak` checks for, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakSettings {
    /// The tool to run tests under.
    pub tool: Tool,
    /// Kinds of findings that fail the suite. Default: all with [`FindingKind::fails_by_default`].
    pub errors_for: BTreeSet<FindingKind>,
    /// How tests are distributed over processes.
    pub each: Each,
    /// How often `resources` calls each test in one process to detect growing memory; 0 disables this.
    pub repeat: u32,
    /// The number of seeds that Miri tries per test.
    pub seeds: u32,
    /// Further options, passed verbatim: valgrind's arguments, MIRIFLAGS, `ASAN_OPTIONS`.
    pub flags: Vec<String>,
}

/// How tests are distributed over processes under a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Each {
    /// The fastest way for the tool: large executables in a few parallel parts, or single tests if the tool cannot attribute
    /// findings otherwise.
    #[default]
    Auto,
    /// A whole test executable; single tests only to attribute findings.
    Executable,
    /// One test per process.
    Test,
}

impl LeakSettings {
    /// Lowers the settings from the table of a suite.
    pub fn of(suite: &Table) -> Self {
        let kinds = suite.texts("errors-for");
        let kinds = kinds.map(|words| words.iter().filter_map(|word| FindingKind::from_word(word)).collect());
        let defaults = || FindingKind::ALL.iter().copied().filter(|kind| kind.fails_by_default()).collect();
        let number = |key: &str| suite.integer(key).and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Self {
            // A missing or misspelt tool has already been reported.
            tool: suite.text("tool").and_then(Tool::from_word).unwrap_or(Tool::Valgrind),
            errors_for: kinds.unwrap_or_else(defaults),
            each: match suite.text("each") {
                Some("executable") => Each::Executable,
                Some("test") => Each::Test,
                _ => Each::Auto,
            },
            repeat: number("repeat"),
            seeds: number("seeds").max(1),
            flags: suite.texts("flags").unwrap_or_default(),
        }
    }
}
