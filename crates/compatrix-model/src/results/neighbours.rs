//! Cells that ran fewer tests than their neighbours: those of the same suite with the same feature set.
//!
//! A pass with fewer tests is a pass, but nobody should take it for the others'. A `cfg`, a feature, a build script that an
//! old cargo does not understand: each can leave tests out without a word.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::matrix::Matrix;
use super::row::Row;
use crate::axis::AxisKind;
use crate::evidence::Proof;
use crate::outcome::Outcome;
use crate::verdict::Verdict;

/// The first cargo that reads `cargo::KEY=VALUE` in the output of build scripts; older ones ignore such lines. Source:
/// cargo's changelog, 1.77.
pub const READS_TWO_COLONS: Version = Version::new(1, 77, 0);

/// Fewer tests than the neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fewer {
    /// How many ran in the cell.
    pub ran: u32,
    /// How many ran in the neighbour with the most.
    pub most: u32,
    /// Why, as far as it is known.
    pub reason: String,
}

/// Cells with fewer tests for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FewerLine {
    /// `1 of 2 tests ran with rust=debian-12: …`, after the suite if there are several.
    pub text: String,
    /// How many cells.
    pub rows: usize,
}

/// A suite, and why fewer tests ran.
type Of<'m> = (&'m str, String);

/// Suite, feature set, the packages that were left out, and the target: rows that agree on them are to have the same tests.
type Place<'m> = (&'m str, &'m str, &'m [String], &'m str);

/// The rows of a matrix beside those with which they are compared.
#[derive(Debug)]
pub struct Neighbours<'m> {
    matrix: &'m Matrix,
    features: Option<&'m str>,
    /// The row with the most tests, by place.
    most: BTreeMap<Place<'m>, &'m Row>,
}

impl<'m> Neighbours<'m> {
    /// Of this matrix.
    pub fn of(matrix: &'m Matrix) -> Self {
        let features = matrix.space.axis_of(&AxisKind::Features).map(|(_, axis)| axis.name.as_str());
        let mut most: BTreeMap<Place<'_>, &Row> = BTreeMap::new();
        for row in matrix.rows.iter().filter(|row| is_counted(row)) {
            let known = most.entry(place(row, features)).or_insert(row);
            if row.tests().run() > known.tests().run() {
                *known = row;
            }
        }
        Self { matrix, features, most }
    }

    /// Whether a row that passed ran fewer tests.
    pub fn fewer(&self, row: &Row) -> Option<Fewer> {
        let most = self.most.get(&place(row, self.features))?;
        let (ran, all) = (row.tests().run(), most.tests().run());
        let short = is_counted(row) && row.outcome() == Some(Outcome::Passed) && ran < all;
        short.then(|| Fewer { ran, most: all, reason: reason(row, most) })
    }

    /// All of them, one line for a suite, a reason and the values that these cells have in common.
    pub fn lines(&self) -> Vec<FewerLine> {
        let mut groups: Vec<(Of<'_>, Vec<(&Row, Fewer)>)> = Vec::new();
        for row in &self.matrix.rows {
            let Some(fewer) = self.fewer(row) else { continue };
            let key = (row.suite.as_str(), fewer.reason.clone());
            match groups.iter_mut().find(|(other, _)| *other == key) {
                Some((_, rows)) => rows.push((row, fewer)),
                None => groups.push((key, vec![(row, fewer)])),
            }
        }
        let several = self.matrix.suites().len() > 1;
        let line = |((suite, reason), rows): (Of<'_>, Vec<(&Row, Fewer)>)| {
            let numbers: BTreeSet<(u32, u32)> = rows.iter().map(|(_, fewer)| (fewer.ran, fewer.most)).collect();
            let numbers: Vec<String> = numbers.iter().map(|(ran, most)| format!("{ran} of {most}")).collect();
            let suite = if several { format!("{suite}: ") } else { String::new() };
            let place = self.common(suite_rows(self.matrix, rows[0].0), rows.iter().map(|(row, _)| *row));
            FewerLine { text: format!("{suite}{} tests ran{place}: {reason}", numbers.join(", ")), rows: rows.len() }
        };
        groups.into_iter().map(line).collect()
    }

    /// ` with rust=debian-12`: the axes on which these rows have fewer values than all rows of their suite.
    fn common<'r>(&self, all: Vec<&Row>, rows: impl Iterator<Item = &'r Row> + Clone) -> String {
        let mut places = Vec::new();
        for axis in self.matrix.space.axes() {
            let name = axis.name.as_str();
            let theirs: BTreeSet<_> = rows.clone().filter_map(|row| row.cell.value(name)).collect();
            let every: BTreeSet<_> = all.iter().filter_map(|row| row.cell.value(name)).collect();
            if theirs.len() < every.len() {
                let values: Vec<&str> = theirs.iter().map(|value| value.as_str()).collect();
                places.push(format!("{name}={}", values.join("|")));
            }
        }
        if places.is_empty() {
            String::new()
        } else {
            format!(" with {}", places.join(" "))
        }
    }
}

fn suite_rows<'m>(matrix: &'m Matrix, row: &Row) -> Vec<&'m Row> {
    matrix.rows.iter().filter(|other| other.suite == row.suite && is_counted(other)).collect()
}

fn place<'r>(row: &'r Row, features: Option<&str>) -> Place<'r> {
    let set = features.and_then(|axis| row.cell.value(axis)).map_or("", |value| value.as_str());
    // Tests of one system are not those of another.
    let target = row.record().and_then(|record| record.proof.as_ref()?.target.as_ref());
    (&row.suite, set, &row.not_promised, target.map_or("", |target| target.triple.as_str()))
}

/// Whether all its tests came to an end. Leak tools say themselves which tests they cannot run.
fn is_counted(row: &Row) -> bool {
    let ended = matches!(row.outcome(), Some(Outcome::Passed | Outcome::Failed));
    ended && row.tool.is_none() && row.verdict != Verdict::Stale && row.tests().run() > 0
}

/// Why a row ran fewer tests than another.
fn reason(row: &Row, most: &Row) -> String {
    let (tests, theirs) = (row.tests(), most.tests());
    let missing = theirs.run() - tests.run();
    for (n, other, word) in
        [(tests.ignored, theirs.ignored, "ignored"), (tests.filtered, theirs.filtered, "filtered out")]
    {
        if n >= other.saturating_add(missing) {
            return format!("{missing} more {} {word} there", if missing == 1 { "is" } else { "are" });
        }
    }
    let (Some(own), Some(other)) = (proof(row), proof(most)) else { return "why is not recorded".to_owned() };
    if own.differences.of_targets() != other.differences.of_targets() {
        if let Some(targets) = own.differences.of_targets() {
            return targets;
        }
    }
    let off: Vec<String> =
        other.features.iter().filter(|name| !own.features.contains(name)).map(|name| format!("`{name}`")).collect();
    if !off.is_empty() {
        let (noun, verb) = if off.len() == 1 { ("feature", "is") } else { ("features", "are") };
        return format!("the {noun} {} {verb} off there, for `cfg(feature)` too", off.join(", "));
    }
    match (cargo(own), cargo(other)) {
        (Some(old), Some(new)) if old < READS_TWO_COLONS && new >= READS_TWO_COLONS => format!(
            "fewer, by a `cfg`, or because cargo {old} ignores `cargo::` lines of build scripts, which cargo 1.77 \
             introduced; `doctor` names such build scripts"
        ),
        _ if own.toolchain.rustc != other.toolchain.rustc => {
            format!("fewer, by a `cfg` or a build script: rustc is {} there", own.toolchain.release)
        }
        _ => "fewer, and nothing recorded says why".to_owned(),
    }
}

fn proof(row: &Row) -> Option<&Proof> {
    row.record()?.proof.as_ref()
}

/// The version in `cargo 1.63.0 (fd9c4297c 2022-07-01)`, without pre-release.
fn cargo(proof: &Proof) -> Option<Version> {
    let word = proof.toolchain.cargo.split_whitespace().nth(1)?;
    let version = Version::parse(word).ok()?;
    Some(Version::new(version.major, version.minor, version.patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::{Axis, AxisName, AxisValue, Setting, ValueName};
    use crate::cell::Space;
    use crate::evidence::{Counts, Record};
    use crate::results::matrix::Totals;
    use crate::verdict::Expectation;

    /// A pass of this many tests, with as many ignored.
    fn row(cell: &str, cargo: &str, (passed, ignored): (u32, u32), features: &[&str]) -> Row {
        let proof: Proof = serde_json::from_value(serde_json::json!({
            "platform": "linux-x86_64", "toolchain": { "release": cargo, "rustc": cargo, "cargo": format!("cargo {cargo} (x)") },
            "source": { "commit": null, "dirty": false, "sources": "00".repeat(32), "lockset": "" },
            "features": features, "executables": [],
        }))
        .expect("a proof");
        let record = Record::blank("tests", cell.parse().expect("a cell"), None, Outcome::Passed, String::new());
        let tests = Counts { passed, ignored, ..Counts::default() };
        Row::from_record(Record { proof: Some(proof), tests, ..record }, Expectation::Pass, false)
    }

    fn lines(rows: Vec<Row>) -> Vec<(String, usize)> {
        let axis = |name: &str, kind, values: &[&str]| Axis {
            name: AxisName::new(name).unwrap(),
            kind,
            values: values
                .iter()
                .map(|v| AxisValue { name: ValueName::new(*v).unwrap(), setting: Setting::SqliteHost })
                .collect(),
        };
        let space = Space::new(vec![
            axis("rust", AxisKind::Rust, &["old", "new"]),
            axis("features", AxisKind::Features, &["a", "b"]),
        ]);
        let matrix = Matrix::new(space, rows, Totals::default(), "");
        Neighbours::of(&matrix).lines().into_iter().map(|line| (line.text, line.rows)).collect()
    }

    #[test]
    fn fewer_tests_are_shown_with_their_number_and_reason() {
        let by_cargo = lines(vec![
            row("rust=old features=a", "1.63.0", (1, 0), &[]),
            row("rust=new features=a", "1.95.0", (2, 0), &[]),
            row("rust=old features=b", "1.63.0", (5, 0), &[]),
            row("rust=new features=b", "1.95.0", (6, 0), &[]),
        ]);
        assert_eq!(by_cargo.len(), 1, "{by_cargo:?}");
        assert!(by_cargo[0]
            .0
            .starts_with("1 of 2, 5 of 6 tests ran with rust=old: fewer, by a `cfg`, or because cargo"));
        assert_eq!(by_cargo[0].1, 2);
        let one = |few: Row, many: Row| lines(vec![few, many]).remove(0).0;
        let ignored =
            one(row("rust=old features=a", "1.80.0", (1, 3), &[]), row("rust=new features=a", "1.95.0", (3, 1), &[]));
        assert_eq!(ignored, "1 of 3 tests ran with rust=old: 2 more are ignored there");
        let feature = one(
            row("rust=old features=a", "1.80.0", (1, 0), &["x"]),
            row("rust=new features=a", "1.80.0", (2, 0), &["x", "y"]),
        );
        assert_eq!(feature, "1 of 2 tests ran with rust=old: the feature `y` is off there, for `cfg(feature)` too");
        let rustc =
            one(row("rust=old features=a", "1.80.0", (1, 0), &[]), row("rust=new features=a", "1.95.0", (2, 0), &[]));
        assert_eq!(rustc, "1 of 2 tests ran with rust=old: fewer, by a `cfg` or a build script: rustc is 1.80.0 there");
    }

    #[test]
    fn a_row_without_a_package_is_no_neighbour() {
        let partial = Row { not_promised: vec!["b".to_owned()], ..row("rust=old features=a", "1.63.0", (1, 0), &[]) };
        assert_eq!(lines(vec![partial, row("rust=new features=a", "1.95.0", (2, 0), &[])]), []);
    }

    #[test]
    fn other_feature_sets_red_cells_and_equal_numbers_are_no_neighbours() {
        let mut red = row("rust=old features=a", "1.63.0", (1, 0), &[]);
        red = Row::from_record(
            Record { outcome: Outcome::Crashed, ..red.record().expect("a record").clone() },
            Expectation::Pass,
            false,
        );
        let good = |cell: &str, n| row(cell, "1.95.0", (n, 0), &[]);
        assert_eq!(lines(vec![red, good("rust=new features=a", 9)]), []);
        assert_eq!(lines(vec![good("rust=new features=a", 9), good("rust=new features=b", 1)]), []);
        assert_eq!(lines(vec![good("rust=new features=a", 9), good("rust=old features=a", 9)]), []);
    }
}
