//! JSON lines on standard output, which any program can print: samples, findings, and what it lacks here. All other lines are
//! ignored.
//!
//! ```json
//! {"bench": "search/10000", "metric": "time", "unit": "ns", "samples": [1250.0, 1262.5]}
//! {"bench": "search/10000", "metric": "allocations", "unit": "1", "value": 12, "exact": true}
//! {"finding": "`close` is exported twice", "file": "ffi/store.h", "line": 12, "level": "warning"}
//! {"unavailable": "cbindgen is not installed: apt-get install cbindgen"}
//! ```
//!
//! `better` is `"less"` or `"more"`; `throughput` is what one operation handles, `{"count": 500, "unit": "rows"}`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::harness::checked;
use crate::measured::{Better, Measured, Reading, Throughput, Trouble};

/// The most characters of a reason: it is shown in grids and kept in evidence.
const MOST_REASON: usize = 500;

/// What a program found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// In the order in which it printed them.
    pub found: Vec<Finding>,
    /// Why it could not do its work here: something that it needs is not installed. The first reason counts.
    pub unavailable: Option<String>,
    /// Lines that begin like one of these and are broken.
    pub troubles: Vec<Trouble>,
}

/// A finding of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it found.
    pub text: String,
    /// The file that it is about, as the program spells it.
    pub file: Option<String>,
    /// The line there, from 1.
    pub line: Option<u64>,
    /// How much it counts.
    pub level: Level,
}

/// How much a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The program fails with it, whatever its exit code.
    #[default]
    Error,
    /// It is shown.
    Warning,
    /// It is shown with the details.
    Note,
}

/// What the lines of samples report. Lines of one bench and metric are one measurement, if their units agree.
pub fn reading(stdout: &str) -> Reading {
    let mut reading = Reading::default();
    let mut places: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for (n, line) in numbered(stdout) {
        let place = format!("line {n}");
        let object = match Line::of(line) {
            Line::Samples(object) => object,
            Line::Broken(why) => {
                checked::trouble(&mut reading, None, &place, &why);
                continue;
            }
            Line::Finding(_) | Line::Unavailable(_) | Line::BrokenFinding(_) | Line::Other => continue,
        };
        let measured = match measured(&object) {
            Ok(measured) => measured,
            Err(why) => {
                let bench = object.get("bench").and_then(Value::as_str);
                checked::trouble(&mut reading, bench, &place, &why);
                continue;
            }
        };
        let mut this = Reading::default();
        checked::add(&mut this, &place, measured);
        reading.troubles.append(&mut this.troubles);
        let Some(measured) = this.measured.pop() else { continue };
        let key = (measured.bench.clone(), measured.metric.clone());
        let Some((first, at)) = places.get(&key) else {
            places.insert(key, (n, reading.measured.len()));
            reading.measured.push(measured);
            continue;
        };
        let before = &mut reading.measured[*at];
        match differs(before, &measured) {
            None => before.samples.extend(measured.samples),
            Some(what) => {
                let why = format!("{what} differs from that of line {first}, so its samples are left out");
                checked::trouble(&mut reading, Some(&measured.bench), &place, &why);
            }
        }
    }
    reading
}

/// What the lines of findings report, and whether the program could do its work at all.
pub fn findings(stdout: &str) -> Findings {
    let mut findings = Findings::default();
    for (n, line) in numbered(stdout) {
        let (object, why) = match Line::of(line) {
            Line::Finding(object) => (object, None),
            Line::Unavailable(why) => {
                findings.unavailable.get_or_insert(why);
                continue;
            }
            Line::BrokenFinding(why) => (Map::new(), Some(why)),
            Line::Samples(_) | Line::Broken(_) | Line::Other => continue,
        };
        match why.map_or_else(|| finding(&object), Err) {
            Ok(finding) => findings.found.push(finding),
            Err(why) => findings.troubles.push(Trouble { bench: None, why: format!("line {n}: {why}") }),
        }
    }
    findings
}

fn numbered(stdout: &str) -> impl Iterator<Item = (usize, &str)> {
    stdout.lines().enumerate().map(|(n, line)| (n + 1, line.trim()))
}

/// What a line is.
enum Line {
    Samples(Map<String, Value>),
    Finding(Map<String, Value>),
    /// The program says that it lacks something.
    Unavailable(String),
    /// It begins like one of samples.
    Broken(String),
    /// It begins like a finding, or as what is unavailable.
    BrokenFinding(String),
    Other,
}

impl Line {
    fn of(line: &str) -> Self {
        let Some(inner) = line.strip_prefix('{') else { return Line::Other };
        let first = inner.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
        match serde_json::from_str::<Map<String, Value>>(line) {
            Ok(object) if object.contains_key("finding") => Line::Finding(object),
            Ok(object) if object.len() == 1 && object.contains_key("unavailable") => match reason(&object) {
                Ok(why) => Line::Unavailable(why),
                Err(why) => Line::BrokenFinding(why),
            },
            Ok(object) if first == Some("unavailable") && object["unavailable"].is_string() => {
                Line::BrokenFinding("`unavailable` is not the only key: put all of the reason into its text".to_owned())
            }
            // Programs print JSON of their own, too.
            Ok(object) if first == Some("bench") || has_two(&object) => Line::Samples(object),
            Ok(_) => Line::Other,
            Err(error) => {
                let why = format!("cannot be read as JSON: {error}");
                match first {
                    Some("finding" | "unavailable") => Line::BrokenFinding(why),
                    Some("bench" | "metric" | "samples") => Line::Broken(why),
                    Some(_) | None => Line::Other,
                }
            }
        }
    }
}

/// Whether a line of samples is meant, however its keys are ordered.
fn has_two(object: &Map<String, Value>) -> bool {
    ["bench", "metric", "samples"].iter().filter(|key| object.contains_key(**key)).count() >= 2
}

fn measured(object: &Map<String, Value>) -> Result<Measured, String> {
    let samples = match (object.get("samples"), object.get("value")) {
        (Some(samples), None) => {
            let samples = samples.as_array().ok_or("`samples` is no array of numbers")?;
            let number = |(n, sample): (usize, &Value)| {
                sample.as_f64().ok_or_else(|| format!("sample {} is no number: {}", n + 1, shown(sample)))
            };
            samples.iter().enumerate().map(number).collect::<Result<Vec<f64>, String>>()?
        }
        (None, Some(value)) => vec![value.as_f64().ok_or_else(|| format!("`value` is no number: {}", shown(value)))?],
        (Some(_), Some(_)) => return Err("has both `samples` and `value`".to_owned()),
        (None, None) => return Err("has neither `samples` nor `value`".to_owned()),
    };
    let exact = match object.get("exact") {
        None => false,
        Some(exact) => exact.as_bool().ok_or_else(|| format!("`exact` is no true or false: {}", shown(exact)))?,
    };
    let better = match object.get("better") {
        None => Better::Less,
        Some(better) => Better::deserialize(better)
            .map_err(|_| format!("`better` is {}, but may be \"less\" or \"more\"", shown(better)))?,
    };
    let throughput = match object.get("throughput") {
        None | Some(Value::Null) => None,
        Some(value) => Some(Throughput::deserialize(value).map_err(|_| {
            format!("`throughput` is {}, but is an object like {{\"count\": 500, \"unit\": \"rows\"}}", shown(value))
        })?),
    };
    Ok(Measured {
        bench: text(object, "bench")?,
        metric: text(object, "metric")?,
        unit: text(object, "unit")?,
        samples,
        raw: true,
        exact,
        better,
        throughput,
    })
}

/// What is not as in the earlier line of this bench and metric.
fn differs(before: &Measured, now: &Measured) -> Option<String> {
    let Measured { bench: _, metric: _, unit, samples: _, raw: _, exact, better, throughput } = now;
    if *unit != before.unit {
        return Some(format!("the unit `{unit}` of {} (before: `{}`)", before.metric, before.unit));
    }
    let same = *exact == before.exact && *better == before.better && *throughput == before.throughput;
    (!same).then(|| format!("`exact`, `better` or `throughput` of {}", before.metric))
}

fn finding(object: &Map<String, Value>) -> Result<Finding, String> {
    let optional = |key: &str| match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(checked::printable(text))),
        Some(other) => Err(format!("`{key}` is no text: {}", shown(other))),
    };
    let line = match object.get("line") {
        None | Some(Value::Null) => None,
        Some(line) => {
            let number = line.as_u64().filter(|line| *line > 0);
            Some(number.ok_or_else(|| format!("`line` is no number from 1: {}", shown(line)))?)
        }
    };
    let level = match object.get("level") {
        None => Level::Error,
        Some(level) => Level::deserialize(level)
            .map_err(|_| format!("`level` is {}, but may be \"error\", \"warning\" or \"note\"", shown(level)))?,
    };
    let text = text(object, "finding")?;
    // Of what is hidden only line breaks and tabs may stay: the text is shown on terminals and pages.
    let is_kept = |c: char| c == '\n' || c == '\t' || !checked::is_hidden(c);
    let keep = |c: char| if is_kept(c) { c } else { char::REPLACEMENT_CHARACTER };
    let text: String = text.chars().map(keep).collect();
    if text.trim().is_empty() {
        return Err("`finding` is empty".to_owned());
    }
    Ok(Finding { text: text.trim().to_owned(), file: optional("file")?, line, level })
}

fn reason(object: &Map<String, Value>) -> Result<String, String> {
    let text = checked::printable(&text(object, "unavailable")?);
    if text.trim().is_empty() {
        return Err("`unavailable` is empty: it is the reason".to_owned());
    }
    let text = text.trim();
    Ok(match text.char_indices().nth(MOST_REASON) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    })
}

fn text(object: &Map<String, Value>, key: &str) -> Result<String, String> {
    match object.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(format!("`{key}` is no text: {}", shown(other))),
        None => Err(format!("has no `{key}`")),
    }
}

/// A value, short.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
