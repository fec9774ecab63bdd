//! Trend lines: the cost of each bench along the commits.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_bench::{trend, Change};

use super::{Entry, Key, Record};
use crate::cell::CellId;

/// One bench in one metric on one platform, along the commits.
#[derive(Debug, Clone, PartialEq)]
pub struct Line<'a> {
    /// Where it was measured.
    pub platform: &'a str,
    /// The suite that it belongs to.
    pub suite: &'a str,
    /// Where it ran.
    pub cell: &'a CellId,
    /// Its full name.
    pub bench: &'a str,
    /// `time`, `instructions` and so on.
    pub metric: &'a str,
    /// The commits of the platform's records, in their order.
    pub commits: Vec<&'a str>,
    /// A place for each of them; nothing where the bench has no level.
    pub points: Vec<Option<Point<'a>>>,
    /// Where its level changed, by position; found only among records with one base.
    pub changes: Vec<trend::ChangePoint>,
}

/// The level of a bench at a commit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point<'a> {
    /// Where the level comes from.
    pub record: &'a Record,
    /// The cost over the commit `root`: the product of the ratios on the way from there.
    pub level: f64,
    /// The commit whose level is 1. Levels over different commits cannot be compared.
    pub root: &'a str,
    /// What the record said of the bench.
    pub change: Change,
}

/// The lines of all records: by platform, then suite, cell, bench and metric.
///
/// # Errors
/// A commit is, over others, its own base; or two records are of one commit.
pub fn lines(records: &[Record]) -> Result<Vec<Line<'_>>, String> {
    let mut all = Vec::new();
    for platform in records.iter().map(|record| record.platform.as_str()).collect::<BTreeSet<&str>>() {
        let ordered = order(records, platform)?;
        let keys: BTreeSet<Key<'_>> = ordered.iter().flat_map(|record| record.benches.iter().map(Entry::key)).collect();
        for key in keys {
            let (suite, cell, bench, metric) = key;
            let points = levels(&ordered, key);
            let changes = changes(&ordered, key);
            let commits = ordered.iter().map(|record| record.commit.as_str()).collect();
            all.push(Line { platform, suite, cell, bench, metric, commits, points, changes });
        }
    }
    Ok(all)
}

/// The records of a platform that compare, each after that of its base; of others the one committed earlier is first.
///
/// # Errors
/// As [`lines`].
pub fn order<'a>(records: &'a [Record], platform: &str) -> Result<Vec<&'a Record>, String> {
    let mut left: Vec<&Record> =
        records.iter().filter(|record| record.platform == platform && record.base.is_some()).collect();
    left.sort_by_key(|record| (record.committed, &record.commit));
    let mut commits: BTreeSet<&str> = BTreeSet::new();
    for record in &left {
        if !commits.insert(&record.commit) {
            return Err(format!("two records of {platform} are of the commit {}; remove one", record.commit));
        }
    }
    let mut ordered: Vec<&Record> = Vec::new();
    while !left.is_empty() {
        let waits = |record: &Record| left.iter().any(|other| Some(&other.commit) == record.base.as_ref());
        let Some(at) = left.iter().position(|record| !waits(record)) else {
            let circle: Vec<&str> = left.iter().map(|record| record.commit.as_str()).collect();
            return Err(format!(
                "records of {platform} form a cycle, in which each is the base of another: {}; remove the wrong one",
                circle.join(", ")
            ));
        };
        ordered.push(left.remove(at));
    }
    Ok(ordered)
}

fn levels<'a>(ordered: &[&'a Record], key: Key<'_>) -> Vec<Option<Point<'a>>> {
    let mut known: BTreeMap<&str, Point<'a>> = BTreeMap::new();
    let point = |record: &'a Record| {
        let entry = record.bench(key)?;
        let ratio = match entry.change {
            Change::Same => 1.0,
            Change::Slower | Change::Faster | Change::NotSlower | Change::Unproven => entry.ratio?,
        };
        let base = record.base.as_deref()?;
        let (level, root) = known.get(base).map_or((1.0, base), |before| (before.level, before.root));
        let point = Point { record, level: level * ratio, root, change: entry.change };
        known.insert(&record.commit, point);
        Some(point)
    };
    ordered.iter().copied().map(point).collect()
}

/// The records must have one base: sums of ratios over the commit before wander by themselves.
fn changes(ordered: &[&Record], key: Key<'_>) -> Vec<trend::ChangePoint> {
    let mut found = Vec::new();
    let bases: BTreeSet<&str> = ordered.iter().filter_map(|record| record.base.as_deref()).collect();
    for base in bases {
        let series: Vec<f64> = ordered
            .iter()
            .map(|record| match record.bench(key) {
                Some(entry) if record.base.as_deref() == Some(base) => match entry.change {
                    Change::Same => 0.0,
                    Change::Slower | Change::Faster | Change::NotSlower | Change::Unproven => {
                        entry.ratio.map_or(f64::NAN, f64::ln)
                    }
                },
                Some(_) | None => f64::NAN,
            })
            .collect();
        found.extend(trend::change_points(&series, SEED));
    }
    found.sort_by_key(|change| change.first_after);
    found
}

/// Fixed, so that a page is a function of its records.
const SEED: u64 = 1;
