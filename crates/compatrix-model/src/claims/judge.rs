//! Expectations from rules, and verdicts for evidence.

use std::collections::{BTreeMap, HashMap};

use semver::Version;

use super::{Judged, Judgement};
use crate::axis::{AxisKind, AxisName, ValueName};
use crate::cell::CellIndex;
use crate::condition::{partial_version, Match, Matcher, Versions};
use crate::evidence_file::{Entry, EvidenceFile};
use crate::spec::{Expect, Spec};
use crate::verdict::{judge, Expectation};

/// The spec's rules made ready for versions that are known.
#[derive(Debug, Clone)]
pub struct Rulings<'s> {
    spec: &'s Spec,
    /// Rules in force, each with its position.
    rules: Vec<(usize, Matcher)>,
    suites: Vec<Matcher>,
}

/// What the rules say of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It is run, and this is expected.
    Expect {
        /// What is expected.
        expectation: Expectation,
        /// The position of the rule that says so; none where nothing special is expected.
        rule: Option<usize>,
    },
    /// It is left out.
    Skip {
        /// The position of the rule that says so.
        rule: usize,
    },
}

impl<'s> Rulings<'s> {
    /// The rules under these versions. With `today` (`YYYY-MM-DD`) a rule whose last day is past is not in force.
    pub fn new(spec: &'s Spec, versions: &Versions, today: Option<&str>) -> Self {
        let in_force = |until: &Option<String>| match (until, today) {
            (Some(until), Some(today)) => until.as_str() >= today,
            (None, _) | (_, None) => true,
        };
        let rules = spec.rules.iter().enumerate().filter(|(_, rule)| in_force(&rule.until));
        Self {
            spec,
            rules: rules.map(|(n, rule)| (n, rule.when.matcher(&spec.space, versions))).collect(),
            suites: spec.suites.iter().map(|suite| suite.when.matcher(&spec.space, versions)).collect(),
        }
    }

    /// What the first rule that surely holds says of the cell at these coordinates. (Rules that say different things of
    /// one cell are an error of the spec.)
    pub fn of(&self, coords: &[usize]) -> Ruling {
        let Some((position, _)) = self.rules.iter().find(|(_, matcher)| matcher.holds(coords)) else {
            return Ruling::Expect { expectation: Expectation::Pass, rule: None };
        };
        let rule = &self.spec.rules[*position];
        let expectation = match rule.expect {
            Expect::Skip => return Ruling::Skip { rule: *position },
            Expect::Pass => Expectation::Pass,
            Expect::Fail => {
                Expectation::Fail { reason: rule.reason.clone(), issue: rule.issue.clone(), until: rule.until.clone() }
            }
        };
        Ruling::Expect { expectation, rule: Some(*position) }
    }

    /// Whether the suite at this position runs in the cell, as far as is known.
    pub fn suite(&self, suite: usize, coords: &[usize]) -> Match {
        self.suites[suite].matches(coords)
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

/// A value's position on an axis and the version it stands for, on both axes that have versions.
type Key = [Option<(usize, Option<Version>)>; 2];

struct Judge<'s> {
    spec: &'s Spec,
    /// What values stood for elsewhere on this platform, for entries that prove nothing themselves; `None` where they
    /// stood for more than one version, of which either would be a guess.
    seen: BTreeMap<(AxisName, ValueName), Option<Version>>,
    rulings: HashMap<Key, Rulings<'s>>,
}

impl<'s> Judge<'s> {
    fn new(spec: &'s Spec, file: &EvidenceFile) -> Self {
        let mut seen: BTreeMap<_, Option<Version>> = BTreeMap::new();
        for entry in file.entries() {
            for (axis, version) in [("rust", rust_version(entry)), ("sqlite", sqlite_version(entry))] {
                let axis = AxisName::new(axis).ok();
                let value = axis.as_ref().and_then(|axis| entry.cell.value(axis.as_str()).cloned());
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
        let cell = space.find(&entry.cell);
        let suite = self.spec.suites.iter().position(|suite| suite.name == entry.suite);
        let (Some(cell), Some(suite)) = (cell, suite) else {
            judgement.foreign += 1;
            return;
        };
        let coords = space.coords(cell);
        let rust = rust_version(entry).or_else(|| self.fallback("rust", entry));
        let sqlite = sqlite_version(entry).or_else(|| self.fallback("sqlite", entry));
        let rulings = self.rulings(&coords, cell, &rust, &sqlite);
        if rulings.suite(suite, &coords) == Match::No {
            judgement.foreign += 1;
            return;
        }
        match rulings.of(&coords) {
            Ruling::Skip { .. } => judgement.excluded += 1,
            Ruling::Expect { expectation, rule } => judgement.judged.push(Judged {
                platform,
                entry,
                cell,
                verdict: judge(entry.outcome, &expectation, entry.attempts),
                expectation,
                rule,
                rust,
                sqlite,
            }),
        }
    }

    fn fallback(&self, axis: &str, entry: &Entry) -> Option<Version> {
        let value = entry.cell.value(axis)?;
        let seen = self.seen.get(&(AxisName::new(axis).ok()?, value.clone()));
        seen.cloned().flatten().or_else(|| partial_version(value.as_str()))
    }

    fn rulings(
        &mut self,
        coords: &[usize],
        cell: CellIndex,
        rust: &Option<Version>,
        sqlite: &Option<Version>,
    ) -> &Rulings<'s> {
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
            Rulings::new(spec, &versions, None)
        })
    }
}

fn rust_version(entry: &Entry) -> Option<Version> {
    Version::parse(&entry.build.as_ref()?.release).ok()
}

/// SQLite's own spelling, which had four parts before 3.9.
fn sqlite_version(entry: &Entry) -> Option<Version> {
    let text = &entry.sqlite.as_ref()?.version;
    let three: Vec<&str> = text.split('.').take(3).collect();
    partial_version(&three.join("."))
}
