//! Parses reports of AddressSanitizer and LeakSanitizer, whose frames are offsets in object files or already functions and
//! lines.
//!
//! A process can be killed while it writes, so the text may end anywhere: complete parts are parsed, and
//! [`Report::complete`] says whether the end is missing. Irrelevant lines are skipped. [`lower`] turns offsets into
//! functions with the caller's symbolizer.
//!
//! The runtimes print call addresses, not return addresses (`StackTrace::Print` of compiler-rt's sanitizer_common), so
//! offsets are looked up unchanged in every frame.

mod frames;
mod headers;
mod raw;
#[cfg(test)]
mod tests;

use super::finding::{Finding, Frame, Related};
use super::tool::Tool;

pub use frames::RawFrame;
pub use raw::RawFinding;

/// A parsed report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The findings in text order.
    pub findings: Vec<RawFinding>,
    /// Whether the text ends where a report ends. An empty text is complete.
    pub complete: bool,
    /// What its own suppressions hid: the pattern of each, how many leaks, and their bytes.
    pub suppressed: Vec<(String, u64, u64)>,
    /// Why the sanitizer did not work, with advice.
    pub trouble: Option<String>,
    /// Why it ended the process without finding a memory error.
    pub stopped: Option<String>,
}

/// The stack that the next frames belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// None: no finding is open, or the next lines are not a stack.
    None,
    /// The stack of the last finding.
    Stack,
    /// The last of its related places.
    Related,
}

/// Parses a report.
pub fn parse(text: &str) -> Report {
    let mut report =
        Report { findings: Vec::new(), complete: true, suppressed: Vec::new(), trouble: None, stopped: None };
    let mut place = Place::None;
    let mut listing = false;
    // A last line without a line break may be incomplete, and half a number is another number.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    report.complete = whole.len() + 1 >= text.len();
    for line in whole.lines() {
        let line = headers::without_pid(line.trim_end());
        if line == "Suppressions used:" {
            (place, listing) = (Place::None, true);
            continue;
        }
        if listing {
            report.suppressed.extend(suppression(line));
            // Under a heading, between two lines of dashes.
            listing = !line.starts_with("---");
            continue;
        }
        if let Some(header) = headers::header(line) {
            match header {
                headers::Header::Leaks => place = Place::None,
                headers::Header::Finding(finding) => {
                    report.findings.push(*finding);
                    place = Place::Stack;
                }
                headers::Header::Trouble(why) => {
                    // A breakdown after a reported error is a consequence of that error.
                    match report.findings.is_empty() {
                        true => _ = report.trouble.get_or_insert(why),
                        false => report.complete = true,
                    }
                    continue;
                }
                headers::Header::Stopped(why) => {
                    report.stopped.get_or_insert(why);
                    place = Place::None;
                }
                headers::Header::Summary => {
                    report.complete = true;
                    place = Place::None;
                    continue;
                }
            }
            report.complete = false;
            continue;
        }
        let Some(finding) = report.findings.last_mut() else { continue };
        if let Some(frame) = frames::frame(line) {
            match place {
                Place::Stack => finding.stack.push(frame),
                Place::Related => finding.related.last_mut().expect("a place was opened").1.push(frame),
                Place::None => {}
            }
        } else if let Some(what) = headers::related(line, finding.thread.as_deref()) {
            finding.related.push((what, Vec::new()));
            place = Place::Related;
        } else if line.is_empty() {
            place = if place == Place::Stack && finding.stack.is_empty() { place } else { Place::None };
        } else {
            headers::detail(line, finding);
        }
    }
    report
}

/// Parses `      1         77 keeps`, a line of the list of suppressions.
fn suppression(line: &str) -> Option<(String, u64, u64)> {
    let (count, rest) = line.trim_start().split_once(' ')?;
    let (bytes, pattern) = rest.trim_start().split_once(' ')?;
    Some((pattern.to_owned(), count.parse().ok()?, bytes.parse().ok()?))
}

/// Resolves frames. For each offset, `resolve` returns the inlined frames there, innermost first, the last one not
/// inlined; empty if unknown.
pub fn lower(report: Report, tool: Tool, resolve: &dyn Fn(&str, u64) -> Vec<Frame>) -> Vec<Finding> {
    let stack = |raw: Vec<RawFrame>| {
        let mut frames: Vec<Frame> = raw.into_iter().flat_map(|frame| frame.lower(resolve)).collect();
        // A function that recurses until the stack is full becomes one frame.
        frames.dedup_by(|a, b| !a.function.is_empty() && a == b);
        frames
    };
    let lower = |raw: RawFinding| {
        let related = raw.related.into_iter().map(|(what, raw)| Related { what, stack: stack(raw) });
        let related = related.filter(|related| !related.stack.is_empty() && !starts_a_test(related)).collect();
        let what = raw.what;
        Finding {
            bytes: raw.bytes,
            blocks: raw.blocks,
            stack: stack(raw.stack),
            related,
            ..Finding::raw(tool, raw.kind, what)
        }
    };
    report.findings.into_iter().map(lower).collect()
}

/// All places that [`lower`] will resolve: object file and offset.
pub fn offsets(report: &Report) -> impl Iterator<Item = (&str, u64)> {
    let stacks = report
        .findings
        .iter()
        .flat_map(|finding| std::iter::once(&finding.stack).chain(finding.related.iter().map(|(_, stack)| stack)));
    stacks.flatten().filter_map(|frame| Some((frame.object.as_deref()?, frame.offset?)))
}

/// Whether a place only shows libtest starting the test's thread, which every finding has.
fn starts_a_test(related: &Related) -> bool {
    let starts = |frame: &Frame| frame.function.starts_with("test::run_test");
    related.what.ends_with(" was started") && related.stack.iter().any(starts)
}
