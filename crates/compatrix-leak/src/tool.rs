//! The tools that check for leaks and memory errors.

use serde::{Deserialize, Serialize};

/// A tool that a suite of kind `leak` runs tests under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// valgrind's memcheck on unchanged executables.
    Valgrind,
    /// AddressSanitizer with its LeakSanitizer; executables built by a nightly with `-Zsanitizer=address`.
    Asan,
    /// LeakSanitizer alone; executables built by a nightly with `-Zsanitizer=leak`.
    Lsan,
    /// The interpreter Miri, a component of nightlies.
    Miri,
    /// Checks what a test leaves behind: files, descriptors, processes, threads, memory that grows from call to call.
    Resources,
}

impl Tool {
    /// All tools, in declaration order.
    pub const ALL: [Tool; 5] = [Tool::Valgrind, Tool::Asan, Tool::Lsan, Tool::Miri, Tool::Resources];

    /// The word in specs, on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Tool::Valgrind => "valgrind",
            Tool::Asan => "asan",
            Tool::Lsan => "lsan",
            Tool::Miri => "miri",
            Tool::Resources => "resources",
        }
    }

    /// Inverse of [`Tool::as_str`].
    pub fn from_word(word: &str) -> Option<Tool> {
        Self::ALL.into_iter().find(|tool| tool.as_str() == word)
    }

    /// The name in headings.
    pub fn title(self) -> &'static str {
        match self {
            Tool::Valgrind => "valgrind memcheck",
            Tool::Asan => "AddressSanitizer",
            Tool::Lsan => "LeakSanitizer",
            Tool::Miri => "Miri",
            Tool::Resources => "resources left behind",
        }
    }
}

impl std::fmt::Display for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
