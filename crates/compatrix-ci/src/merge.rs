//! The artifacts of many jobs made one: which record counts for each planned cell, what is missing, what is refused.
//!
//! Laws: the order of the artifacts does not matter, nor does it to give one twice, nor to merge what was merged; what comes
//! out is the same to the byte. All that is wrong with all artifacts is told at once, and nothing is merged then.

mod refusal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use super::artifact::{ArtifactError, Bundle, Header, RecordLine, Writer};
use super::CiPlan;
use compatrix_model::cell::CellIndex;
use compatrix_model::evidence::Record;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::outcome::Outcome;

pub use refusal::{Refusal, Why};

/// What artifacts must belong to.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The spec.
    pub spec: &'a Spec,
    /// The plan.
    pub plan: &'a CiPlan,
    /// `owner/name`; empty where it is not known, and is not held against anything then.
    pub repository: &'a str,
    /// The git commit; empty without one.
    pub commit: &'a str,
    /// Hash of the sources under test.
    pub sources: &'a str,
}

/// A file: its name for people, and what was read.
pub type File = (String, Result<Bundle, ArtifactError>);

/// Where a record is: file, part, position.
type At = (usize, usize, usize);

/// A planned suite in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Slot {
    /// Position in the plan's platforms.
    platform: usize,
    suite: usize,
    cell: CellIndex,
}

/// What many artifacts come to.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The platforms of the plan, in its order.
    pub platforms: Vec<MergedPlatform>,
    /// Artifacts of which some records were there already, with how many: the same ones, or of an earlier attempt.
    pub repeated: Vec<(String, usize)>,
    /// Artifacts made where files of the packages differed from the commit.
    pub dirty: Vec<String>,
    /// The files, by name.
    files: Vec<(String, Bundle)>,
}

/// What is known of one platform.
#[derive(Debug, Clone)]
pub struct MergedPlatform {
    /// The platform.
    pub platform: String,
    /// The record that counts of each suite and cell, in their order.
    pub results: Vec<MergedResult>,
    /// What jobs planned and no record is there of.
    pub missing: Vec<Missing>,
}

/// A record of [`Merged`].
#[derive(Debug, Clone, Copy)]
pub struct MergedResult {
    /// Position in the spec's suites.
    pub suite: usize,
    /// The cell.
    pub cell: CellIndex,
    at: At,
}

/// Planned cells of a job of which there is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The job.
    pub job: String,
    /// How many suites in cells it has in all.
    pub of: usize,
    /// Those of them that are missing, suites by position.
    pub cells: Vec<(usize, CellIndex)>,
}

/// Makes artifacts one.
///
/// # Errors
/// All reasons to refuse some of them, by file.
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
    let Merging { winners, repeated, .. } = merging;
    let named = |(file, count): (usize, usize)| (read[file].0.clone(), count);
    let dirty = |(_, bundle): &&(String, Bundle)| bundle.headers.iter().any(|header| header.dirty);
    Ok(Merged {
        platforms: by_platform(expected, &platforms, &winners),
        repeated: repeated.into_iter().map(named).collect(),
        dirty: read.iter().filter(dirty).map(|(file, _)| file.clone()).collect(),
        files: read,
    })
}

impl Merged {
    /// The record, without its proof.
    pub fn brief(&self, result: &MergedResult) -> Record {
        self.files[result.at.0].1.brief(self.found(result))
    }

    /// The record with its proof.
    pub fn whole(&self, result: &MergedResult) -> Record {
        self.files[result.at.0].1.record(self.found(result))
    }

    /// Platform and hash of the sources that the record's proof names; none without a proof.
    pub fn origin(&self, result: &MergedResult) -> Option<(&str, &str)> {
        self.files[result.at.0].1.origin(self.found(result))
    }

    /// All files with what is in them, by name.
    pub fn bundles(&self) -> impl Iterator<Item = &Bundle> {
        self.files.iter().map(|(_, bundle)| bundle)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.platforms.iter().map(|platform| platform.results.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every planned cell has its record.
    pub fn is_complete(&self) -> bool {
        self.platforms.iter().all(|platform| platform.missing.is_empty())
    }

    /// The same as the text of one artifact, with a part for each job.
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
    /// Others of the same attempt that say something else.
    others: BTreeMap<Slot, Vec<At>>,
    repeated: BTreeMap<usize, usize>,
}

impl<'a> Merging<'a> {
    fn new(expected: &'a Expected<'a>, platforms: &'a [&'a str], read: &'a [(String, Bundle)]) -> Self {
        let mut planned = HashMap::new();
        for (group, job) in expected.plan.jobs() {
            let platform = platforms.iter().position(|name| *name == group.platform).unwrap_or_default();
            planned.extend(job.cells.iter().map(|&(suite, cell)| (Slot { platform, suite, cell }, job.id.as_str())));
        }
        let winners = HashMap::with_capacity(planned.len());
        Self { expected, platforms, read, planned, winners, others: BTreeMap::new(), repeated: BTreeMap::new() }
    }

    /// Takes in a file, and tells what is wrong with it.
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
                Err(why) => {
                    refuse(why);
                    continue;
                }
            };
            let mut wrong: [Vec<&RecordLine>; 3] = Default::default();
            for (n, found) in bundle.found[part].iter().enumerate() {
                let suite = suite_of(bundle.suite(found));
                let cell = bundle.cell(found, &self.expected.spec.space, &places);
                let slot = suite.zip(cell).map(|(suite, cell)| Slot { platform, suite, cell });
                let slot = slot.filter(|slot| {
                    self.planned.get(slot).is_some_and(|job| header.job.is_empty() || *job == header.job)
                });
                match (slot, bundle.origin(found)) {
                    (None, _) => wrong[0].push(found),
                    (Some(_), Some(origin)) if origin != (&header.platform, &header.sources) => wrong[1].push(found),
                    (Some(_), None) if found.outcome == Outcome::Passed => wrong[2].push(found),
                    (Some(slot), _) => self.take(slot, (file, part, n)),
                }
            }
            for (kind, wrong) in wrong.iter().enumerate() {
                let Some(first) = wrong.first().map(|first| refusal::name(&bundle.brief(first))) else { continue };
                let count = wrong.len();
                refuse(match kind {
                    0 => Why::Foreign { job: header.job.clone(), count, first },
                    1 => Why::Misplaced { count, first },
                    _ => Why::Bare { count, first },
                });
            }
        }
        refusals
    }

    /// Takes in a record: of several the one of the last attempt counts.
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
                // Under which job it goes must not depend on the order of the files.
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

    /// Files that say different things of one cell, once for each pair.
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
