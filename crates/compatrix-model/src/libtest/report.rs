//! What the output says, and its correction by the executable's own list of tests.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::evidence::{Counts, TestFailure};

/// The parsed output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Tests by result.
    pub counts: Counts,
    /// Whether each `running N tests` has its `test result:`, and there is one at all. If not, the process died or is no
    /// libtest executable, and `counts` holds what was seen until then.
    pub complete: bool,
    /// Tests that failed, at most a hundred, each with at most 4 KiB of its output.
    pub failures: Vec<TestFailure>,
    /// Tests known to be running when the output ended: with `--test-threads=1` the one that was started, else those
    /// that libtest reported as slow. Empty when `complete`.
    pub running: Vec<String>,
    /// Tests of which [`Report::against`] found no result, if there are several that may have been running.
    pub unfinished: Vec<String>,
    /// The results seen, each by the hash of its name; only of an executable that is not `complete`.
    pub(super) seen: Seen,
}

/// Results by the hash of a test's name, so that their size does not depend on names.
pub(super) type Seen = HashMap<u64, TestResult>;

/// The most results kept.
pub(super) const MAX_SEEN: usize = 1 << 17;

pub(super) fn name_hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

impl Report {
    /// Corrects an output that ended before its result by the executable's own list of tests, in the order in which they
    /// start; `serial` if one at a time. What is in no list was printed by a test, and a test without a result was
    /// running if nothing else can have been.
    pub fn against(&mut self, listed: &[String], serial: bool) {
        if self.complete {
            return;
        }
        let result_of = |name: &String| self.seen.get(&name_hash(name));
        let count = |wanted: TestResult| {
            let found = listed.iter().filter(|name| result_of(name) == Some(&wanted)).count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        self.counts = Counts { passed: count(TestResult::Passed), failed: count(TestResult::Failed), ..self.counts };
        let mut unfinished: Vec<String> = listed.iter().filter(|name| result_of(name).is_none()).cloned().collect();
        if serial {
            unfinished.truncate(1);
        }
        self.failures.retain(|failure| listed.contains(&failure.test));
        self.running.retain(|test| unfinished.contains(test));
        match unfinished.as_slice() {
            [_one] => self.running = unfinished,
            _ if self.running.is_empty() => self.unfinished = unfinished,
            _ => {}
        }
    }
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestResult {
    Passed,
    Failed,
    Ignored,
}
