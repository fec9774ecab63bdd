//! Expectations from rules, and verdicts for evidence.

use std::collections::{BTreeMap, HashMap};

use semver::Version;

use super::{Against, Judged, Judgement, Stale};
use crate::axis::{AxisKind, AxisName, ValueName};
use crate::cell::CellIndex;
use crate::condition::{partial_version, Match, Matcher, Versions};
use crate::evidence::Record;
use crate::evidence_file::{Entry, EvidenceFile};
use crate::expect::Expectations;
use crate::lockset;
use crate::matrix_spec::{Expect, RunBy, Spec};
use crate::meaning::Meanings;
use crate::promised::AMBIENT_TOOLCHAIN;
use crate::today::Today;
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
/// `sqlite <3.38` is decided by the SQLite that really ran. What is of other sources than the newest evidence is stale.
pub fn judge_evidence<'a>(spec: &Spec, files: &'a [EvidenceFile]) -> Judgement<'a> {
    judge_all(spec, files, &Against::newest(spec, files))
}

/// The same against the work tree: what is of other sources, dependency versions or fixtures than today's is stale.
pub fn judge_against<'a>(spec: &Spec, files: &'a [EvidenceFile], today: &Today) -> Judgement<'a> {
    judge_all(spec, files, &Against::Today(today))
}

fn judge_all<'a>(spec: &Spec, files: &'a [EvidenceFile], against: &Against<'_>) -> Judgement<'a> {
    let meanings = Meanings::new(spec);
    let mut judgement = Judgement::default();
    for file in files {
        let mut judge = Judge::new(spec, &meanings, file);
        for entry in file.entries() {
            judge.entry((file.platform(), entry), against, &mut judgement);
        }
    }
    judgement
}

/// The file with the meaning that each of its entries has by the spec, for evidence that is recorded now.
pub fn with_meanings(spec: &Spec, mut file: EvidenceFile) -> EvidenceFile {
    let meanings = Meanings::new(spec);
    let mut judge = Judge::new(spec, &meanings, &file);
    file.change(|entry| {
        entry.meaning = judge.place(entry).map(|place| {
            let expectation = judge.rulings(&place).expectations.of(&place.coords);
            meanings.of(place.suite, &place.coords, &judge.versions(&place), &expectation)
        });
    });
    file
}

/// Position and version of a value, for the two axes with versions.
type Key = [Option<(usize, Option<Version>)>; 2];

struct Judge<'s> {
    spec: &'s Spec,
    meanings: &'s Meanings<'s>,
    /// The versions of values elsewhere on this platform, for entries without a proof; `None` if they resolved to several
    /// versions, because choosing one would be a guess.
    seen: BTreeMap<(AxisName, ValueName), Option<Version>>,
    rulings: HashMap<Key, Rulings>,
}

impl<'s> Judge<'s> {
    fn new(spec: &'s Spec, meanings: &'s Meanings<'s>, file: &EvidenceFile) -> Self {
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
        Self { spec, meanings, seen, rulings: HashMap::new() }
    }

    /// Where an entry stands in the spec, and which versions it ran with; `None` if the spec does not have its cell or
    /// suite.
    fn place(&self, entry: &Entry) -> Option<Place> {
        let space = &self.spec.space;
        let record = &entry.record;
        let cell = space.find(&record.cell)?;
        let suite = self.spec.suites.iter().position(|suite| suite.name == record.suite)?;
        let rust = rust_version(record).or_else(|| self.fallback("rust", record));
        let sqlite = sqlite_version(record).or_else(|| self.fallback("sqlite", record));
        Some(Place { suite, cell, coords: space.coords(cell), rust, sqlite })
    }

    fn entry<'a>(
        &mut self,
        (platform, entry): (&'a str, &'a Entry),
        against: &Against<'_>,
        judgement: &mut Judgement<'a>,
    ) {
        let Some(place) = self.place(entry) else {
            judgement.foreign += 1;
            return;
        };
        let rulings = self.rulings(&place);
        if !rulings.runs(place.suite, &place.coords) {
            judgement.foreign += 1;
        } else if let Some(expectation) = rulings.of(place.suite, &place.coords) {
            let stale = self.stale(entry, &place, &expectation, against);
            let verdict = judge_record(&entry.record, &expectation);
            let Place { suite, cell, coords: _, rust, sqlite } = place;
            let judged = Judged { platform, entry, cell, verdict, stale, expectation, rust, sqlite };
            match self.spec.suites[suite].run_by() {
                RunBy::LeakCheck => judgement.leaks.push(judged),
                RunBy::Compat => judgement.judged.push(judged),
                // Its evidence is of two builds, and has files of its own.
                RunBy::Bench => judgement.foreign += 1,
            }
        } else {
            judgement.excluded += 1;
        }
    }

    /// Why an entry no longer counts.
    fn stale(&self, entry: &Entry, place: &Place, expectation: &Expectation, against: &Against<'_>) -> Option<Stale> {
        entry.record.proof.as_ref()?;
        let (space, locks) = (&self.spec.space, &self.spec.locks);
        let versions = self.versions(place);
        let of_today =
            |today: &Today, source: &_| today.has(&lockset::of_cell(locks, space, &place.coords, &versions), source);
        against.stale(entry, of_today).or_else(|| {
            let Some(meaning) = &entry.meaning else { return Some(Stale::Format) };
            let today = self.meanings.of(place.suite, &place.coords, &versions, expectation);
            let changed = meaning.changed(&today, &entry.record.suite, &entry.record.cell);
            (!changed.is_empty()).then_some(Stale::Meaning(changed))
        })
    }

    fn fallback(&self, axis: &str, record: &Record) -> Option<Version> {
        let value = record.cell.value(axis)?;
        let seen = self.seen.get(&(AxisName::new(axis).ok()?, value.clone()));
        seen.cloned().flatten().or_else(|| partial_version(value.as_str()))
    }

    fn rulings(&mut self, place: &Place) -> &Rulings {
        let axes = self.axes(place);
        let key: Key = axes.map(|(axis, version)| axis.map(|axis| (place.coords[axis], version.clone())));
        if !self.rulings.contains_key(&key) {
            let rulings = Rulings::new(self.spec, &self.versions(place));
            self.rulings.insert(key.clone(), rulings);
        }
        &self.rulings[&key]
    }

    /// The two axes with versions, and those of an entry.
    fn axes<'p>(&self, place: &'p Place) -> [(Option<usize>, &'p Option<Version>); 2] {
        let at = |kind: AxisKind| self.spec.space.axis_of(&kind).map(|(n, _)| n);
        [(at(AxisKind::Rust), &place.rust), (at(AxisKind::Sqlite), &place.sqlite)]
    }

    /// The versions that the values of an entry's cell stand for.
    fn versions(&self, place: &Place) -> Versions {
        let mut versions = Versions::new();
        for (axis, version) in self.axes(place) {
            if let (Some(axis), Some(version)) = (axis, version) {
                let name = self.spec.space.axes()[axis].name.clone();
                versions.insert((name, self.spec.space.value(place.cell, axis).name.clone()), version.clone());
            }
        }
        // Without an axis, packages are promised for the version of the toolchain on PATH.
        if let ((None, Some(version)), Ok(rust), Ok(value)) =
            (self.axes(place)[0], AxisName::new("rust"), ValueName::new(AMBIENT_TOOLCHAIN))
        {
            versions.insert((rust, value), version.clone());
        }
        versions
    }
}

/// Where an entry stands in the spec.
struct Place {
    suite: usize,
    cell: CellIndex,
    coords: Vec<usize>,
    rust: Option<Version>,
    sqlite: Option<Version>,
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
