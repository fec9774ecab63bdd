//! From merged records to what the renderers take: a matrix of each platform over all of its plan.

use std::collections::{BTreeSet, HashMap};

use compatrix_ci::compare::{compare, Change};
use compatrix_ci::merge::{Merged, MergedPlatform, MergedResult};
use compatrix_ci::{may_fail, CiPlan, Committed};
use compatrix_engine::leak::policy;
use compatrix_engine::sys::error::Error;
use compatrix_leak::{Policy, Usage};
use compatrix_model::cell::{CellIndex, Finder};
use compatrix_model::claims::judge_evidence;
use compatrix_model::evidence::{leak_usage, Record};
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::expect::Expectations;
use compatrix_model::matrix_spec::JobCommand;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::outcome::Outcome;
use compatrix_model::verdict::{Expectation, Verdict};
use compatrix_render::matrix::{Matrix, Row, Totals};
use compatrix_render::merged::{Changed, Difference, Lost, Platform, Together};

use crate::cli::command_name;
use crate::workspace::Opened;

/// How many artifacts of a note are named.
const MAX_NAMED: usize = 3;

/// What the renderers' input is made from.
pub(super) struct Making<'a> {
    pub(super) opened: &'a Opened,
    pub(super) committed: &'a Committed,
    pub(super) plan: &'a CiPlan,
    pub(super) merged: &'a Merged,
    /// Whether rows are to have their proofs.
    pub(super) whole_records: bool,
}

/// What is known of a planned suite in a cell: its result, or why there is none.
enum Known<'a> {
    Result(&'a MergedResult),
    Untried(&'a str),
}

impl Making<'_> {
    /// All of it but the difference and GitHub's needs.
    pub(super) fn together(&self) -> Result<Together, Error> {
        let policy = match self.plan.work {
            JobCommand::Compat => None,
            JobCommand::LeakCheck => Some(policy::load(&self.opened.root)?),
        };
        let lost = |platform: &MergedPlatform| -> Vec<Lost> {
            let of = platform.missing.iter().map(|missing| Lost {
                job: missing.job.clone(),
                platform: platform.platform.clone(),
                missing: missing.cells.len(),
                of: missing.of,
            });
            of.collect()
        };
        Ok(Together {
            event: self.plan.event,
            work: self.plan.work,
            jobs: self.plan.jobs().count(),
            platforms: self.merged.platforms.iter().map(|platform| self.platform(platform, policy.as_ref())).collect(),
            lost: self.merged.platforms.iter().flat_map(lost).collect(),
            not_done: Vec::new(),
            difference: Difference::NotAsked,
            notes: self.notes(),
            denied: false,
        })
    }

    fn platform(&self, platform: &MergedPlatform, policy: Option<&Policy>) -> Platform {
        let spec = &self.opened.parsed.spec;
        let mut versions = self.committed.versions.clone();
        for bundle in self.merged.bundles() {
            versions.extend(bundle.versions(&spec.space, &platform.platform));
        }
        let expectations = Expectations::new(spec, &versions, Some(&self.opened.today));
        // What is known of each cell comes first, in order; rows are many times larger, and made once, in place.
        let missing = platform.missing.iter().flat_map(|missing| &missing.cells);
        let untried = self.plan.untried.iter().filter(|untried| untried.platform == platform.platform);
        let known = platform.results.iter().map(|result| (result.suite, result.cell, Known::Result(result)));
        let mut known: Vec<(usize, CellIndex, Known<'_>)> = known
            .chain(missing.map(|&(suite, cell)| (suite, cell, Known::Untried("planned, and no evidence of it came"))))
            .chain(untried.map(|other| (other.suite, other.cell, Known::Untried(&other.reason))))
            .collect();
        known.sort_by_key(|(suite, cell, _)| (*suite, *cell));
        let may_fail = may_fail(spec, self.committed);
        let mut excused = Vec::with_capacity(known.len());
        let mut rows = Vec::with_capacity(known.len());
        let mut runs = 0;
        for (suite, cell, known) in known {
            let coords = spec.space.coords(cell);
            excused.push(may_fail(&coords));
            let row = match known {
                Known::Untried(why) => Row::untried(&spec.suites[suite].name, spec.space.id(cell), why),
                Known::Result(result) => {
                    let row = self.row(suite, result, expectations.of(&coords), policy);
                    runs += usize::from(row.outcome != Some(Outcome::Unavailable));
                    row
                }
            };
            rows.push(row.under(spec.suites[suite].leak().map(|leak| leak.tool)));
        }
        let jobs = self.plan.jobs().filter(|(group, _)| group.platform == platform.platform);
        let lost =
            |id: &str| platform.missing.iter().any(|missing| missing.job == id && missing.cells.len() == missing.of);
        let builds = jobs.filter(|(_, job)| !lost(&job.id)).map(|(_, job)| job.builds.len()).sum();
        let records: Vec<&Record> = match policy {
            Some(_) => rows.iter().filter_map(|row| row.record.as_ref()).collect(),
            None => Vec::new(),
        };
        // The event's plan is a part of the spec's, so that what was not found may be elsewhere.
        let usage =
            policy.map_or_else(Usage::default, |policy| leak_usage(policy, &records, false, &self.opened.today));
        let totals = Totals { elapsed_ms: None, builds, runs, reused: 0 };
        let repro = format!("{} repro", command_name());
        let matrix = Matrix::new(spec.space.clone(), rows, totals, repro);
        Platform { name: platform.platform.clone(), matrix, excused, usage }
    }

    fn row(&self, suite: usize, result: &MergedResult, expectation: Expectation, policy: Option<&Policy>) -> Row {
        let whole = policy.is_some() || self.whole_records;
        let mut record = if whole { self.merged.whole(result) } else { self.merged.brief(result) };
        if let (Some(policy), Some(settings)) = (policy, self.opened.parsed.spec.suites[suite].leak()) {
            record.judge_leaks(policy, settings, &self.opened.today);
        }
        let mut row = Row::from_record(record, expectation, false);
        if !whole && row.verdict == Verdict::Ok {
            // Nothing more is told of it, and there may be tens of thousands.
            row.record = None;
        }
        row
    }

    fn notes(&self) -> Vec<String> {
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
        let dirty = self.merged.dirty.iter().map(String::as_str).collect();
        let tell = "of packages with changes that are not committed; so will the evidence";
        note(dirty, &format!("tells {tell}"), &format!("tell {tell}"));
        let repeated = self.merged.repeated.iter().map(|(file, _)| file.as_str()).collect();
        let have = "records that others have, too, or of an earlier attempt; each cell counts once";
        note(repeated, &format!("has {have}"), &format!("have {have}"));
        notes
    }
}

/// One matrix of the rows of all platforms.
pub(super) fn all_platforms(together: &Together) -> (Matrix, Usage) {
    let mut all = together.platforms.iter();
    let Some(first) = all.next() else {
        return (Matrix::new(Default::default(), Vec::new(), Totals::default(), ""), Usage::default());
    };
    let mut matrix = first.matrix.clone();
    matrix.rows.extend(all.flat_map(|platform| platform.matrix.rows.iter().cloned()));
    (matrix, first.usage.clone())
}

/// What changed since the evidence of a revision, judged by today's rules: a difference of results, not of rules.
pub(super) fn difference(spec: &Spec, rev: &str, old: &[EvidenceFile], platforms: &[Platform]) -> Difference {
    let judgement = judge_evidence(spec, old);
    let mut known: HashMap<(&str, &str, CellIndex), Verdict> = HashMap::new();
    for judged in judgement.judged.iter().chain(&judgement.leaks) {
        known.insert((judged.platform, &judged.entry.suite, judged.cell), judged.verdict);
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
                change => changes.push(Changed {
                    change,
                    platform: platform.name.clone(),
                    suite: row.suite.clone(),
                    cell: row.cell.clone(),
                    why: if row.verdict == Verdict::Ok { String::new() } else { row.why() },
                }),
            }
        }
    }
    // What another event's plan has is not gone; what the spec does not have is.
    let suites: BTreeSet<&str> = spec.suites.iter().map(|suite| suite.name.as_str()).collect();
    for file in old.iter().filter(|file| platforms.iter().any(|platform| platform.name == file.platform())) {
        for entry in file.entries() {
            if !suites.contains(entry.suite.as_str()) || spec.space.find(&entry.cell).is_none() {
                changes.push(Changed {
                    change: Change::Removed,
                    platform: file.platform().to_owned(),
                    suite: entry.suite.clone(),
                    cell: entry.cell.clone(),
                    why: "the spec does not have it any more".to_owned(),
                });
            }
        }
    }
    Difference::Since { rev: rev.to_owned(), changes, unchanged }
}
