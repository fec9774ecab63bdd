//! gungraun's `summary.json`, schema version 7 (`--save-summary=json`): counts of callgrind and DHAT.
//!
//! Of callgrind only the instructions are taken. What its simulated caches report moves with the layout of code and stack:
//! a change that does nothing turns two misses into three. The crate `gungraun-summary` has types for all of the schema,
//! but depends on any later version of gungraun's runner; the few fields read here are read with serde.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::harness::checked;
use crate::measured::Reading;

/// The version of the schema that is read.
const VERSION: &str = "7";

#[derive(Deserialize)]
#[serde(expecting = "an object with `module_path` and `profiles`")]
struct Summary {
    module_path: String,
    #[serde(default)]
    id: Option<String>,
    profiles: Vec<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    tool: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    metrics: BTreeMap<String, Metric>,
}

#[derive(Deserialize)]
struct Metric {
    values: Values,
}

/// `old` besides, where an earlier run left its files.
#[derive(Deserialize)]
struct Values {
    #[serde(default)]
    new: Value,
}

/// Tool, its metric, ours, and the unit.
const COUNTS: [(&str, &str, &str, &str); 5] = [
    ("Callgrind", "Ir", "instructions", "1"),
    ("Cachegrind", "Ir", "instructions", "1"),
    ("DHAT", "TotalBlocks", "allocations", "1"),
    ("DHAT", "TotalBytes", "allocated", "B"),
    ("DHAT", "AtTGmaxBytes", "peak-allocated", "B"),
];

/// What gungraun reports in these files, by their paths below its folder.
pub fn reading(files: &BTreeMap<String, String>) -> Reading {
    let mut reading = Reading::default();
    let is_summary = |path: &str| path.rsplit(['/', '\\']).next() == Some("summary.json");
    for (path, text) in files.iter().filter(|(path, _)| is_summary(path)) {
        read(&mut reading, path, text);
    }
    checked::only_once(&mut reading);
    reading
}

fn read(reading: &mut Reading, path: &str, text: &str) {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return checked::trouble(reading, None, path, &format!("cannot be read as JSON: {error}")),
    };
    let name = value.get("module_path").and_then(Value::as_str).map(str::to_owned);
    match value.get("version") {
        Some(Value::String(version)) if version == VERSION => {}
        version => {
            let version = version.map_or_else(|| "none".to_owned(), |version| version.to_string().replace('"', ""));
            let why = format!(
                "is a summary of schema version {version}, but version {VERSION} is read; gungraun 0.20 writes it"
            );
            return checked::trouble(reading, name.as_deref(), path, &why);
        }
    }
    let summary: Summary = match serde_json::from_value(value) {
        Ok(summary) => summary,
        Err(error) => {
            let why = format!("cannot be read as a summary of schema version {VERSION}: {error}");
            return checked::trouble(reading, name.as_deref(), path, &why);
        }
    };
    let bench = match &summary.id {
        Some(id) => format!("{} {id}", summary.module_path),
        None => summary.module_path.clone(),
    };
    let mut found = false;
    for (tool, theirs, ours, unit) in COUNTS {
        // The whole of a bench may be several processes; `total` has their sum.
        let mut profiles = summary.profiles.iter().filter(|profile| profile.tool == tool);
        let Some(metric) = profiles.find_map(|profile| profile.data.total.metrics.get(theirs)) else { continue };
        found = true;
        match metric.values.new.as_f64() {
            Some(count) if count == 0.0 && ours == "instructions" => {
                let why = "counts no instruction: the function may have been inlined, or did not run";
                checked::trouble(reading, Some(&bench), path, why);
            }
            Some(count) => checked::add(reading, path, checked::count(&bench, ours, unit, count)),
            None => checked::trouble(reading, Some(&bench), path, &format!("has no new value of {theirs}")),
        }
    }
    if !found {
        let tools: Vec<&str> = summary.profiles.iter().map(|profile| profile.tool.as_str()).collect();
        let why = match tools.is_empty() {
            true => "has no profile: valgrind may have failed".to_owned(),
            false => {
                format!("has counts of {} only; those of callgrind, cachegrind or DHAT are read", tools.join(", "))
            }
        };
        checked::trouble(reading, Some(&bench), path, &why);
    }
}
