//! The JSON of `hyperfine --export-json FILE`, or of `--export-json -` on standard output.
//!
//! What it reports of memory is `ru_maxrss`, which is never below what hyperfine itself uses: about 3 MB.

use serde::Deserialize;
use serde_json::Value;

use crate::harness::checked;
use crate::measured::{Measured, Reading};

#[derive(Deserialize)]
#[serde(expecting = "an object with `results`")]
struct Export {
    results: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `command` and `times`")]
struct Timed {
    command: String,
    /// Seconds.
    times: Vec<Option<f64>>,
    #[serde(default)]
    memory_usage_byte: Option<Vec<Option<f64>>>,
    #[serde(default)]
    exit_codes: Vec<Option<i64>>,
}

/// Whether a text on standard output looks like hyperfine's results.
pub(super) fn is_there(stdout: &str) -> bool {
    start(stdout).is_some_and(|at| stdout[at..].trim_start_matches(['{', ' ', '\r', '\n']).starts_with("\"results\":"))
}

/// What hyperfine reports in this file, or on standard output between its other lines.
pub fn reading(text: &str) -> Reading {
    let mut reading = Reading::default();
    let Some(at) = start(text) else {
        if !text.trim().is_empty() {
            checked::trouble(&mut reading, None, PLACE, "has no JSON object");
        }
        return reading;
    };
    // Other lines may follow.
    let export = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Export>().next();
    let results = match export {
        Some(Ok(export)) => export.results,
        Some(Err(error)) => {
            checked::trouble(&mut reading, None, PLACE, &format!("cannot be read: {error}"));
            return reading;
        }
        None => return reading,
    };
    for (n, result) in results.into_iter().enumerate() {
        let name = result.get("command").and_then(Value::as_str).map(str::to_owned);
        let place = format!("{PLACE}, result {}", n + 1);
        match serde_json::from_value::<Timed>(result) {
            Ok(timed) => read(&mut reading, &place, &timed),
            Err(error) => checked::trouble(&mut reading, name.as_deref(), &place, &format!("cannot be read: {error}")),
        }
    }
    checked::only_once(&mut reading);
    reading
}

const PLACE: &str = "hyperfine's JSON";

/// Where the object begins: at the first line that begins with a brace.
fn start(text: &str) -> Option<usize> {
    if text.starts_with('{') {
        return Some(0);
    }
    text.find("\n{").map(|at| at + 1)
}

fn read(reading: &mut Reading, place: &str, timed: &Timed) {
    let bench = timed.command.as_str();
    let failed = timed.exit_codes.iter().enumerate().find(|(_, code)| **code != Some(0));
    if let Some((n, code)) = failed {
        let how = code.map_or_else(|| "by a signal".to_owned(), |code| format!("with exit code {code}"));
        return checked::trouble(reading, Some(bench), place, &format!("run {} ended {how}", n + 1));
    }
    let Some(times) = timed.times.iter().copied().collect::<Option<Vec<f64>>>() else {
        return checked::trouble(reading, Some(bench), place, "a time is no number (null)");
    };
    let time = Measured { unit: "s".to_owned(), raw: true, ..checked::time(bench, times) };
    let memory = timed.memory_usage_byte.iter().flatten().copied().collect::<Option<Vec<f64>>>().unwrap_or_default();
    let peak = Measured { metric: "peak-memory".to_owned(), unit: "B".to_owned(), samples: memory, ..time.clone() };
    checked::add(reading, place, time);
    // Absent in old versions, zero where the system does not report it.
    if peak.samples.iter().any(|bytes| *bytes > 0.0) {
        checked::add(reading, place, peak);
    }
}
