//! What a suite of kind `leak` looks for, and how.

use std::collections::BTreeSet;

use shaped_toml::Table;

use crate::finding::FindingKind;
use crate::tool::Tool;

/// What a suite of kind `leak` looks for, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakSettings {
    /// The tool.
    pub tool: Tool,
    /// Kinds of findings that fail the suite. Default: those of which [`FindingKind::fails_by_default`] holds.
    pub errors_for: BTreeSet<FindingKind>,
    /// What one process runs.
    pub each: Each,
    /// How often `resources` calls each test in one process to see whether memory grows; 0 does not look.
    pub repeat: u32,
    /// How many seeds Miri tries for each test.
    pub seeds: u32,
    /// Further options of the tool, as they stand: valgrind's arguments, MIRIFLAGS, `ASAN_OPTIONS`.
    pub flags: Vec<String>,
}

/// What one process under a tool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Each {
    /// What is fastest for the tool: large executables in a few parts side by side, tests alone where the tool can say
    /// nothing of a test otherwise.
    #[default]
    Auto,
    /// A whole test executable; tests alone only to attribute what it found.
    Executable,
    /// One test.
    Test,
}

impl LeakSettings {
    /// The settings in the table of a suite.
    pub fn of(suite: &Table) -> Self {
        let kinds = suite.texts("errors-for");
        let kinds = kinds.map(|words| words.iter().filter_map(|word| FindingKind::from_word(word)).collect());
        let defaults = || FindingKind::ALL.iter().copied().filter(|kind| kind.fails_by_default()).collect();
        let number = |key: &str| suite.integer(key).and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Self {
            // A tool that is missing or misspelled has been reported.
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
