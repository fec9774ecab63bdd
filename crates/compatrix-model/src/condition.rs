//! Conditions: one small language for rules, profiles, suites and `--cell`.

use std::collections::BTreeMap;

use semver::{Version, VersionReq};

use crate::axis::{AxisName, ValueName};
use crate::cell::Space;

/// Which cells are meant: for each axis named, one of its tests must hold; axes not named are free.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// The axes named, each with the alternatives of which one must hold.
    pub axes: BTreeMap<AxisName, Vec<ValueTest>>,
}

/// A test of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueTest {
    /// The value of this name.
    Is(ValueName),
    /// Values whose name matches this glob (`*` any run of characters, `?` one).
    Glob(String),
    /// Values whose version meets this requirement.
    Version(VersionReq),
}

/// The versions that values stand for: `stable` → 1.95.0, `bundled` → 3.45.0.
///
/// Values that spell a version themselves (`1.70`, `3.46.0`) need no entry.
pub type Versions = BTreeMap<(AxisName, ValueName), Version>;

/// What a test says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// It asks for a version and the value's is not known (a toolchain that is not installed).
    Unknown,
}

/// A condition made ready for one space: a table look-up for each axis.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// For each axis of the space that the condition names: its position, and what each value gives.
    tables: Vec<(usize, Vec<Match>)>,
}

impl Condition {
    /// Whether it names no axis, and so holds everywhere.
    pub fn is_everything(&self) -> bool {
        self.axes.is_empty()
    }

    /// The condition made ready for this space. Axes that the space lacks make it hold nowhere.
    pub fn matcher(&self, space: &Space, versions: &Versions) -> Matcher {
        let tables = self
            .axes
            .iter()
            .map(|(name, tests)| match space.axis(name.as_str()) {
                Some((position, axis)) => {
                    let row = axis.values.iter().map(|value| {
                        let version = value_version(name, &value.name, versions);
                        any(tests.iter().map(|test| test.holds(&value.name, version.as_ref())))
                    });
                    (position, row.collect())
                }
                None => (usize::MAX, Vec::new()),
            })
            .collect();
        Matcher { tables }
    }
}

impl Matcher {
    /// What the condition says of the cell at these coordinates.
    pub fn matches(&self, coords: &[usize]) -> Match {
        let mut result = Match::Yes;
        for (axis, row) in &self.tables {
            match coords.get(*axis).map(|&c| row[c]) {
                Some(Match::Yes) => {}
                Some(Match::Unknown) => result = Match::Unknown,
                Some(Match::No) | None => return Match::No,
            }
        }
        result
    }

    /// Whether it surely holds.
    pub fn holds(&self, coords: &[usize]) -> bool {
        self.matches(coords) == Match::Yes
    }

    /// Whether no cell of the space can meet it, whatever versions its values turn out to have.
    pub fn is_void(&self) -> bool {
        self.tables.iter().any(|(_, row)| row.iter().all(|m| *m == Match::No))
    }
}

impl ValueTest {
    /// What the test says of a value of this name and version.
    pub fn holds(&self, name: &ValueName, version: Option<&Version>) -> Match {
        let yes = match self {
            ValueTest::Is(other) => name == other,
            ValueTest::Glob(glob) => glob_matches(glob.as_bytes(), name.as_str().as_bytes()),
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

/// The version that a value stands for: what the host says, else what its own name spells (`1.70` is 1.70.0).
pub fn value_version(axis: &AxisName, value: &ValueName, versions: &Versions) -> Option<Version> {
    if let Some(version) = versions.get(&(axis.clone(), value.clone())) {
        return Some(version.clone());
    }
    partial_version(value.as_str())
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

fn any(results: impl Iterator<Item = Match>) -> Match {
    let mut best = Match::No;
    for result in results {
        match result {
            Match::Yes => return Match::Yes,
            Match::Unknown => best = Match::Unknown,
            Match::No => {}
        }
    }
    best
}

fn glob_matches(glob: &[u8], text: &[u8]) -> bool {
    match glob.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|n| glob_matches(rest, &text[n..])),
        Some((b'?', rest)) => !text.is_empty() && glob_matches(rest, &text[1..]),
        Some((c, rest)) => text.first() == Some(c) && glob_matches(rest, &text[1..]),
    }
}
