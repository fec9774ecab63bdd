//! Failures of another kind than the last recorded one: a rule that expects a failure must not hide a new one.

use std::collections::{BTreeMap, BTreeSet};

use super::row::Row;
use crate::evidence::Record;
use crate::outcome::Outcome;

/// The most failing tests that evidence keeps.
const MOST_KEPT: usize = 10;

/// How a failure differs in kind from an earlier one of the same cell, in one sentence; `None` if it does not, or if one of
/// them is no failure.
pub fn another_kind(before: &Record, now: &Record) -> Option<String> {
    if !is_failure(before.outcome) || !is_failure(now.outcome) {
        return None;
    }
    let whole = || {
        let of = |record: &Record| match record.cause.as_str() {
            "" => format!("`{}`", record.outcome),
            cause => format!("`{}` ({cause})", record.outcome),
        };
        Some(format!("fails otherwise than recorded: {}, before {}", of(now), of(before)))
    };
    if before.outcome != now.outcome {
        return whole();
    }
    let differs = match now.outcome {
        Outcome::BuildFailed => other_error(&before.cause, &now.cause),
        Outcome::Crashed => sign(&before.cause) != sign(&now.cause),
        Outcome::Failed => {
            let (then, now) = (names(before), names(now));
            match then.len() {
                0 => false,
                known if known >= MOST_KEPT => then.is_disjoint(&now) && !now.is_empty(),
                _ => !now.is_subset(&then),
            }
        }
        Outcome::TimedOut
        | Outcome::Passed
        | Outcome::Misidentified
        | Outcome::Unavailable
        | Outcome::NotPromised
        | Outcome::Infrastructure => false,
    };
    if differs {
        whole()
    } else {
        None
    }
}

/// The sentences of these rows, each once, with the cells that it is about.
pub fn told<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Vec<String> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        if let Some(text) = &row.another_kind {
            groups.entry((&row.suite, text)).or_default().push(row);
        }
    }
    let sentence = |((suite, text), rows): ((&str, &str), Vec<&Row>)| {
        let more = match rows.len() - 1 {
            0 => String::new(),
            1 => " and 1 more cell".to_owned(),
            more => format!(" and {more} more cells"),
        };
        format!("`{}`{more} (suite {suite}) {text}", rows[0].cell)
    };
    groups.into_iter().map(sentence).collect()
}

fn is_failure(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Failed | Outcome::BuildFailed | Outcome::Crashed | Outcome::TimedOut => true,
        Outcome::Passed
        | Outcome::Misidentified
        | Outcome::Unavailable
        | Outcome::NotPromised
        | Outcome::Infrastructure => false,
    }
}

/// Whether a build's error is another: by the compiler's codes, or by its text where it has none.
fn other_error(before: &str, now: &str) -> bool {
    match (codes(before), codes(now)) {
        (before_codes, now_codes) if before_codes.is_empty() && now_codes.is_empty() => plain(before) != plain(now),
        (before_codes, now_codes) => before_codes.is_disjoint(&now_codes),
    }
}

/// The compiler's error codes in a text: `E0658`.
fn codes(text: &str) -> BTreeSet<&str> {
    let is_code =
        |word: &&str| word.len() == 5 && word.starts_with('E') && word[1..].bytes().all(|b| b.is_ascii_digit());
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_code).collect()
}

/// A text without what differs from run to run: numbers and paths.
fn plain(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !word.contains('/'));
    words.map(|word| word.replace(|c: char| c.is_ascii_digit(), "")).collect::<Vec<_>>().join(" ")
}

/// How a process died: its signal, or that it did not load.
fn sign(cause: &str) -> String {
    match cause.split_once(" was ended by ") {
        Some((_, rest)) => rest.split([' ', ':']).next().unwrap_or_default().to_owned(),
        None if cause.contains(" did not load") => plain(cause),
        None => String::new(),
    }
}

/// The failing tests, without their executables, which evidence does not keep.
fn names(record: &Record) -> BTreeSet<&str> {
    record.failures.iter().map(|failure| failure.test.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::TestFailure;
    use crate::verdict::Expectation;

    fn record(outcome: Outcome, cause: &str, failing: &[&str]) -> Record {
        let failure = |test: &&str| TestFailure { executable: "it".into(), test: (*test).into(), output: "".into() };
        let failures = failing.iter().map(failure).collect();
        Record { failures, ..Record::blank("tests", "rust=1.70".parse().unwrap(), None, outcome, cause.to_owned()) }
    }

    #[test]
    fn a_failure_of_another_kind_is_told_from_the_same_one() {
        use Outcome::*;
        let e0658 = "error[E0658]: `let...else` statements are unstable (src/apply.rs:119:9)";
        let many: Vec<String> = (0..10).map(|n| format!("t{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (before, now, differs) in [
            (record(BuildFailed, e0658, &[]), record(BuildFailed, e0658, &[]), false),
            (
                record(BuildFailed, e0658, &[]),
                record(BuildFailed, "error[E0658]: something else (src/a.rs:1:1)", &[]),
                false,
            ),
            (record(BuildFailed, e0658, &[]), record(BuildFailed, "error[E0432]: unresolved import `x`", &[]), true),
            (record(BuildFailed, e0658, &[]), record(BuildFailed, "error: linking failed", &[]), true),
            (
                record(BuildFailed, "error: a at 12 in /tmp/x", &[]),
                record(BuildFailed, "error: a at 7 in /tmp/y", &[]),
                false,
            ),
            (record(BuildFailed, "error: a", &[]), record(BuildFailed, "error: b", &[]), true),
            (record(BuildFailed, e0658, &[]), record(Failed, "1 of 2 tests failed", &["a"]), true),
            (record(Failed, "1 of 2 tests failed", &["a"]), record(Failed, "1 of 3 tests failed", &["a"]), false),
            (record(Failed, "", &["a", "b"]), record(Failed, "", &["a"]), false),
            (record(Failed, "", &["a"]), record(Failed, "", &["a", "b"]), true),
            (record(Failed, "", &many), record(Failed, "", &["t1", "z"]), false),
            (record(Failed, "", &many), record(Failed, "", &["z"]), true),
            (
                record(Crashed, "it was ended by SIGSEGV in a", &[]),
                record(Crashed, "it was ended by SIGSEGV: x", &[]),
                false,
            ),
            (record(Crashed, "it was ended by SIGSEGV", &[]), record(Crashed, "it was ended by SIGABRT", &[]), true),
            (record(Crashed, "it did not load: a", &[]), record(Crashed, "it was ended by SIGABRT", &[]), true),
            (record(TimedOut, "a", &[]), record(TimedOut, "b", &[]), false),
            (record(Passed, "", &[]), record(Failed, "", &["a"]), false),
            (record(Unavailable, "", &[]), record(Failed, "", &["a"]), false),
        ] {
            assert_eq!(another_kind(&before, &now).is_some(), differs, "{before:?}\n{now:?}");
        }
        let said = another_kind(&record(BuildFailed, e0658, &[]), &record(Failed, "1 of 2", &["a"])).unwrap();
        assert_eq!(said, format!("fails otherwise than recorded: `failed` (1 of 2), before `build-failed` ({e0658})"));
    }

    #[test]
    fn a_sentence_is_told_once_for_all_its_cells() {
        let row = |another: Option<&str>| {
            let row = Row::from_record(record(Outcome::Failed, "", &["a"]), Expectation::Pass, false);
            Row { another_kind: another.map(str::to_owned), ..row }
        };
        let rows = [row(Some("differs")), row(None), row(Some("differs")), row(Some("is new"))];
        assert_eq!(
            told(&rows),
            ["`rust=1.70` and 1 more cell (suite tests) differs", "`rust=1.70` (suite tests) is new"]
        );
    }
}
