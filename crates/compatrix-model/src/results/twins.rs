//! Twins: one cell on two values of the `sqlite` axis that are the same SQLite, with other compile-time options.

use std::collections::{BTreeMap, BTreeSet};

use super::matrix::Matrix;
use super::row::Row;
use crate::axis::AxisKind;
use crate::evidence::SqliteProof;
use crate::outcome::Outcome;

/// The rows of a matrix, by all but their value of the `sqlite` axis.
#[derive(Debug, Default)]
pub struct Twins<'m> {
    axis: Option<&'m str>,
    rows: BTreeMap<Rest<'m>, Vec<&'m Row>>,
}

/// A suite, and the other values of its cell.
type Rest<'m> = (&'m str, Vec<(&'m str, &'m str)>);

impl<'m> Twins<'m> {
    /// Of this matrix.
    pub fn of(matrix: &'m Matrix) -> Self {
        let axis = matrix.space.axis_of(&AxisKind::Sqlite).map(|(_, axis)| axis.name.as_str());
        let mut twins = Self { axis, rows: BTreeMap::new() };
        if axis.is_some() && matrix.rows.iter().any(failed) {
            for row in &matrix.rows {
                twins.rows.entry(twins.rest(row)).or_default().push(row);
            }
        }
        twins
    }

    /// For a row that failed: a twin that passed, and the options in which they differ, in one sentence.
    pub fn note(&self, row: &'m Row) -> Option<String> {
        let own = sqlite(row).filter(|_| failed(row))?;
        let twin = self.rows.get(&self.rest(row))?.iter().find(|other| {
            let same = sqlite(other).is_some_and(|sqlite| {
                sqlite.version == own.version && sqlite.source_id == own.source_id && differ(own, sqlite)
            });
            other.outcome() == Some(Outcome::Passed) && same
        })?;
        let theirs = sqlite(twin)?;
        let name = |row: &'m Row| row.cell.value(self.axis?).map(|value| value.as_str());
        let (here, there) = (name(row)?, name(twin)?);
        let only = |who: &str, a: &SqliteProof, b: &SqliteProof| {
            let more: Vec<&str> = options(a).difference(&options(b)).copied().collect();
            (!more.is_empty()).then(|| format!("only `{who}` has {}", more.join(", ")))
        };
        let lists = [only(there, theirs, own), only(here, own, theirs)];
        let lists: Vec<String> = lists.into_iter().flatten().collect();
        Some(format!(
            "`{here}` fails and `{there}` passes, which is the same SQLite {} with other compile-time options: {}; \
             `options` and `compile-options` under [sqlite] set those of exact versions",
            own.version,
            lists.join("; ")
        ))
    }

    fn rest(&self, row: &'m Row) -> Rest<'m> {
        let values = row.cell.pairs().iter().filter(|(axis, _)| Some(axis.as_str()) != self.axis);
        (&row.suite, values.map(|(axis, value)| (axis.as_str(), value.as_str())).collect())
    }
}

/// Whether its tests ran, and not all passed.
fn failed(row: &Row) -> bool {
    matches!(row.outcome(), Some(Outcome::Failed | Outcome::Crashed | Outcome::TimedOut))
}

fn sqlite(row: &Row) -> Option<&SqliteProof> {
    row.record()?.proof.as_ref()?.sqlite.as_ref().filter(|sqlite| !sqlite.compile_options.is_empty())
}

fn differ(a: &SqliteProof, b: &SqliteProof) -> bool {
    options(a) != options(b)
}

/// Its options but for the compiler's name, which decides nothing.
fn options(sqlite: &SqliteProof) -> BTreeSet<&str> {
    sqlite.compile_options.iter().map(String::as_str).filter(|option| !option.starts_with("COMPILER=")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::{Axis, AxisName, AxisValue, Setting, ValueName};
    use crate::cell::Space;
    use crate::evidence::{Counts, Proof, Record};
    use crate::linkage::Linkage;
    use crate::results::matrix::Totals;
    use crate::verdict::Expectation;

    /// A row of this cell whose SQLite is this version, compiled with these options.
    fn row(cell: &str, outcome: Outcome, version: &str, options: &str) -> Row {
        let sqlite = SqliteProof {
            linkage: Linkage::Dynamic,
            file: String::new(),
            sha256: None,
            version: version.to_owned(),
            source_id: None,
            compile_options: options.split(' ').map(str::to_owned).collect(),
            identified_by: None,
        };
        let proof: Proof = serde_json::from_value(serde_json::json!({
            "platform": "linux-x86_64", "toolchain": { "release": "1.80.0", "rustc": "", "cargo": "" },
            "source": { "commit": null, "dirty": false, "sources": "00".repeat(32), "lockset": "" },
            "features": [], "executables": [],
        }))
        .expect("a proof");
        let proof = Proof { sqlite: Some(sqlite), ..proof };
        let record = Record::blank("tests", cell.parse().expect("a cell"), None, outcome, String::new());
        let tests = Counts { passed: 1, ..Counts::default() };
        Row::from_record(Record { proof: Some(proof), tests, ..record }, Expectation::Pass, false)
    }

    fn notes(rows: Vec<Row>) -> Vec<Option<String>> {
        let value = |name: &str, setting| AxisValue { name: ValueName::new(name).unwrap(), setting };
        let values = vec![value("bundled", Setting::SqliteBundled), value("exact", Setting::SqliteHost)];
        let axis = Axis { name: AxisName::new("sqlite").unwrap(), kind: AxisKind::Sqlite, values };
        let matrix = Matrix::new(Space::new(vec![axis]), rows, Totals::default(), "");
        let twins = Twins::of(&matrix);
        matrix.rows.iter().map(|row| twins.note(row)).collect()
    }

    #[test]
    fn a_failed_row_shows_the_options_of_its_twin_that_passed() {
        let rows = vec![
            row("rust=1.70 sqlite=bundled", Outcome::Passed, "3.46.0", "A B=1 COMPILER=x"),
            row("rust=1.70 sqlite=exact", Outcome::Failed, "3.46.0", "A C COMPILER=y"),
            row("rust=1.80 sqlite=exact", Outcome::Failed, "3.46.0", "A C"),
        ];
        let notes = notes(rows);
        let note = notes[1].as_deref().unwrap();
        assert!(note.contains("`exact` fails and `bundled` passes"), "{note}");
        assert!(note.contains("only `bundled` has B=1; only `exact` has C;"), "{note}");
        assert_eq!((&notes[0], &notes[2]), (&None, &None), "it passed; it has no twin");
    }

    #[test]
    fn another_version_the_same_options_or_another_failure_is_no_twin() {
        let red = || row("sqlite=exact", Outcome::Failed, "3.46.0", "A");
        for other in [
            row("sqlite=bundled", Outcome::Passed, "3.45.0", "B"),
            row("sqlite=bundled", Outcome::Passed, "3.46.0", "A COMPILER=z"),
            row("sqlite=bundled", Outcome::Failed, "3.46.0", "B"),
        ] {
            assert_eq!(notes(vec![other, red()])[1], None);
        }
    }
}
