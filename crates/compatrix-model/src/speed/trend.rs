//! The trend: what each commit of the main branch costs over its base, a committed file a commit.
//!
//! `compat/evidence/bench/<platform>/<12 digits of the commit>.toml` holds ratios and counts, never durations, which mean
//! nothing on another machine. Jobs of a matrix and commits of branches write different files, so they never collide.

mod line;
mod make;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use compatrix_bench::{Change, Proven, Tier};

use super::Machine;
use crate::cell::CellId;

pub use line::{lines, order, Line, Point};
pub use make::NotRecorded;
pub use read::RecordError;

/// The folder below that of committed evidence.
pub const FOLDER: &str = "bench";

/// The files' format version. It increases with every incompatible change.
pub const FORMAT: i64 = 1;

/// What one commit costs over its base, on one platform; or, without a base, only which targets it reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// `linux-x86_64` and so on.
    pub platform: String,
    /// The full hash of the commit that was measured.
    pub commit: String,
    /// The full hash of the commit that it was compared with; none if only targets were looked at.
    pub base: Option<String>,
    /// When it was committed, in seconds since the Unix epoch.
    pub committed: i64,
    /// What measured it.
    pub machine: Machine,
    /// Sorted by suite, cell, bench and metric; no two of the same.
    pub benches: Vec<Entry>,
    /// The spec's targets, in the spec's order.
    pub targets: Vec<Seen>,
}

/// One bench in one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The suite that it belongs to.
    pub suite: String,
    /// Where it ran.
    pub cell: CellId,
    /// Its full name.
    pub bench: String,
    /// `time`, `instructions` and so on.
    pub metric: String,
    /// What the comparison said.
    pub change: Change,
    /// The cost over the base; above 1 is worse.
    pub ratio: Option<f64>,
    /// The interval of the ratio.
    pub interval: Option<(f64, f64)>,
    /// How many rounds it took.
    pub rounds: u32,
    /// Of an exact metric: what was counted of the base and of the commit.
    pub counts: Option<(f64, f64)>,
}

/// A target of the spec, as the commit reached it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Suite and cell in which it was seen; none if in none.
    pub place: Option<(String, CellId)>,
    /// The full name of the bench.
    pub bench: String,
    /// As the target spells it.
    pub metric: String,
    /// `at most 5 ms`.
    pub limit: String,
    /// How much it counts.
    pub tier: Tier,
    /// Whether it was reached.
    pub proven: Proven,
    /// The figure on the record's machine; only in a record without a base.
    pub figure: Option<Figure>,
}

/// A figure with its interval, in a base unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What was seen.
    pub value: f64,
    /// At 95 %.
    pub interval: Option<(f64, f64)>,
    /// `s`, `B`, `1/s`, `1`, or that of the metric.
    pub unit: String,
}

impl Record {
    /// The file below [`FOLDER`]. A record of targets alone has a file beside that of the comparison.
    pub fn path(&self) -> String {
        let suffix = if self.base.is_some() { "" } else { "-targets" };
        format!("{}/{}{suffix}.toml", self.platform, &self.commit[..SHORT])
    }

    /// The bench of this suite, cell, name and metric.
    pub fn bench(&self, key: Key<'_>) -> Option<&Entry> {
        self.benches.iter().find(|entry| entry.key() == key)
    }
}

/// What is known of a target: of each platform the newest record that saw it, in the order of the platforms.
///
/// `limit` as [`Seen::limit`]. A record in which it was not seen, such as one of other suites, replaces none.
pub fn newest_of_target<'a>(records: &'a [Record], target: (&str, &str, &str)) -> Vec<(&'a Record, &'a Seen)> {
    let mut newest: BTreeMap<&str, (&Record, Vec<&Seen>)> = BTreeMap::new();
    for record in records {
        let is_it = |seen: &&Seen| seen.place.is_some() && (&*seen.bench, &*seen.metric, &*seen.limit) == target;
        let found: Vec<&Seen> = record.targets.iter().filter(is_it).collect();
        let age = |record: &Record| (record.committed, record.commit.clone(), record.base.is_none());
        let is_newer = newest.get(&*record.platform).is_none_or(|(other, _)| age(record) > age(other));
        if !found.is_empty() && is_newer {
            newest.insert(&record.platform, (record, found));
        }
    }
    newest.into_values().flat_map(|(record, found)| found.into_iter().map(move |seen| (record, seen))).collect()
}

/// How many digits of a commit are shown, and name a file.
pub const SHORT: usize = 12;

/// What distinguishes benches: suite, cell, bench, metric.
pub type Key<'a> = (&'a str, &'a CellId, &'a str, &'a str);

impl Entry {
    /// What distinguishes it from others of the record.
    pub fn key(&self) -> Key<'_> {
        (&self.suite, &self.cell, &self.bench, &self.metric)
    }
}

/// Whether a text is a full commit hash.
fn is_commit(text: &str) -> bool {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (text.len() == 40 || text.len() == 64) && text.bytes().all(is_digit)
}

/// Why an entry contradicts itself, if it does.
fn contradiction(entry: &Entry) -> Option<String> {
    let Entry { change, ratio, interval, rounds, counts, .. } = entry;
    let is_ratio = |ratio: f64| ratio.is_finite() && ratio > 0.0;
    if let Some(ratio) = ratio.filter(|ratio| !is_ratio(*ratio)) {
        return Some(format!("its ratio is {ratio}, and no cost over another"));
    }
    if let Some((low, high)) = interval {
        if !is_ratio(*low) || !is_ratio(*high) {
            return Some(format!("its interval is {low} to {high}, and not of ratios"));
        }
        match ratio {
            Some(ratio) if low <= ratio && ratio <= high => {}
            Some(ratio) => return Some(format!("its interval, {low} to {high}, does not contain its ratio, {ratio}")),
            None => return Some("it has an interval and no ratio".to_owned()),
        }
    }
    if let Some((base, head)) = counts {
        let is_count = |count: f64| count.is_finite() && count >= 0.0;
        if !is_count(*base) || !is_count(*head) {
            return Some(format!("its counts are {base} and {head}, and a count is neither negative nor infinite"));
        }
        // Of a metric of which more is better, the cost is the other way round.
        let agrees = |ratio: f64| base == head || (ratio.ln().abs() - (head / base).ln().abs()).abs() < 0.01;
        if ratio.is_some_and(|ratio| !agrees(ratio)) {
            return Some(format!("its counts are {base} and {head}, which is not its ratio"));
        }
    }
    let from_zero = counts.is_some_and(|(base, head)| base == 0.0 || head == 0.0);
    match (change, ratio) {
        (Change::Same, Some(_)) => Some("it is `same`, so nothing was run, and has a ratio".to_owned()),
        (Change::Same, None) if *rounds > 0 => Some("it is `same`, so nothing was run, and has rounds".to_owned()),
        (Change::Slower, Some(ratio)) if *ratio <= 1.0 => Some(format!("it is `slower`, and its ratio is {ratio}")),
        (Change::Faster, Some(ratio)) if *ratio >= 1.0 => Some(format!("it is `faster`, and its ratio is {ratio}")),
        (Change::Slower | Change::Faster, None) if from_zero => None,
        (Change::Slower | Change::Faster | Change::NotSlower, None) => {
            Some("it was decided without a ratio".to_owned())
        }
        (Change::Slower | Change::Faster | Change::NotSlower, Some(_)) if *rounds == 0 => {
            Some("it was decided without a round".to_owned())
        }
        (Change::Slower | Change::Faster | Change::NotSlower, Some(_))
        | (Change::Same, None)
        | (Change::Unproven, _) => None,
    }
}
