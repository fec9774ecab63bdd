//! How what was built differs from what the spec asked for: which cells, and how many tests ran there.

use std::collections::BTreeSet;

use compatrix_model::axis::AxisKind;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;

/// A note and how many rows have it.
pub(crate) struct Note {
    /// `features=default, min: not built: …; 1 test ran`.
    pub(crate) text: String,
    /// How many.
    pub(crate) rows: usize,
}

/// Where a note holds.
struct Group<'m> {
    suite: &'m str,
    text: String,
    sets: Vec<&'m str>,
    rows: usize,
}

/// The notes of all rows, each once for a suite, in the matrix's order.
pub(crate) fn notes(matrix: &Matrix) -> Vec<Note> {
    let axis = matrix.space.axis_of(&AxisKind::Features).map(|(_, axis)| axis.name.as_str());
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (suite, set) in sets(matrix, axis) {
        let of_set = |row: &&Row| row.suite == suite && value(row, axis) == set;
        for (text, rows) in notes_of(&matrix.rows.iter().filter(of_set).collect::<Vec<_>>()) {
            match groups.iter_mut().find(|group| group.suite == suite && group.text == text) {
                Some(group) => {
                    group.sets.push(set);
                    group.rows += rows;
                }
                None => groups.push(Group { suite, text, sets: vec![set], rows }),
            }
        }
    }
    let several = matrix.suites().len() > 1;
    let note = |Group { suite, text, sets, rows }: Group<'_>| {
        let suite = several.then(|| suite.to_owned());
        let sets = axis.map(|axis| format!("{axis}={}", sets.join(", ")));
        let place: Vec<String> = suite.into_iter().chain(sets).chain([text]).collect();
        Note { text: place.join(": "), rows }
    };
    groups.into_iter().map(note).collect()
}

fn value<'m>(row: &'m Row, axis: Option<&str>) -> &'m str {
    axis.and_then(|axis| row.cell.value(axis)).map_or("", |value| value.as_str())
}

/// Suites and feature sets that have notes, each pair once.
fn sets<'m>(matrix: &'m Matrix, axis: Option<&str>) -> Vec<(&'m str, &'m str)> {
    let mut found = Vec::new();
    for row in matrix.rows.iter().filter(|row| !row.notes().is_empty()) {
        let set = (row.suite.as_str(), value(row, axis));
        if !found.contains(&set) {
            found.push(set);
        }
    }
    found
}

/// The notes of the rows of one suite and feature set, each with the number of its rows.
fn notes_of(rows: &[&Row]) -> Vec<(String, usize)> {
    let mut found: Vec<(String, Vec<&Row>)> = Vec::new();
    let mut counted = BTreeSet::new();
    for &row in rows {
        let Some(proof) = row.record().and_then(|record| record.proof.as_ref()) else { continue };
        counted.extend(proof.differences.of_targets());
        for note in proof.differences.notes() {
            match found.iter_mut().find(|(other, _)| *other == note) {
                Some((_, rows)) => rows.push(row),
                None => found.push((note, vec![row])),
            }
        }
    }
    let text = |(note, rows): (String, Vec<&Row>)| match counted.contains(&note) {
        true => (format!("{note}{}", tests(&rows)), rows.len()),
        false => (note, rows.len()),
    };
    found.into_iter().map(text).collect()
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
