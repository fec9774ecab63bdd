//! Conditions: one small language for rules, profiles, suites and `--cell`.
//!
//! A condition is data; [`Condition::matcher`] makes it ready for a space, as one look-up table for each axis. It never
//! guesses a version: what is not known gives [`Match::Unknown`].

pub(crate) mod expr;

use std::collections::BTreeMap;

use semver::{Version, VersionReq};
use wildmatch::WildMatch;

use crate::axis::{AxisName, ValueName};
use crate::cell::Space;

/// Selects cells: one alternative of each term must match; axes that are not named are free.
///
/// `Display` prints the expression that [`Condition::parse_expr`] parses: `rust=1.80 sqlite>=3.38,<3.46`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// The axes named, each with the alternatives of which one must hold. An axis may stand in several terms, which
    /// then must all hold.
    pub terms: Vec<(AxisName, Vec<ValueTest>)>,
}

/// One alternative of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueTest {
    /// The value of this name.
    Is(ValueName),
    /// Values whose name matches this glob (`*` any run of characters, `?` one).
    Glob(String),
    /// Values whose version meets this requirement.
    Version(VersionReq),
}

/// The versions that values resolve to: `stable` → 1.95.0, `bundled` → 3.45.0.
///
/// Values that spell a version themselves (`1.70`, `3.46.0`) need no entry.
pub type Versions = BTreeMap<(AxisName, ValueName), Version>;

/// The result of a test. Ordered so that the minimum is "and", and the maximum is "or".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// The value is excluded.
    No,
    /// The test needs a version, but the value's is unknown: a toolchain that is not installed.
    Unknown,
    /// The value is selected.
    Yes,
}

/// A condition made ready for one space: a table look-up for each axis.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// For each axis that the condition names: its position, and the result per value.
    tables: Vec<(usize, Vec<Match>)>,
}

impl Condition {
    /// Whether it names no axis, and so matches every cell.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// Prepares the condition for this space. If it names an axis that the space lacks, it matches nothing.
    pub fn matcher(&self, space: &Space, versions: &Versions) -> Matcher {
        let mut tables: Vec<(usize, Vec<Match>)> = Vec::with_capacity(self.terms.len());
        for (name, tests) in &self.terms {
            let Some((position, axis)) = space.axis(name.as_str()) else {
                tables.push((usize::MAX, Vec::new()));
                continue;
            };
            let row = axis.values.iter().map(|value| {
                let version = value_version(name, &value.name, versions);
                tests.iter().map(|test| test.holds(&value.name, version.as_ref())).max().unwrap_or(Match::No)
            });
            match tables.iter_mut().find(|(other, _)| *other == position) {
                Some((_, old)) => old.iter_mut().zip(row).for_each(|(old, new)| *old = (*old).min(new)),
                None => tables.push((position, row.collect())),
            }
        }
        Matcher { tables }
    }
}

impl Matcher {
    /// Evaluates the condition for the cell at these coordinates.
    pub fn matches(&self, coords: &[usize]) -> Match {
        let one = |(axis, row): &(usize, Vec<Match>)| coords.get(*axis).map_or(Match::No, |&c| row[c]);
        self.tables.iter().map(one).min().unwrap_or(Match::Yes)
    }

    /// Whether it certainly matches.
    pub fn holds(&self, coords: &[usize]) -> bool {
        self.matches(coords) == Match::Yes
    }

    /// Whether no cell of the space can match, whatever versions its values resolve to.
    pub fn is_void(&self) -> bool {
        self.tables.iter().any(|(_, row)| row.iter().all(|m| *m == Match::No))
    }

    /// The results for the values of the axis at this position; `None` if the axis is free.
    pub fn row(&self, axis: usize) -> Option<&[Match]> {
        self.tables.iter().find(|(position, _)| *position == axis).map(|(_, row)| row.as_slice())
    }
}

impl ValueTest {
    /// Evaluates the test for a value with this name and version.
    pub fn holds(&self, name: &ValueName, version: Option<&Version>) -> Match {
        let yes = match self {
            ValueTest::Is(other) => name == other,
            ValueTest::Glob(glob) => glob_matches(glob, name.as_str()),
            ValueTest::Version(req) => match version {
                Some(version) => req.matches(&release(version)),
                None => return Match::Unknown,
            },
        };
        if yes {
            Match::Yes
        } else {
            Match::No
        }
    }
}

/// The version of a value: from the host, otherwise from its name (`1.70` is 1.70.0).
pub fn value_version(axis: &AxisName, value: &ValueName, versions: &Versions) -> Option<Version> {
    let known = if versions.is_empty() { None } else { versions.get(&(axis.clone(), value.clone())) };
    known.cloned().or_else(|| partial_version(value.as_str()))
}

/// Reads `1`, `1.70` or `1.70.2` as a version, missing parts as zero.
pub fn partial_version(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if digits {
            part.parse::<u64>().ok()
        } else {
            None
        }
    });
    let major = parts.next()??;
    let minor = parts.next().unwrap_or(Some(0))?;
    let patch = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() {
        return None;
    }
    Some(Version::new(major, minor, patch))
}

/// The release a pre-release leads to: requirements in a spec mean `1.97.0-nightly` as 1.97.0.
fn release(version: &Version) -> Version {
    Version::new(version.major, version.minor, version.patch)
}

/// Whether a text is a glob.
pub(crate) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether `text` matches `glob` (`*` any run of characters, `?` one), in time of at most the product of their lengths.
pub fn glob_matches(glob: &str, text: &str) -> bool {
    WildMatch::new(glob).matches(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, text) in
            [("*", ""), ("v24*", "v24"), ("v24*", "v24-wal"), ("?", "é"), ("*a*b", "xaxbab"), ("**", "x")]
        {
            assert!(glob_matches(glob, text), "{glob} matches {text}");
        }
        for (glob, text) in [("", "a"), ("?", ""), ("v24*", "v2"), ("*a", "ab"), ("a?", "a"), ("v24", "v24-wal")] {
            assert!(!glob_matches(glob, text), "{glob} does not match {text}");
        }
        // An exhaustive search would not finish.
        assert!(!glob_matches(&"a*".repeat(200), &("a".repeat(199) + "b")));
    }

    #[test]
    fn partial_versions() {
        for (text, version) in [("1", "1.0.0"), ("1.70", "1.70.0"), ("3.46.1", "3.46.1")] {
            assert_eq!(partial_version(text).map(|v| v.to_string()).as_deref(), Some(version), "{text}");
        }
        for text in ["", "1.", ".1", "1.2.3.4", "1.x", "v1", "stable", "1.2.3-beta", "99999999999999999999"] {
            assert_eq!(partial_version(text), None, "{text}");
        }
    }
}
