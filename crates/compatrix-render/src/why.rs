//! Explains a result in one line.

use compatrix_model::outcome::Outcome;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

/// The cause of a row's verdict, or a summary of its tests; of a failure that is not the one that a rule expects, also how
/// it differs.
pub fn why(row: &Row) -> String {
    match row.unmet() {
        Some(unmet) => format!("{}; {unmet}", cause(row)),
        None => cause(row),
    }
}

/// The first errors of failures, most frequent first, with the number of rows of each: `build-failed: error[E0658]: …`.
pub fn errors(rows: &[&Row]) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for row in rows {
        let outcome = row.outcome().map_or("no outcome", Outcome::as_str);
        let text = match row.cause() {
            "" => outcome.to_owned(),
            cause => format!("{outcome}: {cause}"),
        };
        match found.iter_mut().find(|(other, _)| *other == text) {
            Some((_, rows)) => *rows += 1,
            None => found.push((text, 1)),
        }
    }
    found.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    found
}

fn cause(row: &Row) -> String {
    if !row.cause().is_empty() {
        return row.cause().to_owned();
    }
    let tests = row.tests();
    match row.verdict {
        Verdict::UnexpectedPass => format!("passed although the spec expects failure: {}", row.reason()),
        Verdict::Flaky => format!("passed only on try {}", row.record().map_or(2, |record| record.attempts)),
        Verdict::Stale => "the evidence is stale".to_owned(),
        Verdict::Unproven => "not tried".to_owned(),
        Verdict::NotPromised => "not promised".to_owned(),
        Verdict::Ok | Verdict::Broken | Verdict::Known | Verdict::Error if tests.failed > 0 => {
            format!("{} of {} tests failed", tests.failed, tests.run())
        }
        Verdict::Ok => format!("{} tests passed", tests.passed),
        Verdict::Broken | Verdict::Known | Verdict::Error => {
            row.outcome().map_or("no outcome", Outcome::as_str).to_owned()
        }
    }
}
