//! Red results that may only be red because of what ran at the same time: they are tried once more, alone.

use super::row::Row;
use crate::evidence::Record;
use crate::outcome::Outcome;
use crate::verdict::Verdict;

/// Whether other builds or runs of ours were under way during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// At some time there were.
    Others,
    /// There were none.
    None,
}

/// A red result that is to be confirmed.
#[derive(Debug)]
pub struct Doubt {
    /// The result.
    pub record: Record,
    /// What ran beside it.
    pub company: Company,
}

/// Whether a result is to be confirmed before a cell is called broken.
pub fn is_in_doubt(row: &Row, company: Company) -> bool {
    // A finding of a leak tool is one, whatever else ran.
    let is_finding = row.leaks().is_some_and(|report| report.errors().next().is_some());
    let may_pass = match row.outcome() {
        // Without company only the home folder differed, for which nothing waits.
        Some(Outcome::TimedOut) => company == Company::Others,
        Some(Outcome::Failed | Outcome::Crashed) => true,
        Some(
            Outcome::Passed
            | Outcome::BuildFailed
            | Outcome::Misidentified
            | Outcome::Unavailable
            | Outcome::NotPromised
            | Outcome::Infrastructure,
        )
        | None => false,
    };
    row.verdict == Verdict::Broken && may_pass && !is_finding
}

/// What is told of a result that was tried again alone.
pub fn confirmed(doubt: Doubt, again: Record) -> Record {
    let Doubt { record: first, company } = doubt;
    match again.outcome {
        Outcome::Passed => {
            let meanwhile = match company {
                Company::Others => "failed while other cells ran, passed alone",
                Company::None => "failed with a HOME of its own, passed with yours",
            };
            let remedy = format!("set `alone = true` in the suite `{}`", first.suite);
            let cause = format!("{meanwhile}: {}; {remedy}", first.cause);
            Record { attempts: first.attempts.saturating_add(again.attempts), cause, ..again }
        }
        // Cut short, or something broke on our side: the first result is all there is.
        Outcome::Infrastructure | Outcome::Unavailable | Outcome::NotPromised => first,
        Outcome::Failed | Outcome::BuildFailed | Outcome::Crashed | Outcome::TimedOut | Outcome::Misidentified => {
            Record { attempts: first.attempts.saturating_add(again.attempts), ..again }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(outcome: Outcome, cause: &str) -> Record {
        let cell = "rust=stable".parse().expect("a cell");
        Record::blank("tests", cell, None, outcome, cause.to_owned())
    }

    #[test]
    fn what_is_told_after_a_second_try_alone() {
        let told = |company, again| {
            confirmed(Doubt { record: record(Outcome::Failed, "1 of 2 tests failed in a"), company }, again)
        };
        let passed = told(Company::Others, record(Outcome::Passed, ""));
        assert_eq!((passed.outcome, passed.attempts), (Outcome::Passed, 2));
        assert_eq!(
            passed.cause,
            "failed while other cells ran, passed alone: 1 of 2 tests failed in a; set `alone = true` in the suite `tests`"
        );
        assert!(told(Company::None, record(Outcome::Passed, "")).cause.starts_with("failed with a HOME of its own"));
        let red = told(Company::Others, record(Outcome::Crashed, "a was ended by SIGABRT"));
        assert_eq!((red.outcome, red.cause.as_str(), red.attempts), (Outcome::Crashed, "a was ended by SIGABRT", 2));
        let cut = told(Company::Others, record(Outcome::Infrastructure, "interrupted"));
        assert_eq!((cut.outcome, cut.attempts), (Outcome::Failed, 1));
    }
}
