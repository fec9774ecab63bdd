//! How what was built differs from what the spec asked for: which cells, and how many tests ran there.

use std::collections::BTreeSet;

use compatrix_model::axis::AxisKind;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;

/// A note and the rows that have it.
pub(crate) struct Note {
    /// `features=default: not built: …; 1 test ran`.
    pub(crate) text: String,
    /// How many.
    pub(crate) rows: usize,
}

/// The notes of all rows, each once for a suite and a feature set, in the matrix's order.
pub(crate) fn notes(matrix: &Matrix) -> Vec<Note> {
    type Group<'m> = ((String, String, String), Vec<&'m Row>);
    let features = matrix.space.axis_of(&AxisKind::Features).map(|(_, axis)| axis.name.as_str());
    let several = matrix.suites().len() > 1;
    let mut groups: Vec<Group<'_>> = Vec::new();
    for row in &matrix.rows {
        let set = features.and_then(|axis| Some(format!("{axis}={}", row.cell.value(axis)?))).unwrap_or_default();
        let suite = if several { row.suite.clone() } else { String::new() };
        for note in row.notes() {
            let key = (suite.clone(), set.clone(), note);
            match groups.iter_mut().find(|(other, _)| *other == key) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((key, vec![row])),
            }
        }
    }
    let text = |((suite, set, note), rows): Group<'_>| {
        let place = [suite, set].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let place = if place.is_empty() { place } else { format!("{place}: ") };
        Note { text: format!("{place}{note}{}", tests(&rows)), rows: rows.len() }
    };
    groups.into_iter().map(text).collect()
}

/// How many tests ran in these rows, so that few are not taken for many.
fn tests(rows: &[&Row]) -> String {
    let ran: BTreeSet<u32> = rows.iter().map(|row| row.tests().run()).filter(|ran| *ran > 0).collect();
    match (ran.first(), ran.last()) {
        (Some(1), Some(1)) => "; 1 test ran".to_owned(),
        (Some(least), Some(most)) if least == most => format!("; {most} tests ran"),
        (Some(least), Some(most)) => format!("; {least} to {most} tests ran"),
        _ => String::new(),
    }
}
