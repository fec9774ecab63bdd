//! The criteria of a project's plans: what each wants, and what in the repository is to show it.
//!
//! Pure. A file such as `compat/plans.toml` has one `[[criterion]]` for each; [`judge`] compares them with committed
//! evidence, so that a plan is proven or contradicted like any other promise.

mod judge;
mod ran;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use compatrix_bench::Tier;

use crate::condition::Condition;

pub use judge::{judge, Ground, Judged, Shown, Standing};
pub use ran::{Ran, RAN_FILE};
pub use read::{read, Known};

/// What a plan wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// Short and unique: `R1`.
    pub id: String,
    /// What is wanted, in a few words.
    pub text: String,
    /// The figure that it names, as it names it.
    pub figure: Option<String>,
    /// How much it counts.
    pub tier: Tier,
    /// What shows it. All of it must.
    pub by: Vec<Source>,
    /// Why something of it cannot be shown, or has not been.
    pub unproven: Option<String>,
    /// Why it does not apply here.
    pub not_applicable: Option<String>,
}

/// What shows a criterion.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Committed results of a suite.
    Suite {
        /// Its name.
        suite: String,
        /// Only those in these cells.
        cells: Option<Cells>,
        /// The tests that matter, each of which must be where it is said to be.
        tests: Vec<TestPlace>,
    },
    /// Targets of the spec.
    Target {
        /// As its harness names it.
        bench: String,
        /// Only that of this metric.
        metric: Option<String>,
    },
    /// A claim of the spec, as `rust`, `rust PACKAGE`, `sqlite`, `schema NAME` or `platform NAME`.
    Claim(String),
    /// A committed file.
    File {
        /// Relative to the root.
        path: String,
        /// What it must contain.
        has: Option<String>,
    },
}

/// A choice of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// As the file spells it: `rust=1.75`.
    pub text: String,
    /// The same, read.
    pub condition: Condition,
}

/// A test in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TestPlace {
    /// The file, relative to the root.
    pub path: String,
    /// The function.
    pub name: String,
}

impl TestPlace {
    /// Reads `FILE#NAME`.
    pub fn parse(text: &str) -> Option<TestPlace> {
        let (path, name) = text.split_once('#')?;
        let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
        (!path.is_empty() && is_name(name)).then(|| TestPlace { path: path.to_owned(), name: name.to_owned() })
    }

    /// `FILE#NAME`.
    pub fn spelled(&self) -> String {
        format!("{}#{}", self.path, self.name)
    }

    /// Whether the file's text has a function of this name, not commented out.
    pub fn is_in(&self, text: &str) -> bool {
        let is_code = |line: &&str| {
            let line = line.trim_start();
            !line.starts_with("//") && (!line.starts_with('#') || line.starts_with("#["))
        };
        text.lines().filter(is_code).any(|line| {
            ["fn", "def"].iter().any(|word| {
                let call = format!("{word} {}", self.name);
                line.match_indices(&call).any(|(at, _)| line[at + call.len()..].starts_with(['(', '<']))
            })
        })
    }
}

/// The tests that the criteria name.
pub fn tests(criteria: &[Criterion]) -> BTreeSet<&TestPlace> {
    let mut tests = BTreeSet::new();
    for source in criteria.iter().flat_map(|criterion| &criterion.by) {
        if let Source::Suite { tests: named, .. } = source {
            tests.extend(named);
        }
    }
    tests
}

/// The files that the criteria name, relative to the root.
pub fn files(criteria: &[Criterion]) -> BTreeSet<&str> {
    let mut files = BTreeSet::new();
    for source in criteria.iter().flat_map(|criterion| &criterion.by) {
        match source {
            Source::Suite { tests, .. } => files.extend(tests.iter().map(|test| test.path.as_str())),
            Source::File { path, .. } => drop(files.insert(path.as_str())),
            Source::Target { .. } | Source::Claim(_) => {}
        }
    }
    files
}
