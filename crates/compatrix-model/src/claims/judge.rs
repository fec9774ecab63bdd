//! Expectations from rules, and verdicts for evidence.

use std::collections::{BTreeMap, HashMap};

use semver::Version;

use super::{Judged, Judgement};
use crate::axis::{AxisKind, AxisName, ValueName};
use crate::cell::CellIndex;
use crate::condition::{partial_version, Match, Matcher, Versions};
use crate::evidence::Record;
use crate::evidence_file::{Entry, EvidenceFile};
use crate::expect::Expectations;
use crate::matrix_spec::{Expect, Spec};
use crate::verdict::{judge_record, Expectation};

/// A spec's expectation for each cell, given known versions. Pages have no clock, so rules apply whatever their last day.
#[derive(Debug, Clone)]
pub struct Rulings {
    expectations: Expectations,
    left_out: Vec<Matcher>,
    suites: Vec<Matcher>,
}

impl Rulings {
    /// The rules and suites under these versions.
    pub fn new(spec: &Spec, versions: &Versions) -> Self {
        let skips = spec.rules.iter().filter(|rule| rule.expect == Expect::Skip);
        Self {
            expectations: Expectations::new(spec, versions, None),
            left_out: skips.map(|rule| rule.when.matcher(&spec.space, versions)).collect(),
            suites: spec.suites.iter().map(|suite| suite.when.matcher(&spec.space, versions)).collect(),
        }
    }

    /// What is expected of the suite at this position in the cell at these coordinates; `None` if a rule leaves the cell
    /// out or the suite surely does not run in it.
    pub fn of(&self, suite: usize, coords: &[usize]) -> Option<Expectation> {
        if self.runs(suite, coords) && !self.leaves_out(coords) {
            Some(self.expectations.of(coords))
        } else {
            None
        }
    }

    /// Whether the suite may run in the cell.
    fn runs(&self, suite: usize, coords: &[usize]) -> bool {
        self.suites[suite].matches(coords) != Match::No
    }

    fn leaves_out(&self, coords: &[usize]) -> bool {
        self.left_out.iter().any(|matcher| matcher.holds(coords))
    }
}

/// Judges committed evidence by the spec's rules. Versions come from the evidence itself: what a rule says of
/// `sqlite <3.38` is decided by the SQLite that really ran.
pub fn judge_evidence<'a>(spec: &Spec, files: &'a [EvidenceFile]) -> Judgement<'a> {
    let mut judgement = Judgement::default();
    for file in files {
        let mut judge = Judge::new(spec, file);
        for entry in file.entries() {
            judge.entry(file.platform(), entry, &mut judgement);
        }
    }
    judgement
}

/// Position and version of a value, for the two axes with versions.
type Key = [Option<(usize, Option<Version>)>; 2];

struct Judge<'s> {
    spec: &'s Spec,
    /// The versions of values elsewhere on this platform, for entries without a proof; `None` if they resolved to several
    /// versions, because choosing one would be a guess.
    seen: BTreeMap<(AxisName, ValueName), Option<Version>>,
    rulings: HashMap<Key, Rulings>,
}

impl<'s> Judge<'s> {
    fn new(spec: &'s Spec, file: &EvidenceFile) -> Self {
        let mut seen: BTreeMap<_, Option<Version>> = BTreeMap::new();
        for record in file.entries().map(|entry| &entry.record) {
            for (axis, version) in [("rust", rust_version(record)), ("sqlite", sqlite_version(record))] {
                let axis = AxisName::new(axis).ok();
                let value = axis.as_ref().and_then(|axis| record.cell.value(axis.as_str()).cloned());
                if let (Some(axis), Some(value), Some(version)) = (axis, value, version) {
                    let same = Some(version.clone());
                    let slot = seen.entry((axis, value)).or_insert_with(|| same.clone());
                    if *slot != same {
                        *slot = None;
                    }
                }
            }
        }
        Self { spec, seen, rulings: HashMap::new() }
    }

    fn entry<'a>(&mut self, platform: &'a str, entry: &'a Entry, judgement: &mut Judgement<'a>) {
        let space = &self.spec.space;
        let record = &entry.record;
        let cell = space.find(&record.cell);
        let suite = self.spec.suites.iter().position(|suite| suite.name == record.suite);
        let (Some(cell), Some(suite)) = (cell, suite) else {
            judgement.foreign += 1;
            return;
        };
        let coords = space.coords(cell);
        let rust = rust_version(record).or_else(|| self.fallback("rust", record));
        let sqlite = sqlite_version(record).or_else(|| self.fallback("sqlite", record));
        let rulings = self.rulings(&coords, cell, &rust, &sqlite);
        if !rulings.runs(suite, &coords) {
            judgement.foreign += 1;
        } else if let Some(expectation) = rulings.of(suite, &coords) {
            let verdict = judge_record(record, &expectation);
            let judged = Judged { platform, entry, cell, verdict, expectation, rust, sqlite };
            match self.spec.suites[suite].leak() {
                Some(_) => judgement.leaks.push(judged),
                None => judgement.judged.push(judged),
            }
        } else {
            judgement.excluded += 1;
        }
    }

    fn fallback(&self, axis: &str, record: &Record) -> Option<Version> {
        let value = record.cell.value(axis)?;
        let seen = self.seen.get(&(AxisName::new(axis).ok()?, value.clone()));
        seen.cloned().flatten().or_else(|| partial_version(value.as_str()))
    }

    fn rulings(
        &mut self,
        coords: &[usize],
        cell: CellIndex,
        rust: &Option<Version>,
        sqlite: &Option<Version>,
    ) -> &Rulings {
        let spec = self.spec;
        let at = |kind: AxisKind| spec.space.axis_of(&kind).map(|(n, _)| n);
        let axes = [(at(AxisKind::Rust), rust), (at(AxisKind::Sqlite), sqlite)];
        let key: Key = [0, 1].map(|n| axes[n].0.map(|axis| (coords[axis], axes[n].1.clone())));
        self.rulings.entry(key).or_insert_with(|| {
            let mut versions = Versions::new();
            for (axis, version) in axes {
                if let (Some(axis), Some(version)) = (axis, version) {
                    let name = spec.space.axes()[axis].name.clone();
                    versions.insert((name, spec.space.value(cell, axis).name.clone()), version.clone());
                }
            }
            Rulings::new(spec, &versions)
        })
    }
}

fn rust_version(record: &Record) -> Option<Version> {
    Version::parse(&record.proof.as_ref()?.toolchain.release).ok()
}

/// SQLite's own spelling, which had four parts before 3.9.
fn sqlite_version(record: &Record) -> Option<Version> {
    let text = &record.proof.as_ref()?.sqlite.as_ref()?.version;
    let three: Vec<&str> = text.split('.').take(3).collect();
    partial_version(&three.join("."))
}
