//! Reads the reports of AddressSanitizer and LeakSanitizer: text, with frames as offsets in object files or already as
//! functions and lines.
//!
//! The text may be cut anywhere, since a process can be ended while it writes: what was whole is read, and
//! [`Report::complete`] says whether there was more to come. Lines that mean nothing here are passed over. Offsets become
//! functions by [`lower`], with an answer for each that the caller brings.
//!
//! The runtimes print no return addresses but the ones before them (`StackTrace::Print` of compiler-rt's sanitizer_common),
//! so an offset is looked up as it stands, in every frame.

mod frames;
mod headers;
mod raw;
#[cfg(test)]
mod tests;

use super::finding::{Finding, Frame, Related};
use super::tool::Tool;

pub use frames::RawFrame;
pub use raw::RawFinding;

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What was found, in the order of the text.
    pub findings: Vec<RawFinding>,
    /// Whether the text ends where a report ends. An empty text is complete.
    pub complete: bool,
    /// Why the sanitizer could not do its work, with what to do about it.
    pub trouble: Option<String>,
    /// Why it ended the process though it found nothing wrong with its memory.
    pub stopped: Option<String>,
}

/// Where frames go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nowhere: no finding is open, or what comes is no stack.
    None,
    /// The stack of the last finding.
    Stack,
    /// The last of its related places.
    Related,
}

/// Reads a report.
pub fn parse(text: &str) -> Report {
    let mut report = Report { findings: Vec::new(), complete: true, trouble: None, stopped: None };
    let mut place = Place::None;
    // A last line without its end may be half a line, and half a number is another number.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    report.complete = whole.len() + 1 >= text.len();
    for line in whole.lines() {
        let line = headers::without_pid(line.trim_end());
        if let Some(header) = headers::header(line) {
            match header {
                headers::Header::Leaks => place = Place::None,
                headers::Header::Finding(finding) => {
                    report.findings.push(*finding);
                    place = Place::Stack;
                }
                headers::Header::Trouble(why) => {
                    // What breaks down after it told of an error broke down for that error.
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

/// Findings with functions and lines, for every offset what `resolve` answers: the frames that are inlined there,
/// innermost first, the last one not inlined; none where nothing is known.
pub fn lower(report: Report, tool: Tool, resolve: &dyn Fn(&str, u64) -> Vec<Frame>) -> Vec<Finding> {
    let stack = |raw: Vec<RawFrame>| {
        let mut frames: Vec<Frame> = raw.into_iter().flat_map(|frame| frame.lower(resolve)).collect();
        // A function that calls itself until the stack is full is one frame.
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

/// Every place of which `lower` will ask: object file and offset.
pub fn offsets(report: &Report) -> impl Iterator<Item = (&str, u64)> {
    let stacks = report
        .findings
        .iter()
        .flat_map(|finding| std::iter::once(&finding.stack).chain(finding.related.iter().map(|(_, stack)| stack)));
    stacks.flatten().filter_map(|frame| Some((frame.object.as_deref()?, frame.offset?)))
}

/// Whether a place only says that libtest started the thread of a test, which is true of every finding.
fn starts_a_test(related: &Related) -> bool {
    let starts = |frame: &Frame| frame.function.starts_with("test::run_test");
    related.what.ends_with(" was started") && related.stack.iter().any(starts)
}
