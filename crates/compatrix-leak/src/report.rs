//! What a suite of kind `leak` came to in one cell.

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::outcome::Outcome;
use super::tool::Tool;

/// What a tool found in one cell, and what proves that it looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeakReport {
    /// The tool.
    pub tool: Tool,
    /// What it says it is: `valgrind-3.19.0`, or the compiler that has it built in.
    pub version: String,
    /// What the canaries showed.
    pub canary: Canary,
    /// What the tests themselves came to under the tool, findings left aside.
    pub outcome: Outcome,
    /// Why, in one line; empty for a plain pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// How many tests ran under the tool to an end of their own.
    pub ran: u32,
    /// Tests that the tool could not run, by reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_runnable: Vec<NotRunnable>,
    /// What it found, suppressed and accepted findings among them; sorted by executable, test, kind and fingerprint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What is worth a word but no finding: a kind of finding that could not be looked for, a second pass …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl LeakReport {
    /// How many tests could not be run.
    pub fn not_run(&self) -> usize {
        self.not_runnable.iter().map(|group| group.tests.len()).sum()
    }

    /// The findings that fail the suite.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.standing.is_error())
    }
}

/// Tests that a tool could not run, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRunnable {
    /// Why, in the tool's own words as far as they are the same for all: `calls the foreign function
    /// sqlite3_open_v2`.
    pub reason: String,
    /// The tests, `executable::test`, sorted.
    pub tests: Vec<String>,
}

/// What the canaries showed: a test that leaks on purpose and one that does not, built and run as the tests are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Canary {
    /// The leak was found and the clean one was clean.
    Proven {
        /// What was found of the leak, in one line.
        found: String,
    },
    /// The tool's results do not count.
    NotProven {
        /// Why, and what to do about it.
        why: String,
    },
}

impl Canary {
    /// Whether the tool's results count.
    pub fn is_proven(&self) -> bool {
        matches!(self, Canary::Proven { .. })
    }
}
