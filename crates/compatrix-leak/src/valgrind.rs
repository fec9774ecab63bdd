//! Parses valgrind's XML (protocols 4 to 6, described in valgrind's `docs/internals/xml-output-protocol4.txt`).
//!
//! A report may end anywhere, because the process was killed or the disk was full. Everything before that is kept, and the
//! truncation is reported.

use quick_xml::events::Event;
use quick_xml::Reader;
use semver::Version;

use super::finding::{Finding, FindingKind, Frame, Related};
use super::tool::Tool;

/// A parsed report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Memcheck's findings.
    pub findings: Vec<Finding>,
    /// The process, and the one that started it.
    pub pid: (u32, u32),
    /// The program and its arguments. A fork has those of its parent.
    pub command: Vec<String>,
    /// What valgrind's own suppressions hid: the name of each, and how many errors.
    pub suppressed: Vec<(String, u64)>,
    /// Why the report is incomplete; `None` if it is complete.
    pub trouble: Option<Trouble>,
}

/// Why a report is incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The report is empty.
    Empty,
    /// The report is truncated.
    Cut,
    /// Not XML, or not memcheck's; the reason.
    Malformed(String),
}

/// The version in the output of `valgrind --version`: `valgrind-3.19.0`, `valgrind-3.22.0.GIT`.
pub fn version(said: &str) -> Option<Version> {
    let mut numbers = said.trim().strip_prefix("valgrind-")?.split(['.', '-']);
    let mut next = || numbers.next().and_then(|n| n.parse::<u64>().ok());
    Some(Version::new(next()?, next()?, next().unwrap_or(0)))
}

/// Parses a report.
pub fn parse(xml: &str) -> Parsed {
    if xml.trim().is_empty() {
        return Parsed { trouble: Some(Trouble::Empty), ..Parsed::default() };
    }
    let mut state = ReportSoFar::default();
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => state.open(&String::from_utf8_lossy(start.name().as_ref())),
            Ok(Event::End(_)) => state.close(),
            Ok(Event::Text(text)) => state.text.push_str(&text.xml10_content().unwrap_or_default()),
            Ok(Event::GeneralRef(name)) => state.text.push_str(entity(&name)),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(_) if !state.path.is_empty() => {
                // A truncation in the middle of a tag looks like bad syntax, and is the most frequent case.
                let trouble = state.how_it_ends(reader.buffer_position(), xml);
                return state.parsed(Some(trouble));
            }
            Err(error) => return state.parsed(Some(Trouble::Malformed(error.to_string()))),
        }
    }
    let trouble = match (state.is_valgrind, state.finished) {
        (false, _) => Some(Trouble::Malformed("not a memcheck report".to_owned())),
        (true, false) => Some(Trouble::Cut),
        (true, true) => None,
    };
    state.parsed(trouble)
}

/// Decodes the entities that valgrind writes.
fn entity(name: &[u8]) -> &'static str {
    match name {
        b"lt" => "<",
        b"gt" => ">",
        b"amp" => "&",
        b"quot" => "\"",
        b"apos" => "'",
        _ => "?",
    }
}

#[derive(Debug, Default)]
struct ReportSoFar {
    path: Vec<String>,
    text: String,
    is_valgrind: bool,
    finished: bool,
    done: Vec<(Finding, String)>,
    open: Option<Open>,
    /// The current pair of `<errorcounts>` or `<suppcounts>`: how often, and what.
    pair: (u64, String),
    pid: (u32, u32),
    command: Vec<String>,
    suppressed: Vec<(String, u64)>,
}

/// An `<error>` that is being read.
#[derive(Debug, Default)]
struct Open {
    unique: String,
    kind: String,
    what: String,
    bytes: u64,
    blocks: u64,
    /// The stacks, each with the `<auxwhat>` before it; the first has none.
    stacks: Vec<(String, Vec<Raw>)>,
    aux: Vec<String>,
    frame: Raw,
}

/// A `<frame>`.
#[derive(Debug, Default)]
struct Raw {
    ip: String,
    object: Option<String>,
    function: String,
    dir: String,
    file: String,
    line: Option<u32>,
}

impl ReportSoFar {
    fn open(&mut self, name: &str) {
        self.text.clear();
        match name {
            "error" => self.open = Some(Open::default()),
            "stack" => {
                if let Some(open) = &mut self.open {
                    let what = open.aux.pop().unwrap_or_default();
                    open.stacks.push((what, Vec::new()));
                }
            }
            "frame" => {
                if let Some(open) = &mut self.open {
                    open.frame = Raw::default();
                }
            }
            "pair" => self.pair = (0, String::new()),
            _ => {}
        }
        self.path.push(name.to_owned());
    }

    fn close(&mut self) {
        let Some(name) = self.path.pop() else { return };
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let parent = self.path.last().map(String::as_str).unwrap_or_default();
        match (name.as_str(), parent) {
            ("protocoltool", _) => self.is_valgrind = text == "memcheck",
            ("state", "status") => self.finished |= text == "FINISHED",
            ("count", "pair") => self.pair.0 = text.parse().unwrap_or(0),
            ("unique" | "name", "pair") => self.pair.1 = text,
            ("pid", "valgrindoutput") => self.pid.0 = text.parse().unwrap_or(0),
            ("ppid", "valgrindoutput") => self.pid.1 = text.parse().unwrap_or(0),
            ("exe" | "arg", "argv") => self.command.push(text),
            ("pair", "suppcounts") => {
                let (count, name) = std::mem::take(&mut self.pair);
                self.suppressed.push((name, count));
            }
            ("pair", "errorcounts") => {
                let (count, unique) = std::mem::take(&mut self.pair);
                // Repeated errors are reported once; leaks have a number of blocks.
                let found = self.done.iter_mut().find(|(_, other)| *other == unique);
                if let Some((finding, _)) = found.filter(|(finding, _)| finding.blocks == 0) {
                    finding.blocks = count;
                }
            }
            ("error", _) => {
                if let Some(open) = self.open.take() {
                    let unique = open.unique.clone();
                    self.done.push((open.finding(), unique));
                }
            }
            _ => {
                if let Some(open) = &mut self.open {
                    open.take(&name, parent, text);
                }
            }
        }
    }

    fn parsed(self, trouble: Option<Trouble>) -> Parsed {
        let Self { done, pid, command, suppressed, .. } = self;
        let findings = done.into_iter().map(|(finding, _)| finding).collect();
        Parsed { findings, pid, command, suppressed, trouble }
    }

    /// Classifies a syntax error at this position.
    fn how_it_ends(&self, at: u64, xml: &str) -> Trouble {
        // No further element follows: the report is truncated.
        let rest = usize::try_from(at).ok().and_then(|at| xml.get(at..)).unwrap_or_default();
        if self.is_valgrind && !rest.contains("</") {
            Trouble::Cut
        } else {
            Trouble::Malformed(format!("bad XML after {at} bytes"))
        }
    }
}

impl Open {
    fn take(&mut self, name: &str, parent: &str, text: String) {
        match (name, parent) {
            ("unique", "error") => self.unique = text,
            ("kind", "error") => self.kind = text,
            ("what", "error") | ("text", "xwhat") => self.what = text,
            ("leakedbytes", _) => self.bytes = text.parse().unwrap_or(0),
            ("leakedblocks", _) => self.blocks = text.parse().unwrap_or(0),
            ("auxwhat", _) | ("text", "xauxwhat") => self.aux.push(text),
            ("ip", "frame") => self.frame.ip = text,
            ("obj", "frame") => self.frame.object = Some(text),
            ("fn", "frame") => self.frame.function = text,
            ("dir", "frame") => self.frame.dir = text,
            ("file", "frame") => self.frame.file = text,
            ("line", "frame") => self.frame.line = text.parse().ok(),
            ("frame", "stack") => {
                let frame = std::mem::take(&mut self.frame);
                if let Some((_, frames)) = self.stacks.last_mut() {
                    frames.push(frame);
                }
            }
            _ => {}
        }
    }

    fn finding(self) -> Finding {
        let mut what = self.what;
        let mut stacks = self.stacks.into_iter();
        let first = stacks.next().map(|(_, frames)| frames).unwrap_or_default();
        let related: Vec<Related> = stacks.map(|(what, frames)| Related { what, stack: frames_of(frames) }).collect();
        let said: Vec<&str> =
            related.iter().map(|r| r.what.as_str()).chain(self.aux.iter().map(String::as_str)).collect();
        let kind = kind(&self.kind, &said);
        // `… in loss record 3 of 9` is not about the leak.
        if let Some(at) = what.find(" in loss record ") {
            what.truncate(at);
        }
        Finding {
            bytes: self.bytes,
            blocks: self.blocks,
            stack: frames_of(first),
            related,
            ..Finding::raw(Tool::Valgrind, kind, what)
        }
    }
}

fn frames_of(raw: Vec<Raw>) -> Vec<Frame> {
    let ips: Vec<String> = raw.iter().map(|frame| frame.ip.clone()).collect();
    let frame = |(n, raw): (usize, Raw)| Frame {
        function: raw.function,
        file: match (raw.dir.as_str(), raw.file.as_str()) {
            (_, "") => None,
            ("", file) => Some(file.to_owned()),
            (_, file) if file.starts_with('/') => Some(file.to_owned()),
            (dir, file) => Some(format!("{}/{file}", dir.trim_end_matches('/'))),
        },
        line: raw.line,
        object: raw.object,
        // Frames with the same address are one machine frame: all but the last are inlined.
        inlined: ips.get(n + 1) == Some(&raw.ip),
        address: raw.ip.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok()),
        ..Frame::default()
    };
    raw.into_iter().enumerate().map(frame).collect()
}

/// Maps memcheck's XML names of errors to kinds.
fn kind(word: &str, said: &[&str]) -> FindingKind {
    match word {
        "Leak_DefinitelyLost" => FindingKind::Definite,
        "Leak_IndirectlyLost" => FindingKind::Indirect,
        "Leak_PossiblyLost" => FindingKind::Possible,
        "Leak_StillReachable" => FindingKind::Reachable,
        "InvalidRead" | "InvalidWrite" | "InvalidJump" => {
            if said.iter().any(|text| text.contains("free'd")) {
                FindingKind::UseAfterFree
            } else if said.iter().any(|text| text.contains("can't grow stack")) {
                FindingKind::StackOverflow
            } else {
                FindingKind::InvalidAccess
            }
        }
        "InvalidFree" | "InvalidMemPool" => FindingKind::InvalidFree,
        "MismatchedFree" | "MismatchedAllocateDeallocateSize" | "MismatchedAllocateDeallocateAlignment" => {
            FindingKind::MismatchedFree
        }
        "UninitCondition" | "UninitValue" | "SyscallParam" | "ClientCheck" => FindingKind::Uninitialised,
        // Overlap, FishyValue, ReallocSizeZero and future names: some misuse of memory.
        _ => FindingKind::InvalidAccess,
    }
}
