//! What harnesses report: their real output, broken output, and laws that hold for any.
//!
//! `recorded/` has what the real tools printed and wrote, with paths of a user's home. `criterion-*.json` and
//! `gungraun-*.json` are folders: text by path. `callgrind-parts.out` is shortened to a few lines a part.

mod broken;
mod laws;
mod recorded;

use std::collections::BTreeMap;

use compatrix_bench::Reading;

/// A recorded folder: text by path.
fn folder(json: &str) -> BTreeMap<String, String> {
    serde_json::from_str(json).expect("a folder")
}

/// The troubles, each as `bench: why`.
fn troubles(reading: &Reading) -> Vec<String> {
    let line =
        |trouble: &compatrix_bench::Trouble| format!("{}: {}", trouble.bench.as_deref().unwrap_or("-"), trouble.why);
    reading.troubles.iter().map(line).collect()
}

/// Names and metrics.
fn benches(reading: &Reading) -> Vec<(&str, &str)> {
    reading.measured.iter().map(|one| (one.bench.as_str(), one.metric.as_str())).collect()
}
