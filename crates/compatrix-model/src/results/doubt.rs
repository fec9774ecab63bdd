//! Results that may only be what they are because of what ran at the same time, or because the build has no debug
//! information: they are tried once more, alone, and once more with it.

use super::row::Row;
use crate::evidence::{Proof, Record};
use crate::outcome::Outcome;
use crate::verdict::{Expectation, Verdict};

/// Whether other builds or runs of ours were under way during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// At some time there were.
    Others,
    /// There were none.
    None,
}

/// A result that is to be confirmed.
#[derive(Debug)]
pub struct Doubt {
    /// The result.
    pub record: Record,
    /// What ran beside it.
    pub company: Company,
}

/// Whether a result is to be confirmed before it counts.
pub fn is_in_doubt(row: &Row, company: Company) -> bool {
    is_to_run_alone(row, company) || is_to_have_debug_info(row)
}

/// Whether a red result may be a pass if nothing else runs meanwhile.
pub fn is_to_run_alone(row: &Row, company: Company) -> bool {
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

/// Whether a result of a build without debug information may be another with it: a test may read it, and a build script
/// knows of it. A known failure with the text that its rule asks for is that failure; one without may be another.
pub fn is_to_have_debug_info(row: &Row) -> bool {
    let Some(record) = row.record().filter(|record| lacks_debug_info(record)) else { return false };
    let has_text = matches!(&row.expectation, Expectation::Fail { error: Some(_), .. });
    match row.verdict {
        Verdict::Broken => record.outcome != Outcome::Misidentified,
        Verdict::UnexpectedPass => true,
        Verdict::Known => !has_text,
        Verdict::Ok | Verdict::Flaky | Verdict::Stale | Verdict::Unproven | Verdict::NotPromised | Verdict::Error => {
            false
        }
    }
}

/// Whether this earlier result replaces a new run. A pass without debug information does not refute a rule that was added
/// since then.
pub fn replaces_a_run(row: &Row) -> bool {
    let is_to_be_confirmed = row.verdict == Verdict::UnexpectedPass && is_to_have_debug_info(row);
    row.is_settled() && !is_to_be_confirmed
}

/// Whether it is of a build without debug information.
pub fn lacks_debug_info(record: &Record) -> bool {
    record.proof.as_ref().is_some_and(|proof: &Proof| !proof.debug.is_full())
}

/// Whether it fails as a rule expects.
pub fn is_known_failure(row: &Row) -> bool {
    row.verdict == Verdict::Known
}

/// Whether two results of one build are the same failure: what is known of one is known of the other.
pub fn is_same_failure(one: &Record, other: &Record) -> bool {
    let tests = |record: &Record| -> Vec<(String, String)> {
        record.failures.iter().map(|failure| (failure.executable.clone(), failure.test.clone())).collect()
    };
    one.outcome == other.outcome && tests(one) == tests(other)
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

/// What is told of a result without debug information that was tried again with it.
pub fn with_debug_info(first: Record, again: Record) -> Record {
    match again.outcome {
        // Not confirmed, so nothing is known of the cell.
        Outcome::Infrastructure | Outcome::Unavailable | Outcome::NotPromised => {
            let said = if first.outcome == Outcome::Passed { "it passed" } else { first.cause.as_str() };
            Record { cause: format!("{}; without debug information: {said}", again.cause), ..again }
        }
        Outcome::Passed if first.outcome == Outcome::Passed => again,
        Outcome::Passed => {
            let cause = format!(
                "{ONLY_IN_FULL}: {}; a test reads it: set `debug = \"full\"` in the suite `{}`",
                first.cause, first.suite
            );
            Record { cause, ..again }
        }
        _ if first.outcome == Outcome::Passed => {
            let cause = format!("{}; it passed without debug information", again.cause);
            Record { cause, ..again }
        }
        Outcome::Failed | Outcome::BuildFailed | Outcome::Crashed | Outcome::TimedOut | Outcome::Misidentified => {
            Record { attempts: first.attempts.saturating_add(again.attempts), ..again }
        }
    }
}

/// How the cause of a pass begins that needed debug information.
const ONLY_IN_FULL: &str = "failed without debug information, passed with it";

/// Whether it passed only after a second build, with debug information.
pub fn passed_only_in_full(row: &Row) -> bool {
    row.outcome() == Some(Outcome::Passed) && row.cause().starts_with(ONLY_IN_FULL)
}

/// What is told of a build that failed without debug information and did not with it.
pub fn builds_only_with_debug_info(cause: &str, suite: &str) -> String {
    format!("it does not build without debug information, and does with it: {cause}; set `debug = \"full\"` in the suite `{suite}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::debug_info::DebugInfo;
    use crate::evidence::{Counts, SourceProof, TestFailure, ToolchainProof};

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

    fn proof(debug: DebugInfo) -> Proof {
        let toolchain =
            ToolchainProof { release: "1.95.0".to_owned(), rustc: String::new(), cargo: String::new(), packages: None };
        Proof {
            platform: "linux-x86_64".to_owned(),
            toolchain,
            source: SourceProof { commit: None, dirty: false, sources: [0; 32].into(), lockset: None },
            features: Vec::new(),
            not_promised: Vec::new(),
            debug,
            target: None,
            differences: Default::default(),
            sqlite: None,
            fixture: None,
            executables: Vec::new(),
            env: Default::default(),
        }
    }

    fn row(outcome: Outcome, expectation: Expectation, debug: DebugInfo) -> Row {
        let tests = Counts { failed: u32::from(outcome == Outcome::Failed), ..Counts::default() };
        let record = Record { proof: Some(proof(debug)), tests, ..record(outcome, "why") };
        Row::from_record(record, expectation, false)
    }

    #[test]
    fn an_earlier_pass_without_debug_information_does_not_refute_a_rule() {
        let rule = Expectation::Fail { reason: "so".to_owned(), outcome: None, error: None, issue: None, until: None };
        for (outcome, expectation, debug, replaces) in [
            (Outcome::Passed, Expectation::Pass, DebugInfo::None, true),
            (Outcome::Passed, rule.clone(), DebugInfo::None, false),
            (Outcome::Passed, rule.clone(), DebugInfo::Full, true),
            (Outcome::Failed, rule, DebugInfo::None, true),
            (Outcome::Failed, Expectation::Pass, DebugInfo::None, false),
        ] {
            let said = format!("{outcome:?} {expectation:?} {debug:?}");
            assert_eq!(replaces_a_run(&row(outcome, expectation, debug)), replaces, "{said}");
        }
    }

    #[test]
    fn what_is_red_without_debug_information_is_tried_with_it() {
        let fail = |error: Option<&str>| Expectation::Fail {
            reason: "so".to_owned(),
            outcome: None,
            error: error.map(str::to_owned),
            issue: None,
            until: None,
        };
        use Outcome::*;
        for (outcome, expectation, tried) in [
            (Failed, Expectation::Pass, true),
            (Crashed, Expectation::Pass, true),
            (TimedOut, Expectation::Pass, true),
            (BuildFailed, Expectation::Pass, true),
            (Passed, Expectation::Pass, false),
            (Misidentified, Expectation::Pass, false),
            (Infrastructure, Expectation::Pass, false),
            (Unavailable, Expectation::Pass, false),
            // The rule may be out of date, or mean another failure.
            (Passed, fail(None), true),
            (Failed, fail(None), true),
            (Failed, fail(Some("other")), true),
            (Failed, fail(Some("why")), false),
            (BuildFailed, fail(Some("why")), false),
        ] {
            let is = |debug| is_to_have_debug_info(&row(outcome, expectation.clone(), debug));
            assert_eq!((is(DebugInfo::None), is(DebugInfo::Full)), (tried, false), "{outcome:?} {expectation:?}");
        }
    }

    #[test]
    fn a_time_limit_without_company_is_only_in_doubt_without_debug_information() {
        let in_doubt = |debug, company| is_in_doubt(&row(Outcome::TimedOut, Expectation::Pass, debug), company);
        assert!(in_doubt(DebugInfo::Full, Company::Others) && !in_doubt(DebugInfo::Full, Company::None));
        assert!(in_doubt(DebugInfo::None, Company::None));
        let alone = |debug| is_to_run_alone(&row(Outcome::TimedOut, Expectation::Pass, debug), Company::None);
        assert!(!alone(DebugInfo::None));
    }

    #[test]
    fn what_is_told_after_a_try_with_debug_information() {
        let told = |first, again| with_debug_info(record(first, "1 of 2 tests failed in a"), again);
        let passed = told(Outcome::Failed, record(Outcome::Passed, ""));
        assert_eq!((passed.outcome, passed.attempts), (Outcome::Passed, 1));
        assert_eq!(
            passed.cause,
            "failed without debug information, passed with it: 1 of 2 tests failed in a; a test reads it: set \
             `debug = \"full\"` in the suite `tests`"
        );
        let red = told(Outcome::Failed, record(Outcome::Crashed, "a was ended by SIGABRT"));
        assert_eq!((red.outcome, red.cause.as_str(), red.attempts), (Outcome::Crashed, "a was ended by SIGABRT", 2));
        let full = told(Outcome::Failed, record(Outcome::Infrastructure, "the disk is full"));
        assert_eq!(full.outcome, Outcome::Infrastructure, "not confirmed, so not red");
        assert_eq!(full.cause, "the disk is full; without debug information: 1 of 2 tests failed in a");
        let rule = told(Outcome::Passed, record(Outcome::Failed, "json"));
        assert_eq!((rule.outcome, rule.cause.as_str()), (Outcome::Failed, "json; it passed without debug information"));
        assert_eq!(told(Outcome::Passed, record(Outcome::Passed, "")).cause, "");
    }

    #[test]
    fn two_failures_are_the_same_by_their_tests() {
        let of = |outcome, test: &str| {
            let failure = TestFailure { executable: "it".to_owned(), test: test.to_owned(), output: "x".to_owned() };
            Record { failures: vec![failure], ..record(outcome, "") }
        };
        assert!(is_same_failure(&of(Outcome::Failed, "a"), &of(Outcome::Failed, "a")));
        assert!(!is_same_failure(&of(Outcome::Failed, "a"), &of(Outcome::Failed, "b")));
        assert!(!is_same_failure(&of(Outcome::Failed, "a"), &of(Outcome::Crashed, "a")));
    }
}
