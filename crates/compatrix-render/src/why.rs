//! A result in one line: its cause, or what is known of its tests.

use compatrix_model::outcome::Outcome;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

/// Why a row's verdict is what it is.
pub fn why(row: &Row) -> String {
    if !row.cause().is_empty() {
        return row.cause().to_owned();
    }
    let tests = row.tests();
    match row.verdict {
        Verdict::UnexpectedPass => format!("passed, though the spec expects it to fail: {}", row.reason()),
        Verdict::Flaky => format!("passed only on try {}", row.record().map_or(2, |record| record.attempts)),
        Verdict::Unproven => "not tried".to_owned(),
        Verdict::Ok | Verdict::Broken | Verdict::Known | Verdict::Error if tests.failed > 0 => {
            format!("{} of {} tests failed", tests.failed, tests.run())
        }
        Verdict::Ok => format!("{} tests passed", tests.passed),
        Verdict::Broken | Verdict::Known | Verdict::Error => {
            row.outcome().map_or("no outcome", Outcome::as_str).to_owned()
        }
    }
}
