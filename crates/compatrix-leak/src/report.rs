//! The report of a suite of kind `leak` in one cell.

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::outcome::Outcome;
use super::tool::Tool;

/// A tool's findings in one cell, and the proof that it worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeakReport {
    /// The tool of the suite.
    pub tool: Tool,
    /// Its version: `valgrind-3.19.0`, or that of the compiler that includes it.
    pub version: String,
    /// The result of the canaries.
    pub canary: Canary,
    /// The tests' outcome under the tool, regardless of findings.
    pub outcome: Outcome,
    /// The reason in one line; empty for a plain pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// The number of tests that ran to completion under the tool.
    pub ran: u32,
    /// Tests that the tool could not run, by reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_runnable: Vec<NotRunnable>,
    /// Why the tool's silence proves nothing about an executable, each in one line: its allocator hides its blocks, the
    /// tool was switched off in it …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_proven: Vec<String>,
    /// What the tool itself suppressed, by settings that are not Compatrix's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressed: Vec<ToolSuppression>,
    /// All findings, including suppressed and accepted ones, sorted by executable, test, kind and fingerprint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Remarks that are not findings: a kind that could not be checked, a second pass …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl LeakReport {
    /// Whether the tool's silence counts: it works, and it sees what all of these executables allocate.
    pub fn is_proven(&self) -> bool {
        self.canary.is_proven() && self.not_proven.is_empty()
    }

    /// The number of tests that the tool could not run.
    pub fn not_run(&self) -> usize {
        self.not_runnable.iter().map(|group| group.tests.len()).sum()
    }

    /// The findings that fail the suite.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.standing.is_error())
    }
}

/// A suppression of the tool's own that hid something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToolSuppression {
    /// Its name or pattern.
    pub name: String,
    /// Where it comes from: `hide.supp`, named in the suite's `flags`.
    pub from: String,
    /// The number of findings that it hid.
    pub findings: u64,
    /// Their bytes, if the tool counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// Tests that a tool could not run for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRunnable {
    /// The reason in the tool's words, without test-specific parts: `calls the foreign function sqlite3_open_v2`.
    pub reason: String,
    /// The tests, `executable::test`, sorted.
    pub tests: Vec<String>,
}

/// The result of the canaries: a test that leaks on purpose and a clean one, built and run like the tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Canary {
    /// The leak was found, and the clean test was clean.
    Proven {
        /// The finding in the leaking canary, in one line.
        found: String,
    },
    /// The tool's results do not count.
    NotProven {
        /// The reason, with advice.
        why: String,
    },
}

impl Canary {
    /// Whether the tool's results count.
    pub fn is_proven(&self) -> bool {
        matches!(self, Canary::Proven { .. })
    }
}
