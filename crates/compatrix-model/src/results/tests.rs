//! The tables for verdicts, ranks, comparisons and exit codes.

use super::compare::{compare, Change};
use super::exit::{ExitCode, Shortfall};
use super::rank;
use super::row::{Row, Trial};
use crate::cell::CellId;
use crate::evidence::{Counts, Record, TestFailure};
use crate::outcome::Outcome;
use crate::verdict::{judge, Expectation, Verdict};
use compatrix_leak::{Canary, Finding, FindingKind, LeakReport, Standing, Tool};

fn fail() -> Expectation {
    Expectation::Fail { reason: "r".into(), outcome: None, error: None, issue: None, until: None }
}

fn cell() -> CellId {
    "rust=1.70".parse().expect("a cell")
}

fn record(outcome: Outcome) -> Record {
    let tests = Counts { failed: u32::from(outcome == Outcome::Failed), ..Counts::default() };
    Record { tests, ..Record::blank("tests", cell(), None, outcome, String::new()) }
}

fn row(outcome: Outcome, expectation: Expectation) -> Row {
    Row::from_record(record(outcome), expectation, false)
}

#[test]
fn outcome_against_expectation() {
    use Verdict::*;
    let rows = [
        (Outcome::Passed, Ok, UnexpectedPass),
        (Outcome::Failed, Broken, Known),
        (Outcome::BuildFailed, Broken, Known),
        (Outcome::Crashed, Broken, Known),
        (Outcome::TimedOut, Broken, Known),
        (Outcome::Misidentified, Broken, Broken),
        (Outcome::Unavailable, Unproven, Unproven),
        (Outcome::NotPromised, NotPromised, NotPromised),
        (Outcome::Infrastructure, Error, Error),
    ];
    assert_eq!(rows.map(|r| r.0), Outcome::ALL);
    for (outcome, when_pass, when_fail) in rows {
        assert_eq!(judge(outcome, &Expectation::Pass, 1), when_pass, "{outcome}");
        assert_eq!(judge(outcome, &fail(), 1), when_fail, "{outcome}, expected to fail");
        assert_eq!(row(outcome, fail()).verdict, when_fail, "a row of {outcome}");
    }
}

#[test]
fn a_pass_on_a_later_try_is_flaky() {
    assert_eq!(judge(Outcome::Passed, &Expectation::Pass, 2), Verdict::Flaky);
    assert_eq!(judge(Outcome::Passed, &fail(), 2), Verdict::Flaky);
    assert_eq!(judge(Outcome::Failed, &Expectation::Pass, 3), Verdict::Broken);
}

#[test]
fn ranks() {
    let outcomes = [
        Outcome::Passed,
        Outcome::Failed,
        Outcome::Crashed,
        Outcome::TimedOut,
        Outcome::BuildFailed,
        Outcome::Misidentified,
        Outcome::Unavailable,
        Outcome::NotPromised,
        Outcome::Infrastructure,
    ];
    for (n, a) in outcomes.into_iter().enumerate() {
        for (m, b) in outcomes.into_iter().enumerate() {
            assert_eq!(rank::of_outcome(a) > rank::of_outcome(b), n > m, "{a} over {b}");
        }
    }
    let verdicts = [
        Verdict::NotPromised,
        Verdict::Unproven,
        Verdict::Error,
        Verdict::Stale,
        Verdict::Ok,
        Verdict::Known,
        Verdict::Flaky,
        Verdict::UnexpectedPass,
        Verdict::Broken,
    ];
    for (n, a) in verdicts.into_iter().enumerate() {
        for (m, b) in verdicts.into_iter().enumerate() {
            assert_eq!(rank::of_verdict(a) > rank::of_verdict(b), n > m, "{a} over {b}");
        }
    }
}

#[test]
fn exit_codes() {
    use ExitCode::*;
    let numbers = [(Success, 0), (NotAsPromised, 1), (Usage, 2), (Infrastructure, 3), (Interrupted, 130)];
    for (code, number) in numbers {
        assert_eq!(code.number(), number, "{code:?}");
    }
    let flaky = || Row::from_record(Record { attempts: 2, ..record(Outcome::Passed) }, Expectation::Pass, false);
    let untried = || Row::untried("tests", cell(), "not here");
    let not_promised = || Row::not_promised("tests", cell(), "`a` promises Rust 1.65", vec!["a".to_owned()]);
    let good = || row(Outcome::Passed, Expectation::Pass);
    // The last column: if cells that could not be tried count.
    let table: [(&str, Vec<Row>, ExitCode, ExitCode); 11] = [
        ("nothing", vec![], Success, Success),
        ("ok", vec![good()], Success, Success),
        ("known", vec![row(Outcome::Failed, fail())], Success, Success),
        ("flaky", vec![flaky()], Success, Success),
        ("not promised", vec![good(), not_promised()], Success, Success),
        ("unproven", vec![good(), untried()], Success, NotAsPromised),
        ("broken", vec![good(), row(Outcome::Failed, Expectation::Pass)], NotAsPromised, NotAsPromised),
        ("unexpected pass", vec![row(Outcome::Passed, fail())], NotAsPromised, NotAsPromised),
        ("a leak, known to fail", vec![leaking(Standing::Error, fail())], NotAsPromised, NotAsPromised),
        ("an accepted leak", vec![leaking(Standing::Noted, fail())], Success, Success),
        (
            "our side broke, beside a broken cell",
            vec![row(Outcome::Infrastructure, Expectation::Pass), row(Outcome::Failed, Expectation::Pass)],
            Infrastructure,
            Infrastructure,
        ),
    ];
    for (name, rows, code, where_untried_counts) in table {
        assert_eq!(Shortfall::of(rows.iter(), false).exit_code(), code, "{name}");
        assert_eq!(Shortfall::of(rows.iter(), true).exit_code(), where_untried_counts, "{name}");
    }
    for shortfall in [Shortfall { missing: 1, ..Shortfall::default() }, Shortfall { jobs: 1, ..Shortfall::default() }] {
        assert_eq!(shortfall.exit_code(), NotAsPromised, "{shortfall:?}");
    }
}

/// A row that failed under a tool, with a finding of this standing.
fn leaking(standing: Standing, expectation: Expectation) -> Row {
    let mut finding = Finding::raw(Tool::Valgrind, FindingKind::Definite, "77 bytes");
    finding.standing = standing;
    let report = LeakReport {
        tool: Tool::Valgrind,
        version: String::new(),
        canary: Canary::Proven { found: String::new() },
        outcome: Outcome::Failed,
        cause: String::new(),
        ran: 1,
        not_proven: Vec::new(),
        suppressed: Vec::new(),
        not_runnable: Vec::new(),
        findings: vec![finding],
        notes: Vec::new(),
    };
    Row::from_record(Record { leaks: Some(report), ..record(Outcome::Failed) }, expectation, false)
}

#[test]
fn old_verdict_against_new() {
    use Change::*;
    let (broken, unproven, known) = (NewlyBroken, NewlyUnproven, NewlyKnown);
    // Columns: the new verdict, in the order of Verdict::ALL: ok, broken, known, unexpected-pass, flaky, stale, unproven,
    // not-promised, error.
    let rows = [
        (Some(Verdict::Ok), [Unchanged, broken, known, Unchanged, Flaky, unproven, unproven, unproven, unproven]),
        (
            Some(Verdict::Broken),
            [NewlyFixed, Unchanged, known, NewlyFixed, Flaky, unproven, unproven, unproven, unproven],
        ),
        (
            Some(Verdict::Known),
            [NewlyFixed, broken, Unchanged, NewlyFixed, Flaky, unproven, unproven, unproven, unproven],
        ),
        (
            Some(Verdict::UnexpectedPass),
            [Unchanged, broken, known, Unchanged, Flaky, unproven, unproven, unproven, unproven],
        ),
        (
            Some(Verdict::Flaky),
            [NewlyProven, broken, known, NewlyProven, Flaky, unproven, unproven, unproven, unproven],
        ),
        (
            Some(Verdict::Stale),
            [NewlyProven, broken, known, NewlyProven, Flaky, Unchanged, Unchanged, Unchanged, Unchanged],
        ),
        (
            Some(Verdict::Unproven),
            [NewlyProven, broken, known, NewlyProven, Flaky, Unchanged, Unchanged, Unchanged, Unchanged],
        ),
        (
            Some(Verdict::NotPromised),
            [NewlyProven, broken, known, NewlyProven, Flaky, Unchanged, Unchanged, Unchanged, Unchanged],
        ),
        (
            Some(Verdict::Error),
            [NewlyProven, broken, known, NewlyProven, Flaky, Unchanged, Unchanged, Unchanged, Unchanged],
        ),
        (None, [NewlyProven, broken, known, NewlyProven, Flaky, Unchanged, Unchanged, Unchanged, Unchanged]),
    ];
    assert_eq!(rows.map(|row| row.0)[..9], Verdict::ALL.map(Some));
    for (old, changes) in rows {
        for (new, expected) in Verdict::ALL.into_iter().zip(changes) {
            assert_eq!(compare(old, Some(new)), expected, "{old:?} then {new}");
        }
        assert_eq!(compare(old, None), if old.is_some() { Removed } else { Unchanged }, "{old:?} then nothing");
    }
}

#[test]
fn what_an_earlier_result_settles() {
    let tries = |outcome, attempts| Record { attempts, ..record(outcome) };
    let table = [
        (tries(Outcome::Passed, 1), Expectation::Pass, true),
        (tries(Outcome::Passed, 1), fail(), true),
        (tries(Outcome::Passed, 2), Expectation::Pass, false),
        (tries(Outcome::Failed, 1), fail(), true),
        (tries(Outcome::Failed, 1), Expectation::Pass, false),
        (tries(Outcome::TimedOut, 1), fail(), false),
        (tries(Outcome::Misidentified, 1), fail(), false),
        (tries(Outcome::Unavailable, 1), Expectation::Pass, false),
        (tries(Outcome::Infrastructure, 1), Expectation::Pass, false),
    ];
    for (record, expectation, settled) in table {
        let row = Row::from_record(record, expectation, true);
        assert_eq!(row.is_settled(), settled, "{row:?}");
    }
}

#[test]
fn only_a_plain_pass_loses_its_record() {
    let mut passed = record(Outcome::Passed);
    passed.tests.passed = 3;
    passed.doctests = Some(Counts { passed: 2, ..Counts::default() });
    let brief = Row::from_record(passed.clone(), Expectation::Pass, false).in_brief();
    assert_eq!(brief.trial, Trial::Passed(Counts { passed: 5, ..Counts::default() }));
    assert_eq!((brief.outcome(), brief.cause(), brief.tests().passed), (Some(Outcome::Passed), "", 5));
    passed.cause = "left processes behind".into();
    let kept = Row::from_record(passed, Expectation::Pass, false).in_brief();
    assert_eq!((kept.record().is_some(), kept.cause()), (true, "left processes behind"));
    assert!(row(Outcome::Passed, fail()).in_brief().record().is_some());
}

#[test]
fn failing_tests_by_name() {
    let failure = |executable: &str| TestFailure { executable: executable.into(), test: "t".into(), output: "".into() };
    let failures = ["it", "doctests", ""].map(failure).into();
    let row = Row::from_record(Record { failures, ..record(Outcome::Failed) }, Expectation::Pass, false);
    assert_eq!(row.failing(), ["it::t", "t", "t"]);
}

#[test]
fn a_rule_means_the_outcome_and_the_text_that_it_names() {
    use Outcome::*;
    let failure =
        TestFailure { executable: "it".into(), test: "opens".into(), output: "no such column: x\nmore".into() };
    let tests = Counts { failed: 1, ..Counts::default() };
    let failed =
        || Record { failures: vec![failure.clone()], tests, cause: "1 of 1 tests failed".into(), ..record(Failed) };
    let built = |cause: &str| Record { cause: cause.into(), tests: Counts::default(), ..record(BuildFailed) };
    let means = |outcome: Option<Outcome>, error: &str| {
        let error = Some(error.to_owned()).filter(|error| !error.is_empty());
        Expectation::Fail { reason: "r".into(), outcome, error, issue: None, until: None }
    };
    for (record, expectation, verdict, unmet) in [
        (failed(), means(None, ""), Verdict::Known, None),
        (failed(), means(Some(Failed), "no such column"), Verdict::Known, None),
        (failed(), means(None, "it::opens"), Verdict::Known, None),
        (failed(), means(None, "of 1 tests"), Verdict::Known, None),
        (failed(), means(None, "no such table"), Verdict::Broken, Some("with `no such table`")),
        (
            failed(),
            means(Some(BuildFailed), ""),
            Verdict::Broken,
            Some("expects `build-failed` here, and this is `failed`"),
        ),
        (built("error[E0658]: unstable"), means(Some(BuildFailed), "E0658"), Verdict::Known, None),
        (built("error[E0432]: unresolved"), means(Some(BuildFailed), "E0658"), Verdict::Broken, Some("`E0658`")),
        (Record { tests: Counts::default(), ..record(Failed) }, means(None, ""), Verdict::Broken, Some("no test ran")),
        (record(Unavailable), means(Some(Failed), ""), Verdict::Unproven, None),
        (record(Infrastructure), means(Some(Failed), ""), Verdict::Error, None),
        (record(Misidentified), means(None, ""), Verdict::Broken, None),
        (record(Passed), means(Some(Failed), "x"), Verdict::UnexpectedPass, None),
    ] {
        let row = Row::from_record(record, expectation, false);
        assert_eq!(row.verdict, verdict, "{row:?}");
        let said = row.unmet();
        assert_eq!(said.is_some(), unmet.is_some(), "{said:?}");
        assert!(unmet.is_none_or(|unmet| said.is_some_and(|said| said.contains(unmet))), "{row:?}");
    }
    // Outputs are no part of evidence, so the line is kept.
    let mut quoted = failed();
    quoted.quote("no such column");
    quoted.quote("no such column");
    quoted.failures[0].output.clear();
    assert_eq!(quoted.cause, "1 of 1 tests failed: no such column: x");
    assert!(quoted.says("no such column"));
}
