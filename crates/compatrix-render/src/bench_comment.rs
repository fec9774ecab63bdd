//! The comment on a pull request, of reports that its own jobs have made.
//!
//! Whoever opens the pull request can change what these jobs report, so a report is read strictly, and none of its words
//! is markup.

use compatrix_model::speed::SpeedReport;
use serde_json::Value;

use crate::bench;
use crate::markdown::code;

/// The most bytes of a report that are read; one of a thousand benches has less.
pub const MOST_BYTES: usize = 4_000_000;
/// GitHub refuses a comment of more than 65,536 characters.
const MOST_OF_COMMENT: usize = 65_000;

/// What the comment says that no report does.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The line by which the comment is found again.
    pub mark: &'a str,
    /// The commit that was measured.
    pub commit: Option<&'a str>,
    /// The page of the run.
    pub page: Option<&'a str>,
}

/// A report of this platform, as `bench` writes it, and nothing else.
///
/// # Errors
/// Why it is none, in one sentence without a period and on one line.
pub fn read(bytes: &[u8], platform: &str) -> Result<SpeedReport, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!("it has more than {MOST_BYTES} bytes, and no report of `bench` has"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let one_line = |why: String| why.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(300).collect();
    let report = bench::read(text).map_err(one_line)?;
    let parsed = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| one_line(error.to_string()));
    if !has_shape_of(&parsed(text)?, &parsed(&bench::json(&report))?) {
        return Err("it has keys or counts that no report of `bench` has".to_owned());
    }
    if report.platform != platform {
        return Err(one_line(format!("it is of {}, not of {platform}", report.platform)));
    }
    Ok(report)
}

/// Whether two documents have the same keys, list lengths and whole numbers; others may differ in their last digit.
fn has_shape_of(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| has_shape_of(value, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| has_shape_of(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one == other || (one.is_f64() && other.is_f64()),
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// The comment: each platform's report, or that there is none.
pub fn comment(reports: &[(&str, Option<SpeedReport>)], about: &About<'_>) -> String {
    let mut out = format!("{}\n", about.mark);
    for (platform, report) in reports {
        let Some(report) = report else {
            out.push_str(&format!(
                "## Benchmarks\n\nThere is no report of {}: its job ended before.\n\n",
                code(platform)
            ));
            continue;
        };
        let text = bench::markdown(report);
        let text = text.strip_prefix(bench::MARKER).unwrap_or(&text).trim();
        if out.len() + text.len() > MOST_OF_COMMENT {
            out.push_str(&format!("The report of {} does not fit into this comment.\n\n", code(platform)));
        } else {
            out.push_str(&format!("{text}\n\n"));
        }
    }
    let of = about.commit.map(|commit| format!(" of {}", code(commit))).unwrap_or_default();
    let run = match about.page {
        Some(page) => format!("[run]({page})"),
        None => "run".to_owned(),
    };
    out.push_str(&format!("<sub>As the {run}{of} reported it. The check counts, not this comment.</sub>\n"));
    out
}
