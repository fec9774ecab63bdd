//! Single lines of libtest's format.

use super::report::TestResult;
use crate::evidence::Counts;

/// The tests of `--list --format terse`, in its order.
pub fn parse_list(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// The benchmarks of `--list`, which `cargo test` runs once, as tests.
pub fn listed_benchmarks(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_suffix(": benchmark")).map(str::to_owned).collect()
}

/// `running 3 tests`.
pub(super) fn parse_running(line: &str) -> Option<u64> {
    let (n, word) = line.strip_prefix("running ")?.split_once(' ')?;
    let word = word.split(' ').next()?; // `tests (shuffle seed: 5)`
    if word == "tests" || word == "test" {
        n.parse().ok()
    } else {
        None
    }
}

/// `---- name stdout ----`.
pub(super) fn parse_heading(line: &str) -> Option<&str> {
    let name = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
    name.strip_suffix(" stdout").or_else(|| name.strip_suffix(" stderr"))
}

/// `test result: ok. 3 passed; 0 failed; …`: the counts, and how many tests they are without the filtered ones.
pub(super) fn parse_result(line: &str) -> Option<(Counts, u64)> {
    let (word, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    if word != "ok" && word != "FAILED" {
        return None;
    }
    let mut counts = Counts::default();
    let mut seen = 0;
    for part in numbers.split("; ") {
        let Some((n, what)) = part.trim().split_once(' ') else { continue };
        let slot = match what.trim_end_matches([';', '.']) {
            "passed" | "measured" => &mut counts.passed,
            "failed" => &mut counts.failed,
            "ignored" => &mut counts.ignored,
            "filtered out" => &mut counts.filtered,
            _ => continue,
        };
        *slot = slot.checked_add(n.parse().ok()?)?;
        seen += 1;
    }
    let total = u64::from(counts.passed) + u64::from(counts.failed) + u64::from(counts.ignored);
    (seen >= 2).then_some((counts, total))
}

/// `test NAME ... REST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TestLine<'l> {
    /// Without libtest's notes on how it is tested.
    pub name: &'l str,
    pub rest: &'l str,
    /// A documentation test that is not run: `no_run`, `compile_fail`.
    pub only_compiled: bool,
}

pub(super) fn parse_test(line: &str) -> Option<TestLine<'_>> {
    let line = line.strip_prefix("test ")?;
    let (name, rest) = line.split_once(" ... ").or_else(|| Some((line.strip_suffix(" ...")?, "")))?;
    let compiled = [" - compile fail", " - compile"].iter().find_map(|note| name.strip_suffix(note));
    let only_compiled = compiled.is_some();
    let name = compiled.or_else(|| name.strip_suffix(" - should panic")).unwrap_or(name);
    if name.is_empty() || name == "result:" || name.starts_with("result: ") {
        return None;
    }
    Some(TestLine { name, rest, only_compiled })
}

/// A result alone on its line: `ok`, `FAILED`, `ignored, why`, `bench: …`, optionally with a duration.
pub(super) fn parse_word(text: &str) -> Option<TestResult> {
    let text = text.trim();
    let text = match text.rsplit_once(" <") {
        Some((word, time)) if time.ends_with("s>") => word,
        _ => text,
    };
    match text {
        "ok" => Some(TestResult::Passed),
        "FAILED" | "FAILED (time limit exceeded)" => Some(TestResult::Failed),
        "ignored" => Some(TestResult::Ignored),
        _ if text.starts_with("ignored, ") => Some(TestResult::Ignored),
        _ if text.starts_with("bench: ") => Some(TestResult::Passed),
        _ => None,
    }
}

/// A result that output without a line break may have before it.
pub(super) fn glued(text: &str) -> Option<TestResult> {
    [("ok", TestResult::Passed), ("FAILED", TestResult::Failed), ("ignored", TestResult::Ignored)]
        .into_iter()
        .find_map(|(word, result)| text.ends_with(word).then_some(result))
}

/// A result that output may follow before its line break: libtest writes the word and the line break one after the other.
pub(super) fn leading(text: &str) -> Option<TestResult> {
    [("ok", TestResult::Passed), ("FAILED", TestResult::Failed), ("ignored", TestResult::Ignored)]
        .into_iter()
        .find_map(|(word, result)| text.starts_with(word).then_some(result))
}
