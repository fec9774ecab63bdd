//! `evidence merge --format json`: the matrix of each platform, plus missing evidence, jobs and differences.

use compatrix_leak::Usage;
use compatrix_model::cell::CellId;
use compatrix_model::results::compare::Change;
use compatrix_model::results::merged::{ChangedCell, Difference, LostJob, MergedMatrix, PlatformMatrix};
use serde::Serialize;

use super::{reasons, why_changed};
use crate::json::{document, Document, FORMAT};

/// The document.
#[derive(Serialize)]
struct Merged<'a> {
    format: u32,
    event: &'static str,
    command: &'static str,
    /// Why the verdict is not good; empty if it is.
    reasons: Vec<String>,
    jobs: usize,
    platforms: Vec<OnePlatform<'a>>,
    lost: Vec<OneLost<'a>>,
    not_done: &'a [String],
    /// Null unless requested.
    difference: Option<Since<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct OnePlatform<'a> {
    platform: &'a str,
    #[serde(flatten)]
    document: Document<'a>,
    /// Positions of rows that may be broken without failing the verdict.
    may_fail: Vec<usize>,
    usage: &'a Usage,
}

#[derive(Serialize)]
struct OneLost<'a> {
    job: &'a str,
    platform: &'a str,
    missing: usize,
    of: usize,
    may_fail: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Since<'a> {
    Unknown { unknown: &'a str },
    Known { since: &'a str, unchanged: usize, changes: Vec<OneChange<'a>> },
}

#[derive(Serialize)]
struct OneChange<'a> {
    change: Change,
    platform: &'a str,
    suite: &'a str,
    cell: &'a CellId,
    why: String,
}

/// The indented document, ending in a newline.
pub fn json(merged: &MergedMatrix) -> String {
    let may_fail = |platform: &PlatformMatrix| {
        platform.excused.iter().enumerate().filter(|(_, excused)| **excused).map(|(n, _)| n).collect()
    };
    fn change(changed: &ChangedCell) -> OneChange<'_> {
        let ChangedCell { change, platform, row } = changed;
        OneChange { change: *change, platform, suite: &row.suite, cell: &row.cell, why: why_changed(changed) }
    }
    fn lost(lost: &LostJob) -> OneLost<'_> {
        let LostJob { job, platform, missing, of, may_fail } = lost;
        OneLost { job, platform, missing: *missing, of: *of, may_fail: *may_fail }
    }
    let difference = match &merged.difference {
        Difference::NotAsked => None,
        Difference::Unknown(why) => Some(Since::Unknown { unknown: why }),
        Difference::Since { rev, changes, unchanged } => {
            Some(Since::Known { since: rev, unchanged: *unchanged, changes: changes.iter().map(change).collect() })
        }
    };
    let document = Merged {
        format: FORMAT,
        event: merged.event.as_str(),
        command: merged.work.as_str(),
        reasons: reasons(merged),
        jobs: merged.jobs,
        platforms: merged
            .platforms
            .iter()
            .map(|one| OnePlatform {
                platform: &one.name,
                document: document(&one.matrix),
                may_fail: may_fail(one),
                usage: &one.usage,
            })
            .collect(),
        lost: merged.lost.iter().map(lost).collect(),
        not_done: &merged.not_done,
        difference,
        notes: &merged.notes,
    };
    let mut text = serde_json::to_string_pretty(&document).expect("plain data with text keys is always JSON");
    text.push('\n');
    text
}
