//! What the output says, and its comparison with the executable's own list of tests.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::evidence::{Counts, TestFailure};

/// The parsed output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Tests by result.
    pub counts: Counts,
    /// Whether each `running N tests` has its `test result:`, and there is one at all. If not, the process died or is no
    /// libtest executable, and `counts` holds what was seen until then. Of documentation tests also whether the lines of
    /// each run add up to its result.
    pub complete: bool,
    /// The first number of tests that was announced.
    pub announced: Option<u64>,
    /// Tests that failed, at most a hundred, each with at most 4 KiB of its output.
    pub failures: Vec<TestFailure>,
    /// Tests known to be running when the output ended: with `--test-threads=1` the one that was started, else those
    /// that libtest reported as slow. Empty when `complete`.
    pub running: Vec<String>,
    /// Tests of which [`Report::against`] found no result, if there are several that may have been running.
    pub unfinished: Vec<String>,
    /// The results of single tests.
    pub(super) seen: Seen,
}

/// The results of single tests, by the hash of a name, so that their size does not depend on names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    tests: HashMap<u64, Lines>,
    /// How many results of the whole were accepted so far.
    results: u32,
}

/// The lines of one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lines {
    result: TestResult,
    /// Others said something else.
    is_disputed: bool,
    /// One of them said that it failed.
    has_failed: bool,
    /// How many results of the whole were accepted before the first of them.
    after: u32,
}

/// The most results kept.
const MAX_SEEN: usize = 1 << 17;

/// The most tests named in a sentence.
const MOST_NAMED: usize = 3;

fn name_hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

impl Seen {
    /// A test's line.
    pub(super) fn add(&mut self, name: &str, result: TestResult) {
        if let Some(lines) = self.tests.get_mut(&name_hash(name)) {
            lines.is_disputed |= lines.result != result;
            lines.has_failed |= result == TestResult::Failed;
            lines.result = result;
        } else if self.tests.len() < MAX_SEEN {
            let has_failed = result == TestResult::Failed;
            let new = Lines { result, is_disputed: false, has_failed, after: self.results };
            self.tests.insert(name_hash(name), new);
        }
    }

    /// A test's line among output; it disputes nothing.
    pub(super) fn also(&mut self, name: &str, result: TestResult) {
        if !self.tests.contains_key(&name_hash(name)) {
            self.add(name, result);
        }
    }

    /// A result of the whole was accepted.
    pub(super) fn result(&mut self) {
        self.results = self.results.saturating_add(1);
    }

    fn of(&self, name: &str) -> Option<TestResult> {
        self.tests.get(&name_hash(name)).map(|lines| lines.result)
    }
}

impl Report {
    /// Corrects an output that ended before its result by the executable's own list of tests, in the order in which they
    /// start; `serial` if one at a time. What is in no list was printed by a test, and a test without a result was
    /// running if nothing else can have been.
    pub fn against(&mut self, listed: &[String], serial: bool) {
        if self.complete {
            return;
        }
        let count = |wanted: TestResult| {
            let found = listed.iter().filter(|name| self.seen.of(name) == Some(wanted)).count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        self.counts = Counts { passed: count(TestResult::Passed), failed: count(TestResult::Failed), ..self.counts };
        let mut unfinished: Vec<String> = listed.iter().filter(|name| self.seen.of(name).is_none()).cloned().collect();
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

    /// Why a whole output without failures cannot be believed: a result line is not libtest's own unless there is a line
    /// for each test that was announced. `listed` is the executable's own list of all its tests under the same arguments,
    /// ignored ones and benchmarks among them; `None` if it cannot be had.
    pub fn doubt(&self, listed: Option<&[String]>) -> Option<String> {
        let announced = usize::try_from(self.announced.unwrap_or_default()).unwrap_or(usize::MAX);
        if announced > MAX_SEEN {
            return None;
        }
        let Some(listed) = listed else { return self.doubt_without_list(announced) };
        if listed.len() != announced {
            return Some(format!("its output announces {announced} tests, but it lists {}", listed.len()));
        }
        let before_the_end =
            |name: &&String| self.seen.tests.get(&name_hash(name)).is_some_and(|lines| lines.after < self.seen.results);
        let missing: Vec<&str> = listed.iter().filter(|name| !before_the_end(name)).map(String::as_str).collect();
        if !missing.is_empty() {
            return Some(format!(
                "its output has the line of a result, but none for {}; a test printed that line, or ended the process",
                named(&missing)
            ));
        }
        // A test that starts its own executable again may run one that is ignored here; that hides no failure.
        let disputed = |name: &&String| {
            self.seen.tests.get(&name_hash(name)).is_some_and(|lines| lines.is_disputed && lines.has_failed)
        };
        let disputed: Vec<&str> = listed.iter().filter(disputed).map(String::as_str).collect();
        if !disputed.is_empty() {
            return Some(format!("its output has several results for {}; a test prints such lines", named(&disputed)));
        }
        let distinct: BTreeSet<&String> = listed.iter().collect();
        let undisputed = |name: &String| {
            self.seen.tests.get(&name_hash(name)).filter(|lines| !lines.is_disputed).map(|lines| lines.result)
        };
        self.odd_sum(distinct.into_iter().filter_map(undisputed), listed.len())
    }

    fn doubt_without_list(&self, announced: usize) -> Option<String> {
        let lines: Vec<&Lines> = self.seen.tests.values().filter(|lines| lines.after < self.seen.results).collect();
        if lines.len() < announced {
            return Some(format!("its output announces {announced} tests, and has the lines of {}", lines.len()));
        }
        let exact = lines.len() == announced && !lines.iter().any(|lines| lines.is_disputed && !lines.has_failed);
        exact.then(|| self.odd_sum(lines.iter().map(|lines| lines.result), announced)).flatten()
    }

    /// How these results differ from the counts.
    fn odd_sum(&self, results: impl Iterator<Item = TestResult>, all: usize) -> Option<String> {
        let (mut passed, mut ignored, mut known) = (0, 0, 0);
        for result in results {
            known += 1;
            passed += u32::from(matches!(result, TestResult::Passed | TestResult::Compiled));
            ignored += u32::from(result == TestResult::Ignored);
        }
        let Counts { passed: said, ignored: said_ignored, .. } = self.counts;
        // Two tests of one name have one entry.
        let differs = known == all && (passed, ignored) != (said, said_ignored);
        differs.then(|| {
            format!(
                "its result says {said} passed and {said_ignored} ignored, but its lines are of {passed} and {ignored}; \
                 a test prints such lines"
            )
        })
    }
}

/// The first of these names, and how many more there are.
fn named(names: &[&str]) -> String {
    let first = names.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestResult {
    Passed,
    Failed,
    Ignored,
    /// A documentation test that was compiled as expected, and not run.
    Compiled,
}

impl TestResult {
    /// The result of a test that is only compiled, if it is one.
    pub(super) fn of(self, only_compiled: bool) -> Self {
        match self {
            TestResult::Passed if only_compiled => TestResult::Compiled,
            other => other,
        }
    }
}
