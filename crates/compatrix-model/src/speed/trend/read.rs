//! Parses a record. The file is generated, so each error says how to get it back.

use std::fmt;

use compatrix_bench::{Change, Proven, Tier};
use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

use super::{contradiction, is_commit, Entry, Figure, Record, Seen, FORMAT};
use crate::cell::CellId;
use crate::speed::Machine;

/// Why a text is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError {
    /// From 1.
    pub line: usize,
    /// The problem, as a fragment.
    pub message: String,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; restore the file from git, or remove it", self.line, self.message)
    }
}

impl std::error::Error for RecordError {}

#[derive(Deserialize)]
struct Head {
    format: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecord {
    #[serde(rename = "format")]
    _format: i64,
    platform: Spanned<String>,
    commit: Spanned<String>,
    base: Option<Spanned<String>>,
    committed: Spanned<String>,
    machine: RawMachine,
    #[serde(default)]
    bench: Vec<Spanned<RawEntry>>,
    #[serde(default)]
    target: Vec<Spanned<RawSeen>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMachine {
    processor: String,
    kernel: String,
    cores: f64,
    governor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    suite: String,
    cell: Spanned<String>,
    name: String,
    metric: String,
    change: Change,
    ratio: Option<f64>,
    interval: Option<(f64, f64)>,
    #[serde(default)]
    rounds: u32,
    counts: Option<(f64, f64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSeen {
    suite: Option<String>,
    cell: Option<Spanned<String>>,
    name: String,
    metric: String,
    limit: String,
    tier: Tier,
    proven: Proven,
    figure: Option<f64>,
    interval: Option<(f64, f64)>,
    unit: Option<String>,
}

impl Record {
    /// Parses a file.
    ///
    /// # Errors
    /// It is no record of this format, or contradicts itself.
    pub fn from_text(text: &str) -> Result<Self, RecordError> {
        let at = |offset: usize| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        let wrong = |offset: usize, message: String| RecordError { line: at(offset), message };
        let of_toml = |error: toml::de::Error| {
            let offset = error.span().map_or(0, |span| span.start);
            wrong(offset, error.message().replace('\n', ", "))
        };
        let head: Head = toml::from_str(text).map_err(of_toml)?;
        match head.format {
            Some(format) if *format.get_ref() == FORMAT => {}
            Some(format) => {
                let message = format!("format {}, and this version of compatrix reads {FORMAT}", format.get_ref());
                return Err(wrong(format.span().start, message));
            }
            None => return Err(wrong(0, "it has no `format`".to_owned())),
        }
        let raw: RawRecord = toml::from_str(text).map_err(of_toml)?;
        let cell = |text: &Spanned<String>| {
            text.get_ref().parse::<CellId>().map_err(|error| wrong(text.span().start, error.to_string()))
        };
        for (name, commit) in [("commit", &raw.commit)].into_iter().chain(raw.base.iter().map(|base| ("base", base))) {
            if !is_commit(commit.get_ref()) {
                let message = format!("`{name}` is the full hash of a commit, and not {:?}", commit.get_ref());
                return Err(wrong(commit.span().start, message));
            }
        }
        if let Some(base) = raw.base.as_ref().filter(|base| base.get_ref() == raw.commit.get_ref()) {
            return Err(wrong(base.span().start, "the commit is its own base".to_owned()));
        }
        if let Some(bench) = raw.bench.first().filter(|_| raw.base.is_none()) {
            return Err(wrong(bench.span().start, "it has a bench and no `base` that it was compared with".to_owned()));
        }
        let platform = raw.platform.get_ref();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !platform.chars().all(is_plain) || !platform.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(wrong(raw.platform.span().start, format!("{platform:?} is no platform")));
        }
        let committed = raw.committed.get_ref().parse::<Timestamp>();
        let committed = committed.map_err(|_| {
            wrong(raw.committed.span().start, format!("{:?} is no time of a commit", raw.committed.get_ref()))
        })?;
        let mut benches: Vec<Entry> = Vec::new();
        for raw in &raw.bench {
            let RawEntry { suite, cell: id, name, metric, change, ratio, interval, rounds, counts } = raw.get_ref();
            let entry = Entry {
                suite: suite.clone(),
                cell: cell(id)?,
                bench: name.clone(),
                metric: metric.clone(),
                change: *change,
                ratio: *ratio,
                interval: *interval,
                rounds: *rounds,
                counts: *counts,
            };
            if let Some(why) = contradiction(&entry) {
                return Err(wrong(raw.span().start, format!("`{name}` contradicts itself: {why}")));
            }
            if benches.iter().any(|other| other.key() == entry.key()) {
                return Err(wrong(raw.span().start, format!("`{name}` in {metric} is there twice")));
            }
            benches.push(entry);
        }
        benches.sort_by(|a, b| a.key().cmp(&b.key()));
        let mut targets = Vec::new();
        for raw in &raw.target {
            let RawSeen { suite, cell: id, name, metric, limit, tier, proven, figure, interval, unit } = raw.get_ref();
            let place = match (suite, id) {
                (Some(suite), Some(id)) => Some((suite.clone(), cell(id)?)),
                (None, None) => None,
                _ => return Err(wrong(raw.span().start, format!("the target of `{name}` has half a place"))),
            };
            let figure = match (figure, unit) {
                (Some(value), Some(unit)) => Some(Figure { value: *value, interval: *interval, unit: unit.clone() }),
                (None, None) if interval.is_none() => None,
                _ => return Err(wrong(raw.span().start, format!("the target of `{name}` has half a figure"))),
            };
            targets.push(Seen {
                place,
                bench: name.clone(),
                metric: metric.clone(),
                limit: limit.clone(),
                tier: *tier,
                proven: *proven,
                figure,
            });
        }
        let RawMachine { processor, kernel, cores, governor } = raw.machine;
        Ok(Self {
            platform: platform.clone(),
            commit: raw.commit.into_inner(),
            base: raw.base.map(Spanned::into_inner),
            committed: committed.as_second(),
            machine: Machine { processor, kernel, cores, core: None, governor },
            benches,
            targets,
        })
    }
}
