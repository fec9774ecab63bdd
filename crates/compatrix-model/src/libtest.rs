//! Parses the output of a test executable in libtest's human format, the only one that every toolchain has.
//!
//! The stream may be cut anywhere, hold a gigabyte, invalid UTF-8 or no line break at all: memory stays bounded and
//! nothing here fails. `test result:` lines are the truth of the counts, compared with the number that `running N tests`
//! announced, so that output of the tests themselves (libtest's own output among it) is not taken for a result. The
//! single `test … ok` lines count where the process died before its result; elsewhere [`Report::doubt`] compares them
//! with the result.
//!
//! Never decides an outcome: zero failures from a crashed process are not a pass.

mod report;
#[cfg(test)]
mod tests;
mod text;

use crate::evidence::{Counts, TestFailure};
use crate::lines::{Excerpt, Lines};
use report::{Seen, TestResult};
use text::{glued, leading, parse_heading, parse_result, parse_running, parse_test, parse_word, TestLine};

pub use report::Report;
pub use text::{listed_benchmarks, parse_list};

/// The most failing tests kept with name and output.
const MAX_FAILURES: usize = 100;

/// What is printing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// One test executable: one `running N tests`, one result.
    Executable,
    /// `cargo test --doc`: one result for each package, or more; they are added up.
    Doctests,
}

/// Reads the output as it comes.
#[derive(Debug)]
pub struct Parser {
    lines: Lines,
    state: OutputState,
}

impl Parser {
    /// `executable` is its name for each [`TestFailure`].
    pub fn new(executable: impl Into<String>, source: Source) -> Self {
        Self { lines: Lines::default(), state: OutputState::new(executable.into(), source) }
    }

    /// Takes bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        let state = &mut self.state;
        self.lines.feed(bytes, |line| state.line(&line));
    }

    /// Finishes at the end of the stream.
    pub fn finish(self) -> Report {
        let Parser { lines, mut state } = self;
        if let Some(line) = lines.finish() {
            state.line(&line);
        }
        state.finish()
    }
}

/// Reads a whole output.
pub fn parse(executable: &str, source: Source, output: &[u8]) -> Report {
    let mut parser = Parser::new(executable, source);
    parser.feed(output);
    parser.finish()
}

/// A test without a result yet; the end of its output may be one.
#[derive(Debug)]
struct Open {
    name: String,
    guess: Option<TestResult>,
    only_compiled: bool,
}

/// The output of one test, between `---- name stdout ----` and the next heading.
#[derive(Debug)]
struct Section {
    /// The failing test that it belongs to; none under `successes:`.
    test: Option<String>,
    excerpt: Excerpt,
}

#[derive(Debug)]
struct OutputState {
    executable: String,
    source: Source,
    /// Results accepted, added up; for an executable the last one.
    counts: Counts,
    results: usize,
    /// The announced number of tests of the current run, and the results so far.
    expected: Option<u64>,
    tally: Counts,
    /// The first number announced.
    announced: Option<u64>,
    /// A run before the one under way ended without a result, or with one that its lines do not add up to.
    died: bool,
    open: Option<Open>,
    slow: Vec<String>,
    failures: Vec<TestFailure>,
    /// More than [`MAX_FAILURES`] failed.
    overflow: bool,
    /// Under `failures:`, outside a section: names listed at the end, believed once the result comes.
    listed: Option<Vec<String>>,
    confirmed: Vec<String>,
    section: Option<Section>,
    seen: Seen,
}

impl OutputState {
    fn new(executable: String, source: Source) -> Self {
        Self {
            executable,
            source,
            counts: Counts::default(),
            results: 0,
            expected: None,
            tally: Counts::default(),
            announced: None,
            died: false,
            open: None,
            slow: Vec::new(),
            failures: Vec::new(),
            overflow: false,
            listed: None,
            confirmed: Vec::new(),
            section: None,
            seen: Seen::default(),
        }
    }

    fn line(&mut self, line: &str) {
        if let Some((counts, total)) = parse_result(line) {
            if self.accept(counts, total) {
                return;
            }
        }
        if self.section.is_some() {
            // A test may print what looks like the beginning of a section.
            if let Some(TestLine { name, rest, .. }) = parse_test(line) {
                parse_word(rest).into_iter().for_each(|result| self.seen.also(name, result));
            }
            return self.section_line(line);
        }
        // On one thread a test has begun, and its result is still to come: this is its output.
        let within = matches!(self.open, Some(Open { guess: None, .. }));
        if let Some(n) = parse_running(line) {
            self.start_run(n);
        } else if within {
            self.test_line(line);
        } else if line == "failures:" || line == "successes:" {
            self.close_open();
            self.listed = (line == "failures:").then(Vec::new);
        } else if let Some(name) = parse_heading(line) {
            let test = self.listed.is_some().then(|| name.to_owned());
            self.section = Some(Section { test, excerpt: Excerpt::default() });
        } else if let (Some(listed), Some(name)) = (&mut self.listed, line.strip_prefix("    ")) {
            if listed.len() < MAX_FAILURES {
                listed.push(name.to_owned());
            }
        } else {
            self.test_line(line);
        }
    }

    fn start_run(&mut self, n: u64) {
        self.announced.get_or_insert(n);
        match self.source {
            // A second heading is output of a test.
            Source::Executable if self.expected.is_some() => {}
            Source::Executable => self.expected = Some(n),
            Source::Doctests => {
                if self.expected.is_some() {
                    self.died = true;
                    self.counts = self.counts.plus(self.tally);
                }
                self.tally = Counts::default();
                self.open = None;
                self.expected = Some(n);
            }
        }
    }

    /// Believes a result line if it has the number of tests that were announced.
    fn accept(&mut self, counts: Counts, total: u64) -> bool {
        match self.source {
            Source::Executable => {
                if self.expected != Some(total) {
                    return false;
                }
                // Captured output may contain a result with the same number; the real one comes last.
                if self.section.is_none() {
                    self.close_open();
                }
                self.counts = counts;
                self.results += 1;
                self.seen.result();
                self.confirmed.clear();
                self.tally = Counts::default();
            }
            Source::Doctests => {
                if self.section.is_some() || self.expected != Some(total) {
                    return false;
                }
                self.close_open();
                // libtest counts what it only compiled as passed.
                let compiled = self.tally.compiled.min(counts.passed);
                let counts = Counts { passed: counts.passed - compiled, compiled, ..counts };
                self.died |= counts != Counts { filtered: counts.filtered, ..self.tally };
                self.counts = self.counts.plus(counts);
                self.results += 1;
                self.expected = None;
                self.tally = Counts::default();
            }
        }
        if self.section.is_none() {
            self.close_open();
            self.confirmed.extend(self.listed.take().unwrap_or_default());
        }
        true
    }

    fn section_line(&mut self, line: &str) {
        if line == "failures:" || line == "successes:" {
            self.close_section();
            self.listed = (line == "failures:").then(Vec::new);
            return;
        }
        if let Some(name) = parse_heading(line) {
            // Under `failures:`, only a test that failed has a section; anything else is output that looks like one.
            let failing = self.listed.is_some();
            if !failing || self.overflow || self.failures.iter().any(|f| f.test == name) {
                self.close_section();
                let test = failing.then(|| name.to_owned());
                self.section = Some(Section { test, excerpt: Excerpt::default() });
                return;
            }
        }
        if let Some(section) = &mut self.section {
            section.excerpt.line(line);
        }
    }

    fn close_section(&mut self) {
        let Some(Section { test: Some(name), excerpt }) = self.section.take() else { return };
        self.add_failure(&name);
        if let Some(failure) = self.failures.iter_mut().find(|f| f.test == name && f.output.is_empty()) {
            failure.output = excerpt.finish();
        }
    }

    fn add_failure(&mut self, name: &str) {
        if self.failures.iter().any(|f| f.test == name) {
        } else if self.failures.len() < MAX_FAILURES {
            let executable = self.executable.clone();
            self.failures.push(TestFailure { executable, test: name.to_owned(), output: String::new() });
        } else {
            self.overflow = true;
        }
    }

    fn test_line(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|l| l.split_once(" has been running for over ")) {
            if self.slow.len() < MAX_FAILURES {
                self.slow.push(name.0.to_owned());
            }
        } else if let Some(TestLine { name, rest, only_compiled }) = parse_test(line) {
            self.close_open();
            match parse_word(rest) {
                Some(result) => self.tested(name, result.of(only_compiled)),
                None => {
                    let guess = glued(rest).or(leading(rest));
                    self.open = Some(Open { name: name.to_owned(), guess, only_compiled });
                }
            }
        } else if let Some(result) = self.open.as_ref().and_then(|_| parse_word(line)) {
            if let Some(Open { name, only_compiled, .. }) = self.open.take() {
                self.tested(&name, result.of(only_compiled));
            }
        } else if let Some(TestLine { name, rest, .. }) = embedded(line) {
            // Output without a line break, then a test's line (`--nocapture` with several threads).
            match (parse_word(rest), &self.open) {
                (Some(result), _) => self.tested(name, result),
                (None, None) => {
                    self.open = Some(Open { name: name.to_owned(), guess: glued(rest), only_compiled: false });
                }
                (None, Some(_)) => {}
            }
        } else if let Some(open) = &mut self.open {
            open.guess = glued(line).or(open.guess);
        }
    }

    /// Ends the current test because something else started; the end of its output was its result.
    fn close_open(&mut self) {
        if let Some(Open { name, guess: Some(result), only_compiled }) = self.open.take() {
            self.tested(&name, result.of(only_compiled));
        }
    }

    fn tested(&mut self, name: &str, result: TestResult) {
        self.slow.retain(|slow| slow != name);
        self.seen.add(name, result);
        match result {
            TestResult::Compiled => self.tally.compiled = self.tally.compiled.saturating_add(1),
            TestResult::Passed => self.tally.passed = self.tally.passed.saturating_add(1),
            TestResult::Ignored => self.tally.ignored = self.tally.ignored.saturating_add(1),
            TestResult::Failed => {
                self.tally.failed = self.tally.failed.saturating_add(1);
                self.add_failure(name);
            }
        }
    }

    fn finish(mut self) -> Report {
        if self.section.is_some() {
            self.close_section();
        }
        let unfinished = match self.source {
            Source::Executable => self.results == 0,
            Source::Doctests => self.expected.is_some(),
        };
        let complete = self.results > 0 && !unfinished && !self.died;
        let mut running = Vec::new();
        if unfinished {
            self.counts = self.counts.plus(self.tally);
            running.extend(self.open.take().map(|open| open.name));
            running.append(&mut self.slow);
        }
        if complete && !self.confirmed.is_empty() {
            let confirmed = std::mem::take(&mut self.confirmed);
            for name in &confirmed {
                self.add_failure(name);
            }
            if confirmed.len() < MAX_FAILURES {
                self.failures.retain(|f| confirmed.contains(&f.test));
            }
        }
        Report {
            counts: self.counts,
            complete,
            announced: self.announced,
            failures: self.failures,
            running,
            unfinished: Vec::new(),
            seen: self.seen,
        }
    }
}

/// A test's line after output without a line break. A name with a space is no test's.
fn embedded(line: &str) -> Option<TestLine<'_>> {
    let at = line.rfind("test ").filter(|at| *at > 0)?;
    parse_test(&line[at..]).filter(|found| !found.name.contains(char::is_whitespace))
}
