//! The evidence of each leak suite, summed over cells and platforms.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_leak::{FindingKind, Tool};
use compatrix_model::claims::{judge_evidence, Judged, Judgement};
use compatrix_model::evidence_file::{EvidenceFile, FindingEvidence};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::verdict::Verdict;

/// The leak suites, in the spec's order.
pub(crate) struct Facts<'a> {
    pub(super) suites: Vec<Suite<'a>>,
}

/// The results of one suite over all cells and platforms.
pub(crate) struct Suite<'a> {
    pub(super) name: &'a str,
    pub(super) tool: Tool,
    /// The sum over all platforms.
    pub(super) ran: Ran,
    pub(super) platforms: BTreeMap<String, Ran>,
    /// Distinct accounts of how the tool handled its canaries.
    pub(super) canaries: BTreeSet<String>,
    /// Findings that fail the suite.
    pub(super) errors: Vec<Found>,
    /// Findings that the baseline accepts.
    pub(super) accepted: Vec<Found>,
    /// The number of findings beyond those that the evidence keeps.
    pub(super) left_out: usize,
    pub(super) noted: BTreeMap<FindingKind, usize>,
    /// Counts by suppression and its reason.
    pub(super) suppressed: BTreeMap<(String, String), usize>,
    /// Tests that the tool cannot run, by reason.
    pub(super) not_runnable: BTreeMap<String, usize>,
    /// Stale results, by reason; they count nowhere else.
    pub(super) stale: BTreeMap<String, usize>,
    /// Cells in which nothing ran, by reason.
    pub(super) untried: BTreeMap<String, usize>,
    /// Cells that failed for a reason other than a finding, by that reason and the failing tests.
    pub(super) failing: BTreeMap<(String, Vec<String>), usize>,
}

#[derive(Default)]
pub(crate) struct Ran {
    pub(super) versions: BTreeSet<String>,
    pub(super) releases: BTreeSet<String>,
    pub(super) sqlites: BTreeSet<String>,
    pub(super) cells: usize,
    pub(super) tests: usize,
    pub(super) not_run: usize,
}

/// A distinct finding and the number of cells that have it.
pub(crate) struct Found {
    pub(super) finding: FindingEvidence,
    pub(super) cells: usize,
}

impl<'a> Facts<'a> {
    pub(super) fn new(spec: &'a Spec, files: &[EvidenceFile]) -> Self {
        Self::of(spec, &judge_evidence(spec, files))
    }

    pub(super) fn of(spec: &'a Spec, judgement: &Judgement<'_>) -> Self {
        let suites = spec.suites.iter().filter_map(|suite| {
            let tool = suite.leak()?.tool;
            let mine = judgement.leaks.iter().filter(|judged| judged.entry.record.suite == suite.name);
            Some(Suite::of(&suite.name, tool, mine))
        });
        Self { suites: suites.collect() }
    }

    /// Whether any suite ran with SQLite.
    pub(super) fn uses_sqlite(&self) -> bool {
        self.suites.iter().any(|suite| suite.platforms.values().any(|ran| !ran.sqlites.is_empty()))
    }
}

impl<'a> Suite<'a> {
    fn of<'j, 'e: 'j>(name: &'a str, tool: Tool, entries: impl Iterator<Item = &'j Judged<'e>>) -> Self {
        let mut suite = Suite {
            name,
            tool,
            ran: Ran::default(),
            platforms: BTreeMap::new(),
            canaries: BTreeSet::new(),
            errors: Vec::new(),
            accepted: Vec::new(),
            left_out: 0,
            noted: BTreeMap::new(),
            suppressed: BTreeMap::new(),
            not_runnable: BTreeMap::new(),
            stale: BTreeMap::new(),
            untried: BTreeMap::new(),
            failing: BTreeMap::new(),
        };
        for judged in entries {
            suite.add(judged);
        }
        for list in [&mut suite.errors, &mut suite.accepted] {
            list.sort_by(|a, b| a.finding.cmp(&b.finding));
        }
        suite
    }

    fn add(&mut self, judged: &Judged<'_>) {
        let record = &judged.entry.record;
        if let Some(stale) = &judged.stale {
            *self.stale.entry(stale.to_string()).or_default() += 1;
            return;
        }
        let failing: Vec<String> = record.failures.iter().map(|failure| failure.test.clone()).collect();
        let Some(leaks) = &judged.entry.leaks else {
            if matches!(judged.verdict, Verdict::Unproven | Verdict::NotPromised | Verdict::Error) {
                *self.untried.entry(record.cause.clone()).or_default() += 1;
            } else {
                let cause = if record.cause.is_empty() { record.outcome.to_string() } else { record.cause.clone() };
                *self.failing.entry((cause, failing)).or_default() += 1;
            }
            return;
        };
        let here = self.platforms.entry(judged.platform.to_owned()).or_default();
        for ran in [here, &mut self.ran] {
            ran.versions.insert(leaks.version.clone());
            ran.releases.extend(judged.proof().map(|proof| proof.toolchain.release.clone()));
            ran.sqlites.extend(judged.proof().and_then(|proof| Some(proof.sqlite.as_ref()?.version.clone())));
            ran.cells += 1;
            ran.tests += leaks.ran as usize;
            ran.not_run += leaks.not_run() as usize;
        }
        self.canaries.insert(leaks.canary.clone());
        for finding in &leaks.findings {
            let list = if finding.is_error() { &mut self.errors } else { &mut self.accepted };
            match list.iter_mut().find(|found| same(&found.finding, finding)) {
                Some(found) => found.cells += 1,
                None => list.push(Found { finding: finding.clone(), cells: 1 }),
            }
        }
        self.left_out += leaks.left_out as usize;
        for (kind, n) in &leaks.noted {
            *self.noted.entry(*kind).or_default() += *n as usize;
        }
        for (by, reason, n) in &leaks.suppressed {
            *self.suppressed.entry((by.clone(), reason.clone())).or_default() += *n as usize;
        }
        for (reason, n) in &leaks.not_runnable {
            *self.not_runnable.entry(reason.clone()).or_default() += *n as usize;
        }
        if !failing.is_empty() {
            *self.failing.entry((record.cause.clone(), failing)).or_default() += 1;
        }
    }

    pub(super) fn is_tried(&self) -> bool {
        self.ran.cells > 0
    }

    pub(super) fn not_run(&self) -> usize {
        self.ran.not_run
    }
}

/// Whether findings from two cells are the same; bytes and lines may differ.
fn same(a: &FindingEvidence, b: &FindingEvidence) -> bool {
    a.fingerprint == b.fingerprint && a.baseline == b.baseline
}
