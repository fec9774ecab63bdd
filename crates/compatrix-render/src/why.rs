//! Explains a result in one line.

use compatrix_model::outcome::Outcome;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

/// The cause of a row's verdict, or a summary of its tests.
pub fn why(row: &Row) -> String {
    if !row.cause().is_empty() {
        return row.cause().to_owned();
    }
    let tests = row.tests();
    match row.verdict {
        Verdict::UnexpectedPass => format!("passed although the spec expects failure: {}", row.reason()),
        Verdict::Flaky => format!("passed only on try {}", row.record().map_or(2, |record| record.attempts)),
        Verdict::Stale => "the evidence is stale".to_owned(),
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
