//! `bench --format json`, its schema, and the way back.

mod schema;

use std::collections::BTreeMap;

use compatrix_model::speed::SpeedReport;
use serde::{Deserialize, Serialize};

use super::words;

pub use schema::schema;

/// The document's format version. It increases with every incompatible change.
pub const FORMAT: u32 = 1;

/// The top level.
#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    counts: BTreeMap<&'static str, usize>,
    #[serde(flatten)]
    report: &'a SpeedReport,
}

/// The indented document, ending in a newline: the report, with the number of comparisons by what they say.
pub fn json(report: &SpeedReport) -> String {
    let counts = words::CHANGES.map(|change| (words::verdict(change, true), report.count(change)));
    let counts = counts.into_iter().filter(|(_, n)| *n > 0).collect();
    let document = Document { format: FORMAT, counts, report };
    let mut text = serde_json::to_string_pretty(&document).expect("plain data with text keys is always JSON");
    text.push('\n');
    text
}

/// The report of a document.
///
/// # Errors
/// Why it is none, in one sentence without a period.
pub fn read(text: &str) -> Result<SpeedReport, String> {
    #[derive(Deserialize)]
    struct Head {
        format: Option<u64>,
    }
    let head: Head = serde_json::from_str(text).map_err(|error| format!("it is no report of `bench`: {error}"))?;
    match head.format {
        Some(format) if format == u64::from(FORMAT) => {}
        Some(format) => {
            return Err(format!("it is of format {format}, and this version of compatrix reads format {FORMAT}"));
        }
        None => return Err("it is no report of `bench`: it has no `format`".to_owned()),
    }
    let report: SpeedReport =
        serde_json::from_str(text).map_err(|error| format!("it is no report of `bench`: {error}"))?;
    match report.comparisons.iter().map(|one| one.group).chain(report.targets.iter().filter_map(|one| one.group)).max()
    {
        Some(group) if group >= report.groups.len() => {
            Err(format!("it names group {group}, and has only {}", report.groups.len()))
        }
        Some(_) | None => Ok(report),
    }
}
