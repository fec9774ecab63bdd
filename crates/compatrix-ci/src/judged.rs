//! Judges merged records: one matrix per platform for its whole plan, and the difference from earlier evidence.

use std::collections::{BTreeSet, HashMap};

use compatrix_leak::{Policy, Usage};
use compatrix_model::cell::{CellIndex, Finder};
use compatrix_model::claims::judge_evidence;
use compatrix_model::evidence::leak_usage;
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::matrix_spec::{JobCommand, Spec};
use compatrix_model::outcome::Outcome;
use compatrix_model::results::compare::{compare, Change};
use compatrix_model::results::intake::Judge;
use compatrix_model::results::matrix::{Matrix, Totals};
use compatrix_model::results::merged::{ChangedCell, Difference, LostJob, MergedMatrix, PlatformMatrix};
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;

use crate::merge::{Merged, MergedPlatform, MergedResult, Refusal};
use crate::{may_fail, CiPlan, Committed};

/// The most artifacts named in a note.
const MAX_NAMED: usize = 3;

/// The inputs for judging merged records.
#[derive(Debug, Clone, Copy)]
pub struct Judging<'a> {
    /// Its rules and suites.
    pub spec: &'a Spec,
    /// The committed inputs of the plan.
    pub committed: &'a Committed,
    /// The plan of the jobs.
    pub plan: &'a CiPlan,
    /// The policy for judging findings.
    pub policy: &'a Policy,
    /// Today, `YYYY-MM-DD`.
    pub today: &'a str,
    /// The command that reproduces a cell, given its id.
    pub repro: &'a str,
    /// Whether rows need their proofs.
    pub whole_records: bool,
}

/// A planned suite in a cell: its result, or why there is none.
enum Known<'a> {
    Result(&'a MergedResult),
    Untried(&'a str),
}

impl Judging<'_> {
    /// Judges each planned cell. The caller adds GitHub's job results, the difference, and whether untried cells count.
    pub fn judged(&self, merged: &Merged) -> MergedMatrix {
        let lost = merged.platforms.iter().flat_map(|platform| {
            let may_fail = self.spec.only_tries(&platform.platform);
            platform.missing.iter().map(move |missing| LostJob {
                job: missing.job.clone(),
                platform: platform.platform.clone(),
                missing: missing.cells.len(),
                of: missing.of,
                may_fail,
            })
        });
        MergedMatrix {
            event: self.plan.event,
            work: self.plan.work,
            jobs: self.plan.jobs().count(),
            platforms: merged.platforms.iter().map(|platform| self.platform(merged, platform)).collect(),
            lost: lost.collect(),
            not_done: Vec::new(),
            difference: Difference::NotAsked,
            notes: self.idle(merged).into_iter().chain(notes(merged)).collect(),
            denied: false,
        }
    }

    /// That nothing counts, if so.
    fn idle(&self, merged: &Merged) -> Option<String> {
        let mut platforms = merged.platforms.iter();
        let all = platforms.len() > 0 && platforms.all(|platform| self.spec.only_tries(&platform.platform));
        all.then(|| "every platform of this event may fail: its verdict proves nothing".to_owned())
    }

    fn platform(&self, merged: &Merged, platform: &MergedPlatform) -> PlatformMatrix {
        let spec = self.spec;
        let mut versions = self.committed.versions.clone();
        for bundle in merged.bundles() {
            versions.extend(bundle.versions(&spec.space, &platform.platform));
        }
        let judge = Judge::new(spec, &versions, self.policy, self.today);
        // Collect references in order first, because rows are much larger and should be built once, in place.
        let missing = platform.missing.iter().flat_map(|missing| &missing.cells);
        let untried = self.plan.untried.iter().filter(|untried| untried.platform == platform.platform);
        let known = platform.results.iter().map(|result| (result.suite, result.cell, Known::Result(result)));
        let mut known: Vec<(usize, CellIndex, Known<'_>)> = known
            .chain(missing.map(|&(suite, cell)| (suite, cell, Known::Untried("planned, but no evidence arrived"))))
            .chain(untried.map(|other| (other.suite, other.cell, Known::Untried(&other.reason))))
            .collect();
        known.sort_by_key(|(suite, cell, _)| (*suite, *cell));
        let may_fail = may_fail(spec, self.committed, &platform.platform);
        let excused = known.iter().map(|(_, cell, _)| may_fail(&spec.space.coords(*cell))).collect();
        let row = |(suite, cell, known)| match known {
            Known::Untried(why) => judge.untried(suite, cell, why),
            Known::Result(result) => self.row(&judge, merged, result),
        };
        let rows: Vec<Row> = known.into_iter().map(row).collect();
        let tried = |row: &&Row| {
            row.outcome().is_some_and(|outcome| !matches!(outcome, Outcome::Unavailable | Outcome::NotPromised))
        };
        let jobs = self.plan.jobs().filter(|(group, _)| group.platform == platform.platform);
        let lost =
            |id: &str| platform.missing.iter().any(|missing| missing.job == id && missing.cells.len() == missing.of);
        let builds = jobs.filter(|(_, job)| !lost(&job.id)).map(|(_, job)| job.builds.len()).sum();
        let totals = Totals { elapsed_ms: None, builds, runs: rows.iter().filter(tried).count(), reused: 0 };
        let matrix = Matrix::new(spec.space.clone(), rows, totals, self.repro);
        // The event's plan is only a part of the spec's, so a missing finding may be in another part.
        let usage = match self.plan.work {
            JobCommand::Compat => Usage::default(),
            JobCommand::LeakCheck => leak_usage(self.policy, &matrix.records().collect::<Vec<_>>(), false, self.today),
        };
        PlatformMatrix { name: platform.platform.clone(), matrix, excused, usage }
    }

    fn row(&self, judge: &Judge<'_>, merged: &Merged, result: &MergedResult) -> Row {
        // The policy needs the proof for the Rust that built the executables, and notes are made from it.
        if self.whole_records || self.plan.work == JobCommand::LeakCheck || merged.differs(result) {
            judge.row(result.suite, result.cell, merged.whole(result), false)
        } else {
            judge.row(result.suite, result.cell, merged.brief(result), false).in_brief()
        }
    }
}

fn notes(merged: &Merged) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |files: Vec<&str>, one: &str, many: &str| {
        let more = files.len().saturating_sub(MAX_NAMED);
        let named = files.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
        match files.len() {
            0 => {}
            1 => notes.push(format!("{named} {one}")),
            n if n > MAX_NAMED => notes.push(format!("{named} and {more} more {many}")),
            _ => notes.push(format!("{named} {many}")),
        }
    };
    let dirty = merged.dirty.iter().map(String::as_str).collect();
    let from = "records of packages with uncommitted changes; the evidence will say so";
    note(dirty, &format!("has {from}"), &format!("have {from}"));
    let repeated = merged.repeated.iter().map(|(file, _)| file.as_str()).collect();
    let have = "records that are in other files too, or of an earlier attempt; each cell counts once";
    note(repeated, &format!("has {have}"), &format!("have {have}"));
    let lost = |refusal: &Refusal| format!("{refusal}; its platform may fail, so that it counts as lost");
    notes.extend(merged.lost.iter().map(lost));
    notes
}

/// The changes since the evidence of a revision. Both sides are judged by today's rules, so only results can differ.
pub fn difference(spec: &Spec, rev: &str, old: &[EvidenceFile], platforms: &[PlatformMatrix]) -> Difference {
    let judgement = judge_evidence(spec, old);
    let mut known: HashMap<(&str, &str, CellIndex), Verdict> = HashMap::new();
    for judged in judgement.judged.iter().chain(&judgement.leaks) {
        known.insert((judged.platform, &judged.entry.record.suite, judged.cell), judged.verdict);
    }
    let mut changes = Vec::new();
    let mut unchanged = 0;
    let mut finder = Finder::new(&spec.space);
    for platform in platforms {
        for row in &platform.matrix.rows {
            let Some(cell) = finder.coords(&row.cell).map(|coords| spec.space.index(coords)) else { continue };
            let before = known.get(&(platform.name.as_str(), row.suite.as_str(), cell)).copied();
            match compare(before, Some(row.verdict)) {
                Change::Unchanged => unchanged += 1,
                change => {
                    changes.push(ChangedCell { change, platform: platform.name.clone(), row: row.clone() });
                }
            }
        }
    }
    // A cell of another event's plan is not gone; one that the spec lacks is.
    let suites: BTreeSet<&str> = spec.suites.iter().map(|suite| suite.name.as_str()).collect();
    for file in old.iter().filter(|file| platforms.iter().any(|platform| platform.name == file.platform())) {
        for record in file.entries().map(|entry| &entry.record) {
            if !suites.contains(record.suite.as_str()) || spec.space.find(&record.cell).is_none() {
                let why = "the spec no longer has it";
                let row = Row::untried(&record.suite, record.cell.clone(), why);
                changes.push(ChangedCell { change: Change::Removed, platform: file.platform().to_owned(), row });
            }
        }
    }
    Difference::Since { rev: rev.to_owned(), changes, unchanged }
}
