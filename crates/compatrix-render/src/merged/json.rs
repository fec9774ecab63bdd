//! `evidence merge --format json`: the matrix of each platform, with what no matrix shows.

use compatrix_leak::Usage;
use compatrix_model::cell::CellId;
use serde::Serialize;

use super::{Changed, Difference, Lost, Platform, Together};
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
    lost: Vec<LostJob<'a>>,
    not_done: &'a [String],
    /// Null where it was not asked for.
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
struct LostJob<'a> {
    job: &'a str,
    platform: &'a str,
    missing: usize,
    of: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Since<'a> {
    Unknown { unknown: &'a str },
    Known { since: &'a str, unchanged: usize, changes: Vec<OneChange<'a>> },
}

#[derive(Serialize)]
struct OneChange<'a> {
    change: compatrix_ci::compare::Change,
    platform: &'a str,
    suite: &'a str,
    cell: &'a CellId,
    why: &'a str,
}

/// The document's text, indented, with a line break at its end.
pub fn json(together: &Together) -> String {
    let may_fail = |platform: &Platform| {
        platform.excused.iter().enumerate().filter(|(_, excused)| **excused).map(|(n, _)| n).collect()
    };
    fn change(changed: &Changed) -> OneChange<'_> {
        let Changed { change, platform, suite, cell, why } = changed;
        OneChange { change: *change, platform, suite, cell, why }
    }
    fn lost(lost: &Lost) -> LostJob<'_> {
        let Lost { job, platform, missing, of } = lost;
        LostJob { job, platform, missing: *missing, of: *of }
    }
    let difference = match &together.difference {
        Difference::NotAsked => None,
        Difference::Unknown(why) => Some(Since::Unknown { unknown: why }),
        Difference::Since { rev, changes, unchanged } => {
            Some(Since::Known { since: rev, unchanged: *unchanged, changes: changes.iter().map(change).collect() })
        }
    };
    let document = Merged {
        format: FORMAT,
        event: together.event.as_str(),
        command: together.work.as_str(),
        reasons: together.reasons(),
        jobs: together.jobs,
        platforms: together
            .platforms
            .iter()
            .map(|one| OnePlatform {
                platform: &one.name,
                document: document(&one.matrix),
                may_fail: may_fail(one),
                usage: &one.usage,
            })
            .collect(),
        lost: together.lost.iter().map(lost).collect(),
        not_done: &together.not_done,
        difference,
        notes: &together.notes,
    };
    let mut text = serde_json::to_string_pretty(&document).expect("plain data with text keys is always JSON");
    text.push('\n');
    text
}
