//! Merges the artifacts of many jobs: which record counts for each planned cell, what is missing, what is refused.
//!
//! Laws: order, duplicates and merging a merged file again do not change a byte of the result. If anything is wrong, all
//! problems of all artifacts are reported at once, and nothing is merged.

mod refusal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::artifact::{ArtifactError, Bundle, Header, RecordLine, Writer};
use compatrix_model::cell::CellIndex;
use compatrix_model::evidence::{Contradiction, Record};
use compatrix_model::hash::Sha256;
use compatrix_model::outcome::Outcome;

pub use refusal::{Expected, Refusal, Why};

/// A file's display name and its parsed contents.
pub type File = (String, Result<Bundle, ArtifactError>);

/// A record's position: file, part, index.
type At = (usize, usize, usize);

/// A planned suite in a cell of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Slot {
    /// Index into the plan's platforms.
    platform: usize,
    suite: usize,
    cell: CellIndex,
}

/// The result of merging.
#[derive(Debug, Clone)]
pub struct Merged {
    /// In the order of the plan.
    pub platforms: Vec<MergedPlatform>,
    /// Artifacts with redundant records (duplicates, or of an earlier attempt), and how many.
    pub repeated: Vec<(String, usize)>,
    /// Artifacts recorded while the packages' files differed from the commit.
    pub dirty: Vec<String>,
    /// Artifacts of platforms that are only tried, made from other sources: they count as lost.
    pub lost: Vec<Refusal>,
    /// Sorted by name.
    files: Vec<(String, Bundle)>,
}

/// The merged results of one platform.
#[derive(Debug, Clone)]
pub struct MergedPlatform {
    /// Its name: `linux-x86_64`.
    pub platform: String,
    /// The record that counts for each suite and cell, in their order.
    pub results: Vec<MergedResult>,
    /// Planned cells without a record, by job.
    pub missing: Vec<Missing>,
}

/// A reference to a record of [`Merged`].
#[derive(Debug, Clone, Copy)]
pub struct MergedResult {
    /// Index into the spec's suites.
    pub suite: usize,
    /// Index into the spec's space.
    pub cell: CellIndex,
    at: At,
}

/// Planned cells of a job without a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The job's id.
    pub job: String,
    /// The total number of the job's suites in cells.
    pub of: usize,
    /// The missing ones: index of the suite, and cell.
    pub cells: Vec<(usize, CellIndex)>,
}

/// Merges artifacts.
///
/// # Errors
/// All reasons to refuse artifacts, by file.
pub fn merge(files: Vec<File>, expected: &Expected<'_>) -> Result<Merged, Vec<Refusal>> {
    let mut files = files;
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let platforms = expected.plan.platforms();
    let mut refusals = Vec::new();
    let mut read: Vec<(String, Bundle)> = Vec::new();
    for (file, bundle) in files {
        match bundle {
            Ok(bundle) => read.push((file, bundle)),
            Err(error) => refusals.push(Refusal { file, why: Why::Unreadable(error) }),
        }
    }
    let mut merging = Merging::new(expected, &platforms, &read);
    for file in 0..read.len() {
        refusals.extend(merging.file(file));
    }
    refusals.extend(merging.contradictions());
    if !refusals.is_empty() {
        refusals.sort_by(|a, b| a.file.cmp(&b.file));
        return Err(refusals);
    }
    let Merging { winners, repeated, lost, .. } = merging;
    let named = |(file, count): (usize, usize)| (read[file].0.clone(), count);
    let dirty = |(_, bundle): &&(String, Bundle)| bundle.headers.iter().any(|header| header.dirty);
    Ok(Merged {
        platforms: by_platform(expected, &platforms, &winners),
        repeated: repeated.into_iter().map(named).collect(),
        dirty: read.iter().filter(dirty).map(|(file, _)| file.clone()).collect(),
        lost,
        files: read,
    })
}

impl Merged {
    /// The record without its proof; cheap.
    pub fn brief(&self, result: &MergedResult) -> Record {
        self.files[result.at.0].1.brief(self.found(result))
    }

    /// The record with its proof.
    pub fn whole(&self, result: &MergedResult) -> Record {
        self.files[result.at.0].1.record(self.found(result))
    }

    /// Whether what was built differs from what the spec asked for, or leaves packages out.
    pub fn differs(&self, result: &MergedResult) -> bool {
        let (bundle, found) = (&self.files[result.at.0].1, self.found(result));
        bundle.differences(found).is_some_and(|differences| !differences.is_none()) || bundle.leaves_out(found)
    }

    /// Platform and source hash in the record's proof; `None` without a proof.
    pub fn origin(&self, result: &MergedResult) -> Option<(&str, Sha256)> {
        self.files[result.at.0].1.origin(self.found(result))
    }

    /// The contents of all files, sorted by name.
    pub fn bundles(&self) -> impl Iterator<Item = &Bundle> {
        self.files.iter().map(|(_, bundle)| bundle)
    }

    /// The number of records that count.
    pub fn len(&self) -> usize {
        self.platforms.iter().map(|platform| platform.results.len()).sum()
    }

    /// Whether no record counts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every planned cell has a record.
    pub fn is_complete(&self) -> bool {
        self.platforms.iter().all(|platform| platform.missing.is_empty())
    }

    /// The merged records as one artifact, with a part per job.
    pub fn to_text(&self) -> String {
        let mut parts: BTreeMap<&Header, Vec<&MergedResult>> = BTreeMap::new();
        for result in self.platforms.iter().flat_map(|platform| &platform.results) {
            let (file, part, _) = result.at;
            parts.entry(&self.files[file].1.headers[part]).or_default().push(result);
        }
        let mut writer = Writer::default();
        for (header, results) in parts {
            writer.part(header);
            results.into_iter().for_each(|result| writer.record(&self.whole(result)));
        }
        writer.finish()
    }

    fn found(&self, result: &MergedResult) -> &RecordLine {
        let (file, part, n) = result.at;
        &self.files[file].1.found[part][n]
    }
}

struct Merging<'a> {
    expected: &'a Expected<'a>,
    platforms: &'a [&'a str],
    read: &'a [(String, Bundle)],
    /// The job of each planned suite in a cell.
    planned: HashMap<Slot, &'a str>,
    /// The record that counts.
    winners: HashMap<Slot, At>,
    /// Records of the same attempt that contradict the winner.
    others: BTreeMap<Slot, Vec<At>>,
    repeated: BTreeMap<usize, usize>,
    lost: Vec<Refusal>,
}

impl<'a> Merging<'a> {
    fn new(expected: &'a Expected<'a>, platforms: &'a [&'a str], read: &'a [(String, Bundle)]) -> Self {
        let mut planned = HashMap::new();
        for (group, job) in expected.plan.jobs() {
            let platform = platforms.iter().position(|name| *name == group.platform).unwrap_or_default();
            planned.extend(job.cells.iter().map(|&(suite, cell)| (Slot { platform, suite, cell }, job.id.as_str())));
        }
        let winners = HashMap::with_capacity(planned.len());
        Self {
            expected,
            platforms,
            read,
            planned,
            winners,
            others: BTreeMap::new(),
            repeated: BTreeMap::new(),
            lost: Vec::new(),
        }
    }

    /// Adds a file; returns its problems.
    fn file(&mut self, file: usize) -> Vec<Refusal> {
        let (name, bundle) = &self.read[file];
        let places = bundle.places(&self.expected.spec.space);
        let suites = &self.expected.spec.suites;
        let suite_of = |name: &str| suites.iter().position(|suite| suite.name == name);
        let mut refusals = Vec::new();
        let mut refuse = |why: Why| refusals.push(Refusal { file: name.clone(), why });
        for (part, header) in bundle.headers.iter().enumerate() {
            let platform = match refusal::belongs(header, self.expected, self.platforms) {
                Ok(platform) => platform,
                // A checkout may change files (ends of lines), and what may fail must not take the verdict with it.
                Err(why @ Why::Sources { .. }) if self.expected.spec.only_tries(&header.platform) => {
                    self.lost.push(Refusal { file: name.clone(), why });
                    continue;
                }
                Err(why) => {
                    refuse(why);
                    continue;
                }
            };
            let mut wrong: [Vec<&RecordLine>; 4] = Default::default();
            let mut impossible: Vec<(&RecordLine, Contradiction)> = Vec::new();
            let mut seen: HashSet<Slot> = HashSet::new();
            for (n, found) in bundle.found[part].iter().enumerate() {
                let suite = suite_of(bundle.suite(found));
                let cell = bundle.cell(found, &self.expected.spec.space, &places);
                let slot = suite.zip(cell).map(|(suite, cell)| Slot { platform, suite, cell });
                let slot = slot.filter(|slot| {
                    self.planned.get(slot).is_some_and(|job| header.job.is_empty() || *job == header.job)
                });
                let kind = slot.map(|slot| &suites[slot.suite].kind);
                let stated = bundle.stated(found);
                let space = &self.expected.spec.space;
                let system = |slot: Slot| space.system(&space.coords(slot.cell)).map(|(_, system)| system);
                let of_system = || stated.of_another_system(system(slot?));
                if let Some(contradiction) = stated.contradiction(kind).or_else(of_system) {
                    // A pass without a proof has words of its own below.
                    if contradiction != Contradiction::PassedWithoutProof {
                        impossible.push((found, contradiction));
                        continue;
                    }
                }
                if slot.is_some_and(|slot| !seen.insert(slot)) {
                    wrong[3].push(found);
                    continue;
                }
                match (slot, bundle.origin(found)) {
                    (None, _) => wrong[0].push(found),
                    (Some(_), Some(origin))
                        if origin != (&header.platform, header.sources)
                            || stated.elsewhere(&header.platform).is_some() =>
                    {
                        wrong[1].push(found);
                    }
                    (Some(_), None) if found.outcome == Outcome::Passed => wrong[2].push(found),
                    (Some(slot), _) => self.take(slot, (file, part, n)),
                }
            }
            if let Some((first, found)) = impossible.first() {
                let (count, first) = (impossible.len(), refusal::name(&bundle.brief(first)));
                refuse(Why::Impossible { count, first, found: found.clone() });
            }
            for (kind, wrong) in wrong.iter().enumerate() {
                let Some(first) = wrong.first().map(|first| refusal::name(&bundle.brief(first))) else { continue };
                let count = wrong.len();
                refuse(match kind {
                    0 => Why::Foreign { job: header.job.clone(), count, first },
                    1 => Why::Misplaced { count, first },
                    3 => Why::Twice { count, first },
                    _ => Why::Bare { count, first },
                });
            }
        }
        refusals
    }

    /// Adds a record; the one of the latest attempt counts.
    fn take(&mut self, slot: Slot, at: At) {
        let Some(&winner) = self.winners.get(&slot) else {
            self.winners.insert(slot, at);
            return;
        };
        let (old, new) = (self.header(winner), self.header(at));
        match new.attempt.cmp(&old.attempt) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Greater => {
                self.winners.insert(slot, at);
                self.others.remove(&slot);
            }
            std::cmp::Ordering::Equal if self.record(winner) == self.record(at) => {
                // The job that it is listed under must not depend on the order of files.
                if new > old {
                    self.winners.insert(slot, at);
                }
            }
            std::cmp::Ordering::Equal => {
                self.others.entry(slot).or_default().push(at);
                return;
            }
        }
        *self.repeated.entry(at.0).or_default() += 1;
    }

    fn header(&self, (file, part, _): At) -> &'a Header {
        &self.read[file].1.headers[part]
    }

    fn record(&self, (file, part, n): At) -> Record {
        let bundle = &self.read[file].1;
        bundle.record(&bundle.found[part][n])
    }

    /// Files that contradict each other about a cell, once per pair.
    fn contradictions(&self) -> Vec<Refusal> {
        let mut pairs: BTreeMap<(usize, usize), (usize, String)> = BTreeMap::new();
        for (slot, others) in &self.others {
            let winner = self.winners[slot];
            for other in others {
                let first = || (0, refusal::name(&self.record(*other)));
                pairs.entry((other.0, winner.0)).or_insert_with(first).0 += 1;
            }
        }
        let refusal = |((file, other), (count, first)): ((usize, usize), (usize, String))| Refusal {
            file: self.read[file].0.clone(),
            why: Why::Contradicts { other: self.read[other].0.clone(), count, first },
        };
        pairs.into_iter().map(refusal).collect()
    }
}

fn by_platform(expected: &Expected<'_>, platforms: &[&str], winners: &HashMap<Slot, At>) -> Vec<MergedPlatform> {
    let mut merged: Vec<MergedPlatform> = platforms
        .iter()
        .map(|platform| MergedPlatform { platform: (*platform).to_owned(), results: Vec::new(), missing: Vec::new() })
        .collect();
    for (slot, at) in winners {
        let result = MergedResult { suite: slot.suite, cell: slot.cell, at: *at };
        merged[slot.platform].results.push(result);
    }
    for platform in &mut merged {
        platform.results.sort_by_key(|result| (result.suite, result.cell));
    }
    for (group, job) in expected.plan.jobs() {
        let platform = platforms.iter().position(|name| *name == group.platform).unwrap_or_default();
        let is_missing = |&&(suite, cell): &&(usize, CellIndex)| !winners.contains_key(&Slot { platform, suite, cell });
        let cells: Vec<(usize, CellIndex)> = job.cells.iter().filter(is_missing).copied().collect();
        if !cells.is_empty() {
            merged[platform].missing.push(Missing { job: job.id.clone(), of: job.cells.len(), cells });
        }
    }
    merged
}
